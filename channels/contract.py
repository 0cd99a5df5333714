"""What a door of the desk is: the values that pass through it and the verbs it may have.

A channel is one file in this package (or one folder, when its protocol is large) that defines one
class. It parses what arrives into :class:`Inbound` and sends what it is handed as
:class:`Outbound`; it decides nothing, keeps nothing, reads no clock and knows no other channel. It
is found by ``channels.registry``; nothing else names it. ``channels.calls``, ``failures`` and
``terms`` are told from here too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable

from channels.calls import Call as Call
from channels.calls import KeepsCalls as KeepsCalls
from channels.calls import Telling as Telling
from channels.failures import BadRequest as BadRequest
from channels.failures import BadSignature as BadSignature
from channels.failures import ChannelError as ChannelError
from channels.failures import Refused as Refused
from channels.failures import Transient as Transient
from channels.failures import Unknown as Unknown
from channels.failures import WindowClosed as WindowClosed
from channels.terms import ChannelOptions as ChannelOptions
from channels.terms import HasRoom as HasRoom
from channels.terms import Limits as Limits
from channels.terms import Pace as Pace
from channels.terms import Quota as Quota
from channels.terms import Room as Room
from channels.terms import Token as Token
from channels.terms import Vault as Vault


class Verification(StrEnum):
    """How sure we are that the sender is who the message says."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Handle:
    """One person on one channel: an address, an openid, a number. ``kind`` is the channel's
    identity space (``email``, ``phone``, ``wechat`` …), which several channels may share."""

    kind: str
    value: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message. ``content_id`` marks inline images (without ``<>``);
    ``remote``, a word that ``fetch`` understands, stands for bytes still to be fetched."""

    name: str
    mime: str
    data: bytes = b""
    content_id: str = ""
    remote: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report about a mail of ours (RFC 3464 or a common broken kind)."""

    recipients: tuple[str, ...] = ()
    status: str = ""
    permanent: bool = True
    reason: str = ""
    original_message_id: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message that arrived, read but not judged.

    ``remote_id`` is its identity for ever (G2): the same message fetched, pushed or imported again
    has the same one. ``thread_ids`` are the far side's ids that this message answers, nearest
    first; ``tokens`` are candidates for reply tokens of ours (the recipient addresses' tags);
    ``conversation`` is set where the platform itself keeps one conversation a person.
    ``automatic`` is empty or a code that says why no machine may answer it (``auto_submitted``,
    ``list``, ``bounce``, ``own_mail`` …). ``text`` is the whole body as plain text; quotes and
    signature are cut later, by the router. ``html`` is raw and dangerous. ``source`` is the network
    address that handed it over, as our own receiver wrote it down. ``forwarded_by`` is set by the
    router: the colleague who passed the sender's message on.
    """

    kind: str
    account: str
    remote_id: str
    sender: Handle
    text: str
    subject: str = ""
    html: str = ""
    sent_at: datetime | None = None
    message_id: str = ""
    thread_ids: tuple[str, ...] = ()
    conversation: str = ""
    tokens: tuple[str, ...] = ()
    to: tuple[Handle, ...] = ()
    cc: tuple[Handle, ...] = ()
    verification: Verification = Verification.UNVERIFIED
    automatic: str = ""
    bounce: Bounce | None = None
    locale: str = ""
    category_hint: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    defects: tuple[str, ...] = ()
    size: int = 0
    source: str = ""
    forwarded_by: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What a platform says that is no message of anybody's.

    ``code``: ``gone`` and ``back`` (the person can no longer, or again, be written to), ``opened``
    (an act other than a message lets us write ``sends`` times ``within``), ``echo`` (a send of ours
    or, without ``message_id``, one by other hands, with its ``text``), ``stopped`` (the platform
    has switched us off), ``call`` (what is known of a ``call``). Others are counted and kept.
    """

    code: str
    person: Handle | None = None
    remote_id: str = ""
    message_id: str = ""
    text: str = ""
    at: datetime | None = None
    sends: int = 0
    within: timedelta = timedelta(0)
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """One item as its source handed it over: bytes, and where it stood there (a cursor's word).

    ``settle`` is opaque to the router: handed back after the commit, so that a mailbox may move
    the mail. ``checked`` is what the door itself found out on the way in and ``parse`` could not:
    the domains whose signature was good.
    """

    remote_id: str
    data: bytes
    received_at: datetime | None = None
    settle: str = ""
    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Some items, the cursor that is true once they are committed, how many wait behind them."""

    items: tuple[Raw, ...]
    cursor: Mapping[str, Any]
    more: bool = False
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message we want sent. ``message_id`` and ``created_at`` were fixed before the first try,
    so that a second try has identical bytes. ``automatic`` marks acknowledgements (RFC 3834).
    ``signature`` stands under the text; attachments with a ``content_id`` stand inside it. ``late``
    says that only the longer window for what a person wrote is still open."""

    account: str
    to: Handle
    text: str
    message_id: str
    created_at: datetime
    subject: str = ""
    automatic: bool = False
    reply_to: str = ""
    thread_ids: tuple[str, ...] = ()
    conversation: str = ""
    sender_name: str = ""
    attachments: tuple[Attachment, ...] = ()
    locale: str = "en"
    signature: str = ""
    late: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the far side said when it accepted an Outbound."""

    remote_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """A web request as it came: raw bytes, lower-case header names, the caller's address;
    ``raw_query`` is the query before anybody read it, ``open`` whether people are at the desk."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    remote_addr: str
    received_at: datetime
    raw_query: str = ""
    open: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer a webhook; ``again`` is the body when all of it was here before.
    ``wait_for_acknowledgement`` asks the router to hand the acknowledgement's text to ``passive``
    while the platform's patience lasts (WeChat)."""

    status: int = 200
    body: bytes = b""
    mime: str = "text/plain; charset=utf-8"
    wait_for_acknowledgement: timedelta | None = None
    again: bytes | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The outcome of one webhook: items to journal, and the answer once they are durable."""

    items: tuple[Raw, ...] = ()
    answer: Answer = field(default_factory=Answer)


class Channel:
    """What every door has. ``kind`` names it in data and settings, ``label_zh``/``label_en`` to
    people; ``identity`` is the handle space of its people."""

    kind: ClassVar[str]
    label_zh: ClassVar[str]
    label_en: ClassVar[str]
    identity: ClassVar[str]
    #: Its handles mean nothing to another account of the same kind (openids, page-scoped ids).
    own_people: ClassVar[bool] = False
    limits: Limits = Limits()
    #: The largest body its webhook takes, in bytes.
    largest: ClassVar[int] = 1024 * 1024
    Options: ClassVar[type[ChannelOptions]] = ChannelOptions

    def __init__(self, account: str, options: Any, vault: Vault) -> None:
        """``account`` names this configured instance (``support@…``); it is part of every id."""
        self.account = account
        self.options = options
        self.vault = vault

    def parse(self, raw: Raw) -> Sequence[Inbound]:
        """Read raw bytes. Pure: the same bytes give the same Inbounds, today and on replay."""
        raise NotImplementedError

    def identify(self, data: bytes) -> str:
        """The remote id of an item handed over as a file; the same bytes, the same id."""
        return hashlib.sha256(data).hexdigest()

    def events(self, raw: Raw) -> Sequence[Event]:
        """What an item says that ``parse`` found no message in. Pure, like ``parse``."""
        del raw
        return ()

    def meant_for(self, raw: Raw) -> bool:
        """Whether an item is this account's: an app is called at one address for all of its own."""
        del raw
        return True

    def unfit(self) -> Sequence[str]:
        """What in the options must not be so where the public reaches us, in words."""
        return ()

    def reply_address(self, token: str) -> str:
        """Where an answer goes so that ``token`` comes back with it; empty when it cannot."""
        del token
        return ""

    def pace(self) -> Sequence[Pace]:
        """How fast this door may send."""
        return ()

    def signs(self, locale: str) -> tuple[str, str]:
        """The name this door sends under and what stands under what people write, in a language."""
        del locale
        return "", ""

    def guarded(self) -> Sequence[str]:
        """Handles and domains of ours that somebody might imitate."""
        return ()

    def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Polls(Protocol):
    """A door that fetches: a mailbox, a time line."""

    def poll(self, cursor: Mapping[str, Any]) -> Iterator[Batch]:
        """Fetch what is new since the cursor, oldest first, a batch at a time."""
        ...

    def settle(self, items: Sequence[Raw]) -> None:
        """These are committed: move or flag them at the source. May fail without harm."""
        ...


@runtime_checkable
class Skims(Protocol):
    """A door that can look over a backlog before it reads it."""

    def skim(self, cursor: Mapping[str, Any], urgent: Callable[[str], bool]) -> Iterator[Batch]:
        """Out of a long backlog, what ``urgent`` says of its subject; the cursor stays."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A door whose source holds what arrived long ago."""

    def history(self, cursor: Mapping[str, Any], since: date | None) -> Iterator[Batch]:
        """What arrived since that day, oldest first; the first batch may be empty and says how much
        is ``waiting``. Its cursor is a place in the history, not the one of ``poll``."""
        ...


@runtime_checkable
class Waits(Protocol):
    """A polling door that can be woken by its source (IMAP IDLE)."""

    def wait(self, timeout: timedelta) -> bool:
        """Block until something may be new (True) or the time is over (False)."""
        ...


@runtime_checkable
class Listens(Protocol):
    """A door that is called by its platform."""

    def receive(self, request: Hook) -> Heard:
        """Check the signature over the raw bytes and say what to journal and what to answer."""
        ...


@runtime_checkable
class Replies(Protocol):
    """A listening door whose answer to the webhook may itself carry a message."""

    def passive(self, request: Hook, text: str) -> Answer:
        """The answer with this text; the same request and text give the same message."""
        ...


@runtime_checkable
class Speaks(Protocol):
    """A door that can send."""

    def speak(self, outbound: Outbound) -> Receipt:
        """Send it, or raise Transient, Refused, WindowClosed or Unknown."""
        ...


@runtime_checkable
class Settles(Protocol):
    """A door that can look up whether a send of unknown outcome arrived."""

    def look_up(self, outbound: Outbound) -> Receipt | None:
        """The receipt, or None when it certainly was not sent.

        Raises Unknown when that cannot be told: what a folder of sent mail lacks may have been
        sent all the same. Raises Transient or Refused when nothing could be looked up.
        """
        ...


@runtime_checkable
class FetchesMedia(Protocol):
    """A door whose files must be fetched after the message."""

    def fetch(self, remote: str) -> Attachment:
        """The file; raises Transient, or Refused when it is gone for ever."""
        ...


@runtime_checkable
class LogsIn(Protocol):
    """A door that can try its secrets at its platform, and changes nothing there."""

    def log_in(self) -> str:
        """What it may do there, in words; raises Transient, or Refused with what to do about it."""
        ...
