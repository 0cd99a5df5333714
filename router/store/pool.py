"""Connections to the database: kept open, lent to one thread at a time, taken back.

The two drivers are used as they are. Around every statement SQLAlchemy does more than most of them
do themselves, and loading it took a fifth of a start; it serves where the schema is made and
changed (:mod:`router.store.schema`), see docs/decisions/0011.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import TracebackType
from typing import Any, Self

from router.errors import RouterError

#: So many connections stay open when nobody needs them; so many are open at most.
_KEPT, _MOST = 8, {"sqlite": 128, "postgresql": 64}
#: Who finds all of them lent waits so long, in seconds.
_PATIENCE = 30.0
#: How long PostgreSQL may take to answer a new connection, in seconds.
_CONNECT_SECONDS = 5
#: Statements that SQLite keeps prepared on a connection: those of the pages, and of intake.
_PREPARED = 512


class DatabaseFault(Exception):
    """What a driver said. ``orig`` is its own error, ``gone`` whether the connection is of no use
    any more, ``away`` whether the database did not serve us, ``damaged`` whether the file is none.
    """

    def __init__(self, orig: Exception, *, gone: bool, away: bool, damaged: bool) -> None:
        super().__init__(str(orig).partition("\n")[0])  # PostgreSQL tells the values behind it
        self.orig, self.gone, self.away, self.damaged = orig, gone, away or gone, damaged


class Connection:
    """One that was lent; what it did not commit is rolled back when it is given back."""

    def __init__(self, pool: Pool, driver: Any) -> None:
        """Made by :meth:`Pool.connect`."""
        self.pool = pool
        #: The driver's own connection, for what only one of the two can do.
        self.driver = driver
        self._gone = False

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.pool.dialect

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Execute one statement with the driver's own marks; the driver's cursor."""
        cursor = self.driver.cursor()
        try:
            cursor.execute(statement, values)
        except self.pool.error as fault:
            cursor.close()  # whoever looks at the fault holds it: SQLite would go on holding a lock
            raise self.told(fault) from fault
        return cursor

    def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute one statement for many rows of values."""
        cursor = self.driver.cursor()
        try:
            cursor.executemany(statement, rows)
        except self.pool.error as fault:
            raise self.told(fault) from fault
        finally:
            cursor.close()

    def told(self, fault: Exception) -> DatabaseFault:
        """What the driver said, as we say it; a connection that broke is not lent again."""
        found = self.pool.told(fault, self.driver)
        self._gone = self._gone or found.gone
        return found

    def commit(self) -> None:
        """Make durable what was done since the last commit."""
        try:
            self.driver.commit()
        except self.pool.error as fault:
            raise self.told(fault) from fault

    def invalidate(self) -> None:
        """Let nobody have this connection any more."""
        self._gone = True

    def close(self) -> None:
        """Give it back; more than once does nothing."""
        driver, self.driver = self.driver, None
        if driver is not None:
            self.pool.take_back(driver, gone=self._gone)

    def __enter__(self) -> Self:
        """Give it back at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        self.close()


class Pool:
    """The connections to one database; may be shared by threads."""

    def __init__(
        self, url: str, prepare: Callable[[Any], None] | None = None, *, wait: float = 0
    ) -> None:
        """``url`` is ``sqlite:////path`` or ``postgresql://…``; ``prepare`` is given each new
        connection of the driver; ``wait`` is how long SQLite waits for a lock, in seconds. Nothing
        is opened before it is needed.
        """
        self.url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        #: SQLite's file; empty on PostgreSQL.
        self.path = url.removeprefix("sqlite:///") if url.startswith("sqlite:") else ""
        self.dialect = "sqlite" if self.path else "postgresql"
        self.psycopg: Any = None if self.path else import_module("psycopg")
        driver: Any = self.psycopg or sqlite3
        #: The base class of what the driver raises.
        self.error: type[Exception] = driver.Error
        self._operational: type[Exception] = driver.OperationalError
        self._damaged: type[Exception] = driver.DatabaseError
        self._prepare, self._wait = prepare, wait
        self._idle: deque[Any] = deque()
        self._places = threading.BoundedSemaphore(_MOST[self.dialect])

    def connect(self, *, autocommit: bool = False, reads: bool = False) -> Connection:
        """Borrow a connection; with ``autocommit`` each statement is a transaction of its own, and
        where it only ``reads`` PostgreSQL refuses to write.

        Raises DatabaseFault when the database cannot be reached.
        """
        if not self._places.acquire(timeout=_PATIENCE):
            message = f"all {_MOST[self.dialect]} connections to the database are in use"
            raise DatabaseFault(RouterError(message), gone=False, away=True, damaged=False)
        try:
            driver = self._kept() or self._open()
            if self.psycopg:
                driver.autocommit, driver.read_only = autocommit, reads or None
        except self.error as fault:
            self._places.release()
            raise self.told(fault, None) from fault
        except BaseException:
            self._places.release()
            raise
        return Connection(self, driver)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Borrow a connection and commit what was done with it, unless something was raised."""
        with self.connect() as connection:
            if self.path:
                connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    def take_back(self, driver: Any, *, gone: bool) -> None:
        """What :meth:`Connection.close` does."""
        try:
            if gone or not self._rolled_back(driver) or len(self._idle) >= _KEPT:
                with suppress(self.error):
                    driver.close()
            else:
                self._idle.append(driver)
        finally:
            self._places.release()

    def told(self, fault: Exception, driver: Any) -> DatabaseFault:
        """What the driver said of this connection of its, as we say it."""
        away = isinstance(fault, self._operational)
        gone = bool(self.psycopg) and away and (driver is None or driver.closed)
        return DatabaseFault(fault, gone=gone, away=away, damaged=type(fault) is self._damaged)

    def close(self) -> None:
        """Let go of the connections that nobody uses; the pool may be used on."""
        while self._idle:
            with suppress(IndexError, self.error):
                self._idle.pop().close()

    def _kept(self) -> Any:
        """The one that was used last, if it is still of use."""
        while True:
            try:
                driver = self._idle.pop()
            except IndexError:
                return None
            if not self.psycopg or _answers(driver):
                return driver
            with suppress(self.error):
                driver.close()

    def _open(self) -> Any:
        if self.psycopg:
            driver = self.psycopg.connect(
                self.url, connect_timeout=_CONNECT_SECONDS, options="-c TimeZone=UTC"
            )
        else:
            driver = sqlite3.connect(
                self.path,
                timeout=self._wait,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=_PREPARED,
            )
        if self._prepare is not None:
            try:
                self._prepare(driver)
            except BaseException:
                driver.close()
                raise
        return driver

    def _rolled_back(self, driver: Any) -> bool:
        """Whether nothing is left open on it and it may be lent again."""
        try:
            if not self.psycopg:
                if driver.in_transaction:
                    driver.rollback()
                return True
            if driver.autocommit or driver.closed:
                return False
            driver.rollback()
        except self.error:
            return False
        return True


def _answers(driver: Any) -> bool:
    """Whether the server is still there; it may have gone since the connection was last used."""
    try:
        driver.autocommit = True  # no transaction is begun for it: one way there and back
        driver.execute("")
        driver.autocommit = False
    except driver.Error:
        return False
    return True
