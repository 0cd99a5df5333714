"""Copies of SQLite's file: made while the desk is open, looked over, and put in its place.

A copy is one plain file: what stood in the log beside the original is in it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from router.core.clock import to_us
from router.errors import StoreDown
from router.store.unit import Unit

#: What lies beside the file while it is open, and after a crash.
_BESIDE = ("-wal", "-shm")
#: How long somebody who is just closing the database is waited for, in seconds.
_PATIENCE = 2.0
_RESTORED = "restored_at"


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: its revision, and the id of the master key it needs (or "")."""

    revision: str
    key: str


def _opened(path: Path) -> sqlite3.Connection:
    """A copy as it lies there: nothing is written beside it, unless its log has to be read too."""
    if Path(f"{path}-wal").exists():
        return sqlite3.connect(path, timeout=_PATIENCE)
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?immutable=1", uri=True)


def copy(source: Path, target: Path, *, in_use: bool) -> None:
    """Copy a database into a new file that its owner alone may read. Raises StoreDown when it
    cannot be read or written, FileExistsError when the file is there."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        old = sqlite3.connect(source, timeout=_PATIENCE) if in_use else _opened(source)
        with closing(old), closing(sqlite3.connect(target)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE").close()
    except sqlite3.Error as fault:
        target.unlink()
        raise StoreDown(f"{source} could not be copied: {fault}") from fault


def examined(path: Path) -> Copied:
    """What is in a copy. Raises StoreDown when it is no sound database of a desk."""
    try:
        with closing(_opened(path)) as line:
            said = str(line.execute("PRAGMA quick_check(1)").fetchone()[0])
            if said != "ok":
                raise StoreDown(f"{path} is damaged: {said}")
            revision = line.execute("SELECT version_num FROM alembic_version").fetchone()
            key = line.execute("SELECT value FROM setting WHERE key = 'master_key'").fetchone()
    except sqlite3.Error as fault:
        raise StoreDown(f"{path} is no database of a desk: {fault}") from fault
    return Copied(str(revision[0]) if revision else "", str(key[0]) if key else "")


def in_use(path: Path) -> bool:
    """Whether any process has this database open; one that is damaged nobody serves."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE)) as line:
            # Only who has it alone may leave WAL; whoever opens it next goes back to it.
            return str(line.execute("PRAGMA journal_mode=DELETE").fetchone()[0]) != "delete"
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False


def put_in_place(copy_: Path, path: Path, word: str) -> Path | None:
    """Make a copy the database; what it replaces is kept beside it under this word, with its log,
    which would outrank the copy. Where that is, or None when there was nothing."""
    kept = path.with_name(f"{path.name}.{word}")
    there = path.exists()
    for ending in ("", *_BESIDE):
        old = Path(f"{path}{ending}")
        if old.exists():
            old.rename(f"{kept}{ending}")
    copy_.rename(path)
    return kept if there else None


def hold(unit: Unit) -> int:
    """Hold what was queued or on its way when the copy was made, for it may have gone out since,
    and remember that the desk was restored now; how many rows are held."""
    held = unit.run(
        "UPDATE outbox SET state = 'held', reason = 'restored', leased_until = 0 "
        "WHERE state IN ('queued', 'sending')"
    )
    unit.run(
        "INSERT INTO setting (key, value, version, changed_at) VALUES (:key, :now, 1, :at) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
        key=_RESTORED,
        now=str(to_us(unit.now)),
        at=unit.now_us,
    )
    return held


def restored_us(unit: Unit) -> int:
    """When this desk was last restored from a copy, in microseconds; 0 when it never was."""
    return int(unit.value("SELECT value FROM setting WHERE key = :key", key=_RESTORED) or 0)
