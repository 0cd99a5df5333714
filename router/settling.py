"""What came of a try to send: written on the row, on its ticket and on the channel's health."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from channels.contract import ChannelError, Receipt, Refused, Transient, Unknown
from router.assemble import Router
from router.core.clock import to_us
from router.errors import RouterError
from router.store import chats, claims, outbox, timeline
from router.store.batch import load
from router.store.unit import Unit

log = logging.getLogger("router.settling")

#: An address in what a far side says is somebody's own, and no log's.
_ADDRESS = re.compile(r"\S+@\S+")

#: A platform is asked whether a send arrived only after so long, in microseconds.
SETTLING = 30_000_000


def settle(router: Router, row: Any, fault: Exception) -> bool:
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


def sent(router: Router, row: Any, receipt: Receipt) -> None:
    """Write down that it was sent, also when nobody knew of it any more."""
    live = router.doors.open(row.channel, row.account).limits.live

    def work(unit: Unit) -> None:
        _hold(unit, [row])
        # A send that outlived its lease was called unknown meanwhile; now it is known.
        if outbox.found(unit, row.id, receipt.remote_id):
            # Before the conversation is held: who has the ticket in hand may want that next.
            timeline.note(unit, row.ticket_id, "sent", purpose=row.purpose)
            unit.flush()
            place = chats.place(unit, row.conversation, row.identity_id) if live else None
            if place is not None:
                chats.show(unit, place, row.id, row.message_id)
        claims.report(unit, f"speaks:{row.channel}:{row.account}", ok=True)

    router.store.write(work)


def _hold(unit: Unit, rows: Sequence[Any]) -> None:
    """Hold the tickets before their rows, as everybody does who merges or erases them."""
    load(unit, {row.ticket_id for row in rows})


def _failed(router: Router, row: Any, fault: Exception) -> None:
    reason = str(fault)[:300]

    def work(unit: Unit) -> None:
        _hold(unit, [row])
        if outbox.settle(unit, row, "failed", reason=reason):
            timeline.note(unit, row.ticket_id, "send_failed", error=reason, purpose=row.purpose)

    router.store.write(work)


def _again(router: Router, row: Any) -> timedelta | None:
    """How long a row of unknown outcome waits until the same bytes are sent once more; None when
    they are not, for a far side that never says what it did is not written to without end."""
    waits = router.settings.deliver.retry_minutes
    tries = outbox.tries(row)
    if router.settings.deliver.on_unknown != "resend" or tries > len(waits):
        return None
    return timedelta(minutes=waits[tries - 1])


def _unknown(router: Router, row: Any, fault: Unknown) -> None:
    again = _again(router, row)

    def work(unit: Unit) -> None:
        if again is not None:
            outbox.doubt(unit, row, "queued", reason="resend", due_at=to_us(unit.now + again))
            return
        due, reason = unit.now_us + SETTLING, str(fault)[:300]
        _hold(unit, [row])
        if outbox.doubt(unit, row, "unknown", reason=reason, due_at=due):
            timeline.note(unit, row.ticket_id, "send_unknown", purpose=row.purpose)

    router.store.write(work)


def _stopped(router: Router, row: Any, fault: Refused) -> None:
    """The far side refuses all of us: what waits stays, the channel says so and is left alone."""
    reason = str(fault)[:300]
    name = f"speaks:{row.channel}:{row.account}"
    log.error("%s has stopped: %s", name, reason)

    def work(unit: Unit) -> None:
        outbox.postpone(unit, row, unit.now_us, "stopped")
        claims.report(unit, name, ok=False, detail="stopped", params=reason)

    router.store.write(work)


def _later(router: Router, row: Any, fault: Exception) -> None:
    """Wait and try again; after the last wait the row fails, visibly."""
    waits = router.settings.deliver.retry_minutes
    tries = outbox.tries(row)
    if tries > len(waits):
        log.warning("outbox row %s is given up: %s", row.id, _ADDRESS.sub("…", str(fault)))
        _failed(router, row, fault)
        return
    asked = fault.after if isinstance(fault, Transient) else None
    wait = max(asked or timedelta(0), timedelta(minutes=waits[tries - 1]))
    reason = str(fault)[:300]

    def work(unit: Unit) -> None:
        outbox.settle(unit, row, "queued", reason=reason, due_at=to_us(unit.now + wait))
        name = f"speaks:{row.channel}:{row.account}"
        claims.report(unit, name, ok=False, detail="cannot_send", params=reason)

    router.store.write(work)


def recover(router: Router) -> int:
    """Settle rows whose worker died while sending, as the settings say; how many."""

    def work(unit: Unit) -> int:
        rows = outbox.lost(unit)
        _hold(unit, rows)
        return sum(_recovered(router, unit, row) for row in rows)

    return router.store.write(work)


def _recovered(router: Router, unit: Unit, row: Any) -> bool:
    again = _again(router, row)
    if again is not None:
        due = to_us(unit.now + again)
        return outbox.give_up(unit, row, "queued", reason="resend", due_at=due)
    due = unit.now_us + SETTLING
    if not outbox.give_up(unit, row, "unknown", reason=outbox.DIED, due_at=due):
        return False
    timeline.note(unit, row.ticket_id, "send_unknown", purpose=row.purpose)
    return True
