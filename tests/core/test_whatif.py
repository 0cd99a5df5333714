"""What would have been: exact where it can be, a stated play where it cannot."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.clock import to_us
from router.core.promises.hours import Calendar
from router.core.promises.sla import KINDS, Matter, Policies
from router.core.promises.whatif import (
    Crew,
    Demand,
    Outcome,
    Past,
    as_it_was,
    as_it_would_be,
    by_hour,
    demand,
    fewest,
    handling,
    play,
)

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE = 60_000_000
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def at(text):
    return to_us(datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZONE))


def hours(begin="08:00", end="22:00"):
    return Calendar("Asia/Shanghai", {day: [(begin, end)] for day in DAYS})


def policies(calendar=None, **minutes):
    usual = {"P1": 15, "P2": 120, "P3": 480, "P4": 1440}
    table = {kind: {**usual, **minutes} for kind in KINDS}
    return Policies(table, calendar or hours())


def past(begin, end, urgency="P3", minutes=480, **changes):
    told = {"kind": "first_response", "calendar": "desk", "pauses": (), **changes}
    return Past(
        told["kind"],
        Matter(urgency),
        minutes,
        told["calendar"],
        at(begin),
        at(end) if end else None,
        told["pauses"],
    )


def test_a_night_that_breaks_a_promise_keeps_it_under_shorter_hours():
    asked = past("24T21:00", "25T07:30", "P2", 120)
    now = at("26T00:00")
    assert as_it_was([asked], policies(), now)["first_response", "P2"] == Outcome(1, 0)
    longer = policies(hours("07:00", "23:00"))
    assert as_it_would_be([asked], longer, now)["first_response", "P2"] == Outcome(0, 1)


def test_what_runs_still_is_decided_only_once_it_is_late():
    running = past("24T10:00", None)
    assert as_it_was([running], policies(), at("24T12:00")) == {}
    assert as_it_was([running], policies(), at("24T18:00"))["first_response", "P3"].broken == 1


def test_what_is_supposed_never_takes_the_night_from_a_p1():
    asked = past("24T23:00", "24T23:20", "P1", 15, calendar="always")
    would = as_it_would_be([asked], policies(hours("09:00", "10:00"), P1=30), at("26T00:00"))
    assert would["first_response", "P1"].share == 100


def test_pauses_stand_still_in_both():
    still = ((at("24T11:00"), at("24T20:00")),)
    asked = past("24T10:00", "24T20:30", "P2", 120, kind="resolution", pauses=still)
    told = as_it_was([asked], policies(), at("26T00:00"))
    assert told["resolution", "P2"].share == 100


@given(
    st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 3000)), max_size=20),
    st.integers(1, 900),
)
def test_a_longer_target_never_breaks_more(spans, minutes):
    asked = [
        past("24T10:00", None)._replace(
            started_at=at("24T10:00") + begin * MINUTE,
            ended_at=at("24T10:00") + (begin + long) * MINUTE,
        )
        for begin, long in spans
    ]
    now = at("30T00:00")
    short = as_it_would_be(asked, policies(P3=minutes), now)
    long = as_it_would_be(asked, policies(P3=minutes + 60), now)
    assert sum(one.broken for one in long.values()) <= sum(one.broken for one in short.values())


# ---------------------------------------------------------------- the play


def owed(*asked, urgent=False):
    return [Demand(at(begin), at(due), urgent) for begin, due in asked]


def test_one_person_answers_one_after_the_other_the_soonest_due_first():
    asked = owed(("24T09:00", "24T09:30"), ("24T09:00", "24T09:10"))
    played = play(asked, hours(), Crew(1), 10 * MINUTE)
    assert played.begun == [at("24T09:00"), at("24T09:10")]
    assert played.in_time == 1  # the one due at 09:10 ends at 09:10, a moment too late


def test_nobody_answers_a_calm_matter_at_night_and_who_is_on_call_answers_what_cannot_wait():
    calm, urgent = owed(("24T23:00", "25T09:00")), owed(("24T23:00", "24T23:30"), urgent=True)
    played = play(sorted(calm + urgent), hours(), Crew(3, on_call=1), 10 * MINUTE)
    assert played.begun == [at("24T23:00"), at("25T08:00")]
    alone = play(sorted(calm + urgent), hours(), Crew(3, on_call=0), 10 * MINUTE)
    assert alone.begun[0] == at("25T08:00")


def test_who_begins_before_closing_ends_it():
    asked = owed(("24T21:55", "24T22:30"), ("24T21:56", "25T08:30"))
    played = play(asked, hours(), Crew(1, on_call=0), 10 * MINUTE)
    assert played.begun == [at("24T21:55"), at("25T08:00")]


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(15, 400)), min_size=1, max_size=40))
def test_more_people_are_never_later_and_the_fewest_is_enough(spans):
    start = at("24T08:00")
    asked = sorted(
        Demand(start + begin * MINUTE, start + (begin + long) * MINUTE, urgent=False)
        for begin, long in spans
    )
    shares = [play(asked, hours(), Crew(n), 10 * MINUTE).in_time for n in (1, 2, 4, 8, 40)]
    assert shares[-1] >= shares[0]
    enough = fewest(asked, hours(), 1, 10 * MINUTE, 90)
    if enough:
        assert play(asked, hours(), Crew(enough), 10 * MINUTE).share >= 90


def test_what_is_due_before_anybody_is_there_is_reached_by_nobody():
    assert fewest(owed(("24T23:00", "24T23:30")), hours(), 1, 10 * MINUTE, 95) == 0


@pytest.mark.parametrize(
    ("gaps", "span"), [([5, 5, 9, 300, 5], 5), ([], 0), ([0, 0], 0), ([46, 50], 0)]
)
def test_an_answer_takes_what_lies_between_two_of_one_persons(gaps, span):
    moment, said = at("24T09:00"), [(1, at("24T09:00"))]
    for gap in gaps:
        moment += gap * MINUTE
        said.append((1, moment))
    assert handling(said)[0] == span * MINUTE


def test_the_hours_of_the_day_tell_what_came_what_waited_and_who_is_needed():
    asked = owed(*[("24T09:00", "24T12:00")] * 12)
    played = play(asked, hours(), Crew(1), 10 * MINUTE)
    tops = [(at("24T09:00"), 9), (at("24T10:00"), 10), (at("24T11:00"), 11)]
    told = by_hour(asked, played, tops, 10 * MINUTE)
    assert [(told[hour].asked, told[hour].waiting) for hour in (9, 10, 11)] == [
        (12, 0),
        (0, 6),
        (0, 0),
    ]
    assert told[9].needed == 2


def test_resolutions_are_no_answers():
    asked = [past("24T10:00", None, kind="resolution"), past("24T10:00", None, "P1", 15)]
    (one,) = demand(asked, policies())
    assert (one.urgent, one.due_at - one.arrived_at) == (True, 15 * MINUTE)
