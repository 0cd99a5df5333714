"""One unit of work: parameters by name in the driver's own marks, rows by column."""

import re
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from router.errors import StoreDown
from router.store import unit as unit_module
from router.store import version
from router.store.shapes import CounterDelta
from router.store.unit import begins


def test_a_name_may_come_twice(store):
    with store.reading() as unit:
        assert unit.value("SELECT CAST(:a AS BIGINT) + CAST(:a AS BIGINT)", a=4) == 8


def test_a_percent_sign_stays_one(store):
    with store.reading() as unit:
        assert unit.value("SELECT 1 WHERE 'abc' LIKE '%b%' AND 'x' <> :x", x="y") == 1
        assert unit.value("SELECT 1 WHERE 'abc' LIKE 'a%'") == 1


@pytest.mark.parametrize("wanted", [[], (), ["a"], ["a", "b", "a"], ("b",)])
def test_a_list_serves_in(store, wanted):
    def put(unit):
        for key in ("a", "b", "c"):
            unit.put(CounterDelta, id=unit.new_id(), key=key, delta=1)

    store.write(put)
    with store.reading() as unit:
        found = unit.rows(
            "SELECT key FROM counter_delta WHERE key IN :keys AND delta = :n ORDER BY key",
            keys=wanted,
            n=1,
        )
    assert [row.key for row in found] == sorted(set(wanted))


def test_a_column_left_out_takes_its_default_and_an_unknown_one_is_an_error(store):
    def wrong(unit):
        unit.put(CounterDelta, id=1, key="a", delta=1, colour="red")

    with pytest.raises(TypeError, match="counter_delta has no column colour"):
        store.write(wrong)


def test_a_text_begins_with_another_letter_by_letter(store):
    told = f"SELECT CASE WHEN {begins(':text', ':start')} THEN 1 ELSE 0 END"
    with store.reading() as unit:

        def holds(text, start):
            return bool(unit.value(told, text=text, start=start))

        assert holds("security.compromised", "security.")
        assert holds("转账.失败", "转账.")
        assert not holds("securityXcompromised", "security.")
        assert not holds("Security.compromised", "security.")
        assert not holds("sec", "security.")


def test_no_text_is_found_by_its_place_in_an_order():
    """Servers are set up for languages, and each has an order of its own: in most of them no
    ``security.x`` stands between ``security.`` and ``security/``."""
    place = re.compile(r"(category|action|key|kind|name|tag|value|word)( \|\| '')? (<=?|>=) [:{]")
    folder = Path(unit_module.__file__).parent
    found = {
        path.name: place.findall(path.read_text("utf-8"))
        for path in folder.glob("*.py")
        if place.search(path.read_text("utf-8"))
    }
    assert found == {}


def test_what_postgresql_prepared_for_a_page_is_there_for_the_next(store):
    if store.single_writer:
        pytest.skip("SQLite keeps what it prepared by itself")
    for _ in range(10):
        with store.reading() as unit:
            unit.rows("SELECT id FROM ticket WHERE id = :id", id=1)
    with store.reading() as unit:
        prepared = unit.rows("SELECT statement FROM pg_prepared_statements")
    assert "SELECT id FROM ticket WHERE id = $1" in [row.statement for row in prepared]


def test_nothing_is_written_through_a_reading(store):
    store.write(partial(version.remember, key="word", value="stays"))
    with suppress(StoreDown), store.reading() as unit:
        unit.run("DELETE FROM setting")
    with store.reading() as unit:
        assert version.remembered(unit, "word") == "stays"
