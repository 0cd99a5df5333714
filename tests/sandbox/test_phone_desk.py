"""What people of the desk do about calls: see them, call back, note, write down by hand."""

from dataclasses import replace

import pytest

from channels.contract import Call
from router import calls
from router import desk as acts
from router.store import calls as known_calls
from router.store import incidents, people
from tests.pages import app_of
from tests.web.conftest import Browser

WHO = "+8613800000000"


@pytest.fixture
def app(desk):
    made = app_of(desk)
    made.testing = True
    yield made
    made.extensions["hub"].close()


@pytest.fixture
def browser(app, desk, agent):
    """Mei's browser."""
    return Browser(app, desk.store.write(lambda unit: people.open_session(unit, agent.id, hours=1)))


@pytest.fixture
def call(sandbox, work, ask):
    """Somebody calls in vain; the row of the call."""

    def missed(number=WHO, **more):
        sandbox.phone.missed(number, **more)
        work("journal", "calls")
        return ask("SELECT c.*, t.number AS ticket FROM call c JOIN ticket t ON t.id = c.ticket_id")

    return missed


def audited(ask, action):
    return len(ask("SELECT id FROM audit WHERE action = :action", action=action))


def test_the_page_puts_security_first_and_covers_numbers(browser, call):
    call("+8613911112222")
    call(choice="3-security")
    page = browser.get("/calls").text
    assert "138****0000" in page
    assert "139****2222" in page
    assert WHO not in page
    assert page.index("138****0000") < page.index("139****2222")


def test_a_ticket_covers_the_number_too_and_offers_to_say_that_one_called(browser, call, ask):
    (row,) = call()
    page = browser.get(f"/ticket/{row.ticket}").text
    assert "138****0000" in page
    assert WHO not in page
    answer = browser.post(f"/ticket/{row.ticket}/called", {"reached": "no"})
    assert answer.status_code == 303
    browser.post(f"/ticket/{row.ticket}/called", {"reached": "yes"})
    (waited,) = ask("SELECT * FROM call_back")
    assert (waited.tries, waited.done_at is not None) == (1, True)
    assert browser.post(f"/ticket/{row.ticket}/called", {"reached": "yes"}).status_code == 409


def test_a_merged_ticket_takes_its_wait_along(browser, desk, call, agent, ask):
    (first,) = call()
    call("+8613911112222")
    second = ask("SELECT t.* FROM ticket t ORDER BY id DESC")[0]
    acts.merge(desk, agent, first.ticket_id, second.id)
    assert browser.get("/calls").text.count(f"/ticket/{second.number}/called") == 2
    assert browser.post(f"/ticket/{second.number}/called", {"reached": "yes"}).status_code == 303
    assert ask("SELECT * FROM call_back WHERE done_at IS NULL") == []


def test_who_looks_at_a_whole_number_is_written_down(browser, call, ask):
    (row,) = call()
    page = browser.post(f"/calls/{row.id}/number").text
    assert WHO in page
    assert audited(ask, "number.revealed") == 1


def test_the_whole_number_of_a_tickets_requester_is_shown_to_whoever_asks(browser, call, ask):
    (row,) = call()
    page = browser.post(f"/ticket/{row.ticket}/numbers").text
    assert WHO in page
    assert audited(ask, "number.revealed") == 1
    assert WHO not in browser.get(f"/ticket/{row.ticket}").text


def test_a_recording_is_fetched_only_when_somebody_asks_and_that_is_written_down(
    browser, sandbox, work, ask
):
    sandbox.phone.voicemail(WHO, "请回电")
    work("journal", "calls")
    (row,) = ask("SELECT * FROM call")
    assert sandbox.ledger.told("phone", "call", "recording") == []
    answer = browser.get(f"/calls/{row.id}/recording")
    assert answer.data[:4] == b"RIFF"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert audited(ask, "recording.heard") == 1


