"""Fetching from sources that do not call us: a mailbox, a time line.

One process polls a source at a time (a lease), whoever it is. Which items are about to be read is
committed before they are: a mail that kills the process is found by its mark, tried alone, and
parked unread after a few deaths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from channels.contract import Batch as Fetched
from channels.contract import Channel, Polls, Raw
from router import parking, pipeline
from router.assemble import Router
from router.errors import StoreError
from router.prepared import Terms
from router.store import journal
from router.store.journal import Item


@dataclass(slots=True)
class Tally:
    """What one poll brought."""

    fetched: int = 0
    new: int = 0
    joined: int = 0
    seen: int = 0
    parked: int = 0

    def add(self, taken: Sequence[pipeline.Taken]) -> None:
        """Count what became of some items."""
        for one in taken:
            setattr(self, one.outcome, getattr(self, one.outcome) + 1)


def poll(router: Router, door: Channel, terms: Terms | None = None) -> Tally:
    """Fetch everything new and take it in, a batch at a time; raises what the door raises."""
    if not isinstance(door, Polls):
        message = f"{door.kind} does not fetch"
        raise TypeError(message)
    terms = terms or Terms()
    with router.store.reading() as unit:
        cursor = journal.cursor(unit, door.kind, door.account)
        suspects = journal.suspects(unit, door.kind, door.account)
    tally = Tally()
    for fetched in door.poll(cursor):
        tally.fetched += len(fetched.items)
        _take(router, door, fetched, suspects, terms, tally)
        door.settle(fetched.items)
    return tally


def _take(
    router: Router,
    door: Channel,
    fetched: Fetched,
    suspects: dict[str, int],
    terms: Terms,
    tally: Tally,
) -> None:
    innocent = [raw for raw in fetched.items if raw.remote_id not in suspects]
    for raw in fetched.items:
        if raw.remote_id in suspects:
            tally.add(_alone(router, door, raw, suspects[raw.remote_id], terms))
    _mark(router, door, innocent)
    move = pipeline.cursor_mover(door, fetched.cursor)
    with _forgiven(router, door, {}):
        tally.add(pipeline.receive(router, door, innocent, terms, also=move))


def _alone(
    router: Router, door: Channel, raw: Raw, attempts: int, terms: Terms
) -> list[pipeline.Taken]:
    """Try a suspect by itself, or park it unread when it has had its chances."""
    if attempts >= router.settings.intake.attempts:
        item = Item(door.kind, door.account, raw.remote_id)
        return pipeline.commit(router, [parking.unread(item, raw, attempts, terms)])
    _mark(router, door, [raw], attempts)
    with _forgiven(router, door, {raw.remote_id: attempts}):
        return pipeline.receive(router, door, [raw], terms)


@contextmanager
def _forgiven(router: Router, door: Channel, before: Mapping[str, int]) -> Iterator[None]:
    """A database that takes nothing now is no fault of the mail's: its attempt does not count."""
    try:
        yield
    except StoreError:
        with suppress(StoreError):
            router.store.write(lambda unit: journal.mark(unit, door.kind, door.account, before))
        raise


def _mark(router: Router, door: Channel, raws: Sequence[Raw], attempts: int = 0) -> None:
    said = {raw.remote_id: attempts + 1 for raw in raws}
    if said:
        router.store.write(lambda unit: journal.mark(unit, door.kind, door.account, said))
