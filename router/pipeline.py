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
from router import acknowledge, forwards, intake, parking, returning, signals, triage
from router.assemble import Router
from router.errors import Conflict, KeyMissing, NotFound, StoreError
from router.prepared import Failed, Prepared, Terms, is_written
from router.store import journal, playbooks, timeline
from router.store.batch import Batch, Wanted
from router.store.journal import Item
from router.store.unit import Unit

log = logging.getLogger("router.pipeline")

#: The account of mail that was imported, unless another was named.
_IMPORTED = "import"

_UNREADABLE = "an item of %s.%s could not be read"

Also = Callable[[Unit], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one item. ``outcome`` is new, joined, seen, parked, or event: then the ticket
    is the placeholder of what was no message."""

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
    fresh = [raw for raw in raws if raw.remote_id not in known]
    read = _read(router, door, fresh, terms)
    read_of = {one.raw.remote_id for one in read}
    silent = [raw for raw in fresh if raw.remote_id not in read_of]

    def with_events(unit: Unit) -> None:
        for raw in silent:
            journal.put(unit, _item(door, raw), "done")
            signals.note(router, unit, door, door.events(raw))
        if also is not None:
            also(unit)

    return commit(router, read, with_events if silent else also, bulk=terms.bulk)


def commit(
    router: Router,
    read: Sequence[Prepared | Failed],
    also: Also | None = None,
    *,
    bulk: bool = False,
) -> list[Taken]:
    """Write what was read; ``also`` goes into the same commit."""

    def work(unit: Unit) -> list[Taken]:
        router.hours.notice(unit)
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


def tried(router: Router, door: Channel, raws: Sequence[Raw]) -> int:
    """Read these and write nothing; how many could not be read."""
    return sum(isinstance(one, Failed) for one in _read(router, door, raws, Terms(old=True)))


def _known(router: Router, door: Channel, raws: Sequence[Raw]) -> set[str]:
    with router.store.reading() as unit:
        router.rules.notice(unit)
        router.articles.notice(unit)
        return _before(router, unit, door, [raw.remote_id for raw in raws])


def _before(router: Router, unit: Unit, door: Channel, ids: Sequence[str]) -> set[str]:
    """What was here before; whoever was erased is not brought back by an old mailbox."""
    accounts = {
        door.account,
        _IMPORTED,
        *(account for kind, account in router.doors if kind == door.kind),
    }
    return journal.known(unit, door.kind, door.account, ids) | journal.erased(
        unit, router.keys, door.kind, accounts, ids
    )


def _read(
    router: Router, door: Channel, raws: Sequence[Raw], terms: Terms
) -> list[Prepared | Failed]:
    """Parse, clean, judge and prepare: each step for all before the next one begins, because what
    a step looks things up in then stays in the processor's cache. What raises is parked alone."""
    step = partial(_step, door, terms)
    parsed = step([(raw, None) for raw in raws], lambda raw, _: list(door.parse(raw)))
    colleagues = forwards.colleagues(
        router, [one for item in parsed if not isinstance(item, Failed) for one in item[1]]
    )
    if colleagues:
        parsed = step(parsed, lambda _, found: [forwards.pass_on(one, colleagues) for one in found])
    before = intake.known_before(
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
    wanted = Wanted(accounts={account for _, account in router.doors})
    for one in read:
        if isinstance(one, Prepared):
            intake.want(wanted, one)
            acknowledge.want(router, wanted, one)
        else:
            parking.want(wanted, one)
    batch = Batch(unit, wanted)
    taken = [_one(router, batch, message) for message in read]
    batch.save()
    acknowledge.tell(batch)
    return taken


def _one(router: Router, batch: Batch, message: Prepared | Failed) -> Taken:
    item = message.item
    key = (item.kind, item.account, item.remote_id)
    before = batch.seen.get(key)
    over = ("done", "parked") if isinstance(message, Failed) else ("done",)
    if before is not None and (message.row_id is None or before.state in over):
        return Taken("seen", item, before.ticket_id or 0, "", before.message_id or 0)
    twin = batch.twins.get((item.kind, item.remote_id))
    if twin is not None and before is None and isinstance(message, Prepared):
        return _again_here(batch, item, twin)
    if isinstance(message, Failed):
        draft = parking.park(router, batch, message)
        taken = Taken("parked", item, draft.id, draft.number)
    else:
        draft, message_id = intake.take(router, batch, message)
        opened = draft.new and draft.messages == 1
        if message.inbound.bounce is not None:
            returning.settle(router, batch, message, draft)
        triage.sort(router, batch, message, draft, message_id, opened=opened)
        if is_written(message):
            triage.heed_secrets(router, batch, draft, message.masked)
        if draft.security:
            playbooks.wait(batch.unit, draft.id)
        if opened:
            acknowledge.promise(router, batch, message, draft)
        taken = Taken("new" if opened else "joined", item, draft.id, draft.number, message_id)
    batch.seen[key] = _Seen("done", taken.message_id, taken.ticket_id)
    batch.twins[item.kind, item.remote_id] = batch.seen[key]
    return taken


def _again_here(batch: Batch, item: Item, twin: Any) -> Taken:
    """The very same message came to another account of ours: its ticket says so, once each."""
    journal.put(
        batch.unit, item, "done", message_id=twin.message_id or None, ticket_id=twin.ticket_id
    )
    timeline.note(batch.unit, twin.ticket_id, "also_came", account=item.account)
    batch.seen[item.kind, item.account, item.remote_id] = twin
    return Taken("seen", item, twin.ticket_id, "", twin.message_id or 0)


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


def journalled(router: Router, *, limit: int = 10) -> int:
    """Work on pushed items that were journalled and answered; how many.

    A few a commit: whoever is called meanwhile waits for the writer no longer than that takes.
    """
    lease = router.settings.deliver.lease_seconds * 1_000_000
    rows = router.store.write(
        lambda unit: journal.claim(unit, router.keys, lease_us=lease, limit=limit)
    )
    left = [row.id for row in rows]
    try:
        router.rules.follow(router.store)
        router.articles.follow(router.store)
        again(router, *rows, bulk=True)
    except (StoreError, KeyMissing):  # what the house lacks now is no fault of the items'
        with suppress(StoreError):
            router.store.write(lambda unit: journal.release(unit, left))
        raise
    return len(rows)


def again(router: Router, *rows: Any, bulk: bool = False) -> list[Taken]:
    """Send journalled or parked items through from their sealed bytes, all in one commit."""
    read: list[Prepared | Failed] = []
    waiting: dict[tuple[str, str], list[tuple[Any, Raw]]] = {}
    for row in rows:
        raw = parking.opened(router, row)
        if isinstance(raw, Failed):
            read.append(raw)
        else:
            waiting.setdefault((row.kind, row.account), []).append((row, raw))
    for (kind, account), some in waiting.items():
        try:
            door = router.doors.reader(kind, account)
        except (StoreError, KeyMissing):
            raise
        except Exception as fault:  # parked with its traceback, as a visible ticket
            log.warning(_UNREADABLE, kind, account, exc_info=True)
            read += [parking.failed_row(row, raw, fault) for row, raw in some]
        else:
            read += _read_again(router, door, some)
    return commit(router, read, bulk=bulk) if read else []


def _read_again(
    router: Router, door: Channel, some: Sequence[tuple[Any, Raw]]
) -> list[Prepared | Failed]:
    """Read items whose rows are written already; one that holds no message is an event."""
    read = _read(router, door, [raw for _, raw in some], Terms())
    first: dict[str, Prepared | Failed] = {}
    for one in read:
        first.setdefault(one.raw.remote_id, one)
    for row, raw in some:
        if raw.remote_id in first:
            message = first[raw.remote_id]
            message.item, message.row_id = parking.item_of(row), row.id
            continue
        try:
            events = door.events(raw)
            signals.take(router, door, row.id, events)
        except StoreError:
            raise
        except Exception as fault:  # parked with its traceback, as a visible ticket
            log.warning(_UNREADABLE, door.kind, door.account, exc_info=True)
            read.append(parking.failed_row(row, raw, fault))
    return read


def replay(router: Router, row_id: int, actor: str) -> Taken:
    """Send a parked item through again; its placeholder ticket is closed by the same commit.

    Raises NotFound, or Conflict ``still_fails``: then everything is as it was.
    """
    with router.store.reading() as unit:
        router.rules.notice(unit)
        router.articles.notice(unit)
        row = journal.find(unit, row_id)
    if row is None or row.state != "parked" or row.raw is None:
        raise NotFound("there is no such parked item")
    try:
        return _through(router, row, actor)
    except (StoreError, NotFound, Conflict):
        raise
    except Exception as fault:  # it stays parked, and whoever asked is told
        log.warning(_UNREADABLE, row.kind, row.account, exc_info=True)
        raise Conflict("still_fails", error=type(fault).__name__) from fault


def _through(router: Router, row: Any, actor: str) -> Taken:
    door, raw = router.doors.reader(row.kind, row.account), parking.unsealed(router, row)
    read = _read(router, door, [raw], Terms())
    for one in read[:1]:
        if isinstance(one, Failed):
            raise Conflict("still_fails", error=one.error)
        one.item, one.row_id = parking.item_of(row), row.id
    events = [] if read else door.events(raw)

    def work(unit: Unit) -> Taken:
        router.hours.notice(unit)
        parking.hold(unit, row)
        if not read:
            signals.note(router, unit, door, events)
            return Taken("event", parking.item_of(row), *parking.acted_on(router, unit, row, actor))
        taken = _write(router, unit, read)[0]
        unit.flush()
        parking.unpark(unit, row.ticket_id, taken.ticket_id, actor)
        return taken

    return router.store.write(work)
