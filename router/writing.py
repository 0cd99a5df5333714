"""What an agent writes: masked, kept on the ticket with its files, and put into the outbox."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from channels.contract import Attachment
from router import reaching, sealing
from router.assemble import NO_DOMAIN, Router
from router.core.masking import redact
from router.core.masking.redact import Kept
from router.core.masking.secret_parts import Secrets
from router.core.references import outgoing_id
from router.core.rights import Who
from router.errors import Invalid
from router.prepared import SealedFile
from router.store import chats, made_up, outbox, search, tickets, timeline
from router.store import shapes as t
from router.store.batch import Draft
from router.store.unit import Unit

LONGEST = 50_000
#: Files of one reply, and their bytes together.
MOST_FILES, MOST_BYTES = 10, 20 * 1024 * 1024


class Letter(NamedTuple):
    """What an agent wrote, with the files put to it, and the mail addresses of those who get a
    copy. ``by`` is another handle of the requester's that it shall go to, where theirs cannot be
    reached; 0 is the ticket's own."""

    text: str
    files: Sequence[Attachment] = ()
    cc: Sequence[str] = ()
    by: int = 0


class Written(NamedTuple):
    """What an agent wrote, masked, what is kept of each secret that was in it, and its files."""

    text: str
    kept: tuple[Kept, ...] = ()
    files: tuple[SealedFile, ...] = ()
    masked_files: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    by: int = 0


def body_of(router: Router, letter: str | Letter) -> Written:
    """The text and the files as they may be kept; raises Invalid for none or too much."""
    text, files, cc, by = letter if isinstance(letter, Letter) else Letter(letter)
    body = text.replace("\r\n", "\n").strip()
    if not body:
        raise Invalid("text", "empty")
    if len(body) > LONGEST:
        raise Invalid("text", "too_long", limit=str(LONGEST))
    if len(files) > MOST_FILES or sum(len(one.data) for one in files) > MOST_BYTES:
        raise Invalid("files", "file_too_big")
    masked, kept = redact.examine(body, router.keys.fingerprint)
    secrets = Secrets(router.keys.fingerprint)
    sealed = tuple(sealing.seal(router, one, secrets) for one in files)
    return Written(masked.text, kept, sealed, tuple(secrets.files), tuple(cc), by)


def keep(unit: Unit, draft: Draft, who: Who, body: Written, direction: str, router: Router) -> int:
    """Write the message down on its ticket; its id."""
    kinds = list(dict.fromkeys(one.kind for one in body.kept))
    written = unit.new_id()
    unit.put(
        t.Message,
        id=written,
        ticket_id=draft.id,
        direction=direction,
        channel=draft.channel,
        account=draft.account,
        agent_id=who.id,
        text=body.text,
        language=draft.language,
        masked=" ".join(kinds),
        size=len(body.text),
        arrived_at=unit.now_us,
        seen_at=unit.now_us,
    )
    unit.flush()
    for one in body.kept:
        unit.put(
            t.MaskedSecret,
            id=unit.new_id(),
            message_id=written,
            kind=one.kind,
            part="text",
            length=one.length,
            fingerprint=one.fingerprint,
        )
    for file in body.files:
        sealing.put(unit, file, written)
    if kinds:
        timeline.note(unit, draft.id, "masked", agent_id=who.id, kinds=kinds)
    if body.masked_files:
        timeline.note(unit, draft.id, "masked_copy", names=list(body.masked_files))
    entry = search.prepare(body.text, router.settings.intake.search_characters)
    search.add(unit, [(written, entry)])
    draft.messages += 1
    return written


def send(  # noqa: PLR0913, PLR0917  # what goes out, and all that says how
    router: Router, unit: Unit, draft: Draft, written: int, body: Written, once: str, foot: str = ""
) -> int:
    """Put a written message into the outbox, or hold it there when no channel can carry it; the
    row's id. ``foot`` stands under what is sent only. Raises Invalid when the channel carries no
    files, or not so large ones."""
    identity_id, speaker = _way(router, unit, draft, body.by)
    reply_to = name = signature = ""
    seen_in = None
    if speaker is not None:
        door = router.doors.open(*speaker)
        if door.limits.live:
            seen_in = chats.place(unit, draft.conversation, draft.identity_id)
        if sum(one.size for one in body.files) > door.limits.attachment_bytes:
            raise Invalid("files", "no_files_here")
        reply_to = door.reply_address(router.tokens.reply_token(draft.id))
        name, signature = door.signs(draft.language)
    own_id = outgoing_id(reply_to.rpartition("@")[2] or NO_DOMAIN)
    row_id = outbox.queue(
        unit,
        ticket_id=draft.id,
        message_id=written,
        purpose="reply",
        once=once,
        channel=speaker[0] if speaker else "",
        account=speaker[1] if speaker else "",
        identity_id=identity_id,
        subject=_subject(draft.subject),
        text=f"{body.text}{foot}",
        signature=signature,
        sender_name=name or router.settings.desk.name(draft.language),
        rfc_id=own_id,
        reply_to=reply_to,
        thread_ids="" if body.by else " ".join(tickets.chain(unit, draft.id)),
        language=draft.language,
        state="sent" if seen_in else "queued" if speaker else "held",
        reason="" if speaker else "made_up" if draft.account == made_up.ACCOUNT else "no_channel",
        due_at=unit.now_us + router.settings.deliver.undo_seconds * 1_000_000,
        sent_at=unit.now_us if seen_in else None,
    )
    if seen_in:
        chats.show(unit, seen_in, row_id, written)
        timeline.note(unit, draft.id, "sent", purpose="reply")
    return row_id


def _way(router: Router, unit: Unit, draft: Draft, by: int) -> tuple[int, tuple[str, str] | None]:
    """To which handle and through which channel an answer goes. Another handle than the ticket's
    must be the same person's, known to be theirs, and within reach; it takes part from then on, so
    that what comes back joins the ticket. Raises Invalid ``no_such_way``."""
    kind = tickets.handle_kind(unit, draft.identity_id)
    speaker = router.doors.speaker(kind, draft.channel, draft.account)
    if not by:
        return draft.identity_id, speaker
    place = (draft.identity_id, *(speaker or (draft.channel, draft.account)))
    for way in reaching.ways(router, unit, place, "human"):
        if way.identity_id == by:
            tickets.take_part(unit, draft.id, by)
            timeline.note(unit, draft.id, "other_way", channel=way.channel)
            return by, (way.channel, way.account)
    raise Invalid("by", "no_such_way")


def _subject(subject: str) -> str:
    if re.match(r"(re|回复|答复)\s*[:：]", subject, re.IGNORECASE):  # full width
        return subject
    return f"Re: {subject}".strip()
