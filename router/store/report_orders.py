"""Reports that come by themselves: who gets which, when, by which way, how the last one went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.store.shapes import ReportOrder
from router.store.unit import Unit


def add(unit: Unit, **columns: Any) -> int:
    """Write an order down; its id."""
    order_id = unit.new_id()
    unit.put(ReportOrder, id=order_id, due_at=columns["slot"], **columns)
    return order_id


def of_agent(unit: Unit, agent_id: int) -> Sequence[Any]:
    """What somebody ordered, in its order."""
    return unit.rows("SELECT * FROM report_order WHERE agent_id = :id ORDER BY id", id=agent_id)


def drop(unit: Unit, order_id: int, agent_id: int) -> bool:
    """End an order of somebody's; False when it is not theirs."""
    return bool(
        unit.run(
            "DELETE FROM report_order WHERE id = :id AND agent_id = :agent",
            id=order_id,
            agent=agent_id,
        )
    )


def hasten(unit: Unit, order_id: int, agent_id: int) -> bool:
    """Let the next one come now; the one after comes at its hour. False when it is not theirs."""
    return bool(
        unit.run(
            "UPDATE report_order SET due_at = :now, attempts = 0 "
            "WHERE id = :id AND agent_id = :agent",
            now=unit.now_us,
            id=order_id,
            agent=agent_id,
        )
    )


def pending(unit: Unit) -> bool:
    """Whether any is due."""
    return bool(
        unit.value("SELECT 1 FROM report_order WHERE due_at <= :now LIMIT 1", now=unit.now_us)
    )


def claim(unit: Unit, lease_us: int) -> Any:
    """One that is due, for nobody else while the lease lasts; None when none is."""
    row = unit.row(
        "SELECT * FROM report_order WHERE due_at <= :now ORDER BY due_at, id LIMIT 1",
        now=unit.now_us,
    )
    if row is None or not unit.run(
        "UPDATE report_order SET due_at = :until, attempts = attempts + 1 "
        "WHERE id = :id AND due_at = :seen",
        until=unit.now_us + lease_us,
        id=row.id,
        seen=row.due_at,
    ):
        return None
    return row


def settle(unit: Unit, order_id: int, slot: int, error: str = "") -> None:
    """This one is done with, or given up; the next comes then."""
    unit.run(
        "UPDATE report_order SET slot = :slot, due_at = :slot, attempts = 0, error = :error, "
        "sent_at = CASE WHEN :error = '' THEN :now ELSE sent_at END WHERE id = :id",
        slot=slot,
        error=error,
        now=unit.now_us,
        id=order_id,
    )


def later(unit: Unit, order_id: int, due_at: int, error: str) -> None:
    """It could not go out: try again then."""
    unit.run(
        "UPDATE report_order SET due_at = :due, error = :error WHERE id = :id",
        due=due_at,
        error=error,
        id=order_id,
    )
