"""Sending what the outbox holds: one row at a time, each tried by exactly one worker.

The mark ``sending`` is committed before the first byte leaves. What comes back is a receipt, a
"later" (the row waits), a "never" (the row fails and the ticket says so) or silence after the last
byte: then nobody can know, and the row becomes ``unknown`` for a person to settle.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from channels.contract import (
    ChannelError,
    Handle,
    Outbound,
    Receipt,
    Refused,
    Speaks,
    Transient,
    Unknown,
)
from router.assemble import Router
from router.core.clock import from_us, to_us
from router.errors import RouterError
from router.store import claims, outbox, timeline
from router.store.unit import Unit

log = logging.getLogger("router.deliver")

_SECOND = 1_000_000


def sweep(router: Router, *, limit: int = 200) -> int:
    """Send what is due, until nothing is or ``limit`` rows were tried; how many were tried."""
    silent: set[tuple[str, str]] = set()
    lease = router.settings.deliver.lease_seconds * _SECOND
    for tried in range(limit):
        row = router.store.write(
            lambda unit: outbox.claim(unit, lease_us=lease, without=frozenset(silent))
        )
        if row is None:
            return tried
        if not deliver(router, row):
            silent.add((row.channel, row.account))
    return limit


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
        receipt = _speaker(router, row).speak(_outbound(row))
    except Exception as fault:  # noqa: BLE001  # each kind has its place on the ticket
        return _settle(router, row, fault)
    _sent(router, row, receipt)
    return True


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
        _failed(router, row, fault)
        return True
    if isinstance(fault, ChannelError | RouterError):
        _later(router, row, fault)
        return False
    log.error("outbox row %s could not be sent", row.id, exc_info=fault)
    _failed(router, row, fault)
    return True


def _outbound(row: Any) -> Outbound:
    return Outbound(
        account=row.account,
        to=Handle(row.handle_kind, row.handle, row.handle_name),
        text=row.text,
        message_id=row.rfc_id,
        created_at=from_us(row.created_at),
        subject=row.subject,
        automatic=row.purpose == "acknowledgement",
        reply_to=row.reply_to,
        thread_ids=tuple(row.thread_ids.split()),
        conversation=row.conversation,
        locale=row.language or "en",
    )


def _sent(router: Router, row: Any, receipt: Receipt) -> None:
    def work(unit: Unit) -> None:
        if outbox.settle(
            unit, row.id, "sent", sent_at=unit.now_us, remote_id=receipt.remote_id, reason=""
        ):
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
        elif outbox.settle(unit, row.id, "unknown", reason=str(fault)[:300]):
            timeline.note(unit, row.ticket_id, "send_unknown", purpose=row.purpose)

    router.store.write(work)


def _later(router: Router, row: Any, fault: Exception) -> None:
    """Wait and try again; after the last wait the row fails, visibly."""
    waits = router.settings.deliver.retry_minutes
    if row.attempts > len(waits):
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
