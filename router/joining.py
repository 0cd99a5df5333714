"""Which ticket a message joins, seen from the database: what named it, and who takes part in it.

:mod:`router.core.threads` decides; here its question is put together, and its answer tied to the
tickets it concerns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from channels.contract import Inbound
from router.assemble import Router
from router.core import identity
from router.core.clock import from_us
from router.core.identity import Guarded
from router.core.threads import Candidate, Decision
from router.core.threads import decide as decided
from router.prepared import Prepared
from router.store import shapes as t
from router.store import timeline
from router.store.batch import Batch, Draft, Person, Wanted

#: The decisions by which a message becomes part of a ticket there is.
JOINS = ("append", "reopen")


class Naming(Protocol):
    """What of a message says which ticket it belongs to."""

    @property
    def inbound(self) -> Inbound:
        """The message as it came."""

    @property
    def handle(self) -> tuple[str, str]:
        """Whose it is: :func:`handle_of` it."""

    @property
    def named_tickets(self) -> Sequence[int]:
        """The tickets it names: :func:`named_by` it."""


def handle_of(inbound: Inbound) -> tuple[str, str]:
    """The kind of the sender's identity, and its normal spelling."""
    sender = inbound.sender
    return sender.kind, identity.normalise(sender.kind, sender.value) or "unknown"


def named_by(router: Router, inbound: Inbound) -> tuple[int, ...]:
    """The tickets that reply tokens in a message open."""
    opened = (router.tokens.open_reply(token) for token in inbound.tokens)
    return tuple(found for found in opened if found)


def want(wanted: Wanted, message: Naming) -> None:
    """Add what may say where this message belongs to what its batch looks up."""
    inbound = message.inbound
    wanted.handles.add(message.handle)
    wanted.rfc_ids.update(inbound.thread_ids)
    wanted.ticket_ids.update(message.named_tickets)
    if inbound.bounce and inbound.bounce.original_message_id:
        wanted.rfc_ids.add(inbound.bounce.original_message_id)
        wanted.returned.add(inbound.bounce.original_message_id)
    if inbound.conversation:
        wanted.conversations.add((inbound.kind, inbound.account, inbound.conversation))


def decide(router: Router, batch: Batch, message: Naming, person: Person) -> Decision:
    """Whether the message joins a ticket it names; a report about a mail of ours comes home."""
    row = returned(batch, message)
    if row is not None:
        return Decision("append", row.ticket_id, "bounce")
    candidates = [
        Candidate(
            ticket_id,
            how,
            from_us(draft.closed_at) if draft.closed_at is not None else None,
            draft.verification == "verified",
        )
        for ticket_id, how in _named(batch, message)
        if (draft := batch.tickets.get(ticket_id)) is not None
    ]
    if not candidates:
        return Decision("new", None, "")
    return decided(
        candidates,
        sender_is_participant={
            one.ticket_id for one in candidates if (one.ticket_id, person.id) in batch.participants
        },
        now=batch.unit.now,
        reopen_days=router.settings.desk.reopen_days,
        trust=message.inbound.verification.value,
    )


def _named(batch: Batch, message: Naming) -> list[tuple[int, str]]:
    """(ticket, by what) of all it names; one that was merged stands for the one it went into."""
    inbound = message.inbound
    named = [(one, "token") for one in message.named_tickets]
    for rfc_id in inbound.thread_ids:
        named += [(one, "message_id") for one in batch.mail_of.get(rfc_id, ())]
    conversation = (inbound.kind, inbound.account, inbound.conversation)
    if conversation in batch.conversation_of:
        named.append((batch.conversation_of[conversation], "conversation"))
    return [(batch.merged.get(one, one), how) for one, how in named]


def returned(batch: Batch, message: Naming) -> Any:
    """The outbox row that a delivery report is about, or None.

    Anybody can write a report. It is believed when it knows the Message-ID we drew for that mail
    and speaks of nobody but the one it was sent to; whoever knows both has the mail itself.
    """
    bounce = message.inbound.bounce
    if bounce is None or not bounce.original_message_id:
        return None
    row = batch.returned.get(bounce.original_message_id)
    if row is None or row.ticket_id not in batch.tickets:
        return None
    about = {one.strip().lower() for one in bounce.recipients}
    return row if not about or row.handle.lower() in about else None


def link(batch: Batch, message: Prepared, draft: Draft, decision: Decision) -> None:
    """Tie a new ticket to the one its message named. A stranger writes nothing on the timeline of
    a ticket that is not theirs; the tie is shown on both."""
    unit = batch.unit
    other = batch.tickets[decision.ticket_id or 0]
    unit.put(
        t.Link,
        id=unit.new_id(),
        ticket_id=draft.id,
        other_id=other.id,
        kind=decision.kind,
        at=unit.now_us,
    )
    code = "follow_up" if decision.kind == "follow_up" else "linked"
    timeline.note(unit, draft.id, code, number=other.number, reason=decision.reason)
    if decision.kind == "follow_up":
        timeline.note(unit, other.id, code, number=draft.number, reason=decision.reason)
    if decision.reason == "not_a_participant" and not message.imitates:
        _compare(batch, message, draft, other)


def _compare(batch: Batch, message: Prepared, draft: Draft, other: Draft) -> None:
    """A stranger who names somebody's ticket may have dressed up as that somebody."""
    known = [handle for ticket, _, handle in batch.taking_part if ticket == other.id]
    found = Guarded(one for one in known if "@" in one)
    message.imitates = found.imitated(message.inbound.sender.value, message.name)
    draft.imitates = message.imitates
