"""Many workers on PostgreSQL: Procrastinate wakes the same sweeps, each act happens once."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from channels.contract import Transient
from router import pipeline, sweeps
from router.core.clock import monotonic
from router.fleet import Fleet, apps_of, every
from router.prepared import Terms
from router.store import claims, journal, notices
from router.store.jobs import bring_up
from router.store.promises import clocks
from router.store.schema import open_engine
from tests.fakes import FakeDoor, FakeDoors

PATIENCE = 40


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door, database_kind):
    if database_kind != "postgresql":
        pytest.skip("a fleet needs PostgreSQL")
    return assembled(doors=FakeDoors(door))


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=1), "* * * * * */1"),
        (timedelta(seconds=30), "* * * * * */30"),
        (timedelta(minutes=5), "*/5 * * * *"),
        (timedelta(hours=6), "0 */6 * * *"),
    ],
)
def test_a_period_is_told_as_a_fleet_reads_it(span, said):
    assert every(span) == said


def test_no_disk_is_waited_for_by_what_only_wakes_a_duty(router):
    own, _ = apps_of(router)

    async def asked():
        async with own.open_async():
            return await own.connector.execute_query_one_async("SHOW synchronous_commit")

    with ThreadPoolExecutor(1) as beside:  # a browser of another test may have a loop in this one
        told = beside.submit(lambda: asyncio.run(asked())).result()
    assert told == {"synchronous_commit": "off"}


def test_two_workers_of_a_fleet_do_everything_once(router, door, frozen):
    raws = [door.arrives(text="hello", **{"from": f"p{n}@m.example"}) for n in range(6)]
    pipeline.receive(router, door, raws, Terms())
    frozen.advance(timedelta(days=30))
    fleets = [Fleet(router) for _ in range(2)]
    for one in fleets:
        one.start()
    try:
        _until(lambda: not _waits(router) and len(door.sent) == 6)
    finally:
        for one in fleets:
            one.stop()
    assert not any(one._thread.is_alive() for one in fleets)
    with router.store.reading() as unit:
        noted = unit.value("SELECT COUNT(*) FROM entry WHERE code = 'sla_breached'")
        ill = [row.name for row in claims.health(unit) if not row.ok]
        kept = unit.value("SELECT COUNT(*) FROM procrastinate_jobs WHERE status = 'succeeded'")
    assert (noted, ill, kept) == (12, [], 0)
    assert len(door.sent) == 6


def _waits(router):
    with router.store.reading() as unit:
        return clocks.waiting(unit)


def _until(holds):
    pause, until = threading.Event(), monotonic() + PATIENCE
    while not holds() and monotonic() < until:
        pause.wait(0.1)


def test_bringing_its_tables_up_twice_changes_nothing(router):
    engine = open_engine(router.store.pool.url)
    with engine.begin() as connection:
        bring_up(connection)
        bring_up(connection)
        known = connection.exec_driver_sql("SELECT COUNT(*) FROM procrastinate_jobs").scalar()
    engine.dispose()
    assert known == 0


def test_every_duty_is_a_task_of_the_fleet(router):
    apps = apps_of(router)
    named = {name for app in apps for name, _ in app.periodic_registry.periodic_tasks}
    assert named == {f"duty.{duty.name}" for duty in sweeps.DUTIES}


@pytest.fixture
def silent(router, door, frozen, monkeypatch):
    """A far side that answers nobody, thirty messages for it, and how many wait for it at a time;
    it lets go in the end."""
    raws = [door.arrives(text="hello", **{"from": f"p{n}@m.example"}) for n in range(30)]
    pipeline.receive(router, door, raws, Terms())
    frozen.advance(timedelta(days=30))
    over, waiting = threading.Event(), []

    def speak(outbound):
        waiting.append(outbound)
        over.wait(2 * PATIENCE)
        raise Transient("no answer")

    monkeypatch.setattr(door, "speak", speak)
    fleet = Fleet(router)
    fleet.start()
    yield waiting
    over.set()
    fleet.stop()


def test_a_far_side_that_is_silent_keeps_no_message_that_was_pushed_waiting(router, door, silent):
    _until(lambda: len(silent) == 4)
    raw = door.arrives(text="my money was stolen", **{"from": "zoe@m.example"})
    item = journal.Item(door.kind, door.account, raw.remote_id)
    sealed = router.keys.seal(raw.data, journal.about(item))
    router.store.write(lambda unit: journal.receive(unit, router.keys, item, sealed))
    _until(lambda: not _unread(router))
    assert not _unread(router)


def test_a_worker_sends_four_messages_at_a_time_and_keeps_places_for_other_far_sides(
    router, silent
):
    _until(lambda: len(silent) == 4)
    known = {"channel": "email", "account": "support"}
    router.store.write(
        lambda unit: notices.tell(unit, "n", "channel_stopped", [], ["chat"], **known)
    )
    _until(lambda: not _untold(router))
    assert not _untold(router)
    assert len(silent) == 4


def _unread(router):
    with router.store.reading() as unit:
        return journal.pending(unit)


def _untold(router):
    with router.store.reading() as unit:
        return notices.pending(unit)
