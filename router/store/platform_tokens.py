"""Tokens that platforms gave us: one row each, sealed; who renews one holds a lease on it."""

from __future__ import annotations

from typing import Any

from router.core.keys import Sealed
from router.store.shapes import PlatformToken
from router.store.unit import Unit


def find(unit: Unit, name: str) -> Any:
    """The row of this token, or None."""
    return unit.row("SELECT * FROM platform_token WHERE name = :name", name=name)


def keep(
    unit: Unit, name: str, seed: str, sealed: Sealed, *, renew_at: int, expires_at: int
) -> None:
    """Put the new pair in the place of the old one."""
    unit.run("DELETE FROM platform_token WHERE name = :name", name=name)
    unit.put(
        PlatformToken,
        name=name,
        seed=seed,
        key_id=sealed.key_id,
        wrapped_key=sealed.wrapped_key,
        blob=sealed.blob,
        fetched_at=unit.now_us,
        renew_at=renew_at,
        expires_at=expires_at,
    )


def ages(unit: Unit) -> list[Any]:
    """Every token without its secret: name, fetched_at, renew_at, expires_at."""
    return list(
        unit.rows("SELECT name, fetched_at, renew_at, expires_at FROM platform_token ORDER BY name")
    )
