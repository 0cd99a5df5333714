"""Everything of ours that can go wrong, in one tree.

    RouterError
    ├── SettingsFault    the configuration is wrong; carries every fault found
    ├── KeyMissing       the master key file is gone or unreadable; nothing may start
    ├── SealBroken       a sealed item was changed or belongs to another row
    ├── StoreError
    │   ├── StoreBusy    the database did not let us in within the time; try again
    │   ├── TakenOver    another process does by now what this one was at; it writes no more of it
    │   ├── StoreDown    the database cannot be reached, is read-only or the disk is full
    │   └── SchemaBehind the database is older or newer than this program; run ``router migrate``
    ├── NotFound         no such thing, or not yours to see
    ├── NotAllowed       the agent's role does not permit it
    ├── Conflict         somebody else changed it meanwhile, or the move is not legal
    ├── Invalid          the input cannot be accepted; ``field`` and a message code say why
    └── OverLimit        too many of these; ``retry_after`` says when again

An error's text is fit to show an operator and says what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class RouterError(Exception):
    """The root of the tree."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in the settings: where, what, and what to write instead."""

    where: str
    message: str

    def __str__(self) -> str:
        """``config.toml:12: …``"""
        return f"{self.where}: {self.message}"


class SettingsFault(RouterError):
    """The configuration is wrong. All faults at once, one a line."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class KeyMissing(RouterError):
    """The master key cannot be read; sealed data would be unreadable, so nothing starts."""


class SealBroken(RouterError):
    """A sealed item does not open: its bytes were changed, or it belongs to another row."""


class StoreError(RouterError):
    """Something about the database."""


class StoreBusy(StoreError):
    """The database did not let us write within the time allowed; nothing was written."""


class TakenOver(StoreError):
    """Another process does by now what this one was at: nothing more of it is written here."""


class StoreDown(StoreError):
    """The database is out of reach, read-only or its disk is full; nothing was written."""


class SchemaBehind(StoreError):
    """The schema in the database is not the one this program speaks. Run ``router migrate``."""


class NotFound(RouterError):
    """No such thing, or not yours to see: the two look the same from outside."""


class NotAllowed(RouterError):
    """The agent's role does not permit this."""


class SignedOut(NotAllowed):
    """Nobody is signed in here, or nobody any more."""


class Conflict(RouterError):
    """The thing changed meanwhile, or this move is not legal from its present state."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class Invalid(RouterError):
    """The input cannot be accepted. ``field`` names it, ``code`` is translated for the reader;
    ``more`` lists everything wrong, this included. At the terminal the parameters ``given`` and
    ``write`` say what was wrong and what to write instead."""

    def __init__(
        self, field: str, code: str, more: Sequence[tuple[str, str]] = (), **params: str
    ) -> None:
        told = f" ({params['given']}); write {params['write']}" if "write" in params else ""
        super().__init__(f"{field}: {code}{told}")
        self.more = tuple(more) or ((field, code),)
        self.field = field
        self.code = code
        self.params = params


class OverLimit(RouterError):
    """Too many of these from there. ``retry_after`` counts seconds."""

    def __init__(self, what: str, retry_after: int) -> None:
        super().__init__(f"{what}: try again in {retry_after} s")
        self.retry_after = retry_after
