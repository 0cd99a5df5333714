"""Service hours: when people are there, and time counted only while they are.

A calendar is a weekly pattern in a zone, with dates that are closed or have periods of their own.
It is open exactly while the zone's wall clock reads a time inside a period, so an hour that the
clock skips is not served and one that it repeats is served twice. A period is half-open: at 22:00
sharp a desk that closes at 22:00 is closed. One that ends before it starts runs past midnight and
belongs to the day it begins on: a closed date does not cut short the night before it.

Inside, everything is whole microseconds since 1970 UTC. Open intervals are computed once for each
block of days and kept; a question is then two bisections.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from router.core.clock import EPOCH, from_us, to_us
from router.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
_BLOCK = 32 * _DAY
#: How far ahead an opening is looked for: 20 years. Past it there is none.
_HORIZON = 230
_KEPT = 512
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of one day in minutes from its midnight; ``end`` may lie in the next day."""

    start: int
    end: int

    @classmethod
    def read(cls, start: str, end: str, *, where: str) -> Period:
        """``("22:00", "06:00")``; raises Invalid that names ``where`` and what to write."""
        first, last = _minutes(start, where), _minutes(end, where)
        if first == last or start == "24:00":
            raise Invalid(
                where, "empty_period", given=f"{start}-{end}", write="00:00-24:00 for a whole day"
            )
        return cls(first, last if last > first else last + 24 * 60)


