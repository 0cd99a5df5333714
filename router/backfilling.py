"""Taking in what a mailbox held before the desk read it: nobody is acknowledged, nothing doubled.

It has a place of its own in the mailbox, committed with each batch, so it can be stopped by any
means and goes on where it was; what the desk has already is recognised by its identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from channels.contract import Batch, Channel, Remembers
from router import pipeline
from router.assemble import Router
from router.core.clock import monotonic
from router.errors import Conflict
from router.polling import Tally
from router.prepared import Terms
from router.store import journal
from router.store.unit import Unit

_PLACE = "!history"
#: Mails that a dry run reads to say how long all would take.
_SAMPLE = 300


@dataclass(slots=True)
class Progress:
    """Of ``total`` mails ``tally.fetched`` are done; ``seconds`` are left, if one can say yet."""

    total: int = 0
    seconds: float | None = None
    tally: Tally = field(default_factory=Tally)


def take(router: Router, door: Channel, since: date | None, *, again: bool) -> Iterator[Progress]:
    """Take in the history, yielding after each batch that is safely committed; ``again`` begins at
    the beginning."""
    source = _source(door)
    kind = door.kind + _PLACE
    with router.store.reading() as unit:
        cursor = {} if again else journal.cursor(unit, kind, door.account)
    progress, begun = Progress(), monotonic()
    terms = Terms(old=True, bulk=True)
    for batch in source.history(cursor, since):

        def move(unit: Unit, batch: Batch = batch) -> None:
            journal.advance(unit, kind, door.account, batch.cursor)

        raws = {raw.remote_id: raw for raw in batch.items}
        progress.tally.add(pipeline.receive(router, door, list(raws.values()), terms, also=move))
        _count(progress, batch, monotonic() - begun)
        yield progress


def _count(progress: Progress, batch: Batch, spent: float) -> None:
    tally = progress.tally
    tally.fetched += len(batch.items)
    tally.seen = tally.fetched - tally.new - tally.joined - tally.parked
    progress.total = tally.fetched + batch.waiting
    progress.seconds = spent / tally.fetched * batch.waiting if tally.fetched else None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a back-fill would do: mails in all, how many of those looked at are here already, how
    many cannot be read, and how long it would take in seconds."""

    total: int
    looked_at: int
    known: int
    unreadable: int
    seconds: float


def dry_run(router: Router, door: Channel, since: date | None, *, again: bool) -> Outlook:
    """Read a sample and write nothing."""
    source = _source(door)
    with router.store.reading() as unit:
        cursor = {} if again else journal.cursor(unit, door.kind + _PLACE, door.account)
    batches = source.history(cursor, since)
    total = next(batches).waiting
    begun = monotonic()
    raws = list(islice((raw for batch in batches for raw in batch.items), _SAMPLE))
    with router.store.reading() as unit:
        known = journal.known(unit, door.kind, door.account, [raw.remote_id for raw in raws])
    unreadable = pipeline.tried(router, door, [raw for raw in raws if raw.remote_id not in known])
    spent = monotonic() - begun
    seconds = spent / len(raws) * total if raws else 0.0
    return Outlook(total, len(raws), len(known), unreadable, seconds)


def _source(door: Channel) -> Remembers:
    if not isinstance(door, Remembers):
        raise Conflict("no_history", channel=door.kind)
    return door
