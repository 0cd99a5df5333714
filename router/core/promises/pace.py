"""How long somebody really waits: who stands before them, and how fast people answer.

An expectation is never a promise: what a requester is told is the promise, or earlier where the
queue says so, or later where the queue says that the promise will not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from router.core.promises.hours import Calendar
from router.errors import Invalid

#: With fewer answers than these lately nobody can say how fast people are.
ENOUGH = 20
#: Times are told to ten minutes, and nobody is told that less than a quarter of an hour suffices.
_STEP = timedelta(minutes=10)
_LEAST = timedelta(minutes=15)


class Queue(NamedTuple):
    """One team's queue: who waits for an answer, and answers a service hour lately."""

    waiting: int
    answered: int
    hours: float


class Pace:
    """What was last seen of the queues; read by many threads, replaced as a whole."""

    def __init__(self) -> None:
        """Nothing was seen yet, so nothing is expected."""
        self._seen: Mapping[int, Queue] = {}

    def take(self, seen: Mapping[int, Queue]) -> None:
        """Take up what was seen now."""
        self._seen = dict(seen)

    def expected(self, team_id: int, calendar: Calendar, now: datetime) -> datetime | None:
        """When somebody who writes now is answered, as the queue goes; None when it is unknown."""
        queue = self._seen.get(team_id)
        if queue is None or queue.answered < ENOUGH or queue.hours <= 0:
            return None
        hours = (queue.waiting + 1) * queue.hours / queue.answered
        try:
            at = calendar.after(now, max(timedelta(hours=hours), _LEAST))
        except (Invalid, OverflowError):
            return None
        over = timedelta(minutes=at.minute % 10, seconds=at.second, microseconds=at.microsecond)
        return at if not over else at - over + _STEP


def told(promised: datetime | None, expected: datetime | None) -> datetime | None:
    """What may be said: the expectation where there is one, else the promise."""
    return expected or promised
