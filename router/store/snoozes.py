"""Tickets that sleep until a moment."""

from __future__ import annotations

from router.store import claims
from router.store.shapes import Snooze
from router.store.unit import Unit


def until(unit: Unit, ticket_id: int) -> int | None:
    """When the ticket wakes, or None when it does not sleep."""
    found = unit.value("SELECT until FROM snooze WHERE ticket_id = :id", id=ticket_id)
    return None if found is None else int(found)


def put(unit: Unit, ticket_id: int, agent_id: int, until_us: int) -> None:
    """Send a ticket to sleep, or let it sleep until another moment."""
    forget(unit, ticket_id)
    unit.put(Snooze, ticket_id=ticket_id, agent_id=agent_id, until=until_us)


def forget(unit: Unit, ticket_id: int) -> None:
    """The ticket sleeps no more."""
    unit.run("DELETE FROM snooze WHERE ticket_id = :id", id=ticket_id)


def pending(unit: Unit) -> bool:
    """Whether any ticket's time to wake has come."""
    return bool(unit.value("SELECT 1 FROM snooze WHERE until <= :now LIMIT 1", now=unit.now_us))


def take(unit: Unit, limit: int = 200) -> list[int]:
    """End the sleep of those whose time has come, the earliest first; their tickets, which are held
    from now on. One in somebody's hands is left to the next look."""
    due = claims.among(
        unit,
        "SELECT s.ticket_id FROM snooze s JOIN ticket t ON t.id = s.ticket_id "
        "WHERE s.until <= :now ORDER BY s.until LIMIT :n",
    )
    rows = unit.rows(
        f"DELETE FROM snooze WHERE ticket_id {due} RETURNING ticket_id",  # noqa: S608  # ours
        now=unit.now_us,
        n=limit,
    )
    return [row.ticket_id for row in rows]
