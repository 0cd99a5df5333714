"""A process that is killed, or stands still, in the middle of a duty that one does at a time."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from router import pipeline, sweeps
from router.assemble import assemble
from router.configuration import load
from router.prepared import Terms
from router.store import counters
from rules.raising import Opinion
from tests.fakes import FakeDoor, FakeDoors

pytestmark = pytest.mark.own_database

CONFIG = """
data_dir = "{folder}/data"
key_file = "{folder}/desk.key"
[database]
url = "{url}"
[reader]
enabled = false
"""
#: Begins a duty, says so, and goes on with it once it is told to.
OTHER = """
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from router import sweeps
from router.assemble import assemble
from router.configuration import load
from router.core.clock import FrozenClock
from router.store import counters

def wait(*_):
    print("at it", flush=True)
    sys.stdin.readline()
    return []

class Reader:
    version, open, read = "made-up", lambda self: self, wait

def adds(router):
    wait()
    router.store.write(lambda unit: counters.append(unit, {"t1:open": 1}))

clock = FrozenClock(datetime.fromisoformat(sys.argv[2]))
router = replace(assemble(load(Path(sys.argv[1]), {}), clock=clock), reader=Reader())
made_up = sweeps.Duty("adds", timedelta(1), lambda _: True, adds, exclusive=True)
duties = {one.name: one for one in (*sweeps.DUTIES, made_up)}
print(sweeps.tick(router, duties[sys.argv[3]]), flush=True)
"""


class Reader:
    """Finds an alarm in everything."""

    on, version = True, "made-up"

    def open(self):
        return self

    def read(self, texts):
        return [Opinion("security.compromised", 0.99, "other.product", 0.0) for _ in texts]


@pytest.fixture
def router(tmp_path, store_url, frozen, shipped_rules):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(folder=tmp_path, url=store_url))
    made = assemble(load(path, {}), clock=frozen, rules=shipped_rules)
    yield replace(made, reader=Reader(), doors=FakeDoors(FakeDoor()))
    made.close()


@pytest.fixture
def other(router, tmp_path, frozen):
    """Another process of the same desk that has begun this duty."""
    running = []

    def begun(duty):
        words = [str(tmp_path / "config.toml"), frozen.now().isoformat(), duty]
        one = subprocess.Popen(
            [sys.executable, "-c", OTHER, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(one)
        assert one.stdout.readline() == "at it\n"
        return one

    yield begun
    for one in running:
        one.kill()
        one.communicate()


def _duty(name):
    return next(one for one in sweeps.DUTIES if one.name == name)


def test_a_reading_whose_process_is_killed_at_it_waits_seconds_for_another(router, other, frozen):
    raw = router.doors.door.arrives(text="the drawer was shut this morning")
    ticket_id = pipeline.receive(router, router.doors.door, [raw], Terms())[0].ticket_id
    one = other("reread")
    assert not sweeps.tick(router, _duty("reread"))
    one.send_signal(signal.SIGKILL)
    one.wait()
    frozen.advance(timedelta(seconds=10))
    assert sweeps.tick(router, _duty("reread"))
    with router.store.reading() as unit:
        assert unit.value("SELECT urgency FROM ticket WHERE id = :id", id=ticket_id) == "P1"


def test_who_stood_still_at_a_duty_writes_nothing_of_what_another_did_meanwhile(
    router, other, frozen
):
    one = other("adds")
    os.kill(one.pid, signal.SIGSTOP)
    frozen.advance(2 * sweeps.LEASE)
    ours = sweeps.Duty("adds", timedelta(1), lambda _: True, _adds, exclusive=True)
    assert sweeps.tick(router, ours)
    os.kill(one.pid, signal.SIGCONT)
    said, _ = one.communicate("\n")
    assert said == "False\n"
    router.store.write(counters.fold)
    with router.store.reading() as unit:
        assert counters.read(unit, ["t1:open"]) == {"t1:open": 1}


def _adds(router):
    router.store.write(lambda unit: counters.append(unit, {"t1:open": 1}))
