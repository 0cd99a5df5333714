"""A message that was read, masked and judged, and waits to be written down.

Everything costly or dangerous happens before the transaction begins; what comes out is this value.
Nothing in it holds a wallet secret any more but the sealed bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from channels.contract import Inbound, Raw
from router.core.keys import Sealed
from router.core.masking.secret import OPENS_A_WALLET
from router.core.masking.secret_parts import MaskedPart, Secrets
from router.store.budgets import Allowance
from router.store.journal import Item
from rules.contract import Urgency, Verdict


@dataclass(frozen=True, slots=True)
class Terms:
    """How this delivery is to be treated: ``old`` mail is imported without an acknowledgement,
    ``suspected`` messages look like a robot's. ``source`` is the network address they came from,
    where the door could not know it. ``noted``: a colleague (``agent_id``) wrote down what somebody
    said to them."""

    old: bool = False
    suspected: bool = False
    bulk: bool = False
    source: str = ""
    noted: bool = False
    agent_id: int | None = None


@dataclass(frozen=True, slots=True)
class SealedFile:
    """An attachment without its readable bytes; ``remote`` names those still to be fetched."""

    token: str
    name: str
    mime: str
    size: int
    sha256: str
    content_id: str
    sealed: Sealed | None
    remote: str = ""


@dataclass(slots=True)
class Cleaned:
    """One message without its secrets, its quotes cut off. ``masked`` is the whole text."""

    inbound: Inbound
    secrets: Secrets
    masked: str
    subject: str
    name: str
    text: str
    rest: str
    html: str
    language: str


@dataclass(slots=True)
class Prepared:
    """One message, ready to be written. ``text`` is what was written now, ``rest`` the quotes and
    signature under it; ``named_tickets`` are those that reply tokens in it open."""

    item: Item
    raw: Raw
    inbound: Inbound
    handle: tuple[str, str]
    name: str
    #: The address or domain of ours, or in its own name, that the sender pretends to be.
    imitates: str
    subject: str
    text: str
    rest: str
    html: str
    masked: tuple[str, ...]
    defects: tuple[str, ...]
    language: str
    verdict: Verdict
    index: str
    files: Sequence[SealedFile] = ()
    named_tickets: tuple[int, ...] = ()
    fields: str = ""
    #: What was masked, in which part of the message; the files of which a masked copy is kept, and
    #: those that were not looked through, or not to their end.
    secrets: Sequence[MaskedPart] = ()
    masked_files: tuple[str, ...] = ()
    unread_files: tuple[str, ...] = ()
    terms: Terms = field(default_factory=Terms)
    #: The item's row when it was journalled before (pushed, parked).
    row_id: int | None = None
    #: What an acknowledgement of it would draw on.
    budgets: Sequence[Allowance] = ()
    #: Why it gets no acknowledgement whatever the budgets say; empty when it may.
    silence: str = ""


@dataclass(slots=True)
class Failed:
    """An item that could not be read: what is kept of it until a person replays it."""

    item: Item
    raw: Raw
    error: str
    trace: str
    terms: Terms = field(default_factory=Terms)
    row_id: int | None = None


#: Why a message gets no answer of a machine's although a person may have written it: it came by a
#: list, a program's header forbids answers, or its address is one that nobody is said to read.
UNANSWERED = frozenset({"list", "precedence", "suppressed", "null_sender", "no_reply"})
#: What such a message says are our own words.
_OURS = ("bounce", "own_mail")


def is_written(message: Prepared) -> bool:
    """Whether a person may have written it, answered by machines or not."""
    why = message.inbound.automatic
    return not why or why in UNANSWERED


def moves(message: Prepared) -> bool:
    """Whether its ticket follows it: what a person may have written, and whatever else may be a
    matter of security, unless it gives our own words back."""
    alarms = message.verdict.may_alarm and message.inbound.automatic not in _OURS
    return is_written(message) or alarms


def read_twice(message: Prepared, *, on: bool) -> bool:
    """Whether the second reader shall read this message once it is committed."""
    told = not OPENS_A_WALLET.isdisjoint(message.masked)
    return on and not (told or message.inbound.automatic or message.terms.old)


def may_rise(message: Prepared, *, on: bool) -> bool:
    """Whether the second reader may yet find it more urgent than the rules did."""
    return message.verdict.urgency is not Urgency.P1 and read_twice(message, on=on)
