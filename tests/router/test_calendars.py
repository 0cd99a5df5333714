"""Calendars of the settings, of governments and of files, and what happens when they change."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from router import calendars, desk, explaining_clocks, official, pipeline, sweeps
from router.configuration import load
from router.core.promises import dates_in_files
from router.core.promises.periods import dated, day
from router.core.rights import Who
from router.errors import NotFound, SettingsFault
from router.hourbook import Hourbook
from router.prepared import Terms
from router.settings import Settings
from router.store import claims, people
from router.store.promises import calendar_days
from router.store.promises.calendar_days import Day
from router.terminal import dating
from tests.fakes import FakeDoor, FakeDoors

WEEK = {one: [("09:00", "18:00")] for one in ("mon", "tue", "wed", "thu", "fri")}
CHINA = Settings(hours={"weekly": WEEK, "country": "CN"})


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def china(*own):
    days = {"@CN": official.days("CN", 2026), "desk": own}
    return calendars.policies(CHINA, days).hours


# ---------------------------------------------------------------- official days


@pytest.mark.parametrize(
    "worked", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
)
def test_a_make_up_working_day_is_worked_like_a_monday(worked):
    assert china().is_open(at(f"{worked}T09:00"))
    assert not china().is_open(at(f"{worked}T18:00"))


@pytest.mark.parametrize(
    "off", ["2026-01-02", "2026-02-16", "2026-02-23", "2026-04-06", "2026-05-05", "2026-10-07"]
)
def test_a_day_off_is_not_worked(off):
    assert not china().is_open(at(f"{off}T10:00"))


def test_the_default_names_no_country_and_works_on_every_holiday():
    hours = calendars.policies(Settings(), {"@CN": official.days("CN", 2026)}).hours
    assert hours.is_open(at("2026-10-01T08:00"))


def test_what_the_desk_imports_outranks_the_government_and_the_settings():
    own = Day(day("2026-10-01", ""), "open", (("10:00", "12:00"),))
    assert china(own).is_open(at("2026-10-01T10:00"))
    shut = Day(day("2026-10-10", ""), "closed")
    assert not china(shut).is_open(at("2026-10-10T10:00"))


@pytest.mark.parametrize(("year", "lacks"), [(2026, False), (2027, True), (2031, True)])
def test_a_year_whose_make_up_days_are_not_out_yet_is_incomplete(year, lacks):
    assert calendars.incomplete("CN", year, {"@CN": official.days("CN", year)}) is lacks


def test_a_country_that_moves_no_days_is_complete_without_any():
    assert not calendars.incomplete("DE", 2027, {"@DE": official.days("DE", 2027)})


@pytest.mark.parametrize(
    ("today", "years"), [("2026-10-31", []), ("2026-11-02", [2027]), ("2027-01-05", [2027])]
)
def test_next_year_is_missed_from_november_on(today, years):
    days = {"@CN": (*official.days("CN", 2026), *official.days("CN", 2027))}
    found = calendars.missing(CHINA, days, date.fromisoformat(today))
    assert found == [("CN", one) for one in years]


def test_official_days_are_seeded_once_and_the_past_stays_as_it_was(store):
    book = Hourbook(CHINA, store)
    assert book.seed(store) == 0
    assert not book.policies.hours.is_open(at("2026-10-01T10:00"))
    past, later = day("2026-10-01", ""), day("2027-01-01", "")
    with store.reading() as unit:
        known = {one.day for one in calendar_days.every(unit)["@CN"]}
    assert {past, later} <= known
    store.write(lambda unit: calendar_days.remove(unit, "@CN", [past, later]))
    assert book.seed(store) == 1
    book.follow(store)
    assert book.policies.hours.is_open(at("2026-10-01T10:00"))
    assert not book.policies.hours.is_open(at("2027-01-01T10:00"))


def test_missing_official_days_are_a_warning_that_everybody_sees(assembled, frozen):
    router = assembled(hours={"weekly": WEEK, "country": "CN"})
    duty = next(one for one in sweeps.DUTIES if one.name == "holidays")
    sweeps.tick(router, duty)
    with router.store.reading() as unit:
        told = {row.name: (bool(row.ok), row.params) for row in claims.health(unit)}
    assert told["calendar:CN"] == (False, "2027")


# ---------------------------------------------------------------- files


CSV = """date,kind,periods,note
2026-12-24,open,08:00-12:00 13:00-15:00,early
2026-12-25,closed,,
2026-12-26,work,,make-up
"""
ICS = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270205
DTEND;VALUE=DATE:20270208
SUMMARY:春节 假期
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270130
X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY
SUMMARY:春节（班）
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Asia/Shanghai:20270201T100000
DTEND:20270201T080000Z
SUMMARY:short
 er day
END:VEVENT
END:VCALENDAR
"""


