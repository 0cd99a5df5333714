"""The promises: which policy holds for a matter, how many minutes it gives, in whose hours.

A promise counts service time in one calendar, or every hour of the day: P1 and all security matters
do, whatever a policy says. Time in a pause does not count. All moments here are whole microseconds
since 1970 unless they are datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

from router.core.clock import from_us, to_us
from router.core.promises.hours import ALWAYS, Calendar, Pause
from router.errors import Invalid

KINDS = ("first_response", "next_response", "resolution")
URGENCIES = ("P1", "P2", "P3", "P4")
ROUND_THE_CLOCK = "P1"
#: The calendars that are always there: the desk's own hours, and every hour of every day.
DESK, WALL = "desk", "always"
#: What the tables of [sla] are called.
STANDARD = "standard"
_MINUTE = 60_000_000
#: When a promise is over that nobody will be there to keep: later than any moment that is counted,
#: so that it sorts last. A recount under other hours brings it back.
NEVER = to_us(datetime(2999, 1, 1, tzinfo=UTC))


class Matter(NamedTuple):
    """What of a ticket decides which promises hold."""

    urgency: str
    category: str = ""
    channel: str = ""
    account: str = ""
    team: str = ""
    language: str = ""
    security: bool = False


class Promise(NamedTuple):
    """So many minutes, counted in that calendar, because of that policy."""

    policy: str
    calendar: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Policy:
    """Promised minutes for some matters; an empty condition holds for all, the first policy that
    fits wins. A kind without minutes keeps the standard's."""

    name: str
    minutes: Mapping[str, int] = field(default_factory=dict)
    urgency: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    calendar: str = ""
    warn: tuple[float, ...] | None = None

    def fits(self, matter: Matter) -> bool:
        """Whether it holds for such a matter; ``*`` in a condition stands for anything."""
        asked = (
            (self.urgency, matter.urgency),
            (self.category, matter.category),
            (self.channel, matter.channel),
            (self.team, matter.team),
            (self.language, matter.language),
        )
        return all(
            not wanted or any(fnmatchcase(found, one) for one in wanted) for wanted, found in asked
        )


@dataclass(frozen=True, slots=True)
class Hours:
    """A calendar with a name, and whom it serves: ``team:security``, ``channel:email``,
    ``mailbox:email.support``."""

    calendar: Calendar
    serves: tuple[str, ...] = ()


