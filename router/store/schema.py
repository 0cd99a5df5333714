"""Bringing a database to the schema of this program.

One migrator at a time: a write lock on SQLite, an advisory lock on PostgreSQL. On SQLite foreign
keys are off while tables are rebuilt (a cascade would silently delete children), inside one
explicit transaction that ends with a check of every reference.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from router.errors import StoreDown, StoreError
from router.store import jobs
from router.store.database import configure_sqlite

_FOLDER = Path(__file__).parent / "migrations"
#: Any number of ours; every migrator asks for the same one.
_LOCK = 5_318_008


def open_engine(url: str) -> Engine:
    """The database as SQLAlchemy sees it, for whoever makes, changes or compares its schema."""
    if url.startswith("sqlite"):
        engine = create_engine(url)
        event.listen(engine, "connect", _configure)
        return engine
    url = "postgresql+psycopg://" + jobs.conninfo(url).removeprefix("postgresql://")
    return create_engine(url, connect_args={"connect_timeout": 5})


def _configure(driver: Any, _record: object) -> None:
    driver.isolation_level = None
    configure_sqlite(driver)


def migrate(url: str, *, revision: str = "head") -> None:
    """Run every migration the database has not seen, all of them or none."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                _migrate_sqlite(connection, revision)
            else:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                _upgrade(connection, revision)
                if revision == "head":
                    jobs.bring_up(connection)
                connection.commit()
    except OperationalError as fault:
        said = str(fault.orig).partition("\n")[0]
        message = f"the schema of the database could not be brought up, nothing was changed: {said}"
        raise StoreDown(message) from fault
    finally:
        engine.dispose()


def _migrate_sqlite(connection: Connection, revision: str) -> None:
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql("PRAGMA busy_timeout=60000")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    _upgrade(connection, revision)
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if orphans:
        connection.exec_driver_sql("ROLLBACK")
        tables = ", ".join(sorted({str(row[0]) for row in orphans}))
        message = f"the migration would leave rows without their parents in {tables}; undone"
        raise StoreError(message)
    connection.exec_driver_sql("COMMIT")


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
