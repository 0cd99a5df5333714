"""What is offered to be taken back, and where a reader has begun to write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from router.core.rights import Who
from router.store import acts
from router.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Offer:
    """An act of the reader's own that can still be taken back; ``left`` is how many seconds a
    reply waits before it goes out and it is too late."""

    batch: int
    verb: str
    left: float | None = None


def offer(unit: Unit, who: Who, ticket_id: int) -> Offer | None:
    """What this reader did last to the ticket, if it can be taken back."""
    row = acts.last(unit, who.id, ticket_id)
    if row is None:
        return None
    sent = json.loads(row.seen).get("outbox")
    if sent is None:
        return Offer(row.batch, row.verb)
    waiting = unit.row(
        "SELECT state, due_at FROM outbox WHERE id = :id AND attempts = 0 "
        "AND state IN ('queued', 'held')",
        id=sent,
    )
    if waiting is None or (waiting.state == "queued" and waiting.due_at <= unit.now_us):
        return None
    left = (waiting.due_at - unit.now_us) / 1_000_000 if waiting.state == "queued" else None
    return Offer(row.batch, row.verb, left)


def drafted(unit: Unit, who: Who, ticket_ids: Sequence[int]) -> set[int]:
    """Of these tickets those on which this reader has begun to write."""
    if not ticket_ids:
        return set()
    rows = unit.rows(
        "SELECT DISTINCT ticket_id FROM draft WHERE agent_id = :agent AND ticket_id IN :ids",
        agent=who.id,
        ids=list(ticket_ids),
    )
    return {row.ticket_id for row in rows}
