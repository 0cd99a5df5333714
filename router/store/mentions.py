"""Where colleagues were named."""

from __future__ import annotations

from router.store.shapes import Mention
from router.store.unit import Unit


def name(unit: Unit, message_id: int, agent_id: int, ticket_id: int) -> None:
    """A note names a colleague, who has not looked yet."""
    unit.put(Mention, message_id=message_id, agent_id=agent_id, ticket_id=ticket_id)


def open_on(unit: Unit, agent_id: int, ticket_id: int) -> bool:
    """Whether somebody was named on this ticket and has not looked."""
    return bool(
        unit.value(
            "SELECT 1 FROM mention WHERE agent_id = :agent AND seen_at IS NULL "
            "AND ticket_id = :ticket LIMIT 1",
            agent=agent_id,
            ticket=ticket_id,
        )
    )


def look(unit: Unit, agent_id: int, ticket_id: int) -> None:
    """They have looked."""
    unit.run(
        "UPDATE mention SET seen_at = :now WHERE agent_id = :agent AND ticket_id = :ticket "
        "AND seen_at IS NULL",
        now=unit.now_us,
        agent=agent_id,
        ticket=ticket_id,
    )
