"""The time. The only room that reads a clock; everybody else is told what time it is.

Moments are aware UTC datetimes in the program and whole microseconds since 1970 in the database;
:func:`to_us` and :func:`from_us` change one into the other without ever touching a float.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Whoever knows what time it is."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251  # the one place that may ask


class FrozenClock:
    """A clock that stands still until it is moved: for tests, and to play hours in a second."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was last set to."""
        return self._at

    def advance(self, span: timedelta) -> None:
        """Let so much time pass."""
        self._at += span

    def set(self, at: datetime) -> None:
        """Jump there; backwards too, as real clocks do."""
        self._at = at.astimezone(UTC)


def to_us(at: datetime) -> int:
    """Whole microseconds since 1970 UTC. A naive datetime is an error: nobody knows its zone."""
    return (at - EPOCH) // _MICROSECOND


def from_us(moment: int) -> datetime:
    """The aware UTC datetime of so many microseconds since 1970."""
    return EPOCH + timedelta(microseconds=moment)


def monotonic() -> float:
    """Seconds that only ever grow, for time-outs; they say nothing about the time of day."""
    return time.monotonic()
