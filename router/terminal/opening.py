"""How a command opens the desk: which may make its database, and which may change its schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from router.assemble import Router, assemble
from router.errors import RouterError
from router.settings import Settings
from router.store import version
from router.store.database import open_pool
from rules.engine import load as load_rules
from rules.kept import Kept


class May(Enum):
    """What a command may do to a database that is not as this program needs it."""

    #: Nothing: it must be there, at this program's revision.
    LOOK = 0
    #: Make one where there is none yet.
    MAKE = 1
    #: Make one, or bring one that is older to this program's revision.
    RAISE = 2


@dataclass(frozen=True, slots=True)
class Hands:
    """What changes a database at this address (whoever changes none need not load it: it takes
    20 MB), and who is told of it in a line."""

    migrate: Callable[[str], None]
    tell: Callable[[str], None]


def opened(settings: Settings, may: May, hands: Hands) -> Router:
    """The desk. Raises what :func:`router.assemble.assemble` does, and RouterError when there is no
    room for the data."""
    folder = settings.rules.folder
    kept = Kept(settings.data_path / "rules.kept")
    rules = load_rules(Path(folder).expanduser() if folder else None, kept)
    if may is not May.LOOK:
        bring_up(settings, may, hands)
    return assemble(settings, rules=rules)


def bring_up(settings: Settings, may: May, hands: Hands) -> str:
    """See to the schema, as far as the command may; the revision the database is at then."""
    pool = open_pool(settings.database_url)
    try:
        revision = version.found(pool)
        if revision and (may is not May.RAISE or revision >= version.HEAD):
            version.check(pool)
            return revision
    finally:
        pool.close()
    make_room(settings)
    hands.migrate(settings.database_url)
    if revision:
        hands.tell(f"the database was brought up: revision {revision} → {version.HEAD}")
    return version.HEAD


def make_room(settings: Settings) -> None:
    """Make the data folder where there is none."""
    path = settings.data_path
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as fault:
        raise RouterError(
            f"data_dir {path} cannot be made ({fault.strerror}); set ROUTER__DATA_DIR to a folder "
            "that this user may write"
        ) from fault
