"""Changing the rules in a real browser: draft, lint, backtest, a second person, back again."""

import re

import pytest

from router import form
from router.store import people
from tests.drafts import ALARM, BEES
from tests.walks.conftest import looks

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("desk_rules")]


@pytest.fixture
def signed_in(router, visit):
    """Opens a page where somebody of that name and role is signed in."""
    known = {}

    def work(unit, name, role):
        if name not in known:
            teams = ["support", "security"]
            known[name] = people.create_agent(unit, f"{name}@desk.example", name, role, teams)
            unit.flush()
        return people.open_session(unit, known[name], hours=1)

    def make(name, path="/rules", role="lead", **options):
        secret = router.store.write(lambda unit: work(unit, name, role))
        cookie = {"name": "desk", "value": secret, "domain": "127.0.0.1", "path": "/"}
        kept = {**cookie, "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}
        return visit(path, storage_state={"cookies": [kept], "origins": []}, **options)

    return make


@pytest.fixture
def arrives(router):
    def make(text):
        fields = {"locale": "en", "body": text, "email": f"p{len(text)}@mail.example"}
        return form.submit(router, fields, [], source="203.0.113.9", spam=False)

    return make


def write(page, text):
    page.locator("textarea").first.fill(text)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state()


def backtested(page, text):
    write(page, text)
    press(page, "Save and backtest")
    page.wait_for_selector("#checks:not([data-wait])")


def forgive_refusals(complaints):
    complaints[:] = [one for one in complaints if "the server responded with a status" not in one]


@pytest.mark.slow
def test_a_rule_goes_from_draft_to_work_and_back_by_two_people(router, signed_in, arrives):
    ticket = arrives("the beehive fell on my phone")
    hua = signed_in("hua")
    press(hua, "Begin a draft")
    backtested(hua, BEES)
    assert "1 decisions change" in hua.locator("#checks").inner_text()
    assert hua.locator("#checks mark").first.inner_text() == "beehive"
    assert hua.locator("svg path.band").count() == 1
    assert hua.get_by_role("button", name="Publish these rules").count() == 0
    tom = signed_in("tom", hua.evaluate("location.pathname"))
    assert tom.locator("ins", has_text="desk.bees").is_visible()
    press(tom, "Publish these rules")
    tom.wait_for_url("**/rules?published=*")
    assert arrives("another beehive fell").number != ticket.number
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM ticket WHERE category = 'other.bees'") == 1
    tom.get_by_role("button", name=re.compile("Go back to this one")).click()
    tom.wait_for_selector("#checks:not([data-wait]) .changes")
    assert "2 decisions change" in tom.locator("#checks").inner_text()
    hua.goto(tom.url)
    press(hua, "Publish these rules")
    hua.wait_for_url("**/rules?published=*")
    assert "desk.bees" not in router.rules.by_id


@pytest.mark.slow
def test_an_edit_that_would_lose_an_alarm_is_refused(router, signed_in, arrives):
    hua = signed_in("hua")
    press(hua, "Begin a draft")
    backtested(hua, ALARM)
    tom = signed_in("tom", "/rules")
    tom.get_by_role("link", name=re.compile("Draft by hua")).click()
    press(tom, "Publish these rules")
    tom.wait_for_url("**/rules?published=*")
    ticket = arrives("Help, there is a zebra on my account")
    press(hua.goto("/rules") and hua, "Begin a draft")
    backtested(hua, "# the zebra is gone")
    told = hua.locator("#checks").inner_text()
    assert "1 security findings that nobody overruled would be lost" in told
    assert hua.locator(".changes .refused a").inner_text() == ticket.number
    tom.goto(hua.url)
    assert tom.get_by_role("button", name="Publish these rules").count() == 0
    assert "desk.alarm" in router.rules.by_id


@pytest.mark.slow
def test_what_is_wrong_is_told_beside_its_file_and_nothing_is_lost(signed_in):
    page = signed_in("hua")
    press(page, "Begin a draft")
    write(page, '[[rule]]\nid = "x"\ncategory = "transfer.hw"')
    assert page.locator("#unsaved").inner_text() == "What you write is not saved yet."
    press(page, "Save")
    area = page.locator("textarea").first
    assert area.input_value().endswith('"transfer.hw"')
    told = page.locator(f"#{area.get_attribute('aria-describedby')}")
    assert "did you mean 'transfer.how_to'?" in told.inner_text()


@pytest.mark.slow
def test_a_draft_is_written_and_checked_by_keys_alone(signed_in):
    page = signed_in("hua")
    press(page, "Begin a draft")
    page.locator("textarea").first.focus()
    page.keyboard.insert_text(BEES)
    for _ in range(20):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.value")
        if focused == "lint":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#checks:not([data-wait]) .chip.ok")
    assert "Nothing to mend." in page.locator("#checks").inner_text()


@pytest.mark.slow
def test_a_draft_is_saved_without_scripts(signed_in):
    page = signed_in("hua", java_script_enabled=False)
    press(page, "Begin a draft")
    write(page, BEES)
    press(page, "Save")
    assert "It can be read." in page.locator("form#writing").inner_text()


def test_a_ticket_says_why_and_leads_to_the_rule(signed_in, arrives):
    ticket = arrives("My transfer is still pending since yesterday")
    page = signed_in("hua", f"/ticket/{ticket.number}")
    page.locator(".why > summary").click()
    page.locator(".reason > summary").first.click()
    assert "Looks for" in page.locator(".reason").first.inner_text()
    page.locator(".reason a").first.click()
    page.wait_for_url("**/rules#rule-*")
    assert page.locator("li:target").is_visible()


@pytest.mark.parametrize("look", looks())
def test_the_rules_pages_have_no_barrier(signed_in, arrives, axe, look, complaints):
    width, scheme, locale = look
    arrives("the beehive fell on my phone")
    page = signed_in(
        "hua", viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale
    )
    found = {}

    def examine(name):
        if violations := axe(page):
            found[name] = violations
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

    page.locator(".category > summary").first.click()
    examine("rules")
    page.locator("form[action='/rules/draft'] button").click()
    write(page, BEES + '[[rule]]\nid = "x"')
    page.locator("button[value=save]").last.click()
    page.wait_for_selector(".faults")
    examine("draft with faults")
    write(page, BEES)
    page.locator("button[value=backtest]").click()
    page.wait_for_selector("#checks:not([data-wait])")
    page.wait_for_selector("#checks table")
    for folded in page.locator("details.card > summary").all():
        folded.click()
    examine("draft with a backtest")
    page.goto("/rules/feedback")
    examine("misroutes")
    page.goto("/rules")
    page.locator("main code").first.click()
    page.wait_for_url("**/rules/version/*")
    examine("version")
    assert found == {}
    assert page.locator("html").get_attribute("lang") == locale
    forgive_refusals(complaints)
