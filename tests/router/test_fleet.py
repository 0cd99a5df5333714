"""Many workers on PostgreSQL: Procrastinate wakes the same sweeps, each act happens once."""

import threading
from datetime import timedelta

import pytest

from router import pipeline, sweeps
from router.core.clock import monotonic
from router.fleet import Fleet, every
from router.prepared import Terms
from router.store import claims, clocks
from router.store.jobs import bring_up
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
    from router.fleet import app_of

    named = {name for name, _ in app_of(router).periodic_registry.periodic_tasks}
    assert named == {f"duty.{duty.name}" for duty in sweeps.DUTIES}
