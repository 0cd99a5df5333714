"""The life of one message, top to bottom.

    parse → clean → judge        before any transaction, may fail, may be slow
    take → sort → promise        one transaction for the whole batch
    commit                       message, ticket, clocks, acknowledgement, cursor: together

What raises is parked: a visible ticket, the sealed bytes, the traceback, a way to send it through
again. A batch that fails as a whole is written one by one, so that one bad message parks itself
and not its neighbours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from channels.contract import Channel, Raw
from router import acknowledge, intake, parking, triage
from router.assemble import Router
from router.core.clock import from_us
from router.errors import Conflict, NotFound, StoreError
from router.prepared import Failed, Prepared, Terms
from router.store import journal
from router.store.batch import Batch, Wanted
from router.store.journal import Item
from router.store.unit import Unit

log = logging.getLogger("router.pipeline")

_UNREADABLE = "an item of %s.%s could not be read"

Also = Callable[[Unit], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one message. ``outcome`` is new, joined, seen or parked."""

    outcome: str
    item: Item
    ticket_id: int
    number: str
    message_id: int = 0


def receive(
    router: Router,
    door: Channel,
    raws: Sequence[Raw],
    terms: Terms,
    also: Also | None = None,
) -> list[Taken]:
    """Take raw items in. ``also`` is committed with them (the cursor they came with)."""
    known = _known(router, door, raws)
    read = _read(router, door, [raw for raw in raws if raw.remote_id not in known], terms)
    return commit(router, read, also, bulk=terms.bulk)


def commit(
    router: Router,
    read: Sequence[Prepared | Failed],
    also: Also | None = None,
    *,
    bulk: bool = False,
) -> list[Taken]:
    """Write what was read; ``also`` goes into the same commit."""

    def work(unit: Unit) -> list[Taken]:
        taken = _write(router, unit, read)
        if also is not None:
            also(unit)
        return taken

    try:
        return router.store.write(work, bulk=bulk)
    except StoreError:
        raise
    except Exception:  # each is tried alone, and parked when it fails again
        log.warning("a batch failed as a whole; its messages are written one by one", exc_info=True)
    taken = [one for message in read for one in _alone(router, message, bulk=bulk)]
    if also is not None:
        router.store.write(also, bulk=bulk)
    return taken


def _known(router: Router, door: Channel, raws: Sequence[Raw]) -> set[str]:
    with router.store.reading() as unit:
        router.rules.notice(unit)
        return journal.known(unit, door.kind, door.account, [raw.remote_id for raw in raws])


def _read(
    router: Router, door: Channel, raws: Sequence[Raw], terms: Terms
) -> list[Prepared | Failed]:
    """Parse, clean, judge and prepare: each step for all before the next one begins, because what
    a step looks things up in then stays in the processor's cache. What raises is parked alone."""
    step = partial(_step, door, terms)
    parsed = step([(raw, None) for raw in raws], lambda raw, _: list(door.parse(raw)))
    before = intake.met(
        router, [one for item in parsed if not isinstance(item, Failed) for one in item[1]]
    )
    cleaned = step(parsed, lambda _, found: [intake.clean(router, one) for one in found])
    judged = step(
        cleaned, lambda raw, found: [intake.judge(router, raw, one, before) for one in found]
    )
    ready = step(
        judged,
        lambda raw, found: [
            intake.prepare(router, raw, one, verdict, terms) for one, verdict in found
        ],
    )
    read: list[Prepared | Failed] = []
    for item in ready:
        read += [item] if isinstance(item, Failed) else item[1]
    return read


def _step(
    door: Channel,
    terms: Terms,
    items: Iterable[tuple[Raw, Any] | Failed],
    work: Callable[[Raw, Any], list[Any]],
) -> list[tuple[Raw, Any] | Failed]:
    """Do this with each item that has not failed yet."""
    done: list[tuple[Raw, Any] | Failed] = []
    for item in items:
        if isinstance(item, Failed):
            done.append(item)
            continue
        raw, found = item
        try:
            done.append((raw, work(raw, found)))
        except Exception as fault:  # parked with its traceback, as a visible ticket
            log.warning(_UNREADABLE, door.kind, door.account, exc_info=True)
            done.append(parking.failed(_item(door, raw), raw, fault, terms))
    return done


def _item(door: Channel, raw: Raw) -> Item:
    return Item(door.kind, door.account, raw.remote_id)


