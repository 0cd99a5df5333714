"""Connections are lent and come back clean; what goes wrong with them is told without values."""

import pytest

from router.store.database import open_pool
from router.store.pool import DatabaseFault

MARKS = {"sqlite": "?", "postgresql": "%s"}


@pytest.fixture
def pool(store_url):
    pool = open_pool(store_url)
    yield pool
    pool.close()


def _put(connection, key, value):
    mark = MARKS[connection.dialect]
    connection.execute(
        f"INSERT INTO setting (key, value, version, changed_at) VALUES ({mark}, {mark}, 1, 0)",
        (key, value),
    )


def _keys(pool):
    with pool.connect() as connection:
        return {row[0] for row in connection.execute("SELECT key FROM setting").fetchall()}


def test_what_was_not_committed_is_gone_when_the_connection_is_lent_again(pool):
    with pool.connect() as connection:
        if connection.dialect == "sqlite":
            connection.execute("BEGIN")
        _put(connection, "half", "done")
    assert "half" not in _keys(pool)


def test_what_was_begun_is_committed_at_the_end_of_its_block(pool):
    with pool.begin() as connection:
        _put(connection, "whole", "done")
    assert "whole" in _keys(pool)


def test_a_block_that_raised_leaves_nothing(pool):
    def work():
        with pool.begin() as connection:
            _put(connection, "half", "done")
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert "half" not in _keys(pool)


def test_a_connection_is_used_again(pool):
    with pool.connect() as connection:
        first = connection.driver
    with pool.connect() as connection:
        assert connection.driver is first


def test_a_connection_that_nobody_may_have_any_more_is_closed(pool):
    with pool.connect() as connection:
        first = connection.driver
        connection.invalidate()
    with pytest.raises(pool.error), first:
        first.cursor().execute("SELECT 1")
    with pool.connect() as connection:
        assert connection.driver is not first


def test_a_connection_that_the_server_cut_is_not_lent_again(pool):
    if pool.dialect == "sqlite":
        pytest.skip("SQLite has no server that PostgreSQL has")
    with pool.connect() as connection:
        first = connection.driver
        number = first.info.backend_pid
    with pool.connect() as other, pool.connect() as connection:
        cut = other if other.driver is not first else connection
        cut.execute("SELECT pg_terminate_backend(%s, 5000)", (number,))
    with pool.connect() as connection:
        assert connection.execute("SELECT 1").fetchone()[0] == 1


def test_a_fault_tells_no_values(pool):
    with pool.begin() as connection:
        _put(connection, "canary-word", "one")
    with pytest.raises(DatabaseFault) as told, pool.connect() as connection:
        _put(connection, "canary-word", "canary-value")
    assert "setting" in str(told.value).lower()
    assert "canary" not in str(told.value)