def test_a_csv_file_is_read_date_by_date():
    found = dates_in_files.read_csv(CSV, "days.csv")
    assert [(f"{dated(one.day)}", one.kind, one.periods) for one in found] == [
        ("2026-12-24", "open", (("08:00", "12:00"), ("13:00", "15:00"))),
        ("2026-12-25", "closed", ()),
        ("2026-12-26", "work", ()),
    ]


def test_a_calendar_file_is_read_with_days_off_make_up_days_and_hours():
    found = dates_in_files.read_ics(ICS.replace("\n", "\r\n"), "cn.ics", "Asia/Shanghai")
    assert [(f"{dated(one.day)}", one.kind, one.periods) for one in found] == [
        ("2027-01-30", "work", ()),
        ("2027-02-01", "open", (("10:00", "16:00"),)),
        ("2027-02-05", "closed", ()),
        ("2027-02-06", "closed", ()),
        ("2027-02-07", "closed", ()),
    ]
    assert found[1].note == "shorter day"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("day,kind\n", 1),
        ("date,kind,periods,note\n2026-02-30,closed,,\n", 2),
        ("date,kind,periods,note\n2026-12-24,shut,,\n", 2),
        ("date,kind,periods,note\n2026-12-24,open,,\n", 2),
        ("date,kind,periods,note\n2026-12-24,closed,08:00-09:00,\n", 2),
        ("date,kind,periods,note\n2026-12-24,open,8-9,\n", 2),
        ("date,kind,periods,note\n2026-12-24,open,25:00-26:00,\n", 2),
        ("date,kind,periods,note\n2026-12-24,closed,,\n2026-12-24,closed,,\n", 3),
    ],
)
def test_a_wrong_line_of_a_csv_file_is_named(text, line):
    with pytest.raises(SettingsFault) as caught:
        dates_in_files.read_csv(text, "days.csv")
    assert str(caught.value).startswith(f"days.csv:{line}: ")


@pytest.mark.parametrize(
    "event",
    [
        "DTSTART;VALUE=DATE:20270205\nRRULE:FREQ=YEARLY",
        "DTSTART;VALUE=DATE:20270205\nDTEND;VALUE=DATE:20270205",
        "DTSTART;VALUE=DATE:20279999",
        "DTSTART:20270205T080000",
        "DTSTART:20270205T080000\nDTEND:20270205T070000",
        "DTSTART;TZID=Mars/Base:20270205T080000\nDTEND:20270205T090000",
        "SUMMARY:nothing",
    ],
)
def test_an_event_that_cannot_be_read_is_named(event):
    text = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n"
    with pytest.raises(SettingsFault, match=r"cn\.ics:2: "):
        dates_in_files.read_ics(text, "cn.ics", "Asia/Shanghai")


def test_a_file_without_events_says_so():
    with pytest.raises(SettingsFault, match="holds no event"):
        dates_in_files.read_ics("hello", "cn.ics", "Asia/Shanghai")


# ---------------------------------------------------------------- a desk at work


@pytest.fixture
def opened(assembled):
    door = FakeDoor()
    router = assembled(doors=FakeDoors(door))
    raw = door.arrives(text="我想导出交易记录", **{"from": "bo@m.example"})
    ticket = pipeline.receive(router, door, [raw], Terms())[0].ticket_id
    with router.store.reading() as unit:
        return router, unit.value("SELECT number FROM ticket WHERE id = :id", id=ticket)


