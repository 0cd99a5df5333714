"""What reports count: the happenings of one ticket, told from its own rows.

A ticket's happenings follow from its entries, promises and messages alone, with the ticket's
matter, team and agent as they were at that moment. A happening that is over never changes, so
neither does a figure of a period that is over. Moments are whole microseconds, spans seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from router.core.clock import from_us
from router.core.promises.hours import Pause
from router.core.promises.sla import Counting, Policies

SECOND = 1_000_000
#: What decides a promise, and what ends one.
DECIDED = ("kept", "broken")
ENDED = ("kept", "late")
#: Entries that close a ticket, and those after which it is nobody's.
CLOSED = ("closed", "solved_by_requester")
LET_GO = ("unassigned", "released", "handed_back")
#: Entries with which the desk makes a ticket, of somebody's from the start.
MADE = ("begun", "split_from")
#: Entries by which a promise ends neither kept nor broken.
VOID = ("sla_merged", "sla_waived")
#: What says of an act that it was taken back.
UNDONE = "undone"
#: Why a promise was broken, the first that holds.
CAUSES = ("channel_fault", "third_party", "reopened", "outside_hours", "unassigned", "in_hand")
#: What the heat map shows, by the hour of the week.
HOURLY: Mapping[str, str] = {
    "arrived": "arrivals",
    "wrote": "arrivals",
    "answered": "answers",
    "broken": "breaches",
}
_EPOCH = date(1970, 1, 1).toordinal()


class Happening(NamedTuple):
    """One thing that happened to a ticket, as the ticket was then."""

    what: str
    at: int
    kind: str = ""
    channel: str = ""
    category: str = ""
    urgency: str = ""
    team_id: int = 0
    agent_id: int = 0
    detail: str = ""
    service: int = -1
    wall: int = -1


@dataclass(slots=True)
class History:
    """One ticket with all that was written down about it, each list in its order; ``wrote`` is when
    its requester wrote again."""

    ticket: Any
    entries: list[Any] = field(default_factory=list)
    clocks: list[Any] = field(default_factory=list)
    wrote: list[int] = field(default_factory=list)
    ratings: list[Any] = field(default_factory=list)
    articles: list[Any] = field(default_factory=list)


class _State(NamedTuple):
    category: str
    urgency: str
    team_id: int
    agent_id: int


def happenings(
    history: History,
    policies: Policies,
    pauses: Mapping[int, Sequence[Pause]],
    people: Mapping[str, int],
) -> list[Happening]:
    """All that happened to a ticket, in no order; ``pauses`` by promise, ``people`` by name."""
    told = _Telling(history, policies, people)
    return [
        *told.arrivals(),
        *told.entries(),
        *(one for row in history.clocks for one in told.promise(row, pauses.get(row.id, ()))),
        *told.uses(),
        *told.standing(),
    ]


class _Telling:
    """Tells one history."""

    def __init__(self, history: History, policies: Policies, people: Mapping[str, int]) -> None:
        self._history = history
        self._ticket = history.ticket
        self._policies = policies
        self._teams = {key: team_id for team_id, key in policies.teams.items()}
        self._states = _states(history, self._teams, people)
        rows = history.entries
        undone = [one for one, row in enumerate(rows) if row.code == UNDONE]
        gone = {place for one in undone for place in _act_undone(rows, one)}
        self._stands = [row for place, row in enumerate(rows) if place not in gone]

    def _as_of(self, at: int) -> _State:
        """The ticket after all that was written at this moment or before."""
        state = self._states[0][1]
        for moment, one in self._states[1:]:
            if moment > at:
                break
            state = one
        return state

    def _happened(self, what: str, at: int, **more: Any) -> Happening:
        state = self._as_of(at)
        values = {**state._asdict(), "channel": self._ticket.channel, **more}
        return Happening(what, at, **values)

    def arrivals(self) -> Iterator[Happening]:
        """The ticket, and what its requester wrote later."""
        opened = self._ticket.opened_at
        first = self._states[0][1]
        yield Happening("arrived", opened, channel=self._ticket.channel, **first._asdict())
        yield from (self._happened("wrote", at) for at in self._history.wrote)

    def standing(self) -> Iterator[Happening]:
        """Where the ticket stands now, while it is not closed, in the day it was opened."""
        ticket = self._ticket
        if ticket.standing == 2:
            return
        yield Happening(
            "open",
            ticket.opened_at,
            channel=ticket.channel,
            category=ticket.category,
            urgency=ticket.urgency,
            team_id=ticket.team_id,
            agent_id=ticket.assignee_id or 0,
            detail="in_hand" if ticket.standing == 0 else "waiting",
        )

    def uses(self) -> Iterator[Happening]:
        """What the requester thought of it, and which articles solved it."""
        for row in self._history.ratings:
            yield self._happened("rated", row.at, detail=str(row.score))
        for row in self._history.articles:
            yield self._happened("article", row.at, kind=row.what, detail=row.article)

    # ------------------------------------------------------------ entries

    def entries(self) -> Iterator[Happening]:
        """What people and the router did and did not take back, as far as reports count it."""
        answers = reopened = 0
        said = ""
        for row in self._stands:
            if row.code == "replied":
                answers += 1
                yield self._happened("answered", row.at, agent_id=row.agent_id or 0)
            elif row.code in CLOSED:
                touched = "one_touch" if answers == 1 and not reopened else "other"
                yield self._happened("closed", row.at, agent_id=row.agent_id or 0, detail=touched)
            elif row.code.startswith("reopened"):
                reopened += 1
                yield self._happened("reopened", row.at)
            elif row.code == "triaged":
                said = str(row.params.get("category", ""))
            elif row.code == "category" and row.agent_id and said and row.params["old"] == said:
                yield self._happened(
                    "misrouted", row.at, category=said, detail=str(row.params["new"])
                )
                said = ""
            elif row.code in ("acknowledged", "ack_held"):
                detail = row.params.get("case") or row.params.get("reason") or ""
                yield self._happened(row.code, row.at, detail=str(detail))

    # ------------------------------------------------------------ promises

    def promise(self, row: Any, pauses: Sequence[Pause]) -> Iterator[Happening]:
        """How one promise was decided, and how long it took; nothing while it is open, nor when it
        went on as another ticket's or was waived."""
        late = row.due_at is not None and row.met_at is not None and row.met_at > row.due_at
        broken = row.breached_at is not None or late
        if broken:
            at = row.due_at if row.due_at is not None else row.breached_at
            yield self._happened("broken", at, kind=row.kind, detail=self._cause(row, at))
        if row.met_at is None or self._void(row):
            return
        end = row.met_at if row.paused_at is None else min(row.met_at, row.paused_at)
        work = Counting(
            self._policies.counts_in(row.calendar), row.started_at, row.minutes, tuple(pauses)
        )
        yield self._happened(
            "late" if broken else "kept",
            row.met_at,
            kind=row.kind,
            agent_id=self._doer(row.met_at),
            service=work.used(end) // SECOND,
            wall=max(row.met_at - row.started_at, 0) // SECOND,
        )

    def _void(self, row: Any) -> bool:
        return row.breached_at is None and any(
            one.code in VOID and one.at == row.met_at and one.params.get("kind") == row.kind
            for one in self._history.entries
        )

    def _doer(self, at: int) -> int:
        """Who answered or closed at this moment; else whose the ticket was."""
        for one in self._stands:
            if one.at == at and one.code in ("replied", "closed") and one.agent_id:
                return int(one.agent_id)
        return self._as_of(at).agent_id

    def _cause(self, row: Any, at: int) -> str:
        """The first cause of :data:`CAUSES` that holds."""
        within = [one for one in self._stands if row.started_at <= one.at <= at]
        codes = {one.code for one in within}
        hours = self._policies.hours
        held = (
            bool(codes & {"send_failed", "send_unknown", "parked"}),
            any(
                one.code == "sla_paused" and one.params.get("reason") == "third_party"
                for one in within
            ),
            any(code.startswith("reopened") for code in codes),
            not hours.is_open(from_us(row.started_at)),
            not self._as_of(at).agent_id,
        )
        return next((cause for cause, holds in zip(CAUSES, held, strict=False) if holds), "in_hand")


