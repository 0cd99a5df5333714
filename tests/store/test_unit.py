"""One unit of work: parameters by name in the driver's own marks, rows by column."""

import pytest

from router.store.shapes import CounterDelta


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
