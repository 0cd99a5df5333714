"""Which tags speak for a message: those on its ticket, and those on its requester's others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from router.store.unit import Unit

#: The tags of a closed ticket speak for its requester's next one for so long.
SPEAK = timedelta(days=90)
_SPEAK_US = SPEAK // timedelta(microseconds=1)


def of_tickets(unit: Unit, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The tags of these tickets; those without any are left out."""
    if not ids:
        return {}
    return _grouped(
        unit.rows(
            "SELECT ticket_id AS owner, tag FROM ticket_tag WHERE ticket_id IN :ids", ids=list(ids)
        )
    )


def of_requesters(unit: Unit, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The tags on tickets of these people that are not closed, or have not been for long. One that
    was merged has handed its tags on."""
    if not ids:
        return {}
    return _grouped(
        unit.rows(
            "SELECT DISTINCT t.requester_id AS owner, g.tag FROM ticket t "
            "JOIN ticket_tag g ON g.ticket_id = t.id "
            "LEFT JOIN merged m ON m.gone_id = t.id "
            "WHERE t.requester_id IN :ids AND m.gone_id IS NULL "
            "AND (t.closed_at IS NULL OR t.closed_at > :since)",
            ids=list(ids),
            since=unit.now_us - _SPEAK_US,
        )
    )


def _grouped(rows: Collection[Any]) -> dict[int, tuple[str, ...]]:
    found: dict[int, set[str]] = {}
    for row in rows:
        found.setdefault(row.owner, set()).add(row.tag)
    return {owner: tuple(sorted(tags)) for owner, tags in found.items()}
