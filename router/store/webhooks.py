"""Signed calls to the wallet's systems: queued, claimed by one worker, confirmed by the far side.

A call carries its row's id as its key, so the far side does nothing twice; a row whose worker died
is therefore claimed again when its lease is over, unlike a message to a person.
"""

from __future__ import annotations

from typing import Any

from router.store import claims
from router.store.shapes import OutgoingWebhook
from router.store.unit import Unit


def queue(unit: Unit, **columns: Any) -> int:
    """Write a call to be made; its id. ``once`` is unique: ask :func:`known` first."""
    row_id = unit.new_id()
    given = {"state": "queued", "created_at": unit.now_us, "due_at": unit.now_us, **columns}
    unit.put(OutgoingWebhook, id=row_id, **given)
    return row_id


def known(unit: Unit, once: str) -> bool:
    """Whether this call was ever queued."""
    return bool(unit.value("SELECT 1 FROM outgoing_webhook WHERE once = :once", once=once))


def pending(unit: Unit) -> bool:
    """Whether any call is due, or a confirmation overdue."""
    return bool(
        unit.value(
            "SELECT 1 FROM outgoing_webhook WHERE state IN ('queued', 'sending') "
            "AND due_at <= :now AND leased_until <= :now "
            "UNION ALL SELECT 1 FROM outgoing_webhook WHERE confirm_by <= :now LIMIT 1",
            now=unit.now_us,
        )
    )


def claim(unit: Unit, limit: int, lease_us: int) -> list[Any]:
    """Take calls that are due, for as long as the lease lasts; an attempt is counted."""
    due = claims.among(
        unit,
        "SELECT id FROM outgoing_webhook WHERE state IN ('queued', 'sending') "
        "AND due_at <= :now AND leased_until <= :now ORDER BY due_at LIMIT :n",
    )
    return list(
        unit.rows(
            "UPDATE outgoing_webhook SET state = 'sending', leased_until = :until, "  # noqa: S608  # ours
            f"attempts = attempts + 1 WHERE id {due} "
            "RETURNING id, ticket_id, target, kind, body, once, attempts, created_at",
            until=unit.now_us + lease_us,
            now=unit.now_us,
            n=limit,
        )
    )


def settle(unit: Unit, row_id: int, state: str, **columns: Any) -> bool:
    """Write what came of a try; False when the row is no longer ours to settle."""
    changes = {"state": state, "leased_until": 0, **columns}
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    return bool(
        unit.run(
            f"UPDATE outgoing_webhook SET {assignments} WHERE id = :id AND state = 'sending'",  # noqa: S608
            id=row_id,
            **changes,
        )
    )


def confirm(unit: Unit, row_id: int) -> Any:
    """The far side says that it was done; the row, or None when that was known or never asked."""
    if not unit.run(
        "UPDATE outgoing_webhook SET state = 'confirmed', confirmed_at = :now, confirm_by = NULL, "
        "leased_until = 0, reason = '' WHERE id = :id "
        "AND state IN ('queued', 'sending', 'sent', 'failed') AND target = 'wallet'",
        now=unit.now_us,
        id=row_id,
    ):
        return None
    return find(unit, row_id)


def refuse(unit: Unit, row_id: int, reason: str) -> Any:
    """The far side says that it will not be done; the row, or None when it had ended."""
    if not unit.run(
        "UPDATE outgoing_webhook SET state = 'failed', confirm_by = NULL, leased_until = 0, "
        "reason = :reason WHERE id = :id AND state IN ('queued', 'sending', 'sent') "
        "AND target = 'wallet'",
        reason=reason,
        id=row_id,
    ):
        return None
    return find(unit, row_id)


def overdue(unit: Unit, limit: int) -> list[Any]:
    """Calls whose confirmation did not come in time, each told once."""
    late = claims.among(
        unit,
        "SELECT id FROM outgoing_webhook WHERE confirm_by <= :now ORDER BY confirm_by LIMIT :n",
    )
    return list(
        unit.rows(
            f"UPDATE outgoing_webhook SET confirm_by = NULL WHERE id {late} "  # noqa: S608  # ours
            "RETURNING id, ticket_id, kind",
            now=unit.now_us,
            n=limit,
        )
    )


def again(unit: Unit, row_id: int) -> bool:
    """Make a call once more that was given up; False when it was not."""
    return bool(
        unit.run(
            "UPDATE outgoing_webhook SET state = 'queued', due_at = :now, attempts = 0, "
            "reason = '' WHERE id = :id AND state = 'failed'",
            now=unit.now_us,
            id=row_id,
        )
    )


def find(unit: Unit, row_id: int) -> Any:
    """One call, or None."""
    return unit.row("SELECT * FROM outgoing_webhook WHERE id = :id", id=row_id)


def of_ticket(unit: Unit, ticket_id: int) -> list[Any]:
    """What the wallet was asked to do about a ticket, the oldest first."""
    return list(
        unit.rows(
            "SELECT * FROM outgoing_webhook WHERE ticket_id = :id AND target = 'wallet' "
            "ORDER BY id",
            id=ticket_id,
        )
    )
