"""What reports count: periods, spans in steps, percentiles, and one ticket's happenings."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.cells import cells, percentile, step
from router.core.clock import to_us
from router.core.figures import Happening, History, Span, dated, day_of, happenings, month_first
from router.core.promises.hours import Calendar
from router.core.promises.sla import KINDS, URGENCIES, Policies

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = st.dates(date(2015, 1, 1), date(2036, 12, 31))
POLICIES = Policies(
    {kind: dict.fromkeys(URGENCIES, 60) for kind in KINDS},
    Calendar(
        "Asia/Shanghai",
        {day: [("08:00", "22:00")] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
    ),
)
POLICIES.teams = {1: "support", 2: "security"}


def _at(clock, day=24):
    hour, minute = clock.split(":")
    return to_us(datetime(2026, 11, day, int(hour), int(minute), tzinfo=ZONE).astimezone(UTC))


def _ticket(**changes):
    values = {
        "id": 7, "channel": "email", "category": "transfer.pending", "urgency": "P3",
        "team_id": 1, "assignee_id": 5, "standing": 0, "opened_at": _at("10:00"),
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


def _entry(clock, code, agent_id=None, **params):
    return SimpleNamespace(at=_at(clock), code=code, params=params, agent_id=agent_id)


def _clock(kind="first_response", started="10:00", due="11:00", **changes):
    values = {
        "id": 1, "kind": kind, "calendar": "desk", "minutes": 60, "started_at": _at(started),
        "due_at": _at(due), "paused_at": None, "met_at": None, "breached_at": None,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


def _told(entries=(), clocks=(), pauses=None, **ticket):
    history = History(_ticket(**ticket), list(entries), list(clocks))
    return happenings(history, POLICIES, pauses or {}, {"Mei": 5})


def _one(told, what):
    found = [one for one in told if one.what == what]
    assert len(found) == 1, told
    return found[0]


# ---------------------------------------------------------------- periods


@given(DAYS, DAYS)
def test_the_parts_of_a_period_are_its_days_each_once(one, other):
    span = Span(min(one, other), max(one, other))
    covered = []
    for grain, low, high in span.parts():
        if grain == "d":
            covered += range(low, high)
        else:
            covered += range(day_of(month_first(low)), day_of(month_first(high)))
    assert sorted(covered) == list(range(day_of(span.first), day_of(span.last) + 1))


@given(DAYS, st.integers(0, 900))
def test_the_period_before_ends_where_a_period_begins(first, days):
    span = Span(first, dated(day_of(first) + days))
    assert day_of(span.before.last) + 1 == day_of(span.first)


def test_before_a_month_is_the_month_before():
    assert Span(date(2026, 3, 1), date(2026, 3, 31)).before == Span(
        date(2026, 2, 1), date(2026, 2, 28)
    )


def test_a_month_is_one_part_and_ten_years_are_few():
    assert Span(date(2026, 11, 1), date(2026, 11, 30)).parts() == [("m", 24322, 24323)]
    assert len(Span(date(2016, 11, 5), date(2026, 11, 24)).parts()) == 3


@given(st.integers(0, 10**8))
def test_a_span_is_never_told_shorter_than_it_was_nor_a_tenth_longer(seconds):
    told = step(seconds) * 60
    assert seconds <= told
    assert told - seconds < max(60, seconds / 10) or told % 86_400 == 0


@given(st.lists(st.integers(0, 10**6), min_size=1), st.sampled_from([0.5, 0.9, 0.95]))
def test_a_percentile_is_the_nearest_rank(spans, share):
    counts = {}
    for one in spans:
        counts[one] = counts.get(one, 0) + 1
    found = percentile(counts, share)
    assert sum(one <= found for one in spans) >= share * len(spans)
    assert sum(one < found for one in spans) < share * len(spans)


def test_of_nothing_there_is_no_percentile():
    assert percentile({}, 0.5) is None


# ---------------------------------------------------------------- promises


def test_a_kept_promise_belongs_to_whoever_kept_it():
    entries = [_entry("10:05", "assigned", 5, agent="Mei", id=5), _entry("10:30", "replied", 6)]
    kept = _one(_told(entries, [_clock(met_at=_at("10:30"))]), "kept")
    assert (kept.agent_id, kept.service, kept.wall) == (6, 1800, 1800)


def test_service_time_leaves_the_night_out_and_wall_time_does_not():
    clock = _clock(started="21:50", due="22:00", met_at=_at("08:20", 25))
    late = _one(_told(clocks=[clock]), "late")
    assert (late.service, late.wall) == (30 * 60, 10 * 3600 + 30 * 60)


def test_an_answer_after_the_due_time_is_broken_even_when_no_sweep_saw_it():
    told = _told(clocks=[_clock(met_at=_at("11:30"))])
    assert _one(told, "broken").at == _at("11:00")
    assert _one(told, "late").at == _at("11:30")


def test_a_promise_that_went_on_elsewhere_is_neither_kept_nor_broken():
    entries = [_entry("10:30", "sla_merged", kind="first_response", number="T-1")]
    told = _told(entries, [_clock(met_at=_at("10:30"), due_at=None)])
    assert {one.what for one in told} == {"arrived", "open"}


def _undone(clock, of, agent_id=5):
    return _entry(clock, "undone", agent_id, verb="x", of=_at(of))


def test_what_was_taken_back_counts_for_nothing():
    entries = [
        _entry("10:00", "triaged", category="transfer.pending", urgency="P3", rules=[]),
        _entry("10:10", "replied", 5), _undone("10:11", "10:10"), _entry("10:12", "replied", 5),
        _entry("10:20", "category", 5, old="transfer.pending", new="login.reset"),
        _undone("10:21", "10:20"),
        _entry("10:30", "closed", 5), _undone("10:31", "10:30"), _entry("10:32", "closed", 5),
    ]  # fmt: skip
    told = _told(entries, standing=2)
    assert [one.at for one in told if one.what == "answered"] == [_at("10:12")]
    closed = _one(told, "closed")
    assert (closed.at, closed.detail) == (_at("10:32"), "one_touch")
    assert "misrouted" not in {one.what for one in told}


def test_what_somebody_else_did_meanwhile_is_not_taken_back_with_it():
    entries = [
        _entry("10:10", "replied", 5),
        _entry("10:10", "closed", 6),
        _undone("10:11", "10:10"),
    ]
    told = _told(entries, standing=2)
    assert {one.what for one in told} == {"arrived", "closed"}


def test_a_breach_after_a_ticket_was_taken_back_is_whose_it_was_before():
    given = _entry("10:05", "assigned", 5, agent="Mei", id=5)
    again = _entry("10:20", "assigned", 5, agent="Tom", id=6)
    broken = [_clock(breached_at=_at("11:00"))]
    told = _told([given, again, _undone("10:21", "10:20")], broken)
    assert _one(told, "broken").agent_id == 5
    late = [
        given,
        again,
        _entry("10:21", "assigned", 7, agent="Hua", id=7),
        _undone("10:22", "10:20"),
    ]
    assert _one(_told(late, broken, assignee_id=7), "broken").agent_id == 7


@pytest.mark.parametrize("code", ["begun", "split_from"])
def test_what_the_desk_made_is_its_owners_from_the_start(code):
    entries = [
        _entry("10:00", code, 5, id=6),
        _entry("11:30", "assigned", 5, agent="Mei", id=5),
    ]
    told = _told(entries, [_clock(breached_at=_at("11:00"))])
    assert _one(told, "broken").agent_id == 6


def test_a_figure_has_the_matter_as_it_was_then():
    entries = [
        _entry("10:00", "triaged", category="login.reset", urgency="P2", rules=[]),
        _entry("10:30", "replied", 5),
        _entry("12:00", "category", 5, old="login.reset", new="transfer.pending"),
        _entry("12:00", "urgency", 5, old="P2", new="P3"),
        _entry("12:10", "team", 5, team="support", was="security"),
    ]
    told = _told(entries, [_clock(met_at=_at("10:30"))])
    kept = _one(told, "kept")
    assert (kept.category, kept.urgency, kept.team_id) == ("login.reset", "P2", 2)
    wrong = _one(told, "misrouted")
    assert (wrong.category, wrong.detail) == ("login.reset", "transfer.pending")
    assert _one(told, "open").category == "transfer.pending"


CAUSES = [
    ("in_hand", [], {}),
    ("unassigned", [], {"assignee_id": None}),
    ("reopened", [_entry("10:00", "reopened")], {"assignee_id": None}),
    ("third_party", [_entry("10:10", "sla_paused", kind="x", reason="third_party")], {}),
    ("channel_fault", [_entry("10:10", "send_failed"), _entry("10:11", "reopened")], {}),
]


@pytest.mark.parametrize(("cause", "entries", "ticket"), CAUSES, ids=[one[0] for one in CAUSES])
def test_a_breach_has_its_cause(cause, entries, ticket):
    told = _told(entries, [_clock(breached_at=_at("11:00"))], **ticket)
    assert _one(told, "broken").detail == cause


def test_what_arrived_at_night_says_so():
    clock = _clock(started="23:00", due="23:30", breached_at=_at("23:30"))
    assert _one(_told(clocks=[clock]), "broken").detail == "outside_hours"


@pytest.mark.parametrize(("answers", "said"), [(0, "other"), (1, "one_touch"), (2, "other")])
def test_one_touch_is_one_answer_and_then_closed(answers, said):
    entries = [_entry(f"10:{10 + one}", "replied", 5) for one in range(answers)]
    told = _told([*entries, _entry("10:30", "closed", 5)], standing=2)
    assert _one(told, "closed").detail == said


def test_what_a_silent_agent_let_go_is_nobodys_and_what_a_requester_settles_is_closed():
    entries = [
        _entry("10:05", "assigned", 5, agent="Mei", id=5),
        _entry("10:40", "released", agent="Mei"),
        _entry("11:30", "solved_by_requester", article="x"),
    ]
    told = _told(entries, [_clock(breached_at=_at("11:00"))], standing=2, assignee_id=None)
    assert _one(told, "broken").detail == "unassigned"
    assert _one(told, "closed").agent_id == 0


def test_a_ticket_closed_again_is_not_one_touch():
    entries = [
        _entry("10:10", "replied", 5), _entry("10:20", "closed", 5),
        _entry("10:30", "reopened"), _entry("10:40", "closed", 5),
    ]  # fmt: skip
    told = _told(entries, standing=2)
    assert [one.detail for one in told if one.what == "closed"] == ["one_touch", "other"]


def test_a_happening_is_counted_in_the_desks_own_day():
    night = Happening("arrived", _at("00:30", 25), team_id=1)
    days = {cell.slot for cell in cells(night, ZONE) if cell.grain == "d"}
    assert days == {day_of(date(2026, 11, 25))}
    assert next(cell.detail for cell in cells(night, ZONE) if cell.what == "hour") == "2.00"
