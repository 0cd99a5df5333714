"""Everything a running router is made of, put together once.

:class:`Doors` are the channels that the settings switch on; only those are imported.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from channels import registry
from channels.contract import Channel, ChannelOptions, Speaks
from channels.contract import Vault as VaultOf
from router import configuration
from router.core.articles import Articles
from router.core.clock import Clock, SystemClock
from router.core.identity import Guarded
from router.core.ids import Ids
from router.core.keys import Keyring
from router.core.playbooks import Playbooks
from router.core.promises.pace import Pace
from router.core.promises.sla import Policies
from router.core.threads import Tokens
from router.core.wording import Wording
from router.errors import Fault, KeyMissing, NotFound, SettingsFault
from router.hourbook import Hourbook
from router.rulebook import Rulebook, files_of
from router.second_reader import SecondReader
from router.settings import Settings
from router.shelf import Shelf
from router.store import copies, made_up, version
from router.store.database import Store
from router.vault import Vault
from router.wallet import Wallet
from rules.engine import Ruleset
from rules.engine import load as load_rules

#: The one account of the form: it is part of the web pages and always open.
FORM = ("webform", "site")
#: Makes the vault of a channel, given its kind and account.
Lend = Callable[[str, str], VaultOf]
#: Where our Message-IDs come from while no mailbox has been set up.
NO_DOMAIN = "desk.invalid"


class Doors:
    """The channels of this desk, opened when they are first needed."""

    def __init__(self, settings: Settings, lend: Lend = Vault) -> None:
        """Take the channels that are on; their options were checked when they were read. ``lend``
        makes the vault of a channel."""
        self._public = settings.public_url.startswith("https://")
        self._lends: dict[tuple[str, str], Lend] = {}
        self._lend = lend
        self._options: dict[tuple[str, str], tuple[type[Channel], Any]] = {}
        self._open: dict[tuple[str, str], Channel] = {}
        self._lock = threading.Lock()
        self.switch_on(settings.channels, lend)

    def switch_on(
        self, channels: Mapping[str, Mapping[str, Mapping[str, Any]]], lend: Lend
    ) -> list[tuple[str, str]]:
        """Add channels by their settings; which ones, those that are off left out."""
        on = {}
        for kind, accounts in channels.items():
            for account, given in accounts.items():
                if given.get("enabled") is not False:
                    door = registry.channel(kind)
                    public = {
                        key: value
                        for key, value in given.items()
                        if not configuration.is_secret(key)
                    }
                    on[kind, account] = (door, door.Options(**public))
        self._lends |= dict.fromkeys(on, lend)
        self._options = {**self._options, **on}
        return list(on)

    def options(self, kind: str, account: str) -> ChannelOptions | None:
        """What was set of a channel that is on."""
        found = self._options.get((kind, account))
        return found[1] if found else None

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
                vault = self._lends[kind, account](kind, account)
                self._open[kind, account] = door(account, options, vault)
            return self._open[kind, account]

    def fresh(self, kind: str, account: str) -> Channel:
        """A door of one's own beside the one that is at work; whoever asks closes it. Raises
        NotFound when the settings do not switch it on."""
        if (kind, account) not in self._options:
            raise NotFound(f"no channel {kind}.{account} is switched on in the settings")
        door, options = self._options[kind, account]
        return door(account, options, self._lends[kind, account](kind, account))

    def reader(self, kind: str, account: str) -> Channel:
        """A door that only parses: the form, imported mail, items of a channel now off."""
        if (kind, account) in self._options:
            return self.open(kind, account)
        with self._lock:
            key = (kind, account)
            if key not in self._open:
                door = registry.channel(kind)
                options = door.Options.model_construct()
                self._open[key] = door(account, options, self._lend(kind, account))
            return self._open[key]

    def speaker(self, handle_kind: str, kind: str, account: str) -> tuple[str, str] | None:
        """Which channel can carry a message to such a handle: the one it came by, or another.
        To the people of made-up tickets none can."""
        if self.made_up(kind, account):
            return None
        if (kind, account) in self._options and self._carries(kind, account, handle_kind):
            return kind, account
        for other in self._options:
            if self._carries(*other, handle_kind) and not self._options[other][0].own_people:
                return other
        return None

    def made_up(self, kind: str, account: str) -> bool:
        """Whether what came so is the demo's: nobody is there to be written to."""
        return account == made_up.ACCOUNT and (kind, account) not in self._options

    def _carries(self, kind: str, account: str, handle_kind: str) -> bool:
        door, _ = self._options[kind, account]
        return door.identity == handle_kind and issubclass(door, Speaks)

    def check_fit(self) -> None:
        """Where the public reaches us, refuse channels that are only fit for trying out."""
        if not self._public:
            return
        faults = [
            Fault(f"channels.{kind}.{account}", said)
            for kind, account in self._options
            for said in self.open(kind, account).unfit()
        ]
        if faults:
            raise SettingsFault(faults)

    def close(self) -> None:
        """Let go of every connection."""
        with self._lock:
            for door in self._open.values():
                door.close()
            self._open.clear()


