"""WeChat end to end, through wechatpy over a socket, against a platform with fault switches."""

import threading
from datetime import timedelta
from functools import partial

import pytest

from router import desk as acts
from router import reaching
from router.store import claims
from router.vault import Vault

pytestmark = pytest.mark.one_database

WHO = "oSandboxOpenid_000000000042"


@pytest.fixture
def ticket(sandbox, ask):
    """The ticket of somebody who has just written."""

    def write(text="我的钱包登录不了😀"):
        sandbox.wechat.write(WHO, text)
        return ask("SELECT * FROM ticket ORDER BY id DESC LIMIT 1")[0]

    return write


def said(sandbox, what):
    return [line.text for line in sandbox.ledger.told("wechat", "out", what)]


def may(desk, ticket):
    with desk.store.reading() as unit:
        place = (ticket.identity_id, "wechat", "sandbox")
        return reaching.can_send(desk, unit, place, "human")


def test_a_push_becomes_a_ticket_and_its_acknowledgement_comes_back_at_once(sandbox, ticket, ask):
    found = ticket()
    (shown,) = said(sandbox, "passive")
    assert found.number in shown
    assert found.category.startswith("login.")
    assert said(sandbox, "text") == []
    assert [row.state for row in ask("SELECT state FROM outbox")] == ["sent"]


def test_an_agents_answer_arrives_once_as_a_customer_service_message(
    desk, sandbox, ticket, work, agent
):
    found = ticket()
    for _ in range(2):
        acts.reply(desk, agent, found.id, "您好，请先重置密码 ]]> <b>。", once="one")
        work("deliver", "deliver")
    assert said(sandbox, "text") == ["您好，请先重置密码 ]]> <b>。"]
    assert [line.text for line in sandbox.ledger.told("wechat", "call", "token")] == ["False"]


def test_pushes_in_json_are_read_and_answered_alike(sandbox, ticket):
    sandbox.wechat.account.as_json = True
    found = ticket()
    assert found.number in said(sandbox, "passive")[0]


def test_a_duplicate_push_is_one_message_and_the_same_answer(sandbox, ticket, ask):
    sandbox.ledger.switch("wechat", "duplicate")
    ticket()
    assert len(ask("SELECT 1 FROM message WHERE direction = 'in'")) == 1
    assert len(sandbox.ledger.told("wechat", "call", "push")) == 2
    assert len(said(sandbox, "passive")) == 1


def test_tries_that_overlap_are_one_message_and_agree(sandbox, ask):
    account = sandbox.wechat.account
    fields = {
        "ToUserName": account.name,
        "FromUserName": WHO,
        "CreateTime": str(int(sandbox.ledger.now())),
        "MsgType": "text",
        "Content": "转账失败",
        "MsgId": "7",
    }
    heard = []

    def call():
        heard.append(sandbox.wechat.caller.once(sandbox.wechat._call(WHO, fields), 5))

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.status for one in heard} == {200}
    told = {sandbox.wechat._reply(one.body) for one in heard} - {None}
    assert len(told) == 1
    assert len(ask("SELECT 1 FROM message WHERE direction = 'in'")) == 1


def test_a_forged_push_leaves_nothing(sandbox, ask):
    sandbox.ledger.switch("wechat", "wrong_signature", times=3)
    assert sandbox.wechat.write(WHO, "forged").status == 401
    assert ask("SELECT 1 FROM journal") == []


def test_a_clock_that_is_off_by_more_than_five_minutes_is_refused(sandbox, ask):
    sandbox.ledger.switch("wechat", "clock_skew", value=301)
    assert sandbox.wechat.write(WHO, "late").status == 401
    sandbox.ledger.switch("wechat", "clock_skew", value=-290)
    assert sandbox.wechat.write(WHO, "in time").status == 200


def test_two_events_of_one_second_are_two_and_neither_is_a_ticket(sandbox, work, ask):
    sandbox.wechat.event(WHO, "CLICK", "HELP")
    sandbox.wechat.event(WHO, "CLICK", "CLOSE")
    work("journal")
    assert [row.state for row in ask("SELECT state FROM journal")] == ["done", "done"]
    assert ask("SELECT 1 FROM ticket") == []


def test_against_a_platform_that_refuses_every_token_two_are_asked_for_and_the_channel_stops(
    desk, sandbox, ticket, work, agent, ask, frozen
):
    found = ticket()
    sandbox.ledger.switch("wechat", "refuse_token", times=0)
    acts.reply(desk, agent, found.id, "您好", once="one")
    for _ in range(30):
        work("deliver", "ailing")
        frozen.advance(timedelta(seconds=1))
    assert len(sandbox.ledger.told("wechat", "call", "token")) == 2
    (health,) = ask("SELECT * FROM health WHERE name = 'speaks:wechat:sandbox'")
    assert (health.ok, health.detail) in ((False, "stopped"), (0, "stopped"))
    assert not may(desk, found).ok
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert (row.state, row.reason) == ("queued", "stopped")
    sandbox.ledger.off("wechat", "refuse_token")
    desk.store.write(lambda unit: claims.retry(unit, "wechat", "sandbox"))
    work("ailing")
    assert said(sandbox, "text") == ["您好"]


def test_a_token_that_ran_out_is_renewed_once(desk, sandbox, ticket, work, agent, frozen):
    acts.reply(desk, agent, ticket().id, "one", once="one")
    work("deliver")
    frozen.advance(timedelta(hours=3))
    acts.reply(desk, agent, ticket("还在吗").id, "two", once="two")
    work("deliver")
    assert said(sandbox, "text") == ["one", "two"]
    assert len(sandbox.ledger.told("wechat", "call", "token")) == 2


