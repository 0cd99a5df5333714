"""The identity gate as arithmetic: which changes need one, what a code is, who is on file.

A code is kept nowhere. It follows from the gate, from which of its codes it is, from random salt
and from the master key, so whoever sends it and whoever checks it reckon it anew; a copy of the
database tells nobody a code.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Literal

from router.core.keys import Keyring

#: What may be asked for that needs somebody we are sure of.
PURPOSES = ("unlock", "unfreeze", "phone", "password")
#: What no one agent may do alone.
TWO_PEOPLE = frozenset({"unfreeze"})
#: How an agent may have made sure without a code.
OTHERWISE = ("called_back", "in_app", "document")
#: Why a gate is not needed after all.
ASIDE = ("nothing_changed", "withdrawn", "opened_by_mistake")
#: Identity spaces a code can be sent into, and how.
WAYS = {"email": "mail", "phone": "sms"}
#: Stands in a text where the code will be, wherever that text is kept or shown.
BLANK = "••••••"
_DIGITS = len(BLANK)
_SPACES = re.compile(r"[\s-]+")

Outcome = Literal["right", "wrong", "over", "spent"]


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a gate: the gate, the how-manieth, its salt."""

    gate_id: int
    number: int
    salt: str

    def digits(self, keys: Keyring) -> str:
        """The code itself, six digits."""
        said = f"{self.gate_id}.{self.number}.{self.salt}".encode()
        return f"{int.from_bytes(keys.sign('gate code', said)) % 10**_DIGITS:0{_DIGITS}}"


def judge(  # noqa: PLR0913  # what a code is judged by
    code: Code,
    keys: Keyring,
    given: str,
    *,
    now: int,
    expires_at: int | None,
    tries: int,
    most: int,
) -> Outcome:
    """Whether what somebody typed is the code, while it is good (moments in microseconds)."""
    if expires_at is None or now >= expires_at:
        return "over"
    if tries >= most:
        return "spent"
    typed = _SPACES.sub("", given).encode()
    return "right" if hmac.compare_digest(typed, code.digits(keys).encode()) else "wrong"


def on_file(*, since: int | None, now: int, known_hours: int, wallet_knows: bool) -> bool:
    """Whether a code may go to a handle: the wallet knows it, or its owner proved that it is theirs
    and that was long enough ago (``since``, None when nobody ever proved it)."""
    if wallet_knows:
        return True
    return since is not None and now - since >= known_hours * 3_600_000_000


def masked(value: str) -> str:
    """A handle as it may be shown and written down: a••@mail.example, ••4567."""
    local, at, domain = value.rpartition("@")
    if at:
        return f"{local[:1]}••@{domain}"
    return f"••{value[-4:]}"
