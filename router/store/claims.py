"""Who may do a periodic duty now: one row a duty, taken by a conditional update."""

from __future__ import annotations

from typing import Any

from router.store.tables import Health, Lease
from router.store.unit import Unit


def take(unit: Unit, name: str, owner: str, *, lease_us: int, every_us: int) -> bool:
    """Whether the duty is ours until the lease ends; not before ``every_us`` after the last time.

    A duty that ended early is given back by :func:`done`, so ``lease_us`` only bounds a death.
    """
    if unit.run(
        "UPDATE lease SET owner = :owner, until = :until, last_at = :now "
        "WHERE name = :name AND until <= :now AND last_at <= :latest",
        owner=owner,
        until=unit.now_us + lease_us,
        now=unit.now_us,
        name=name,
        latest=unit.now_us - every_us,
    ):
        return True
    if unit.value("SELECT 1 FROM lease WHERE name = :name", name=name):
        return False
    unit.put(Lease, name=name, owner=owner, until=unit.now_us + lease_us, last_at=unit.now_us)
    unit.flush()
    return True


def keep(unit: Unit, name: str, owner: str, *, lease_us: int) -> bool:
    """Lengthen a lease we hold; False when it was lost meanwhile."""
    return bool(
        unit.run(
            "UPDATE lease SET until = :until WHERE name = :name AND owner = :owner",
            until=unit.now_us + lease_us,
            name=name,
            owner=owner,
        )
    )


def done(unit: Unit, name: str, owner: str) -> None:
    """Give the duty back."""
    unit.run(
        "UPDATE lease SET until = :now WHERE name = :name AND owner = :owner",
        now=unit.now_us,
        name=name,
        owner=owner,
    )


def report(unit: Unit, name: str, *, ok: bool, detail: str = "", params: str = "") -> None:
    """Write the last word of a channel or a duty about itself; ``since`` is when it changed."""
    changed = unit.run(
        "UPDATE health SET at = :now, detail = :detail, params = :params, "
        "since = CASE WHEN ok = :ok THEN since ELSE :now END, ok = :ok WHERE name = :name",
        now=unit.now_us,
        detail=detail,
        params=params,
        ok=ok,
        name=name,
    )
    if not changed:
        unit.put(
            Health,
            name=name,
            ok=ok,
            at=unit.now_us,
            since=unit.now_us,
            detail=detail,
            params=params,
        )


def health(unit: Unit) -> list[Any]:
    """The last word of every channel and duty: name, ok, at, since, detail, params."""
    return list(unit.rows("SELECT name, ok, at, since, detail, params FROM health ORDER BY name"))


def ill(unit: Unit, name: str) -> bool:
    """Whether the last word of a channel or duty about itself was a bad one."""
    return bool(unit.value("SELECT 1 FROM health WHERE name = :name AND NOT ok", name=name))