class Policies:
    """The desk's promised times over its calendars. Changes never but by :meth:`follow`."""

    def __init__(
        self,
        minutes: Mapping[str, Mapping[str, int]],
        calendar: Calendar,
        *,
        own: Sequence[Policy] = (),
        calendars: Mapping[str, Hours] | None = None,
        warn: Sequence[float] = (),
    ) -> None:
        """``minutes`` by kind and urgency; ``calendar`` is the desk's; ``warn`` the fractions of a
        promise that are told of.

        Raises Invalid unless each promise has a positive number for each urgency.
        """
        self._minutes = {kind: dict(minutes[kind]) for kind in KINDS}
        for kind, given in self._minutes.items():
            check(kind, given)
        self.own = tuple(own)
        self._names = frozenset((STANDARD, *(one.name for one in self.own)))
        self.warn = tuple(sorted(warn))
        self._take(calendar, calendars or {})
        #: Teams by their ids; whoever follows the database fills them in.
        self.teams: Mapping[int, str] = {}

    def _take(self, calendar: Calendar, calendars: Mapping[str, Hours]) -> None:
        self.hours = calendar
        self._calendars = {DESK: calendar, WALL: ALWAYS} | {
            name: one.calendar for name, one in calendars.items()
        }
        self._serving = {name: key for key, one in calendars.items() for name in one.serves}

    def follow(self, newer: Policies) -> None:
        """Take up calendars and policies that were changed meanwhile."""
        self.hours, self._calendars, self._serving = newer.hours, newer._calendars, newer._serving
        self._minutes, self.own, self.warn = newer._minutes, newer.own, newer.warn
        self._names = newer._names

    # ------------------------------------------------------------ which promise

    def promised(self, kind: str, matter: Matter) -> Promise:
        """What is promised to such a matter."""
        policy = next((one for one in self.own if one.fits(matter)), None)
        minutes = policy.minutes.get(kind) if policy else None
        if minutes is None:
            minutes = self._minutes[kind][matter.urgency]
        name = policy.name if policy else STANDARD
        if matter.urgency == ROUND_THE_CLOCK or matter.security:
            return Promise(name, WALL, minutes)
        return Promise(name, (policy.calendar if policy else "") or self._serves(matter), minutes)

    def _serves(self, matter: Matter) -> str:
        if not self._serving:
            return DESK
        asked = (
            f"mailbox:{matter.channel}.{matter.account}",
            f"channel:{matter.channel}",
            f"team:{matter.team}",
        )
        return next((self._serving[one] for one in asked if one in self._serving), DESK)

    def serving(self, channel: str, account: str) -> Calendar:
        """The hours in which whoever writes to this account of a channel is answered."""
        return self.counts_in(self._serves(Matter("", channel=channel, account=account)))

    def warnings(self, policy: str) -> tuple[float, ...]:
        """The fractions of a promise at which somebody is warned."""
        for one in self.own:
            if one.name == policy and one.warn is not None:
                return one.warn
        return self.warn

    def counts_in(self, key: str) -> Calendar:
        """The calendar of a promise; the desk's own when there is none of that name any more."""
        return self._calendars.get(key, self.hours)

    def has(self, policy: str) -> bool:
        """Whether there is a policy of that name; one that is gone leaves its promises alone."""
        return policy in self._names

    def knows(self, key: str) -> bool:
        """Whether there is a calendar of that name."""
        return key in self._calendars

    # ------------------------------------------------------------ the desk as a whole

    def calendar(self, urgency: str) -> Calendar:
        """The hours this urgency counts in where no policy says otherwise."""
        return ALWAYS if urgency == ROUND_THE_CLOCK else self.hours

    def minutes(self, kind: str, urgency: str) -> int:
        """The standard minutes."""
        return self._minutes[kind][urgency]

    def due(self, kind: str, urgency: str, start: datetime) -> datetime:
        """The moment a standard promise that begins at ``start`` must be kept by."""
        minutes = self._minutes[kind][urgency]
        return from_us(Counting(self.calendar(urgency), to_us(start), minutes).due())

    def promise(self, urgency: str, now: datetime) -> datetime:
        """When a person will answer at the latest: what an acknowledgement may honestly say."""
        return self.due("first_response", urgency, now)


class Counting(NamedTuple):
    """A promise at work: when it began, how long it is, where it counts, where it stood still."""

    hours: Calendar
    started_at: int
    minutes: int
    pauses: tuple[Pause, ...] = ()

    def due(self) -> int:
        """When the last minute of it is over; NEVER when nobody is there for so long."""
        return self.reached(1)

    def used(self, now: int) -> int:
        """How much of it has been used up."""
        return self.hours.open_us(self.started_at, now, self.pauses)

    def left(self, now: int) -> int:
        """How much is left; none when it is overdue."""
        return max(self.minutes * _MINUTE - self.used(now), 0)

    def reached(self, fraction: float) -> int:
        """When so much of it is used up; NEVER when nobody is there for so long."""
        span = round(self.minutes * _MINUTE * fraction)
        try:
            return self.hours.after_us(self.started_at, span, self.pauses)
        except Invalid:
            return NEVER


def foreseen(at: datetime | None) -> datetime | None:
    """A moment by which something is promised, or None where nobody can name one."""
    return None if at is None or to_us(at) >= NEVER else at


def check(kind: str, minutes: Mapping[str, int]) -> None:
    """Raise Invalid unless there is a positive number of minutes for each urgency, no more."""
    for urgency in URGENCIES:
        if minutes.get(urgency, 0) <= 0:
            given = str(minutes.get(urgency, "nothing"))
            raise Invalid(f"{kind}.{urgency}", "no_minutes", given=given, write="minutes above 0")
    for urgency in minutes:
        if urgency not in URGENCIES:
            raise Invalid(
                f"{kind}.{urgency}", "unknown_urgency", given=urgency, write=", ".join(URGENCIES)
            )
