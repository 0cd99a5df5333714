"""Who is where now, as every process of the desk sees it: rows worth nothing a minute later.

They change all day and must wake no open page, so they stay out of what :meth:`Store.pulse` tells:
on SQLite they lie in a small file of their own beside the database, on PostgreSQL in a table that
is not logged, and each write of it is counted so that the pulse can leave it out. Whoever dies
leaves rows behind that are over by themselves.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.core.clock import Clock
from router.core.ids import Ids
from router.errors import StoreDown
from router.store.pool import Connection, DatabaseFault, Pool
from router.store.unit import Unit

#: In the place of an agent's id: the visitor of a conversation.
VISITOR = 0
TABLE = (
    "seat (agent_id BIGINT NOT NULL, place BIGINT NOT NULL, name TEXT NOT NULL, "
    "doing TEXT NOT NULL, until BIGINT NOT NULL, writes_until BIGINT NOT NULL, "
    "PRIMARY KEY (agent_id, place))"
)
_COLUMNS = "agent_id, place, name, doing, until, writes_until"
_SPOILT = ("not a database", "malformed", "no such column")
_PRAGMAS = ("journal_mode=WAL", "synchronous=OFF", "trusted_schema=OFF")


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody at a ticket, or the visitor of a conversation; moments are microseconds."""

    agent_id: int
    place: int
    name: str
    doing: str
    until: int
    writes_until: int


class Seats:
    """The rows; may be shared by threads. Raises StoreDown where they cannot be reached."""

    def __init__(self, pool: Pool, clock: Clock, ids: Ids) -> None:
        """``pool`` is the desk's database; no line is opened before somebody asks."""
        self._apart = pool.dialect == "sqlite"
        self._pool = _beside(pool) if self._apart else pool
        self._clock, self._ids = clock, ids
        self._watch: Connection | None = None
        self._watching = threading.Lock()

    # ------------------------------------------------------------ what is told

    def of_agent(self, agent_id: int) -> Seat | None:
        """Where an agent is, as last told."""
        with self._open() as unit:
            row = unit.row(f"SELECT {_COLUMNS} FROM seat WHERE agent_id = :id", id=agent_id)  # noqa: S608  # ours
        return None if row is None else _seat(row)

    def all(self) -> list[Seat]:
        """Everybody who is anywhere now."""
        with self._open() as unit:
            rows = unit.rows(f"SELECT {_COLUMNS} FROM seat WHERE until > :now", now=unit.now_us)  # noqa: S608  # ours
        return [_seat(row) for row in rows]

    def pulse(self) -> str:
        """A word that changes whenever any process has told something."""
        try:
            with self._watching:
                if self._watch is None:
                    self._watch = self._pool.connect(autocommit=True)
                asked = "PRAGMA data_version" if self._apart else "SELECT n FROM quiet"
                row = self._watch.execute(asked).fetchone()
                return str(row[0]) if row else ""
        except DatabaseFault as fault:
            self._let_go()
            raise StoreDown(f"who is where cannot be looked up now: {fault.orig}") from fault

    # ------------------------------------------------------------ telling

    def put(self, seat: Seat) -> None:
        """Somebody is there; an agent is at one place only."""
        with self._quietly() as unit:
            elsewhere = "" if seat.agent_id == VISITOR else " OR agent_id = :agent"
            unit.run(
                f"DELETE FROM seat WHERE until <= :now{elsewhere}",  # noqa: S608  # ours
                now=unit.now_us,
                agent=seat.agent_id,
            )
            unit.run(
                f"INSERT INTO seat ({_COLUMNS}) VALUES "  # noqa: S608  # ours
                "(:agent, :place, :name, :doing, :until, :writes) "
                "ON CONFLICT (agent_id, place) DO UPDATE SET name = excluded.name, "
                "doing = excluded.doing, until = excluded.until, "
                "writes_until = excluded.writes_until",
                agent=seat.agent_id,
                place=seat.place,
                name=seat.name,
                doing=seat.doing,
                until=seat.until,
                writes=seat.writes_until,
            )

    def leave(self, agent_id: int, place: int) -> None:
        """An agent is not at this place any more."""
        with self._quietly() as unit:
            sql = "DELETE FROM seat WHERE agent_id = :agent AND place = :place"
            unit.run(sql, agent=agent_id, place=place)

    def close(self) -> None:
        """Let go of the connections."""
        self._let_go()
        if self._apart:
            self._pool.close()

    # ------------------------------------------------------------ connections

    @contextmanager
    def _open(self) -> Iterator[Unit]:
        try:
            with self._pool.connect() as connection:
                yield Unit(connection, self._ids, self._clock.now())
        except DatabaseFault as fault:
            raise StoreDown(f"who is where cannot be looked up now: {fault.orig}") from fault

    @contextmanager
    def _quietly(self) -> Iterator[Unit]:
        """A transaction that wakes nobody and waits for no disk."""
        try:
            with self._pool.begin() as connection:
                unit = Unit(connection, self._ids, self._clock.now())
                if not self._apart:
                    unit.run("SET LOCAL synchronous_commit = off")
                yield unit
                if not self._apart:
                    unit.run(
                        "INSERT INTO quiet (id, n) VALUES (1, 1) "
                        "ON CONFLICT (id) DO UPDATE SET n = quiet.n + 1"
                    )
        except DatabaseFault as fault:
            raise StoreDown(f"who is where cannot be told now: {fault.orig}") from fault

    def _let_go(self) -> None:
        with self._watching:
            watch, self._watch = self._watch, None
            if watch is not None:
                watch.close()


def _seat(row: Any) -> Seat:
    return Seat(row.agent_id, row.place, row.name, row.doing, row.until, row.writes_until)


def _beside(pool: Pool) -> Pool:
    """The small file beside SQLite's own; one that is damaged or of another shape begins anew."""
    desk = Path(pool.path)
    path = desk.with_name(f"{desk.stem}.seats{desk.suffix}")
    if path.exists() and _spoilt(path):
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            with suppress(OSError):  # whoever may not mend it says so when it is used
                path.with_name(name).unlink(missing_ok=True)
    return Pool(f"sqlite:///{path}", _configure, wait=1)


def _spoilt(path: Path) -> bool:
    """Whether the file is surely of no use; one that is locked or only just made is none of it."""
    try:
        with closing(sqlite3.connect(path, timeout=1)) as line:
            sound = line.execute("PRAGMA quick_check(1)").fetchone()
            line.execute(f"SELECT {_COLUMNS} FROM seat LIMIT 1")  # noqa: S608  # ours
            return bool(sound != ("ok",))
    except sqlite3.DatabaseError as fault:
        return any(sign in str(fault) for sign in _SPOILT)


def _configure(driver: Any) -> None:
    for pragma in _PRAGMAS:
        driver.execute(f"PRAGMA {pragma}").close()
    driver.execute(f"CREATE TABLE IF NOT EXISTS {TABLE}").close()
