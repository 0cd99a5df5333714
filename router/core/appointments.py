"""When something comes again and again at an hour of the desk's own day, and what it then tells of.

A day, a week or a month is told once it is over: the day before, Monday to Sunday, the month.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from router.core.figures import Span

EVERY = ("day", "week", "month")


def following(every: str, hour: int, zone: ZoneInfo, after: datetime) -> datetime:
    """The first appointment after a moment: any day, a Monday, or the first of a month."""
    day = after.astimezone(zone).date()
    while True:
        at = datetime.combine(day, time(hour), zone)
        if _falls(every, day) and at > after:
            return at
        day += timedelta(days=1)


def _falls(every: str, day: date) -> bool:
    return every == "day" or (day.weekday() == 0 if every == "week" else day.day == 1)


def told(every: str, zone: ZoneInfo, at: datetime) -> Span:
    """The days that an appointment tells of."""
    last = at.astimezone(zone).date() - timedelta(days=1)
    if every == "day":
        return Span(last, last)
    if every == "week":
        return Span(last - timedelta(days=6), last)
    return Span(last.replace(day=1), last)
