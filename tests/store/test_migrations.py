"""The schema the migrations make is the schema the tables describe."""

import sqlite3
from collections import Counter
from random import Random
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from router.core.cells import Cell, cells
from router.core.figures import Happening
from router.errors import SchemaBehind
from router.store import schema, version
from router.store.database import open_pool
from router.store.tables import metadata


def test_the_migrations_and_the_tables_agree(store_url):
    engine = schema.open_engine(store_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = [
            one
            for one in compare_metadata(context, metadata)
            if not any(name in str(one) for name in ("search", "'seat'", "'quiet'"))
            and "alembic" not in str(one)
            and "procrastinate" not in str(one)
        ]
    engine.dispose()
    assert differences == []


def test_the_program_knows_the_newest_migration():
    scripts = ScriptDirectory(str(schema._FOLDER))
    assert scripts.get_heads() == [version.HEAD]


def test_a_database_that_was_never_migrated_says_what_to_do(tmp_path):
    pool = open_pool(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(SchemaBehind, match="router migrate"):
        version.check(pool)
    pool.close()


def test_migrating_twice_changes_nothing(store, store_url):
    schema.migrate(store_url)
    version.check(store.pool)


def test_every_reference_is_enforced(store):
    with store.reading() as unit:
        if unit.dialect == "sqlite":
            assert unit.value("PRAGMA foreign_keys") == 1
            assert unit.value("PRAGMA secure_delete") == 1
            assert unit.value("PRAGMA synchronous") == 2
        else:
            assert unit.value("SHOW synchronous_commit") == "on"


def test_promises_counted_before_are_counted_by_one_side_too(tmp_path):
    """A desk that counted for months goes on with the very figures a recount would give."""
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    schema.migrate(url, revision="0014")
    draw, tally = Random(4), Counter()
    for number in range(300):
        what = draw.choice(("kept", "broken", "late", "arrived", "open"))
        happened = Happening(
            what,
            1_790_000_000_000_000 + number * 7_000_000_000,
            draw.choice(("first_response", "resolution")),
            draw.choice(("email", "x")),
            draw.choice(("transfer.pending", "security.compromised")),
            draw.choice(("P1", "P3")),
            draw.choice((1, 2)),
            draw.choice((0, 5)),
            draw.choice(("in_hand", "unassigned")) if what == "broken" else "",
            600 if what in ("kept", "late") else -1,
            900 if what in ("kept", "late") else -1,
        )
        tally.update(cells(happened, ZoneInfo("Asia/Shanghai")))
    old = [
        (*cell, n)
        for cell, n in tally.items()
        if not cell.what.startswith("by_") and (cell.what, cell.grain) != ("trend", "m")
    ]
    with sqlite3.connect(tmp_path / "old.sqlite3") as connection:
        connection.executemany(f"INSERT INTO figure VALUES ({', '.join('?' * 11)})", old)
    connection.close()
    schema.migrate(url)
    with sqlite3.connect(tmp_path / "old.sqlite3") as connection:
        kept = {Cell(*row[:-1]): row[-1] for row in connection.execute("SELECT * FROM figure")}
    connection.close()
    assert kept == dict(tally)
