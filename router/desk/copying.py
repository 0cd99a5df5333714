"""Third parties are written to by mail: a copy of an answer, or a ticket that is passed on to them.

Neither makes them take part in the ticket. What they are sent holds no reply token, so their own
answer names the ticket by nothing but the id of our mail, and becomes a ticket beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from channels.contract import Attachment
from router.assemble import NO_DOMAIN, Router
from router.core import identity
from router.core.bilingual import for_reader
from router.core.erasing import RULE
from router.core.references import outgoing_id
from router.core.rights import Who
from router.desk.acting import Deed, do
from router.desk.waiting import wait_in_hand
from router.errors import Invalid
from router.store import contacts, outbox, timeline, writings
from router.store.batch import Draft
from router.store.pages import messages as pages_message
from router.store.unit import Unit
from router.writing import LONGEST, Letter, Written, body_of, keep

#: So many third parties are written to at once.
MOST = 5
#: What of a ticket is passed on.
SHARES = ("latest", "all", "nothing")

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>()\[\],;:\"\\]+\.[^\s@<>()\[\],;:\"\\]+")


def addresses(router: Router, given: str) -> tuple[str, ...]:
    """The mail addresses of a field, each once. Raises Invalid for what is none, for one of our own
    and for too many."""
    words = [word.strip("<>") for word in re.split("[\\s,;\uff0c\uff1b\u3001]+", given) if word]
    found = tuple(dict.fromkeys(identity.normalise("email", word) for word in words))
    if len(found) > MOST:
        raise Invalid("cc", "too_many_addresses")
    ours = {one for place in router.doors for one in router.doors.open(*place).guarded()}
    for one in found:
        if not _ADDRESS.fullmatch(one):
            raise Invalid("cc", "bad_email")
        if one in ours:
            raise Invalid("cc", "own_address")
    return found


def carrier(router: Router, draft: Any) -> tuple[str, str] | None:
    """The mailbox that third parties of this ticket are written to from, or None."""
    return router.doors.speaker("email", draft.channel, draft.account)


# ---------------------------------------------------------------- copies of an answer


def foot(language: str, to: Sequence[str]) -> str:
    """What the requester reads under an answer of which others get a copy."""
    if not to:
        return ""
    said = for_reader(language, "本回复同时抄送：", "A copy of this answer goes to: ")
    return f"\n\n{said}{', '.join(to)}"


def copies(
    router: Router, unit: Unit, draft: Draft, written: int, body: Written, once: str
) -> list[int]:
    """Put a copy of an answer into the outbox for each of those it names; the rows."""
    if not body.cc:
        return []
    head = for_reader(
        draft.language,
        "您收到的是我们一封回复的抄送，供您了解；答复的是另一位客户。",
        "This is a copy, for your information, of our answer to somebody else.",
    )
    text = f"{head}{RULE}{body.text}"
    return _queue(router, unit, draft, written, body.cc, ("copy", once, draft.subject, text))


def _queue(
    router: Router,
    unit: Unit,
    draft: Draft,
    written: int,
    to: Sequence[str],
    said: tuple[str, str, str, str],
) -> list[int]:
    """One mail each: what becomes of it is known, and told, of each of them alone."""
    purpose, once, subject, text = said
    way = carrier(router, draft)
    if way is None:
        raise Invalid("cc", "no_mail_channel")
    door = router.doors.open(*way)
    domain = door.reply_address(router.tokens.reply_token(draft.id)).rpartition("@")[2]
    name, signature = door.signs(draft.language)
    found = []
    for place, address in enumerate(to):
        row_id = unit.new_id()
        identity_id, _ = contacts.meet(unit, "email", address, "", draft.language)
        outbox.queue(
            unit,
            id=row_id,
            ticket_id=draft.id,
            message_id=written,
            purpose=purpose,
            once=f"{purpose}:{once}:{place}",
            channel=way[0],
            account=way[1],
            identity_id=identity_id,
            subject=subject,
            text=text,
            signature=signature,
            sender_name=name or router.settings.desk.name(draft.language),
            rfc_id=outgoing_id(domain or NO_DOMAIN),
            language=draft.language,
            state="queued",
            due_at=unit.now_us + router.settings.deliver.undo_seconds * 1_000_000,
        )
        found.append(row_id)
    return found


# ---------------------------------------------------------------- passing a ticket on


@dataclass(frozen=True, slots=True)
class Passing:
    """What is passed on to whom (mail addresses), under which words of ours. ``share`` is one of
    :data:`SHARES`; ``wait`` lets the ticket wait for them."""

    to: tuple[str, ...]
    text: str
    share: str = "latest"
    files: bool = False
    wait: bool = False


def forward(router: Router, who: Who, ticket_id: int, passing: Passing, *, once: str) -> int:
    """Pass a ticket on by mail; the message's id. Notes of colleagues are never part of it. The
    requester is still owed their answer; the matter itself may stand still meanwhile."""
    if not passing.to:
        raise Invalid("to", "required")
    if passing.share not in SHARES:
        raise Invalid("share", "unknown_change")
    quoted, files = _shared(router, ticket_id, passing)
    body = body_of(router, Letter(passing.text, files))
    whole = body._replace(text=f"{body.text}{quoted}"[:LONGEST])
    deed = Deed(who, "forward", ticket_id)

    def work(unit: Unit, draft: Draft) -> int:
        known = outbox.said_once(unit, f"forward:{who.id}.{once}:0")
        if known is not None:
            return int(known.message_id)
        written = keep(unit, draft, who, whole, "forward", router)
        subject = f"{for_reader(draft.language, '转发：', 'Fwd: ')}{draft.subject}"
        said = "forward", f"{who.id}.{once}", subject, whole.text
        rows = _queue(router, unit, draft, written, passing.to, said)
        deed.more.update(outbox=rows[0], copies=rows[1:], message=written)
        timeline.note(unit, draft.id, "forwarded", agent_id=who.id, to=", ".join(passing.to))
        writings.forget(unit, who.id, draft.id, "forward")
        if passing.wait:
            wait_in_hand(router, unit, draft, who, "other")
        return written

    return do(router, deed, work)


def _shared(router: Router, ticket_id: int, passing: Passing) -> tuple[str, list[Attachment]]:
    """What requester and desk wrote to each other, as it is passed on, with its files."""
    if passing.share == "nothing":
        return "", []
    with router.store.reading() as unit:
        said = [
            one
            for one in pages_message.messages(unit, ticket_id, None)[0]
            if one.direction in ("in", "out")
        ]
        if passing.share == "latest":
            said = [one for one in said if one.direction == "in"][-1:]
        rows = [row for one in said for row in outbox.files(unit, one.id)] if passing.files else []
        zone = ZoneInfo(router.settings.desk.zone)
    quoted = "".join(
        f"{RULE}{one.author or one.handle}, {one.at.astimezone(zone):%Y-%m-%d %H:%M}\n\n{one.text}"
        for one in said
    )
    return quoted, [_opened(router, row) for row in rows]


def _opened(router: Router, row: Any) -> Attachment:
    data = router.keys.unseal(row.key_id, row.wrapped_key, row.blob, row.token.encode())
    return Attachment(row.name, row.mime, data)
