"""Ties between two tickets, and what a person made of those that were only suggested."""

from __future__ import annotations

from typing import Any

from router.store.tables import Link
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
