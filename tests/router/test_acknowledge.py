"""What a requester is told: once, in their language, with the steps and the question that fit."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router import pipeline
from router.core.clock import to_us
from router.core.promises.pace import Queue
from router.prepared import Terms
from tests.fakes import FakeDoor, FakeDoors


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


def takes(router, door, text, **mail):
    return pipeline.receive(router, door, [door.arrives(text=text, **mail)], Terms())[0]


def told(router):
    with router.store.reading() as unit:
        return unit.rows("SELECT state, reason, text, wording FROM outbox ORDER BY id")


def test_a_failed_transfer_is_told_its_steps_and_asked_what_is_missing_once(router, door):
    takes(router, door, "昨天转账失败了，钱没到账")
    (row,) = told(router)
    assert "/help/transfer-network" in row.text
    assert "- 交易编号" in row.text
    assert "- 金额" in row.text
    assert "- 发生的时间" not in row.text


def test_whoever_told_everything_is_asked_nothing(router, door):
    takes(router, door, "昨天下午转账失败了，500元，订单号202611230815，没到账")
    (row,) = told(router)
    assert "为了更快处理" not in row.text


def test_thirty_messages_in_a_night_get_one_acknowledgement(router, door, frozen):
    frozen.set(at("24T22:05"))
    for number in range(30):
        takes(router, door, f"转账失败了，没到账 {number}", subject=f"s{number}")
        frozen.advance(timedelta(minutes=15))
    assert [row.state for row in told(router)] == ["queued"] + ["held"] * 29
    assert {row.reason for row in told(router)[1:]} == {"budget_night"}


def test_a_security_matter_is_told_at_night_whatever_was_told_before(router, door, frozen):
    frozen.set(at("24T23:00"))
    takes(router, door, "怎么导出交易记录")
    frozen.advance(timedelta(minutes=15))
    takes(router, door, "我的账户被盗了，钱被转走了")
    rows = told(router)
    assert [(row.state, row.wording) for row in rows] == [
        ("queued", "closed"),
        ("queued", "security"),
    ]


def test_the_next_night_is_told_again(router, door, frozen):
    frozen.set(at("24T23:00"))
    takes(router, door, "怎么导出交易记录")
    frozen.set(at("25T23:00"))
    takes(router, door, "怎么导出去年的交易记录")
    assert [row.state for row in told(router)] == ["queued", "queued"]


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        (Queue(5, 588, 98.0), "今天（11月24日）11:00"),  # six an hour, the sixth in the queue
        (Queue(200, 98, 98.0), "12月8日"),  # the promise would not hold: it is said
        (None, "今天（11月24日）12:00"),  # nothing is known: the promise
    ],
)
def test_the_time_told_is_that_of_the_real_queue(router, door, queue, words):
    if queue is not None:
        router.pace.take({1: queue})
    takes(router, door, "昨天转账失败了，钱没到账")
    assert words in told(router)[0].text


def test_at_night_an_alarm_is_told_its_promise_whatever_the_queue_of_the_day(router, door, frozen):
    frozen.set(at("24T03:00"))
    router.pace.take({2: Queue(3, 40, 10.0)})
    takes(router, door, "我的钱包被盗了，有一笔转账不是我操作的")
    (row,) = told(router)
    assert row.wording == "security"
    assert "我们会在今天（11月24日）03:15前回复您" in row.text


def test_at_night_tomorrow_is_named(router, door, frozen):
    frozen.set(at("24T23:30"))
    takes(router, door, "昨天转账失败了，钱没到账")
    assert "明天（11月25日）08:00" in told(router)[0].text


def test_mail_from_before_a_restore_may_have_been_acknowledged_and_is_not_again(
    router, door, frozen
):
    restored = replace(router, restored_us=to_us(frozen.now()))
    hour = timedelta(hours=1)
    for since in (-hour, hour):
        sent = (frozen.now() + since).isoformat()
        takes(restored, door, f"my transfer is pending {since}", sent_at=sent)
    with router.store.reading() as unit:
        (entry,) = unit.rows("SELECT params FROM entry WHERE code = 'ack_held'")
    assert json.loads(entry.params)["reason"] == "restored"
    assert len(told(router)) == 1


def test_traditional_characters_are_answered_in_kind(router, door):
    takes(router, door, "我的轉帳失敗了，錢沒有到帳，請幫忙查詢處理")
    text = told(router)[0].text
    assert "帳單" in text
    assert "賬" not in text
    assert "账单" not in text
