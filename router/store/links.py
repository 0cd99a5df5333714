"""Ties between two tickets, and what a person made of those that were only suggested."""

from __future__ import annotations

from typing import Any

from router.store.shapes import Link
from router.store.unit import Unit

SUGGESTED, RELATED, DISMISSED = "suggested", "related", "dismissed"


def between(unit: Unit, ticket_id: int, other_id: int) -> bool:
    """Whether two tickets were ever tied, or a tie between them was dismissed."""
    return bool(
        unit.value(
            "SELECT 1 FROM link WHERE (ticket_id = :one AND other_id = :other) "
            "OR (ticket_id = :other AND other_id = :one) LIMIT 1",
            one=ticket_id,
            other=other_id,
        )
    )


def tie(unit: Unit, ticket_id: int, other_id: int, kind: str) -> None:
    """Tie two tickets."""
    unit.put(
        Link, id=unit.new_id(), ticket_id=ticket_id, other_id=other_id, kind=kind, at=unit.now_us
    )


def find(unit: Unit, link_id: int, ticket_id: int) -> Any:
    """A tie of this ticket, or None."""
    return unit.row(
        "SELECT * FROM link WHERE id = :id AND (ticket_id = :ticket OR other_id = :ticket)",
        id=link_id,
        ticket=ticket_id,
    )


def decide(unit: Unit, link_id: int, kind: str) -> bool:
    """A person's word about a suggestion; False when somebody was faster."""
    return bool(
        unit.run(
            "UPDATE link SET kind = :kind WHERE id = :id AND kind = :before",
            kind=kind,
            id=link_id,
            before=SUGGESTED,
        )
    )


def relate(unit: Unit, ticket_id: int, other_id: int) -> bool:
    """Tie two tickets by a person's word; False when they were tied already. A tie that was only
    suggested, or dismissed, holds from now on."""
    known = unit.row(
        "SELECT id, kind FROM link WHERE (ticket_id = :one AND other_id = :other) "
        "OR (ticket_id = :other AND other_id = :one) ORDER BY id LIMIT 1",
        one=ticket_id,
        other=other_id,
    )
    if known is None:
        tie(unit, ticket_id, other_id, RELATED)
        return True
    if known.kind not in (SUGGESTED, DISMISSED):
        return False
    unit.run("UPDATE link SET kind = :kind WHERE id = :id", kind=RELATED, id=known.id)
    return True


def drop(unit: Unit, ticket_id: int, other_id: int) -> None:
    """Untie what a person tied by mistake; it is not suggested again."""
    unit.run(
        "UPDATE link SET kind = :gone WHERE kind = :kind AND ((ticket_id = :one "
        "AND other_id = :other) OR (ticket_id = :other AND other_id = :one))",
        gone=DISMISSED,
        kind=RELATED,
        one=ticket_id,
        other=other_id,
    )
