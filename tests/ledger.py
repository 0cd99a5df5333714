"""A ledger of what people of a desk did, and what follows from it by counting minutes one by one:
no word of the product is asked, be it arithmetic, timeline or reports.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
#: The clocks go back on 1 November there, a week after they did in Berlin.
BEGIN = datetime(2026, 10, 19, tzinfo=UTC)
MINUTES = 50 * 1440
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE = {day: [("09:00", "12:30"), ("13:15", "18:00")] for day in DAYS[:5]}
OFFICE["sat"] = [("22:00", "06:00")]
NIGHT = {day: [("20:00", "04:00")] for day in DAYS}
CLOSED, OPEN = "2026-10-28", {"2026-11-01": [("00:30", "03:30")]}
#: Closed by hand in the middle of it all, told two days before.
LATER = date(2026, 11, 5)
HOURS = {"weekly": OFFICE, "closed": [CLOSED], "open": OPEN}
BERLIN = {"zone": "Europe/Berlin", "weekly": NIGHT, "serves": ["team:security"]}
ANSWERS = ("first_response", "next_response")


# ---------------------------------------------------------------- minutes, counted one by one


def _minute(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _open(zone, weekly, dates):
    """For each minute since the beginning whether somebody is there."""
    found = bytearray(MINUTES)
    periods = {}
    for number in range(-2, MINUTES // 1440 + 2):
        day = BEGIN.date() + timedelta(days=number)
        given = dates.get(day, weekly.get(DAYS[day.weekday()], []))
        spans = [(_minute(one), _minute(other)) for one, other in given]
        periods[day] = [(one, other if other > one else other + 1440) for one, other in spans]
    for minute in range(MINUTES):
        wall = (BEGIN + timedelta(minutes=minute)).astimezone(zone)
        today, at = wall.date(), wall.hour * 60 + wall.minute
        before = today - timedelta(days=1)
        found[minute] = any(one <= at < other for one, other in periods[today]) or any(
            one <= at + 1440 < other for one, other in periods[before]
        )
    return found


class Calendars:
    """Passed open minutes before each minute, by calendar."""

    def __init__(self):
        self.dates = {date.fromisoformat(CLOSED): []}
        self.dates |= {date.fromisoformat(one): given for one, given in OPEN.items()}
        self._berlin = self._sums(_open(ZoneInfo("Europe/Berlin"), NIGHT, {}))
        self.count()

    def count(self):
        desk_hours = self._sums(_open(ZONE, OFFICE, self.dates))
        self.passed = {"always": range(MINUTES + 1), "desk": desk_hours, "berlin": self._berlin}

    @staticmethod
    def _sums(found):
        return [0, *accumulate(found)]


CALENDARS = Calendars()


# ---------------------------------------------------------------- the ledger


@dataclass
class Promise:
    kind: str
    start: int
    minutes: int = 0
    calendar: str = ""
    pauses: list = field(default_factory=list)
    paused: int | None = None
    met: int | None = None
    broken: int | None = None
    void: bool = False
    doer: int = 0

    @property
    def running(self):
        return self.met is None and not self.void

    def used(self, until):
        passed = CALENDARS.passed[self.calendar]
        stops = [(one, min(other, until)) for one, other in self.pauses if one < until]
        stood = sum(passed[other] - passed[one] for one, other in stops)
        return passed[until] - passed[self.start] - stood

    def stood(self, until):
        """What of it was a pause, up to a minute."""
        stops = [*self.pauses, *([(self.paused, until)] if self.paused is not None else [])]
        return [(one, min(other, until)) for one, other in stops if one < until]

    def due(self):
        passed, at, left = CALENDARS.passed[self.calendar], self.start, self.minutes
        for one, other in self.pauses:
            if passed[one] - passed[at] >= left:
                break
            left -= passed[one] - passed[at]
            at = other
        return bisect_left(passed, passed[at] + left, at)


@dataclass(eq=False)
class Ticket:
    id: int
    opened: int
    said: str = ""
    told: list = field(default_factory=list)
    promises: list = field(default_factory=list)
    sender: str = ""
    into: object = None
    closed: bool = False
    gone: bool = False
    answers: int = 0
    reopened: int = 0

    @property
    def now(self):
        return self.told[-1][1]

    def was(self, at):
        """(category, urgency, team, agent) at a minute."""
        state = self.told[0][1]
        for minute, one in self.told:
            if minute > at:
                break
            state = one
        return state

    def open_(self, *kinds):
        return [one for one in self.promises if one.running and one.kind in kinds]


class Ledger:
    def __init__(self, standard):
        self.standard = standard
        self.tickets = {}
        self.counts = Counter()
        self.now = 0

    # promises

    def target(self, ticket, promise):
        category, urgency, team, _ = ticket.now
        wall = urgency == "P1" or category.startswith("security.")
        promise.minutes = self.standard[promise.kind][urgency]
        promise.calendar = "always" if wall else "berlin" if team == 2 else "desk"

    def start(self, ticket, kind, at=None):
        promise = Promise(kind, self.now if at is None else at)
        self.target(ticket, promise)
        ticket.promises.append(promise)

    def retarget(self, ticket):
        for one in ticket.promises:
            if one.running and one.broken is None:
                self.target(ticket, one)

    def sweep(self):
        for ticket in self.tickets.values():
            for one in ticket.promises:
                if one.running and one.broken is None and one.paused is None:
                    due = one.due()
                    if due <= self.now:
                        one.broken = due

    def meet(self, ticket, doer, *kinds):
        for one in ticket.open_(*kinds):
            one.met, one.doer = self.now, doer or ticket.now[3]

    def pause(self, ticket):
        for one in ticket.open_("resolution"):
            if one.broken is None and one.paused is None:
                one.paused = self.now

    def resume(self, ticket):
        for one in ticket.promises:
            if one.running and one.paused is not None:
                one.pauses.append((one.paused, self.now))
                one.paused = None

    def heard(self, ticket):
        if not ticket.open_(*ANSWERS):
            self.start(ticket, "next_response")
        self.resume(ticket)
        if not ticket.open_("resolution"):
            self.start(ticket, "resolution")

    def void(self, ticket):
        for one in ticket.promises:
            if one.running and one.broken is None:
                one.void, one.paused = True, None
        ticket.promises = [one for one in ticket.promises if not one.void]

    def merge(self, gone, kept):
        heirs = {}
        for one in [one for one in gone.promises if one.running]:
            group = ANSWERS if one.kind in ANSWERS else (one.kind,)
            twins = kept.open_(*group)
            if not twins:
                self.start(kept, one.kind, one.start)
                kept.promises[-1].pauses = one.stood(self.now)
            elif one.start < twins[0].start and twins[0].broken is None:
                twins[0].pauses = [*one.stood(twins[0].start), *twins[0].pauses]
                twins[0].start = one.start
            heirs[id(one)] = twins[0] if twins else kept.promises[-1]
        self.retarget(kept)
        gone.promises = [
            one
            for one in gone.promises
            if not one.running or (one.broken is not None and not self.over(heirs[id(one)]))
        ]

    def over(self, promise):
        if promise.broken is None and promise.paused is None:
            return promise.due() <= self.now
        return promise.broken is not None
