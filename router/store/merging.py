"""Two tickets that turned out to be one: what belongs to the one goes over to the other, and can go
back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from router.store.shapes import Merged, Participant
from router.store.unit import Unit

_FOLLOWS = ("message", "outbox")
#: What else goes over, and which of it. What climbs because of a promise stays: the promise goes
#: on at the kept ticket and climbs from there. A playbook that the kept ticket has is not doubled.
#: A freeze goes with its tasks, but no account of one requester counts as frozen for another's.
_BESIDE = {
    "climb": "acknowledged_at IS NULL AND ended_at IS NULL AND once NOT LIKE 'clock:%'",
    "task": "playbook NOT IN (SELECT playbook FROM task WHERE ticket_id = :kept)",
    "outgoing_webhook": "(SELECT requester_id FROM ticket WHERE id = :gone) = "
    "(SELECT requester_id FROM ticket WHERE id = :kept)",
}


def into(unit: Unit, ticket_ids: Sequence[int]) -> dict[int, int]:
    """Of these tickets those that were merged, and into which."""
    if not ticket_ids:
        return {}
    rows = unit.rows(
        "SELECT gone_id, kept_id FROM merged WHERE gone_id IN :ids", ids=list(ticket_ids)
    )
    return {row.gone_id: row.kept_id for row in rows}


class Standing(NamedTuple):
    """The ticket at which a matter goes on. ``apart`` says that it is another requester's: whoever
    has only the ticket that is gone may learn nothing of it and write nothing on it."""

    ticket_id: int
    apart: bool


def standing_for(unit: Unit, ticket_id: int) -> Standing:
    """Where the matter of a ticket goes on: there, or where it was merged into."""
    row = unit.row(
        "SELECT g.kept_id, k.requester_id <> o.requester_id AS apart FROM merged g "
        "JOIN ticket o ON o.id = g.gone_id JOIN ticket k ON k.id = g.kept_id "
        "WHERE g.gone_id = :id",
        id=ticket_id,
    )
    kept_id, apart = (ticket_id, 0) if row is None else (row.kept_id, row.apart)
    return Standing(kept_id, apart=bool(apart))


def kept_number(unit: Unit, gone_id: int) -> str:
    """The number of the ticket this one was merged into; empty when it is its own."""
    return str(
        unit.value(
            "SELECT t.number FROM merged g JOIN ticket t ON t.id = g.kept_id WHERE g.gone_id = :id",
            id=gone_id,
        )
        or ""
    )


def strangers(unit: Unit, gone_id: int, kept_id: int) -> bool:
    """Whether two tickets are of two requesters, as far as anybody knows."""
    return bool(
        unit.value(
            "SELECT 1 FROM ticket g, ticket k WHERE g.id = :gone AND k.id = :kept "
            "AND g.requester_id <> k.requester_id",
            gone=gone_id,
            kept=kept_id,
        )
    )


def carry(unit: Unit, gone_id: int, kept_id: int) -> dict[str, Any]:
    """Move messages, outbox rows, mentions, participants, tasks with what the wallet was asked, and
    what nobody took yet over; what was moved, for the way back."""
    moved: dict[str, Any] = {"gone": gone_id, "kept": kept_id}
    for table in _FOLLOWS:
        rows = unit.rows(f"SELECT id FROM {table} WHERE ticket_id = :id", id=gone_id)  # noqa: S608
        moved[table] = [row.id for row in rows]
        unit.run(
            f"UPDATE {table} SET ticket_id = :kept WHERE ticket_id = :gone",  # noqa: S608  # ours
            kept=kept_id,
            gone=gone_id,
        )
    for table, which in _BESIDE.items():
        rows = unit.rows(
            f"UPDATE {table} SET ticket_id = :kept WHERE ticket_id = :gone AND {which} "  # noqa: S608
            "RETURNING id",
            kept=kept_id,
            gone=gone_id,
        )
        moved[table] = [row.id for row in rows]
    unit.run(
        "UPDATE mention SET ticket_id = :kept WHERE ticket_id = :gone", kept=kept_id, gone=gone_id
    )
    rows = unit.rows(
        "SELECT identity_id FROM participant WHERE ticket_id = :gone AND identity_id NOT IN "
        "(SELECT identity_id FROM participant WHERE ticket_id = :kept)",
        gone=gone_id,
        kept=kept_id,
    )
    moved["joined"] = [row.identity_id for row in rows]
    for identity_id in moved["joined"]:
        unit.put(Participant, ticket_id=kept_id, identity_id=identity_id)
    earlier = unit.rows("SELECT gone_id FROM merged WHERE kept_id = :gone", gone=gone_id)
    moved["earlier"] = [row.gone_id for row in earlier]
    unit.run("UPDATE merged SET kept_id = :kept WHERE kept_id = :gone", kept=kept_id, gone=gone_id)
    unit.put(Merged, gone_id=gone_id, kept_id=kept_id, at=unit.now_us)
    return moved


def carry_back(unit: Unit, moved: Mapping[str, Any]) -> None:
    """Undo :func:`carry`. What came since stays where it is."""
    gone, kept = moved["gone"], moved["kept"]
    for table in (*_FOLLOWS, *_BESIDE):
        unit.run(
            f"UPDATE {table} SET ticket_id = :gone WHERE ticket_id = :kept AND id IN :ids",  # noqa: S608
            gone=gone,
            kept=kept,
            ids=moved.get(table) or [0],
        )
    unit.run(
        "UPDATE mention SET ticket_id = :gone WHERE ticket_id = :kept AND message_id IN :ids",
        gone=gone,
        kept=kept,
        ids=moved["message"] or [0],
    )
    unit.run(
        "DELETE FROM participant WHERE ticket_id = :kept AND identity_id IN :ids",
        kept=kept,
        ids=moved["joined"] or [0],
    )
    unit.run("DELETE FROM merged WHERE gone_id = :gone", gone=gone)
    unit.run(
        "UPDATE merged SET kept_id = :gone WHERE kept_id = :kept AND gone_id IN :ids",
        gone=gone,
        kept=kept,
        ids=moved["earlier"] or [0],
    )


def said(unit: Unit, ticket_id: int) -> int:
    """How many messages a ticket has."""
    return int(
        unit.value(
            "SELECT COUNT(*) FROM message WHERE ticket_id = :id AND direction <> 'undone'",
            id=ticket_id,
        )
    )
