"""Taking a message in: read it within limits, mask it, and find whose and which ticket it is.

``clean``, ``judge`` and ``prepare`` run before the transaction and may be as slow as they like;
``take`` runs inside it and only looks up what the batch already knows. A message joins a ticket
when it names one (a reply token of ours, a mail we know) *and* its sender takes part in it; anybody
else gets a ticket of their own, linked to that one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from channels.contract import Inbound, Raw
from router import bearing, joining, sealing
from router.assemble import Router
from router.core import language, lifecycle, markup
from router.core.clock import to_us
from router.core.cutting import quoting
from router.core.masking import redact
from router.core.masking.secret import OPENS_A_WALLET
from router.core.masking.secret_parts import Secrets
from router.core.references import ticket_number
from router.prepared import Cleaned, Prepared, Terms, is_written, moves, read_twice
from router.store import contacts, holding, journal, one_person, search, tickets, timeline
from router.store import shapes as t
from router.store.batch import UNSORTED, Batch, Draft, Person, Wanted
from router.store.journal import Item
from router.store.promises import clocks
from router.store.unit import Unit
from rules.conditions import kind_of
from rules.contract import Facts, Tags, Verdict

#: Kinds of machine mail that are filed without anybody having to look.
FILED = ("bounce", "list", "own_mail", "precedence", "calendar")
_SNIPPET = 140
#: Words shorter than this hardly say what a ticket is about.
_GREETING = 10
_NAME = 200
_SUBJECT = 500
#: Masked before it is cut: half a seed phrase is none to a mask, and still half a seed phrase.
_READ = 4000
#: Characters of a message that are read and kept; forwarded mails within it count.
_LONGEST = 1_000_000
#: A platform's own time is believed within these bounds around the arrival.
_EARLY = timedelta(days=2)
_AHEAD = timedelta(minutes=5)


# ---------------------------------------------------------------- before the transaction


@dataclass(frozen=True, slots=True)
class Before:
    """What the desk knew before a batch came: when each known sender last wrote (None when no rule
    asks for it), and the tags that speak for a message."""

    last: Mapping[tuple[str, str], int | None] | None = None
    tags: Mapping[Item, Tags] = field(default_factory=dict)


def known_before(router: Router, inbounds: Sequence[Inbound]) -> Before:
    """What rules ask of the time before these came: a look for each, and none that no rule asks
    for."""
    asks = router.rules.asks
    last = None
    if not asks.isdisjoint(("sender", "repeat_minutes")):
        with router.store.reading() as unit:
            last = contacts.last(unit, {joining.handle_of(one) for one in inbounds})
    return Before(last, bearing.tags(router, inbounds) if "tagged" in asks else {})


def clean(router: Router, inbound: Inbound) -> Cleaned:
    """Mask one message and cut it where its quotes begin."""
    secrets = Secrets(router.keys.fingerprint)
    text = inbound.text[:_LONGEST]
    masked, kept = redact.examine(text, router.keys.fingerprint)
    secrets.budget.spend(len(text))
    subject = secrets.out_of(inbound.subject[:_READ], "subject")[:_SUBJECT]
    name = secrets.out_of(inbound.sender.name[:_READ], "name")[:_NAME]
    split = quoting.split_reply(masked.text, subject, inbound.thread_ids)
    secrets.found_in_text(kept, masked.text, split.reply)
    return Cleaned(
        inbound=inbound,
        secrets=secrets,
        masked=masked.text,
        subject=subject,
        name=name,
        text=split.reply,
        rest=split.rest,
        html=_html(inbound, secrets, hits=bool(kept)),
        language=language.detect(split.reply or subject, inbound.locale),
    )


def judge(router: Router, raw: Raw, message: Cleaned, before: Before) -> tuple[Cleaned, Verdict]:
    """What a cleaned message is about, and what was known before it came."""
    facts = replace(
        _circumstances(router, raw, message.inbound, before),
        text=message.text,
        subject=message.subject,
        language=message.language,
    )
    return message, router.rules.judge(facts)


def prepare(router: Router, raw: Raw, message: Cleaned, verdict: Verdict, terms: Terms) -> Prepared:
    """Make a judged message ready to be written. Pure but for random names and data keys."""
    inbound, secrets = message.inbound, message.secrets
    fields = _fields(inbound, secrets)
    files = [sealing.seal(router, one, secrets) for one in inbound.attachments]
    dropped = ("html_dropped",) if inbound.html and not message.html else ()
    cut = ("text_cut",) if len(inbound.text) > _LONGEST else ()
    ready = Prepared(
        item=Item(inbound.kind, inbound.account, inbound.remote_id),
        raw=raw,
        inbound=inbound,
        handle=joining.handle_of(inbound),
        name=message.name,
        imitates=router.guarded.imitated(inbound.sender.value, message.name),
        subject=message.subject,
        text=message.text,
        rest=message.rest,
        html=message.html,
        masked=tuple(dict.fromkeys(one.kind for one in secrets.parts)),
        defects=(*inbound.defects, *dropped, *cut),
        language=message.language
        or router.account(inbound.kind, inbound.account).language
        or router.settings.desk.language,
        verdict=verdict,
        index=search.prepare(
            f"{message.subject}\n{message.masked}", router.settings.intake.search_characters
        ),
        files=files,
        named_tickets=joining.named_by(router, inbound),
        fields=fields,
        secrets=secrets.parts,
        masked_files=tuple(secrets.files),
        unread_files=tuple(secrets.unread),
        terms=terms,
    )
    if verdict.until and read_twice(ready, on=router.reader.on):
        ready.verdict = verdict.held()
    return ready


def _circumstances(router: Router, raw: Raw, inbound: Inbound, before: Before) -> Facts:
    """What is known of a message besides its words."""
    now = raw.received_at or router.clock.now()
    last, sender = None, ""
    if before.last is not None:
        handle = joining.handle_of(inbound)
        last, sender = before.last.get(handle), "known" if handle in before.last else "unknown"
    return Facts(
        text="",
        channel=inbound.kind,
        automatic=bool(inbound.automatic),
        category_hint=inbound.category_hint,
        hours="inside"
        if router.policies.serving(inbound.kind, inbound.account).is_open(now)
        else "outside",
        sender=sender,
        minutes_since=None if last is None else (to_us(now) - last) / 60_000_000,
        attachments=tuple(sorted({kind_of(one.name, one.mime) for one in inbound.attachments})),
        tags=before.tags.get(bearing.item(inbound), Tags()),
    )


def _html(inbound: Inbound, secrets: Secrets, *, hits: bool) -> str:
    """The HTML, unless a secret stands in it, or it is too long to be read for one: then only the
    masked text is kept."""
    if not inbound.html or hits or len(inbound.html) > markup.LONGEST:
        return ""
    before = len(secrets.parts)
    secrets.budget.spend(len(inbound.html))
    secrets.out_of(markup.tag_stripped(inbound.html), "text")
    return inbound.html if len(secrets.parts) == before else ""


def _fields(inbound: Inbound, secrets: Secrets) -> str:
    if not inbound.fields:
        return ""
    masked = {key: secrets.out_of_field(key, value) for key, value in inbound.fields.items()}
    return json.dumps(masked, ensure_ascii=False)


def want(wanted: Wanted, message: Prepared) -> None:
    """Add what this message may touch to what its batch looks up."""
    item = message.item
    wanted.seen.add((item.kind, item.account, item.remote_id))
    joining.want(wanted, message)


# ---------------------------------------------------------------- inside the transaction


def take(router: Router, batch: Batch, message: Prepared) -> tuple[Draft, int]:
    """Write the message down on the ticket it belongs to; the ticket and the message's id."""
    person = batch.person(*message.handle, name=message.name, language=message.language)
    message_id = batch.unit.new_id()
    decision = joining.decide(router, batch, message, person)
    if decision.kind in joining.JOINS and decision.ticket_id is not None:
        draft = _append(router, batch, message, person, batch.tickets[decision.ticket_id])
    else:
        draft = _open(router, batch, message, person)
        if decision.ticket_id is not None:
            joining.link(batch, message, draft, decision)
    _write_message(batch, message, draft, person, message_id)
    _journal(router, batch, message, draft, message_id)
    _write_secrets(batch, message, draft, message_id)
    return draft, message_id


