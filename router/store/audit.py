"""The audit log's chain: each line's seal covers the line before, so a gap or a change shows.

Lines are appended unsealed by whoever acts; one sweep at a time gives them their position and seal.
"""

from __future__ import annotations

from typing import Any

from router.core.keys import Keyring
from router.store.unit import Unit


def pending(unit: Unit) -> bool:
    """Whether any line waits for its seal."""
    return bool(unit.value("SELECT 1 FROM audit WHERE position IS NULL LIMIT 1"))


def seal(unit: Unit, keys: Keyring, limit: int = 250) -> int:
    """Chain the oldest unsealed lines; how many there were. Only one process may do so."""
    last = unit.row(
        "SELECT position, seal FROM audit WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1"
    )
    position, previous = (last.position, last.seal) if last is not None else (0, "")
    changes = []
    for row in unit.rows(
        "SELECT id, at, actor, action, subject, digest FROM audit WHERE position IS NULL "
        "ORDER BY id LIMIT :n",
        n=limit,
    ):
        position += 1
        previous = keys.chain(previous, _line(row))
        changes.append({"id": row.id, "position": position, "seal": previous})
    unit.run_many("UPDATE audit SET position = :position, seal = :seal WHERE id = :id", changes)
    return len(changes)


def verify(unit: Unit, keys: Keyring) -> int | None:
    """The position of the first line that was changed, taken out or moved; None when all hold."""
    previous = ""
    rows = unit.rows(
        "SELECT id, at, actor, action, subject, digest, position, seal FROM audit "
        "WHERE position IS NOT NULL ORDER BY position"
    )
    for expected, row in enumerate(rows, start=1):
        if row.position != expected or not keys.chained(previous, _line(row), row.seal):
            return expected
        previous = row.seal
    return None


def _line(row: Any) -> str:
    return f"{row.id}|{row.at}|{row.actor}|{row.action}|{row.subject}|{row.digest}"
