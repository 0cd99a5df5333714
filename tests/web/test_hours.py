"""Calendars and policies on a page, and dates that leads add."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router import sweeps
from router.store import people
from tests.fakes import FakeDoors
from tests.pages import app_of
from tests.web.conftest import Browser

pytestmark = pytest.mark.one_database


def due(router, ticket):
    with router.store.reading() as unit:
        return unit.value(
            "SELECT due_at FROM sla_clock WHERE ticket_id = :t AND kind = 'first_response'",
            t=ticket.ticket_id,
        )


def recounts(router):
    duty = next(one for one in sweeps.DUTIES if one.name == "recount")
    return sweeps.tick(router, duty)


def test_a_lead_closes_a_day_and_open_promises_follow(router, calm, browser_of, frozen):
    before, browser = due(router, calm), browser_of("lead")
    data = {"date": "2026-11-24", "periods": "08:00-10:05", "note": "drill"}
    assert browser.post("/hours/desk/add", data=data).status_code == 303
    shown = browser.get("/hours?lang=en").text
    assert "08:00–10:05" in shown
    assert "drill" in shown
    assert recounts(router)
    assert due(router, calm) > before
    assert browser.post("/hours/desk/remove", data={"date": "2026-11-24"}).status_code == 303
    assert recounts(router)
    assert not recounts(router)
    assert due(router, calm) == before


@pytest.mark.parametrize(
    "data",
    [
        {"date": "2026-11-23"},
        {"date": "soon"},
        {"date": "2036-01-01"},
        {"date": "2026-12-01", "periods": "all day"},
        {"date": "2026-12-01", "periods": "25:00-26:00"},
        {"date": "2026-12-01", "periods": "24:00-10:00"},
    ],
)
def test_a_date_that_cannot_be_is_said_in_words_and_changes_nothing(router, browser_of, data):
    answer = browser_of("lead").post("/hours/desk/add?lang=en", data=data)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert all(f'value="{typed}"' in answer.text for typed in data.values())
    assert router.hours.days.get("desk", []) == []


def test_the_page_says_whether_the_desk_is_open_and_what_is_promised(browser_of, frozen):
    assert "open now" in browser_of("manager").get("/hours?lang=en").text
    frozen.advance(timedelta(hours=13))
    shown = browser_of("manager").get("/hours?lang=zh").text
    assert "非服务时间" in shown
    assert "15 分钟" in shown


@pytest.fixture
def signed_in_at(assembled, door):
    """Makes the pages of a desk in that zone for a lead, and its calendars' other zones."""
    opened = []

    def make(zone, **calendars):
        weekly = {"mon": [("08:00", "22:00")]}
        others = {name: {"zone": one, "weekly": weekly} for name, one in calendars.items()}
        router = assembled(doors=FakeDoors(door), desk={"zone": zone}, calendars=others)
        opened.append(app_of(router))
        lead = router.store.write(
            lambda unit: people.create_agent(unit, "l@desk.example", "L", "lead", ["support"])
        )
        secret = router.store.write(lambda unit: people.open_session(unit, lead, hours=1))
        return Browser(opened[-1], secret)

    yield make
    for app in opened:
        app.extensions["hub"].close()


def test_a_date_west_of_utc_is_closed_and_taken_back_on_its_own_evening(signed_in_at, frozen):
    frozen.set(datetime(2026, 11, 24, 20, 0, tzinfo=ZoneInfo("America/New_York")))
    browser = signed_in_at("America/New_York")
    assert 'required min="2026-11-24"' in browser.get("/hours").text
    data = {"date": "2026-11-24", "periods": "", "note": "by mistake"}
    assert browser.post("/hours/desk/add", data).status_code == 303
    assert 'value="2026-11-24"><button' in browser.get("/hours").text
    assert browser.post("/hours/desk/remove", {"date": "2026-11-24"}).status_code == 303
    assert "by mistake" not in browser.get("/hours").text


def test_a_date_east_of_utc_is_over_on_its_own_next_morning(signed_in_at, frozen):
    frozen.set(datetime(2026, 11, 24, 23, 50, tzinfo=ZoneInfo("Asia/Shanghai")))
    browser = signed_in_at("Asia/Shanghai", west="America/New_York")
    for name in ("desk", "west"):
        data = {"date": "2026-11-24", "periods": "", "note": "drill"}
        assert browser.post(f"/hours/{name}/add", data).status_code == 303
    frozen.advance(timedelta(minutes=15))
    page = browser.get("/hours").text
    assert page.count('value="2026-11-24"><button') == 1
    assert 'id="date-west" name="date" type="date" required min="2026-11-24"' in page
    assert 'id="date-desk" name="date" type="date" required min="2026-11-25"' in page
    assert browser.post("/hours/desk/remove", {"date": "2026-11-24"}).status_code == 422
    assert browser.post("/hours/west/remove", {"date": "2026-11-24"}).status_code == 303


def test_the_past_stays_as_it_was(browser_of):
    answer = browser_of("lead").post("/hours/desk/remove", data={"date": "2026-11-01"})
    assert answer.status_code == 422
    assert browser_of("lead").post("/hours/nowhere/add").status_code == 404


def test_leads_find_hours_and_shifts_under_set_up(browser_of):
    page = browser_of("lead").get("/admin?lang=en").text
    assert 'href="/hours"' in page
    assert 'href="/shifts"' in page
    assert 'href="/hours"' not in browser_of("agent").get("/admin").text
