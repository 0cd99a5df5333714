"""One ticket as its page shows it: conversation, timeline, promises, the requester's other matters.

The number of queries is the same for a ticket of one message and of two thousand; of a long
conversation the newest part is read, and what came before on request. Whatever is not in the
viewer's teams does not exist for them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.calls import covered
from router.core.clock import from_us, to_us
from router.core.rights import Who
from router.errors import NotFound
from router.store import blocking, mentions
from router.store.links import DISMISSED, SUGGESTED
from router.store.pages.incidents import IncidentLine, of_ticket
from router.store.pages.listing import LINE, TicketLine, line, moment
from router.store.pages.messages import MessageView, messages, until, within
from router.store.unit import Unit

#: Of one ticket at most so many entries and other tickets are shown.
ENTRIES = 400
OTHERS = 8


@dataclass(frozen=True, slots=True)
class EntryView:
    """One line of the timeline: a code and its parameters."""

    id: int
    at: datetime
    code: str
    params: dict[str, Any]
    agent: str


@dataclass(frozen=True, slots=True)
class ClockView:
    """One promise: running until ``due_at``, paused, met or broken."""

    kind: str
    minutes: int
    due_at: datetime | None
    paused_at: datetime | None
    left_seconds: int
    met_at: datetime | None
    breached_at: datetime | None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A ticket that belongs to this one, and why; ``suggested`` waits for somebody's word."""

    id: int
    kind: str
    number: str
    subject: str


@dataclass(frozen=True, slots=True)
class HandleView:
    """One handle of the requester."""

    id: int
    kind: str
    value: str
    name: str
    verified: bool

    @property
    def covered(self) -> str:
        """As it is shown: of a telephone number not the middle."""
        return covered(self.kind, self.value)

    @property
    def hides(self) -> bool:
        """Whether there is more to it than is shown."""
        return self.kind == "phone"


@dataclass(frozen=True, slots=True)
class TicketView:
    """Everything the ticket's page shows. ``until`` is when the next page of the conversation
    begins; the last one has none. There are ``more_others`` than are shown."""

    ticket: TicketLine
    team: Any
    identities: tuple[HandleView, ...]
    messages: tuple[MessageView, ...]
    entries: tuple[EntryView, ...]
    clocks: tuple[ClockView, ...]
    tags: tuple[str, ...]
    links: tuple[LinkView, ...]
    others: tuple[TicketLine, ...]
    incidents: tuple[IncidentLine, ...]
    earlier: str | None
    named: bool = False
    blocked: bool = False
    until: datetime | None = None
    more_others: bool = False

    @property
    def suggested(self) -> tuple[LinkView, ...]:
        """Ties that nobody has decided about."""
        return tuple(one for one in self.links if one.kind == SUGGESTED)

    @property
    def related(self) -> tuple[LinkView, ...]:
        """Ties that hold."""
        return tuple(one for one in self.links if one.kind != SUGGESTED)

    @property
    def verdict(self) -> MessageView | None:
        """The first message that rules had something to say about."""
        return next((one for one in self.messages if one.findings), None)


def ticket_id(unit: Unit, number: str, who: Who) -> int:
    """The ticket of that number; raises NotFound where the viewer may not see it."""
    limited, known = within(who)
    found = unit.value(
        f"SELECT t.id FROM ticket t WHERE t.number = :number{limited}",  # noqa: S608  # ours
        number=number,
        **known,
    )
    if found is None:
        raise NotFound("there is no such ticket among yours")
    return int(found)


def ticket_view(unit: Unit, ticket_id: int, who: Who, *, before: str | None = None) -> TicketView:
    """The ticket with its conversation; ``before`` asks for what came earlier."""
    limited, known = within(who)
    row = unit.row(f"{LINE} WHERE t.id = :id{limited}", id=ticket_id, **known)
    if row is None:
        raise NotFound("there is no such ticket among yours")
    ticket = line(row)
    shown, earlier = messages(unit, ticket_id, before)
    others = _others(unit, ticket, who)
    return TicketView(
        ticket=ticket,
        team=unit.row("SELECT id, key, name_zh, name_en FROM team WHERE id = :id", id=row.team_id),
        identities=_identities(unit, ticket.requester_id),
        messages=shown,
        entries=_entries(unit, ticket_id, until(before)),
        clocks=_clocks(unit, ticket_id),
        tags=_tags(unit, ticket_id),
        links=_links(unit, ticket_id, who),
        others=others[:OTHERS],
        more_others=len(others) > OTHERS,
        incidents=of_ticket(unit, ticket_id),
        earlier=earlier,
        named=mentions.open_on(unit, who.id, ticket_id),
        blocked=blocking.of_ticket(unit, ticket_id),
        until=until(before),
    )


