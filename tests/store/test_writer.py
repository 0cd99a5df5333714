"""The one writer: durable, isolated, in order, and honest when the database is not there."""

import threading

import pytest

from router.errors import StoreBusy, StoreDown
from router.store import journal
from router.store.database import Store, check_writable, open_engine
from router.store.journal import Item
from router.store.tables import CounterDelta


def _delta(unit, key="t1:open"):
    unit.put(CounterDelta, id=unit.new_id(), key=key, delta=1)


def _rows(store, key="t1:open"):
    with store.reading() as unit:
        return len(unit.rows("SELECT id FROM counter_delta WHERE key = :key", key=key))


def test_what_was_written_is_there_when_write_returns(store):
    store.write(_delta)
    assert _rows(store) == 1


def test_a_job_that_raises_leaves_nothing_and_raises_here(store):
    def half(unit):
        _delta(unit)
        unit.flush()
        raise ValueError("made up")

    with pytest.raises(ValueError, match="made up"):
        store.write(half)
    assert _rows(store) == 0


def test_a_job_that_fails_takes_no_neighbour_with_it(store):
    outcomes = []

    def ask(number):
        def job(unit):
            _delta(unit)
            unit.flush()
            if number % 3 == 0:
                raise ValueError(str(number))

        try:
            store.write(job)
            outcomes.append("kept")
        except ValueError:
            outcomes.append("undone")

    threads = [threading.Thread(target=ask, args=[number]) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("kept"), outcomes.count("undone")) == (20, 10)
    assert _rows(store) == 20


def test_urgent_work_passes_bulk_work_that_waits(store):
    if not store.single_writer:
        pytest.skip("PostgreSQL has no queue of ours; every job is its own transaction")
    order, gate = [], threading.Event()
    first = threading.Thread(target=lambda: store.write(lambda _: gate.wait(5)))
    first.start()
    waiting = []
    for name, bulk in (("bulk", True), ("urgent", False)):
        thread = threading.Thread(
            target=lambda name=name, bulk=bulk: store.write(lambda _: order.append(name), bulk=bulk)
        )
        thread.start()
        waiting.append(thread)
    while store._bulk.empty() or store._urgent.empty():
        pass
    gate.set()
    for thread in (first, *waiting):
        thread.join()
    assert order == ["urgent", "bulk"]


def test_two_programs_write_the_same_database_in_turn(store, store_url, frozen, ids):
    other = Store(store_url, clock=frozen, ids=ids)
    try:
        for _ in range(5):
            store.write(_delta)
            other.write(_delta)
    finally:
        other.close()
    assert _rows(store) == 10


def test_the_pulse_changes_when_another_program_commits(store, store_url, frozen, ids):
    before = store.pulse()
    other = Store(store_url, clock=frozen, ids=ids)
    try:
        other.write(_delta)
    finally:
        other.close()
    assert store.pulse() != before


def test_a_database_that_is_away_says_so_and_nothing_hangs(frozen, ids):
    store = Store("sqlite:////nowhere/at/all/router.sqlite3", clock=frozen, ids=ids)
    with pytest.raises(StoreDown):
        store.write(_delta)
    with pytest.raises(StoreDown):
        check_writable(open_engine("sqlite:////nowhere/at/all/router.sqlite3"))
    store.close()


def test_a_database_held_by_another_program_is_busy_not_broken(store, monkeypatch):
    if not store.single_writer:
        pytest.skip("PostgreSQL lets writers in side by side")
    monkeypatch.setattr("router.store.database.KNOCK_SECONDS", 0.05)
    with store.engine.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            store.write(_delta)
        holder.exec_driver_sql("ROLLBACK")
    store.write(_delta)
    assert _rows(store) == 1


def test_a_second_row_for_the_same_item_is_refused_by_the_database(store):
    item = Item("email", "support", "one")
    store.write(lambda unit: journal.put(unit, item, "done"))
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write(lambda unit: journal.put(unit, item, "done"))
