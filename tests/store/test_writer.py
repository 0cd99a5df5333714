"""The one writer: durable, isolated, in order, and honest when the database is not there."""

import sqlite3
import threading

import pytest

from router import desk, form, importing
from router.core.rights import Who
from router.errors import StoreBusy, StoreDown
from router.store import journal, people
from router.store.database import Store, check_writable, open_pool
from router.store.journal import Item
from router.store.pool import DatabaseFault
from router.store.shapes import CounterDelta


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
    first = threading.Thread(target=lambda: store.write(lambda _: gate.wait(60)))
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


def test_what_was_handed_in_is_finished_before_the_store_is_closed(store, monkeypatch):
    if not store.single_writer:
        pytest.skip("PostgreSQL has no queue of ours; every job is its own transaction")
    begun, gate = threading.Event(), threading.Event()
    first = threading.Thread(target=lambda: store.write(lambda _: begun.set() or gate.wait(60)))
    first.start()
    assert begun.wait(60)
    waiting = [
        threading.Thread(target=store.write, args=[_delta], kwargs={"bulk": bulk}, daemon=True)
        for bulk in (True, True, False)
    ]
    for thread in waiting:
        thread.start()
    while store._bulk.qsize() < 2 or store._urgent.empty():
        pass
    join = store._thread.join
    monkeypatch.setattr(store._thread, "join", lambda timeout: gate.set() or join(timeout))
    store.close()
    for thread in (first, *waiting):
        thread.join(10)
    assert not [thread for thread in waiting if thread.is_alive()]
    assert _rows(store) == 3


def test_a_store_that_was_closed_may_be_used_on(store):
    store.write(_delta)
    store.close()
    store.write(_delta)
    assert _rows(store) == 2


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
        check_writable(open_pool("sqlite:////nowhere/at/all/router.sqlite3"))
    store.close()


def test_an_outage_is_known_at_once_and_logged_once(store, caplog):
    def away(unit):
        fault = sqlite3.OperationalError("database or disk is full")
        raise DatabaseFault(fault, gone=False, away=True, damaged=False)

    assert not store.outage.lasts
    for _ in range(20):
        with pytest.raises(StoreDown):
            store.write(away)
        assert store.outage.lasts
    store.write(_delta)
    assert not store.outage.lasts
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert said[0].startswith("nothing can be written")
    assert said[0].endswith("database or disk is full")
    assert said[1] == "the database takes writes again"


def test_a_database_held_by_another_program_is_busy_not_broken(store, monkeypatch):
    if not store.single_writer:
        pytest.skip("PostgreSQL lets writers in side by side")
    monkeypatch.setattr("router.store.database.KNOCK_SECONDS", 0.05)
    with store.pool.connect() as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            store.write(_delta)
        holder.execute("ROLLBACK")
    store.write(_delta)
    assert _rows(store) == 1


def test_a_reader_waits_for_a_program_that_holds_the_whole_file_for_a_moment(store):
    if not store.single_writer:
        pytest.skip("PostgreSQL has nobody who holds all of it")
    holder = sqlite3.connect(store.pool.path, isolation_level=None, check_same_thread=False)
    # What the last to leave and the first to come do; nobody else may even look meanwhile.
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN IMMEDIATE")
    leaves = threading.Timer(0.1, holder.close)
    leaves.start()
    assert _rows(store) == 0
    leaves.join()


def test_a_second_row_for_the_same_item_is_refused_by_the_database(store):
    item = Item("email", "support", "one")
    store.write(lambda unit: journal.put(unit, item, "done"))
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write(lambda unit: journal.put(unit, item, "done"))


# ---------------------------------------------------------------- an import at work


class Watched:
    """Counts the bulk jobs that begin, and notes how many an urgent one had to wait for."""

    def __init__(self, store, monkeypatch):
        self.begun, self.overtaken = 0, []
        write = store.write

        def watched(work, *, bulk=False):
            seen = self.begun

            def job(unit):
                if bulk:
                    self.begun += 1
                else:
                    self.overtaken.append(self.begun - seen)
                return work(unit)

            return write(job, bulk=bulk)

        monkeypatch.setattr(store, "write", watched)


def _old_mail(folder, count):
    for number in range(count):
        (folder / f"{number:03}.eml").write_text(
            f"From: p{number}@m{number}.example\nSubject: Transfer {number}\n"
            f"Message-ID: <{number}@m.example>\n\nMy transfer {number} is still pending.\n"
        )
    return importing.sources(folder)


def test_forms_and_agents_do_not_queue_behind_an_import(assembled, tmp_path, monkeypatch):
    router = assembled(intake={"batch": 2})
    if not router.store.single_writer:
        pytest.skip("PostgreSQL has no queue of ours; every job is its own transaction")
    (tmp_path / "old").mkdir()
    found = _old_mail(tmp_path / "old", 120)
    ticket, who = _somebody_at_work(router)
    watched = Watched(router.store, monkeypatch)
    half, over = threading.Event(), threading.Event()

    def bring():
        for tally in importing.take(router, router.doors.reader("email", "import"), found):
            if tally.fetched >= 10:
                half.set()
        over.set()

    importer = threading.Thread(target=bring)
    importer.start()
    assert half.wait(60)
    for number in range(8):
        desk.note(router, who, ticket, f"note {number}", once=f"note {number}")
        form.submit(router, _form(number), [], source=f"2001:db8:{number:x}::1", spam=False)
    finished_first = not over.is_set()
    importer.join(30)
    assert finished_first
    assert watched.begun == 60
    assert len(watched.overtaken) >= 24
    # The one that was being done, or was just taken up; never the line of those that wait.
    assert max(watched.overtaken) <= 1
    assert _messages(router) == 120 + 1 + 8 + 8


def _form(number):
    body = f"Form {number}: my transfer is pending"
    return {"idempotency_key": str(number), "body": body, "email": f"f{number}@f{number}.example"}


def _somebody_at_work(router):
    taken = form.submit(router, _form(99), [], source="203.0.113.9", spam=False)

    def work(unit):
        return people.create_agent(unit, "mo@desk.example", "Mo", "admin", ["support"])

    return taken.ticket_id, Who(router.store.write(work), "Mo", "admin", frozenset({1, 2}), "en")


def _messages(router):
    with router.store.reading() as unit:
        return unit.value("SELECT COUNT(*) FROM message")


def test_of_many_that_wait_every_urgent_one_goes_first(store):
    if not store.single_writer:
        pytest.skip("PostgreSQL has no queue of ours; every job is its own transaction")
    order, gate = [], threading.Event()
    threads = [threading.Thread(target=lambda: store.write(lambda _: gate.wait(60)))]
    threads[0].start()
    for number in range(40):
        name = ("urgent", "bulk")[number % 2]
        threads.append(
            threading.Thread(
                target=lambda name=name: store.write(
                    lambda _: order.append(name), bulk=name == "bulk"
                )
            )
        )
        threads[-1].start()
    while store._bulk.qsize() < 20 or store._urgent.qsize() < 20:
        pass
    gate.set()
    for thread in threads:
        thread.join()
    assert order == ["urgent"] * 20 + ["bulk"] * 20
