"""What the reports ask: sums of what is kept, and what stands now.

Every question takes the teams its reader may see, None for the whole desk.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from router.core.cells import ALONE, CAUSED, step
from router.core.clock import from_us
from router.core.figures import DECIDED, ENDED, Span, dated, day_of
from router.core.promises.sla import KINDS
from router.store.unit import Unit, begins

#: By what promises are told apart, in the order of the page.
DIMENSIONS = ("channel", "category", "urgency", "team_id", "agent_id")
Teams = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Cut:
    """What a report is narrowed to; an empty field narrows nothing, 0 is nobody's."""

    channel: str = ""
    category: str = ""
    urgency: str = ""
    team_id: int | None = None
    agent_id: int | None = None

    @property
    def plain(self) -> bool:
        """Whether it can be answered without a ticket's channel, category and agent."""
        return not self.channel and not self.category and self.agent_id is None

    @property
    def whole(self) -> bool:
        """Whether it narrows to a team at most: then promises are counted by one side alone."""
        return self == Cut(team_id=self.team_id)

    def given(self) -> dict[str, Any]:
        """The fields that narrow."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in found.items() if value not in ("", None)}


class Period(NamedTuple):
    """The days of a report in the desk's zone, and the moment it is told as of; 0 for now."""

    span: Span
    zone: ZoneInfo
    as_of: int = 0

    def moments(self) -> tuple[int, int]:
        """Its first moment, and the first that is not in it."""
        low, high = self.span.moments(self.zone)
        return (low, min(high, self.as_of) if self.as_of else high)

    def whole(self) -> tuple[Span | None, tuple[int, int] | None]:
        """The days that are told whole, and the stretch of the last one when it is told in part."""
        low, high = self.moments()
        if not self.as_of or high < self.as_of or high <= low:
            return (self.span if high > low else None), None
        day = from_us(high).astimezone(self.zone).date()
        begin = Span(day, day).moments(self.zone)[0]
        if day > self.span.last:
            return self.span, None
        before = Span(self.span.first, dated(day_of(day) - 1))
        return (before if before.days > 0 else None), (begin, high)


@dataclass(slots=True)
class Asked:
    """A condition and its parameters, put together piece by piece."""

    said: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    def add(self, words: str, **params: Any) -> None:
        """And this, with its parameters."""
        self.said.append(words)
        self.params.update(params)

    def __str__(self) -> str:
        return " AND ".join(self.said)


def narrowed(cut: Cut, teams: Teams) -> Asked:
    """The condition of a cut, within the reader's teams."""
    asked = Asked()
    for name, value in cut.given().items():
        if name == "category" and "." not in value:
            asked.add(begins("category", ":group"), group=f"{value}.")
        else:
            asked.add(f"{name} = :{name}", **{name: value})
    if teams is not None:
        asked.add("team_id IN :teams", teams=list(teams))
    return asked


# ---------------------------------------------------------------- sums


def sums(  # a question has so many sides
    unit: Unit,
    whats: Sequence[str],
    by: Sequence[str],
    period: Period,
    cut: Cut = Cut(),  # frozen
    *,
    teams: Teams = None,
) -> dict[tuple[Any, ...], int]:
    """How many happenings there were, by these columns; from what is kept, and for a day that is
    told in part from the happenings themselves."""
    asked = narrowed(cut, teams)
    branches = list(_branches(asked, period))
    if not branches:
        return {}
    asked.params["whats"] = list(whats)
    columns = ", ".join(by)
    rows = unit.rows(
        f"SELECT {columns}, SUM(n) AS n FROM ({' UNION ALL '.join(branches)}) AS told "  # noqa: S608  # ours
        f"GROUP BY {columns}",
        **asked.params,
    )
    return {tuple(row[:-1]): int(row.n) for row in rows if row.n}


@dataclass(slots=True)
class Decisions:
    """How many promises were decided: by dimension, each as (its value, kept or broken, kind); and
    of the broken ones, by (cause, kind)."""

    by: dict[str, Tally[tuple[Any, str, str]]]
    causes: Tally[tuple[str, str]]


