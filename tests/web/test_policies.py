"""What is promised, changed in the browser: row by row, looked at first, in an order."""

import re
from datetime import timedelta
from functools import partial
from html import unescape

import pytest

from router import amending, dated_weeks
from router.core.promises.sla import KINDS, URGENCIES
from router.store.promises import promise_versions
from tests.web.test_weeks import due, hidden, look, recounts, save

pytestmark = pytest.mark.one_database

FAST = {
    "policy": "",
    "name": "Fast transfers",
    "category": "transfer.*",
    "urgency": "",
    "channel": "",
    "team": "support",
    "language": "en、zh*",
    "first_response": "45",
    "next_response": "2h",
    "resolution": "1d",
    "calendar": "always",
    "warn": "50，90%",
}
STANDARD = {
    "first_response.P1": "15",
    "first_response.P2": "60",
    "first_response.P3": "480",
    "first_response.P4": "1d",
    "next_response.P1": "30",
    "next_response.P2": "240",
    "next_response.P3": "840",
    "next_response.P4": "1680",
    "resolution.P1": "480",
    "resolution.P2": "1680",
    "resolution.P3": "4200",
    "resolution.P4": "8400",
    "warn": "75",
}
EDIT = "/policies/edit"


def added(browser, **changes):
    answer = save(browser, EDIT, {**FAST, **changes})
    assert answer.status_code == 303
    return answer


def confirm(browser, path, **sent):
    query = "&".join(f"{name}={value}" for name, value in sent.items())
    page = browser.get(f"{path}?lang=en&{query}")
    assert page.status_code == 200, page.text
    assert browser.post(path, {**sent, "seen": hidden(page, "seen")}).status_code == 303
    return page.text


def names(router):
    return [one.name for one in router.hours.settings.sla.policies]


def test_a_policy_is_added_and_open_promises_follow(router, calm, browser_of):
    before, manager = due(router, calm), browser_of("manager")
    added(manager)
    (policy,) = router.hours.settings.sla.policies
    assert policy.model_dump() == {
        "name": "Fast transfers",
        "category": ["transfer.*"],
        "urgency": [],
        "channel": [],
        "team": ["support"],
        "language": ["en", "zh*"],
        "first_response": 45,
        "next_response": 120,
        "resolution": 1440,
        "calendar": "always",
        "warn": [0.5, 0.9],
    }
    assert recounts(router)
    assert due(router, calm) < before
    shown = manager.get("/policies?lang=en").text
    for words in ("Fast transfers", "45 min", "transfer.*", "50%, 90%"):
        assert words in shown


def test_what_moves_is_shown_before_anything_is_saved(router, calm, browser_of, frozen):
    page = look(browser_of("manager"), EDIT, {**FAST, "first_response": "1"})
    assert page.status_code == 200
    assert calm.number in page.text
    assert "2 of 2 open promises move." in page.text
    assert names(router) == []


def test_what_would_be_late_at_once_is_an_alarm(router, calm, browser_of, frozen):
    frozen.set(frozen.now().replace(hour=3, minute=30))
    page = look(browser_of("manager"), EDIT, {**FAST, "first_response": "60"})
    assert "1 open promises would be late" in page.text


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "Give it a name"),
        ("name", "standard", "Give it a name"),
        ("urgency", "P7", "no such urgency"),
        ("first_response", "0", "at least one minute"),
        ("resolution", "-3", "at least one minute"),
        ("next_response", "soon", "Write minutes"),
        ("warn", "100", "above 0 and below 100"),
        ("warn", "much", "above 0 and below 100"),
        ("calendar", "night", "no such calendar"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    router, browser_of, field, typed, words
):
    given = {**FAST, field: typed}
    page = look(browser_of("manager"), EDIT, given)
    assert page.status_code == 422
    assert words in dict(re.findall(r'id="([\w.]+)-wrong">([^<]+)<', page.text))[field]
    kept = unescape(page.text)
    for name, value in given.items():
        if name not in ("warn", "language", "policy"):
            assert f'value="{value}"' in kept
    assert names(router) == []


def test_everything_that_is_wrong_is_said_at_once(browser_of):
    given = {**FAST, "name": "", "first_response": "0", "resolution": "soon", "urgency": "P9"}
    page = look(browser_of("manager"), EDIT, given)
    wrong = set(re.findall(r'id="(\w+)-wrong"', page.text))
    assert wrong == {"name", "first_response", "resolution", "urgency"}


def test_a_condition_that_fits_nothing_is_pointed_out(browser_of):
    page = look(browser_of("manager"), EDIT, {**FAST, "category": "transfr.*", "team": "vip"})
    assert page.status_code == 200
    assert "transfr.*, vip" in page.text


@pytest.mark.parametrize("typed", ["0", "-1", "x", ""])
def test_a_standard_time_that_cannot_be_is_said_beside_its_field(router, browser_of, typed):
    given = {**STANDARD, "resolution.P3": typed}
    page = look(browser_of("manager"), "/policies/standard", given)
    assert page.status_code == 422
    assert 'id="resolution.P3-wrong"' in page.text
    assert 'value="60"' in page.text
    assert router.hours.settings == router.settings


