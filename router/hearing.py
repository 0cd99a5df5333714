"""A platform calls: check, write down, answer, and only then begin to work.

What was signed is committed to the journal, sealed, before it is answered; what was here before is
answered alike and changes nothing. Once it is written down nothing may turn the answer into an
error: a platform that shows one to its users harms the requester.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from channels.contract import (
    Answer,
    BadRequest,
    Channel,
    ChannelError,
    Heard,
    Hook,
    Limits,
    Listens,
    Raw,
    Replies,
)
from router import pipeline
from router.assemble import Router
from router.core.clock import monotonic
from router.core.keys import Sealed
from router.core.pieces import pieces
from router.errors import RouterError
from router.store import claims, journal, outbox, timeline
from router.store.journal import Item
from router.store.unit import Unit

log = logging.getLogger("router.hearing")

#: How often somebody looks whether another has finished with the same item, in seconds.
_LOOK = 0.02


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to answer, and how many items were new."""

    answer: Answer
    new: int


class _Sealed(NamedTuple):
    """One item on its way into the journal."""

    item: Item
    sealed: Sealed


def hear(router: Router, door: Channel, hook: Hook) -> Outcome:
    """Take one call of a platform.

    Raises BadSignature, BadRequest or what the door raises; StoreError when nothing could be
    written down, so that the platform calls again.
    """
    if not isinstance(door, Listens):
        raise BadRequest(f"{door.kind} is not called")
    heard = door.receive(hook)
    sealed = [_seal(router, _owner(router, door, hook, raw), raw) for raw in heard.items]
    new = router.store.write(lambda unit: _write_down(router, unit, sealed)) if sealed else 0
    answer, patience = heard.answer, heard.answer.wait_for_acknowledgement
    if answer.again is not None and not new:
        answer = replace(answer, body=answer.again)
    if patience is None or not heard.items or not isinstance(door, Replies):
        return Outcome(answer, new)
    return Outcome(_with_acknowledgement(router, door, hook, heard, patience), new)


def _owner(router: Router, door: Channel, hook: Hook, raw: Raw) -> Channel:
    """Whose item it is: of the account that was called, unless another of its kind is meant that
    this very call is good for as well."""
    if door.meant_for(raw):
        return door
    same = [router.doors.open(*place) for place in router.doors if place[0] == door.kind]
    return next((one for one in same if one.meant_for(raw) and _takes(one, hook)), door)


def _takes(door: Channel, hook: Hook) -> bool:
    try:
        return isinstance(door, Listens) and bool(door.receive(hook).items)
    except (ChannelError, RouterError):
        return False


def _seal(router: Router, door: Channel, raw: Raw) -> _Sealed:
    item = Item(door.kind, door.account, raw.remote_id)
    return _Sealed(item, router.keys.seal(raw.data, journal.about(item)))


def _write_down(router: Router, unit: Unit, items: list[_Sealed]) -> int:
    return sum(journal.receive(unit, router.keys, one.item, one.sealed) for one in items)


# ---------------------------------------------------------------- the acknowledgement rides along


def _with_acknowledgement(
    router: Router, door: Replies, hook: Hook, heard: Heard, patience: timedelta
) -> Answer:
    """The answer with the acknowledgement in it, when it is there in time."""
    item = _item(door, heard.items[0])
    try:
        text = _acknowledgement(router, item, monotonic() + patience.total_seconds())
    except RouterError:  # it is written down; the acknowledgement goes the other way
        log.warning("the acknowledgement cannot ride along", exc_info=True)
        text = ""
    return door.passive(hook, text)


def _item(door: object, raw: Raw) -> Item:
    return Item(getattr(door, "kind", ""), getattr(door, "account", ""), raw.remote_id)


def _acknowledgement(router: Router, item: Item, until: float) -> str:
    """What to tell the writer of this item; empty when there is nothing, or not in time."""
    lease = router.settings.deliver.lease_seconds * 1_000_000
    row = router.store.write(
        lambda unit: journal.claim_one(unit, router.keys, item, lease_us=lease)
    )
    if row is not None:
        pipeline.again(router, row)
    pause = threading.Event()
    while True:
        with router.store.reading() as unit:
            row = journal.of_item(unit, item)
        if row is None or row.state != "received":
            break
        if monotonic() > until:
            return ""
        pause.wait(_LOOK)
    if row is None or row.ticket_id is None:
        return ""
    limits = router.doors.open(item.kind, item.account).limits
    return router.store.write(lambda unit: _ride(unit, item, row.ticket_id, limits))


def _ride(unit: Unit, item: Item, ticket_id: int, limits: Limits) -> str:
    waiting = outbox.said_once(unit, f"ack:{ticket_id}")
    if waiting is None or len(pieces(waiting.text, limits.text, limits.text_bytes)) > 1:
        return ""  # too long for one answer: it goes out in parts
    row = outbox.ride(unit, f"ack:{ticket_id}", f"passive:{item.remote_id}")
    if row is None:
        return ""
    if row.sent_at == unit.now_us:
        timeline.note(unit, ticket_id, "sent", purpose=row.purpose)
        claims.report(unit, f"speaks:{item.kind}:{item.account}", ok=True)
    return str(row.text)
