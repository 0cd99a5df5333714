"""Promises in minutes become moments."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.hours import DAYS, Calendar
from router.core.sla import KINDS, URGENCIES, Policies
from router.errors import Invalid

HOURS = Calendar("Asia/Shanghai", {day: [("08:00", "22:00")] for day in DAYS})
MINUTES = {
    "first_response": {"P1": 15, "P2": 120, "P3": 480, "P4": 1440},
    "next_response": {"P1": 30, "P2": 240, "P3": 840, "P4": 1680},
    "resolution": {"P1": 480, "P2": 1680, "P3": 4200, "P4": 8400},
}
POLICIES = Policies(**MINUTES, calendar=HOURS)


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def test_security_is_answered_at_night():
    assert POLICIES.promise("P1", at("24T23:30")) == at("24T23:45")


def test_the_rest_is_answered_when_people_are_there():
    assert POLICIES.promise("P2", at("24T23:30")) == at("25T10:00")


@pytest.mark.parametrize("kind", KINDS)
def test_each_promise_has_its_own_minutes(kind):
    assert POLICIES.minutes(kind, "P2") == MINUTES[kind]["P2"]


def test_a_pause_costs_no_service_time():
    due = POLICIES.due("resolution", "P3", at("24T12:00"))
    left = POLICIES.left("P3", at("24T14:00"), due)
    assert left == (4200 - 120) * 60_000_000
    assert POLICIES.resume("P3", at("26T09:00"), left) > due


def test_a_pause_that_lasts_no_time_changes_nothing():
    due = POLICIES.due("resolution", "P3", at("24T12:00"))
    now = at("24T23:00")
    assert POLICIES.resume("P3", now, POLICIES.left("P3", now, due)) == due


@given(st.sampled_from(URGENCIES), st.lists(st.integers(0, 20_000), min_size=1, max_size=6))
@settings(deadline=None)
def test_however_often_it_pauses_the_promised_minutes_stay_the_same(urgency, waits):
    now = at("24T12:00")
    left = POLICIES.minutes("resolution", urgency) * 60_000_000
    worked = timedelta()
    for minutes in waits:
        due = POLICIES.resume(urgency, now, left)
        later = min(now + timedelta(minutes=minutes), due)
        worked += POLICIES.calendar(urgency).open_time(now, later)
        left = POLICIES.left(urgency, later, due)
        now = later + timedelta(minutes=minutes)
    promised = timedelta(minutes=POLICIES.minutes("resolution", urgency))
    assert worked + timedelta(microseconds=left) == promised


def test_an_overdue_promise_has_nothing_left():
    assert POLICIES.left("P3", at("25T12:00"), at("24T12:00")) == 0
    assert POLICIES.remaining("P1", at("24T12:00"), at("24T12:05")) == timedelta(minutes=5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "minutes",
    [{"P1": 15}, MINUTES["resolution"] | {"P2": 0}, MINUTES["resolution"] | {"P9": 5}],
)
def test_a_promise_without_minutes_is_refused(kind, minutes):
    with pytest.raises(Invalid, match=kind):
        Policies(**MINUTES | {kind: minutes}, calendar=HOURS)
