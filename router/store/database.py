"""Opening the database, and the one way to read or write it.

On SQLite there is one writer a process: a thread that takes jobs from two queues (hooks and agents
before bulk), runs as many as wait inside one ``BEGIN IMMEDIATE`` with a savepoint each, commits,
and only then lets the callers go on. A deferred transaction that upgrades to a write would fail
with "locked" at once, whatever the time-out; this one never upgrades. On PostgreSQL every job is a
transaction of its own, run again when it lost a race.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from router.core.clock import Clock, monotonic
from router.core.ids import Ids
from router.errors import StoreBusy, StoreDown, StoreError
from router.store.levels import flatten
from router.store.ours import Ours
from router.store.outage import Outage
from router.store.pool import Connection, DatabaseFault, Pool
from router.store.seats import Seats
from router.store.unit import Unit

T = TypeVar("T")

#: How long a group of jobs may grow before it is committed, in seconds, and in jobs.
GROUP_SECONDS = 0.05
GROUP_JOBS = 200
#: How long a writer knocks at a database that another process holds, in seconds.
KNOCK_SECONDS = 15.0
KNOCK_EVERY = 0.002
#: How long a reader waits in seconds: writers keep nobody waiting, but a process that comes or goes
#: as the only one holds the whole file for a moment.
_READING_WAITS = 5
#: How long the log waits for readers to be gone before it is cut, in milliseconds.
_WASH_MS = 500
#: How often a PostgreSQL transaction that lost a race is run again.
RACES = 4

#: How many transactions were completed, but for those that only say who is where. A newer one may
#: be over before an older one is, so those that still run are left out one by one.
_COMPLETED = (
    "SELECT pg_snapshot_xmax(s)::text::bigint "
    "- (SELECT COUNT(*) FROM pg_snapshot_xip(s)) - COALESCE((SELECT SUM(n) FROM quiet), 0) "
    "FROM pg_current_snapshot() AS s"
)
_LOCKED = ("database is locked", "database table is locked", "database schema is locked")
_READ_ONLY = "25006"
#: Two who waited for each other, or for what the other changed; and what only a race can explain.
_THROWN_OUT = ("40001", "40P01")
_LOST_RACE = (*_THROWN_OUT, "23505", "23503")


def configure_sqlite(driver: Any) -> None:
    """Our settings of durability for a new connection of the driver."""
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "cache_size=-16384",
        "wal_autocheckpoint=2000",
        "trusted_schema=OFF",
    ):
        driver.execute(f"PRAGMA {pragma}").close()


def open_pool(url: str) -> Pool:
    """Connections to this address, with our settings of durability and time-outs."""
    prepare = configure_sqlite if url.startswith("sqlite") else None
    return Pool(url, prepare, wait=_READING_WAITS)


def translated(fault: DatabaseFault) -> StoreError | None:
    """Our error for a database fault that is nobody's bug, or None."""
    words = str(fault.orig).lower()
    if any(sign in words for sign in _LOCKED):
        return StoreBusy(f"another process holds the database: {fault.orig}")
    if fault.damaged:
        return StoreDown(f"the database file is damaged ({fault}); `router restore` takes a backup")
    state = getattr(fault.orig, "sqlstate", "")
    if state in _THROWN_OUT:
        return StoreBusy(f"the work lost every race for its rows: {fault}")
    if state == _READ_ONLY or fault.away:
        return StoreDown(f"the database does not take this now: {fault}")
    return None


@dataclass(slots=True)
class _Job:
    """One caller's piece of work and the place where its outcome is put."""

    work: Callable[[Unit], Any]
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BaseException | None = None