@dataclass(frozen=True, slots=True)
class Account:
    """What one account of a channel has of its own: the team whose queue its tickets join, the
    language of people whose own is not known. Its hours are a calendar of the desk's."""

    team: str = ""
    language: str = ""


_PLAIN = Account()


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
    hours: Hourbook
    pace: Pace
    articles: Shelf
    playbooks: Playbooks
    doors: Doors
    reader: SecondReader
    guarded: Guarded
    wallet: Wallet
    accounts: Mapping[tuple[str, str], Account]
    #: When this desk was last restored from a copy; what is older may have been answered before.
    restored_us: int = 0

    def account(self, channel: str, account: str) -> Account:
        """What holds for messages that come by this account of a channel."""
        return self.accounts.get((channel, account)) or _PLAIN

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
    lent: Mapping[str, str] | None = None,
) -> Router:
    """Put a router together from its settings; ``rules`` spares reading them again, ``lent`` are
    channels' secrets that outrank those of the environment.

    Raises SettingsFault, StoreDown, SchemaBehind, KeyMissing or RulesFault, each saying what to do.
    """
    extra = Path(settings.rules.folder).expanduser() if settings.rules.folder else None
    rulebook = Rulebook(rules or load_rules(extra), files_of(settings.rules.folder))
    clock = clock or SystemClock()
    ids = Ids(clock)
    store = Store(settings.database_url, clock=clock, ids=ids)
    version.check(store.pool)
    rulebook.follow(store)
    hours = Hourbook(settings, store)
    wording, articles, playbooks = _shipped()
    shelf = Shelf(settings, articles)
    shelf.follow(store)
    keys = keys or _keys(settings, store)
    doors = Doors(settings, partial(Vault, store=store, keys=keys, lent=lent))
    doors.check_fit()
    wallet = Wallet(settings)
    wallet.check_fit()
    return Router(
        settings=settings,
        clock=clock,
        ids=ids,
        keys=keys,
        tokens=Tokens(keys),
        store=store,
        rules=rulebook,
        wording=wording,
        policies=hours.policies,
        hours=hours,
        pace=Pace(),
        articles=shelf,
        playbooks=playbooks,
        doors=doors,
        reader=SecondReader(settings),
        guarded=Guarded(_guarded(settings, doors)),
        wallet=wallet,
        accounts=_accounts(doors),
        restored_us=_restored_us(store),
    )


def _restored_us(store: Store) -> int:
    with store.reading() as unit:
        return copies.restored_us(unit)


@cache
def _shipped() -> tuple[Wording, Articles, Playbooks]:
    """The texts that ship: they are the same for every router of this process, so read once."""
    return Wording.load(), Articles.load(), Playbooks.load()


def _accounts(doors: Doors) -> dict[tuple[str, str], Account]:
    """Every account that is on, with what it has of its own."""
    given = {(kind, account): doors.options(kind, account) for kind, account in doors}
    return {name: Account(one.team, one.language) for name, one in given.items() if one}


def _guarded(settings: Settings, doors: Doors) -> Iterator[str]:
    """What senders may pretend to be: our mailboxes, our public host and what the settings name."""
    yield from settings.desk.guarded_names
    yield urlsplit(settings.web.public_url).hostname or ""
    for kind, account in doors:
        yield from doors.open(kind, account).guarded()


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
