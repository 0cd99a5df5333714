"""What a door of the desk is: the values that pass through it and the verbs it may have.

A channel is one file in this package (or one folder, when its protocol is large) that defines one
class. It parses what arrives into :class:`Inbound` and sends what it is handed as
:class:`Outbound`; it decides nothing, keeps nothing, reads no clock and knows no other channel. It
is found by ``channels.registry``; nothing else names it.

    ChannelError
    ├── Transient        try later; ``after`` when the far side said how long
    ├── Refused          will never work; park it and show it on the ticket
    │   └── WindowClosed the platform's reply window is over; offer another channel
    ├── BadSignature     not from whom it claims; count it, answer 401
    ├── BadRequest       signed, but not something this door can read; answer 400
    └── Unknown          nobody can know whether it was sent
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict


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
    """A file that came with a message. ``content_id`` marks inline images (without ``<>``)."""

    name: str
    mime: str
    data: bytes
    content_id: str = ""


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
    signature are cut later, by the router. ``html`` is raw and dangerous.
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


@dataclass(frozen=True, slots=True)
class Raw:
    """One item as its source handed it over: bytes, and where it stood there (a cursor's word).

    ``settle`` is opaque to the router: handed back after the commit, so that a mailbox may move
    the mail.
    """

    remote_id: str
    data: bytes
    received_at: datetime | None = None
    settle: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some items and the cursor that is true once they are committed."""

    items: tuple[Raw, ...]
    cursor: Mapping[str, Any]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message we want sent. ``message_id`` and ``created_at`` were fixed before the first try,
    so that a second try has identical bytes. ``automatic`` marks acknowledgements (RFC 3834)."""

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


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the far side said when it accepted an Outbound."""

    remote_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """A web request as it came: raw bytes, lower-case header names, the caller's address."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    remote_addr: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer a webhook. ``wait_for_acknowledgement`` asks the router to hand the
    acknowledgement's text to ``passive`` while the platform's patience lasts (WeChat)."""

    status: int = 200
    body: bytes = b""
    mime: str = "text/plain; charset=utf-8"
    wait_for_acknowledgement: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The outcome of one webhook: items to journal, and the answer once they are durable."""

    items: tuple[Raw, ...] = ()
    answer: Answer = field(default_factory=Answer)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the platform allows: characters in a text, how long after the requester's last message
    we may answer, how many bytes an attachment may have. ``None`` means no limit."""

    text: int | None = None
    reply_within: timedelta | None = None
    attachment_bytes: int | None = None


class ChannelOptions(BaseModel):
    """Settings of one channel; a subclass a channel. The field's ``description`` is the docs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True


class Vault(Protocol):
    """Secrets and tokens, lent to a channel by the router."""

    def secret(self, name: str) -> str:
        """The secret of that name for this channel; raises when it is not set."""
        ...


class Channel:
    """What every door has. ``kind`` names it in data and settings, ``label_zh``/``label_en`` to
    people; ``identity`` is the handle space of its people."""

    kind: ClassVar[str]
    label_zh: ClassVar[str]
    label_en: ClassVar[str]
    identity: ClassVar[str]
    limits: ClassVar[Limits] = Limits()
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

    def reply_address(self, token: str) -> str:
        """Where an answer must go so that ``token`` comes back with it; empty when it cannot."""
        del token
        return ""

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
class Speaks(Protocol):
    """A door that can send."""

    def speak(self, outbound: Outbound) -> Receipt:
        """Send it, or raise Transient, Refused, WindowClosed or Unknown."""
        ...


class ChannelError(Exception):
    """Something went wrong at a door; the subclass says what to do next."""


class Transient(ChannelError):
    """Try later. ``after`` is how long the far side asked us to wait, if it did."""

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class Refused(ChannelError):
    """The far side will never take this. ``channel_fault`` when it refuses all of us (bad
    password), so the message waits and the channel alarms."""

    def __init__(self, message: str, *, channel_fault: bool = False) -> None:
        super().__init__(message)
        self.channel_fault = channel_fault


class WindowClosed(Refused):
    """The platform's reply window is over; another channel must carry the answer."""


class BadSignature(ChannelError):
    """Not from whom it claims."""


class BadRequest(ChannelError):
    """Signed, or needing no signature, but not readable by this door."""


class Unknown(ChannelError):
    """Nobody can know whether it was sent (the line died after the final dot)."""