def test_importing_dates_counts_open_promises_anew(opened, tmp_path):
    router, _ = opened
    path = tmp_path / "days.csv"
    path.write_text("date,kind,periods,note\n2026-11-24,open,08:00-10:30,\n", encoding="utf-8")
    assert dating.take_in(router.settings, path, "desk", dry_run=True).startswith("1 dates can be")
    before = _dues(router)
    told = dating.take_in(router.settings, path, "desk", dry_run=False)
    assert told == "1 of 1 dates changed; 2 open promises were counted anew\n"
    after = _dues(router)
    late = 11.5 * 60 * 60_000_000
    assert after["first_response"] - before["first_response"] >= late
    router.hours.follow(router.store)
    assert not router.policies.hours.is_open(at("2026-11-24T11:00"))
    assert "again" not in dating.take_in(router.settings, path, "desk", dry_run=False)
    assert "2026-11-24 tue open 08:00-10:30  days.csv" in dating.shown(
        router.settings, "desk", 2026
    )


def _dues(router):
    with router.store.reading() as unit:
        rows = unit.rows(
            "SELECT c.kind, c.due_at, t.due_at AS shown FROM sla_clock c "
            "JOIN ticket t ON t.id = c.ticket_id"
        )
    assert min(row.due_at for row in rows) == rows[0].shown
    return {row.kind: row.due_at for row in rows}


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("首次回复", "开始计时", "累计")), ("en", ("First answer", "began", "together"))],
)
def test_a_clock_is_explained_with_its_whole_arithmetic(opened, language, words):
    router, number = opened
    told = explaining_clocks.told(router.settings, number, language)
    assert all(word in told for word in words)
    assert "Asia/Shanghai" in told
    with pytest.raises(NotFound):
        explaining_clocks.told(router.settings, "T-NONE", language)


def test_a_promise_that_ended_while_it_was_paused_tells_what_was_left_of_it(opened):
    router, number = opened
    lead = Who(id=1, name="Li", role="admin", teams=frozenset(), locale="en")

    def work(unit):
        lead_id = people.create_agent(unit, "li@desk.example", "Li", "admin", [])
        return lead_id, unit.value("SELECT id FROM ticket")

    lead_id, ticket_id = router.store.write(work)
    lead = replace(lead, id=lead_id)
    desk.wait_for(router, lead, ticket_id, "bank")
    desk.close(router, lead, ticket_id)
    told = explaining_clocks.told(router.settings, number, "en")
    assert "has not been counted since" in told
    assert "it was due" not in told.split("\n\n")[-1]


# ---------------------------------------------------------------- settings that cannot be


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[calendars.night]\nzone = "Mars/Base"\n', "calendars.night.zone: Mars/Base"),
        ('[calendars.night]\nserves = ["nobody"]\n', "calendars.night.serves: nobody"),
        ('[calendars.night.weekly]\nmon = [["8", "9"]]\n', "calendars.night.weekly.mon: 8"),
        ("[calendars.night]\nweekly = {}\n", "calendars.night: no period at all"),
        ('[hours]\ncountry = "Atlantis"\n', "hours.country: Atlantis"),
        ('[hours.changes."2027-02-30"]\nmon = [["08:00", "09:00"]]\n', "2027-02-30 cannot be"),
        ('[hours]\nclosed = ["2026-01-01"]\nopen = {"2026-01-01" = []}\n', "hours: 2026-01-01"),
        ("[sla]\nwarn = [1.5]\n", "sla.warn: 1.5"),
        ('[[sla.policies]]\nname = "a"\ncalendar = "night"\n', "sla.policies: night in a"),
        ('[[sla.policies]]\nname = "a"\n[[sla.policies]]\nname = "a"\n', "sla.policies: a cannot"),
        ('[[sla.policies]]\nname = "a"\nurgency = ["P9"]\n', "sla.policies: P9 in a"),
        ('[[sla.policies]]\nname = "a"\nresolution = 0\n', "resolution"),
    ],
)
def test_calendars_and_policies_that_cannot_be_are_named_with_their_line(tmp_path, text, words):
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsFault) as caught:
        load(path, {})
    assert words in str(caught.value)
    assert "config.toml:" in str(caught.value)
