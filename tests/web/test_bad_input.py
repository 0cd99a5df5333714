"""What people and networks do to a page all day: nothing is lost, the words are clear, and the page
stays usable."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from werkzeug.routing import IntegerConverter

from router import reports
from router.store import people
from tests.fakes import FakeDoors

pytestmark = pytest.mark.one_database

#: An isolate that is never closed, an override, and letters of three scripts that look alike.
STRANGE = ("\u202egnp.exe", "\u2066\u2067name", "\u0410nn \u0391A", "\u200b\ufeff", "عميل")


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door), deliver={"undo_seconds": 10})


def _field(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page.text)[1]


def _said(router, direction):
    with router.store.reading() as unit:
        sql = "SELECT text FROM message WHERE direction = :d"
        return [row.text for row in unit.rows(sql, d=direction)]


def test_two_tabs_of_one_agent_answer_once_and_the_second_is_told(router, browser_of, mail):
    browser, at = browser_of("agent"), f"/ticket/{mail().number}"
    one, other = browser.get(at), browser.get(at)
    first = {"text": "It will arrive.", "once": _field(one, "once"), "seen": _field(one, "seen")}
    browser.post(f"{at}/reply", first)
    second = {"text": "As I said.", "once": _field(other, "once"), "seen": _field(other, "seen")}
    answer = browser.post(f"{at}/reply", second)
    assert answer.status_code == 409
    assert "As I said.</textarea>" in answer.text
    assert _said(router, "out") == ["It will arrive."]


def test_the_back_button_and_send_again_send_nothing_twice(router, browser_of, mail):
    browser, at = browser_of("agent"), f"/ticket/{mail().number}"
    data = {"text": "It will arrive.", "once": "o1"}
    for _ in range(3):
        assert browser.post(f"{at}/reply", data).status_code == 303
    browser.post(f"{at}/note", {"text": "checked", "once": "n1"})
    browser.post(f"{at}/note", {"text": "checked", "once": "n1"})
    assert _said(router, "out") == ["It will arrive."]
    assert _said(router, "note") == ["checked"]


def test_a_session_that_ends_in_mid_sentence_loses_no_word(
    router, browser_of, agents, mail, frozen
):
    ticket = mail()
    browser, at = browser_of("agent"), f"/ticket/{ticket.number}"
    browser.post(f"{at}/draft", {"kind": "reply", "text": "Dear Ann, your money"})
    frozen.advance(timedelta(hours=9))
    refused = browser.post(f"{at}/reply?lang=en", {"text": "Dear Ann, your money is", "once": "o"})
    assert refused.status_code == 403
    assert "Please sign in again" in refused.text
    assert f'href="/sign-in?next={quote(at, safe="")}"' in refused.text
    assert _said(router, "out") == []
    secret = router.store.write(lambda unit: people.open_session(unit, agents["agent"], hours=1))
    browser.client.set_cookie("desk", secret)
    assert "Dear Ann, your money</textarea>" in browser.get(at).text


def test_a_form_from_before_signing_in_again_says_so_and_sends_nothing(router, browser_of, mail):
    browser, at = browser_of("agent"), f"/ticket/{mail().number}"
    browser.csrf = "of another session"
    answer = browser.post(f"{at}/reply", {"text": "It will arrive.", "once": "o"})
    assert answer.status_code == 409
    assert _said(router, "out") == []


def test_an_answer_that_was_lost_on_the_way_back_is_sent_once(router, browser_of, mail):
    """The desk took it, the network ate the page; the browser sends it again."""
    browser, at = browser_of("agent"), f"/ticket/{mail().number}"
    page = browser.get(at)
    data = {"text": "It will arrive.", "once": _field(page, "once"), "seen": _field(page, "seen")}
    browser.post(f"{at}/reply", data)
    assert browser.post(f"{at}/reply", data).status_code == 303
    assert _said(router, "out") == ["It will arrive."]


@pytest.mark.slow
def test_ten_megabytes_in_one_message_are_cut_and_the_page_opens(router, browser_of, mail):
    ticket = mail("My transfer is still pending.\n" * 350_000)
    page = browser_of("agent").get(f"/ticket/{ticket.number}")
    assert page.status_code == 200


def test_more_than_a_form_may_hold_is_refused_in_words(browser_of, mail):
    at = f"/ticket/{mail().number}"
    answer = browser_of("agent").post(f"{at}/reply", {"text": "x" * 60_000, "once": "o"})
    assert answer.status_code == 422
    assert "x" * 1000 in answer.text
    answer = browser_of("agent").post(f"{at}/note", {"text": "x" * 3_000_000, "once": "o"})
    assert answer.status_code in (413, 422)
    assert "<main" in answer.text


def test_a_name_of_three_hundred_characters_keeps_the_page_in_shape(browser_of, mail):
    ticket = mail(name="王" * 300)
    for at in ("/", f"/ticket/{ticket.number}"):
        page = browser_of("agent").get(at).text
        assert "<bdi>王王" in page
        assert "王" * 201 not in page


@pytest.mark.parametrize("name", STRANGE)
def test_a_name_that_runs_backwards_or_looks_alike_stays_in_its_place(browser_of, mail, name):
    ticket = mail(name=name, subject=f"Re {name}")
    for at in ("/", f"/ticket/{ticket.number}"):
        page = browser_of("agent").get(at).text
        shown = re.findall(
            r"(?:<bdi>)?[^<>]*" + re.escape(name.strip()) + r"[^<>]*(?:</bdi>)?", page
        )
        loose = [one for one in shown if not one.startswith("<bdi>") and name.strip()]
        assert [one for one in loose if 'value="' not in one and "title" not in one] == []


@pytest.mark.parametrize(
    "query",
    ["view=gone", "team=nobody", "category=no.such", "tag=" + "x" * 500, "cursor=%00", "q=%F0%9F"],
)
def test_an_address_that_asks_for_what_is_no_more_is_still_a_list(browser_of, mail, query):
    mail()
    answer = browser_of("agent").get(f"/?{query}")
    assert answer.status_code in (200, 400)
    assert "<main" in answer.text


@pytest.mark.parametrize("days", ["from=2016-12-01&to=2026-11-24", "from=2026-11-24&to=2026-11-24"])
@pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
def test_a_report_over_nothing_and_over_ten_years_is_a_file(router, browser_of, days, form):
    reports.sweep(router, timedelta(0))
    answer = browser_of("manager").get(f"/reports/sla/file.{form}?{days}")
    assert answer.status_code == 200
    assert answer.data


@pytest.mark.parametrize(
    "days", ["from=2026-11-24&to=2026-11-23", "from=1&to=2", "from=0001-01-01"]
)
def test_days_that_are_no_period_are_refused_in_words(browser_of, days):
    answer = browser_of("manager").get(f"/reports/sla?{days}")
    assert answer.status_code == 400
    assert "<main" in answer.text


def _numbered(app):
    """Every address with a number in it, its method, and what it is called with."""
    for rule in app.url_map.iter_rules():
        if any(isinstance(one, IntegerConverter) for one in rule._converters.values()):
            yield rule, "GET" if "GET" in rule.methods else "POST"


@pytest.mark.parametrize("number", ["9223372036854775808", "9" * 30, "9" * 5000])
def test_a_number_that_no_row_can_have_is_an_address_that_is_not_there(app, browser_of, number):
    browser, asked = browser_of("admin"), {}
    for rule, method in _numbered(app):
        at = re.sub(r"<int:\w+>", number, rule.rule)
        at = re.sub(r"<[^>]+>", "x", at)
        answer = browser.get(at) if method == "GET" else browser.post(at)
        asked[rule.rule] = answer.status_code
    assert len(asked) > 30
    assert {at for at, status in asked.items() if status not in (404, 405)} == set()


@pytest.mark.parametrize("number", ["9223372036854775808", "9" * 19, "9" * 5000, "²", "-1"])
@pytest.mark.parametrize(
    ("act", "field"),
    [("assign", "agent"), ("team", "team"), ("macro", "macro"), ("suggested", "link")],
)
def test_a_number_that_no_row_can_have_is_refused_in_a_form(browser_of, mail, act, field, number):
    at = f"/ticket/{mail().number}/{act}"
    answer = browser_of("admin").post(at, {field: number, "accept": "yes"})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "deep", ["[" * 500_000, '{"body":' * 100_000, '{"text":"x","a":' + "[" * 9_000]
)
def test_json_that_is_nested_without_end_is_refused_not_a_fault(browser_of, deep):
    answer = browser_of(None).client.post(
        "/api/v1/intake/webform", data=deep, content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
