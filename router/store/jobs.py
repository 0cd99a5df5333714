"""Procrastinate's own tables, brought up together with ours on PostgreSQL."""

from __future__ import annotations

import re
from importlib import metadata, resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it is loaded only where the schema is changed
    from sqlalchemy import Connection

_LIBRARY = "procrastinate"
_STEP = re.compile(r"(\d+)\.(\d+)\.(\d+)_.*\.sql")
_KEY = "procrastinate_schema"


def conninfo(url: str) -> str:
    """The database's address as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def bring_up(connection: Connection) -> None:
    """Make its tables, or take every step of it that they have not seen; inside one transaction."""
    now = metadata.version(_LIBRARY)
    row = connection.exec_driver_sql("SELECT value FROM setting WHERE key = %s", (_KEY,)).first()
    if row is None:
        there = connection.exec_driver_sql("SELECT to_regclass('procrastinate_jobs')").scalar()
        if there is None:
            _execute(connection, _read("schema.sql"))
        connection.exec_driver_sql(
            "INSERT INTO setting (key, value, version, changed_at) VALUES (%s, %s, 1, 0)",
            (_KEY, now),
        )
        return
    seen = _parts(str(row[0]))
    if seen >= _parts(now):
        return
    for name in _steps():
        if _parts(name) > seen:
            _execute(connection, _read(f"migrations/{name}"))
    connection.exec_driver_sql(
        "UPDATE setting SET value = %s, version = version + 1 WHERE key = %s", (now, _KEY)
    )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", version)[:3])


def _steps() -> list[str]:
    folder = resources.files(_LIBRARY).joinpath("sql", "migrations")
    return sorted(one.name for one in folder.iterdir() if _STEP.fullmatch(one.name))


def _read(name: str) -> str:
    return resources.files(_LIBRARY).joinpath("sql", *name.split("/")).read_text(encoding="utf-8")


def _execute(connection: Connection, script: str) -> None:
    """A script of several statements, through the driver: it holds percent signs of its own."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(script)
    finally:
        cursor.close()
