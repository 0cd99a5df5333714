"""What could not be read or written: kept byte for byte, shown as a ticket, sent through again.

A parked item is never lost and never silent. Its ticket tells the desk that somebody wrote; its
journal row keeps the sealed bytes and the masked traceback until a replay succeeds.
"""

from __future__ import annotations

import logging
from typing import Any

from channels.contract import Raw
from router.assemble import Router
from router.core import failures
from router.core.clock import from_us
from router.core.references import ticket_number
from router.errors import NotFound, SealBroken
from router.prepared import Failed, Prepared, Terms
from router.store import journal, timeline
from router.store.batch import UNSORTED, Batch, Draft, Wanted, load, write
from router.store.journal import Item
from router.store.promises import clocks
from router.store.shapes import Link
from router.store.unit import Unit

log = logging.getLogger("router.parking")

_TRACE = 8_000


def failed(item: Item, raw: Raw, fault: BaseException, terms: Terms) -> Failed:
    """What is kept of an item whose reading raised."""
    return Failed(
        item=item,
        raw=raw,
        error=type(fault).__name__,
        trace=failures.told(fault)[-_TRACE:],
        terms=terms,
    )


def failed_row(row: Any, raw: Raw, fault: BaseException) -> Failed:
    """The same of a journalled item: its row is written already, and keeps the bytes."""
    lost = failed(item_of(row), raw, fault, Terms())
    lost.row_id = row.id
    return lost


def unwritten(message: Prepared | Failed, fault: BaseException) -> Failed:
    """What is kept of a message that was read but could not be written."""
    lost = failed(message.item, message.raw, fault, message.terms)
    lost.row_id = message.row_id
    return lost


def item_of(row: Any) -> Item:
    """The place of a row of the journal."""
    return Item(row.kind, row.account, row.remote_id)


def unsealed(router: Router, row: Any) -> Raw:
    """The bytes of a journalled item; raises SealBroken or KeyMissing."""
    item = item_of(row)
    data = router.keys.unseal(row.key_id, row.wrapped_key, row.raw, journal.about(item))
    return Raw(item.remote_id, data, received_at=from_us(row.received_at))


def opened(router: Router, row: Any) -> Raw | Failed:
    """The bytes of a journalled item; or that it is parked, for they do not open, or ended the
    process each time they were read."""
    try:
        raw = unsealed(router, row)
    except SealBroken as fault:
        log.warning("an item of %s.%s does not open", row.kind, row.account, exc_info=True)
        return failed_row(row, Raw(row.remote_id, b""), fault)
    if row.attempts < router.settings.intake.attempts:
        return raw
    lost = unread(item_of(row), raw, row.attempts, Terms())
    lost.row_id = row.id
    return lost


def unread(item: Item, raw: Raw, attempts: int, terms: Terms) -> Failed:
    """An item that ended the process each time it was read; it is not read again by itself."""
    trace = f"Reading this item was begun {attempts} times and never ended."
    return Failed(item=item, raw=raw, error="attempts", trace=trace, terms=terms)


def want(wanted: Wanted, message: Failed) -> None:
    """Add what parking this touches to what its batch looks up."""
    item = message.item
    wanted.seen.add((item.kind, item.account, item.remote_id))
    wanted.handles.add(("unknown", item.kind))


def park(router: Router, batch: Batch, message: Failed) -> Draft:
    """Open the visible ticket of an unreadable item and keep its bytes."""
    unit, item = batch.unit, message.item
    person = batch.person("unknown", item.kind, name="", language="")
    ticket_id = unit.new_id()
    draft = batch.open(
        Draft(
            id=ticket_id,
            number=ticket_number(ticket_id, router.keys),
            subject="",
            requester_id=person.requester_id,
            identity_id=person.id,
            channel=item.kind,
            account=item.account,
            team_id=batch.teams["support"],
            category=UNSORTED,
            urgency="P3",
            opened_at=unit.now_us,
            updated_at=unit.now_us,
            parked=True,
            language=router.settings.desk.language,
        )
    )
    clocks.start(unit, draft, "first_response", router.policies)
    timeline.note(unit, draft.id, "parked", error=message.error)
    timeline.audit(unit, "router", "item.parked", f"ticket:{draft.id}")
    if message.row_id is not None:
        journal.park(
            unit, message.row_id, ticket_id=draft.id, error=message.error, trace=message.trace
        )
        return draft
    journal.put(
        unit,
        item,
        "parked",
        ticket_id=draft.id,
        error=message.error,
        trace=message.trace,
        sealed=router.keys.seal(message.raw.data, journal.about(item)),
    )
    return draft


def hold(unit: Unit, row: Any) -> None:
    """Keep a parked item from being sent through by two at once; raises NotFound when somebody
    else just did."""
    load(unit, [row.ticket_id])  # which holds it
    now = journal.find(unit, row.id)
    if now is None or now.state != "parked":
        raise NotFound("there is no such parked item any more")


def acted_on(router: Router, unit: Unit, row: Any, actor: str) -> tuple[int, str]:
    """The item held no message but said something, which was heeded: its row is done and its
    placeholder closed. The placeholder's id and number."""
    keep = router.settings.intake.keep_raw_days > 0
    journal.finish(unit, row.id, message_id=None, ticket_id=row.ticket_id, erase=not keep)
    parked = load(unit, [row.ticket_id])[row.ticket_id]
    _close(unit, parked, actor)
    timeline.note(unit, parked.id, "replayed_event")
    return parked.id, parked.number


def unpark(unit: Unit, parked_id: int, ticket_id: int, actor: str) -> None:
    """The item went through: close its placeholder and tie it to the real ticket."""
    drafts = load(unit, [parked_id, ticket_id])
    parked, real = drafts.get(parked_id), drafts.get(ticket_id)
    if parked is None or real is None or parked is real:
        return
    _close(unit, parked, actor)
    timeline.note(unit, parked.id, "replayed", number=real.number)
    timeline.note(unit, real.id, "linked", number=parked.number, reason="replayed")
    unit.put(
        Link,
        id=unit.new_id(),
        ticket_id=real.id,
        other_id=parked.id,
        kind="replayed",
        at=unit.now_us,
    )


def _close(unit: Unit, parked: Draft, actor: str) -> None:
    parked.state, parked.parked, parked.closed_at = "closed", False, unit.now_us
    clocks.waive(unit, parked)
    timeline.audit(unit, actor, "item.replayed", f"ticket:{parked.id}")
    write(unit, [parked])
