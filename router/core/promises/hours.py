"""Service hours: when people are there, and time counted only while they are.

A calendar is a weekly pattern in a zone, with dates that are closed or have periods of their own.
It is open exactly while the zone's wall clock reads a time inside a period, so an hour that the
clock skips is not served and one that it repeats is served twice. A period is half-open: at 22:00
sharp a desk that closes at 22:00 is closed. One that ends at or before its start runs past
midnight and belongs to the day it begins on: a closed date does not cut short the night before it.
Where the zone changes from a date on, a date's periods are read on the clock of its own zone.

Inside, everything is whole microseconds since 1970 UTC. Open intervals are computed once for each
block of days and kept; a question is then two bisections.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from router.core.clock import from_us, to_us
from router.core.promises import periods as written
from router.core.promises.periods import DAYS, Period, Week, Weekly
from router.errors import Invalid

#: (from, to) in microseconds: time that does not count.
Pause = tuple[int, int]

_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
_BLOCK = 32 * _DAY
#: How far ahead an opening is looked for: 20 years. Past it there is none.
_HORIZON = 230
_KEPT = 512
#: Further from 1970 than any day that is asked about.
_ALL_DAYS = 1 << 40
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday


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

    def __init__(  # noqa: PLR0913  # what a calendar is made of
        self,
        zone: str,
        weekly: Weekly,
        closed: Collection[str] = (),
        open: Mapping[str, Sequence[tuple[str, str]]] | None = None,  # noqa: A002  # the setting's name
        *,
        changes: Mapping[str, Weekly] | None = None,
        zones: Mapping[str, str] | None = None,
        days: Mapping[int, Sequence[Period]] | None = None,
    ) -> None:
        """``changes``: other weeks, each from a date on; what was before it stays as it was.
        ``zones``: other zones, in the same way. ``days``: days since 1970 with periods of their
        own, outranked by closed and open.

        Raises Invalid: ``field`` is the setting, ``given`` and ``write`` say what to write.
        """
        #: As it is told: with each zone that follows, from its date on.
        self.zone = ", ".join([zone, *(f"{one}: {z}" for one, z in sorted((zones or {}).items()))])
        self._zones = _in_turn(zone, zones or {})
        self._weeks: list[tuple[int, Week]] = sorted(
            [(-_ALL_DAYS, written.week(weekly))]
            + [
                (written.day(one, "changes"), written.week(week))
                for one, week in (changes or {}).items()
            ],
            key=lambda one: one[0],
        )
        self._dates = {**(days or {}), **written.dates(closed, open or {})}
        weeks = [week for _, week in self._weeks]
        if not any(map(any, weeks)) and not any(self._dates.values()):
            raise Invalid("weekly", "never_open", given="{}", write='mon = [["08:00", "22:00"]]')
        self._whole = (
            not self._dates
            and not zones
            and all(
                any(one.start == 0 and one.end == 24 * 60 for one in day)
                for week in weeks
                for day in week
            )
        )
        self._blocks: dict[int, _Block] = {}

    # ------------------------------------------------------------ questions

    def is_open(self, at: datetime) -> bool:
        """Whether people are there at this moment."""
        return self._whole or self._closing(to_us(at)) is not None

    def next_open(self, at: datetime) -> datetime | None:
        """The same moment when it is open, else the next opening; None when there is none within
        20 years."""
        if self.is_open(at):
            return at
        moment = to_us(at)
        for number in self._from(moment):
            block = self._block(number)
            index = bisect_left(block.starts, moment)
            if index < len(block.starts):
                return from_us(block.starts[index])
        return None

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
        return self.closes_at(at) if self.is_open(at) else self.next_open(at)

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
        return from_us(self.after_us(to_us(start), left))

    def after_us(self, start: int, left: int, pauses: Sequence[Pause] = ()) -> int:
        """The same in microseconds; what lies in ``pauses`` (settled) does not count."""
        for begin, end in pauses:
            if left == 0 or end <= start:
                continue
            if begin > start:
                passed = self.open_us(start, begin)
                if left <= passed:
                    break
                left -= passed
            start = end
        if left == 0 or self._whole:
            return start + left
        for number in range(start // _BLOCK, start // _BLOCK + _HORIZON):
            block = self._blocks.get(number) or self._block(number)
            passed = block.open_before(start)
            if passed + left <= block.total:
                return block.moment(passed + left)
            left -= block.total - passed
        raise _never()

    def open_us(self, first: int, last: int, pauses: Sequence[Pause] = ()) -> int:
        """Open microseconds between two moments, less those in ``pauses`` (settled)."""
        if last <= first:
            return 0
        if self._whole:
            passed = last - first
        else:
            low, high = first // _BLOCK, last // _BLOCK
            passed = self._block(high).open_before(last) - self._block(low).open_before(first)
            passed += sum(self._block(number).total for number in range(low, high))
        for begin, end in pauses:
            passed -= self.open_us(max(begin, first), min(end, last))
        return passed

    def open_time(self, begin: datetime, end: datetime) -> timedelta:
        """Open time between two moments; none when the second is not later."""
        return self.open_us(to_us(begin), to_us(end)) * _MICROSECOND

    def stretches(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The open stretches between two moments, cut at both, those that touch made one."""
        found = (
            (max(start, first), min(end, last))
            for number in range(first // _BLOCK, last // _BLOCK + 1)
            for start, end in zip(self._block(number).starts, self._block(number).ends, strict=True)
            if start < last and end > first
        )
        return _merged(found)

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
        for zone, first, last in self._zones:
            for begin, end, offset in _stretches(zone, low, high):
                # From the day before: its last period may run past midnight.
                early, late = (begin + offset) // _DAY - 1, (end + offset - 1) // _DAY + 1
                for day in range(max(early, first), min(late, last)):
                    midnight = day * _DAY - offset
                    for period in self._periods(day):
                        start = max(midnight + period.start * _MINUTE, begin)
                        stop = min(midnight + period.end * _MINUTE, end)
                        if start < stop:
                            yield start, stop

    def _periods(self, day: int) -> Sequence[Period]:
        own = self._dates.get(day)
        if own is not None:
            return own
        place = len(self._weeks) - 1
        while self._weeks[place][0] > day:
            place -= 1
        return self._weeks[place][1][(day + _FIRST_WEEKDAY) % 7]


def _in_turn(zone: str, later: Mapping[str, str]) -> tuple[tuple[ZoneInfo, int, int], ...]:
    """(zone, first day, the day after its last), in their order."""
    marks = [(-_ALL_DAYS, written.zone(zone))]
    marks += sorted(
        ((written.day(one, "zones"), written.zone(name)) for one, name in later.items()),
        key=lambda mark: mark[0],
    )
    ends = [begin for begin, _ in marks[1:]] + [_ALL_DAYS]
    return tuple((one, begin, end) for (begin, one), end in zip(marks, ends, strict=True))


@lru_cache(maxsize=4096)
def _stretches(zone: ZoneInfo, low: int, high: int) -> tuple[tuple[int, int, int], ...]:
    """(from, to, offset): the times between two changes of the zone's clock."""
    found = []
    begin, offset = low, _offset(zone, low)
    for earlier, later in pairwise([*range(low, high, _DAY), high]):
        following = _offset(zone, later)
        if following == offset:
            continue
        change = _change(zone, earlier, later)
        found.append((begin, change, offset))
        begin, offset = change, following
    if begin < high:
        found.append((begin, high, offset))
    return tuple(found)


def _change(zone: ZoneInfo, earlier: int, later: int) -> int:
    """The second in which the offset becomes that of ``later``."""
    offset = _offset(zone, later)
    while later - earlier > _SECOND:
        middle = (earlier + later) // 2 // _SECOND * _SECOND
        if _offset(zone, middle) == offset:
            later = middle
        else:
            earlier = middle
    return later


def _offset(zone: ZoneInfo, moment: int) -> int:
    offset = from_us(moment).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // _MICROSECOND


def settled(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """Pauses in their order, with those that touch or overlap made one and empty ones left out."""
    return tuple(_merged(sorted(one for one in pauses if one[0] < one[1])))


def _merged(intervals: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
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


def _never() -> Invalid:
    return Invalid(
        "hours", "never_open", given="no open time within 20 years", write="an open day in weekly"
    )


#: Round the clock: what security counts in.
ALWAYS = Calendar("UTC", {day: [("00:00", "24:00")] for day in DAYS})
