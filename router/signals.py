"""What a platform says that is no message: somebody left us, a send of ours was seen, we are
switched off. Each is noted once, and none opens a ticket."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from channels.contract import Call, Channel, Event
from router.assemble import Router
from router.core import identity, lifecycle
from router.core.clock import to_us
from router.core.masking import redact
from router.core.pieces import pieces
from router.store import calls, claims, gaps, journal, outbox, reach, search, tickets, timeline
from router.store import shapes as t
from router.store.batch import load, write
from router.store.promises import clocks
from router.store.unit import Unit

log = logging.getLogger("router.signals")

#: What of a call are people's own words.
_SPOKEN = ("transcript", "note", "wrap_up", "choice")


def take(router: Router, door: Channel, row_id: int, events: Sequence[Event]) -> None:
    """Act on what one journalled item says, unless somebody has; its row is done with the same
    commit."""
    keep = router.settings.intake.keep_raw_days > 0

    def work(unit: Unit) -> None:
        if journal.hold(unit, row_id):
            note(router, unit, door, events)
            journal.finish(unit, row_id, message_id=None, ticket_id=None, erase=not keep)

    router.store.write(work)


def note(router: Router, unit: Unit, door: Channel, events: Sequence[Event]) -> None:
    """Act on these, and count them."""
    for event in events:
        _note(router, unit, door, event)
    codes = [event.code for event in events] or ["nothing"]
    for code in codes:
        gaps.count(unit, door.kind, door.account, f"event:{code}"[:80], 1)


def _note(router: Router, unit: Unit, door: Channel, event: Event) -> None:
    if event.code == "stopped":
        claims.report(
            unit,
            f"speaks:{door.kind}:{door.account}",
            ok=False,
            detail="stopped",
            params=event.text[:300],
        )
    elif event.code == "echo" and event.message_id:
        _echo(unit, door, event)
    elif event.code == "echo":
        _other_hands(router, unit, door, event)
    elif event.person is not None and event.code in ("gone", "back", "opened"):
        _reach(unit, door, event)
    elif event.call is not None:
        calls.hear(unit, door.kind, door.account, _masked(event.call))


def _masked(call: Call) -> Call:
    """The call without the secrets that somebody said or noted."""
    words: dict[str, Any] = {name: redact.mask(getattr(call, name)).text for name in _SPOKEN}
    return replace(call, **words)


def _reach(unit: Unit, door: Channel, event: Event) -> None:
    assert event.person is not None  # noqa: S101  # asked by the caller
    kind, value = event.person.kind, identity.normalise(event.person.kind, event.person.value)
    identity_id = reach.identity(unit, kind, value)
    if identity_id is None:
        return  # somebody who never wrote; their first message begins the story
    place = (identity_id, door.kind, door.account)
    at = to_us(event.at) if event.at is not None else unit.now_us
    before = reach.found(unit, place)
    if before is not None and at < before.opened_at:
        return  # told late: what they did since counts
    reach.mark(
        unit,
        place,
        gone=event.code == "gone",
        opened_at=at,
        closes_at=at + _span(event) if event.code == "opened" else 0,
        sends=event.sends,
    )


def _span(event: Event) -> int:
    """How long the event lets us write, in microseconds."""
    return int(event.within.total_seconds() * 1_000_000)


def _echo(unit: Unit, door: Channel, event: Event) -> None:
    """A send of ours was seen on the platform: one of unknown outcome is known now. Of a long text
    it is one part that was seen; the others are out only if they went before it."""
    known = outbox.sent_as(unit, event.message_id)
    row = outbox.find(unit, known.id) if known is not None else None
    if row is None or row.state not in ("unknown", "sending", "queued"):
        return
    parts = pieces(row.text, door.limits.text, door.limits.text_bytes)
    seen = _place(parts, event.text)
    if seen == len(parts):
        if outbox.found(unit, row.id, event.remote_id):
            timeline.note(unit, row.ticket_id, "sent", purpose=row.purpose)
    elif seen > row.parts_sent and row.state != "unknown":
        outbox.part_sent(unit, row.id, seen)
    elif seen > row.parts_sent and outbox.not_found(unit, row.id, parts_sent=seen):
        timeline.note(unit, row.ticket_id, "outbox_queued", purpose=row.purpose, old="unknown")


def _place(parts: list[str], text: str) -> int:
    """Which of the parts this is, counted from one; 0 when that cannot be told."""
    if len(parts) == 1:
        return 1
    return parts.index(text) + 1 if parts.count(text) == 1 else 0


def _other_hands(router: Router, unit: Unit, door: Channel, event: Event) -> None:
    """Somebody answered in the platform's own inbox: it is on the ticket, its promise is met."""
    person = event.person.value if event.person is not None else ""
    ticket_id = tickets.of_conversation(unit, door.kind, door.account, person)
    draft = load(unit, [ticket_id]).get(ticket_id) if ticket_id else None
    if draft is None or not event.text:
        return
    masked = redact.mask(event.text)
    at = to_us(event.at) if event.at is not None else unit.now_us
    written = unit.new_id()
    unit.put(
        t.Message,
        id=written,
        ticket_id=draft.id,
        direction="out",
        channel=door.kind,
        account=door.account,
        text=masked.text,
        masked=" ".join(masked.hits),
        language=draft.language,
        size=len(masked.text),
        sent_at=at,
        arrived_at=unit.now_us,
        seen_at=at,
    )
    unit.flush()
    entry = search.prepare(masked.text, router.settings.intake.search_characters)
    search.add(unit, [(written, entry)])
    draft.messages += 1
    if draft.state != "closed":
        draft.state = lifecycle.after(draft.state, "reply")
        clocks.meet(unit, draft, clocks.ANSWERS)
        clocks.pause(unit, draft, router.policies)
    timeline.note(unit, draft.id, "answered_elsewhere")
    draft.updated_at = unit.now_us
    write(unit, [draft])
