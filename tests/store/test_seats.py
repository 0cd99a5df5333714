"""Who is where, told to other processes without waking anybody."""

import contextlib
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from router.core.clock import to_us
from router.errors import StoreDown
from router.store import people
from router.store.database import Store
from router.store.seats import VISITOR, Seat


@pytest.fixture
def other(store_url, frozen, ids, store):
    """The same desk in another process."""
    opened = Store(store_url, clock=frozen, ids=ids)
    yield opened
    opened.close()


@pytest.fixture
def seat(frozen):
    until = to_us(frozen.now() + timedelta(seconds=40))
    return Seat(7, 100, "Mei", "reading", until, until)


def _agent(store, name):
    store.write(lambda unit: people.create_agent(unit, f"{name}@desk.example", name, "agent", []))


def test_what_one_process_tells_another_one_knows(store, other, seat):
    store.seats.put(seat)
    assert other.seats.all() == [seat]
    assert other.seats.of_agent(7) == seat


def test_an_agent_is_at_one_place_whichever_process_heard_it(store, other, seat):
    store.seats.put(seat)
    there = replace(seat, place=101)
    other.seats.put(there)
    assert store.seats.all() == [there]


def test_visitors_are_at_as_many_places_as_there_are(store, seat):
    some = [replace(seat, agent_id=VISITOR, place=place, name="") for place in (1, 2)]
    for one in some:
        store.seats.put(one)
    assert store.seats.all() == some


def test_who_leaves_is_nowhere(store, other, seat):
    store.seats.put(seat)
    other.seats.leave(7, 100)
    assert store.seats.all() == []


def test_who_said_nothing_is_over_by_itself_and_swept_by_the_next(store, seat, frozen):
    store.seats.put(seat)
    frozen.set(frozen.now() + timedelta(seconds=41))
    assert store.seats.all() == []
    later = to_us(frozen.now() + timedelta(seconds=40))
    store.seats.put(replace(seat, agent_id=8, until=later))
    assert store.seats.of_agent(7) is None


def test_telling_changes_its_own_pulse_everywhere_and_no_pages(store, other, seat):
    _agent(store, "first")
    before = (store.pulse(), other.pulse(), other.seats.pulse())
    store.seats.put(seat)
    store.seats.leave(7, 100)
    after = (store.pulse(), other.pulse(), other.seats.pulse())
    assert after[:2] == before[:2]
    assert after[2] != before[2]
    _agent(store, "second")
    assert other.pulse() != before[1]


def test_an_older_transaction_that_ends_later_is_a_change_too(store, other):
    if store.single_writer:
        pytest.skip("SQLite has one writer at a time")
    _agent(store, "first")
    with store.pool.begin() as slow:
        slow.execute("UPDATE agent SET name = 'slow'")
        store.write(lambda unit: unit.run("UPDATE team SET key = key"))
        before = other.pulse()
    assert other.pulse() != before


def test_what_is_told_is_no_part_of_the_desk_on_sqlite(store, seat, tmp_path):
    if not store.single_writer:
        pytest.skip("PostgreSQL has a table for it")
    store.seats.put(seat)
    with contextlib.closing(sqlite3.connect(tmp_path / "router.sqlite3")) as desk:
        tables = {name for (name,) in desk.execute("SELECT name FROM sqlite_master")}
    assert "seat" not in tables
    assert (tmp_path / "router.seats.sqlite3").exists()


@pytest.mark.parametrize("held", [b"no database at all" * 300, b""])
def test_a_damaged_file_begins_anew(store, store_url, frozen, ids, seat, tmp_path, held):
    if not store.single_writer:
        pytest.skip("PostgreSQL keeps no such file")
    store.close()
    (tmp_path / "router.seats.sqlite3").write_bytes(held)
    again = Store(store_url, clock=frozen, ids=ids)
    again.seats.put(seat)
    assert again.seats.all() == [seat]
    again.close()


def test_a_file_of_another_shape_begins_anew_and_one_just_made_is_left(
    store, store_url, frozen, ids, seat, tmp_path
):
    if not store.single_writer:
        pytest.skip("PostgreSQL keeps no such file")
    store.close()
    path = tmp_path / "router.seats.sqlite3"
    for made, left in (("seat (agent_id BIGINT)", {"seat"}), ("other (x)", {"seat", "other"})):
        path.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as line:
            line.execute(f"CREATE TABLE {made}")
        again = Store(store_url, clock=frozen, ids=ids)
        again.seats.put(seat)
        assert again.seats.all() == [seat]
        again.close()
        with contextlib.closing(sqlite3.connect(path)) as line:
            assert {name for (name,) in line.execute("SELECT name FROM sqlite_master")} >= left


def test_a_place_that_cannot_be_written_says_so(store, seat, tmp_path):
    if not store.single_writer:
        pytest.skip("PostgreSQL keeps no such file")
    (tmp_path / "router.seats.sqlite3").mkdir()
    with pytest.raises(StoreDown):
        store.seats.put(seat)
    with pytest.raises(StoreDown):
        store.seats.pulse()
    with pytest.raises(StoreDown):
        store.seats.all()
