"""The outbox page: what was sent and what was not, and a person's decision about it."""

import re

import pytest

from channels.contract import Refused, Unknown
from router import deliver, desk, pipeline
from router.core.rights import Who
from router.prepared import Terms
from router.store import copies

pytestmark = pytest.mark.one_database


@pytest.fixture
def lead(agents, router):
    with router.store.reading() as unit:
        (team,) = [row.id for row in unit.rows("SELECT id FROM team WHERE key = 'support'")]
    return Who(id=agents["lead"], name="Lead", role="lead", teams=frozenset({team}))


@pytest.fixture
def answered(router, door, lead):
    """A ticket with a reply in the outbox; the door answers as told."""

    def make(answer=None, text="Your transfer has arrived."):
        raw = door.arrives(text="my transfer is pending", subject="Transfer")
        ticket = pipeline.receive(router, door, [raw], Terms())[0]
        router.store.write(lambda unit: unit.run("UPDATE outbox SET state = 'cancelled'"))
        desk.reply(router, lead, ticket.ticket_id, text, once=text)
        if answer is not None:
            door.answers.append(answer)
            deliver.sweep(router)
        return ticket

    return make


def _row(page):
    return re.search(r"/outbox/(\d+)/retry", page.text)[1]


def test_a_failed_message_is_shown_with_its_reason_and_sent_again_by_a_lead(
    answered, browser_of, router, door
):
    answered(Refused("mailbox does not exist"))
    lead = browser_of("lead")
    page = lead.get("/outbox?state=failed")
    assert "mailbox does not exist" in page.text
    assert lead.post(f"/outbox/{_row(page)}/retry").status_code == 303
    deliver.sweep(router)
    assert [one.text for one in door.sent] == ["Your transfer has arrived."]
    assert "mailbox does not exist" not in lead.get("/outbox?state=failed").text


def test_what_is_held_since_a_restore_is_sent_or_dropped_together(
    answered, browser_of, router, door, lead
):
    ticket = answered()
    for number in range(2):
        desk.reply(router, lead, ticket.ticket_id, f"answer {number}", once=str(number))
    assert router.store.write(copies.hold) == 3
    deliver.sweep(router)
    assert door.sent == []
    browser = browser_of("lead")
    page = browser.get("/outbox?state=held&lang=en").text
    assert "restored from a backup" in page
    assert "Send all of them" in page
    assert (
        browser.post(f"/outbox/{_row(browser.get('/outbox?state=held'))}/cancel").status_code == 303
    )
    assert browser_of("agent").post("/outbox/restored", data={"act": "send"}).status_code == 403
    assert browser.post("/outbox/restored", data={"act": "send"}).status_code == 303
    deliver.sweep(router)
    assert len(door.sent) == 2
    assert "Send all of them" not in browser.get("/outbox?state=held&lang=en").text
    desk.reply(router, lead, ticket.ticket_id, "another answer", once="another")
    router.store.write(copies.hold)
    browser.post("/outbox/restored", data={"act": "drop"})
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM outbox WHERE state = 'held'") == 0
    deliver.sweep(router)
    assert len(door.sent) == 2


def test_an_unknown_message_says_that_sending_again_may_double_it(answered, browser_of):
    answered(Unknown("line cut after the final dot"))
    page = browser_of("lead").get("/outbox?state=unknown&lang=en").text
    assert "may reach the requester twice" in page
    assert "Send anyway" in page


def test_a_message_that_waits_can_be_called_back(answered, browser_of, router, door):
    answered()
    lead = browser_of("lead")
    page = lead.get("/outbox?state=queued").text
    row_id = re.search(r"/outbox/(\d+)/cancel", page)[1]
    assert lead.post(f"/outbox/{row_id}/cancel").status_code == 303
    deliver.sweep(router)
    assert door.sent == []


def test_an_agent_sees_the_outbox_but_decides_nothing_in_it(answered, browser_of):
    answered(Refused("no"))
    agent = browser_of("agent")
    page = agent.get("/outbox").text
    assert "Your transfer has arrived." in page
    assert "/retry" not in page
    row_id = _row(browser_of("lead").get("/outbox"))
    assert agent.post(f"/outbox/{row_id}/retry").status_code == 403


def test_the_outbox_of_another_team_is_not_shown(alarm, browser_of):
    assert alarm.number not in browser_of("agent").get("/outbox").text
    assert alarm.number in browser_of("manager").get("/outbox").text


def test_words_of_a_message_are_never_markup(answered, browser_of):
    answered(text="<script>alert(1)</script>")
    page = browser_of("agent").get("/outbox").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_decision_made_twice_is_told_in_words(answered, browser_of):
    answered(Refused("no"))
    lead = browser_of("lead")
    row_id = _row(lead.get("/outbox"))
    lead.post(f"/outbox/{row_id}/cancel")
    assert lead.post(f"/outbox/{row_id}/cancel").status_code == 409


def test_what_was_never_tried_is_not_sent_again(answered, browser_of, router):
    answered()
    router.store.write(
        lambda unit: unit.run("UPDATE outbox SET state = 'held' WHERE state = 'queued'")
    )
    page = browser_of("lead").get("/outbox?state=held&lang=en").text
    assert "Try to send" in page
    assert "Send again" not in page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_empty_outbox_says_so(browser_of, language):
    answer = browser_of("agent").get(f"/outbox?lang={language}")
    assert answer.status_code == 200
    assert 'class="empty"' in answer.text
