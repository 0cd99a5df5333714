"""The identity gate on the pages: an agent's buttons, and the requester's own page."""

import re
from datetime import timedelta

import pytest

from router import deliver, pipeline
from router.prepared import Terms

pytestmark = pytest.mark.one_database


def arrives(router, door, text):
    raw = door.arrives(text=text, verification="verified")
    return pipeline.receive(router, door, [raw], Terms())[0]


@pytest.fixture
def locked(router, door, frozen):
    arrives(router, door, "How do I see my transactions?")
    frozen.advance(timedelta(days=2))
    return arrives(router, door, "My account is locked, please unlock it")


def identity_of(router, ticket):
    with router.store.reading() as unit:
        sql = "SELECT identity_id FROM ticket WHERE id = :t"
        return unit.value(sql, t=ticket)


def test_an_agent_mails_a_code_and_its_owner_types_it_on_their_page(
    router, door, locked, browser_of
):
    page, browser = f"/ticket/{locked.number}", browser_of("agent")
    shown = browser.get(f"{page}?lang=en").text
    assert "Make sure who it is before unlocking the account." in shown
    assert "Mail a code to ann@mail.example" in shown
    data = {"purpose": "unlock", "identity": identity_of(router, locked.ticket_id)}
    assert browser.post(f"{page}/gate/code", data=data).status_code == 303
    deliver.sweep(router)
    mail = next(one.text for one in door.sent if "Code:" in one.text)
    code, link = re.search(r"Code: (\d{6})", mail)[1], re.search(r"/t/\S+", mail)[0]
    theirs = browser_of(None)
    asked = theirs.get(f"{link}?lang=en").text
    assert "The code we sent you by mail" in asked
    assert "mail.example" not in asked
    wrong = theirs.post(f"{link}/code?lang=en", data={"code": "12"})
    assert (wrong.status_code, "This is not the code." in wrong.text) == (422, True)
    assert theirs.post(f"{link}/code", data={"code": code}).status_code == 303
    after = browser.get(f"{page}?lang=en").text
    assert "The requester proved who they are" in after
    assert "Make sure who it is" not in after
    assert browser.post(f"{page}/close").status_code == 303


def test_closing_before_that_says_why_not(locked, browser_of):
    answer = browser_of("agent").post(f"/ticket/{locked.number}/close?lang=en")
    assert answer.status_code == 409
    assert "the identity check on this ticket is still open" in answer.text


def test_a_code_to_nobody_is_refused_in_words(locked, browser_of):
    page = f"/ticket/{locked.number}/gate/code?lang=en"
    for identity in ("", "7", "x"):
        answer = browser_of("agent").post(page, data={"purpose": "unlock", "identity": identity})
        assert answer.status_code in (409, 422)
        assert "No code can go there" in answer.text or "This was not done" in answer.text


def test_any_ticket_can_ask_for_a_check_and_say_that_none_is_needed(router, calm, browser_of):
    browser, page = browser_of("agent"), f"/ticket/{calm.number}"
    browser.post(f"{page}/gate/open", data={"purpose": "phone"})
    assert "changing the linked phone number" in browser.get(f"{page}?lang=en").text
    data = {"purpose": "phone", "reason": "withdrawn"}
    assert browser.post(f"{page}/gate/aside", data=data).status_code == 303
    assert browser.post(f"{page}/close").status_code == 303


def test_the_article_about_a_matter_is_offered_to_agents_as_a_snippet_too(calm, browser_of):
    browser = browser_of("agent")
    shown = browser.get(f"/ticket/{calm.number}?lang=en").text
    name = re.search(r'href="/help/([a-z-]+)"', shown)[1]
    assert f"Type /{name} in your reply" in shown
    offered = browser.get(f"/ticket/{calm.number}/macros").text
    assert offered.index(f"<code>/{name}</code>") < offered.index("<code>/login-reset</code>")
    assert f"/help/{name}" in offered


def test_a_telephone_number_is_covered_in_the_gate_as_everywhere(router, locked, browser_of):
    def work(unit):
        person = unit.value("SELECT requester_id FROM ticket WHERE id = :t", t=locked.ticket_id)
        unit.run(
            "INSERT INTO identity (id, requester_id, kind, value, name, verified, created_at) "
            "VALUES (77, :person, 'phone', '+8613800001234', '', :no, 1)",
            person=person,
            no=False,
        )

    router.store.write(work)
    shown = browser_of("agent").get(f"/ticket/{locked.number}").text
    assert "138****1234" in shown
    assert "13800001234" not in shown
