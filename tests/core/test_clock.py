"""Moments in the program and in the database are the same moments."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.clock import FrozenClock, SystemClock, from_us, monotonic, to_us

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_survives_the_database_to_the_microsecond(at):
    assert from_us(to_us(at)) == at


def test_moments_of_any_zone_become_the_same_number():
    shanghai = NOON.astimezone(ZoneInfo("Asia/Shanghai"))
    assert to_us(shanghai) == to_us(NOON) == to_us(NOON.astimezone(timezone(timedelta(hours=-9))))


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(TypeError):
        to_us(NOON.replace(tzinfo=None))


def test_a_frozen_clock_moves_only_when_told():
    clock = FrozenClock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.advance(timedelta(minutes=5))
    assert clock.now() == NOON + timedelta(minutes=5)
    clock.set(NOON - timedelta(days=1))
    assert clock.now() == NOON - timedelta(days=1)


def test_the_system_clock_speaks_utc():
    assert SystemClock().now().utcoffset() == timedelta()


def test_the_clock_for_time_outs_never_goes_back():
    assert monotonic() <= monotonic()
