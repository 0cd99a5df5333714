"""Calendars and policies on a page, and dates that leads add."""

from datetime import timedelta

import pytest

from router import sweeps

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
    assert 'role="alert"' in answer.text
    assert all(f'value="{typed}"' in answer.text for typed in data.values())
    assert router.hours.days.get("desk", []) == []


def test_the_page_says_whether_the_desk_is_open_and_what_is_promised(browser_of, frozen):
    assert "open now" in browser_of("manager").get("/hours?lang=en").text
    frozen.advance(timedelta(hours=13))
    shown = browser_of("manager").get("/hours?lang=zh").text
    assert "非服务时间" in shown
    assert "15 分钟" in shown


def test_the_past_stays_as_it_was(browser_of):
    answer = browser_of("lead").post("/hours/desk/remove", data={"date": "2026-11-01"})
    assert answer.status_code == 422
    assert browser_of("lead").post("/hours/nowhere/add").status_code == 404


def test_leads_find_hours_and_shifts_under_set_up(browser_of):
    page = browser_of("lead").get("/admin?lang=en").text
    assert 'href="/hours"' in page
    assert 'href="/shifts"' in page
    assert 'href="/hours"' not in browser_of("agent").get("/admin").text
