"""X end to end, through tweepy over a socket, against a platform with fault switches."""

import time
from datetime import timedelta
from functools import partial

import pytest

from channels.contract import Refused, Transient
from channels.x import X
from router import desk as acts
from router import polling, reaching
from router.terminal import playing
from router.vault import Vault

pytestmark = pytest.mark.one_database

WHO = "4200000000000000042"


@pytest.fixture
def poll(desk):
    """Fetches as the worker does."""
    return lambda: polling.poll(desk, desk.doors.open("x", "sandbox"))


def said(sandbox, what="dm"):
    return [line.text for line in sandbox.ledger.told("x", "out", what)]


def test_a_direct_message_becomes_a_ticket_and_is_acknowledged_and_answered_once(
    desk, sandbox, poll, work, agent, ask
):
    sandbox.x.write(WHO, "转账失败, 钱扣了没到账", name="李雷")
    assert poll().new == 1
    (ticket,) = ask("SELECT * FROM ticket")
    assert ticket.category.startswith("transfer.")
    work("deliver")
    assert ticket.number in said(sandbox)[0]
    acts.reply(desk, agent, ticket.id, "已经为您查询。", once="one")
    work("deliver", "deliver")
    assert said(sandbox)[1:] == ["已经为您查询。"]
    assert poll().fetched == 0


def test_fetched_and_pushed_it_is_one_message(sandbox, poll, work, ask):
    sandbox.x.write(WHO, "help", push=True)
    work("journal")
    poll()
    sandbox.ledger.switch("x", "duplicate")
    sandbox.x.write(WHO, "again", push=True)
    work("journal")
    poll()
    assert len(ask("SELECT 1 FROM message WHERE direction = 'in'")) == 2


def test_three_hundred_messages_are_paged_back_to_the_one_we_know(sandbox, poll, ask, frozen):
    sandbox.x.write(WHO, "first")
    poll()
    for number in range(250):
        frozen.advance(timedelta(seconds=1))
        sandbox.x.write(WHO, f"message {number}")
    assert poll().fetched == 250
    assert poll().fetched == 0
    assert len(ask("SELECT 1 FROM message WHERE direction = 'in'")) == 251


def test_a_look_cut_short_goes_on_where_it_stopped(sandbox, poll, ask, frozen):
    for number in range(250):
        frozen.advance(timedelta(seconds=1))
        sandbox.x.write(WHO, f"message {number}")
    sandbox.x.handle.limits["dm_read"] = 2
    with pytest.raises(Transient) as asked:
        poll()
    assert timedelta(0) < asked.value.after <= timedelta(minutes=16)
    frozen.advance(timedelta(minutes=16))
    poll()
    assert len(ask("SELECT 1 FROM message WHERE direction = 'in'")) == 250


def test_a_look_whose_place_is_not_known_any_more_begins_anew_once(sandbox, poll, ask, frozen):
    for number in range(250):
        frozen.advance(timedelta(seconds=1))
        sandbox.x.write(WHO, f"message {number}")
    handle = sandbox.x.handle
    handle.limits["dm_read"] = 2
    with pytest.raises(Transient):
        poll()
    handle.limits["dm_read"] = 15
    handle.expired.add("PAGE-000000000200")
    with pytest.raises(Refused):
        poll()
    assert len(sandbox.ledger.told("x", "call", "refused")) == 2
    frozen.advance(timedelta(days=1))
    handle.direct = handle.direct[100:]  # too old by now: there are two pages
    sandbox.x.write(WHO, "one more")
    poll()
    poll()
    assert len(ask("SELECT 1 FROM message WHERE direction = 'in'")) == 201
    assert poll().fetched == 0


def test_in_public_the_desk_only_ever_says_write_to_us_privately(
    desk, sandbox, poll, work, agent, ask
):
    sandbox.x.mention(WHO, "@acmepay my account was hacked")
    assert poll().new == 1
    (ticket,) = ask("SELECT * FROM ticket")
    work("deliver")
    invite = desk.doors.open("x", "sandbox").options.invite_en
    assert said(sandbox, "post") == [invite]
    acts.reply(desk, agent, ticket.id, "Your case is known, Ann of 5 Mill Lane.", once="one")
    work("deliver")
    assert said(sandbox, "post") == [invite]
    assert said(sandbox) == ["Your case is known, Ann of 5 Mill Lane."]


