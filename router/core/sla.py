"""The promises: how many minutes each urgency has, and the moment that makes.

P1 counts round the clock, the rest counts service hours only. A promise that pauses keeps what is
``left`` of its time and is due anew from the moment it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from router.core.hours import ALWAYS, Calendar
from router.errors import Invalid

KINDS = ("first_response", "next_response", "resolution")
URGENCIES = ("P1", "P2", "P3", "P4")
ROUND_THE_CLOCK = "P1"
_MICROSECOND = timedelta(microseconds=1)


class Policies:
    """The desk's promised times over its service hours. Changes never."""

    def __init__(
        self,
        first_response: Mapping[str, int],
        next_response: Mapping[str, int],
        resolution: Mapping[str, int],
        calendar: Calendar,
    ) -> None:
        """Raises Invalid unless each promise has a positive number for each urgency."""
        self._minutes = {
            "first_response": dict(first_response),
            "next_response": dict(next_response),
            "resolution": dict(resolution),
        }
        self.hours = calendar
        for kind, minutes in self._minutes.items():
            check(kind, minutes)

    def calendar(self, urgency: str) -> Calendar:
        """The hours this urgency counts in."""
        return ALWAYS if urgency == ROUND_THE_CLOCK else self.hours

    def minutes(self, kind: str, urgency: str) -> int:
        """The promised minutes."""
        return self._minutes[kind][urgency]

    def due(self, kind: str, urgency: str, start: datetime) -> datetime:
        """The moment a promise that begins at ``start`` must be kept by."""
        return self.calendar(urgency).due(start, self._minutes[kind][urgency])

    def promise(self, urgency: str, now: datetime) -> datetime:
        """When a person will answer at the latest: what an acknowledgement may honestly say."""
        return self.due("first_response", urgency, now)

    def remaining(self, urgency: str, now: datetime, due: datetime) -> timedelta:
        """Time left that counts; none when it is overdue."""
        return self.calendar(urgency).open_time(now, due)

    def left(self, urgency: str, now: datetime, due: datetime) -> int:
        """The same in whole microseconds: what a clock keeps while it is paused."""
        return self.remaining(urgency, now, due) // _MICROSECOND

    def resume(self, urgency: str, now: datetime, left_us: int) -> datetime:
        """When a paused clock that goes on now is due, with what was ``left`` of it."""
        return self.calendar(urgency).after(now, left_us * _MICROSECOND)


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
