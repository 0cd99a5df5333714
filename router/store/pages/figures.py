"""The tickets behind each figure of the reports, by page and for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from router.core.clock import from_us
from router.core.promises.sla import KINDS
from router.store.pages.listing import Page, pack, unpack
from router.store.pages.reports import Cut, Period, Teams, narrowed
from router.store.unit import Unit

_NEWEST = 2**62


# ---------------------------------------------------------------- the tickets behind a figure


@dataclass(frozen=True, slots=True)
class HappeningLine:
    """One happening with its ticket; no subject when the ticket is another team's by now."""

    number: str
    subject: str | None
    what: str
    at: datetime
    kind: str
    channel: str
    category: str
    urgency: str
    team_id: int
    agent_id: int
    detail: str
    service: int
    wall: int


@dataclass(frozen=True, slots=True)
class Behind:
    """Which happenings a figure counts."""

    whats: tuple[str, ...]
    kind: str = ""
    detail: str = ""
    hour: str = ""


def behind(  # noqa: PLR0913, PLR0917  # a question has so many sides
    unit: Unit,
    figure: Behind,
    period: Period,
    cut: Cut,
    teams: Teams,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[HappeningLine]:
    """The happenings a figure counts, newest first; of one hour of the week when one is given."""
    asked = narrowed(cut, teams)
    low, high = period.moments()
    asked.add("what IN :whats", whats=list(figure.whats))
    asked.add("at >= :low AND at < :high", low=low, high=high)
    for name, value in (("kind", figure.kind), ("detail", figure.detail)):
        if value:
            asked.add(f"{name} = :{name}", **{name: value})
    place = unpack(cursor, 2) if cursor else (_NEWEST, _NEWEST)
    found: list[Any] = []
    while len(found) <= limit:
        rows = unit.rows(
            f"SELECT * FROM happening WHERE {asked} AND (at, id) < (:at, :id) "  # noqa: S608  # ours
            "ORDER BY at DESC, id DESC LIMIT :n",
            at=place[0],
            id=place[1],
            n=1000 if figure.hour else limit + 1,
            **asked.params,
        )
        if not rows:
            break
        place = (rows[-1].at, rows[-1].id)
        found += [row for row in rows if _in_hour(row.at, figure.hour, period.zone)]
        if not figure.hour:
            break
    lines = _lines(unit, found[:limit], teams)
    last = found[limit - 1] if len(found) > limit else None
    return Page(lines, pack(last.at, last.id) if last is not None else None)


def _in_hour(at: int, hour: str, zone: ZoneInfo) -> bool:
    if not hour:
        return True
    local = from_us(at).astimezone(zone)
    return f"{local.weekday()}.{local.hour:02}" == hour


def _lines(unit: Unit, rows: Sequence[Any], teams: Teams) -> list[HappeningLine]:
    """With the subjects of tickets that are still the reader's to see."""
    if not rows:
        return []
    tickets: Mapping[int, Any] = {
        row.id: row
        for row in unit.rows(
            "SELECT id, number, subject, team_id FROM ticket WHERE id IN :ids",
            ids=list({row.ticket_id for row in rows}),
        )
    }
    return [
        HappeningLine(
            tickets[row.ticket_id].number,
            _subject(tickets[row.ticket_id], teams),
            row.what,
            from_us(row.at),
            *(getattr(row, one.name) for one in fields(HappeningLine)[4:]),
        )
        for row in rows
    ]


def _subject(ticket: Any, teams: Teams) -> str | None:
    return str(ticket.subject) if teams is None or ticket.team_id in teams else None


def oldest(unit: Unit, teams: Teams, limit: int) -> list[Any]:
    """Tickets that have waited longest for a person to act: number, subject, opened_at, urgency."""
    asked = narrowed(Cut(), teams)
    asked.add("what = 'open' AND kind = '' AND detail = 'in_hand'")
    rows = unit.rows(
        f"SELECT ticket_id FROM happening WHERE {asked} ORDER BY at, id LIMIT :n",  # noqa: S608  # ours
        n=limit * 4,
        **asked.params,
    )
    if not rows:
        return []
    found = unit.rows(
        "SELECT number, subject, opened_at, urgency, team_id FROM ticket WHERE id IN :ids "
        "AND standing = 0 ORDER BY opened_at, id",
        ids=[row.ticket_id for row in rows],
    )
    return [row for row in found if teams is None or row.team_id in teams][:limit]


# ---------------------------------------------------------------- for files


def decided_tickets(unit: Unit, period: Period, cut: Cut, teams: Teams) -> list[int]:
    """The tickets with a promise that was decided or done in a period, in their order."""
    asked = narrowed(cut, teams)
    low, high = period.moments()
    rows = unit.rows(
        "SELECT DISTINCT ticket_id FROM happening WHERE what IN ('kept', 'broken', 'late') "  # noqa: S608  # ours
        "AND kind IN :kinds AND at >= :low AND at < :high"
        f"{f' AND {asked}' if asked.said else ''} ORDER BY ticket_id",
        kinds=list(KINDS),
        low=low,
        high=high,
        **asked.params,
    )
    return [row.ticket_id for row in rows]


def promises_of(
    unit: Unit, ids: Sequence[int], period: Period, cut: Cut, teams: Teams
) -> list[tuple[Any, list[Any]]]:
    """These tickets, each with its promises of a period in the order they were decided. One that is
    another team's by now is told as it was when it was the reader's."""
    asked = narrowed(cut, teams)
    low, high = period.moments()
    found: dict[int, list[Any]] = {one: [] for one in ids}
    for row in unit.rows(
        "SELECT * FROM happening WHERE ticket_id IN :ids AND what IN ('kept', 'broken', 'late') "  # noqa: S608  # ours
        f"AND at >= :low AND at < :high{f' AND {asked}' if asked.said else ''} ORDER BY at, id",
        ids=list(ids),
        low=low,
        high=high,
        **asked.params,
    ):
        found[row.ticket_id].append(row)
    tickets = unit.rows(
        "SELECT id, number, opened_at, channel, category, urgency, team_id, assignee_id "
        "FROM ticket WHERE id IN :ids ORDER BY id",
        ids=list(ids),
    )
    return [
        (_as_seen(ticket, told[-1], teams), told)
        for ticket in tickets
        if (told := found[ticket.id])
    ]


def _as_seen(ticket: Any, last: Any, teams: Teams) -> Any:
    """A ticket as its reader may know it: of another team's what it was at its last happening."""
    if teams is None or ticket.team_id in teams:
        return ticket
    was = {one: getattr(last, one) for one in ("category", "urgency", "team_id")}
    columns = {**ticket.as_dict(), **was, "assignee_id": last.agent_id}
    return SimpleNamespace(**columns)
