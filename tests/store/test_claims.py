"""Duties, budgets and health: one holder, honest counts, remembered changes."""

from datetime import timedelta

from router.store import budgets, claims
from router.store.budgets import Allowance

LEASE = 10_000_000


def _take(store, owner):
    return store.write(lambda unit: claims.take(unit, "fold", owner, lease_us=LEASE))


def test_a_duty_has_one_holder(store):
    assert _take(store, "a")
    assert not _take(store, "b")


def test_a_duty_whose_holder_died_is_free_after_the_lease(store, frozen):
    _take(store, "a")
    frozen.advance(timedelta(seconds=11))
    assert _take(store, "b")


def test_a_duty_given_back_is_free_at_once(store):
    _take(store, "a")
    store.write(lambda unit: claims.done(unit, "fold", "a"))
    assert _take(store, "b")


def test_a_clock_that_was_set_back_stops_no_duty(store, frozen):
    _take(store, "a")
    frozen.advance(timedelta(hours=-5))
    assert _take(store, "b")


def test_a_host_whose_clock_is_a_little_behind_takes_no_lease_away(store, frozen):
    _take(store, "a")
    frozen.advance(timedelta(minutes=-4))
    assert not _take(store, "b")


def test_a_duty_given_back_before_the_clock_was_set_back_is_free(store, frozen):
    _take(store, "a")
    store.write(lambda unit: claims.done(unit, "fold", "a"))
    frozen.advance(timedelta(hours=-5))
    assert _take(store, "b")


def test_a_lease_that_was_lost_is_not_kept(store, frozen):
    _take(store, "a")
    frozen.advance(timedelta(seconds=11))
    _take(store, "b")
    assert not store.write(lambda unit: claims.keep(unit, "fold", "a", lease_us=LEASE))


def _spend(store, *allowances):
    return store.write(lambda unit: budgets.spend(unit, allowances))


def test_a_budget_is_spent_and_comes_back(store, frozen):
    one = Allowance("form", "form:x", 60, 2)
    assert [_spend(store, one) for _ in range(3)] == [None, None, one]
    frozen.advance(timedelta(seconds=50))
    assert _spend(store, one) == one
    frozen.advance(timedelta(seconds=20))
    assert _spend(store, one) is None


def test_no_stretch_of_time_holds_more_than_its_budget_wherever_it_begins(store, frozen):
    one, taken = Allowance("form", "form:y", 60, 3), []
    for second in range(300):
        if _spend(store, one) is None:
            taken.append(second)
        frozen.advance(timedelta(seconds=1))
    most = max(sum(begin <= at < begin + 60 for at in taken) for begin in range(300))
    assert most == 3
    assert len(taken) >= 12


def test_an_exhausted_budget_takes_nothing_from_the_others(store):
    small, large = Allowance("small", "s", 60, 1), Allowance("large", "l", 60, 2)
    _spend(store, small, large)
    assert _spend(store, large, small) == small
    assert _spend(store, large) is None


def test_health_remembers_since_when(store, frozen):
    def report(*, ok):
        store.write(lambda unit: claims.report(unit, "poll:email:a", ok=ok))
        with store.reading() as unit:
            return claims.health(unit)[0]

    first = report(ok=True)
    frozen.advance(timedelta(minutes=1))
    assert report(ok=True).since == first.since
    frozen.advance(timedelta(minutes=1))
    assert report(ok=False).since > first.since
