"""Sending what the outbox holds: one row at a time, each tried by exactly one worker.

The mark ``sending`` is committed before the first byte leaves. What comes back is a receipt, a
"later" (the row waits), a "never" (the row fails and the ticket says so) or silence after the last
byte: then nobody can know, and the row becomes ``unknown`` for a person to settle.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from channels.contract import (
    Attachment,
    ChannelError,
    Handle,
    Outbound,
    Receipt,
    Refused,
    Settles,
    Speaks,
    Transient,
    Unknown,
    WindowClosed,
)
from router import codes, reaching
from router.assemble import Router
from router.core.clock import from_us, to_us
from router.core.pieces import pieces
from router.core.reach import May
from router.errors import NotFound, RouterError
from router.reaching import Kind
from router.store import budgets, chats, claims, outbox, reach, timeline
from router.store.budgets import Allowance
from router.store.unit import Unit

log = logging.getLogger("router.deliver")

_SECOND = 1_000_000
_ADDRESS = re.compile(r"\S+@\S+")
#: A look-up that could tell nothing is made again so often, for so long after the try.
LOOKED_EVERY, LOOKED_FOR = timedelta(minutes=5), timedelta(days=3)
#: One that could not be made is made again so soon.
_ASKED_AGAIN = timedelta(minutes=1)
#: A platform is asked whether a send arrived only after so many seconds.
_SETTLING = 30


def sweep(router: Router, *, limit: int = 200) -> int:
    """Send what is due, until nothing is or ``limit`` rows were tried; how many were tried."""
    with router.store.reading() as unit:
        silent = set(claims.all_stopped(unit))
    lease = router.settings.deliver.lease_seconds * _SECOND
    for tried in range(limit):
        row = router.store.write(
            lambda unit: outbox.claim(unit, lease_us=lease, without=frozenset(silent))
        )
        if row is None:
            return tried
        if not _in_pace(router, row) or not deliver(router, row):
            silent.add((row.channel, row.account))
    return limit


def _in_pace(router: Router, row: Any) -> bool:
    """Whether its channel may send one more now; if not, the row waits without a try counted."""
    try:
        paces = router.doors.open(row.channel, row.account).pace()
    except RouterError:
        return True  # the try itself says why
    if not paces:
        return True
    allowances = [
        Allowance("pace", f"pace:{one.seconds}:{row.channel}:{row.account}", one.seconds, one.limit)
        for one in paces
    ]

    def work(unit: Unit) -> bool:
        spent = budgets.spend(unit, allowances)
        if spent is not None:
            again = to_us(unit.now + timedelta(seconds=spent.seconds / 6))
            outbox.postpone(unit, row.id, again, "pace")
        return spent is None

    return router.store.write(work)


def recover(router: Router) -> int:
    """Settle rows whose worker died while sending, as the settings say; how many."""

    def work(unit: Unit) -> int:
        rows = outbox.lost(unit)
        for row in rows:
            if router.settings.deliver.on_unknown == "resend":
                outbox.settle(unit, row.id, "queued", reason="resend", due_at=unit.now_us)
            else:
                outbox.settle(unit, row.id, "unknown", reason="worker_died")
                timeline.note(unit, row.ticket_id, "send_unknown", purpose=row.purpose)
        return len(rows)

    return router.store.write(work)


def deliver(router: Router, row: Any) -> bool:
    """Try one claimed row; False when its channel as a whole cannot speak just now."""
    try:
        door = _speaker(router, row)
        allowed = _may(router, row)
        if allowed is None:
            return True
        receipt = _say(router, row, door, allowed)
    except Exception as fault:  # noqa: BLE001  # each kind has its place on the ticket
        return _settle(router, row, fault)
    _sent(router, row, receipt)
    return True


def _kind(row: Any) -> Kind:
    return "acknowledgement" if row.purpose == "acknowledgement" else "human"


def _may(router: Router, row: Any) -> May | None:
    """Whether it may go; None when it was put off or is not needed any more."""
    place = (row.identity_id, row.channel, row.account)
    if not reaching.limited(router, row.channel, row.account):
        return May(ok=True)
    with router.store.reading() as unit:
        found = reaching.can_send(router, unit, place, _kind(row))
        needless = row.purpose == "acknowledgement" and outbox.answered(unit, row.ticket_id)
    if needless and found.quota_left is not None:
        router.store.write(lambda unit: outbox.settle(unit, row.id, "cancelled", reason="answered"))
        return None
    if found.ok:
        return found
    if found.again is None:
        raise WindowClosed(found.code)
    again = to_us(found.again)
    router.store.write(lambda unit: outbox.postpone(unit, row.id, again, found.code))
    return None


def _say(router: Router, row: Any, door: Speaks, allowed: May) -> Receipt:
    """Send what is left of the text, a message at a time; each is counted before it leaves. Files
    go with the last."""
    limits = router.doors.open(row.channel, row.account).limits
    said = codes.filled(router, row.purpose, row.once, row.text)
    parts = pieces(said, limits.text, limits.text_bytes)
    place = (row.identity_id, row.channel, row.account)
    counts = reaching.limited(router, row.channel, row.account)
    receipt = Receipt()
    for number, text in enumerate(parts[row.parts_sent :], start=row.parts_sent + 1):
        if number > row.parts_sent + 1:
            with router.store.reading() as unit:
                allowed = reaching.can_send(router, unit, place, _kind(row))
            if not allowed.ok:
                raise WindowClosed(f"{allowed.code}: {number - 1} of {len(parts)} are out")
        files = _files(router, row) if number == len(parts) else ()
        part = replace(_outbound(row, files), text=text, late=allowed.late)
        receipt = _counted(router, place, door, part) if counts else door.speak(part)
        if len(parts) > 1:
            sent = number
            router.store.write(lambda unit: outbox.part_sent(unit, row.id, sent))  # noqa: B023  # run at once
    return receipt


def _counted(router: Router, place: reach.Place, door: Speaks, part: Outbound) -> Receipt:
    """Count a message before it leaves; what certainly did not go out counts for nothing."""
    number = router.store.write(lambda unit: reach.sent(unit, place))
    try:
        return door.speak(part)
    except Unknown:
        raise
    except ChannelError:
        router.store.write(lambda unit: reach.unsent(unit, number))
        raise


def _speaker(router: Router, row: Any) -> Speaks:
    door = router.doors.open(row.channel, row.account)
    if not isinstance(door, Speaks):
        raise Refused(f"{row.channel} cannot send")
    return door


def _settle(router: Router, row: Any, fault: Exception) -> bool:
    """Write down what a failed try means; whether the channel may be asked again at once."""
    if isinstance(fault, Unknown):
        _unknown(router, row, fault)
        return True
    if isinstance(fault, Refused) and not fault.channel_fault:
        log.warning("outbox row %s is refused for good: %s", row.id, _ADDRESS.sub("…", str(fault)))
        _failed(router, row, fault)
        return True
    if isinstance(fault, Refused):
        _stopped(router, row, fault)
        return False
    if isinstance(fault, ChannelError | RouterError):
        _later(router, row, fault)
        return False
    log.error("outbox row %s could not be sent", row.id, exc_info=fault)
    _failed(router, row, fault)
    return True


def _files(router: Router, row: Any) -> tuple[Attachment, ...]:
    """What an agent put to the message that goes out."""
    if row.message_id is None:
        return ()
    with router.store.reading() as unit:
        found = outbox.files(unit, row.message_id)
    return tuple(
        Attachment(
            one.name,
            one.mime,
            router.keys.unseal(one.key_id, one.wrapped_key, one.blob, one.token.encode()),
            one.content_id,
        )
        for one in found
    )


def _outbound(row: Any, files: tuple[Attachment, ...]) -> Outbound:
    automatic = row.purpose == "acknowledgement"
    return Outbound(
        account=row.account,
        # A name is the sender's own words, and the address may be somebody else's.
        to=Handle(row.handle_kind, row.handle, "" if automatic else row.handle_name),
        text=row.text,
        message_id=row.rfc_id,
        created_at=from_us(row.created_at),
        subject=row.subject,
        automatic=automatic,
        reply_to=row.reply_to,
        thread_ids=tuple(row.thread_ids.split()),
        conversation=row.conversation,
        sender_name=row.sender_name,
        attachments=files,
        locale=row.language or "en",
        signature=row.signature,
    )


def _sent(router: Router, row: Any, receipt: Receipt) -> None:
    live = router.doors.open(row.channel, row.account).limits.live

    def work(unit: Unit) -> None:
        # A send that outlived its lease was called unknown meanwhile; now it is known.
        if outbox.found(unit, row.id, receipt.remote_id):
            place = chats.place(unit, row.conversation, row.identity_id) if live else None
            if place is not None:
                chats.show(unit, place, row.id, row.message_id)
            timeline.note(unit, row.ticket_id, "sent", purpose=row.purpose)
            claims.report(unit, f"speaks:{row.channel}:{row.account}", ok=True)

    router.store.write(work)


def _failed(router: Router, row: Any, fault: Exception) -> None:
    reason = str(fault)[:300]

    def work(unit: Unit) -> None:
        if outbox.settle(unit, row.id, "failed", reason=reason):
            timeline.note(unit, row.ticket_id, "send_failed", error=reason, purpose=row.purpose)

    router.store.write(work)


def _unknown(router: Router, row: Any, fault: Unknown) -> None:
    def work(unit: Unit) -> None:
        if router.settings.deliver.on_unknown == "resend":
            outbox.settle(unit, row.id, "queued", reason="resend", due_at=unit.now_us)
        elif outbox.settle(
            unit,
            row.id,
            "unknown",
            reason=str(fault)[:300],
            due_at=unit.now_us + _SETTLING * _SECOND,
        ):
            timeline.note(unit, row.ticket_id, "send_unknown", purpose=row.purpose)

    router.store.write(work)


def _stopped(router: Router, row: Any, fault: Refused) -> None:
    """The far side refuses all of us: what waits stays, the channel says so and is left alone."""
    reason = str(fault)[:300]
    name = f"speaks:{row.channel}:{row.account}"
    log.error("%s has stopped: %s", name, reason)

    def work(unit: Unit) -> None:
        outbox.postpone(unit, row.id, unit.now_us, "stopped")
        claims.report(unit, name, ok=False, detail="stopped", params=reason)

    router.store.write(work)


# ---------------------------------------------------------------- what nobody knows of


def waits_for_look_up(unit: Unit) -> bool:
    """Whether any row is worth asking about now."""
    return bool(outbox.unsettled(unit, since_us=to_us(unit.now - LOOKED_FOR), limit=1))


def look_up(router: Router) -> int:
    """Ask the far sides that can say whether sends of unknown outcome arrived; how many told."""

    def take(unit: Unit) -> list[Any]:
        rows = outbox.unsettled(unit, since_us=to_us(unit.now - LOOKED_FOR))
        outbox.look_again(unit, [row.id for row in rows], to_us(unit.now + LOOKED_EVERY))
        return rows

    return sum(_looked_up(router, row) for row in router.store.write(take))


def _looked_up(router: Router, row: Any) -> bool:
    try:
        door = router.doors.open(row.channel, row.account)
        if not isinstance(door, Settles):
            raise NotFound(f"{row.channel} cannot say what it sent")
        parts = pieces(row.text, door.limits.text, door.limits.text_bytes)
        part = parts[min(row.parts_sent, len(parts) - 1)]
        receipt = door.look_up(replace(_outbound(row, ()), text=part))
    except Unknown:
        return False
    except (ChannelError, RouterError) as fault:
        log.warning("%s.%s cannot say what it sent: %s", row.channel, row.account, fault)
        if isinstance(fault, NotFound | Transient):
            wait = LOOKED_FOR if isinstance(fault, NotFound) else _ASKED_AGAIN
            again = partial(outbox.look_again, row_ids=[row.id])
            router.store.write(lambda unit: again(unit, due_at=to_us(unit.now + wait)))
        return False
    router.store.write(partial(_told, row=row, receipt=receipt, parts=len(parts)))
    return True


def _told(unit: Unit, row: Any, receipt: Receipt | None, parts: int) -> None:
    """It is not there, so it goes out; it is there, so it is sent, or the next of its parts is."""
    if receipt is None or row.parts_sent + 1 < parts:
        if outbox.not_found(unit, row.id, parts_sent=row.parts_sent + (receipt is not None)):
            timeline.note(unit, row.ticket_id, "outbox_queued", purpose=row.purpose, old="unknown")
    elif outbox.found(unit, row.id, receipt.remote_id, "looked_up"):
        timeline.note(unit, row.ticket_id, "sent", purpose=row.purpose)


def _later(router: Router, row: Any, fault: Exception) -> None:
    """Wait and try again; after the last wait the row fails, visibly."""
    waits = router.settings.deliver.retry_minutes
    if row.attempts > len(waits):
        log.warning("outbox row %s is given up: %s", row.id, _ADDRESS.sub("…", str(fault)))
        _failed(router, row, fault)
        return
    asked = fault.after if isinstance(fault, Transient) else None
    wait = max(asked or timedelta(0), timedelta(minutes=waits[row.attempts - 1]))
    reason = str(fault)[:300]

    def work(unit: Unit) -> None:
        outbox.settle(unit, row.id, "queued", reason=reason, due_at=to_us(unit.now + wait))
        name = f"speaks:{row.channel}:{row.account}"
        claims.report(unit, name, ok=False, detail="cannot_send", params=reason)

    router.store.write(work)
