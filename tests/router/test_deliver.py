"""Sending: at most once, honest about what nobody can know, visible when it fails."""

from datetime import timedelta

import pytest

from channels.contract import Refused, Transient, Unknown
from router import deliver, pipeline
from router.prepared import Terms
from tests.fakes import FakeDoor, FakeDoors


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    made = assembled(doors=FakeDoors(door))
    raw = door.arrives(text="my transfer is pending", message_id="<one@mail.example>")
    pipeline.receive(made, door, [raw], Terms())
    return made


def _row(router):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM outbox")


def _codes(router):
    with router.store.reading() as unit:
        return [row.code for row in unit.rows("SELECT code FROM entry ORDER BY id")]


def test_an_acknowledgement_is_sent_once(router, door):
    deliver.sweep(router)
    deliver.sweep(router)
    assert len(door.sent) == 1
    assert _row(router).state == "sent"
    assert _row(router).remote_id == "far-1"


def test_it_answers_the_mail_it_is_about_and_carries_our_reply_address(router, door):
    deliver.sweep(router)
    (sent,) = door.sent
    assert sent.thread_ids == ("<one@mail.example>",)
    assert sent.reply_to.startswith("support+t.")
    assert sent.message_id.endswith("@desk.example>")


def test_a_far_side_that_says_later_is_asked_later_with_the_same_bytes(router, door, frozen):
    door.answers.append(Transient("busy"))
    deliver.sweep(router)
    before = _row(router)
    assert (before.state, door.sent) == ("queued", [])
    deliver.sweep(router)
    assert door.sent == []
    frozen.advance(timedelta(minutes=2))
    deliver.sweep(router)
    assert door.sent[0].message_id == before.rfc_id


def test_a_wait_the_far_side_asks_for_is_kept(router, door, frozen):
    door.answers.append(Transient("slow down", after=timedelta(minutes=30)))
    deliver.sweep(router)
    frozen.advance(timedelta(minutes=29))
    deliver.sweep(router)
    assert door.sent == []
    frozen.advance(timedelta(minutes=2))
    deliver.sweep(router)
    assert len(door.sent) == 1


def test_after_the_last_wait_it_fails_visibly(router, door, frozen):
    for _ in range(20):
        door.answers.append(Transient("down"))
    for _ in range(20):
        deliver.sweep(router)
        frozen.advance(timedelta(days=1))
    assert _row(router).state == "failed"
    assert "send_failed" in _codes(router)


def test_a_refusal_fails_at_once_and_is_on_the_ticket(router, door):
    door.answers.append(Refused("no such mailbox"))
    deliver.sweep(router)
    assert (_row(router).state, _row(router).reason) == ("failed", "no such mailbox")
    assert "send_failed" in _codes(router)


def test_a_bad_password_holds_the_mail_and_reports_the_channel(router, door):
    door.answers.append(Refused("bad password", channel_fault=True))
    deliver.sweep(router)
    assert _row(router).state == "queued"
    with router.store.reading() as unit:
        (health,) = unit.rows("SELECT * FROM health")
    assert not health.ok


def test_silence_after_the_last_byte_is_unknown_and_not_sent_again(router, door, frozen):
    door.answers.append(Unknown("line died"))
    deliver.sweep(router)
    frozen.advance(timedelta(days=1))
    deliver.sweep(router)
    assert (_row(router).state, door.sent) == ("unknown", [])
    assert "send_unknown" in _codes(router)


def test_a_desk_that_prefers_twice_to_never_sends_the_same_bytes_again(assembled, door):
    router = assembled(doors=FakeDoors(door), deliver={"on_unknown": "resend"})
    pipeline.receive(router, door, [door.arrives(text="my transfer is pending")], Terms())
    door.answers.append(Unknown("line died"))
    deliver.sweep(router, limit=1)
    own_id = _row(router).rfc_id
    deliver.sweep(router)
    assert [one.message_id for one in door.sent] == [own_id]


def test_a_worker_that_died_while_sending_leaves_an_unknown_row(router, door, frozen, monkeypatch):
    class PowerCut(BaseException):
        pass

    door.answers.append(PowerCut())
    monkeypatch.setattr(door, "speak", lambda _: (_ for _ in ()).throw(PowerCut()))
    with pytest.raises(PowerCut):
        deliver.sweep(router)
    assert _row(router).state == "sending"
    frozen.advance(timedelta(minutes=10))
    assert deliver.recover(router) == 1
    assert _row(router).state == "unknown"


def test_a_bug_while_sending_is_shown_and_nothing_hangs(router, door):
    door.answers.append(ZeroDivisionError("made up"))
    deliver.sweep(router)
    assert _row(router).state == "failed"
