"""Service hours: counted minute by minute by hand, and against the calendar's quick answers."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.clock import from_us, to_us
from router.core.promises.hours import ALWAYS, DAYS, Calendar
from router.errors import Invalid

MINUTE = timedelta(minutes=1)
relaxed = settings(deadline=None, max_examples=150)


def every_day(*periods):
    return {day: list(periods) for day in DAYS}


ALL_DAY = every_day(("00:00", "24:00"))
DESK = Calendar("Asia/Shanghai", every_day(("08:00", "22:00")))
NIGHT = Calendar("Europe/Berlin", every_day(("22:00", "02:30"), ("02:45", "06:00")))
SPLIT = Calendar(
    "America/New_York",
    {day: [("08:00", "12:00"), ("13:00", "17:30")] for day in DAYS[:5]}
    | {"sun": [("00:00", "24:00")]},
    closed=["2026-11-26", "2026-12-25"],
    open={"2026-11-28": [("10:00", "14:00")], "2026-03-08": [("01:00", "03:30")]},
)
LORD_HOWE = Calendar("Australia/Lord_Howe", every_day(("01:15", "01:45"), ("09:00", "17:00")))
calendars = st.sampled_from((DESK, NIGHT, SPLIT, LORD_HOWE, ALWAYS))


def near(*moments):
    """Moments within two days of one of these."""
    within = st.integers(-2 * 24 * 60, 2 * 24 * 60)
    return st.builds(
        lambda at, minutes: datetime.fromisoformat(at).replace(tzinfo=UTC) + minutes * MINUTE,
        st.sampled_from(moments),
        within,
    )


moments = st.one_of(
    near("2026-03-29T01:00", "2026-10-25T01:00"),  # Berlin
    near("2026-03-08T07:00", "2026-11-01T06:00"),  # New York
    near("2026-04-04T15:00", "2026-10-03T15:30"),  # Lord Howe, half an hour
    st.datetimes(
        min_value=datetime.fromisoformat("2025-06-01"),
        max_value=datetime.fromisoformat("2028-06-01"),
        timezones=st.just(UTC),
    ),
)
spans = st.integers(0, 6 * 24 * 60 * 60 * 1_000_000).map(lambda us: timedelta(microseconds=us))


def at(text, zone="Asia/Shanghai"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


# ---------------------------------------------------------------- laws


@given(calendars, st.lists(moments, min_size=3, max_size=3).map(sorted))
@relaxed
def test_open_time_adds_up(calendar, three):
    a, b, c = three
    assert calendar.open_time(a, b) + calendar.open_time(b, c) == calendar.open_time(a, c)


@given(calendars, moments, moments)
@relaxed
def test_open_time_is_never_negative_nor_longer_than_the_time_itself(calendar, a, b):
    assert timedelta() <= calendar.open_time(a, b) <= max(b - a, timedelta())


@given(calendars, moments, spans)
@relaxed
def test_exactly_the_promised_time_lies_between_start_and_due(calendar, start, span):
    due = calendar.after(start, span)
    assert calendar.open_time(start, due) == span


@given(calendars, moments, spans.filter(bool))
@relaxed
def test_due_is_the_first_such_moment(calendar, start, span):
    due = calendar.after(start, span)
    assert calendar.open_time(start, due - timedelta(microseconds=1)) < span


@given(calendars, moments, spans, spans)
@relaxed
def test_two_spans_in_turn_are_due_like_their_sum(calendar, start, one, other):
    assert calendar.after(calendar.after(start, one), other) == calendar.after(start, one + other)


@given(calendars, moments, moments, spans)
@relaxed
def test_what_begins_later_is_never_due_earlier(calendar, a, b, span):
    first, second = sorted((a, b))
    assert calendar.after(first, span) <= calendar.after(second, span)


@given(calendars, moments, spans, spans)
@relaxed
def test_what_takes_longer_is_never_due_earlier(calendar, start, one, other):
    short, long = sorted((one, other))
    assert calendar.after(start, short) <= calendar.after(start, long)


@given(calendars, moments)
@relaxed
def test_the_next_opening_is_open_and_nothing_before_it_is(calendar, moment):
    opening = calendar.next_open(moment)
    assert calendar.is_open(opening)
    assert calendar.open_time(moment, opening) == timedelta()


@given(calendars.filter(lambda one: one is not ALWAYS), moments)
@relaxed
def test_doors_change_at_the_next_change_and_not_before(calendar, moment):
    change = calendar.next_change(moment)
    before = change - timedelta(microseconds=1)
    assert calendar.is_open(change) != calendar.is_open(moment) == calendar.is_open(before)
    expected = change - moment if calendar.is_open(moment) else timedelta()
    assert calendar.open_time(moment, change) == expected


# ---------------------------------------------------------------- by hand, minute by minute


def reads(calendar_zone, weekly, moment, closed=(), opened=None):
    """Whether a wall clock reads a time inside a period: the definition, with no arithmetic."""
    local = moment.astimezone(ZoneInfo(calendar_zone))
    clock = f"{local:%H:%M}"

    def periods(day):
        key = day.date().isoformat()
        if key in closed:
            return []
        return (opened or {}).get(key, weekly.get(DAYS[day.weekday()], []))

    wall = local.replace(tzinfo=None)
    today = any(first <= clock and (clock < last or last <= first) for first, last in periods(wall))
    return today or any(
        last <= first and clock < last for first, last in periods(wall - timedelta(days=1))
    )


times = st.integers(0, 24 * 4 - 1).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
periods = st.lists(st.tuples(times, times).filter(lambda two: two[0] != two[1]), max_size=3)
weeks = st.fixed_dictionaries(dict.fromkeys(DAYS, periods)).filter(lambda one: any(one.values()))
changes = st.sampled_from(
    (
        ("Europe/Berlin", "2026-03-28T00:00"),
        ("Europe/Berlin", "2026-10-24T00:00"),
        ("America/New_York", "2026-03-07T00:00"),
        ("America/New_York", "2026-10-31T00:00"),
        ("Australia/Lord_Howe", "2026-04-04T00:00"),
        ("America/Santiago", "2026-09-05T00:00"),
        ("Asia/Shanghai", "2026-02-14T00:00"),
        ("Pacific/Apia", "2011-12-29T00:00"),
    )
)


@given(weeks, changes, st.sets(st.integers(0, 4), max_size=2), st.sets(st.integers(0, 4)), periods)
@settings(deadline=None, max_examples=60)
def test_the_calendar_is_open_exactly_while_the_wall_clock_says_so(
    week, change, shut, special, own
):
    zone, first = change
    begin = datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    dates = [f"{datetime.fromisoformat(first).date() + timedelta(days=n)}" for n in range(5)]
    closed = [dates[n] for n in shut]
    opened = {dates[n]: own for n in special - shut}
    calendar = Calendar(zone, week, closed=closed, open=opened)
    quarters = [begin + 15 * n * MINUTE for n in range(4 * 24 * 3)]
    by_hand = [reads(zone, week, quarter, closed, opened) for quarter in quarters]
    assert [calendar.is_open(quarter) for quarter in quarters] == by_hand
    total = calendar.open_time(quarters[0], quarters[-1] + 15 * MINUTE)
    assert total == sum(by_hand) * 15 * MINUTE


YEARS = (
    ("Asia/Shanghai", every_day(("08:00", "22:00")), ["2026-10-01"], {"2026-02-14": []}),
    ("Europe/Berlin", every_day(("22:00", "02:30"), ("09:15", "17:45")), ["2026-12-25"], {}),
    ("America/New_York", {"mon": [("00:00", "24:00")], "sun": [("01:30", "03:10")]}, [], {}),
    (
        "Australia/Lord_Howe",
        every_day(("01:05", "01:50")),
        [],
        {"2026-06-01": [("09:00", "17:00")]},
    ),
)


@pytest.mark.slow
@pytest.mark.parametrize("year", YEARS, ids=[one[0] for one in YEARS])
def test_due_times_of_a_year_agree_with_counting_its_minutes(year):
    zone, week, closed, opened = year
    calendar = Calendar(zone, week, closed=closed, open=opened)
    begin = datetime.fromisoformat("2026-01-01T00:00+00:00")
    minutes = [begin + n * MINUTE for n in range(365 * 24 * 60)]
    open_minutes = (reads(zone, week, minute, closed, opened) for minute in minutes)
    passed = [0, *accumulate(open_minutes)]
    draw = Random(10)
    for _ in range(250_000):
        start, promised = draw.randrange(300 * 24 * 60), draw.randrange(1, 3000)
        end = bisect_left(passed, passed[start] + promised)
        if end < len(minutes):
            assert calendar.due(minutes[start], promised) == minutes[end]


# ---------------------------------------------------------------- the desk of the brief


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("07:59:59", False), ("08:00", True), ("21:59:59", True), ("22:00", False)],
)
def test_the_desk_opens_at_eight_and_is_closed_at_ten_sharp(moment, expected):
    assert DESK.is_open(at(f"2026-11-24T{moment}")) is expected


def test_a_message_at_night_is_due_in_the_morning():
    assert DESK.due(at("2026-11-24T23:10"), 120) == at("2026-11-25T10:00")


def test_a_promise_stops_at_closing_time_and_goes_on_in_the_morning():
    assert DESK.due(at("2026-11-24T21:30"), 60) == at("2026-11-25T08:30")


def test_a_promise_that_ends_with_the_day_is_due_at_closing_time():
    assert DESK.due(at("2026-11-24T21:00"), 60) == at("2026-11-24T22:00")


def test_no_minutes_are_due_at_once_even_at_night():
    assert DESK.due(at("2026-11-24T23:00"), 0) == at("2026-11-24T23:00")


def test_an_open_desk_opens_now_and_a_closed_one_in_the_morning():
    assert DESK.next_open(at("2026-11-24T12:00")) == at("2026-11-24T12:00")
    assert DESK.next_open(at("2026-11-24T22:00")) == at("2026-11-25T08:00")


def test_closing_time_is_told_while_the_desk_is_open():
    assert DESK.closes_at(at("2026-11-24T12:00")) == at("2026-11-24T22:00")
    assert DESK.closes_at(at("2026-11-24T23:00")) is None


def test_answers_are_in_utc_whatever_was_asked():
    assert DESK.due(at("2026-11-24T12:00"), 5).utcoffset() == timedelta()


def test_time_passes_while_the_desk_is_open_only():
    assert DESK.open_time(at("2026-11-24T21:30"), at("2026-11-25T08:15")) == 45 * MINUTE


# ---------------------------------------------------------------- holidays, nights, whole days


def test_a_holiday_is_skipped():
    shut = Calendar("Asia/Shanghai", every_day(("08:00", "22:00")), closed=["2026-10-01"])
    assert not shut.is_open(at("2026-10-01T12:00"))
    assert shut.due(at("2026-09-30T21:30"), 60) == at("2026-10-02T08:30")


def test_a_make_up_day_has_its_own_periods():
    week = {day: [("09:00", "18:00")] for day in DAYS[:5]}
    desk = Calendar("Asia/Shanghai", week, open={"2026-10-10": [("10:00", "16:00")]})
    assert desk.next_open(at("2026-10-09T19:00")) == at("2026-10-10T10:00")
    assert desk.next_open(at("2026-10-10T16:00")) == at("2026-10-12T09:00")


def test_a_night_shift_belongs_to_the_day_it_begins_on():
    desk = Calendar("Asia/Shanghai", {"fri": [("22:00", "06:00")]}, closed=["2026-11-28"])
    assert desk.is_open(at("2026-11-28T05:59"))
    assert not desk.is_open(at("2026-11-28T06:00"))
    assert not desk.is_open(at("2026-11-28T22:00"))


def test_a_period_that_ends_when_it_began_lasts_a_whole_day():
    desk = Calendar("UTC", {"mon": [("08:00", "08:00")]})
    assert desk.closes_at(at("2026-11-23T09:00", "UTC")) == at("2026-11-24T08:00", "UTC")


def test_hours_that_change_from_a_day_on_keep_what_was_before():
    week = every_day(("08:00", "22:00"))
    desk = Calendar("Asia/Shanghai", week, changes={"2027-01-01": every_day(("07:00", "23:00"))})
    assert not desk.is_open(at("2026-12-31T22:30"))
    assert not desk.is_open(at("2026-12-31T07:30"))
    assert desk.is_open(at("2027-01-01T07:00"))
    assert desk.due(at("2026-12-31T21:30"), 60) == at("2027-01-01T07:30")


def test_where_the_zone_changes_each_date_is_read_on_the_clock_of_its_own():
    week = every_day(("22:00", "02:00"))
    moved = Calendar("Asia/Shanghai", week, zones={"2026-12-01": "Europe/Berlin"})
    begin = datetime(2026, 11, 30, tzinfo=UTC)
    opened = [
        from_us(one) for one, _ in moved.stretches(to_us(begin), to_us(begin) + 3 * 86400 * 10**6)
    ]
    closed = [
        from_us(one) for _, one in moved.stretches(to_us(begin), to_us(begin) + 3 * 86400 * 10**6)
    ]
    assert opened == [begin + timedelta(hours=one) for one in (14, 21 + 24, 21 + 48)]
    assert closed == [begin + timedelta(hours=one) for one in (18, 25 + 24, 72)]


def test_round_the_clock_there_is_a_gap_where_the_zone_changes():
    moved = Calendar("Asia/Shanghai", ALL_DAY, zones={"2026-12-01": "UTC"})
    assert moved.is_open(datetime(2026, 11, 30, 15, 59, tzinfo=UTC))
    assert not moved.is_open(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    assert moved.is_open(datetime(2026, 12, 1, tzinfo=UTC))


def test_time_in_a_pause_does_not_count():
    pause = (at("2026-11-24T12:00"), at("2026-11-25T09:00"))
    begin, *pauses = (to_us(one) for one in (at("2026-11-24T11:30"), *pause))
    assert from_us(DESK.after_us(begin, 60 * 60_000_000, [tuple(pauses)])) == at("2026-11-25T09:30")
    assert DESK.open_us(begin, to_us(at("2026-11-25T09:30")), [tuple(pauses)]) == 3600 * 1_000_000


def test_days_that_touch_at_midnight_are_one_stretch():
    desk = Calendar("UTC", {"mon": [("20:00", "24:00")], "tue": [("00:00", "04:00")]})
    assert desk.closes_at(at("2026-11-23T21:00", "UTC")) == at("2026-11-24T04:00", "UTC")


def test_a_long_open_stretch_closes_when_the_closed_date_comes():
    desk = Calendar("UTC", every_day(("00:00", "24:00")), closed=["2027-11-01"])
    assert desk.closes_at(at("2026-11-24T21:00", "UTC")) == at("2027-11-01T00:00", "UTC")


def test_periods_that_overlap_count_once():
    desk = Calendar("UTC", {"mon": [("08:00", "12:00"), ("10:00", "14:00")]})
    assert desk.open_time(*(at(f"2026-11-{day}T00:00", "UTC") for day in (23, 24))) == 360 * MINUTE


def test_round_the_clock_never_closes():
    now = at("2026-11-24T03:00")
    assert ALWAYS.is_open(now)
    assert ALWAYS.closes_at(now) is None
    assert ALWAYS.next_change(now) is None
    assert ALWAYS.due(now, 15) == now + 15 * MINUTE


# ---------------------------------------------------------------- when clocks change


def berlin(*periods):
    return Calendar("Europe/Berlin", every_day(*periods))


def test_the_day_the_clock_goes_forward_is_an_hour_short():
    whole = berlin(("00:00", "24:00"))
    assert whole.open_time(
        at("2026-03-29T00:00", "Europe/Berlin"), at("2026-03-30T00:00", "Europe/Berlin")
    ) == timedelta(hours=23)


def test_the_day_the_clock_goes_back_is_an_hour_long():
    night = berlin(("00:00", "06:00"))
    assert night.open_time(
        at("2026-10-25T00:00", "Europe/Berlin"), at("2026-10-25T12:00", "Europe/Berlin")
    ) == timedelta(hours=7)


def test_an_opening_in_the_hour_that_is_skipped_is_at_the_jump():
    jump = datetime.fromisoformat("2026-03-29T01:00+00:00")
    assert berlin(("02:30", "05:00")).next_open(jump - 5 * MINUTE) == jump


def test_a_closing_in_the_hour_that_is_skipped_is_at_the_jump():
    jump = datetime.fromisoformat("2026-03-29T01:00+00:00")
    assert berlin(("00:00", "02:30")).closes_at(jump - 5 * MINUTE) == jump


def test_a_period_inside_the_skipped_hour_is_not_served_that_day():
    short = berlin(("02:10", "02:40"))
    begin = datetime.fromisoformat("2026-03-28T23:00+00:00")
    assert short.open_time(begin, begin + timedelta(hours=23)) == timedelta()


def test_a_period_inside_the_repeated_hour_is_served_twice():
    short = berlin(("02:10", "02:40"))
    begin = datetime.fromisoformat("2026-10-24T22:00+00:00")
    assert short.open_time(begin, begin + timedelta(hours=25)) == 60 * MINUTE


# ---------------------------------------------------------------- calendars that cannot be


def test_a_calendar_that_never_opens_is_refused():
    with pytest.raises(Invalid) as refusal:
        Calendar("UTC", {"mon": []}, open={"2026-01-01": []})
    assert refusal.value.code == "never_open"


def test_a_calendar_that_will_not_open_again_says_so_instead_of_searching_for_ever():
    past = Calendar("UTC", {}, open={"2020-01-01": [("08:00", "09:00")]})
    now = at("2026-11-24T12:00", "UTC")
    with pytest.raises(Invalid):
        past.due(now, 1)
    assert past.next_open(now) is None
    assert past.next_change(now) is None
    assert not past.is_open(now)


def test_a_span_before_now_is_refused():
    with pytest.raises(Invalid):
        DESK.due(at("2026-11-24T12:00"), -1)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("Mars/Base", every_day(("08:00", "22:00"))), "zone"),
        (("", every_day(("08:00", "22:00"))), "zone"),
        (("../etc/passwd", every_day(("08:00", "22:00"))), "zone"),
        (("UTC", {"monday": [("08:00", "22:00")]}), "weekly.monday"),
        (("UTC", {"mon": [("8:00", "22:00")]}), "weekly.mon"),
        (("UTC", {"mon": [("08:00", "22:60")]}), "weekly.mon"),
        (("UTC", {"mon": [("08:00", "25:00")]}), "weekly.mon"),
        (("UTC", {"mon": [("08:00", "24:30")]}), "weekly.mon"),
        (("UTC", {"mon": [("08:00",)]}), "weekly.mon"),
        (("UTC", {"mon": ["08:00-22:00"]}), "weekly.mon"),
        (("UTC", {"mon": [("24:00", "08:00")]}), "weekly.mon"),
        (("UTC", every_day(("08:00", "22:00")), ["2026-02-30"]), "closed"),
        (("UTC", every_day(("08:00", "22:00")), ["01.10.2026"]), "closed"),
        (("UTC", every_day(("08:00", "22:00")), [], {"2026-W01-1": []}), "open"),
        (
            ("UTC", every_day(("08:00", "22:00")), ["2026-01-01"], {"2026-01-01": []}),
            "open.2026-01-01",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_what_to_write(arguments, field):
    with pytest.raises(Invalid) as refusal:
        Calendar(*arguments)
    assert refusal.value.field == field
    assert refusal.value.params["write"]
