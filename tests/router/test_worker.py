"""What runs beside the pages in one process: a clock for the duties, a thread a mailbox."""

import threading
from datetime import timedelta

import pytest

from router import sweeps
from router.core.clock import monotonic
from router.worker import Ticking, Worker
from tests.fakes import FakeDoor, FakeDoors

PATIENCE = 20


def _until(holds):
    pause, until = threading.Event(), monotonic() + PATIENCE
    while not holds() and monotonic() < until:
        pause.wait(0.01)


def _always(unit):
    return True


@pytest.mark.one_database
def test_far_sides_that_are_silent_keep_no_other_duty_waiting(assembled, monkeypatch):
    over, waiting, done = threading.Event(), [], []
    often = timedelta(milliseconds=20)

    def waits(router):
        waiting.append(router)
        over.wait(PATIENCE)

    far = [
        sweeps.Duty(one.name, often, _always, waits, far=True) for one in sweeps.DUTIES if one.far
    ]
    own = sweeps.Duty("made-up", often, _always, done.append)
    monkeypatch.setattr(sweeps, "DUTIES", (*far, own))
    clock = Ticking(assembled())
    clock.start()
    try:
        _until(lambda: len(waiting) == len(far))
        assert len(waiting) == len(far)
        done.clear()
        _until(lambda: done)
        assert done
    finally:
        over.set()
        clock.stop()


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
        worker = Worker(assembled(doors=doors), NoClock())
        worker.start()
        return worker, door

    return start


def test_the_next_program_polls_at_once_after_a_clean_stop(desk, monkeypatch):
    worker, door = desk()
    assert door.polled.wait(PATIENCE)
    worker.stop()
    monkeypatch.setattr(sweeps, "OWNER", "the next program")
    following, door = desk()
    assert door.polled.wait(PATIENCE)
    following.stop()


def test_duties_that_talk_to_others_are_kept_apart():
    far = {duty.name for duty in sweeps.DUTIES if duty.far}
    assert far >= {"deliver", "look_up", "notify", "webhooks", "media", "calls", "post"}
    assert not far & {"journal", "escalate", "climb", "recover", "assign"}
