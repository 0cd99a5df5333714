"""Which schema this program speaks, and whether the database speaks it too."""

from __future__ import annotations

from pathlib import Path

from router.errors import SchemaBehind
from router.store.database import translated
from router.store.pool import DatabaseFault, Pool
from router.store.shapes import Setting
from router.store.unit import Unit

#: The newest migration; a test holds it to the folder of migrations.
HEAD = "0025"


def found(pool: Pool) -> str:
    """The revision the database is at; empty when there is none, or it was never migrated. Raises
    StoreDown when it cannot be asked."""
    if pool.path and not Path(pool.path).exists():
        return ""
    try:
        with pool.connect() as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except DatabaseFault as fault:
        if _never_migrated(fault):
            return ""
        raise translated(fault) or fault from fault
    return str(row[0]) if row else ""


def _never_migrated(fault: DatabaseFault) -> bool:
    table_unknown = getattr(fault.orig, "sqlstate", "") == "42P01"
    return table_unknown or "no such table" in str(fault.orig)


def check(pool: Pool) -> None:
    """Raise SchemaBehind, saying what to do, unless the database is at our revision."""
    revision = found(pool)
    if revision == HEAD:
        return
    if revision > HEAD:
        message = (
            f"the database is at revision {revision}, newer than this program's {HEAD}; "
            "start the newer program"
        )
    elif revision:
        message = (
            f"the database is at revision {revision}, this program needs {HEAD}; "
            "make a backup, then run `router migrate`"
        )
    else:
        where = pool.path or "this address"
        message = f"there is no database of a desk at {where} yet; `router migrate` makes it"
    raise SchemaBehind(message)


def key_in_use(unit: Unit) -> str:
    """The id of the master key this database was begun with; empty when it is new."""
    return str(unit.value("SELECT value FROM setting WHERE key = 'master_key'") or "")


def remember_key(unit: Unit, key_id: str) -> None:
    """Write down which master key this database needs."""
    remember(unit, "master_key", key_id)


def remember(unit: Unit, key: str, value: str) -> None:
    """Write down something about this database that was not said before."""
    unit.put(Setting, key=key, value=value, changed_at=unit.now_us)


def remembered(unit: Unit, key: str) -> str:
    """What was written down under this word; empty when nothing was."""
    return str(unit.value("SELECT value FROM setting WHERE key = :key", key=key) or "")


def forget(unit: Unit, key: str) -> None:
    """What was written down under this word holds no more."""
    unit.run("DELETE FROM setting WHERE key = :key", key=key)
