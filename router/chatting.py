"""What a visitor does in the chat: begin, write, read, leave an address, end it.

A chat is a ticket from its first message: that goes through the pipeline like any other, and its
place in the conversation is written in the same commit. A message that is sent again (a lost
answer, a second tab) gets the answer it already had.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from channels import chat
from channels.contract import Attachment, BadSignature, Raw
from router import pipeline
from router.assemble import Router
from router.core import identity
from router.core.clock import to_us
from router.errors import Conflict, Invalid, NotFound, OverLimit
from router.prepared import Terms
from router.store import budgets, chats, claims, contacts, tickets, timeline
from router.store.budgets import Allowance
from router.store.unit import Unit

KIND = chat.Chat.kind
#: How long somebody can come back to a conversation with the word they were given.
LASTS = timedelta(days=30)
#: Messages of one conversation in so many seconds.
_MESSAGES, _SECONDS = 10, 10
_MINUTE, _HOUR = 60, 3600
#: Addresses one conversation may leave in an hour.
_ADDRESSES = 6
#: Messages of one conversation are taken in turn: two tabs must not open two tickets at once.
_TURNS = tuple(threading.Lock() for _ in range(64))


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a message: its id (0 when it is kept but could not be read), its number in
    the conversation, and whether it was here before."""

    message_id: int
    seq: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether somebody is there; when that ends, or when it begins again, as far as it is known."""

    open: bool
    closes_at: datetime | None
    opens_at: datetime | None


def account(router: Router, wanted: str) -> str:
    """The widget of that name, or the first there is. Raises NotFound when there is none."""
    known = [one for kind, one in router.doors if kind == KIND]
    if not known or (wanted and wanted not in known):
        raise NotFound("no chat is switched on in the settings")
    return wanted or known[0]


def door(router: Router, named: str) -> chat.Chat:
    """The widget's door. Raises NotFound."""
    opened = router.doors.open(KIND, named)
    if not isinstance(opened, chat.Chat):
        raise NotFound("no chat is switched on in the settings")
    return opened


def hours(router: Router, named: str, now: datetime) -> Hours:
    """The hours in which whoever writes in this widget is answered."""
    calendar = router.policies.serving(KIND, named)
    return Hours(calendar.is_open(now), calendar.closes_at(now), calendar.next_open(now))


# ---------------------------------------------------------------- beginning


def begin(router: Router, named: str, *, proof: str, language: str, source: str) -> tuple[int, str]:
    """A conversation (its id) and the word that lets its holder in.

    ``proof`` is the token of the wallet's server, empty for a guest. Somebody it vouches for comes
    back to the conversation they have open. Raises BadSignature, OverLimit.
    """
    now = router.clock.now()
    opened = door(router, named)
    visitor = opened.vouched(proof, now) if proof else None
    used = f"chat:once:{router.keys.fingerprint(visitor.once)}" if visitor and visitor.once else ""
    network = router.keys.fingerprint(identity.network_of(source))
    limit = opened.options.sessions_per_minute
    allowance = Allowance("chat", f"chat:begin:{network}", _MINUTE, limit)

    def work(unit: Unit) -> int:
        if used and tickets.answered(unit, used) is not None:
            raise BadSignature("this token was used before")
        if budgets.spend(unit, [allowance]) is not None:
            raise OverLimit("chat", _MINUTE)
        if used:
            tickets.answer(unit, used, "yes")
        handle = f"user:{visitor.user}" if visitor else ""
        if visitor and (known := chats.of_person(unit, named, handle)):
            return known
        number = unit.new_id()
        return chats.begin(
            unit,
            id=number,
            account=named,
            handle=handle or f"guest:{_short(number)}",
            name=identity.called(visitor.name) if visitor else _guest(router, number, language),
            verified=visitor is not None,
            language=language,
        )

    number = router.store.write(work)
    return number, router.tokens.chat_token(number, now + LASTS)


def _guest(router: Router, number: int, language: str) -> str:
    """What a guest is called who has not said a name: not their own, but told from the next."""
    mark = router.keys.fingerprint(f"guest:{number}")[:4].upper()
    return f"访客 {mark}" if language == "zh" else f"Guest {mark}"


def _short(number: int) -> str:
    """A number as few letters as tell it from every other."""
    return base64.b32encode(number.to_bytes(8, "big")).decode().rstrip("=").lstrip("A").lower()


def enter(router: Router, token: str) -> Any:
    """The conversation that a word lets into. Raises NotFound when it is over or was never ours."""
    number = router.tokens.open_chat(token, router.clock.now())
    if number is None:
        raise NotFound("this word lets nobody in, or its time is over")
    with router.store.reading() as unit:
        row = chats.find(unit, number)
    if row is None:
        raise NotFound("this conversation is not here any more")
    return row


# ---------------------------------------------------------------- writing


def say(
    router: Router,
    row: Any,
    given: Mapping[str, str],
    files: Sequence[Attachment],
    *,
    source: str,
) -> Said:
    """Take a message of the visitor's in. ``given``: text, client_msg_id, and what they leave to
    be reached by (name, email, phone).

    Raises Invalid (its ``more`` lists everything wrong), Conflict ``other_body``, OverLimit,
    StoreBusy or StoreDown when nothing could be written.
    """
    if wrong := chat.check(given, files):
        raise Invalid(*wrong[0], more=wrong)
    digest = _digest(router, given, files)
    with _TURNS[row.id % len(_TURNS)]:
        before = _admit(router, row.id, f"in:{given['client_msg_id']}")
        if before is not None:
            return _repeated(before, digest)
        return _take(router, row, given, files, digest, source)