def _states(
    history: History, teams: Mapping[str, int], people: Mapping[str, int]
) -> list[tuple[int, _State]]:
    """(moment, the ticket from then on): what it is now, taken back entry by entry."""
    ticket = history.ticket
    agents = _agents(history, people)
    category, urgency, team_id = ticket.category, ticket.urgency, ticket.team_id
    found: list[tuple[int, _State]] = []
    for place in range(len(history.entries) - 1, -1, -1):
        row = history.entries[place]
        found.append((row.at, _State(category, urgency, team_id, agents[place + 1])))
        if row.code == "category":
            category = row.params["old"]
        elif row.code.startswith("urgency"):
            urgency = row.params["old"]
        elif row.code == "team":
            team_id = teams.get(str(row.params.get("was", "")), team_id)
    found.append((ticket.opened_at, _State(category, urgency, team_id, agents[0])))
    return found[::-1]


def _agents(history: History, people: Mapping[str, int]) -> list[int]:
    """Whose the ticket was before its first entry and after each. Who takes an act back gives it to
    whose it was before, unless it is somebody else's by then."""
    rows = history.entries
    moved = any(row.code in ("assigned", *LET_GO) for row in rows)
    agents = [_given(rows) if moved else history.ticket.assignee_id or 0]
    for place, row in enumerate(rows):
        agent = agents[-1]
        if row.code == "assigned":
            agent = int(row.params.get("id") or people.get(str(row.params.get("agent")), 0))
        elif row.code in LET_GO or (row.code == "team" and row.agent_id and moved):
            agent = 0
        elif row.code == UNDONE and (act := _act_undone(rows, place)):
            agent = agents[act[0]] if agent == agents[act[-1] + 1] else agent
        agents.append(agent)
    return agents