def test_an_encrypted_message_is_a_ticket_that_says_open_x(sandbox, work, ask):
    sandbox.x.encrypted(WHO)
    work("journal")
    (message,) = ask("SELECT * FROM message")
    assert "X" in message.text
    assert "waiting_in" in message.fields


def test_the_challenge_is_answered(sandbox, desk):
    assert sandbox.x.challenge()


def test_against_a_limit_nobody_waits_inside_the_call(desk, sandbox, poll, work, agent, ask):
    sandbox.x.write(WHO, "help")
    poll()
    work("deliver")
    (ticket,) = ask("SELECT * FROM ticket")
    sandbox.ledger.switch("x", "rate", times=0)
    acts.reply(desk, agent, ticket.id, "hello", once="one")
    began = time.monotonic()
    work("deliver")
    with pytest.raises(Transient):
        poll()
    assert time.monotonic() - began < 60  # the limit asked for a quarter of an hour
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert row.state == "queued"


def test_people_go_before_machines_and_machines_leave_room(
    desk, sandbox, poll, work, agent, ask, frozen
):
    for number in range(20):
        sandbox.x.write(f"42000000000000001{number:02}", f"question {number}")
    poll()
    work("deliver")
    assert len(said(sandbox)) == 10
    first, second = ask("SELECT * FROM ticket ORDER BY id LIMIT 2")
    for ticket in (first, second):
        acts.reply(desk, agent, ticket.id, f"answer {ticket.id}", once=str(ticket.id))
    work("deliver")
    assert len(said(sandbox)) == 12
    with desk.store.reading() as unit:
        may = reaching.can_send(desk, unit, (first.identity_id, "x", "sandbox"), "human")
    assert may.quota_left == 3
    frozen.advance(timedelta(minutes=16))
    work("deliver")
    assert 12 < len(said(sandbox)) <= 22


def test_an_acknowledgement_is_dropped_where_a_person_was_quicker(
    desk, sandbox, poll, work, agent, ask
):
    sandbox.x.write(WHO, "help")
    poll()
    (ticket,) = ask("SELECT * FROM ticket")
    acts.reply(desk, agent, ticket.id, "I am on it.", once="one")
    work("deliver")
    assert said(sandbox) == ["I am on it."]
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'acknowledgement'")
    assert (row.state, row.reason) == ("cancelled", "answered")


def test_the_refresh_token_is_used_once_and_the_new_pair_is_kept(sandbox, poll, frozen, desk):
    poll()
    frozen.advance(timedelta(hours=3))
    poll()
    assert len(sandbox.ledger.told("x", "call", "token")) == 2
    sandbox.x.handle.refresh_token = "somebody else used it"
    frozen.advance(timedelta(hours=3))
    with pytest.raises(Refused, match="authorise"):
        poll()


def test_a_desk_that_is_started_again_is_let_in_by_a_new_sandbox(assembled):
    for _ in range(2):
        router = assembled()
        sandbox = playing.join(router, "http://127.0.0.1:9", lambda door: None)
        try:
            sandbox.x.write(WHO, "help")
            assert polling.poll(router, router.doors.open("x", "sandbox")).fetched == 1
        finally:
            sandbox.stop()


def test_a_revoked_access_stops_the_channel(desk, sandbox, work, ask):
    sandbox.x.activity("oauth.revoke", {})
    work("journal")
    (health,) = ask("SELECT * FROM health WHERE name = 'speaks:x:sandbox'")
    assert health.detail == "stopped"


def test_a_recipient_who_refuses_is_seen_on_the_ticket(desk, sandbox, poll, work, agent, ask):
    sandbox.x.write(WHO, "help")
    poll()
    work("deliver")
    sandbox.x.handle.refusing.add(WHO)
    (ticket,) = ask("SELECT * FROM ticket")
    acts.reply(desk, agent, ticket.id, "hello", once="one")
    work("deliver")
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert row.state == "failed"
    assert "403" in row.reason


def test_a_cut_line_is_settled_by_looking_it_up(desk, sandbox, poll, work, agent, ask, frozen):
    sandbox.x.write(WHO, "help")
    poll()
    work("deliver")
    (ticket,) = ask("SELECT * FROM ticket")
    sandbox.ledger.switch("x", "drop_after_accept")
    acts.reply(desk, agent, ticket.id, "hello", once="one")
    work("deliver")
    frozen.advance(timedelta(seconds=31))
    work("look_up", "deliver")
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert row.state == "sent"
    assert said(sandbox).count("hello") == 1


