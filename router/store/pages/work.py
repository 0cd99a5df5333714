"""What the desk wants sent and what could not be read: the outbox and parked items, by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.calls import covered
from router.core.clock import from_us
from router.core.rights import Who, scope
from router.errors import Invalid
from router.store.pages.listing import Page, moment, pack, unpack
from router.store.unit import Unit

#: The states of an outbox row, those first that want a person.
OUTBOX_STATES = ("failed", "unknown", "held", "queued", "sending", "sent", "cancelled")
_NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """One message we want sent, and what became of it."""

    id: int
    number: str
    ticket_subject: str
    purpose: str
    channel: str
    handle: str
    subject: str
    text: str
    state: str
    reason: str
    attempts: int
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class ParkedLine:
    """One item that could not be read or written."""

    id: int
    kind: str
    account: str
    error: str
    trace: str
    attempts: int
    received_at: datetime
    number: str


def outbox_rows(
    unit: Unit, who: Who, cursor: str | None, state: str = "", *, limit: int = 50
) -> Page[OutboxLine]:
    """Outbox rows of the viewer's tickets, newest first, of one state or of all."""
    if state and state not in OUTBOX_STATES:
        raise Invalid("state", "unknown_state")
    teams = scope(who)
    known: dict[str, Any] = {} if teams is None else {"teams": list(teams)}
    said = ["o.id < :before"]
    if state:
        said.append("o.state = :state")
        known["state"] = state
    if teams is not None:
        said.append("t.team_id IN :teams")
    # CROSS JOIN keeps both databases walking the outbox in its own order, newest first.
    rows = unit.rows(
        "SELECT o.id, t.number, t.subject AS ticket_subject, o.purpose, o.channel, "  # noqa: S608  # ours
        "i.kind AS space, i.value AS handle, o.subject, o.text, o.state, o.reason, o.attempts, "
        "o.due_at, o.created_at, o.sent_at FROM outbox o CROSS JOIN ticket t CROSS JOIN identity i "
        f"WHERE t.id = o.ticket_id AND i.id = o.identity_id AND {' AND '.join(said)} "
        "ORDER BY o.id DESC LIMIT :n",
        before=unpack(cursor, 1)[0] if cursor else _NEWEST,
        n=limit + 1,
        **known,
    )
    lines = [_outbox_line(row) for row in rows[:limit]]
    return Page(lines, pack(lines[-1].id) if len(rows) > limit else None)


def held_since_restored(unit: Unit, who: Who) -> list[int]:
    """Rows of the viewer's tickets that are held since the desk was restored, oldest first."""
    teams = scope(who)
    mine = "" if teams is None else "AND t.team_id IN :teams "
    rows = unit.rows(
        "SELECT o.id FROM outbox o JOIN ticket t ON t.id = o.ticket_id "  # noqa: S608  # ours
        f"WHERE o.state = 'held' AND o.reason = 'restored' {mine}ORDER BY o.id",
        **({} if teams is None else {"teams": list(teams)}),
    )
    return [row.id for row in rows]


def _outbox_line(row: Any) -> OutboxLine:
    return OutboxLine(
        id=row.id,
        number=row.number,
        ticket_subject=row.ticket_subject,
        purpose=row.purpose,
        channel=row.channel,
        handle=covered(row.space, row.handle),
        subject=row.subject,
        text=row.text,
        state=row.state,
        reason=row.reason,
        attempts=row.attempts,
        due_at=from_us(row.due_at),
        created_at=from_us(row.created_at),
        sent_at=moment(row.sent_at),
    )


def parked_rows(unit: Unit, who: Who, cursor: str | None, *, limit: int = 50) -> Page[ParkedLine]:
    """Parked items of the viewer's teams, newest first."""
    teams = scope(who)
    known: dict[str, Any] = {} if teams is None else {"teams": list(teams)}
    limited = "" if teams is None else " AND t.team_id IN :teams"
    rows = unit.rows(
        "SELECT j.id, j.kind, j.account, j.error, j.trace, j.attempts, j.received_at, "  # noqa: S608  # ours
        "t.number FROM journal j LEFT JOIN ticket t ON t.id = j.ticket_id "
        "WHERE j.state <> 'done' AND j.state = 'parked' AND j.id < :before"
        f"{limited} ORDER BY j.id DESC LIMIT :n",
        before=unpack(cursor, 1)[0] if cursor else _NEWEST,
        n=limit + 1,
        **known,
    )
    lines = [
        ParkedLine(
            id=row.id,
            kind=row.kind,
            account=row.account,
            error=row.error,
            trace=row.trace,
            attempts=row.attempts,
            received_at=from_us(row.received_at),
            number=row.number or "",
        )
        for row in rows[:limit]
    ]
    return Page(lines, pack(lines[-1].id) if len(rows) > limit else None)


def parked_team(unit: Unit, row_id: int) -> int | None:
    """The team of a parked item's placeholder ticket, or None when there is no such item."""
    found: int | None = unit.value(
        "SELECT t.team_id FROM journal j JOIN ticket t ON t.id = j.ticket_id "
        "WHERE j.id = :id AND j.state = 'parked'",
        id=row_id,
    )
    return found