def decisions(unit: Unit, period: Period, cut: Cut, teams: Teams) -> Decisions:
    """What became of promises. Of a whole desk or team each side is kept alone; what is narrowed
    further is put together from what is kept by all sides at once, which is read once."""
    found = Decisions({one: Tally() for one in DIMENSIONS}, Tally())
    if cut.whole:
        for side in DIMENSIONS:
            by = (side, "what", "kind")
            kept = ALONE[side], (side, "detail", "kind")
            found.by[side].update(_alone(unit, kept, (DECIDED, by), period, cut, teams))
        why = ("detail", "kind")
        found.causes.update(_alone(unit, (CAUSED, why), (("broken",), why), period, cut, teams))
        return found
    columns = (*DIMENSIONS, "what", "kind", "detail")
    for (*sides, what, kind, cause), n in sums(
        unit, DECIDED, columns, period, cut, teams=teams
    ).items():
        for side, value in zip(DIMENSIONS, sides, strict=True):
            found.by[side][value, what, kind] += n
        if what == "broken":
            found.causes[cause, kind] += n
    return found


def _alone(
    unit: Unit,
    kept: tuple[str, Sequence[str]],
    happened: tuple[Sequence[str], Sequence[str]],
    period: Period,
    cut: Cut,
    teams: Teams,
) -> dict[Any, int]:
    """Sums of whole days from what is kept by one side alone, and of a part of a day from the
    happenings."""
    days, partly = period.whole()
    found: Tally[Any] = Tally()
    if days:
        what, by = kept
        asked = Period(days, period.zone)
        found.update(sums(unit, (what,), by, asked, cut, teams=teams))
    if partly:
        whats, by = happened
        found.update(sums(unit, whats, by, last_day(period, partly), cut, teams=teams))
    return dict(found)


def last_day(period: Period, partly: tuple[int, int]) -> Period:
    """The day of a period that is told in part."""
    day = from_us(partly[0]).astimezone(period.zone).date()
    return Period(Span(day, day), period.zone, period.as_of)


def _branches(asked: Asked, period: Period) -> Iterator[str]:
    days, partly = period.whole()
    limited = f" AND {asked}" if asked.said else ""
    columns = "what, kind, channel, category, urgency, team_id, agent_id, detail"
    for place, (grain, low, high) in enumerate(days.parts() if days else ()):
        asked.params.update({f"grain{place}": grain, f"low{place}": low, f"high{place}": high})
        yield (
            f"SELECT {columns}, slot, n FROM figure WHERE what IN :whats "  # noqa: S608  # ours
            f"AND grain = :grain{place} AND slot >= :low{place} AND slot < :high{place}{limited}"
        )
    if partly:
        day = day_of(from_us(partly[0]).astimezone(period.zone).date())
        asked.params.update({"begin": partly[0], "end": partly[1], "day": day})
        yield (
            f"SELECT {columns}, :day AS slot, 1 AS n FROM happening WHERE what IN :whats "  # noqa: S608  # ours
            f"AND at >= :begin AND at < :end{limited}"
        )


def by_day(unit: Unit, period: Period, cut: Cut, teams: Teams) -> Tally[tuple[int, str]]:
    """(day, kept or broken): how many promises of any kind."""
    days, partly = period.whole()
    asked = narrowed(cut, teams)
    limited = f" AND {asked}" if asked.said else ""
    found: Tally[tuple[int, str]] = Tally()
    if days:
        what, column = ("'trend'", "detail") if cut.plain else ("'kept', 'broken'", "what")
        rows = unit.rows(
            f"SELECT slot, {column} AS outcome, SUM(n) AS n FROM figure WHERE what IN ({what}) "  # noqa: S608  # ours
            f"AND grain = 'd' AND slot >= :low AND slot <= :high{limited} GROUP BY slot, {column}",
            low=day_of(days.first),
            high=day_of(days.last),
            **asked.params,
        )
        found.update({(row.slot, row.outcome): int(row.n) for row in rows})
    if partly:
        last = last_day(period, partly)
        for (outcome,), n in sums(unit, DECIDED, ("what",), last, cut, teams=teams).items():
            found[day_of(last.span.first), outcome] += n
    return found


def spans(
    unit: Unit, period: Period, cut: Cut, teams: Teams
) -> dict[tuple[str, str], dict[int, int]]:
    """(kind, ``s`` for service or ``w`` for wall time): how often each span of whole minutes was
    taken. What is narrowed further than to a team and an urgency is read happening by happening."""
    found: dict[tuple[str, str], dict[int, int]] = {}
    days, partly = period.whole()
    if days and cut.plain:
        asked = Period(days, period.zone)
        for (kind, detail), n in sums(
            unit, ("time",), ("kind", "detail"), asked, cut, teams=teams
        ).items():
            found.setdefault((kind, detail[0]), {})[int(detail[1:])] = n
    stretch = partly if cut.plain else period.moments()
    for row in _ended(unit, stretch, cut, teams) if stretch else ():
        for measure, seconds in (("s", row.service), ("w", row.wall)):
            counts = found.setdefault((row.kind, measure), {})
            counts[step(seconds)] = counts.get(step(seconds), 0) + 1
    return found


