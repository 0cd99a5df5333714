"""Promises in minutes become moments."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.clock import to_us
from router.core.promises.hours import DAYS, Calendar, settled
from router.core.promises.sla import KINDS, Counting, Hours, Matter, Policies, Policy
from router.errors import Invalid

HOURS = Calendar("Asia/Shanghai", {day: [("08:00", "22:00")] for day in DAYS})
MINUTES = {
    "first_response": {"P1": 15, "P2": 120, "P3": 480, "P4": 1440},
    "next_response": {"P1": 30, "P2": 240, "P3": 840, "P4": 1680},
    "resolution": {"P1": 480, "P2": 1680, "P3": 4200, "P4": 8400},
}
POLICIES = Policies(MINUTES, HOURS)


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def test_security_is_answered_at_night():
    assert POLICIES.promise("P1", at("24T23:30")) == at("24T23:45")


def test_the_rest_is_answered_when_people_are_there():
    assert POLICIES.promise("P2", at("24T23:30")) == at("25T10:00")


@pytest.mark.parametrize("kind", KINDS)
def test_each_promise_has_its_own_minutes(kind):
    assert POLICIES.minutes(kind, "P2") == MINUTES[kind]["P2"]


def counting(begin, minutes, *pauses, calendar=HOURS):
    return Counting(
        calendar,
        to_us(at(begin)),
        minutes,
        settled((to_us(at(a)), to_us(at(b))) for a, b in pauses),
    )


def test_a_pause_costs_no_service_time():
    work = counting("24T12:00", 4200, ("24T14:00", "26T09:00"))
    assert work.left(to_us(at("24T14:00"))) == (4200 - 120) * 60_000_000
    assert work.left(to_us(at("26T09:00"))) == (4200 - 120) * 60_000_000
    assert work.due() > counting("24T12:00", 4200).due()


def test_a_pause_in_the_night_changes_nothing():
    assert (
        counting("24T12:00", 900, ("24T23:00", "25T07:30")).due() == counting("24T12:00", 900).due()
    )


@given(st.lists(st.integers(0, 9_000), min_size=2, max_size=9), st.integers(1, 6_000))
@settings(deadline=None)
def test_however_often_it_pauses_the_promised_minutes_stay_the_same(marks, minutes):
    marks = sorted(marks)
    begin = at("24T12:00")
    pauses = settled(
        (to_us(begin + timedelta(minutes=one)), to_us(begin + timedelta(minutes=other)))
        for one, other in zip(marks[::2], marks[1::2], strict=False)
    )
    work = Counting(HOURS, to_us(begin), minutes, pauses)
    assert work.used(work.due()) == minutes * 60_000_000
    assert work.left(work.due()) == 0
    assert work.left(work.due() - 1) == 1


def test_a_fraction_of_a_promise_is_reached_in_service_time():
    assert counting("24T21:00", 120).reached(0.75) == to_us(at("25T08:30"))


def test_security_counts_every_hour_whatever_a_policy_says():
    own = Policy("vip", {"first_response": 60}, calendar="desk")
    policies = Policies(MINUTES, HOURS, own=[own])
    assert policies.promised("first_response", Matter("P3", security=True)) == ("vip", "always", 60)
    assert policies.promised("resolution", Matter("P1")) == ("vip", "always", 480)


@pytest.mark.parametrize(
    ("matter", "expected"),
    [
        (Matter("P3", "transfer.failed"), ("transfers", "desk", 30)),
        (Matter("P3", "transfer.failed", "email"), ("transfers", "desk", 30)),
        (Matter("P3", "records.export", language="en"), ("english", "desk", 45)),
        (Matter("P2", "records.export", language="en-GB"), ("english", "desk", 45)),
        (Matter("P2", "records.export", "messenger", team="night"), ("owls", "always", 50)),
        (Matter("P2", "records.export", "messenger"), ("standard", "desk", 120)),
    ],
)
def test_the_first_policy_that_fits_wins(matter, expected):
    policies = Policies(
        MINUTES,
        HOURS,
        own=[
            Policy("transfers", {"first_response": 30}, category=("transfer.*",)),
            Policy("english", {"first_response": 45}, language=("en", "en-*")),
            Policy("owls", {"first_response": 50}, team=("night",), calendar="always"),
        ],
    )
    assert policies.promised("first_response", matter) == expected


def test_a_calendar_serves_a_mailbox_before_a_channel_and_a_channel_before_a_team():
    short = Calendar("Asia/Shanghai", {"mon": [("09:00", "12:00")]})
    policies = Policies(
        MINUTES,
        HOURS,
        calendars={
            "team": Hours(short, ("team:night",)),
            "mail": Hours(short, ("channel:email",)),
            "vip": Hours(short, ("mailbox:email.vip",)),
        },
    )
    counts = [
        policies.promised("resolution", Matter("P3", "", *where)).calendar
        for where in (
            ("email", "vip", "night"),
            ("email", "a", "night"),
            ("x", "a", "night"),
            ("x",),
        )
    ]
    assert counts == ["vip", "mail", "team", "desk"]


def test_a_promise_whose_calendar_is_gone_goes_on_in_the_hours_of_the_desk():
    assert Policies(MINUTES, HOURS).counts_in("night") is HOURS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "minutes",
    [{"P1": 15}, MINUTES["resolution"] | {"P2": 0}, MINUTES["resolution"] | {"P9": 5}],
)
def test_a_promise_without_minutes_is_refused(kind, minutes):
    with pytest.raises(Invalid, match=kind):
        Policies(MINUTES | {kind: minutes}, HOURS)
