"""How long agents wait for their writes while ten thousand mails are imported."""

import subprocess
import sys
import threading
import time
import uuid

import desk
import figures
import mails

from router import desk as agents
from router import importing
from router.store import pages

_EVERY = 0.02
_ALONE = 200


def during_import(given, folder):
    """An agent's notes during an import in the same process, and in another one."""
    for number, beside in enumerate((_same_process, _other_process)):
        home = folder / str(number)
        router = desk.opened(home, tickets=100)
        who = desk.admin(router)
        over = threading.Event()
        thread = threading.Thread(target=beside, args=(router, home, given.imports, over))
        alone = _notes(router, who, over=None)
        thread.start()
        times = _notes(router, who, over)
        thread.join()
        router.close()
        figures.at_most(
            f"an agent's write during import, {beside.__doc__}, p99 ms",
            round(figures.percentile(times, 0.99) * 1e3),
            100,
            p50=round(figures.percentile(times, 0.5) * 1e3),
            p99_without_import=round(figures.percentile(alone, 0.99) * 1e3),
            writes=len(times),
        )


def _notes(router, who, over):
    """How long each note took, until the import is over; without one, a hundred notes."""
    with router.store.reading() as unit:
        page = pages.list_tickets(unit, view="all", who=who, filters=pages.Filters(), cursor=None)
    ticket, times = page.rows[0].id, []
    pause = threading.Event()
    while not over.is_set() if over else len(times) < _ALONE:
        start = time.perf_counter()
        agents.note(router, who, ticket, "A note.", once=uuid.uuid4().hex)
        times.append(time.perf_counter() - start)
        pause.wait(_EVERY)
    return times


def _files(home, count):
    place = home / "eml"
    place.mkdir()
    for number, data in enumerate(mails.make(count, seed=5)):
        (place / f"{number:06}.eml").write_bytes(data)
    return place


def _same_process(router, home, count, over):
    """same process"""
    door = router.doors.open("email", "bench")
    for _ in importing.take(router, door, importing.sources(_files(home, count))):
        pass
    over.set()


def _other_process(router, home, count, over):
    """other process"""
    place = _files(home, count)
    settings = home / "config.toml"
    settings.write_text(f'data_dir = "{home}/data"\nkey_file = "{home}/desk.key"\n')
    command = [sys.executable, "-m", "router", "import", str(place)]
    try:
        subprocess.run(
            [*command, "--config", str(settings)], cwd=desk.ROOT, check=True, capture_output=True
        )
    finally:
        over.set()
