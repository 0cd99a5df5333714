"""The pages of incidents: what leads see and do, what an agent sees of it on a ticket."""

import re

import pytest

from router import incidents, waves
from router.core.rights import Who
from tests.web.conftest import ALARM, submitted

pytestmark = pytest.mark.one_database

ZH, EN = "转账通道已经恢复。", "Transfers work again."


@pytest.fixture
def lead(agents):
    return Who(agents["lead"], "Lead", "lead", frozenset({1}), "en")


@pytest.fixture
def opened(router, lead, calm):
    """An incident of one ticket."""
    return incidents.open_by_hand(router, lead, "Slow transfers", "transfer", [calm.number])


@pytest.fixture
def campaign(router):
    """Five people name the same page: what the router finds by itself."""
    for number in range(5):
        submitted(router, f"{number} words of my own, they sent me to https://pay-check.example/x")
    waves.sweep(router)
    with router.store.reading() as unit:
        return unit.value("SELECT id FROM incident")


def outbox_of(router, ticket_id):
    with router.store.reading() as unit:
        rows = unit.rows(
            "SELECT text FROM outbox WHERE ticket_id = :t AND purpose = 'reply'", t=ticket_id
        )
        return [row.text for row in rows]


def test_nothing_going_on_is_said_in_words(browser_of):
    page = browser_of("lead").get("/incidents?lang=en").text
    assert "No open incidents." in page
    assert (
        "No incident has ended yet."
        in browser_of("lead").get("/incidents?state=closed&lang=en").text
    )


def test_what_the_router_found_is_listed_in_the_readers_words(campaign, browser_of):
    english = browser_of("lead").get("/incidents?lang=en").text
    assert f'href="/incidents/{campaign}"' in english
    assert "many people send nearly the same" in english
    assert "tickets: 5" in english
    assert "许多人发来相近的内容" in browser_of("lead").get("/incidents?lang=zh").text


def test_an_incident_shows_what_its_tickets_share(campaign, browser_of):
    page = browser_of("manager").get(f"/incidents/{campaign}?lang=en").text
    assert "pay-check.example" in page
    assert "found by the router" in page
    assert page.count("names the same site") == 6


def test_a_lead_opens_one_by_hand_over_some_tickets(router, browser_of, calm):
    browser = browser_of("lead")
    fields = {"title": "Bank is slow", "category": "transfer", "tickets": f" {calm.number}， "}
    answer = browser.post("/incidents", fields)
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).text
    assert "Bank is slow" in page
    assert calm.number in page


