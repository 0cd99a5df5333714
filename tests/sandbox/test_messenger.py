"""Messenger end to end, over a socket, against a platform with fault switches."""

from datetime import timedelta
from functools import partial

import pytest

from channels.contract import Attachment
from channels.messenger import MessengerOptions
from router import desk as acts
from router import polling, reaching
from router.errors import Invalid
from router.sandbox.messenger import Page
from router.vault import Vault
from router.writing import Letter

pytestmark = pytest.mark.one_database

WHO = "2000000000000042"


@pytest.fixture
def ticket(sandbox, work, ask):
    """The ticket of somebody who has just written."""

    def write(text="My account was hacked", **more):
        sandbox.messenger.write(WHO, text, **more)
        work("journal")
        return ask("SELECT * FROM ticket ORDER BY id DESC LIMIT 1")[0]

    return write


def said(sandbox, what=""):
    return [line.text for line in sandbox.ledger.told("messenger", "out", what)]


def may(desk, ticket, kind="human"):
    with desk.store.reading() as unit:
        return reaching.can_send(desk, unit, (ticket.identity_id, "messenger", "sandbox"), kind)


def test_an_update_becomes_a_ticket_and_is_acknowledged_and_answered_once(
    desk, sandbox, ticket, work, agent
):
    found = ticket()
    assert (found.category, found.security) == ("security.compromised", 1)
    work("deliver")
    (acknowledgement,) = said(sandbox)
    assert found.number in acknowledgement
    acts.reply(desk, agent, found.id, "We froze it.", once="one")
    work("deliver", "deliver")
    assert said(sandbox)[1:] == ["We froze it."]


def test_a_cut_line_is_settled_by_our_own_id_in_the_echo(desk, sandbox, ticket, work, agent, ask):
    found = ticket()
    work("deliver")
    sandbox.ledger.switch("messenger", "drop_after_accept")
    acts.reply(desk, agent, found.id, "We froze it.", once="one")
    work("deliver")
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert row.state == "unknown"
    sandbox.messenger.echo(sandbox.ledger.told("messenger", "out")[-1].number)
    work("journal", "deliver")
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert (row.state, row.remote_id.startswith("m_")) == ("sent", True)
    assert said(sandbox).count("We froze it.") == 1


def test_the_echo_of_the_first_half_of_a_long_reply_sends_the_other(
    desk, sandbox, ticket, work, agent, ask
):
    found = ticket()
    work("deliver")
    sandbox.ledger.switch("messenger", "drop_after_accept")
    acts.reply(desk, agent, found.id, "We froze it. " * 200, once="one")
    work("deliver")
    first = sandbox.ledger.told("messenger", "out")[-1]
    sandbox.messenger.echo(first.number)
    work("journal", "deliver")
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert row.state == "sent"
    assert "".join(f"{text} " for text in said(sandbox)[1:]) == "We froze it. " * 200


def test_a_file_that_the_platform_would_not_get_is_refused_before_anything_is_sent(
    desk, sandbox, ticket, work, agent, ask
):
    found = ticket()
    letter = Letter("See the file.", [Attachment("steps.txt", "text/plain", b"one")])
    with pytest.raises(Invalid) as told:
        acts.reply(desk, agent, found.id, letter, once="one")
    assert told.value.code == "no_files_here"
    work("deliver")
    assert ask("SELECT id FROM message WHERE direction = 'out'") == []
    assert "See the file." not in said(sandbox)


def test_a_cut_line_is_settled_by_looking_it_up(desk, sandbox, ticket, work, agent, ask, frozen):
    found = ticket()
    work("deliver")
    sandbox.ledger.switch("messenger", "drop_after_accept")
    acts.reply(desk, agent, found.id, "We froze it.", once="one")
    work("deliver")
    frozen.advance(timedelta(seconds=31))
    work("look_up", "deliver")
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert row.state == "sent"
    assert said(sandbox).count("We froze it.") == 1


def test_what_never_arrived_goes_out_once_it_was_looked_up(
    desk, sandbox, ticket, work, agent, ask, frozen
):
    found = ticket()
    work("deliver")
    sandbox.ledger.switch("messenger", "busy")
    acts.reply(desk, agent, found.id, "We froze it.", once="one")
    work("deliver")
    frozen.advance(timedelta(seconds=31))
    work("look_up", "deliver")
    assert said(sandbox).count("We froze it.") == 1


def test_somebody_else_who_answered_in_the_platforms_inbox_is_on_the_ticket(
    sandbox, ticket, work, ask
):
    found = ticket("My transfer is pending")
    sandbox.messenger.other_hands(WHO, "It is through now.")
    work("journal")
    (message,) = ask("SELECT * FROM message WHERE direction = 'out'")
    assert (message.ticket_id, message.text) == (found.id, "It is through now.")
    met = ask("SELECT met_at FROM sla_clock WHERE kind = 'first_response'")
    assert all(row.met_at for row in met)


def test_after_24_hours_only_a_person_may_write_and_after_7_days_nobody(
    desk, sandbox, ticket, work, agent, frozen
):
    found = ticket()
    work("deliver")
    frozen.advance(timedelta(hours=24, seconds=1))
    assert may(desk, found, "acknowledgement").code == "window"
    assert may(desk, found).late
    acts.reply(desk, agent, found.id, "Sorry for the wait.", once="one")
    work("deliver")
    assert said(sandbox, "tagged") == ["Sorry for the wait."]
    frozen.advance(timedelta(days=7))
    assert may(desk, found).code == "window"