# ---------------------------------------------------------------- around it


def _entries(unit: Unit, ticket_id: int, before: datetime | None) -> tuple[EntryView, ...]:
    """The newest of them, or the newest before a moment."""
    rows = unit.rows(
        "SELECT e.id, e.at, e.code, e.params, a.name AS agent FROM entry e "
        "LEFT JOIN agent a ON a.id = e.agent_id WHERE e.ticket_id = :ticket "
        "AND e.at < :before ORDER BY e.id DESC LIMIT :n",
        ticket=ticket_id,
        before=to_us(before) if before else 2**62,
        n=ENTRIES,
    )
    return tuple(
        EntryView(
            id=row.id,
            at=from_us(row.at),
            code=row.code,
            params=json.loads(row.params) if row.params else {},
            agent=row.agent or "",
        )
        for row in reversed(rows)
    )


def _clocks(unit: Unit, ticket_id: int) -> tuple[ClockView, ...]:
    rows = unit.rows(
        "SELECT kind, minutes, due_at, paused_at, left_us, met_at, breached_at FROM sla_clock "
        "WHERE ticket_id = :ticket ORDER BY id",
        ticket=ticket_id,
    )
    return tuple(
        ClockView(
            kind=row.kind,
            minutes=row.minutes,
            due_at=moment(row.due_at),
            paused_at=moment(row.paused_at),
            left_seconds=(row.left_us or 0) // 1_000_000,
            met_at=moment(row.met_at),
            breached_at=moment(row.breached_at),
        )
        for row in rows
    )


def _tags(unit: Unit, ticket_id: int) -> tuple[str, ...]:
    rows = unit.rows("SELECT tag FROM ticket_tag WHERE ticket_id = :id ORDER BY tag", id=ticket_id)
    return tuple(row.tag for row in rows)


def _identities(unit: Unit, requester_id: int) -> tuple[HandleView, ...]:
    rows = unit.rows(
        "SELECT id, kind, value, name, verified FROM identity WHERE requester_id = :id "
        "ORDER BY id LIMIT 20",
        id=requester_id,
    )
    return tuple(
        HandleView(row.id, row.kind, row.value, row.name, bool(row.verified)) for row in rows
    )


def _links(unit: Unit, ticket_id: int, who: Who) -> tuple[LinkView, ...]:
    """Both directions; of a ticket that is not the viewer's not even the number."""
    limited, known = within(who)
    rows = unit.rows(
        "SELECT l.id, l.kind, t.number, t.subject FROM link l "  # noqa: S608  # ours
        "JOIN ticket t ON t.id = l.other_id "
        f"WHERE l.ticket_id = :id AND l.kind <> :gone{limited} UNION ALL "
        "SELECT l.id, l.kind, t.number, t.subject FROM link l "
        "JOIN ticket t ON t.id = l.ticket_id "
        f"WHERE l.other_id = :id AND l.kind <> :gone{limited} LIMIT 50",
        id=ticket_id,
        gone=DISMISSED,
        **known,
    )
    return tuple(LinkView(row.id, row.kind, row.number, row.subject) for row in rows)


def _others(unit: Unit, ticket: TicketLine, who: Who) -> tuple[TicketLine, ...]:
    """The requester's other tickets, newest first, as far as the viewer may see them: one more than
    are shown, where there are more."""
    if ticket.handle_kind == "unknown":
        return ()
    limited, known = within(who)
    rows = unit.rows(
        f"{LINE} WHERE t.requester_id = :person AND t.id <> :id{limited} "
        "ORDER BY t.id DESC LIMIT :n",
        person=ticket.requester_id,
        id=ticket.id,
        n=OTHERS + 1,
        **known,
    )
    return tuple(line(row) for row in rows)