def test_what_was_typed_comes_back_when_it_is_refused(browser_of):
    fields = {"title": "Bank is slow", "category": "transfer", "tickets": "WT-NO"}
    answer = browser_of("lead").post("/incidents?lang=en", fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="Bank is slow"' in answer.text


def test_the_answer_is_previewed_before_it_goes_out(router, browser_of, opened, calm):
    browser = browser_of("lead")
    at = f"/incidents/{opened}"
    answer = browser.post(f"{at}/answer", {"answer_zh": ZH, "answer_en": EN})
    assert answer.headers["Location"].endswith("#preview")
    assert outbox_of(router, calm.ticket_id) == []
    page = browser.get(f"{at}?lang=en").text
    assert "Tickets it will be sent to: 1" in page
    assert "English: 1" in page
    sent = browser.post(f"{at}/send", {"answer_zh": ZH, "answer_en": EN}, follow_redirects=True)
    assert "Queued in the outbox: 1." in sent.text or "已排入发件箱：1 封。" in sent.text
    assert outbox_of(router, calm.ticket_id) == [EN]


def test_an_answer_of_several_lines_is_the_one_that_was_seen(router, browser_of, opened, calm):
    browser = browser_of("lead")
    text = {"answer_zh": "一。\r\n二。", "answer_en": "One.\r\nTwo."}
    browser.post(f"/incidents/{opened}/answer", text)
    assert browser.post(f"/incidents/{opened}/send", text).status_code == 303
    assert outbox_of(router, calm.ticket_id) == ["One.\nTwo."]


def test_who_joins_later_is_answered_by_one_click(router, browser_of, lead, opened, calm):
    incidents.write_answer(router, lead, opened, ZH, EN)
    incidents.send_answer(router, lead, opened, ZH, EN)
    late = submitted(router, "My transfer is pending too")
    incidents.add(router, lead, opened, late.number)
    browser = browser_of("lead")
    page = browser.get(f"/incidents/{opened}?lang=en").text
    assert "Answer the new ones (1)" in page
    form = page[page.index(f'action="/incidents/{opened}/send"') :]
    fields = dict(re.findall(r'name="(answer_\w+)" value="([^"]*)"', form.split("</form>")[0]))
    assert browser.post(f"/incidents/{opened}/send", fields).status_code == 303
    assert outbox_of(router, late.ticket_id) == [EN]
    assert outbox_of(router, calm.ticket_id) == [EN]


@pytest.mark.parametrize("what", ["answer", "banner"])
def test_of_two_who_write_at_once_the_second_is_told_and_keeps_their_words(
    browser_of, opened, what
):
    at = f"/incidents/{opened}"
    first, second = browser_of("lead"), browser_of("manager")

    def seen(browser):
        form = browser.get(at).text.partition(f'action="{at}/{what}"')[2]
        return {"seen": re.search(r'name="seen" value="(\w+)"', form)[1]}

    zh, en = f"{what}_zh", f"{what}_en"
    theirs = seen(second)
    assert first.post(f"{at}/{what}", {**seen(first), zh: ZH, en: EN}).status_code == 303
    typed = {zh: "另一个说法", en: "Other words"}
    answer = second.post(f"{at}/{what}?lang=en", {**theirs, **typed})
    assert answer.status_code == 409
    assert "Somebody else changed it" in answer.text
    assert ">Other words</textarea>" in answer.text
    assert f'<div class="text" lang="en">{EN}</div>' in answer.text
    assert f">{EN}</textarea>" in first.get(at).text
    assert second.post(f"{at}/{what}", {**seen(second), **typed}).status_code == 303
    assert ">Other words</textarea>" in first.get(at).text


def test_an_answer_in_one_language_only_is_refused_and_kept(browser_of, opened):
    answer = browser_of("lead").post(
        f"/incidents/{opened}/answer?lang=en", {"answer_zh": ZH, "answer_en": ""}
    )
    assert answer.status_code == 422
    assert ZH in answer.text
    assert "The English text is missing" in answer.text
    answer = browser_of("lead").post(
        f"/incidents/{opened}/banner?lang=zh", {"banner_zh": " ", "banner_en": EN}
    )
    assert "缺少中文文本" in answer.text


def test_a_wrong_number_among_an_incidents_tickets_is_named(browser_of, calm):
    data = {"title": "Outage", "category": "login", "tickets": f"{calm.number} WT-2<3"}
    answer = browser_of("lead").post("/incidents?lang=en", data)
    assert answer.status_code == 422
    assert "There is no ticket WT-2&lt;3" in answer.text


def test_the_banner_is_set_and_the_incident_ended_and_opened_again(router, browser_of, opened):
    browser = browser_of("lead")
    at = f"/incidents/{opened}"
    browser.post(f"{at}/banner", {"banner_zh": ZH, "banner_en": EN})
    assert "shown now" in browser.get(f"{at}?lang=en").text
    browser.post(f"{at}/close")
    page = browser.get(f"{at}?lang=en").text
    assert f'action="{at}/answer"' not in page
    assert f'action="{at}/reopen"' in page
    assert browser.post(f"{at}/banner", {"banner_zh": ZH, "banner_en": EN}).status_code == 409
    browser.post(f"{at}/reopen")
    assert f'action="{at}/banner"' in browser.get(at).text


def test_a_ticket_is_added_and_taken_out(router, browser_of, opened, calm):
    browser = browser_of("lead")
    at = f"/incidents/{opened}"
    other = submitted(router, "My transfer is pending as well")
    browser.post(f"{at}/add", {"ticket": other.number})
    assert other.number in browser.get(at).text
    browser.post(f"{at}/leave-out", {"ticket": calm.number})
    assert calm.number not in browser.get(at).text


def test_tickets_of_another_team_are_counted_and_not_shown(router, browser_of, opened, agents):
    alarm = submitted(router, ALARM)
    admin = Who(agents["admin"], "Admin", "admin", frozenset(), "en")
    incidents.add(router, admin, opened, alarm.number)
    page = browser_of("lead").get(f"/incidents/{opened}?lang=en").text
    assert alarm.number not in page
    assert "Tickets of other teams, not shown to you: 1." in page
    assert alarm.number in browser_of("manager").get(f"/incidents/{opened}").text


def test_an_incident_that_is_not_there_is_not_found(browser_of):
    assert browser_of("lead").get("/incidents/77").status_code == 404
    assert browser_of("lead").post("/incidents/77/close").status_code == 404


# ---------------------------------------------------------------- on a ticket's page


def test_a_ticket_says_which_incident_it_is_part_of(browser_of, opened, calm):
    page = browser_of("lead").get(f"/ticket/{calm.number}?lang=en").text
    assert f'href="/incidents/{opened}" title="Slow transfers">Part of an incident' in page
    assert f'made it part of an <a href="/incidents/{opened}">incident</a> (added by hand)' in page


def test_an_agent_reads_it_and_is_led_nowhere_they_may_not_go(browser_of, opened, calm):
    page = browser_of("agent").get(f"/ticket/{calm.number}?lang=en").text
    assert "Part of an incident" in page
    assert "/incidents" not in page


@pytest.fixture
def again(router):
    """Ann writes about two things."""
    first = submitted(router, "My transfer is pending", email="ann@mail.example")
    second = submitted(router, "How do I change my name?", email="ann@mail.example")
    waves.sweep(router)
    return first, second


def test_a_suggestion_is_shown_with_its_reason_and_decided(browser_of, again):
    first, second = again
    browser = browser_of("agent")
    page = browser.get(f"/ticket/{second.number}?lang=en").text
    assert "Perhaps the same matter" in page
    assert "The same person wrote again about something else: the urgency rose" in page
    link = re.search(r'name="link" value="(\d+)"', page)[1]
    at = f"/ticket/{second.number}/suggested"
    assert browser.post(at, {"link": link, "accept": "yes"}).status_code == 303
    page = browser.get(f"/ticket/{first.number}?lang=en").text
    assert "Perhaps the same matter" not in page
    assert "belongs together" in page
    assert browser.post(at, {"link": link, "accept": "no"}).status_code == 409


def test_a_dismissed_suggestion_is_gone(browser_of, again):
    _, second = again
    browser = browser_of("agent")
    page = browser.get(f"/ticket/{second.number}").text
    link = re.search(r'name="link" value="(\d+)"', page)[1]
    at = f"/ticket/{second.number}/suggested"
    browser.post(at, {"link": link, "accept": "no"})
    assert 'name="link"' not in browser.get(f"/ticket/{second.number}").text
    for nonsense in ("", "x", "9" * 40, "77"):
        assert browser.post(at, {"link": nonsense}).status_code == 404


def test_whoever_leads_finds_incidents_in_the_menu(browser_of):
    assert 'href="/incidents"' in browser_of("lead").get("/").text
    assert 'href="/incidents"' not in browser_of("agent").get("/").text
