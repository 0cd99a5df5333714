"""Due times against counting minutes by hand.

The oracle knows nothing of intervals: for each minute of some weeks it asks the zone's own clock
what it reads, looks whether a period of that date (or the one before) holds that reading, and
counts. Questions are random: zones with and without daylight saving, days on which clocks jump,
split and overnight periods, whole days, overlapping ones, closed dates, make-up days, pauses, and
starts in the middle of a minute.
"""

import json
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import pytest

from router.core.promises.hours import DAYS
from router.terminal.reckoning import Reckoner

MINUTE = timedelta(minutes=1)
WINDOW = 42 * 24 * 60
#: Zones, and moments near which their clocks do something.
PLACES = (
    ("Asia/Shanghai", "2026-02-10"),
    ("Asia/Shanghai", "1988-04-02"),
    ("Europe/Berlin", "2026-03-16"),
    ("Europe/Berlin", "2026-10-12"),
    ("America/New_York", "2026-02-23"),
    ("America/New_York", "2026-10-19"),
    ("Australia/Lord_Howe", "2026-03-23"),
    ("Australia/Lord_Howe", "2026-09-21"),
    ("America/Sao_Paulo", "2018-02-05"),
    ("Africa/Casablanca", "2026-02-02"),
    ("Asia/Kathmandu", "2026-05-01"),
    ("America/St_Johns", "2026-10-19"),
)


def readings(zone, first):
    """What the wall clock reads in each minute: the day's number and the minute of that day."""
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC)
    for number in range(WINDOW):
        local = (begin + number * MINUTE).astimezone(ZoneInfo(zone))
        yield local.toordinal(), local.hour * 60 + local.minute


def served(calendar, day):
    """Which minutes of a date its own periods hold, and which of the next date."""
    date = datetime.fromordinal(day).date()
    if date.isoformat() in calendar["open"]:
        periods = calendar["open"][date.isoformat()]
    elif date.isoformat() in calendar["closed"]:
        periods = []
    else:
        periods = calendar["weekly"].get(DAYS[date.weekday()], [])
    today, tomorrow = set(), set()
    for first, last in periods:
        start, end = (int(one[:2]) * 60 + int(one[3:]) for one in (first, last))
        if end > start:
            today.update(range(start, end))
        else:
            today.update(range(start, 24 * 60))
            tomorrow.update(range(end))
    return today, tomorrow


def open_minutes(calendar, clock):
    """For each minute of the window whether somebody is there."""
    days = {day: served(calendar, day) for day in {one for one, _ in clock}}
    days |= {day - 1: served(calendar, day - 1) for day in list(days) if day - 1 not in days}
    return bytearray(minute in days[day][0] or minute in days[day - 1][1] for day, minute in clock)


def a_time(draw):
    return f"{draw.randrange(24):02}:{draw.choice((0, 0, 30, 15, draw.randrange(60))):02}"


def some_periods(draw):
    kind = draw.randrange(6)
    if kind == 0:
        return [["08:00", "22:00"]]
    if kind == 1:
        return [["09:00", "12:00"], ["13:30", "18:00"]]
    if kind == 2:
        return [["22:00", "06:00"]]
    if kind == 3:
        return [["00:00", draw.choice(("24:00", "00:00"))]]
    return [[a_time(draw), a_time(draw)] for _ in range(draw.randrange(1, 4))]


def a_calendar(draw, zone, first):
    week = {day: some_periods(draw) for day in DAYS if draw.random() < 0.8}
    week.setdefault("wed", [["08:00", "22:00"]])
    begin = datetime.fromisoformat(first)
    dates = [f"{begin.date() + timedelta(days=draw.randrange(40))}" for _ in range(6)]
    return {
        "zone": zone,
        "weekly": week,
        "closed": dates[:4],
        "open": {one: some_periods(draw) for one in dates[3:]},
    }


def some_pauses(draw):
    """Minutes from the window's beginning; some overlap."""
    begins = [draw.randrange(WINDOW // 2) for _ in range(draw.randrange(4))]
    return [(one, one + draw.randrange(3 * 24 * 60)) for one in begins]


def due_by_hand(opened, passed, start, second, promised):
    """Where the last minute needed ends: (minute, second of it), or None past the window."""
    if promised == 0:
        return start, second
    needed = promised
    if second and opened[start]:
        # The rest of this minute counts, so that of the last one needed counts up to this second.
        last = bisect_left(passed, passed[start + 1] + needed, start)
        return (last - 1, second) if last < len(passed) else None
    after = start + bool(second)
    last = bisect_left(passed, passed[after] + needed, after)
    return (last, 0) if last < len(passed) else None


def differences(draw, questions, *, calendars, patterns, places=PLACES):
    """Ask that many questions in all; what was answered otherwise than counted."""
    found, asked = [], 0
    each = questions // (calendars * patterns)
    reckoner = Reckoner()
    clocks = {}
    for number in range(calendars):
        zone, first = places[number % len(places)]
        clock = clocks.setdefault((zone, first), list(readings(zone, first)))
        calendar = a_calendar(draw, zone, first)
        always = open_minutes(calendar, clock)
        begin = datetime.fromisoformat(first).replace(tzinfo=UTC)
        for _ in range(patterns):
            pauses, opened = some_pauses(draw), bytearray(always)
            for low, high in pauses:
                opened[low:high] = bytes(high - low)
            passed = [0, *accumulate(opened)]
            said = [[f"{begin + one * MINUTE:%FT%TZ}" for one in pause] for pause in pauses]
            for _ in range(each):
                start, second = draw.randrange(WINDOW // 2), draw.choice((0, 0, 0, 1, 30, 59))
                promised = draw.choice((0, 1, 15, draw.randrange(600), draw.randrange(4000)))
                expected = due_by_hand(opened, passed, start, second, promised)
                if expected is None:
                    continue
                question = {
                    "id": asked,
                    "calendar": calendar,
                    "start": (begin + start * MINUTE + timedelta(seconds=second)).isoformat(),
                    "minutes": promised,
                    "pauses": said,
                }
                due = begin + expected[0] * MINUTE + timedelta(seconds=expected[1])
                answer = json.loads(reckoner.answer(json.dumps(question).encode()))
                asked += 1
                if answer != {"id": question["id"], "due": due.isoformat()}:
                    found.append((question, answer, due.isoformat()))
    return asked, found


@pytest.mark.parametrize("place", [2, 7])
def test_due_times_equal_counting_the_minutes(place):
    asked, found = differences(
        Random(place), 1_200, calendars=3, patterns=4, places=PLACES[place : place + 1]
    )
    assert asked > 1_000
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_million_due_times_equal_counting_the_minutes(seed):
    asked, found = differences(Random(seed), 110_000, calendars=60, patterns=4)
    assert asked >= 100_000
    assert found == []