def test_lost_updates_are_found_however_many_pages_they_fill(desk, sandbox, ticket, ask, frozen):
    ticket("first")
    door = desk.doors.open("messenger", "sandbox")
    polling.poll(desk, door)
    frozen.advance(timedelta(seconds=1))
    people = [f"20000000000001{number:02}" for number in range(30)]
    for person in people:
        sandbox.messenger.write(person, "lost", push=False)
    for number in range(60):
        sandbox.messenger.write(WHO, f"lost {number}", push=False)
    polling.poll(desk, door)
    assert polling.poll(desk, door).fetched == 0
    assert len(ask("SELECT id FROM message WHERE direction = 'in'")) == 91


def test_what_was_lost_in_the_second_of_the_last_look_is_found(desk, sandbox, ticket, ask):
    ticket("first")
    door = desk.doors.open("messenger", "sandbox")
    polling.poll(desk, door)
    sandbox.messenger.write(WHO, "in the same second", push=False)
    polling.poll(desk, door)
    assert polling.poll(desk, door).fetched == 0
    assert len(ask("SELECT id FROM message WHERE direction = 'in'")) == 2


def test_a_lost_update_is_found_in_the_conversations(desk, sandbox, ticket, ask, frozen):
    ticket("first")
    door = desk.doors.open("messenger", "sandbox")
    assert polling.poll(desk, door).fetched == 0
    frozen.advance(timedelta(minutes=3))
    sandbox.messenger.write(WHO, "this one was lost", push=False)
    tally = polling.poll(desk, door)
    assert (tally.new + tally.joined, tally.parked) == (1, 0)
    assert polling.poll(desk, door).fetched == 0
    texts = [row.text for row in ask("SELECT text FROM message WHERE direction = 'in' ORDER BY id")]
    assert texts == ["first", "this one was lost"]


def test_a_dead_page_token_stops_the_channel_and_keeps_the_outbox(
    desk, sandbox, ticket, work, agent, ask
):
    found = ticket()
    work("deliver")
    sandbox.ledger.switch("messenger", "refuse_token", times=0)
    acts.reply(desk, agent, found.id, "We froze it.", once="one")
    work("deliver", "deliver")
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert row.state == "queued"
    assert may(desk, found).code == "stopped"


def test_a_batch_of_fifty_with_one_bad_apple_is_forty_nine_messages(sandbox, work, ask):
    platform = sandbox.messenger
    items = []
    for number in range(50):
        message = {"mid": f"m_{number}", "text": f"message {number}"}
        items.append(platform._item(WHO, platform.page.page_id, message=message))
    items[20]["sender"] = "nobody"
    assert platform._push(*items).status == 200
    work("journal")
    assert len(ask("SELECT 1 FROM message WHERE direction = 'in'")) == 49
    assert len(ask("SELECT 1 FROM journal WHERE state = 'parked'")) == 1


def test_a_block_by_the_platform_has_no_sender_and_stops_the_channel(sandbox, work, ask):
    platform = sandbox.messenger
    block = {"action": "block", "reason": "made up"}
    at = int(sandbox.ledger.now() * 1000)
    page = {"id": platform.page.page_id}
    platform._push({"recipient": page, "timestamp": at, "policy_enforcement": block})
    work("journal")
    (health,) = ask("SELECT * FROM health WHERE name = 'speaks:messenger:sandbox'")
    assert (health.detail, health.params) == ("stopped", "made up")
    assert ask("SELECT 1 FROM ticket") == []


def test_what_never_arrives_is_tried_less_and_less_often_and_then_no_more(
    desk, sandbox, ticket, work, agent, ask, frozen
):
    found = ticket()
    work("deliver")
    acts.reply(desk, agent, found.id, "We froze it.", once="one")
    sandbox.messenger.page.blocking.add(WHO)
    for minutes in (0, 1, 5, 15, 60, 240, 720, 1440, 1440, 1440):
        frozen.advance(timedelta(minutes=minutes))
        work("deliver")
        frozen.advance(timedelta(seconds=31))
        work("look_up", "deliver")
    assert len(sandbox.ledger.told("messenger", "call", "send")) == 9
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert (row.state, row.attempts) == ("failed", 9)
    codes = [one.code for one in ask("SELECT code FROM entry WHERE ticket_id = :id", id=found.id)]
    assert codes.count("send_failed") == 1
    assert codes.count("send_unknown") == 9


@pytest.mark.parametrize(("secret", "account"), [(Page.app_secret, "second"), ("x", "sandbox")])
def test_an_app_with_two_pages_is_called_at_one_address_and_each_page_has_its_own(
    desk, sandbox, work, ask, secret, account
):
    other = "1000000000000002"
    given = sandbox.channels()["messenger"]["sandbox"]
    lent = {f"channels.messenger.second.{name}": secret for name in MessengerOptions().needs()}
    lend = partial(Vault, store=desk.store, keys=desk.keys, lent=lent)
    desk.doors.switch_on({"messenger": {"second": {**given, "page_id": other}}}, lend)
    platform = sandbox.messenger
    for page, mid in ((platform.page.page_id, "m_1"), (other, "m_2")):
        message = {"mid": mid, "text": f"to {page}"}
        assert platform._push(platform._item(WHO, page, message=message)).status == 200
    work("journal")
    first, second = ask("SELECT account, text FROM message ORDER BY text")
    assert (first.account, second.account) == ("sandbox", account)
