"""Calls as their page shows them: whom to call back, and what was heard of late.

Numbers are shown with their middle covered; a call without a ticket is everybody's, one with a
ticket only its team's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.calls import covered
from router.core.clock import from_us
from router.core.rights import Who
from router.store.pages.listing import Page, moment
from router.store.pages.messages import within
from router.store.unit import Unit

#: Whom to call back, and calls of one page, at most.
_BACKS, _CALLS = 200, 50
_WAITING = (
    "FROM call_back b LEFT JOIN merged m ON m.gone_id = b.ticket_id "
    "JOIN ticket t ON t.id = COALESCE(m.kept_id, b.ticket_id) JOIN call c ON c.id = b.call_id "
    "JOIN requester r ON r.id = t.requester_id LEFT JOIN agent a ON a.id = t.assignee_id "
    "WHERE b.done_at IS NULL AND t.standing < 2"
)


@dataclass(frozen=True, slots=True)
class BackLine:
    """Somebody who waits for a call, with the ticket it is about."""

    number: str
    subject: str
    category: str
    urgency: str
    security: bool
    call_id: int
    caller: str
    requester: str
    calls: int
    tries: int
    asked_at: datetime
    tried_at: datetime | None
    due_at: datetime | None
    assignee: str
    team_id: int


@dataclass(frozen=True, slots=True)
class Backs:
    """Those who wait because of one incident, or (``incident_id`` 0) each for a reason of their
    own."""

    incident_id: int
    rows: tuple[BackLine, ...]


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call; ``ticket`` is the number of its ticket, if it has one."""

    id: int
    inbound: bool
    stage: int
    outcome: str
    caller: str
    queue: str
    choice: str
    agent: str
    at: datetime
    rang: int
    talked: int
    recording: bool
    wrap_up: str
    ticket: str


def waiting(unit: Unit, who: Who) -> int:
    """How many wait for a call, listed or not."""
    limited, known = within(who)
    return int(unit.value(f"SELECT COUNT(*) {_WAITING}{limited}", **known))  # ours


def backs(unit: Unit, who: Who) -> list[Backs]:
    """Who waits for a call: security first, then by urgency and due time; those of one open
    incident together, where the first of them stands."""
    limited, known = within(who)
    rows = unit.rows(
        "SELECT b.*, t.number AS ticket, t.subject, t.snippet, t.category, t.urgency, t.security, "  # noqa: S608  # ours
        "t.due_at, t.team_id, a.name AS assignee, c.number AS caller, r.name AS requester, "
        "(SELECT MIN(x.incident_id) FROM incident_ticket x JOIN incident n "
        "ON n.id = x.incident_id WHERE x.ticket_id = t.id AND n.state = 'open') AS incident_id "
        f"{_WAITING}{limited} "
        "ORDER BY t.rank, b.ticket_id LIMIT :n",
        n=_BACKS,
        **known,
    )
    groups: dict[tuple[int, int], list[BackLine]] = {}
    for row in rows:
        key = (row.incident_id, 0) if row.incident_id else (0, row.ticket_id)
        groups.setdefault(key, []).append(_back(row))
    return [Backs(incident or 0, tuple(lines)) for (incident, _), lines in groups.items()]


def _back(row: Any) -> BackLine:
    return BackLine(
        number=row.ticket,
        subject=row.subject or row.snippet,
        category=row.category,
        urgency=row.urgency,
        security=bool(row.security),
        call_id=row.call_id,
        caller=covered("phone", row.caller),
        requester=row.requester,
        calls=row.calls,
        tries=row.tries,
        asked_at=from_us(row.asked_at),
        tried_at=moment(row.tried_at),
        due_at=moment(row.due_at),
        assignee=row.assignee or "",
        team_id=row.team_id,
    )


def listed(unit: Unit, who: Who, cursor: str | None) -> Page[CallLine]:
    """Calls, the newest first."""
    limited, known = within(who)
    mine = f" AND (c.ticket_id IS NULL OR (1 = 1{limited}))"
    before = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 20 else 2**62
    rows = unit.rows(
        "SELECT c.*, t.number AS ticket FROM call c LEFT JOIN ticket t ON t.id = c.ticket_id "  # noqa: S608  # ours
        f"WHERE c.id < :before{mine} ORDER BY c.id DESC LIMIT :n",
        before=before,
        n=_CALLS + 1,
        **known,
    )
    more = str(rows[_CALLS - 1].id) if len(rows) > _CALLS else None
    return Page([_line(row, row.ticket or "") for row in rows[:_CALLS]], more)


def of_ticket(rows: Sequence[Any], number: str) -> list[CallLine]:
    """Calls of one ticket that were read already."""
    return [_line(row, number) for row in rows]


def visible(unit: Unit, call_id: int, who: Who) -> Any:
    """The call's row where this person may see it, or None."""
    limited, known = within(who)
    return unit.row(
        "SELECT c.*, t.number AS ticket FROM call c LEFT JOIN ticket t ON t.id = c.ticket_id "  # noqa: S608  # ours
        f"WHERE c.id = :id AND (c.ticket_id IS NULL OR (1 = 1{limited}))",
        id=call_id,
        **known,
    )


def _line(row: Any, ticket: str) -> CallLine:
    return CallLine(
        id=row.id,
        inbound=bool(row.inbound),
        stage=row.stage,
        outcome=row.outcome,
        caller=covered("phone", row.number) if row.number else "",
        queue=row.queue,
        choice=row.choice,
        agent=row.agent,
        at=from_us(row.started_at or row.ended_at or row.heard_at),
        rang=_seconds(row.started_at, row.answered_at or row.ended_at),
        talked=_seconds(row.answered_at, row.ended_at),
        recording=bool(row.recording),
        wrap_up=row.wrap_up,
        ticket=ticket,
    )


def _seconds(begin: int | None, end: int | None) -> int:
    return 0 if begin is None or end is None else max(0, (end - begin) // 1_000_000)