def _take(
    router: Router,
    row: Any,
    given: Mapping[str, str],
    files: Sequence[Attachment],
    digest: str,
    source: str,
) -> Said:
    once, now = f"in:{given['client_msg_id']}", router.clock.now()
    raw = _raw(row, given, files, now)
    now_is = hours(router, row.account, now)
    back = to_us(now_is.opens_at) if now_is.opens_at and not now_is.open else 0

    def also(unit: Unit) -> None:
        ticket = tickets.of_item(unit, KIND, row.account, raw.remote_id)
        if ticket is not None:
            chats.heard(unit, row.id, once=once, digest=digest, ticket=ticket, notice_at=back)
            _reach(unit, row.id, given)
            claims.report(unit, f"hears:{KIND}:{row.account}", ok=True)

    opened = door(router, row.account)
    taken = pipeline.receive(router, opened, [raw], Terms(source=source), also)
    with router.store.reading() as unit:
        event = chats.said(unit, row.id, once)
    if event is None:
        raise NotFound("this conversation is not here any more")
    new = bool(taken) and taken[0].outcome != "seen"
    return Said(event.message_id or 0, event.seq, duplicate=not new)


def _admit(router: Router, conversation: int, once: str) -> Any:
    """The event of a message that was here before, or None once its place is paid for."""
    with router.store.reading() as unit:
        before = chats.said(unit, conversation, once)
    if before is not None:
        return before
    allowance = Allowance("chat", f"chat:say:{conversation}", _SECONDS, _MESSAGES)
    if router.store.write(lambda unit: budgets.spend(unit, [allowance])) is not None:
        raise OverLimit("chat", _SECONDS)
    return None


def _repeated(event: Any, digest: str) -> Said:
    if event.digest != digest:
        raise Conflict("other_body")
    return Said(event.message_id or 0, event.seq, duplicate=True)


def _digest(router: Router, given: Mapping[str, str], files: Sequence[Attachment]) -> str:
    parts = [given.get("text", ""), *(hashlib.sha256(file.data).hexdigest() for file in files)]
    return router.keys.fingerprint("\0".join(parts))


def _raw(row: Any, given: Mapping[str, str], files: Sequence[Attachment], now: datetime) -> Raw:
    words = {
        **{name: given.get(name, "") for name in ("client_msg_id", "text", "email", "phone")},
        "conversation": str(row.id),
        "handle": row.handle,
        "name": row.name if row.verified else given.get("name", "").strip() or row.name,
        "locale": row.language,
    }
    data = chat.document(words, files, verified=bool(row.verified), received_at=now)
    return Raw(chat.remote_id(words["conversation"], words["client_msg_id"]), data, now)


# ---------------------------------------------------------------- reading, leaving, coming back


def leave_address(router: Router, row: Any, given: Mapping[str, str]) -> None:
    """Where the visitor wants to be answered when they have gone. Raises Invalid, OverLimit."""
    wrong = chat.check_contact(given)
    if not given.get("email", "").strip() and not given.get("phone", "").strip():
        wrong.append(("email", "required"))
    if wrong:
        raise Invalid(*wrong[0], more=wrong)
    allowance = Allowance("chat", f"chat:reach:{row.id}", _HOUR, _ADDRESSES)

    def work(unit: Unit) -> None:
        if budgets.spend(unit, [allowance]) is not None:
            raise OverLimit("chat", _HOUR)
        _reach(unit, row.id, given)

    router.store.write(work)


def _reach(unit: Unit, conversation: int, given: Mapping[str, str]) -> None:
    """Keep the address, and let what is answered from it join the ticket. It is nobody's proof:
    whoever it belonged to before stays who they are."""
    email, phone = given.get("email", "").strip(), given.get("phone", "").strip()
    if not email and not phone:
        return
    kind, value = ("email", email) if email else ("phone", phone)
    row = chats.find(unit, conversation)
    handle = identity.normalise(kind, value)
    contact, _ = contacts.meet(
        unit, kind, handle, identity.called(given.get("name", "")), row.language
    )
    unit.flush()
    if chats.reached_by(unit, conversation, contact) and row.ticket_id is not None:
        tickets.let_in(unit, row.ticket_id, contact)
        timeline.note(unit, row.ticket_id, "address_left", address=handle)


def read(router: Router, row: Any, seq: int) -> None:
    """The visitor has seen so much."""
    if row.visitor_seq < seq <= row.seq:
        router.store.write(lambda unit: chats.read(unit, row.id, seq))


def seen(router: Router, ticket_id: int) -> None:
    """Somebody at the desk is looking at this ticket; its visitor sees that."""
    with router.store.reading() as unit:
        news = chats.unread(unit, ticket_id)
    if news:
        router.store.write(lambda unit: chats.seen(unit, ticket_id))


def end(router: Router, row: Any) -> None:
    """The visitor ends the chat. The ticket stays open until somebody has seen to it."""
    if row.ended_at is None and row.ticket_id is not None:

        def work(unit: Unit) -> None:
            chats.end(unit, row.id, "visitor")
            timeline.note(unit, row.ticket_id, "chat_left")

        router.store.write(work)
