"""Sending what the outbox holds: one row at a time, each tried by exactly one worker.

The mark ``sending`` is committed before the first byte leaves. What comes back is a receipt, a
"later" (the row waits), a "never" (the row fails and the ticket says so) or silence after the last
byte: then nobody can know, and the row becomes ``unknown`` for a person to settle.
"""

from __future__ import annotations

import logging
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
from router import codes, reaching, settling
from router.assemble import Router
from router.core.clock import from_us, to_us
from router.core.pieces import pieces
from router.core.reach import May
from router.errors import NotFound, RouterError, StoreError
from router.leases import Holding, held_for
from router.reaching import Kind
from router.store import budgets, claims, outbox, reach, timeline
from router.store.budgets import Allowance
from router.store.unit import Unit

log = logging.getLogger("router.deliver")

#: A look-up that could tell nothing is made again so often, for so long after the try.
LOOKED_EVERY, LOOKED_FOR = timedelta(minutes=5), timedelta(days=3)
#: One that could not be made is made again so soon.
_ASKED_AGAIN = timedelta(minutes=1)
_Accounts = set[tuple[str, str]]


def sweep(router: Router, *, limit: int = 200) -> int:
    """Send what is due, until nothing is or ``limit`` rows were tried; how many were tried.

    Each account has its turn before another has its next. Those that failed last time are left to
    :func:`sweep_ailing`: to find out that one is still away may take as long as a line takes to
    break, and nobody else waits for that.
    """
    with router.store.reading() as unit:
        ailing = _ailing(unit)
    return _in_turn(router, ailing, limit)


def sweep_ailing(router: Router, *, limit: int = 200) -> int:
    """Try a row of each account that failed last time and that nobody is trying already; who is
    well again by that is none of these any more."""
    with router.store.reading() as unit:
        ailing = _ailing(unit) - claims.all_stopped(unit) - outbox.under_way(unit)
    return _in_turn(router, set(), limit, ailing) if ailing else 0


def waits(unit: Unit) -> bool:
    """Whether :func:`sweep` has anything to send."""
    return bool(outbox.pending(unit) - _ailing(unit))


def waits_at_ailing(unit: Unit) -> bool:
    """Whether :func:`sweep_ailing` has anything to try."""
    ailing = _ailing(unit)
    return bool(ailing) and bool(outbox.pending(unit) & ailing - claims.all_stopped(unit))


def _ailing(unit: Unit) -> _Accounts:
    """The accounts whose last send failed for a reason of the channel's."""
    names = [row.name.split(":", 2) for row in claims.health(unit) if not row.ok]
    return {(name[1], name[2]) for name in names if name[0] == "speaks"}


def _in_turn(router: Router, silent: _Accounts, limit: int, only: _Accounts | None = None) -> int:
    """Send a row of each account, and again, until nothing is left, or one of each of these alone;
    who cannot speak just now joins the ``silent``."""
    tried, had = 0, _Accounts()
    with Holding(router) as hand:
        while tried < limit:
            without, lease = silent | had, held_for(router)
            claim = partial(outbox.claim, lease_us=lease, without=without, only=only)
            row = router.store.write(claim)
            if row is None and (only or not had):
                break
            if row is None:
                had = _Accounts()
                continue
            tried += 1
            had.add((row.channel, row.account))
            hand.take(row)
            if not _in_pace(router, row) or not deliver(router, row):
                silent.add((row.channel, row.account))
    return tried


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
            outbox.postpone(unit, row, again, "pace")
        return spent is None

    return router.store.write(work)


def deliver(router: Router, row: Any) -> bool:
    """Try one claimed row; False when its channel as a whole cannot speak just now.

    Raises StoreError when what left cannot be written down: the row stays ``sending``, for nobody
    will know how far it came.
    """
    try:
        door = _speaker(router, row)
        allowed = _may(router, row)
        parts = _parts(router, row) if allowed is not None and allowed.ok else []
    except Exception as fault:  # noqa: BLE001  # each kind has its place on the ticket
        return settling.settle(router, row, fault)
    if allowed is None:
        return True
    if not allowed.ok:
        return False
    receipt = Receipt()
    for number in range(row.parts_sent, len(parts)):
        try:
            receipt = _say(router, row, door, allowed, parts, number)
        except Exception as fault:  # noqa: BLE001  # as above
            return settling.settle(router, row, fault)
        # It is out: what fails from here on must not look like a try that came to nothing.
        out = number + 1
        if out < len(parts) and not router.store.write(partial(_part_sent, router, row, out)):
            return True  # taken for dead meanwhile: the rest is no longer ours to send
    settling.sent(router, row, receipt)
    return True


