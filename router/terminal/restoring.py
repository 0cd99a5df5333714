"""``router backup`` and ``router restore``: a copy of a desk at work, and going back to one.

What a copy had queued may have been sent after it was made, so it is held until people have looked,
and mail that is older than the restoring is not acknowledged a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from router.core.clock import Clock, SystemClock, from_us
from router.core.ids import Ids
from router.core.keys import Keyring
from router.errors import KeyMissing, RouterError
from router.settings import Settings
from router.store import claims, copies, version
from router.store.database import Store
from router.terminal.opening import make_room

#: A worker that gave a sign of life within so long is at work.
_ALIVE = timedelta(minutes=1)


def backup(settings: Settings, target: Path) -> None:
    """Copy SQLite's database, also while the desk is open, into a file that is not there yet.
    Raises RouterError when that cannot be."""
    path = _file(settings, "`pg_dump` makes its backups")
    if not path.exists():
        raise RouterError(f"there is no database at {path}")
    try:
        copies.copy(path, target, in_use=True)
    except OSError as fault:
        raise RouterError(f"{target} cannot be written: {fault.strerror}") from fault
    copies.examined(target)


def restore(settings: Settings, source: Path, clock: Clock | None = None) -> Iterator[str]:
    """Put a copy in the place of SQLite's database, telling what was done line by line.

    Raises RouterError, and changes nothing, while the desk is open, or when the copy is damaged,
    newer than this program, or sealed under another key.
    """
    clock = clock or SystemClock()
    path = _file(settings, "use `pg_restore`, then `router restore --hold-only`")
    _check(settings, source)
    if copies.in_use(path):
        raise RouterError(f"{path} is in use: stop the desk, every process of it, then try again")
    make_room(settings)
    word = f"replaced-{clock.now():%Y%m%d-%H%M%S}"
    fresh = path.with_name(f"{path.name}.{word}.new")
    try:
        copies.copy(source, fresh, in_use=False)
        held = _held(f"sqlite:///{fresh}", clock)
        kept = copies.put_in_place(fresh, path, word)
    except OSError as fault:
        raise RouterError(f"{path} cannot be written: {fault.strerror}") from fault
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
    yield f"{path} is now what {source} holds"
    if kept:
        yield f"what was there before is kept as {kept}"
    yield told(held)


def hold(settings: Settings, clock: Clock | None = None) -> int:
    """Hold what waits in a database that was restored by other means; how many rows. Raises
    RouterError while a worker is at work."""
    return _held(settings.database_url, clock or SystemClock(), alive_is_fault=True)


def told(held: int) -> str:
    """What is to be done about what is held."""
    return (
        f"{held} messages are held, for they may have gone out before: look at /outbox?state=held "
        "and send or drop them there"
    )


def _file(settings: Settings, otherwise: str) -> Path:
    path = settings.database_url.removeprefix("sqlite:///")
    if path == settings.database_url:
        raise RouterError(f"the database is PostgreSQL: {otherwise}")
    return Path(path)


def _check(settings: Settings, source: Path) -> None:
    if not source.is_file():
        raise RouterError(f"there is no file {source}")
    found = copies.examined(source)
    if found.revision > version.HEAD:
        raise RouterError(
            f"{source} is at revision {found.revision}, newer than this program's {version.HEAD}; "
            "restore it with the newer program"
        )
    if found.key and not Keyring.open(settings.key_path, create=False).holds(found.key):
        raise KeyMissing(
            f"{settings.key_path} is not the key of {source}, which was begun with the key "
            f"{found.key}; put that one back from its own backup first"
        )


def _held(url: str, clock: Clock, *, alive_is_fault: bool = False) -> int:
    store = Store(url, clock=clock, ids=Ids(clock))
    try:
        if alive_is_fault:
            version.check(store.pool)
            with store.reading() as unit:
                beat = next((row.at for row in claims.health(unit) if row.name == "clock"), 0)
                if unit.now - from_us(beat) < _ALIVE:
                    raise RouterError("a worker is at work: stop the desk and wait a minute")
        return store.write(copies.hold)
    finally:
        store.close()