def test_a_cut_line_is_unknown_and_never_sent_again_by_itself(
    desk, sandbox, ticket, work, agent, ask, frozen
):
    sandbox.ledger.switch("wechat", "drop_after_accept")
    acts.reply(desk, agent, ticket().id, "您好", once="one")
    for _ in range(5):
        work("deliver", "look_up")
        frozen.advance(timedelta(minutes=2))
    (row,) = ask("SELECT * FROM outbox WHERE purpose = 'reply'")
    assert row.state == "unknown"
    assert said(sandbox, "text") == ["您好"]


def test_five_answers_go_and_the_sixth_waits_for_another_message(
    desk, sandbox, ticket, work, agent, ask, frozen
):
    found = ticket()
    for number in range(6):
        assert may(desk, found).remaining == 5 - number or number == 5
        acts.reply(desk, agent, found.id, f"answer {number}", once=str(number))
        work("deliver")
    assert len(said(sandbox, "text")) == 5
    assert may(desk, found).code == "count"
    (row,) = ask("SELECT * FROM outbox WHERE state = 'failed'")
    assert row.reason == "count"
    frozen.advance(timedelta(minutes=1))
    ticket("还在吗")
    assert may(desk, found).remaining == 5


def test_after_48_hours_the_window_is_closed(desk, sandbox, ticket, frozen):
    found = ticket()
    assert may(desk, found).until == frozen.now() + timedelta(hours=48)
    frozen.advance(timedelta(hours=48, seconds=1))
    assert may(desk, found).code == "window"


def test_who_stopped_following_is_marked_and_not_written_to(
    desk, sandbox, ticket, work, agent, ask
):
    found = ticket()
    sandbox.wechat.event(WHO, "unsubscribe")
    work("journal")
    assert may(desk, found).code == "gone"
    acts.reply(desk, agent, found.id, "您好", once="one")
    work("deliver")
    assert said(sandbox, "text") == []
    sandbox.wechat.event(WHO, "subscribe")
    work("journal")
    assert may(desk, found).ok


def test_who_writes_again_is_there_though_nobody_said_that_they_came_back(
    desk, sandbox, ticket, work, agent, frozen
):
    found = ticket()
    frozen.advance(timedelta(minutes=1))
    sandbox.wechat.event(WHO, "unsubscribe")
    work("journal")
    assert may(desk, found).code == "gone"
    frozen.advance(timedelta(minutes=1))
    ticket("还在吗")  # the push that said so was lost
    assert may(desk, found).ok
    acts.reply(desk, agent, found.id, "您好", once="one")
    work("deliver")
    assert said(sandbox, "text") == ["您好"]


def test_that_somebody_left_counts_for_nothing_when_it_is_told_after_their_return(
    desk, sandbox, ticket, work, frozen
):
    found = ticket()
    sandbox.ledger.switch("wechat", "reorder")
    sandbox.wechat.event(WHO, "unsubscribe")
    frozen.advance(timedelta(seconds=1))
    sandbox.wechat.event(WHO, "subscribe")
    work("journal")
    assert may(desk, found).ok


def test_a_long_answer_goes_out_in_pieces_that_fit(desk, sandbox, ticket, work, agent):
    text = "请按下面的步骤操作。" * 200
    acts.reply(desk, agent, ticket().id, text, once="one")
    work("deliver")
    sent = said(sandbox, "text")
    assert "".join(sent) == text
    assert len(sent) == 4
    assert all(len(one.encode()) <= 1800 for one in sent)


def test_a_long_answer_goes_on_where_the_platform_was_busy(
    desk, sandbox, ticket, work, agent, frozen
):
    text = "请按下面的步骤操作。" * 200
    acts.reply(desk, agent, ticket().id, text, once="one")
    sandbox.ledger.switch("wechat", "busy", times=3)
    for _ in range(8):
        work("deliver", "ailing")
        frozen.advance(timedelta(hours=1))
    assert "".join(said(sandbox, "text")) == text


def test_a_picture_is_fetched_at_once_and_sealed(desk, sandbox, work, ask):
    sandbox.wechat.picture(WHO)
    (pending,) = ask("SELECT * FROM attachment")
    assert pending.size == 0
    work("media")
    (file,) = ask("SELECT * FROM attachment")
    assert (file.mime, file.size > 50) == ("image/png", True)
    assert ask("SELECT 1 FROM remote_file") == []
    (body,) = ask("SELECT * FROM attachment_body")
    data = desk.keys.unseal(body.key_id, body.wrapped_key, body.blob, file.token.encode())
    assert data.startswith(b"\x89PNG")


def test_a_film_is_fetched_from_where_the_platform_says_it_lies(desk, sandbox, work, ask):
    sandbox.wechat.film(WHO)
    work("media")
    (file,) = ask("SELECT * FROM attachment")
    assert (file.mime, file.size > 50) == ("video/mp4", True)
    assert ask("SELECT 1 FROM remote_file") == []


def test_a_film_that_lies_elsewhere_is_left_there(desk, sandbox, work, ask):
    given = sandbox.channels()["wechat"]["sandbox"]
    lend = partial(Vault, store=desk.store, keys=desk.keys, lent=sandbox.secrets())
    desk.doors.close()
    desk.doors.switch_on({"wechat": {"sandbox": {**given, "media_hosts": ["qq.com"]}}}, lend)
    sandbox.wechat.film(WHO)
    work("media")
    (file,) = ask("SELECT * FROM remote_file")
    assert file.error == "Refused"
    assert sandbox.ledger.told("wechat", "call", "film") == []