def test_an_answer_with_a_link_is_found_though_x_puts_its_own_in_its_place(
    desk, sandbox, poll, work, agent, ask, frozen
):
    sandbox.x.write(WHO, "help")
    poll()
    work("deliver")
    (ticket,) = ask("SELECT * FROM ticket")
    sandbox.ledger.switch("x", "drop_after_accept")
    answer = "请看 https://help.desk.example/a?b=1&c=2。\n或 desk.example/help (3.5 <天>)"
    acts.reply(desk, agent, ticket.id, answer, once="one")
    work("deliver")
    frozen.advance(timedelta(seconds=31))
    work("look_up", "deliver")
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert row.state == "sent"
    assert said(sandbox).count(answer) == 1


def test_another_answer_with_another_link_is_not_taken_for_it(
    desk, sandbox, poll, work, agent, ask, frozen
):
    sandbox.x.write(WHO, "help")
    poll()
    work("deliver")
    (ticket,) = ask("SELECT * FROM ticket")
    acts.reply(desk, agent, ticket.id, "see desk.example/a for 3.5 days", once="one")
    work("deliver")
    sandbox.ledger.switch("x", "status", value=503)
    acts.reply(desk, agent, ticket.id, "see desk.example/a for 4.5 days", once="two")
    work("deliver")
    frozen.advance(timedelta(seconds=31))
    work("look_up", "deliver")
    assert said(sandbox)[1:] == [f"see desk.example/a for {one} days" for one in ("3.5", "4.5")]


@pytest.mark.parametrize("way", ["polled", "pushed", "public"])
def test_where_a_link_leads_is_read_and_not_xs_own_short_one(sandbox, poll, work, ask, way):
    text = "我在 https://wallet-login.example/verify?a=1&b=2 输入了密码 <急>"
    if way == "public":
        sandbox.x.mention(WHO, text)
    else:
        sandbox.x.write(WHO, text, push=way == "pushed")
    work("journal") if way == "pushed" else poll()
    (message,) = ask("SELECT * FROM message WHERE direction = 'in'")
    assert message.text == text


def test_an_account_without_its_own_id_is_a_fault_before_it_answers_itself():
    assert set(X.Options().lacks()) == {"user_id", "client_id"}
    assert set(X.Options(user_id="@acmepay", client_id="a").lacks()) == {"user_id"}
    assert X.Options(user_id="7000000000000000001", client_id="a").lacks() == {}


def test_an_account_that_is_not_new_may_begin_with_what_comes_from_now_on(
    desk, sandbox, poll, ask, frozen
):
    given = sandbox.channels()["x"]["sandbox"]
    lend = partial(Vault, store=desk.store, keys=desk.keys, lent=sandbox.secrets())
    desk.doors.switch_on({"x": {"sandbox": {**given, "start": "now"}}}, lend)
    sandbox.x.write(WHO, "answered long ago")
    assert poll().fetched == 0
    frozen.advance(timedelta(seconds=1))
    sandbox.x.write(WHO, "help")
    sandbox.x.mention(WHO, "@acmepay help")
    assert poll().fetched == 2
    assert poll().fetched == 0
    texts = [row.text for row in ask("SELECT text FROM message ORDER BY id")]
    assert texts == ["help", "@acmepay help"]


def test_an_app_with_two_accounts_is_called_at_one_address_and_each_has_its_own(
    desk, sandbox, work, ask
):
    handle = sandbox.x.handle
    other = "7000000000000000002"
    given = {"user_id": other, "client_id": handle.client_id, "base_url": f"{sandbox.url}/x"}
    lent = {"channels.x.second.consumer_secret": handle.consumer_secret}
    lend = partial(Vault, store=desk.store, keys=desk.keys, lent=lent)
    desk.doors.switch_on({"x": {"second": given}}, lend)
    sandbox.x.write(WHO, "to the first", push=True)
    handle.user_id = other
    sandbox.x.write(WHO, "to the second", push=True)
    sandbox.x.activity("oauth.revoke", {})
    work("journal")
    rows = ask("SELECT account, text FROM message ORDER BY text")
    assert [one.account for one in rows] == ["sandbox", "second"]
    (health,) = ask("SELECT name FROM health WHERE detail = 'stopped'")
    assert health.name == "speaks:x:second"