class Store:
    """The database as the rest of the router sees it: read, or write a unit of work."""

    def __init__(self, url: str, *, clock: Clock, ids: Ids) -> None:
        """``url`` is ``sqlite:////path`` or ``postgresql://…``."""
        self.clock = clock
        self.ids = ids
        self.pool = open_pool(url)
        self.single_writer = self.pool.dialect == "sqlite"
        self.outage = Outage()
        self.ours = Ours()
        self.seats = Seats(self.pool, clock, ids)
        self._urgent: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._bulk: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._wake = threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._watch: Connection | None = None
        self._watching = threading.Lock()
        #: Called after each commit of this process, so that open pages learn of it at once.
        self.on_commit: list[Callable[[], None]] = []
        #: How many commits this process made; its own do not show in SQLite's pulse.
        self.commits = 0

    # ------------------------------------------------------------ reading

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A consistent view of the database; nothing can be written through it."""
        try:
            with self.pool.connect(reads=True) as connection:
                if self.single_writer:
                    connection.execute("BEGIN")
                yield Unit(connection, self.ids, self.clock.now())
                if self.single_writer:
                    connection.execute("ROLLBACK")
                else:
                    connection.commit()  # rolled back, psycopg would forget all it has prepared
        except DatabaseFault as fault:
            raise translated(fault) or fault from fault

    def integrity(self) -> str:
        """``ok``, or the first damage SQLite finds in its file; PostgreSQL checks itself."""
        if not self.single_writer:
            return "ok"
        with self.reading() as unit:
            return str(unit.value("PRAGMA quick_check(1)"))

    def pulse(self) -> str:
        """A word that changes whenever any process has committed something."""
        with self._watching:
            had = self._watch is not None
            try:
                return self._looked()
            except DatabaseFault as fault:
                if not had:
                    raise translated(fault) or fault from fault
            try:
                return self._looked()  # the old line may have died long ago; a new one tells
            except DatabaseFault as fault:
                raise translated(fault) or fault from fault

    def _looked(self) -> str:
        ask = "PRAGMA data_version" if self.single_writer else _COMPLETED
        if self._watch is None:
            self._watch = self.pool.connect(autocommit=True)
        try:
            return str(self._watch.execute(ask).fetchone()[0])
        except DatabaseFault:
            watch, self._watch = self._watch, None
            watch.invalidate()
            watch.close()
            raise

    def wash(self, tables: Sequence[str]) -> bool:
        """Let erased bytes leave the files; False when somebody is at them still. SQLite's log is
        brought into the database, whose free bytes are zeros, and cut to nothing. PostgreSQL lets
        go of dead rows of these tables and of what it knows of their values; its own log and its
        backups go by the server's settings."""
        with self.pool.connect(autocommit=True) as connection:
            try:
                if not self.single_writer:
                    named = ", ".join(f'"{one}"' for one in tables)
                    connection.execute(f"VACUUM (ANALYZE) {named}")
                    return True
                flatten(connection)
                connection.execute(f"PRAGMA busy_timeout={_WASH_MS}")
                row = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                connection.execute(f"PRAGMA busy_timeout={_READING_WAITS * 1000}")
            except DatabaseFault as fault:
                told = translated(fault)
                if isinstance(told, StoreBusy):
                    return False
                raise told or fault from fault
        return not row[0]

    # ------------------------------------------------------------ writing

    def write(self, work: Callable[[Unit], T], *, bulk: bool = False) -> T:
        """Run the work in a write transaction and return its result once that is durable.

        ``work`` may be run more than once (a lost race on PostgreSQL), so it must do nothing
        outside the unit. Bulk work lets everybody else go first.
        """
        try:
            result = self._written(self.ours.first(work), bulk=bulk)
        except StoreDown as fault:
            self.outage.began(fault)
            raise
        self.outage.ended()
        return result

    def _written(self, work: Callable[[Unit], T], *, bulk: bool) -> T:
        if not self.single_writer:
            return self._write_racing(work)
        job = _Job(work)
        (self._bulk if bulk else self._urgent).put(job)
        self._ensure_writer()
        self._wake.release()
        job.done.wait()
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def close(self) -> None:
        """Finish what was handed in, stop the writer, let go of connections."""
        writer = self._thread
        if writer is not None and writer.is_alive():
            self._wake.release()  # for no job: the writer ends where it finds none
            writer.join(timeout=10)
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self.seats.close()
        self.pool.close()

    def _write_racing(self, work: Callable[[Unit], T]) -> T:
        for left in reversed(range(RACES)):
            try:
                with self.pool.begin() as connection:
                    unit = Unit(connection, self.ids, self.clock.now(), races=True)
                    result = work(unit)
                    unit.flush()
            except DatabaseFault as fault:
                if left and getattr(fault.orig, "sqlstate", "") in _LOST_RACE:
                    continue
                raise translated(fault) or fault from fault
            self._tell()
            return result
        message = "the work lost every race for its rows"
        raise StoreBusy(message)

    # ------------------------------------------------------------ the single writer

    def _ensure_writer(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._writer, name="writer", daemon=True)
                self._thread.start()

    def _next(self) -> _Job | None:
        """The next job; None when the store is being closed and there is none left."""
        for waiting in (self._urgent, self._bulk):
            with suppress(queue.Empty):
                return waiting.get_nowait()
        return None

    def _ends(self) -> bool:
        """Whether the writer may end; one that is handed a job meanwhile goes on."""
        with self._starting:
            if not (self._urgent.empty() and self._bulk.empty()):
                return False
            self._thread = None
            return True

    def _writer(self) -> None:
        connection: Connection | None = None
        while True:
            self._wake.acquire()
            first = self._next()
            if first is None:
                if self._ends():
                    break
                continue
            try:
                connection = connection or self._own_line()
                self._knock(connection)
            except (DatabaseFault, StoreError) as fault:
                connection = self._give_up(connection, [first], fault)
                continue
            connection = self._group(connection, first)
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _own_line(self) -> Connection:
        """A connection that does not wait by itself, for the writer and nobody after it."""
        connection = self.pool.connect()
        connection.execute("PRAGMA busy_timeout=0")
        return connection

    def _give_up(
        self, connection: Connection | None, jobs: list[_Job], fault: Exception
    ) -> Connection | None:
        """Tell the callers, and start over with a fresh connection."""
        told = (translated(fault) or fault) if isinstance(fault, DatabaseFault) else fault
        if connection is not None:
            with suppress(DatabaseFault):
                connection.execute("ROLLBACK")
            connection.invalidate()
            connection.close()
        for job in jobs:
            job.error = job.error or told
            job.done.set()
        return None

    def _knock(self, connection: Connection) -> None:
        """Begin at once or keep asking: SQLite's own waiting backs off and starves."""
        until = monotonic() + KNOCK_SECONDS
        pause = threading.Event()
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except DatabaseFault as fault:
                if not isinstance(translated(fault), StoreBusy) or monotonic() > until:
                    raise
                pause.wait(KNOCK_EVERY)
            else:
                return

    def _group(self, connection: Connection, first: _Job) -> Connection | None:
        """Run the first job and whoever waits behind it, then commit for all of them. Bulk work
        joins nobody: the others' commit would wait for it."""
        until = monotonic() + GROUP_SECONDS
        jobs = [first]
        ran = self._attempt(connection, first)
        while (
            len(jobs) < GROUP_JOBS
            and monotonic() < until
            and connection.driver.in_transaction
            and not self._urgent.empty()
        ):
            self._wake.acquire()
            job = self._urgent.get_nowait()
            jobs.append(job)
            ran = self._attempt(connection, job) or ran
        try:
            connection.execute("COMMIT" if ran else "ROLLBACK")
        except DatabaseFault as fault:
            # Also when a full disk made SQLite roll all of it back: COMMIT then finds nothing.
            return self._give_up(connection, jobs, fault)
        for job in jobs:
            job.done.set()
        if ran:
            self._tell()
        return connection

    def _attempt(self, connection: Connection, job: _Job) -> bool:
        """One job inside a savepoint; whether there is anything to commit."""
        try:
            connection.execute("SAVEPOINT job")
            unit = Unit(connection, self.ids, self.clock.now())
            job.result = job.work(unit)
            unit.flush()
            connection.execute("RELEASE job")
        except BaseException as fault:  # noqa: BLE001  # handed to whoever waits for this job
            with suppress(DatabaseFault):
                connection.execute("ROLLBACK TO job")
                connection.execute("RELEASE job")
            told = translated(fault) if isinstance(fault, DatabaseFault) else None
            job.error = told or fault
            return False
        return True

    def _tell(self) -> None:
        self.commits += 1
        for told in self.on_commit:
            told()


def check_writable(pool: Pool) -> None:
    """Begin to write and take it back; raises StoreDown or StoreBusy when that cannot be."""
    try:
        with pool.connect() as connection:
            if connection.dialect == "sqlite":
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            elif connection.execute("SHOW transaction_read_only").fetchone()[0] == "on":
                message = "the database server takes nothing new: it is read-only"
                raise StoreDown(message)
    except DatabaseFault as fault:
        raise translated(fault) or fault from fault
