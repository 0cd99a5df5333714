"""Sending: at most once, honest about what nobody can know, visible when it fails."""

from datetime import timedelta

import pytest

from channels.contract import Pace, Receipt, Refused, Transient, Unknown
from router import deliver, pipeline
from router.errors import NotFound
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


def test_what_fails_for_good_is_logged_once_and_without_the_address(router, door, caplog):
    door.answers.append(Refused("550 5.7.1 <lin@mail.example>: relaying denied"))
    deliver.sweep(router)
    deliver.sweep(router)
    (said,) = [one.getMessage() for one in caplog.records if one.name == "router.deliver"]
    assert "550 5.7.1" in said
    assert "mail.example" not in said


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


def test_a_send_that_outlives_its_lease_is_known_in_the_end(router, door, frozen, monkeypatch):
    def slowly(outbound):
        frozen.advance(timedelta(minutes=10))
        assert deliver.recover(router) == 1
        return FakeDoor.speak(door, outbound)

    monkeypatch.setattr(door, "speak", slowly)
    deliver.sweep(router)
    assert len(door.sent) == 1
    assert (_row(router).state, _row(router).remote_id) == ("sent", "far-1")
    assert _codes(router)[-2:] == ["send_unknown", "sent"]


def test_a_bug_while_sending_is_shown_and_nothing_hangs(router, door):
    door.answers.append(ZeroDivisionError("made up"))
    deliver.sweep(router)
    assert _row(router).state == "failed"


# ---------------------------------------------------------------- what nobody knows of


class AskedDoor(FakeDoor):
    """A door that can be asked what it sent; ``told`` is what it answers, ``asked`` for what."""

    def __init__(self):
        super().__init__()
        self.told, self.asked = Receipt("far-9"), []

    def look_up(self, outbound):
        self.asked.append(outbound.message_id)
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


@pytest.fixture
def unsure(assembled, frozen):
    """A desk with one send of unknown outcome, old enough to be looked up."""
    door = AskedDoor()
    made = assembled(doors=FakeDoors(door))
    pipeline.receive(made, door, [door.arrives(text="my transfer is pending")], Terms())
    door.answers.append(Unknown("line died after the dot"))
    deliver.sweep(made)
    assert not door.asked
    frozen.advance(timedelta(seconds=31))
    return made, door


def _ask(router):
    with router.store.reading() as unit:
        waits = deliver.waits_for_look_up(unit)
    return deliver.look_up(router) if waits else None


def test_a_far_side_is_asked_only_when_it_had_time_to_settle(unsure, frozen):
    router, door = unsure
    frozen.advance(timedelta(seconds=-2))
    assert _ask(router) is None
    frozen.advance(timedelta(seconds=2))
    assert _ask(router) == 1
    assert door.asked == [_row(router).rfc_id]


def test_what_turns_up_was_sent_and_never_goes_out_again(unsure):
    router, door = unsure
    _ask(router)
    row = _row(router)
    assert (row.state, row.reason, row.remote_id) == ("sent", "looked_up", "far-9")
    deliver.sweep(router)
    assert door.sent == []


def test_what_certainly_was_not_sent_goes_out_with_the_same_bytes(unsure):
    router, door = unsure
    door.told = None
    _ask(router)
    assert _row(router).reason == "not_arrived"
    deliver.sweep(router)
    assert [one.message_id for one in door.sent] == door.asked
    assert _row(router).state == "sent"


def test_what_cannot_be_told_is_asked_again_now_and_then_and_left_to_people_in_the_end(
    unsure, frozen
):
    router, door = unsure
    door.told = Unknown("not there, which proves nothing")
    _ask(router)
    frozen.advance(deliver.LOOKED_EVERY - timedelta(seconds=1))
    assert _ask(router) is None
    frozen.advance(timedelta(seconds=2))
    assert _ask(router) == 0
    assert len(door.asked) == 2
    frozen.advance(deliver.LOOKED_FOR)
    assert _ask(router) is None
    assert (_row(router).state, door.sent) == ("unknown", [])


def test_a_far_side_in_trouble_is_asked_again_within_minutes(unsure, frozen):
    router, door = unsure
    door.told = Transient("busy")
    assert _ask(router) == 0
    frozen.advance(timedelta(seconds=61))
    door.told = Receipt("far-9")
    assert _ask(router) == 1
    assert _row(router).state == "sent"


def test_a_door_that_cannot_say_is_not_asked_for_ever(router, door, frozen):
    door.answers.append(Unknown("line died after the dot"))
    deliver.sweep(router)
    frozen.advance(timedelta(seconds=31))
    assert _ask(router) == 0
    frozen.advance(timedelta(days=2))
    assert _ask(router) is None
    assert _row(router).state == "unknown"


# ---------------------------------------------------------------- pace


def test_a_door_at_its_pace_lets_the_rest_wait_without_a_try(router, door, frozen):
    door.pace = lambda: [Pace(60, 1)]
    raw = door.arrives(text="my transfer is pending", **{"from": "bob@mail.example"})
    pipeline.receive(router, door, [raw], Terms())
    deliver.sweep(router)
    assert len(door.sent) == 1
    with router.store.reading() as unit:
        row = unit.row("SELECT * FROM outbox WHERE state = 'queued'")
    assert (row.attempts, row.reason) == (0, "pace")
    frozen.advance(timedelta(minutes=2))
    deliver.sweep(router)
    assert len(door.sent) == 2


def test_mail_of_a_channel_that_was_switched_off_waits_and_is_not_lost(router, door, frozen):
    def off(kind, account):
        raise NotFound("switched off")

    router.doors.open = off
    deliver.sweep(router)
    row = _row(router)
    assert (row.state, row.attempts) == ("queued", 1)
