"""Everything a running router is made of, put together once.

:class:`Doors` are the channels that the settings switch on; only those are imported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from channels import registry
from channels.contract import Channel, Speaks
from router import configuration
from router.core.clock import Clock, SystemClock
from router.core.hours import Calendar
from router.core.ids import Ids
from router.core.keys import Keyring
from router.core.sla import Policies
from router.core.threads import Tokens
from router.core.wording import Wording
from router.errors import Fault, KeyMissing, NotFound, SettingsFault
from router.rulebook import Rulebook, files_of
from router.second_reader import SecondReader
from router.settings import PREFIX, Settings
from router.store import version
from router.store.database import Store, check_writable
from rules.engine import Ruleset
from rules.engine import load as load_rules

#: The one account of the form: it is part of the web pages and always open.
FORM = ("webform", "site")
#: Where our Message-IDs come from while no mailbox has been set up.
NO_DOMAIN = "desk.invalid"


class Secrets:
    """The vault of one configured channel: the environment, or files the environment names."""

    def __init__(self, kind: str, account: str) -> None:
        """Lend the secrets of this channel and no other."""
        self._prefix = f"channels.{kind}.{account}"

    def secret(self, name: str) -> str:
        """The secret; raises SettingsFault telling which variable to set."""
        found = configuration.secret(f"{self._prefix}.{name}")
        if found is None:
            key = f"{self._prefix}.{name}".upper().replace(".", "__").replace("-", "_")
            where = f"environment {PREFIX}{key}"
            raise SettingsFault([Fault(where, f"is not set; {self._prefix} needs it")])
        return found.get_secret_value()


class Doors:
    """The channels of this desk, opened when they are first needed."""

    def __init__(self, settings: Settings) -> None:
        """Take the channels that are on; their options were checked when they were read."""
        self._options: dict[tuple[str, str], tuple[type[Channel], Any]] = {}
        self._open: dict[tuple[str, str], Channel] = {}
        self._lock = threading.Lock()
        for kind, accounts in settings.channels.items():
            for account, given in accounts.items():
                if given.get("enabled") is not False:
                    door = registry.channel(kind)
                    public = {
                        key: value
                        for key, value in given.items()
                        if not configuration.is_secret(key)
                    }
                    self._options[kind, account] = (door, door.Options(**public))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """(kind, account) of every channel that is on."""
        return iter(self._options)

    def open(self, kind: str, account: str) -> Channel:
        """The door; raises NotFound when the settings do not switch it on."""
        with self._lock:
            if (kind, account) not in self._open:
                if (kind, account) not in self._options:
                    raise NotFound(f"no channel {kind}.{account} is switched on in the settings")
                door, options = self._options[kind, account]
                self._open[kind, account] = door(account, options, Secrets(kind, account))
            return self._open[kind, account]

    def reader(self, kind: str, account: str) -> Channel:
        """A door that only parses: the form, imported mail, items of a channel now off."""
        if (kind, account) in self._options:
            return self.open(kind, account)
        with self._lock:
            key = (kind, account)
            if key not in self._open:
                door = registry.channel(kind)
                options = door.Options.model_construct()
                self._open[key] = door(account, options, Secrets(kind, account))
            return self._open[key]

    def speaker(self, handle_kind: str, kind: str, account: str) -> tuple[str, str] | None:
        """Which channel can carry a message to such a handle: the one it came by, or another."""
        if (kind, account) in self._options and self._carries(kind, account, handle_kind):
            return kind, account
        for other in self._options:
            if self._carries(*other, handle_kind):
                return other
        return None

    def _carries(self, kind: str, account: str, handle_kind: str) -> bool:
        door, _ = self._options[kind, account]
        return door.identity == handle_kind and issubclass(door, Speaks)

    def close(self) -> None:
        """Let go of every connection."""
        with self._lock:
            for door in self._open.values():
                door.close()
            self._open.clear()


@dataclass(frozen=True)
class Router:
    """A desk at work: what every service needs, and nothing that changes."""

    settings: Settings
    clock: Clock
    ids: Ids
    keys: Keyring
    tokens: Tokens
    store: Store
    rules: Rulebook
    wording: Wording
    policies: Policies
    doors: Doors
    reader: SecondReader

    def close(self) -> None:
        """Finish what is being written and let go of everything."""
        self.doors.close()
        self.store.close()


def assemble(
    settings: Settings,
    *,
    clock: Clock | None = None,
    keys: Keyring | None = None,
    rules: Ruleset | None = None,
) -> Router:
    """Put a router together from its settings; ``rules`` spares reading them again.

    Raises SettingsFault, StoreDown, SchemaBehind, KeyMissing or RulesFault, each saying what to do.
    """
    doors = Doors(settings)
    extra = Path(settings.rules.folder).expanduser() if settings.rules.folder else None
    rulebook = Rulebook(rules or load_rules(extra), files_of(settings.rules.folder))
    clock = clock or SystemClock()
    ids = Ids(clock)
    store = Store(settings.database_url, clock=clock, ids=ids)
    check_writable(store.engine)
    version.check(store.engine)
    rulebook.follow(store)
    keys = keys or _keys(settings, store)
    return Router(
        settings=settings,
        clock=clock,
        ids=ids,
        keys=keys,
        tokens=Tokens(keys),
        store=store,
        rules=rulebook,
        wording=Wording.load(),
        policies=policies(settings),
        doors=doors,
        reader=SecondReader(settings),
    )


def _keys(settings: Settings, store: Store) -> Keyring:
    """The master key; made on the first run only, for sealed rows need the one they know."""
    with store.reading() as unit:
        known = version.key_in_use(unit)
    keys = Keyring.open(settings.key_path, create=not known)
    if known and not keys.holds(known):
        raise KeyMissing(
            f"{settings.key_path} is not the key of this database, which was begun with the key "
            f"{known}; put that one back from its backup"
        )
    if not known:
        store.write(lambda unit: version.remember_key(unit, keys.current))
    return keys


def policies(settings: Settings) -> Policies:
    """The promised times, over the desk's service hours."""
    hours = settings.hours
    return Policies(
        first_response=settings.sla.first_response,
        next_response=settings.sla.next_response,
        resolution=settings.sla.resolution,
        calendar=Calendar(settings.desk.zone, hours.weekly, closed=hours.closed, open=hours.open),
    )
