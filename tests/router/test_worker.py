"""What runs beside the pages in one process: a clock for the duties, a thread a mailbox."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.contract import Transient
from router import pipeline, sweeps, worker
from router.core.clock import monotonic, to_us
from router.prepared import Terms
from router.store import claims, outbox
from router.worker import Ticking, Worker
from tests.fakes import FakeDoor, FakeDoors, ManyDoors

PATIENCE = 20


def _until(holds):
    pause, until = threading.Event(), monotonic() + PATIENCE
    while not holds() and monotonic() < until:
        pause.wait(0.01)


def _always(unit):
    return True


@pytest.fixture
def goes_on(assembled, monkeypatch):
    """Whether one duty is done while duties of these names all stand still."""
    over = threading.Event()

    def look(names, other, *, far):
        waiting, done, often = [], [], timedelta(milliseconds=20)

        def stands_still(router):
            waiting.append(router)
            over.wait(PATIENCE)

        still = [sweeps.Duty(one, often, _always, stands_still, far=far) for one in names]
        free = sweeps.Duty(other, often, _always, done.append)
        monkeypatch.setattr(sweeps, "DUTIES", (*still, free))
        clock = Ticking(assembled())
        clock.start()
        try:
            _until(lambda: len(waiting) == len(still))
            assert len(waiting) == len(still)
            done.clear()
            _until(lambda: done)
            return bool(done)
        finally:
            over.set()
            clock.stop()

    return look


@pytest.mark.one_database
def test_far_sides_that_are_silent_keep_no_other_duty_waiting(goes_on):
    assert goes_on([one.name for one in sweeps.DUTIES if one.far], "made-up", far=True)


@pytest.mark.one_database
def test_duties_that_take_long_keep_no_other_waiting(goes_on):
    own = [one.name for one in sweeps.DUTIES if not one.far and one.name != "climb"]
    assert goes_on(own, "climb", far=False)


def _queue(router, taken, account):
    def work(unit):
        identity = unit.value("SELECT identity_id FROM ticket WHERE id = :id", id=taken.ticket_id)
        outbox.queue(
            unit,
            ticket_id=taken.ticket_id,
            purpose="reply",
            once=account,
            channel="email",
            account=account,
            identity_id=identity,
            text="here",
            state="queued",
        )

    router.store.write(work)


class NoClock:
    """A clock that wakes nobody."""

    def start(self):
        pass

    def stop(self):
        pass


class WaitingDoor(FakeDoor):
    """A mailbox that wakes nobody until it is closed; ``polled`` once it was looked at."""

    def __init__(self):
        super().__init__()
        self.polled, self._closed = threading.Event(), threading.Event()

    def poll(self, cursor):
        self.polled.set()
        return iter(())

    def wait(self, timeout):
        return self._closed.wait(PATIENCE)

    def close(self):
        self._closed.set()


@pytest.fixture
def desk(assembled):
    """Starts a worker of a desk with one mailbox that nobody writes to."""

    def start():
        door = WaitingDoor()
        doors = FakeDoors(door)
        doors.close = door.close
        running = Worker(assembled(doors=doors), NoClock())
        running.start()
        return running, door

    return start


def test_the_next_program_polls_at_once_after_a_clean_stop(desk, monkeypatch):
    running, door = desk()
    assert door.polled.wait(PATIENCE)
    running.stop()
    monkeypatch.setattr(sweeps, "OWNER", "the next program")
    following, door = desk()
    assert door.polled.wait(PATIENCE)
    following.stop()


def test_a_source_is_ours_for_as_long_as_it_is_read(assembled, frozen, monkeypatch):
    """However long a backlog is, nobody else begins to read it."""
    monkeypatch.setattr(worker, "LEASE", timedelta(milliseconds=60))
    begun, over = threading.Event(), threading.Event()

    class LongBacklog(FakeDoor):
        def poll(self, cursor):
            begun.set()
            over.wait(PATIENCE)
            return iter(())

    router = assembled(doors=FakeDoors(LongBacklog()))
    running = Worker(router, NoClock())
    running.start()
    try:
        assert begun.wait(PATIENCE)
        frozen.advance(timedelta(minutes=5))
        now = to_us(frozen.now())
        _until(lambda: _ours_until(router) > now)
        assert _ours_until(router) > now
    finally:
        over.set()
        running.stop()


def test_what_a_mail_server_quotes_is_masked_before_it_is_told(assembled, caplog):
    class Quotes(FakeDoor):
        def poll(self, cursor):
            raise Transient("unexpected response: my card is 4111 1111 1111 1111")

    router = assembled(doors=FakeDoors(Quotes()))
    running = Worker(router, NoClock())
    running.start()

    def told():
        with router.store.reading() as unit:
            return [row for row in claims.health(unit) if row.name.startswith("poll:")]

    try:
        _until(told)
    finally:
        running.stop()
    (row,) = told()
    assert row.params.startswith("Transient: unexpected response: my card is")
    assert "4111" not in row.params
    assert "4111" not in caplog.text


def _ours_until(router):
    with router.store.reading() as unit:
        return unit.value("SELECT until FROM lease WHERE name = 'poll:email:support'")


def test_an_account_that_is_away_keeps_no_other_from_sending(assembled, monkeypatch):
    """One process, and a server that swallows everything: a chat goes on meanwhile."""
    hanging, over = threading.Event(), threading.Event()

    class Swallows(FakeDoor):
        def speak(self, outbound):
            hanging.set()
            over.wait(2 * PATIENCE)
            raise Transient("no answer")

    away, here = Swallows(), FakeDoor("other")
    router = assembled(doors=ManyDoors(away, here), acknowledge={"enabled": False})
    taken = pipeline.receive(router, away, [away.arrives(text="hi")], Terms())[0]
    router.store.write(
        lambda unit: claims.report(unit, "speaks:email:support", ok=False, detail="cannot_send")
    )
    sending = [
        replace(one, every=timedelta(milliseconds=20))
        for one in sweeps.DUTIES
        if one.work.__module__ == "router.deliver"
    ]
    monkeypatch.setattr(sweeps, "DUTIES", tuple(sending))
    clock = Ticking(router)
    _queue(router, taken, "support")
    clock.start()
    try:
        assert hanging.wait(PATIENCE)
        _queue(router, taken, "other")
        _until(lambda: here.sent)
        assert here.sent
    finally:
        over.set()
        clock.stop()


def test_duties_that_talk_to_others_are_kept_apart():
    far = {duty.name for duty in sweeps.DUTIES if duty.far}
    assert far >= {"deliver", "look_up", "notify", "webhooks", "media", "calls", "post"}
    assert not far & {"journal", "escalate", "climb", "recover", "assign"}
