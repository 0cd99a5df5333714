"""Splitting, spam, blocking, copies and passing on, over HTTP."""

import re

import pytest

from router.store import mentions
from tests.fakes import FakeDoors

pytestmark = pytest.mark.one_database


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door), deliver={"undo_seconds": 10})


def _undo(browser, at):
    page = browser.get(at).text
    number = at.rpartition("/")[2]
    return browser.post(re.search(r'action="(/undo/\d+)', page)[1], {"number": number})


def test_a_message_is_split_off_and_both_tickets_say_so(router, browser_of, mail):
    ticket = mail()
    second = mail("and I cannot log in", tokens=[router.tokens.reply_token(ticket.ticket_id)])
    browser, at = browser_of("agent"), f"/ticket/{ticket.number}"
    assert f'name="message" value="{second.message_id}"' in browser.get(at).text
    data = {"message": str(second.message_id), "subject": "Cannot log in"}
    assert browser.post(f"{at}/split", data).status_code == 303
    page = browser.get(f"{at}?lang=en").text
    number = re.search(r'split <a href="/ticket/([^"]+)"', page)[1]
    assert "Cannot log in" in browser.get(f"/ticket/{number}").text
    assert _undo(browser, at).status_code == 303
    assert f'id="m{second.message_id}"' in browser.get(at).text


@pytest.mark.parametrize("data", [{}, {"message": "x"}, {"message": "12"}, {"message": "9" * 30}])
def test_a_split_of_nothing_says_why(browser_of, mail, data):
    answer = browser_of("agent").post(f"/ticket/{mail().number}/split", data)
    assert answer.status_code in (404, 422)


def test_spam_leaves_the_list_and_is_found_under_its_name(browser_of, mail):
    ticket = mail()
    browser, at = browser_of("agent"), f"/ticket/{ticket.number}"
    browser.post(f"{at}/spam")
    assert f"line-{ticket.number}" not in browser.get("/?view=open").text
    assert f"line-{ticket.number}" in browser.get("/?view=closed&tag=spam").text
    _undo(browser, at)
    assert f"line-{ticket.number}" in browser.get("/?view=open").text


def test_a_blocked_sender_is_listed_and_let_in_again(browser_of, mail):
    ticket = mail()
    browser, at = browser_of("agent"), f"/ticket/{ticket.number}"
    browser.post(f"{at}/spam", {"block": "1"})
    assert "ann@mail.example" in browser.get("/blocked").text
    browser.post(f"{at}/block", {"in": "1"})
    assert "ann@mail.example" not in browser.get("/blocked").text


def test_a_copy_is_shown_under_its_answer_with_what_became_of_it(browser_of, mail):
    browser, at = browser_of("agent"), f"/ticket/{mail().number}"
    data = {"text": "It was sent back.", "once": "o", "cc": "desk@bank.example"}
    assert browser.post(f"{at}/reply", data).status_code == 303
    shown = browser.get(f"{at}?lang=en").text
    assert re.search(r'copies".*desk@bank\.example.*outbox-queued', shown, re.DOTALL)


def test_a_wrong_address_keeps_everything_that_was_written(browser_of, mail):
    browser, at = browser_of("agent"), f"/ticket/{mail().number}"
    data = {"text": "It was sent back.", "once": "o", "cc": "bank"}
    answer = browser.post(f"{at}/reply", data)
    assert answer.status_code == 422
    assert "It was sent back.</textarea>" in answer.text
    assert 'value="bank"' in answer.text
    data = {"text": "Please look.", "once": "o", "to": "bank@"}
    answer = browser.post(f"{at}/forward", data)
    assert answer.status_code == 422
    assert "Please look.</textarea>" in answer.text
    assert 'value="bank@"' in answer.text


def test_passing_on_is_undone_into_its_own_box(browser_of, mail):
    browser, at = browser_of("agent"), f"/ticket/{mail().number}"
    data = {"text": "Please look.", "once": "o", "to": "desk@bank.example", "share": "all"}
    assert browser.post(f"{at}/forward", data).status_code == 303
    assert 'class="message forward"' in browser.get(at).text
    _undo(browser, at)
    page = browser.get(at).text
    assert 'class="message forward"' not in page
    assert "Please look.</textarea>" in page


def test_a_secret_is_not_passed_on_unasked(browser_of, mail):
    browser, at = browser_of("agent"), f"/ticket/{mail().number}"
    data = {"text": "Card 4111 1111 1111 1111", "once": "o", "to": "desk@bank.example"}
    answer = browser.post(f"{at}/forward", data)
    assert answer.status_code == 422
    assert browser.get(at).text.count('class="message forward"') == 0
    assert 'value="desk@bank.example"' in answer.text


def test_who_takes_over_reads_the_words_and_is_told(router, browser_of, agents, mail):
    ticket = mail()
    browser, at = browser_of("agent"), f"/ticket/{ticket.number}"
    lead = agents["lead"]
    browser.post(f"{at}/assign", {"agent": str(lead), "words": "She calls back at 3."})
    page = browser.get(at).text
    assert "She calls back at 3." in page
    assert 'class="message note"' in page
    with router.store.reading() as unit:
        assert mentions.open_on(unit, lead, ticket.ticket_id)


def test_a_tag_is_taken_off_every_ticket_ticked(router, browser_of, mail):
    ticket = mail()
    browser = browser_of("agent")
    browser.post("/bulk", {"ticket": ticket.number, "tag": "vip"})
    assert f"line-{ticket.number}" in browser.get("/?tag=vip").text
    browser.post("/bulk", {"ticket": ticket.number, "tag": "-vip"})
    assert f"line-{ticket.number}" not in browser.get("/?tag=vip").text