def _part_sent(router: Router, row: Any, parts: int, unit: Unit) -> bool:
    """Count a part, and hold the row for the next one; False when it is in other hands."""
    outbox.part_sent(unit, row.id, parts)
    return outbox.hold(unit, row, lease_us=held_for(router))


def _kind(row: Any) -> Kind:
    return "acknowledgement" if row.purpose == "acknowledgement" else "human"


def _may(router: Router, row: Any) -> May | None:
    """Whether it may go; None when it was put off or is not needed any more. Not now where its
    channel was stopped since it was claimed: then it waits like all others of it."""
    place = (row.identity_id, row.channel, row.account)
    if not reaching.limited(router, row.channel, row.account):
        return May(ok=True)
    with router.store.reading() as unit:
        found = reaching.can_send(router, unit, place, _kind(row))
        needless = row.purpose == "acknowledgement" and outbox.answered(unit, row.ticket_id)
    if needless and found.quota_left is not None:
        router.store.write(lambda unit: outbox.settle(unit, row, "cancelled", reason="answered"))
        return None
    if found.ok:
        return found
    if found.code == "stopped":
        router.store.write(lambda unit: outbox.postpone(unit, row, unit.now_us, found.code))
        return found
    if found.again is None:
        raise WindowClosed(found.code)
    again = to_us(found.again)
    router.store.write(lambda unit: outbox.postpone(unit, row, again, found.code))
    return None


def _parts(router: Router, row: Any) -> list[str]:
    """The messages that its text goes out as."""
    limits = router.doors.open(row.channel, row.account).limits
    said = codes.filled(router, row.purpose, row.once, row.text)
    return pieces(said, limits.text, limits.text_bytes)


def _say(
    router: Router, row: Any, door: Speaks, allowed: May, parts: list[str], number: int
) -> Receipt:
    """Send one of the messages, counted before it leaves. Files go with the last."""
    place = (row.identity_id, row.channel, row.account)
    if number > row.parts_sent:
        with router.store.reading() as unit:
            now = reaching.can_send(router, unit, place, _kind(row))
        if not now.ok and now.code != "stopped":  # which the far side will say itself
            raise WindowClosed(f"{now.code}: {number} of {len(parts)} are out")
        allowed = now if now.ok else allowed
    files = _files(router, row) if number == len(parts) - 1 else ()
    part = replace(_outbound(row, files), text=parts[number], late=allowed.late)
    if reaching.limited(router, row.channel, row.account):
        return _counted(router, place, door, part)
    return door.speak(part)


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
        receipt, parts = _asked(router, row)
    except Unknown:
        return False
    except StoreError:
        raise
    except Exception as fault:  # noqa: BLE001  # it is asked again, and no other row waits for it
        log.warning("%s.%s cannot say what it sent: %r", row.channel, row.account, fault)
        if isinstance(fault, NotFound | Transient):
            wait = LOOKED_FOR if isinstance(fault, NotFound) else _ASKED_AGAIN
            again = partial(outbox.look_again, row_ids=[row.id])
            router.store.write(lambda unit: again(unit, due_at=to_us(unit.now + wait)))
        return False
    router.store.write(partial(_told, router, row, receipt, parts))
    return True


def _asked(router: Router, row: Any) -> tuple[Receipt | None, int]:
    """What the far side says of the part of a row that may be out, and how many parts it has."""
    door = router.doors.open(row.channel, row.account)
    if not isinstance(door, Settles):
        raise NotFound(f"{row.channel} cannot say what it sent")
    parts = pieces(row.text, door.limits.text, door.limits.text_bytes)
    part = parts[min(row.parts_sent, len(parts) - 1)]
    return door.look_up(replace(_outbound(row, ()), text=part)), len(parts)


def _told(router: Router, row: Any, receipt: Receipt | None, parts: int, unit: Unit) -> None:
    """It is there, so it is sent, or the next of its parts is; it is not, so it goes out again: at
    once the first time, later each time after, and once it was tried often enough no more."""
    waits = [0, *router.settings.deliver.retry_minutes]
    tries = outbox.tries(row)
    if receipt is None and tries > len(waits):
        if outbox.move(unit, row.id, ["unknown"], "failed", row.reason):
            timeline.note(unit, row.ticket_id, "send_failed", error=row.reason, purpose=row.purpose)
    elif receipt is None or row.parts_sent + 1 < parts:
        wait = timedelta(minutes=waits[tries - 1] if receipt is None else 0)
        out = row.parts_sent + (receipt is not None)
        if outbox.not_found(unit, row.id, parts_sent=out, due_at=to_us(unit.now + wait)):
            timeline.note(unit, row.ticket_id, "outbox_queued", purpose=row.purpose, old="unknown")
    elif outbox.found(unit, row.id, receipt.remote_id, "looked_up"):
        timeline.note(unit, row.ticket_id, "sent", purpose=row.purpose)
