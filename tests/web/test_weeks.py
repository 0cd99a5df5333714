"""A calendar's week changed in the browser: from a day on, looked at first, and back again."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import unquote_plus

import pytest

from router import supposing, sweeps
from router.core.promises.periods import DAYS
from router.hourbook import Hourbook
from router.store.promises import promise_versions

pytestmark = pytest.mark.one_database

WEEK = {
    "begin": "2026-11-25",
    "zone": "Asia/Shanghai",
    "country": "",
    **dict.fromkeys(DAYS, "09:00-18:00"),
}


def hidden(page, name):
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page.text)[1])


def look(browser, path, typed, **more):
    return browser.post(f"{path}?lang=en", {"seen": "0", "act": "look", **typed, **more})


def save(browser, path, typed):
    """Look, then save exactly that."""
    page = browser.post(f"{path}?lang=en", {"seen": seen_of(browser, path), "act": "look", **typed})
    assert page.status_code == 200, page.text
    sent = {"seen": hidden(page, "seen"), "looked": hidden(page, "looked"), "act": "save"}
    return browser.post(f"{path}?lang=en", {**typed, **sent})


def seen_of(browser, path):
    return hidden(browser.get(path), "seen")


def due(router, ticket, kind="first_response"):
    with router.store.reading() as unit:
        return unit.value(
            "SELECT due_at FROM sla_clock WHERE ticket_id = :t AND kind = :kind",
            t=ticket.ticket_id,
            kind=kind,
        )


def recounts(router):
    duty = next(one for one in sweeps.DUTIES if one.name == "recount")
    return sweeps.tick(router, duty)


def test_a_week_is_looked_at_before_it_is_saved(router, calm, browser_of):
    manager = browser_of("manager")
    page = look(manager, "/hours/desk/week", WEEK)
    assert page.status_code == 200
    assert "of 2 open promises move" in page.text
    assert calm.number in page.text
    assert router.hours.own == {}


def test_saving_moves_open_promises_as_was_shown(router, calm, browser_of):
    before, manager = due(router, calm, "resolution"), browser_of("manager")
    assert save(manager, "/hours/desk/week", WEEK).status_code == 303
    assert recounts(router)
    after = due(router, calm, "resolution")
    assert after > before
    with router.store.reading() as unit:
        entry = unit.value("SELECT params FROM entry WHERE code = 'sla_recounted'")
    assert f'"was": {before}' in entry
    assert f'"due": {after}' in entry


def test_the_past_stays_true(router, browser_of, frozen):
    def hours():
        return router.policies.hours

    monday = frozen.now() - timedelta(days=1)
    before = hours().open_time(monday - timedelta(days=30), monday)
    save(browser_of("manager"), "/hours/desk/week", WEEK)
    assert hours().open_time(monday - timedelta(days=30), monday) == before
    wednesday = frozen.now() + timedelta(days=1)
    assert hours().is_open(wednesday)
    assert not hours().is_open(wednesday.replace(hour=11))


def test_every_process_takes_it_up_at_its_next_look(router, browser_of, frozen):
    other = Hourbook(router.settings, router.store)
    save(browser_of("manager"), "/hours/desk/week", WEEK)
    assert other.policies.hours.is_open(frozen.now().replace(hour=12) + timedelta(days=1))
    other.follow(router.store)
    assert not other.policies.hours.is_open(frozen.now().replace(hour=12) + timedelta(days=1))


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("mon", "all day", "Write periods"),
        ("mon", "25:00-26:00", "Write times"),
        ("mon", "08:00-08:00", "ends where it begins"),
        ("mon", "24:00-08:00", "ends where it begins"),
        ("mon", "08:00-12:00, 11:00-14:00", "hold the same minutes"),
        ("sun", "22:00-10:00", "hold the same minutes"),
        ("zone", "Mars/Base", "no such time zone"),
        ("country", "ZZ", "country&#39;s code"),
        ("begin", "2026-11-23", "the past stays as it was"),
        ("begin", "2036-01-01", "three years ahead"),
        ("begin", "soon", "Write a date"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    router, browser_of, field, typed, words
):
    given = {**WEEK, "tue": "09:00-11:59", field: typed}
    page = look(browser_of("manager"), "/hours/desk/week", given)
    assert page.status_code == 422
    wrong = dict(re.findall(r'id="(\w+)-wrong">([^<]+)<', page.text))
    at = "mon" if (field, words) == ("sun", "hold the same minutes") else field
    assert words in wrong[at].replace("'", "&#39;")
    for value in given.values():
        assert f'value="{value}"' in page.text
    assert router.hours.own == {}


def test_everything_that_is_wrong_is_said_at_once(browser_of):
    given = {**WEEK, "begin": "soon", "mon": "all day", "tue": "9:00-9:00", "zone": "Mars"}
    page = look(browser_of("manager"), "/hours/desk/week", given)
    assert set(re.findall(r'id="(\w+)-wrong"', page.text)) == {"begin", "mon", "tue", "zone"}


def test_a_week_that_never_opens_is_refused(router, browser_of):
    given = {**WEEK, **dict.fromkeys(DAYS, "")}
    page = look(browser_of("manager"), "/hours/desk/week", given)
    assert page.status_code == 422
    assert "must be open at some time" in page.text


def test_hours_so_short_that_no_promise_would_end_are_refused(browser_of):
    given = {**WEEK, **dict.fromkeys(DAYS, ""), "mon": "08:00-08:05"}
    page = look(browser_of("manager"), "/hours/desk/week", given)
    assert page.status_code == 422
    assert "twenty years" in page.text


def test_several_periods_and_nights_are_read_as_people_type_them(router, browser_of, frozen):
    given = {**WEEK, "wed": "8:00—12:00、14：00~18:00，22:00-06:00", "thu": "08:00-09:00"}
    assert save(browser_of("manager"), "/hours/desk/week", given).status_code == 303
    weekly = router.hours.settings.hours.changes["2026-11-25"]
    assert weekly["wed"] == [("08:00", "12:00"), ("14:00", "18:00"), ("22:00", "06:00")]
    assert router.policies.hours.is_open(frozen.now().replace(hour=20) + timedelta(days=1))


def test_what_was_changed_after_looking_is_looked_at_again(router, browser_of):
    manager = browser_of("manager")
    page = look(manager, "/hours/desk/week", WEEK)
    sent = {"seen": hidden(page, "seen"), "looked": hidden(page, "looked"), "act": "save"}
    page = manager.post("/hours/desk/week?lang=en", {**WEEK, "sat": "", **sent})
    assert page.status_code == 200
    assert "changed something after the preview" in page.text
    assert router.hours.own == {}


def test_of_two_people_the_second_is_told_and_keeps_what_they_typed(router, browser_of):
    admin, manager = browser_of("admin"), browser_of("manager")
    assert save(admin, "/hours/desk/week", WEEK).status_code == 303
    typed = {**WEEK, "begin": "2026-12-01", "fri": "10:00-15:00"}
    page = look(manager, "/hours/desk/week", typed)
    assert page.status_code == 409
    assert "Admin" in page.text
    assert 'value="10:00-15:00"' in page.text
    assert router.hours.own["calendar:desk"].version == 1
    sent = {"seen": hidden(page, "seen"), "act": "look"}
    assert manager.post("/hours/desk/week", {**typed, **sent}).status_code == 200


def test_a_coming_week_is_withdrawn(router, browser_of):
    manager = browser_of("manager")
    save(manager, "/hours/desk/week", WEEK)
    page = manager.get("/hours/desk/withdraw?from=2026-11-25&lang=en")
    assert "Withdraw" in page.text
    sent = {"from": "2026-11-25", "seen": hidden(page, "seen")}
    assert manager.post("/hours/desk/withdraw", sent).status_code == 303
    assert router.hours.settings == router.settings
    assert manager.get("/hours/desk/withdraw?from=2026-11-25").status_code == 422


def test_a_calendar_goes_back_to_the_file_from_today_on(router, browser_of, frozen):
    manager = browser_of("manager")
    save(manager, "/hours/desk/week", WEEK)
    frozen.advance(timedelta(days=10))
    manager = browser_of("manager")
    page = manager.get("/hours/desk/file?lang=en")
    assert manager.post("/hours/desk/file", {"seen": hidden(page, "seen")}).status_code == 303
    assert router.policies.hours.is_open(frozen.now().replace(hour=12))
    past = frozen.now().replace(hour=12) - timedelta(days=5)
    assert not router.policies.hours.is_open(past)
    assert manager.get("/hours/desk/file?lang=en").status_code == 422


def test_a_stale_page_takes_nothing_back(router, browser_of):
    manager = browser_of("manager")
    save(manager, "/hours/desk/week", WEEK)
    page = manager.post("/hours/desk/file?lang=en", {"seen": "0"})
    assert page.status_code == 409
    assert router.hours.own["calendar:desk"].own is not None


def test_a_change_has_its_line_in_the_audit_log_with_before_and_after(router, browser_of):
    manager = browser_of("manager")
    save(manager, "/hours/desk/week", {**WEEK, "zone": "Asia/Tokyo", "country": "JP"})
    assert 'href="/hours/changes#calendar:desk@1"' in manager.get("/audit").text
    shown = manager.get("/hours/changes?lang=en").text
    for words in ("Manager", "From 2026-11-25 on", "09:00–18:00", "Asia/Tokyo", "JP"):
        assert words in shown
    with router.store.reading() as unit:
        digest = unit.value("SELECT digest FROM audit WHERE action = 'calendar.week'")
    assert len(digest) == 16


def test_what_is_kept_of_a_change_is_sealed_by_the_audit_log(router, browser_of):
    manager = browser_of("manager")
    save(manager, "/hours/desk/week", WEEK)
    assert "calendar:desk@1, before" not in manager.post("/audit/verify?lang=en").text
    router.store.write(lambda unit: unit.run("UPDATE promise_version SET was = :was", was="{}"))
    assert "calendar:desk@1, before" in manager.post("/audit/verify?lang=en").text


def test_a_country_that_was_chosen_is_observed_at_once(router, browser_of, frozen):
    save(browser_of("manager"), "/hours/desk/week", {**WEEK, "country": "cn"})
    new_year = frozen.now().replace(year=2027, month=1, day=1, hour=2)
    assert not router.policies.hours.is_open(new_year)
    assert router.policies.hours.is_open(new_year.replace(month=3, day=3))


def test_a_calendar_that_nobody_knows_is_not_found(browser_of):
    assert browser_of("manager").get("/hours/nowhere/week").status_code == 404
    assert browser_of("manager").post("/hours/nowhere/week").status_code == 404


def test_leads_look_and_do_not_change(browser_of):
    lead = browser_of("lead")
    assert 'href="/hours/desk/week"' not in lead.get("/hours").text
    assert lead.get("/policies").status_code == 200
    assert lead.get("/hours/desk/week").status_code == 403


def test_a_row_that_cannot_be_read_leaves_what_was_in_force_and_is_saved_over(router, browser_of):
    told = {"own": [{"begin": "soon"}], "was": {}, "becomes": {}, "agent_id": None}
    router.store.write(lambda unit: promise_versions.put(unit, "calendar:desk", 0, **told))
    router.hours.follow(router.store)
    assert router.hours.fault
    assert router.hours.settings == router.settings
    assert save(browser_of("manager"), "/hours/desk/week", WEEK).status_code == 303
    assert router.hours.fault == ""
    assert router.hours.own["calendar:desk"].version == 2


def test_the_week_leads_to_what_if_as_it_was_typed(browser_of):
    page = browser_of("manager").get("/hours/desk/week")
    given = unescape(re.search(r'href="/reports/whatif\?hours=([^"]+)"', page.text)[1])
    assert supposing.week(unquote_plus(given)) == {day: [("08:00", "22:00")] for day in DAYS}
