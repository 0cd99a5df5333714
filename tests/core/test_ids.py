"""Ids are unique and grow, whatever threads and clocks do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from router.core.clock import FrozenClock, SystemClock
from router.core.ids import Ids, earlier, first_at

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_ids_grow_within_one_frozen_millisecond():
    ids = Ids(FrozenClock(NOON))
    drawn = [ids.next() for _ in range(10_000)]
    assert drawn == sorted(set(drawn))


def test_ids_grow_when_the_clock_steps_back():
    clock = FrozenClock(NOON)
    ids = Ids(clock)
    before = ids.next()
    clock.advance(timedelta(hours=-1))
    assert ids.next() > before


def test_ids_of_a_later_millisecond_are_larger():
    clock = FrozenClock(NOON)
    ids = Ids(clock)
    before = ids.take(100)[-1]
    clock.advance(timedelta(seconds=1))
    assert ids.next() > before + (900 << 22)


def test_ids_taken_together_and_alone_never_meet():
    ids = Ids(FrozenClock(NOON))
    drawn = [*ids.take(5000), ids.next(), *ids.take(5000), *ids.take(0), ids.next()]
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 10_002


def test_threads_never_draw_the_same_id():
    ids = Ids(SystemClock())
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda turn: ids.take(50) if turn % 2 else [ids.next()], range(400)))
    flat = [one for some in drawn for one in some]
    assert len(set(flat)) == len(flat)
    assert all(some == sorted(some) for some in drawn)


def test_ids_fit_a_signed_column_for_decades():
    late = Ids(FrozenClock(datetime(2090, 1, 1, tzinfo=UTC))).take(2)
    assert 0 < late[0] < late[1] < 2**63


def test_a_clock_before_our_time_still_gives_ids():
    assert Ids(FrozenClock(datetime(1999, 1, 1, tzinfo=UTC))).next() > 0


def test_a_stretch_of_time_begins_with_its_first_id():
    ids = Ids(FrozenClock(NOON))
    assert first_at(NOON) <= ids.next() < first_at(NOON + timedelta(seconds=1))
    assert earlier(first_at(NOON), timedelta(minutes=1)) == first_at(NOON - timedelta(minutes=1))
    assert earlier(first_at(NOON), timedelta(days=10_000)) == 0
