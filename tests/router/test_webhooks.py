"""Calls to the wallet: whatever an answer or a row is like, it is a try of that call alone."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from router import pipeline, webhooks
from router.prepared import Terms
from router.store import webhooks as outgoing
from router.wallet import Answer
from tests.channels.far_side import FarSide
from tests.fakes import FakeDoor, FakeDoors

TAKEN = {"status": 200, "body": {}}
CUT = {"status": 200, "body": '{"sta', "length": 100}
GARBLED = {"status": 200, "headers": {"Content-Encoding": "gzip"}, "body": "hello"}
CUT_ERROR = {"status": 502, "body": "<html>", "length": 900}
NESTED = {"status": 200, "body": "[" * 60_000}


@pytest.fixture
def far():
    with FarSide([]) as made:
        yield made


@pytest.fixture
def router(assembled, far, monkeypatch):
    secret = "whsec_" + base64.b64encode(b"made up").decode()
    monkeypatch.setenv("ROUTER__WALLET__SECRET", secret)
    return assembled(doors=FakeDoors(FakeDoor()), wallet={"url": far.url})


@pytest.fixture
def ticket(router):
    door = FakeDoor()
    return pipeline.receive(router, door, [door.arrives(text="hi")], Terms())[0].ticket_id


@pytest.fixture
def asks(router, ticket, frozen):
    """Queues a freeze call, each a moment after the one before; its id."""

    def queue(body="{}"):
        frozen.advance(timedelta(milliseconds=1))
        return router.store.write(
            lambda unit: outgoing.queue(
                unit,
                ticket_id=ticket,
                target="wallet",
                kind="freeze.requested",
                body=body,
                once=f"freeze:{unit.now_us}",
            )
        )

    return queue


class SlowWallet:
    """A far side that takes eleven seconds for an answer; ``meanwhile`` is what else happens while
    the seventh is awaited. ``called`` has the ids of the calls."""

    def __init__(self, frozen):
        self.frozen, self.called, self.meanwhile = frozen, [], None

    def call(self, target, message_id, body, now):
        self.called.append(message_id)
        self.frozen.advance(timedelta(seconds=11))
        if len(self.called) == 7:
            self.meanwhile()
        return Answer(200, {})


def call(router, row_id):
    with router.store.reading() as unit:
        return outgoing.find(unit, row_id)


def alarms(router):
    with router.store.reading() as unit:
        return [row.reason for row in unit.rows("SELECT reason FROM climb ORDER BY id")]


@pytest.mark.one_database
@pytest.mark.parametrize("answer", [CUT, GARBLED, CUT_ERROR], ids=["cut", "garbled", "cut error"])
def test_an_answer_that_cannot_be_read_is_silence_and_is_told_after_three(
    router, far, asks, frozen, answer
):
    row_id = asks()
    far.turns += [answer] * 3
    for wait in (0, 5, 10):
        frozen.advance(timedelta(seconds=wait))
        webhooks.sweep(router)
    row = call(router, row_id)
    assert (row.state, row.attempts, row.reason) == ("queued", 3, "silent")
    assert alarms(router) == ["wallet_silent"]


@pytest.mark.one_database
def test_an_answer_that_is_nested_too_deep_is_one_that_says_nothing(router, far, asks):
    row_id = asks()
    far.turns.append(NESTED)
    webhooks.sweep(router)
    assert call(router, row_id).state == "sent"


def test_a_call_that_cannot_be_made_hinders_no_other(router, far, asks):
    broken, sound = asks(body="no JSON"), asks()
    far.turns.append(TAKEN)
    webhooks.sweep(router)
    assert (call(router, broken).state, call(router, broken).reason) == ("queued", "fault")
    assert call(router, sound).state == "sent"


def test_a_call_that_can_never_be_made_is_given_up_and_people_are_told(router, asks, frozen):
    row_id = asks(body="no JSON")
    for _ in range(12):
        webhooks.sweep(router)
        frozen.advance(timedelta(hours=5))
    assert call(router, row_id).state == "failed"
    assert alarms(router) == ["wallet_silent", "wallet_failed"]


def test_a_silent_wallet_is_told_though_the_worker_died_at_the_third_try(router, far, asks, frozen):
    row_id = asks()
    far.turns += [CUT] * 4
    for wait in (0, 5):
        frozen.advance(timedelta(seconds=wait))
        webhooks.sweep(router)
    frozen.advance(timedelta(seconds=10))
    router.store.write(lambda unit: outgoing.claim(unit, 1, 60_000_000))  # and it dies
    for wait in (60, 60):
        frozen.advance(timedelta(seconds=wait))
        webhooks.sweep(router)
    assert call(router, row_id).attempts == 5
    assert alarms(router) == ["wallet_silent"]


def test_an_overdue_confirmation_is_told_whatever_another_call_is_like(router, far, asks, frozen):
    asks()
    far.turns.append(TAKEN)
    webhooks.sweep(router)
    asks(body="no JSON")
    frozen.advance(timedelta(minutes=3))
    webhooks.sweep(router)
    assert alarms(router) == ["wallet_unconfirmed"]


def test_two_workers_make_each_call_once_however_long_calls_take(router, asks, frozen):
    made = [f"call_{asks()}" for _ in range(9)]
    slow = SlowWallet(frozen)
    worker = replace(router, wallet=slow)
    slow.meanwhile = lambda: webhooks.sweep(worker)
    webhooks.sweep(worker)
    assert sorted(slow.called) == sorted(made)
