"""Desks to measure on: assembled in a folder of their own, filled when asked, served when asked."""

import contextlib
import gc
import threading
from pathlib import Path

import figures
from waitress import wasyncore

from channels.contract import Raw
from router import pipeline, seeding
from router.assemble import assemble
from router.core.rights import Who
from router.prepared import Terms
from router.settings import Settings
from router.store import counters, people
from router.store.schema import migrate
from router.web import create_app
from router.web.server import Server

ROOT = Path(__file__).resolve().parent.parent
_DECADES = 10 * 365 * 24 * 60
_MANY = 10**9
#: Every mail is acknowledged, so that nothing is spared.
GENEROUS = {
    "per_address_day": _MANY,
    "per_address_gap_minutes": 0,
    "per_domain_hour": _MANY,
    "total_hour": _MANY,
    "older_than_minutes": _DECADES,
}
#: Lent rather than set in the environment, where every later command of the run would inherit it.
_LENT = {"channels.email.bench.imap_password": "made-up"}
MAILBOX = {"address": "support@desk.example", "imap_host": "127.0.0.1", "smtp_host": "127.0.0.1"}


def settings_in(home, *, url="", **mailbox):
    """Settings of a desk with one mailbox, all of it in a folder."""
    (home / "data").mkdir(parents=True, exist_ok=True)
    return Settings(
        data_dir=str(home / "data"),
        key_file=str(home / "desk.key"),
        database={"url": url},
        acknowledge=GENEROUS,
        reader={"enabled": False},  # an extra, with figures of its own
        channels={"email": {"bench": {**MAILBOX, **mailbox}}},
    )


def opened(home, *, tickets=0, url="", **mailbox):
    """A desk with so many made-up tickets, its counts folded as the worker folds them; one that was
    filled before stays as it is."""
    settings = settings_in(home, url=url, **mailbox)
    migrate(settings.database_url)
    router = assemble(settings, lent=_LENT)
    with router.store.reading() as unit:
        filled = unit.value("SELECT 1 FROM ticket LIMIT 1")
    for done in () if filled else seeding.seed(router, tickets):
        if done % 100_000 == 0:
            print(f"{done:,} of {tickets:,} tickets", flush=True)
    while router.store.write(counters.fold):
        pass
    gc.freeze()  # as the commands do
    return router


def analyzed(router):
    """As autovacuum leaves a database: the planner knows its tables, words are filed."""
    with router.store.pool.connect(autocommit=True) as line:
        line.execute("VACUUM (ANALYZE)")


def take(router, raws, batch=100):
    """Send mails through the whole pipeline; the stopwatch of it."""
    door = router.doors.open("email", "bench")
    outcomes = []
    with figures.Stopwatch() as watch:
        for first in range(0, len(raws), batch):
            part = [Raw(door.identify(data), data) for data in raws[first : first + batch]]
            outcomes += pipeline.receive(router, door, part, Terms(bulk=True))
    assert len(outcomes) == len(raws), (len(outcomes), len(raws))
    assert not any(one.outcome == "parked" for one in outcomes)
    return watch


def admin(router):
    """An administrator of the desk."""

    def work(unit):
        agent = unit.value("SELECT id FROM agent WHERE email = 'bench@desk.example'")
        agent = agent or people.create_agent(unit, "bench@desk.example", "Bench", "admin", [])
        return Who(id=agent, name="Bench", role="admin")

    return router.store.write(work)


def session(router):
    """The cookie of an administrator who is signed in."""
    agent = admin(router).id
    secret = router.store.write(lambda unit: people.open_session(unit, agent, hours=24))
    return {"Cookie": f"desk={secret}"}


@contextlib.contextmanager
def served(router, around=None, threads=8):
    """The address at which the desk's pages are served meanwhile, ``around`` their answers."""
    app = create_app(router)
    if around is not None:
        around.application, app.wsgi_app = app.wsgi_app, around
    server = Server(app, "127.0.0.1", 0, threads)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        app.extensions["hub"].close()
        inner = server._server  # noqa: SLF001  # there is no way to stop it from outside
        inner.task_dispatcher.shutdown()
        with contextlib.suppress(OSError):  # it woke by itself and is gone already
            inner.trigger.pull_trigger(lambda: wasyncore.close_all(inner._map))  # noqa: SLF001
        thread.join(timeout=10)
