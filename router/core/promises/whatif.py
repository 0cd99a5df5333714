"""What would have been: a desk's own history held against other promises, and answered again by
another number of people.

The first is arithmetic and exact: each promise is counted anew with its own beginning, pauses and
end. The second is a play with stated assumptions: every answer takes the same time, the most urgent
is answered next, nobody is interrupted, and people are there in service hours alone but for those
on call, who answer what cannot wait. Moments and spans are whole microseconds.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from router.core.promises.hours import Calendar, Pause
from router.core.promises.sla import ROUND_THE_CLOCK, Counting, Matter, Policies

_HOUR = 3_600_000_000
#: An answer takes between so long and so long where that can be told from history.
QUICKEST, SLOWEST = 60_000_000, 45 * 60_000_000
#: So many pairs of answers tell how long one takes.
ENOUGH = 20
#: More people than this are not tried.
MOST_PEOPLE = 400


class Past(NamedTuple):
    """One promise of the past: what it was about, how it was counted, and when it ended (None while
    it runs). ``pauses`` are settled."""

    kind: str
    matter: Matter
    minutes: int
    calendar: str
    started_at: int
    ended_at: int | None
    pauses: tuple[Pause, ...] = ()


class Outcome(NamedTuple):
    """How promises of one kind and urgency ended."""

    kept: int = 0
    broken: int = 0

    @property
    def share(self) -> float | None:
        """Kept of a hundred; None where nothing was decided."""
        decided = self.kept + self.broken
        return 100 * self.kept / decided if decided else None


Outcomes = dict[tuple[str, str], Outcome]


def as_it_was(pasts: Iterable[Past], policies: Policies, now: int) -> Outcomes:
    """Each promise as it was given."""

    def due(one: Past) -> int:
        hours = policies.counts_in(one.calendar)
        return Counting(hours, one.started_at, one.minutes, one.pauses).due()

    return _judged(pasts, due, now)


def as_it_would_be(pasts: Iterable[Past], policies: Policies, now: int) -> Outcomes:
    """The same answers at the same moments, under other promises or hours."""
    return _judged(pasts, lambda one: due_under(policies, one), now)


def due_under(policies: Policies, one: Past) -> int:
    """When a promise would be due under these policies."""
    promise = policies.promised(one.kind, one.matter)
    hours = policies.counts_in(promise.calendar)
    return Counting(hours, one.started_at, promise.minutes, one.pauses).due()


def _judged(pasts: Iterable[Past], due: Callable[[Past], int], now: int) -> Outcomes:
    kept, broken = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in pasts:
        key = (one.kind, one.matter.urgency)
        moment = due(one)
        if one.ended_at is not None and one.ended_at < moment:
            kept[key] += 1
        elif one.ended_at is not None or moment <= now:
            broken[key] += 1
    return {key: Outcome(kept[key], broken[key]) for key in {*kept, *broken}}


# ---------------------------------------------------------------- people


class Demand(NamedTuple):
    """An answer that was owed: since when, until when, and whether it cannot wait for opening."""

    arrived_at: int
    due_at: int
    urgent: bool


def demand(pasts: Iterable[Past], policies: Policies) -> list[Demand]:
    """The answers of the past in the order they were asked for, due as these policies say."""
    owed = [
        Demand(
            one.started_at,
            due_under(policies, one),
            one.matter.security or one.matter.urgency == ROUND_THE_CLOCK,
        )
        for one in pasts
        if one.kind != "resolution"
    ]
    return sorted(owed)


def handling(replies: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """How long an answer takes, from who (id) answered when, in that order of time: the median of
    the gaps between two answers of one person, as far as a gap can be work; (span, gaps). No gaps:
    a span of 0."""
    last: dict[int, int] = {}
    gaps = []
    for agent, at in replies:
        gap = at - last.get(agent, at - SLOWEST - 1)
        if QUICKEST <= gap <= SLOWEST:
            gaps.append(gap)
        last[agent] = at
    return (sorted(gaps)[len(gaps) // 2] if gaps else 0), len(gaps)


@dataclass(frozen=True, slots=True)
class Crew:
    """How many are there: in service hours, and on call at any other time."""

    people: int
    on_call: int = 1


class Played(NamedTuple):
    """A history answered again: how many in time, and when each answer was begun."""

    in_time: int
    begun: list[int]

    @property
    def share(self) -> float | None:
        """In time of a hundred."""
        return 100 * self.in_time / len(self.begun) if self.begun else None


def play(owed: Sequence[Demand], hours: Calendar, crew: Crew, span: int) -> Played:
    """Answer everything again with this crew, each answer taking ``span``."""
    if not owed:
        return Played(0, [])
    table = _Table(owed, hours, crew, span)
    while table.busy_with():
        pass
    return Played(table.in_time, sorted(table.begun))


class _Table:
    """One play: what waits, who is at work, what o'clock it is."""

    def __init__(self, owed: Sequence[Demand], hours: Calendar, crew: Crew, span: int) -> None:
        self._owed, self._crew, self._span = owed, crew, span
        last = owed[-1].arrived_at + 60 * 24 * _HOUR
        open_ = list(hours.stretches(owed[0].arrived_at, last))
        self._starts, self._ends = [one for one, _ in open_], [one for _, one in open_]
        self._now, self._next = owed[0].arrived_at, 0
        self._urgent: list[tuple[int, int]] = []
        self._calm: list[tuple[int, int]] = []
        self._at_work: list[int] = []
        self.in_time, self.begun = 0, list[int]()

    def busy_with(self) -> bool:
        """Do what can be done now and go on to the next moment; False once all is answered."""
        while self._next < len(self._owed) and self._owed[self._next].arrived_at <= self._now:
            one = self._owed[self._next]
            heapq.heappush(self._urgent if one.urgent else self._calm, (one.due_at, self._next))
            self._next += 1
        while self._at_work and self._at_work[0] <= self._now:
            heapq.heappop(self._at_work)
        open_ = self._is_open()
        there = self._crew.people if open_ else min(self._crew.on_call, self._crew.people)
        while len(self._at_work) < there and (queue := self._whose(open_=open_)):
            due, _ = heapq.heappop(queue)
            done = self._now + self._span
            heapq.heappush(self._at_work, done)
            self.begun.append(self._now)
            self.in_time += done < due
        moment = self._following(open_=open_)
        if moment is None:
            return False
        self._now = moment
        return True

    def _whose(self, *, open_: bool) -> list[tuple[int, int]]:
        return self._urgent or (self._calm if open_ else [])

    def _is_open(self) -> bool:
        place = bisect_right(self._starts, self._now) - 1
        return place >= 0 and self._now < self._ends[place]

    def _following(self, *, open_: bool) -> int | None:
        """The next moment at which anything can change."""
        moments = []
        if self._next < len(self._owed):
            moments.append(self._owed[self._next].arrived_at)
        if self._at_work and (self._urgent or self._calm):
            moments.append(self._at_work[0])
        if self._calm and not open_:
            place = bisect_right(self._starts, self._now)
            if place < len(self._starts):
                moments.append(self._starts[place])
        return min(moments) if moments else None