def _ended(unit: Unit, stretch: tuple[int, int], cut: Cut, teams: Teams) -> Sequence[Any]:
    asked = narrowed(cut, teams)
    asked.add("what IN :whats AND kind IN :kinds", whats=list(ENDED), kinds=list(KINDS))
    asked.add("at >= :begin AND at < :end")
    return unit.rows(
        f"SELECT kind, service, wall FROM happening WHERE {asked} AND service >= 0",  # noqa: S608  # ours
        begin=stretch[0],
        end=stretch[1],
        **asked.params,
    )


# ---------------------------------------------------------------- what stands now


_SOON = (
    "c.act_at IS NOT NULL AND c.act_at <= :until AND c.due_at <= :until "
    "AND c.met_at IS NULL AND c.breached_at IS NULL"
)


def soon(
    unit: Unit,
    until: int,
    teams: Teams,
    limit: int = 2000,
    cut: Cut = Cut(),  # frozen
) -> list[Any]:
    """Promises that are open and due by then, the next first: due_at, kind, number, subject,
    urgency, category, team_id, assignee_id, security."""
    asked = narrowed(cut, teams)
    clocks = f"SELECT c.due_at, c.kind, c.ticket_id FROM sla_clock c WHERE {_SOON}"  # noqa: S608  # ours
    ahead = " ORDER BY c.due_at LIMIT :n"
    if not asked.said:  # tickets are looked up for those that are told, not for all that are due
        clocks += ahead
    return list(
        unit.rows(
            "SELECT * FROM (SELECT c.due_at, c.kind, t.number, t.subject, t.urgency, "  # noqa: S608  # ours
            "t.category, t.channel, t.team_id, t.assignee_id, COALESCE(t.assignee_id, 0) "
            f"AS agent_id, t.security FROM ({clocks}) c JOIN ticket t ON t.id = c.ticket_id) c "
            f"{f'WHERE {asked}' if asked.said else ''}{ahead}",
            until=until,
            n=limit,
            **asked.params,
        )
    )


def how_many_soon(unit: Unit, until: int, teams: Teams, most: int = 2000) -> int:
    """How many promises :func:`soon` would tell, counted no further than ``most``."""
    joined, limited, known = "", "", {}
    if teams is not None:
        joined = " JOIN ticket t ON t.id = c.ticket_id"
        limited, known = " AND t.team_id IN :teams", {"teams": list(teams)}
    found = unit.value(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM sla_clock c{joined} "  # noqa: S608  # ours
        f"WHERE {_SOON}{limited} LIMIT :n) found",
        until=until,
        n=most,
        **known,
    )
    return int(found or 0)


def standing(unit: Unit, cut: Cut, teams: Teams) -> Sequence[Any]:
    """What is open, by the day it was opened: slot, agent_id, detail (in_hand or waiting), n."""
    asked = narrowed(cut, teams)
    limited = f" AND {asked}" if asked.said else ""
    return unit.rows(
        "SELECT slot, agent_id, detail, SUM(n) AS n FROM figure WHERE what = 'open' "  # noqa: S608  # ours
        f"AND grain = 'd' AND n <> 0{limited} GROUP BY slot, agent_id, detail",
        **asked.params,
    )


def happened(unit: Unit, what: str, since: int, teams: Teams, cut: Cut) -> int:
    """How often something happened since a moment; only for a few hours."""
    asked = narrowed(cut, teams)
    asked.add("what = :what AND kind IN :kinds AND at >= :since")
    found = unit.value(
        f"SELECT COUNT(*) FROM happening WHERE {asked}",  # noqa: S608  # ours
        what=what,
        kinds=list(KINDS),
        since=since,
        **asked.params,
    )
    return int(found or 0)


def names(unit: Unit) -> tuple[Sequence[Any], Mapping[int, str]]:
    """The teams (id, key, name_zh, name_en), and everybody's name who ever worked here."""
    teams = unit.rows("SELECT id, key, name_zh, name_en FROM team ORDER BY id")
    return teams, {row.id: row.name for row in unit.rows("SELECT id, name FROM agent")}