def _write(router: Router, unit: Unit, read: Sequence[Prepared | Failed]) -> list[Taken]:
    wanted = Wanted()
    for one in read:
        if isinstance(one, Prepared):
            intake.want(wanted, one)
            acknowledge.want(router, wanted, one)
        else:
            parking.want(wanted, one)
    batch = Batch(unit, wanted)
    taken = [_one(router, batch, message) for message in read]
    batch.save()
    return taken


def _one(router: Router, batch: Batch, message: Prepared | Failed) -> Taken:
    item = message.item
    key = (item.kind, item.account, item.remote_id)
    before = batch.seen.get(key)
    if before is not None and (message.row_id is None or before.state == "done"):
        return Taken("seen", item, before.ticket_id or 0, "", before.message_id or 0)
    if isinstance(message, Failed):
        draft = parking.park(router, batch, message)
        taken = Taken("parked", item, draft.id, draft.number)
    else:
        draft, message_id = intake.take(router, batch, message)
        opened = draft.new and draft.messages == 1
        triage.sort(router, batch, message, draft, message_id)
        triage.heed_secrets(router, batch, message, draft)
        if opened:
            acknowledge.promise(router, batch, message, draft)
        taken = Taken("new" if opened else "joined", item, draft.id, draft.number, message_id)
    batch.seen[key] = _Seen("done", taken.message_id, taken.ticket_id)
    return taken


def _alone(router: Router, message: Prepared | Failed, *, bulk: bool) -> list[Taken]:
    try:
        return router.store.write(lambda unit: _write(router, unit, [message]), bulk=bulk)
    except StoreError:
        raise
    except Exception as fault:  # parked with its traceback, as a visible ticket
        log.warning("a message could not be written and is parked", exc_info=True)
        lost = parking.unwritten(message, fault)
        return router.store.write(lambda unit: _write(router, unit, [lost]), bulk=bulk)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Stands for the journal row of an item that this very batch has just taken."""

    state: str
    message_id: int
    ticket_id: int


def cursor_mover(door: Channel, cursor: Mapping[str, Any]) -> Also:
    """Moves the cursor of a polled source, and says that nothing is being read any more."""

    def move(unit: Unit) -> None:
        journal.advance(unit, door.kind, door.account, cursor)
        journal.mark(unit, door.kind, door.account, {})

    return move


def journalled(router: Router, *, limit: int = 50) -> int:
    """Work on pushed items that were journalled and answered; how many."""
    lease = router.settings.deliver.lease_seconds * 1_000_000
    rows = router.store.write(lambda unit: journal.claim(unit, lease_us=lease, limit=limit))
    left = [row.id for row in rows]
    try:
        router.rules.follow(router.store)
        for row in rows:
            again(router, row)
            left.remove(row.id)
    except StoreError:  # a database that takes nothing now is no fault of the items'
        with suppress(StoreError):
            router.store.write(lambda unit: journal.release(unit, left))
        raise
    return len(rows)


def again(router: Router, row: Any) -> list[Taken]:
    """Send one journalled or parked item through from its sealed bytes."""
    item = Item(row.kind, row.account, row.remote_id)
    data = router.keys.unseal(row.key_id, row.wrapped_key, row.raw, journal.about(item))
    raw = Raw(item.remote_id, data, received_at=from_us(row.received_at))
    terms = Terms()
    if row.attempts >= router.settings.intake.attempts:
        lost = parking.unread(item, raw, row.attempts, terms)
        lost.row_id = row.id
        return commit(router, [lost])
    read = _read(router, router.doors.reader(item.kind, item.account), [raw], terms)
    for one in read[:1]:
        one.item, one.row_id = item, row.id
    return commit(router, read)


def replay(router: Router, row_id: int, actor: str) -> Taken:
    """Send a parked item through again; its placeholder ticket is closed when that succeeds."""
    with router.store.reading() as unit:
        router.rules.notice(unit)
        row = journal.find(unit, row_id)
    if row is None or row.state != "parked" or row.raw is None:
        raise NotFound("there is no such parked item")
    item = Item(row.kind, row.account, row.remote_id)
    data = router.keys.unseal(row.key_id, row.wrapped_key, row.raw, journal.about(item))
    raw = Raw(item.remote_id, data, received_at=from_us(row.received_at))
    read = _read(router, router.doors.reader(item.kind, item.account), [raw], Terms())
    if isinstance(read[0], Failed):
        raise Conflict("still_fails", error=read[0].error)
    read[0].item, read[0].row_id = item, row.id
    taken = commit(router, read)[0]
    router.store.write(lambda unit: parking.unpark(unit, row.ticket_id, taken.ticket_id, actor))
    return taken
