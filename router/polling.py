"""Fetching from sources that do not call us: a mailbox, a time line.

One process polls a source at a time (a lease), whoever it is. Which items are about to be read is
committed before they are: a mail that kills the process is found by its mark, tried alone, and
parked unread after a few deaths.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from channels.contract import Batch as Fetched
from channels.contract import Channel, HasRoom, Polls, Raw, Room, Skims
from router import parking, pipeline
from router.assemble import Router
from router.errors import StoreError
from router.prepared import Terms
from router.store import claims, journal
from router.store.journal import Item
from router.store.unit import Unit
from rules.contract import Facts

#: A mailbox fuller than this part of its quota is told of: soon nobody can write to it.
FULL = 0.95


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
    for fetched in _batches(router, door, cursor):
        tally.fetched += len(fetched.items)
        _take(router, door, fetched, suspects, terms, tally)
        door.settle(fetched.items)
    return tally


def _batches(router: Router, door: Polls, cursor: Mapping[str, Any]) -> Iterator[Fetched]:
    """What is urgent in a long backlog, then everything in its order."""
    if isinstance(door, Skims):
        yield from door.skim(cursor, partial(_urgent, router))
    yield from door.poll(cursor)


def _urgent(router: Router, subject: str) -> bool:
    """Whether its subject alone makes a message one that a person must see at once."""
    return router.rules.judge(Facts(text="", subject=subject)).is_security


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
    move = partial(_moved, door, fetched)
    with _forgiven(router, door, {}):
        tally.add(pipeline.receive(router, door, innocent, terms, also=move))


def _moved(door: Channel, fetched: Fetched, unit: Unit) -> None:
    """Committed with a batch: where the source is read on, and how it stands there."""
    pipeline.cursor_mover(door, fetched.cursor)(unit)
    room = door.room() if isinstance(door, HasRoom) else Room()
    arrived = [raw.received_at for raw in fetched.items if raw.received_at is not None]
    lag = (unit.now - min(arrived)).total_seconds() if arrived and fetched.more else 0
    full = room.limit > 0 and room.used > FULL * room.limit
    said = {"waiting": fetched.waiting, "lag": max(int(lag), 0)}
    if room.limit:
        said |= {"used": room.used, "limit": room.limit}
    claims.report(
        unit,
        f"mailbox:{door.kind}:{door.account}",
        ok=not full,
        detail="mailbox_full" if full else "",
        params=json.dumps(said),
    )


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
