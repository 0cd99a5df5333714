"""Messages of a ticket that become a ticket of their own, with all that belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.store.unit import Unit

#: What is written down about a message beside it, and follows it to another ticket.
_OF_MESSAGE = ("outbox", "mention")


def messages(unit: Unit, ticket_id: int) -> Sequence[Any]:
    """What was said on a ticket, in its order: id, direction, identity, place, words, moment."""
    return unit.rows(
        "SELECT id, direction, identity_id, channel, account, subject, text, language, "
        "verification, imitates, seen_at FROM message WHERE ticket_id = :id "
        "AND direction <> 'undone' ORDER BY seen_at, id",
        id=ticket_id,
    )


def found(unit: Unit, message_ids: Sequence[int]) -> Any:
    """The gravest verdict on these messages: category and urgency; None where none was made."""
    return unit.row(
        "SELECT category, urgency FROM verdict WHERE message_id IN :ids ORDER BY "
        "CASE WHEN category LIKE 'security.%' THEN 0 ELSE 1 END, urgency, id LIMIT 1",
        ids=list(message_ids),
    )


def requester(unit: Unit, identity_id: int) -> int:
    """Whose handle it is."""
    return int(unit.value("SELECT requester_id FROM identity WHERE id = :id", id=identity_id))


def carry(unit: Unit, to_id: int, message_ids: Sequence[int]) -> None:
    """Move messages to another ticket, with what became of replies and who was named in notes."""
    ids = list(message_ids)
    for table in _OF_MESSAGE:
        unit.run(
            f"UPDATE {table} SET ticket_id = :to WHERE message_id IN :ids "  # noqa: S608  # ours
            "AND ticket_id IN (SELECT ticket_id FROM message WHERE id IN :ids)",
            to=to_id,
            ids=ids,
        )
    unit.run("UPDATE message SET ticket_id = :to WHERE id IN :ids", to=to_id, ids=ids)
