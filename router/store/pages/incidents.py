"""Incidents as their pages show them; of tickets that are not the viewer's only the number."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.clock import from_us
from router.core.rights import Who
from router.store.incidents import LEFT_OUT
from router.store.pages.listing import Page, TicketLine, by_ids, moment, pack, unpack
from router.store.pages.messages import within
from router.store.unit import Unit

_NEWEST = 2**62
#: Tickets of one incident that its page lists; all of them are counted and answered.
LISTED = 200


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident as one line of a list."""

    id: int
    kind: str
    state: str
    category: str
    title: str
    signature: dict[str, Any]
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    tickets: int = 0
    unanswered: int = 0

    @property
    def group(self) -> str:
        """The part of the category before the dot."""
        return self.category.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Tied:
    """A ticket of an incident, and what ties it there."""

    ticket: TicketLine
    reason: str
    at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class IncidentView:
    """Everything the incident's page shows."""

    line: IncidentLine
    answer_zh: str
    answer_en: str
    banner_zh: str
    banner_en: str
    opened_by: str
    stamp: int
    tied: tuple[Tied, ...]
    elsewhere: int


_COLUMNS = "i.id, i.kind, i.state, i.category, i.title, i.signature, i.opened_at, i.changed_at, "
_COUNTS = (
    "i.closed_at, (SELECT COUNT(*) FROM incident_ticket l WHERE l.incident_id = i.id "  # noqa: S608
    f"AND l.reason <> '{LEFT_OUT}') AS tickets, (SELECT COUNT(*) FROM incident_ticket l "
    "JOIN ticket t ON t.id = l.ticket_id WHERE l.incident_id = i.id AND t.standing < 2 "
    f"AND l.answered_at IS NULL AND l.reason <> '{LEFT_OUT}') AS unanswered "
)


def incident_list(unit: Unit, state: str, cursor: str | None, *, limit: int = 50) -> Page[Any]:
    """Incidents of one state, newest first."""
    rows = unit.rows(
        f"SELECT {_COLUMNS}{_COUNTS}FROM incident i WHERE i.state = :state "  # ours
        "AND i.id < :before ORDER BY i.id DESC LIMIT :n",
        state=state,
        before=unpack(cursor, 1)[0] if cursor else _NEWEST,
        n=limit + 1,
    )
    lines = [_line(row) for row in rows[:limit]]
    return Page(lines, pack(lines[-1].id) if len(rows) > limit else None)


def of_ticket(unit: Unit, ticket_id: int) -> tuple[IncidentLine, ...]:
    """The incidents a ticket is part of, open ones first."""
    rows = unit.rows(
        f"SELECT {_COLUMNS}i.closed_at, 0 AS tickets, 0 AS unanswered FROM incident_ticket l "  # noqa: S608  # ours
        "JOIN incident i ON i.id = l.incident_id WHERE l.ticket_id = :ticket "
        "AND l.reason <> :out ORDER BY i.state DESC, i.id DESC LIMIT 5",
        ticket=ticket_id,
        out=LEFT_OUT,
    )
    return tuple(_line(row) for row in rows)


def _line(row: Any) -> IncidentLine:
    return IncidentLine(
        id=row.id,
        kind=row.kind,
        state=row.state,
        category=row.category,
        title=row.title,
        signature=json.loads(row.signature) if row.signature else {},
        opened_at=from_us(row.opened_at),
        changed_at=from_us(row.changed_at),
        closed_at=moment(row.closed_at),
        tickets=row.tickets,
        unanswered=row.unanswered,
    )


def incident_view(unit: Unit, incident_id: int, who: Who) -> IncidentView | None:
    """The incident with those of its tickets that the viewer may see; None when there is none."""
    row = unit.row(
        f"SELECT {_COLUMNS}{_COUNTS}, i.answer_zh, i.answer_en, i.banner_zh, i.banner_en, "  # noqa: S608  # ours
        "a.name AS opener FROM incident i LEFT JOIN agent a ON a.id = i.opened_by "
        "WHERE i.id = :id",
        id=incident_id,
    )
    if row is None:
        return None
    limited, known = within(who)
    scoped = (
        "FROM incident_ticket l JOIN ticket t ON t.id = l.ticket_id "
        f"WHERE l.incident_id = :incident AND l.reason <> :out{limited}"
    )
    known |= {"incident": incident_id, "out": LEFT_OUT}
    inside = unit.rows(
        f"SELECT l.ticket_id, l.reason, l.at, l.answered_at {scoped} "  # ours
        "ORDER BY t.standing, t.rank, t.id LIMIT :n",
        n=LISTED,
        **known,
    )
    mine = unit.value(f"SELECT COUNT(*) {scoped}", **known)  # ours
    lines = by_ids(unit, [one.ticket_id for one in inside])
    shown = _line(row)
    return IncidentView(
        line=shown,
        answer_zh=row.answer_zh,
        answer_en=row.answer_en,
        banner_zh=row.banner_zh,
        banner_en=row.banner_en,
        opened_by=row.opener or "",
        stamp=row.changed_at,
        tied=tuple(
            Tied(shown_ticket, one.reason, from_us(one.at), moment(one.answered_at))
            for shown_ticket, one in zip(lines, inside, strict=True)
        ),
        elsewhere=shown.tickets - int(mine or 0),
    )


def recipients(unit: Unit, incident_id: int) -> list[Any]:
    """Every ticket of an incident as the common answer sees it, those first that wait longest."""
    return list(
        unit.rows(
            "SELECT t.id, t.team_id, t.state, t.language, t.verification, t.spam, t.parked, "
            "t.channel, t.account, i.kind AS handle_kind, l.answered_at FROM incident_ticket l "
            "JOIN ticket t ON t.id = l.ticket_id JOIN identity i ON i.id = t.identity_id "
            "WHERE l.incident_id = :incident AND l.reason <> :out ORDER BY t.id",
            incident=incident_id,
            out=LEFT_OUT,
        )
    )