def test_a_call_that_nobody_reported_is_written_down_and_sorted_by_its_note(browser, ask):
    told = {"number": "138 0000 0000", "note": "客户说账户被盗", "outcome": "answered", "once": "a"}
    first = browser.post("/calls", told)
    again = browser.post("/calls", told)
    assert first.status_code == again.status_code == 303
    (ticket,) = ask("SELECT * FROM ticket")
    assert ticket.security
    assert first.headers["Location"].endswith(ticket.number)
    (call,) = ask("SELECT * FROM call")
    assert call.number == WHO
    (message,) = ask("SELECT * FROM message")
    assert (message.direction, message.agent_id is not None) == ("note", True)


def test_what_cannot_be_written_down_comes_back_with_its_reason(browser, ask):
    for told in ({"note": ""}, {"note": "x", "number": "12"}, {"note": "x", "outcome": "sung"}):
        answer = browser.post("/calls", {"number": WHO, "outcome": "answered", **told})
        assert answer.status_code == 422
    assert ask("SELECT id FROM call") == []


def test_a_secret_in_a_note_is_masked_before_it_is_kept(browser, ask):
    told = {"number": WHO, "note": "card 4111 1111 1111 1111", "outcome": "answered"}
    answer = browser.post("/calls", told)
    assert answer.status_code == 422
    assert "4111 1111 1111 1111" not in str(ask("SELECT note FROM call"))


def test_how_a_call_was_wrapped_up_is_masked_before_it_is_cut(browser, ask):
    wrap_up = "a call that took a long while and ended well 4111 1111 1111 1111"
    told = {"number": WHO, "note": "a calm talk", "outcome": "answered", "wrap_up": wrap_up}
    assert browser.post("/calls", told).status_code == 303
    (call,) = ask("SELECT wrap_up FROM call")
    assert call.wrap_up == "a call that took a long while and ended well •••• 1111"


def test_an_answered_call_becomes_a_ticket_by_its_note(browser, sandbox, work, ask):
    sandbox.phone.answered(WHO)
    work("journal", "calls")
    (row,) = ask("SELECT * FROM call")
    assert row.ticket_id is None
    browser.post("/calls", {"call": str(row.id), "note": "asked how to export records"})
    (row,) = ask("SELECT * FROM call")
    assert row.ticket_id is not None


def test_callers_of_one_open_incident_are_one_line_of_the_queue(browser, desk, call, ask):
    for number in range(5):
        call(f"+861380000010{number}")
    ids = [row.id for row in ask("SELECT id FROM ticket")]

    def tie(unit):
        running = incidents.open_(unit, "outage", "other.unsorted", {"channel": "phone"})
        incidents.join(unit, running, dict.fromkeys(ids, "rate"))

    desk.store.write(tie)
    page = browser.get("/calls").text
    assert "5 位来电者" in page or "5 callers" in page


# ---------------------------------------------------------------- two who tell at the same time


def _heard(desk, row, call):
    desk.store.write(lambda unit: known_calls.hear(unit, row.channel, row.account, call))


def test_what_is_noted_while_somebody_tells_of_the_call_is_told_too(desk, sandbox, work, ask):
    sandbox.phone.missed(WHO)
    work("journal")
    (early,) = ask("SELECT * FROM call")
    _heard(desk, early, replace(known_calls.of_row(early), note="she has asked the bank"))
    (late,) = ask("SELECT * FROM call")
    for row in (early, late):  # neither has seen what the other told
        calls.tell(desk, row)
    work("calls")
    assert [one.text for one in ask("SELECT text FROM message ORDER BY id") if "bank" in one.text]
    (waited,) = ask("SELECT * FROM call_back")
    assert waited.calls == 1
    assert ask("SELECT id FROM call WHERE due") == []


def test_calling_back_in_vain_counts_once_whoever_tells_of_it(desk, call, ask):
    (row,) = call()
    back = Call(id="back-1", stage=2, inbound=False, number=WHO, outcome="missed")
    _heard(desk, row, back)
    (ours,) = ask("SELECT * FROM call WHERE call_id = 'back-1'")
    for _ in range(2):
        calls.tell(desk, ours)
    (waited,) = ask("SELECT * FROM call_back")
    assert waited.tries == 1