def _given(rows: Sequence[Any]) -> int:
    """Who had the ticket from its beginning, where the desk itself made it; nobody else does."""
    own = (int(row.params.get("id") or 0) for row in rows if row.code in MADE)
    return next(own, 0)


def _act_undone(rows: Sequence[Any], place: int) -> list[int]:
    """The places of what an act had written that the entry at this place says was taken back."""
    said = rows[place]
    return [
        one
        for one, row in enumerate(rows[:place])
        if row.at == said.params.get("of") and row.agent_id == said.agent_id
    ]


# ---------------------------------------------------------------- days and months


def day_of(day: date) -> int:
    """The number of a day since 1970."""
    return day.toordinal() - _EPOCH


def month_of(day: date) -> int:
    """The number of a month since the year 0."""
    return day.year * 12 + day.month - 1


def dated(slot: int) -> date:
    """The day of a number."""
    return date.fromordinal(slot + _EPOCH)


# ---------------------------------------------------------------- periods


class Span(NamedTuple):
    """Whole days of the desk's own time, the last one included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return day_of(self.last) - day_of(self.first) + 1

    @property
    def before(self) -> Span:
        """The period before: the month before a month, else as many days."""
        low = day_of(self.first)
        if self.first.day == 1 and dated(day_of(self.last) + 1).day == 1:
            months = month_of(self.last) - month_of(self.first) + 1
            return Span(month_first(month_of(self.first) - months), dated(low - 1))
        return Span(dated(low - self.days), dated(low - 1))

    def parts(self) -> list[tuple[str, int, int]]:
        """(grain, from, up to): months where they are whole, days around them."""
        low, high = day_of(self.first), day_of(self.last) + 1
        first = month_of(self.first) + (self.first.day > 1)
        last = month_of(dated(high))
        if first >= last:
            return [("d", low, high)]
        marks = [low, day_of(month_first(first)), day_of(month_first(last)), high]
        found = [("d", begin, end) for begin, end in (marks[:2], marks[2:]) if begin < end]
        return [*found, ("m", first, last)]

    def moments(self, zone: ZoneInfo) -> tuple[int, int]:
        """Its first moment and the first one after it."""
        low, high = (
            round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * SECOND
            for day in (self.first, dated(day_of(self.last) + 1))
        )
        return low, high


def month_first(month: int) -> date:
    """The first day of a month by its number."""
    return date(month // 12, month % 12 + 1, 1)
