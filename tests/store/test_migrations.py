"""The schema the migrations make is the schema the tables describe."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from router.errors import SchemaBehind
from router.store import schema, version
from router.store.database import open_engine
from router.store.tables import metadata


def test_the_migrations_and_the_tables_agree(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = [
            one
            for one in compare_metadata(context, metadata)
            if "search" not in str(one) and "alembic" not in str(one)
        ]
    assert differences == []


def test_the_program_knows_the_newest_migration():
    scripts = ScriptDirectory(str(schema._FOLDER))
    assert scripts.get_heads() == [version.HEAD]


def test_a_database_that_was_never_migrated_says_what_to_do(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(SchemaBehind, match="router migrate"):
        version.check(engine)
    engine.dispose()


def test_migrating_twice_changes_nothing(store, store_url):
    schema.migrate(store_url)
    version.check(store.engine)


def test_every_reference_is_enforced(store):
    with store.reading() as unit:
        if unit.dialect == "sqlite":
            assert unit.value("PRAGMA foreign_keys") == 1
            assert unit.value("PRAGMA secure_delete") == 1
            assert unit.value("PRAGMA synchronous") == 2
        else:
            assert unit.value("SHOW synchronous_commit") == "on"