@dataclass(frozen=True, slots=True)
class _Block:
    """The open intervals of some days, and how much open time there is before each."""

    starts: list[int]
    ends: list[int]
    before: list[int]
    upto: list[int]

    @property
    def total(self) -> int:
        return self.upto[-1] if self.upto else 0

    def open_before(self, at: int) -> int:
        """Open time between the block's beginning and ``at``."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        return self.before[index] + min(at, self.ends[index]) - self.starts[index]

    def moment(self, opened: int) -> int:
        """The first moment before which there is so much open time (more than none)."""
        index = bisect_left(self.upto, opened)
        return self.starts[index] + opened - self.before[index]


class Calendar:
    """When a desk is open. Changes never; may be shared by threads."""

    def __init__(
        self,
        zone: str,
        weekly: Mapping[str, Sequence[tuple[str, str]]],
        closed: Collection[str] = (),
        open: Mapping[str, Sequence[tuple[str, str]]] | None = None,  # noqa: A002  # the setting's name
    ) -> None:
        """Raises Invalid: ``field`` is the setting, ``given`` and ``write`` say what to write."""
        self.zone = zone
        self._zone = _zone(zone)
        self._weekly = _week(weekly)
        self._dates = _dates(closed, open or {})
        if not any(self._weekly) and not any(self._dates.values()):
            raise Invalid("weekly", "never_open", given="{}", write='mon = [["08:00", "22:00"]]')
        self._whole = not self._dates and all(
            any(one.start == 0 and one.end == 24 * 60 for one in day) for day in self._weekly
        )
        self._blocks: dict[int, _Block] = {}

    # ------------------------------------------------------------ questions

    def is_open(self, at: datetime) -> bool:
        """Whether people are there at this moment."""
        return self._whole or self._closing(to_us(at)) is not None

    def next_open(self, at: datetime) -> datetime:
        """The same moment when it is open, else the next opening; raises Invalid when there is
        none within 20 years."""
        if self.is_open(at):
            return at
        moment = to_us(at)
        for number in self._from(moment):
            block = self._block(number)
            index = bisect_left(block.starts, moment)
            if index < len(block.starts):
                return from_us(block.starts[index])
        raise _never()

    def closes_at(self, at: datetime) -> datetime | None:
        """When the doors close next; None when they are closed already or never close."""
        end = None if self._whole else self._closing(to_us(at))
        while end is not None and end % _BLOCK == 0:
            following = self._closing(end)
            if following is None:
                break
            if following - to_us(at) > _HORIZON * _BLOCK:
                return None
            end = following
        return None if end is None else from_us(end)

    def next_change(self, at: datetime) -> datetime | None:
        """When the doors open or close next; None when they never do again."""
        if self.is_open(at):
            return self.closes_at(at)
        try:
            return self.next_open(at)
        except Invalid:
            return None

    # ------------------------------------------------------------ arithmetic

    def due(self, start: datetime, minutes: float) -> datetime:
        """When so many minutes of open time have passed since ``start``: the first such moment, so
        a span that ends with the day is due at closing time, not the next morning."""
        return self.after(start, timedelta(minutes=minutes))

    def after(self, start: datetime, span: timedelta) -> datetime:
        """The same for any span; raises Invalid when it is negative, or when there is not so much
        open time within 20 years."""
        left = span // _MICROSECOND
        if left < 0:
            raise Invalid("minutes", "negative", given=str(span), write="0 or more")
        moment = to_us(start)
        if left == 0 or self._whole:
            return from_us(moment + left)
        for number in self._from(moment):
            block = self._block(number)
            passed = block.open_before(moment)
            if passed + left <= block.total:
                return from_us(block.moment(passed + left))
            left -= block.total - passed
        raise _never()

    def open_time(self, begin: datetime, end: datetime) -> timedelta:
        """Open time between two moments; none when the second is not later."""
        first, last = to_us(begin), to_us(end)
        if last <= first:
            return timedelta()
        if self._whole:
            return (last - first) * _MICROSECOND
        low, high = first // _BLOCK, last // _BLOCK
        passed = self._block(high).open_before(last) - self._block(low).open_before(first)
        between = sum(self._block(number).total for number in range(low, high))
        return (passed + between) * _MICROSECOND

    def open_minutes(self, begin: datetime, end: datetime) -> float:
        """The same in minutes."""
        return self.open_time(begin, end) / timedelta(minutes=1)

    # ------------------------------------------------------------ intervals

    def _closing(self, moment: int) -> int | None:
        """The end of the interval that holds this moment, at most the end of its block."""
        block = self._block(moment // _BLOCK)
        index = bisect_right(block.starts, moment) - 1
        return block.ends[index] if index >= 0 and moment < block.ends[index] else None

    @staticmethod
    def _from(moment: int) -> range:
        return range(moment // _BLOCK, moment // _BLOCK + _HORIZON)

    def _block(self, number: int) -> _Block:
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) >= _KEPT:
                self._blocks.clear()
            block = self._blocks[number] = self._build(number * _BLOCK, (number + 1) * _BLOCK)
        return block

    def _build(self, low: int, high: int) -> _Block:
        block = _Block([], [], [], [])
        total = 0
        for start, end in _merged(sorted(self._open_intervals(low, high))):
            block.starts.append(start)
            block.ends.append(end)
            block.before.append(total)
            total += end - start
            block.upto.append(total)
        return block

    def _open_intervals(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Periods as wall clocks show them, laid over each stretch of one UTC offset."""
        for begin, end, offset in self._stretches(low, high):
            # From the day before: its last period may run past midnight.
            for day in range((begin + offset) // _DAY - 1, (end + offset - 1) // _DAY + 1):
                midnight = day * _DAY - offset
                for period in self._periods(day):
                    start = max(midnight + period.start * _MINUTE, begin)
                    stop = min(midnight + period.end * _MINUTE, end)
                    if start < stop:
                        yield start, stop

    def _periods(self, day: int) -> Sequence[Period]:
        own = self._dates.get(day)
        return self._weekly[(day + _FIRST_WEEKDAY) % 7] if own is None else own

    def _stretches(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """(from, to, offset): the times between two changes of the zone's clock."""
        begin, offset = low, self._offset(low)
        for earlier, later in pairwise([*range(low, high, _DAY), high]):
            following = self._offset(later)
            if following == offset:
                continue
            change = self._change(earlier, later)
            yield begin, change, offset
            begin, offset = change, following
        if begin < high:
            yield begin, high, offset

    def _change(self, earlier: int, later: int) -> int:
        """The second in which the offset becomes that of ``later``."""
        offset = self._offset(later)
        while later - earlier > _SECOND:
            middle = (earlier + later) // 2 // _SECOND * _SECOND
            if self._offset(middle) == offset:
                later = middle
            else:
                earlier = middle
        return later

    def _offset(self, moment: int) -> int:
        offset = from_us(moment).astimezone(self._zone).utcoffset()
        return 0 if offset is None else offset // _MICROSECOND


def _merged(intervals: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted intervals with those that touch or overlap made one."""
    held: tuple[int, int] | None = None
    for start, end in intervals:
        if held is None:
            held = start, end
        elif start <= held[1]:
            held = held[0], max(held[1], end)
        else:
            yield held
            held = start, end
    if held is not None:
        yield held


# ---------------------------------------------------------------- reading the settings


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise Invalid("zone", "unknown_zone", given=name, write="Asia/Shanghai") from fault


def _minutes(text: str, where: str) -> int:
    if not _TIME.fullmatch(text):
        raise Invalid(where, "bad_time", given=text, write="HH:MM, from 00:00 to 24:00")
    return int(text[:2]) * 60 + int(text[3:])


def _read_periods(given: Sequence[tuple[str, str]], where: str) -> tuple[Period, ...]:
    return tuple(Period.read(start, end, where=where) for start, end in given)


def _week(weekly: Mapping[str, Sequence[tuple[str, str]]]) -> list[tuple[Period, ...]]:
    for day in weekly:
        if day not in DAYS:
            raise Invalid(f"weekly.{day}", "unknown_day", given=day, write=", ".join(DAYS))
    return [_read_periods(weekly.get(day, ()), f"weekly.{day}") for day in DAYS]


def _dates(
    closed: Collection[str], opened: Mapping[str, Sequence[tuple[str, str]]]
) -> dict[int, tuple[Period, ...]]:
    dates: dict[int, tuple[Period, ...]] = {_day(one, "closed"): () for one in closed}
    for one, given in opened.items():
        day = _day(one, "open")
        if day in dates:
            raise Invalid(f"open.{one}", "open_and_closed", given=one, write="it in one of the two")
        dates[day] = _read_periods(given, f"open.{one}")
    return dates


def _day(text: str, where: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # week dates and 20261001 are ISO, too, but rare
        raise Invalid(where, "bad_date", given=text, write="YYYY-MM-DD, such as 2026-10-01")
    return (day - EPOCH.date()).days


def _never() -> Invalid:
    return Invalid(
        "hours", "never_open", given="no open time within 20 years", write="an open day in weekly"
    )


#: Round the clock: what security counts in.
ALWAYS = Calendar("UTC", {day: [("00:00", "24:00")] for day in DAYS})