def _open(router: Router, batch: Batch, message: Prepared, person: Person) -> Draft:
    unit, inbound = batch.unit, message.inbound
    ticket_id = unit.new_id()
    draft = Draft(
        id=ticket_id,
        number=ticket_number(ticket_id, router.keys),
        subject=message.subject,
        requester_id=person.requester_id,
        identity_id=person.id,
        channel=inbound.kind,
        account=inbound.account,
        conversation=inbound.conversation,
        team_id=batch.teams["support"],
        category=UNSORTED,
        urgency="P3",
        opened_at=unit.now_us,
        updated_at=unit.now_us,
        language=message.language,
        verification=inbound.verification.value,
        imitates=message.imitates,
        messages=1,
        snippet=message.text[:_SNIPPET],
    )
    secret = is_written(message) and not OPENS_A_WALLET.isdisjoint(message.masked)
    filed = inbound.automatic in FILED and not secret
    if (filed or person.blocked) and not message.verdict.may_alarm:
        draft.state, draft.closed_at = "closed", unit.now_us
        draft.spam = person.blocked
    return batch.open(draft)


def _append(router: Router, batch: Batch, message: Prepared, person: Person, draft: Draft) -> Draft:
    batch.touch(draft)
    draft.messages += 1
    if moves(message) and not unwanted(draft, message.verdict, blocked=person.blocked):
        hear(router, batch.unit, draft, message.text)
    return draft


