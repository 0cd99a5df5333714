"""Weekly patterns and dates as people write them, read into minutes and days.

A day is a whole number of days since 1970; a period is minutes from its day's midnight. Whatever
cannot be meant is refused with :class:`~router.errors.Invalid`: ``field`` is the setting, ``given``
what stands there, ``write`` what to write instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from router.core.clock import EPOCH
from router.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: One weekly pattern as it is written: a day's periods, each ``("08:00", "22:00")``.
Weekly = Mapping[str, Sequence[tuple[str, str]]]

_WHOLE = 24 * 60
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
#: A period as people type it; full-width signs were made plain before.
_SPAN = re.compile(r"(\d{1,2}:\d{2})\s*[-–—~]+\s*(\d{1,2}:\d{2})", re.ASCII)
_BETWEEN = re.compile(r"[\s,;、。]*")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of one day in minutes from its midnight; ``end`` may lie in the next day."""

    start: int
    end: int

    @classmethod
    def read(cls, start: str, end: str, *, where: str) -> Period:
        """``("22:00", "06:00")``: an end at or before the start is that of the next day, so
        ``("08:00", "08:00")`` lasts a whole day. Raises Invalid that names ``where``."""
        first, last = minutes(start, where), minutes(end, where)
        if first == _WHOLE:
            raise Invalid(
                where, "empty_period", given=f"{start}-{end}", write="00:00 of the next day"
            )
        return cls(first, last if last > first else last + _WHOLE)


Week = tuple[tuple[Period, ...], ...]


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise Invalid("zone", "unknown_zone", given=name, write="Asia/Shanghai") from fault


def minutes(text: object, where: str) -> int:
    """``08:30`` as minutes from midnight; ``24:00`` is the end of a day."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise Invalid(where, "bad_time", given=str(text), write="HH:MM, from 00:00 to 24:00")
    return int(text[:2]) * 60 + int(text[3:])


def periods(given: Sequence[Any], where: str) -> tuple[Period, ...]:
    """The periods of one day."""
    for one in given:
        if not isinstance(one, list | tuple) or len(one) != 2:
            raise Invalid(where, "bad_period", given=str(one), write='["08:00", "22:00"]')
    return tuple(Period.read(start, end, where=where) for start, end in given)


def typed(text: str, where: str) -> tuple[tuple[str, str], ...]:
    """The periods of a day as somebody typed them: ``8:00-12:00, 14:00–22:00``, none for nothing.
    Raises Invalid for what is no period."""
    plain = unicodedata.normalize("NFKC", text)
    if not _BETWEEN.fullmatch(_SPAN.sub("", plain)):
        raise Invalid(where, "bad_periods", given=text, write="10:00-16:00, 18:00-20:00")
    return tuple((one.zfill(5), other.zfill(5)) for one, other in _SPAN.findall(plain))


def clash(weekly: Weekly) -> tuple[str, str, str] | None:
    """The first two periods of a week that hold the same minute: the later one's day, and both as
    they are written; None where there are none. Sunday's night reaches into Monday."""
    found = sorted(
        (number * _WHOLE + one.start, number * _WHOLE + one.end, day, f"{start}-{end}")
        for number, day in enumerate(DAYS)
        for start, end in weekly.get(day, ())
        for one in [Period.read(start, end, where=f"weekly.{day}")]
    )
    if not found:
        return None
    first = found[0]
    around = (first[0] + 7 * _WHOLE, first[1] + 7 * _WHOLE, first[2], first[3])
    for (_, end, _, one), (start, _, day, other) in pairwise([*found, around]):
        if start < end:
            return day, one, other
    return None


def week(weekly: Weekly) -> Week:
    """Seven days from Monday; a day left out is closed."""
    for one in weekly:
        if one not in DAYS:
            raise Invalid(f"weekly.{one}", "unknown_day", given=one, write=", ".join(DAYS))
    return tuple(periods(weekly.get(one, ()), f"weekly.{one}") for one in DAYS)


def dates(
    closed: Collection[str], opened: Mapping[str, Sequence[tuple[str, str]]]
) -> dict[int, tuple[Period, ...]]:
    """Days with periods of their own, or none; a day in both is refused."""
    found: dict[int, tuple[Period, ...]] = {day(one, "closed"): () for one in closed}
    for one, given in opened.items():
        number = day(one, "open")
        if number in found:
            raise Invalid(f"open.{one}", "open_and_closed", given=one, write="it in one of the two")
        found[number] = periods(given, f"open.{one}")
    return found


def day(text: Any, where: str) -> int:
    """``2026-10-01`` as days since 1970."""
    try:
        read = date.fromisoformat(text)
    except (ValueError, TypeError):
        read = None
    if read is None or read.isoformat() != text:  # week dates and 20261001 are ISO, too, but rare
        raise Invalid(where, "bad_date", given=str(text), write="YYYY-MM-DD, such as 2026-10-01")
    return (read - EPOCH.date()).days


def dated(number: int) -> date:
    """The date of so many days since 1970."""
    return EPOCH.date() + timedelta(days=number)