def test_the_standard_is_changed_and_leads_to_what_if(router, browser_of):
    manager = browser_of("manager")
    page = look(manager, "/policies/standard", STANDARD)
    assert "/reports/whatif?targets=first_response.P2%3D60" in page.text
    assert save(manager, "/policies/standard", STANDARD).status_code == 303
    assert router.policies.minutes("first_response", "P2") == 60
    assert {f"{kind}.{urgency}" for kind in KINDS for urgency in URGENCIES} < STANDARD.keys()


def test_policies_are_tried_in_the_order_that_is_shown(router, browser_of):
    manager = browser_of("manager")
    added(manager)
    added(manager, name="VIP")
    confirm(manager, "/policies/place", policy="VIP", step="up")
    assert names(router) == ["VIP", "Fast transfers"]
    shown = manager.get("/policies").text
    assert shown.index("VIP") < shown.index("Fast transfers")


def test_a_policy_in_use_is_deleted_with_its_effect_shown(router, calm, browser_of):
    manager = browser_of("manager")
    added(manager)
    recounts(router)
    before = due(router, calm)
    told = confirm(manager, "/policies/drop", policy="Fast transfers")
    assert "2 open promises belong to a policy that is gone" in told
    assert names(router) == []
    recounts(router)
    assert due(router, calm) == before


def test_the_standard_cannot_be_deleted(router, browser_of):
    manager = browser_of("manager")
    assert "/policies/drop?policy=standard" not in manager.get("/policies").text
    page = manager.get("/policies/drop?policy=standard&lang=en")
    assert page.status_code == 422
    assert "cannot be deleted" in page.text
    assert manager.post("/policies/drop", {"policy": "standard", "seen": "0"}).status_code == 409


def test_a_policy_gets_another_name_and_its_promises_with_it(router, calm, browser_of):
    manager = browser_of("manager")
    added(manager)
    recounts(router)
    answer = save(manager, EDIT, {**FAST, "policy": "Fast transfers", "name": "Transfers"})
    assert answer.status_code == 303
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM sla_clock WHERE policy = 'Transfers'") == 2


def test_of_two_people_the_second_is_told_and_keeps_what_they_typed(router, browser_of):
    admin, manager = browser_of("admin"), browser_of("manager")
    added(admin, name="VIP")
    page = look(manager, EDIT, FAST)
    assert page.status_code == 409
    assert "Admin" in page.text
    assert "VIP" in page.text
    assert 'value="Fast transfers"' in page.text
    again = {**FAST, "seen": hidden(page, "seen"), "act": "look"}
    page = manager.post(EDIT, again)
    sent = {"seen": hidden(page, "seen"), "looked": hidden(page, "looked"), "act": "save"}
    assert manager.post(EDIT, {**FAST, **sent}).status_code == 303
    assert names(router) == ["VIP", "Fast transfers"]


def test_one_click_goes_back_to_the_file(router, browser_of):
    manager = browser_of("manager")
    added(manager)
    assert 'href="/policies/file"' in manager.get("/policies").text
    told = confirm(manager, "/policies/file")
    assert "Fast transfers" in told
    assert router.hours.settings == router.settings
    assert 'href="/policies/file"' not in manager.get("/policies").text


def test_every_change_is_in_the_audit_log_with_before_and_after(router, browser_of):
    manager = browser_of("manager")
    save(manager, "/policies/standard", STANDARD)
    assert 'href="/hours/changes#policies@1"' in manager.get("/audit").text
    shown = manager.get("/hours/changes?lang=en").text
    row = re.search(r"<tr><th[^>]*><bdi>[^<]*P2[^<]*First answer.*?</tr>", shown)[0]
    assert "2 h" in row
    assert "1 h" in row


def test_changes_of_years_are_read_page_by_page(router, browser_of, agents, frozen):
    for number in range(65):
        frozen.advance(timedelta(minutes=1))
        told = amending.told(router.settings, dated_weeks.POLICIES)
        change = {"own": told, "was": told, "becomes": told, "agent_id": agents["manager"]}
        router.store.write(
            partial(promise_versions.put, part=dated_weeks.POLICIES, seen=number, **change)
        )
    manager = browser_of("manager")
    page = manager.get("/hours/changes").text
    assert 'id="policies@65"' in page
    assert 'id="policies@5"' not in page
    earlier = manager.get(re.search(r'href="(/hours/changes\?before=\d+)"', page)[1]).text
    assert re.findall(r'id="policies@(\d+)"', earlier) == ["5", "4", "3", "2", "1"]
    assert "/hours/changes?before" not in earlier


def test_an_unknown_policy_is_not_found(browser_of):
    assert browser_of("manager").get("/policies/edit?policy=none").status_code == 404