def unwanted(draft: Draft, verdict: Verdict, *, blocked: bool) -> bool:
    """Whether nobody need see what was written on a ticket: it is spam, or its writer blocked. A
    matter of security is seen whoever writes of it."""
    return (draft.spam or blocked) and not verdict.may_alarm


def hear(router: Router, unit: Unit, draft: Draft, text: str) -> None:
    """Let a ticket follow what somebody wrote on it: it is open, and an answer is owed."""
    if draft.spam:
        draft.spam = False
        tickets.untag(unit, draft.id, tickets.SPAM)
    was_closed = draft.state == "closed"
    draft.state = lifecycle.after(draft.state, "message_in")
    draft.snippet = _title(draft.snippet, text)
    if was_closed:
        draft.closed_at = None
        timeline.note(unit, draft.id, "reopened")
        holding.hand_back(unit, [draft])
    clocks.message_arrived(unit, draft, router.policies)


def _title(snippet: str, text: str) -> str:
    """What a ticket without a subject is called: the words it began with, whatever is said later;
    behind a mere greeting the next words stand."""
    if len(snippet) >= _GREETING:
        return snippet
    return f"{snippet} {text}".strip()[:_SNIPPET]


def _write_message(
    batch: Batch, message: Prepared, draft: Draft, person: Person, message_id: int
) -> None:
    unit, inbound = batch.unit, message.inbound
    sent = to_us(inbound.sent_at) if inbound.sent_at is not None else None
    unit.put(
        t.Message,
        id=message_id,
        ticket_id=draft.id,
        direction="note" if message.terms.noted else "in",
        channel=inbound.kind,
        account=inbound.account,
        identity_id=person.id,
        agent_id=message.terms.agent_id,
        subject=message.subject,
        text=message.text,
        rest=message.rest,
        html=message.html,
        rfc_id=inbound.message_id[:_SUBJECT],
        verification=inbound.verification.value,
        imitates=message.imitates,
        automatic=inbound.automatic,
        language=message.language,
        fields=message.fields,
        masked=" ".join(message.masked),
        defects=" ".join(message.defects),
        size=inbound.size,
        sent_at=sent,
        arrived_at=unit.now_us,
        seen_at=_seen_at(message, sent, unit.now_us),
    )
    if inbound.message_id:
        batch.mail_of.setdefault(inbound.message_id, set()).add(draft.id)
    if not one_person.GIVEN.isdisjoint(inbound.fields):
        one_person.gave(unit, person.id, draft.id, inbound.fields)
    for file in message.files:
        sealing.put(unit, file, message_id, channel=inbound.kind, account=inbound.account)
    if message.index:
        batch.index.append((message_id, message.index))


def _write_secrets(batch: Batch, message: Prepared, draft: Draft, message_id: int) -> None:
    """What is kept of every masked secret, that it was masked, and what was not looked through."""
    if message.unread_files:
        timeline.note(batch.unit, draft.id, "unread_file", names=list(message.unread_files))
    if not message.masked:
        return
    for one in message.secrets:
        batch.unit.put(
            t.MaskedSecret, id=batch.unit.new_id(), message_id=message_id, **one._asdict()
        )
    timeline.note(batch.unit, draft.id, "masked", kinds=list(message.masked))
    if message.masked_files:
        timeline.note(batch.unit, draft.id, "masked_copy", names=list(message.masked_files))


def _seen_at(message: Prepared, sent: int | None, arrived: int) -> int:
    if sent is None or sent > arrived + _AHEAD // timedelta(microseconds=1):
        return arrived
    if not message.terms.old and sent < arrived - _EARLY // timedelta(microseconds=1):
        return arrived
    return sent


def _journal(
    router: Router, batch: Batch, message: Prepared, draft: Draft, message_id: int
) -> None:
    unit = batch.unit
    keep = router.settings.intake.keep_raw_days > 0
    if message.row_id is not None:
        journal.finish(
            unit, message.row_id, message_id=message_id, ticket_id=draft.id, erase=not keep
        )
    else:
        journal.put(
            unit,
            message.item,
            "done",
            message_id=message_id,
            ticket_id=draft.id,
            sealed=router.keys.seal(message.raw.data, journal.about(message.item))
            if keep
            else None,
        )
    timeline.audit(unit, "router", "message.taken", f"message:{message_id}")
