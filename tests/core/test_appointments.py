"""When reports come by themselves, and of which days they tell."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.appointments import EVERY, following, told
from router.core.figures import Span

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def at(*parts, zone=SHANGHAI):
    return datetime(*parts, tzinfo=zone)


@pytest.mark.parametrize(
    ("every", "after", "next_one"),
    [
        ("day", at(2026, 11, 24, 8, 59), at(2026, 11, 24, 9)),
        ("day", at(2026, 11, 24, 9), at(2026, 11, 25, 9)),
        ("week", at(2026, 11, 24, 10), at(2026, 11, 30, 9)),
        ("week", at(2026, 11, 30, 8), at(2026, 11, 30, 9)),
        ("month", at(2026, 11, 1, 9), at(2026, 12, 1, 9)),
        ("month", at(2026, 12, 31, 23), at(2027, 1, 1, 9)),
    ],
)
def test_the_next_of_its_hours(every, after, next_one):
    assert following(every, 9, SHANGHAI, after) == next_one


@pytest.mark.parametrize(
    ("every", "days"),
    [
        ("day", Span(date(2026, 11, 30), date(2026, 11, 30))),
        ("week", Span(date(2026, 11, 24), date(2026, 11, 30))),
        ("month", Span(date(2026, 11, 1), date(2026, 11, 30))),
    ],
)
def test_what_is_over_is_told(every, days):
    assert told(every, SHANGHAI, at(2026, 12, 1, 9)) == days


@given(
    st.sampled_from(EVERY),
    st.integers(0, 23),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001  # placed below
)
def test_an_hour_comes_once_a_day_also_when_clocks_are_moved(every, hour, moment):
    start = moment.replace(tzinfo=BERLIN)
    first = following(every, hour, BERLIN, start)
    second = following(every, hour, BERLIN, first)
    assert start < first < second
    assert second.date() - first.date() >= timedelta(days=1)
    assert first.hour == second.hour == hour
