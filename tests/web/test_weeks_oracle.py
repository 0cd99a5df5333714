"""Weeks and zones edited in the browser, against counting minutes by hand.

The oracle knows nothing of intervals and nothing of what the pages store: it remembers what was
typed, asks for each minute the clock of each zone what it reads, and looks whether a period of that
date holds the reading while that zone was in force.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random

import pytest

from router.core.clock import to_us
from router.core.promises.periods import DAYS
from tests.core.test_due_oracle import MINUTE, WINDOW, due_by_hand, readings, served, some_periods
from tests.web.test_weeks import save

pytestmark = pytest.mark.one_database

FIRST = "2026-02-26"
NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")
ALWAYS = {day: [["08:00", "22:00"]] for day in DAYS}


def some_week(draw):
    return {day: some_periods(draw) if draw.random() < 0.8 else [] for day in DAYS}


def as_typed(begin, zone, week):
    said = {day: ", ".join(f"{one}-{other}" for one, other in week[day]) for day in DAYS}
    return {"begin": begin.isoformat(), "zone": zone, "country": "", **said}


def open_by_hand(held):
    """For each minute of the window whether somebody is there; ``held`` are (from, zone, week)."""
    ends = [begin for begin, _, _ in held[1:]] + [10**9]
    opened = bytearray(WINDOW)
    for (begin, zone, week), end in zip(held, ends, strict=True):
        calendar = {"weekly": week, "open": {}, "closed": []}
        known = {}
        for number, (day, minute) in enumerate(readings(zone, FIRST)):
            for one in (day, day - 1):
                if one not in known:
                    known[one] = served(calendar, one) if begin <= one < end else (set(), set())
            if minute in known[day][0] or minute in known[day - 1][1]:
                opened[number] = 1
    return opened


def put(held, begin, zone, week):
    """What holds once this was typed: it lasts until the next one that was typed."""
    others = [one for one in held if one[0] != begin]
    return sorted([*others, (begin, zone, week)], key=lambda one: one[0])


@pytest.mark.parametrize(
    "seed", [3, *(pytest.param(other, marks=pytest.mark.slow) for other in (11, 29))]
)
def test_what_is_typed_is_what_counts(router, browser_of, frozen, seed):
    frozen.set(NOW)
    draw, manager = Random(seed), browser_of("manager")
    held = [(0, "Asia/Shanghai", ALWAYS)]
    for _ in range(40):
        begin = date(2026, 3, 1) + timedelta(days=draw.randrange(1, 30))
        zone, week = draw.choice(ZONES), some_week(draw)
        if len(held) == 5:
            break
        try:
            answer = save(manager, "/hours/desk/week", as_typed(begin, zone, week))
        except AssertionError:
            continue  # the page refused periods of the same minutes
        assert answer.status_code == 303
        held = put(held, begin.toordinal(), zone, week)
    assert len(held) >= 4
    opened = open_by_hand(held)
    passed = [0, *accumulate(opened)]
    start_of = datetime.fromisoformat(FIRST).replace(tzinfo=UTC)
    hours, wrong, asked = router.policies.hours, [], 0
    for _ in range(2_000):
        start, minutes = draw.randrange(WINDOW // 2), draw.randrange(3_000)
        expected = due_by_hand(opened, passed, start, 0, minutes)
        if expected is None:
            continue
        asked += 1
        begin = start_of + start * MINUTE
        due = start_of + expected[0] * MINUTE + timedelta(seconds=expected[1])
        if hours.after_us(to_us(begin), minutes * 60_000_000) != to_us(due):
            wrong.append((begin, minutes, due))
    assert asked > 500
    assert wrong == []