def fewest(owed: Sequence[Demand], hours: Calendar, on_call: int, span: int, goal: float) -> int:
    """The fewest people in service hours who answer this share of a hundred in time; 0 when no
    number of them does (what is due before anybody can have answered stays late)."""
    low, high = 1, 1
    while not _reaches(owed, hours, Crew(high, on_call), span, goal):
        low, high = high + 1, high * 2
        if high > MOST_PEOPLE:
            return 0
    while low < high:
        middle = (low + high) // 2
        if _reaches(owed, hours, Crew(middle, on_call), span, goal):
            high = middle
        else:
            low = middle + 1
    return low


def _reaches(owed: Sequence[Demand], hours: Calendar, crew: Crew, span: int, goal: float) -> bool:
    share = play(owed, hours, crew, span).share
    return share is None or share >= goal


# ---------------------------------------------------------------- by the hour


class Hourly(NamedTuple):
    """An hour of the day: answers asked for and answers waiting at its beginning, a day on average,
    and how many people its busy days need."""

    asked: float
    waiting: float
    needed: int


def by_hour(
    owed: Sequence[Demand], played: Played, tops: Sequence[tuple[int, int]], span: int
) -> list[Hourly]:
    """The 24 hours of the day. ``tops`` are (moment, hour of the day) of every hour of the period;
    the people needed are those who answer in an hour what comes in it on nine days of ten."""
    arrived = [one.arrived_at for one in owed]
    asked: list[list[int]] = [[] for _ in range(24)]
    waiting: list[list[int]] = [[] for _ in range(24)]
    for moment, hour in tops:
        before = bisect_left(arrived, moment)
        asked[hour].append(bisect_left(arrived, moment + _HOUR) - before)
        waiting[hour].append(before - bisect_left(played.begun, moment))
    return [
        Hourly(_mean(asked[hour]), _mean(waiting[hour]), ceil(_ninth(asked[hour]) * span / _HOUR))
        for hour in range(24)
    ]


def _mean(counts: Sequence[int]) -> float:
    return sum(counts) / len(counts) if counts else 0.0


def _ninth(counts: Sequence[int]) -> int:
    return sorted(counts)[min(len(counts) * 9 // 10, len(counts) - 1)] if counts else 0
