"""Sending: at most once, honest about what nobody can know, visible when it fails."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.contract import (
    Event,
    Limits,
    Pace,
    Quota,
    Receipt,
    Refused,
    Transient,
    Unknown,
)
from router import deliver, desk, pipeline, settling, signals, sweeps
from router.core.clock import monotonic
from router.core.rights import Who
from router.errors import NotFound, StoreDown
from router.leases import Holding
from router.prepared import Terms
from router.store import claims, outbox
from tests.fakes import FakeDoor, FakeDoors, ManyDoors
from tests.staff import staffed

PATIENCE = 20
ADMIN = Who(id=1, name="Mei", role="admin")


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


def _rows(router):
    with router.store.reading() as unit:
        return unit.rows("SELECT * FROM outbox ORDER BY id")


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
    deliver.sweep_ailing(router)
    assert door.sent == []
    frozen.advance(timedelta(minutes=2))
    deliver.sweep_ailing(router)
    assert door.sent[0].message_id == before.rfc_id


def test_a_wait_the_far_side_asks_for_is_kept(router, door, frozen):
    door.answers.append(Transient("slow down", after=timedelta(minutes=30)))
    deliver.sweep(router)
    frozen.advance(timedelta(minutes=29))
    deliver.sweep_ailing(router)
    assert door.sent == []
    frozen.advance(timedelta(minutes=2))
    deliver.sweep_ailing(router)
    assert len(door.sent) == 1


def test_after_the_last_wait_it_fails_visibly(router, door, frozen):
    for _ in range(20):
        door.answers.append(Transient("down"))
    for _ in range(20):
        deliver.sweep(router)
        deliver.sweep_ailing(router)
        frozen.advance(timedelta(days=1))
    assert _row(router).state == "failed"
    assert "send_failed" in _codes(router)


def test_what_somebody_sends_again_is_tried_as_often_as_the_first_time(router, door, frozen):
    tries = len(router.settings.deliver.retry_minutes) + 1
    door.answers += [*[Transient("down")] * tries, Transient("busy")]
    for _ in range(tries):
        deliver.sweep(router)
        deliver.sweep_ailing(router)
        frozen.advance(timedelta(days=1))
    failed = _row(router)
    desk.retry_outbox(staffed(router, ADMIN), ADMIN, failed.id)
    deliver.sweep_ailing(router)
    assert (failed.state, _row(router).state) == ("failed", "queued")
    frozen.advance(timedelta(minutes=2))
    deliver.sweep_ailing(router)
    assert (_row(router).state, _row(router).attempts) == ("sent", tries + 2)


def test_a_refusal_fails_at_once_and_is_on_the_ticket(router, door):
    door.answers.append(Refused("no such mailbox"))
    deliver.sweep(router)
    assert (_row(router).state, _row(router).reason) == ("failed", "no such mailbox")
    assert "send_failed" in _codes(router)


def test_what_fails_for_good_is_logged_once_and_without_the_address(router, door, caplog):
    door.answers.append(Refused("550 5.7.1 <lin@mail.example>: relaying denied"))
    deliver.sweep(router)
    deliver.sweep(router)
    (said,) = [one.getMessage() for one in caplog.records if one.name == "router.settling"]
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


def test_a_desk_that_prefers_twice_to_never_sends_the_same_bytes_again(assembled, door, frozen):
    router = assembled(doors=FakeDoors(door), deliver={"on_unknown": "resend"})
    pipeline.receive(router, door, [door.arrives(text="my transfer is pending")], Terms())
    door.answers.append(Unknown("line died"))
    deliver.sweep(router)
    own_id = _row(router).rfc_id
    frozen.advance(timedelta(minutes=1))
    deliver.sweep(router)
    assert [one.message_id for one in door.sent] == [own_id]


def test_a_far_side_that_never_says_what_it_did_is_not_written_to_without_end(
    assembled, door, frozen
):
    router = assembled(
        doors=FakeDoors(door), deliver={"on_unknown": "resend", "retry_minutes": [1, 5]}
    )
    pipeline.receive(router, door, [door.arrives(text="my transfer is pending")], Terms())
    door.answers += [Unknown("line died")] * 50
    for _ in range(50):
        deliver.sweep(router)
        frozen.advance(timedelta(minutes=1))
    assert (_row(router).state, len(door.answers)) == ("unknown", 47)


def test_a_row_whose_workers_die_is_not_sent_again_without_end(assembled, door, frozen):
    router = assembled(
        doors=FakeDoors(door), deliver={"on_unknown": "resend", "retry_minutes": [1]}
    )
    pipeline.receive(router, door, [door.arrives(text="my transfer is pending")], Terms())
    for _ in range(3):
        router.store.write(lambda unit: outbox.claim(unit, lease_us=1))
        frozen.advance(timedelta(minutes=2))
        settling.recover(router)
        frozen.advance(timedelta(minutes=2))
    assert (_row(router).state, _row(router).attempts) == ("unknown", 2)


def test_a_worker_that_died_while_sending_leaves_an_unknown_row(router, door, frozen, monkeypatch):
    class PowerCut(BaseException):
        pass

    door.answers.append(PowerCut())
    monkeypatch.setattr(door, "speak", lambda _: (_ for _ in ()).throw(PowerCut()))
    with pytest.raises(PowerCut):
        deliver.sweep(router)
    assert _row(router).state == "sending"
    frozen.advance(timedelta(minutes=10))
    assert settling.recover(router) == 1
    assert _row(router).state == "unknown"


def test_a_send_that_outlives_its_lease_is_known_in_the_end(router, door, frozen, monkeypatch):
    def slowly(outbound):
        frozen.advance(timedelta(minutes=10))
        assert settling.recover(router) == 1
        return FakeDoor.speak(door, outbound)

    monkeypatch.setattr(door, "speak", slowly)
    deliver.sweep(router)
    assert len(door.sent) == 1
    assert (_row(router).state, _row(router).remote_id) == ("sent", "far-1")
    assert _codes(router)[-2:] == ["send_unknown", "sent"]


def _slow(door, frozen, router, monkeypatch, takes=timedelta(minutes=10)):
    """Each send takes so long, and the duty that looks for dead workers ticks meanwhile."""

    def slowly(outbound):
        frozen.advance(takes)
        settling.recover(router)
        return FakeDoor.speak(door, outbound)

    monkeypatch.setattr(door, "speak", slowly)


def test_a_send_that_outlives_its_lease_and_is_put_off_is_tried_again(
    router, door, frozen, monkeypatch
):
    _slow(door, frozen, router, monkeypatch)
    door.answers.append(Transient("451 come back"))
    deliver.sweep(router)
    assert (_row(router).state, _row(router).reason) == ("queued", "451 come back")
    frozen.advance(timedelta(minutes=2))
    deliver.sweep_ailing(router)
    assert len(door.sent) == 1


def test_a_send_that_outlives_its_lease_and_is_refused_has_failed(
    router, door, frozen, monkeypatch
):
    _slow(door, frozen, router, monkeypatch)
    door.answers.append(Refused("no such mailbox"))
    deliver.sweep(router)
    assert (_row(router).state, _row(router).reason) == ("failed", "no such mailbox")


def test_a_send_that_outlives_its_lease_and_was_queued_again_goes_out_once(
    router, door, frozen, monkeypatch
):
    def slowly(outbound):
        frozen.advance(timedelta(minutes=10))
        settling.recover(router)
        move = outbox.move
        router.store.write(lambda unit: move(unit, _row(router).id, ["unknown"], "queued"))
        return FakeDoor.speak(door, outbound)

    monkeypatch.setattr(door, "speak", slowly)
    deliver.sweep(router)
    deliver.sweep(router)
    assert (_row(router).state, len(door.sent)) == ("sent", 1)


def test_a_row_is_held_while_it_is_being_sent(router, frozen):
    row = router.store.write(lambda unit: outbox.claim(unit, lease_us=120_000_000))
    frozen.advance(timedelta(seconds=119))
    pause, until = threading.Event(), monotonic() + PATIENCE
    with Holding(router, every=timedelta(milliseconds=5)) as hand:
        hand.take(row)
        while _row(router).leased_until == row.leased_until and monotonic() < until:
            pause.wait(0.01)
    frozen.advance(timedelta(seconds=119))
    assert settling.recover(router) == 0


def test_what_may_have_been_sent_by_a_dead_worker_is_looked_up_only_later(router, frozen):
    router.store.write(lambda unit: outbox.claim(unit, lease_us=1))
    frozen.advance(timedelta(seconds=1))
    assert settling.recover(router) == 1
    assert _ask(router) is None
    frozen.advance(timedelta(seconds=31))
    assert _ask(router) == 0


def test_a_bug_while_sending_is_shown_and_nothing_hangs(router, door):
    door.answers.append(ZeroDivisionError("made up"))
    deliver.sweep(router)
    assert _row(router).state == "failed"


# ---------------------------------------------------------------- in several messages

LONG = "one one one one. two two two two. three three."
PARTS = ["one one one one.", "two two two two.", "three three."]


@pytest.fixture
def long(router, door):
    """The acknowledgement is so long that it goes out as three messages."""
    door.limits = Limits(text=20)
    router.store.write(lambda unit: unit.run("UPDATE outbox SET text = :text", text=LONG))
    return router


def _texts(door):
    return [one.text for one in door.sent]


def test_a_long_text_goes_out_in_order(long, door):
    deliver.sweep(long)
    assert (_texts(door), _row(long).state) == (PARTS, "sent")


def test_after_a_later_only_what_is_left_goes_out(long, door, frozen):
    door.answers += [None, Transient("busy")]
    deliver.sweep(long)
    assert _texts(door) == PARTS[:1]
    frozen.advance(timedelta(minutes=2))
    deliver.sweep_ailing(long)
    assert _texts(door) == PARTS


def test_many_slow_parts_outlive_no_lease(long, door, frozen, monkeypatch):
    _slow(door, frozen, long, monkeypatch, takes=timedelta(seconds=100))
    deliver.sweep(long)
    assert (_texts(door), _row(long).state) == (PARTS, "sent")
    assert "send_unknown" not in _codes(long)


def test_a_worker_whose_row_is_in_other_hands_sends_no_more_of_it(long, door, frozen, monkeypatch):
    def slowly(outbound):
        monkeypatch.undo()
        frozen.advance(timedelta(minutes=10))
        settling.recover(long)
        move = outbox.move
        long.store.write(lambda unit: move(unit, _row(long).id, ["unknown"], "queued"))
        receipt = FakeDoor.speak(door, outbound)
        deliver.sweep(long)  # another worker
        return receipt

    monkeypatch.setattr(door, "speak", slowly)
    deliver.sweep(long)
    assert (_texts(door), _row(long).state) == ([PARTS[0], *PARTS], "sent")


class FullDisk:
    """A store that takes nothing while its disk is ``full``, which it is for one moment only."""

    def __init__(self, store):
        self._store, self.full = store, False

    def __getattr__(self, name):
        return getattr(self._store, name)

    def write(self, work, **options):
        if self.full:
            self.full = False
            raise StoreDown("the disk is full")
        return self._store.write(work, **options)


def test_a_part_that_left_and_could_not_be_written_down_does_not_leave_again(
    long, door, frozen, monkeypatch
):
    disk = FullDisk(long.store)

    def speak(outbound):
        disk.full = outbound.text == PARTS[1]
        return FakeDoor.speak(door, outbound)

    monkeypatch.setattr(door, "speak", speak)
    with pytest.raises(StoreDown):
        deliver.sweep(replace(long, store=disk))
    assert (_row(long).state, _row(long).parts_sent) == ("sending", 1)
    frozen.advance(timedelta(minutes=10))
    settling.recover(long)
    deliver.sweep(long)
    assert (_row(long).state, _texts(door)) == ("unknown", PARTS[:2])


def _echo(router, door, outbound, text):
    event = Event("echo", outbound.to, "mid", message_id=outbound.message_id, text=text)
    router.store.write(lambda unit: signals.note(router, unit, door, [event]))


def test_an_echo_that_overtakes_the_answer_to_its_part_loses_no_other_part(
    long, door, frozen, monkeypatch
):
    def speak(outbound):
        receipt = FakeDoor.speak(door, outbound)
        _echo(long, door, outbound, outbound.text)
        if outbound.text == PARTS[0]:
            door.answers.append(Transient("not so fast"))
        return receipt

    monkeypatch.setattr(door, "speak", speak)
    deliver.sweep(long)
    assert (_row(long).state, _texts(door)) == ("queued", PARTS[:1])
    frozen.advance(timedelta(minutes=2))
    deliver.sweep_ailing(long)
    assert (_row(long).state, _texts(door)) == ("sent", PARTS)


@pytest.fixture
def halfway(long, door):
    """The first part is out, and of the second nobody knows."""
    door.answers += [None, Unknown("line died")]
    deliver.sweep(long)
    assert (_row(long).state, _row(long).parts_sent) == ("unknown", 1)
    return long


def test_the_echo_of_a_part_that_nobody_knew_of_lets_the_rest_go_out(halfway, door):
    _echo(halfway, door, door.sent[0], PARTS[1])
    deliver.sweep(halfway)
    assert (_row(halfway).state, _texts(door)) == ("sent", [PARTS[0], PARTS[2]])


def test_a_late_echo_of_a_part_that_is_known_says_nothing_of_the_next(halfway, door):
    _echo(halfway, door, door.sent[0], PARTS[0])
    assert (_row(halfway).state, _row(halfway).parts_sent) == ("unknown", 1)


def test_the_echo_of_the_last_part_settles_all_of_it(halfway, door):
    _echo(halfway, door, door.sent[0], PARTS[2])
    assert _row(halfway).state == "sent"
    assert _codes(halfway)[-2:] == ["send_unknown", "sent"]


def test_an_echo_that_comes_late_keeps_what_was_queued_again_from_going_out_twice(halfway, door):
    row_id = _row(halfway).id
    halfway.store.write(lambda unit: outbox.not_found(unit, row_id, parts_sent=1))
    _echo(halfway, door, door.sent[0], PARTS[1])
    deliver.sweep(halfway)
    assert (_row(halfway).state, _texts(door)) == ("sent", [PARTS[0], PARTS[2]])


def test_the_echo_of_one_of_two_equal_parts_tells_nothing(halfway, door):
    twice = f"{PARTS[1]} {LONG[17:]}"
    halfway.store.write(lambda unit: unit.run("UPDATE outbox SET text = :text", text=twice))
    _echo(halfway, door, door.sent[0], PARTS[1])
    assert (_row(halfway).state, _row(halfway).parts_sent) == ("unknown", 1)


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


def test_an_answer_that_nobody_foresaw_keeps_no_other_row_from_being_looked_up(unsure, frozen):
    router, door = unsure
    first, asks = _row(router).rfc_id, door.look_up
    raw = door.arrives(text="where is my money", **{"from": "bo@mail.example"})
    pipeline.receive(router, door, [raw], Terms())
    door.answers.append(Unknown("line died after the dot"))
    deliver.sweep(router)
    frozen.advance(timedelta(seconds=31))

    def look_up(outbound):
        if outbound.message_id == first:
            raise KeyError("data")
        return asks(outbound)

    door.look_up = look_up
    assert _ask(router) == 1
    assert [row.state for row in _rows(router)] == ["unknown", "sent"]
    frozen.advance(deliver.LOOKED_EVERY)
    assert _ask(router) == 0


def test_a_door_that_cannot_say_is_not_asked_for_ever(router, door, frozen):
    door.answers.append(Unknown("line died after the dot"))
    deliver.sweep(router)
    frozen.advance(timedelta(seconds=31))
    assert _ask(router) == 0
    frozen.advance(timedelta(days=2))
    assert _ask(router) is None
    assert _row(router).state == "unknown"


# ---------------------------------------------------------------- many accounts


@pytest.fixture
def two(assembled, door):
    """A desk with two accounts, and nothing to send."""
    other = FakeDoor("other")
    made = assembled(doors=ManyDoors(door, other), acknowledge={"enabled": False})
    pipeline.receive(made, door, [door.arrives(text="hi")], Terms())
    return made, other


def _waits(router, account, rows):
    """So many replies wait to be sent by this account."""
    with router.store.reading() as unit:
        ticket = unit.row("SELECT id, identity_id FROM ticket")

    def work(unit):
        for number in range(rows):
            outbox.queue(
                unit,
                ticket_id=ticket.id,
                purpose="reply",
                once=f"{account}:{number}",
                channel="email",
                account=account,
                identity_id=ticket.identity_id,
                text=f"{account} {number}",
                state="queued",
            )

    router.store.write(work)


def test_an_account_that_is_refused_keeps_no_other_waiting(two, door, frozen):
    router, other = two
    other.answers += [Refused("blocked", channel_fault=True)] * 2
    _waits(router, "other", 60)
    deliver.sweep(router)
    frozen.advance(timedelta(seconds=1))
    _waits(router, "support", 1)
    deliver.sweep(router)
    assert _texts(door) == ["support 0"]


def test_an_account_that_is_away_keeps_no_other_waiting(two, door, frozen):
    router, other = two
    other.answers += [Transient("down")] * 2
    _waits(router, "other", 60)
    frozen.advance(timedelta(seconds=1))
    _waits(router, "support", 2)
    deliver.sweep(router)
    assert _texts(door) == ["support 0", "support 1"]


def test_accounts_have_their_turns_however_much_waits_at_one(two, door, frozen, monkeypatch):
    router, other = two
    order = []
    for one in (door, other):
        monkeypatch.setattr(one, "speak", lambda given: order.append(given.text) or Receipt())
    _waits(router, "other", 3)
    frozen.advance(timedelta(seconds=1))
    _waits(router, "support", 2)
    deliver.sweep(router)
    assert order == ["other 0", "support 0", "other 1", "support 1", "other 2"]


def test_an_account_that_failed_keeps_nobody_waiting_until_it_is_well_again(two, door):
    router, other = two
    other.answers.append(Transient("down"))
    _waits(router, "other", 3)
    deliver.sweep(router)
    _waits(router, "support", 2)
    deliver.sweep(router)
    assert (_texts(door), other.sent) == (["support 0", "support 1"], [])
    assert deliver.sweep_ailing(router) == 1
    assert _texts(other) == ["other 1"]
    deliver.sweep(router)
    assert _texts(other) == ["other 1", "other 2"]


def test_whoever_tries_an_account_that_failed_touches_no_other(two, door):
    router, other = two
    other.answers += [Transient("down")] * 2
    _waits(router, "other", 3)
    deliver.sweep(router)
    _waits(router, "support", 1)
    assert deliver.sweep_ailing(router) == 1
    assert (door.sent, other.sent) == ([], [])


def test_an_account_that_failed_keeps_one_worker_waiting_at_most(two, frozen):
    router, other = two
    other.answers.append(Transient("down"))
    _waits(router, "other", 3)
    deliver.sweep(router)
    held = router.store.write(lambda unit: outbox.claim(unit, lease_us=120_000_000))
    deliver.sweep_ailing(router)  # another worker
    assert other.sent == []
    router.store.write(lambda unit: outbox.settle(unit, held, "queued"))
    deliver.sweep_ailing(router)
    assert len(other.sent) == 1


def test_what_waits_at_a_channel_that_stopped_wakes_no_page(two, frozen):
    """Whoever commits wakes them: a wrong password would have all of them ask every second."""
    router, other = two
    other.answers.append(Refused("bad password", channel_fault=True))
    _waits(router, "other", 3)
    duties = [one for one in sweeps.DUTIES if one.name in ("deliver", "ailing")]
    for duty in duties:
        sweeps.tick(router, duty)
    before = router.store.commits
    for duty in duties:
        sweeps.tick(router, duty)
    assert router.store.commits == before
    frozen.advance(timedelta(minutes=2))
    for duty in duties:
        sweeps.tick(router, duty)
    assert len(other.sent) == 1


class Counted(FakeDoor):
    """A platform that counts what is sent."""

    limits = Limits(text=20, quotas=(Quota(100, timedelta(hours=1)),))


def test_a_row_that_was_claimed_when_its_channel_stopped_waits_like_the_others(assembled):
    door = Counted()
    router = assembled(doors=FakeDoors(door))
    pipeline.receive(router, door, [door.arrives(text="my transfer is pending")], Terms())
    row = router.store.write(lambda unit: outbox.claim(unit, lease_us=120_000_000))
    told = {"ok": False, "detail": "stopped", "params": "no more"}
    router.store.write(lambda unit: claims.report(unit, "speaks:email:support", **told))
    assert not deliver.deliver(router, row)
    assert (_row(router).state, _row(router).attempts) == ("queued", 0)
    with router.store.reading() as unit:
        assert claims.health(unit)[0].params == "no more"


def test_of_a_channel_that_stops_within_a_text_the_rest_waits(assembled):
    door = Counted()
    router = assembled(doors=FakeDoors(door))
    pipeline.receive(router, door, [door.arrives(text="my transfer is pending")], Terms())
    router.store.write(lambda unit: unit.run("UPDATE outbox SET text = :text", text=LONG))
    speaks = door.speak

    def stops(outbound):
        told = {"ok": False, "detail": "stopped"}
        router.store.write(lambda unit: claims.report(unit, "speaks:email:support", **told))
        if door.sent:
            raise Refused("blocked", channel_fault=True)
        return speaks(outbound)

    door.speak = stops
    deliver.sweep(router)
    row = _row(router)
    assert (row.state, row.reason, row.parts_sent) == ("queued", "stopped", 1)
    assert not router.store.write(lambda unit: outbox.withdraw(unit, row.id))


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
