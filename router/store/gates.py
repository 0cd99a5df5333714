"""Identity gates of tickets: opened, passed, confirmed by a second person, set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.core.gates import TWO_PEOPLE
from router.store.shapes import Gate
from router.store.unit import Unit


def open_(unit: Unit, ticket_id: int, purpose: str, agent_id: int | None) -> int:
    """Put a gate on a ticket; its id."""
    gate_id = unit.new_id()
    unit.put(
        Gate,
        id=gate_id,
        ticket_id=ticket_id,
        purpose=purpose,
        state="open",
        opened_by=agent_id,
        opened_at=unit.now_us,
    )
    return gate_id


def of_ticket(unit: Unit, ticket_id: int) -> list[Any]:
    """Every gate of a ticket with its people's names, the newest last."""
    return list(
        unit.rows(
            "SELECT g.*, i.kind AS handle_kind, i.value AS handle, a.name AS passed_name, "
            "s.name AS second_name FROM gate g LEFT JOIN identity i ON i.id = g.identity_id "
            "LEFT JOIN agent a ON a.id = g.passed_by LEFT JOIN agent s ON s.id = g.second_by "
            "WHERE g.ticket_id = :id ORDER BY g.id",
            id=ticket_id,
        )
    )


def find(unit: Unit, gate_id: int) -> Any:
    """One gate, or None."""
    return unit.row("SELECT * FROM gate WHERE id = :id", id=gate_id)


def current(unit: Unit, ticket_id: int) -> Any:
    """The gate that is still in the way, or None."""
    rows = unit.rows(
        "SELECT * FROM gate WHERE state <> 'aside' AND (ticket_id = :id OR ticket_id IN "
        "(SELECT gone_id FROM merged WHERE kept_id = :id)) ORDER BY id DESC",
        id=ticket_id,
    )
    return next((row for row in rows if _in_the_way(row)), None)


def _in_the_way(row: Any) -> bool:
    if row.state == "open":
        return True
    return row.purpose in TWO_PEOPLE and row.second_by is None


def blocks(unit: Unit, ticket_id: int, category: str, needed: Mapping[str, str]) -> str:
    """The purpose of the gate that keeps a ticket from being closed as done, or nothing: one that
    is open, or one that its category needs and nobody has dealt with."""
    row = current(unit, ticket_id)
    if row is not None:
        return str(row.purpose)
    purpose = needed.get(category, "")
    if purpose and not unit.value(
        "SELECT 1 FROM gate WHERE ticket_id = :id AND purpose = :purpose LIMIT 1",
        id=ticket_id,
        purpose=purpose,
    ):
        return purpose
    return ""


def lifted(unit: Unit, ticket_id: int) -> bool:
    """Whether two people have agreed to lift a freeze."""
    return bool(
        unit.value(
            "SELECT 1 FROM gate WHERE ticket_id = :id AND purpose = 'unfreeze' "
            "AND state = 'passed' AND second_by IS NOT NULL LIMIT 1",
            id=ticket_id,
        )
    )


def change(unit: Unit, gate_id: int, **columns: Any) -> None:
    """Change columns of a gate."""
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    unit.run(f"UPDATE gate SET {assignments} WHERE id = :id", id=gate_id, **columns)  # noqa: S608


def handles(unit: Unit, requester_id: int, kinds: tuple[str, ...]) -> list[Any]:
    """Where a code may go: the requester's handles, and since when each is proven theirs (a mail
    of theirs came with a sender our own receiver vouched for); None when it never was."""
    return list(
        unit.rows(
            "SELECT i.id, i.kind, i.value, i.verified, i.created_at, ("
            "SELECT MIN(m.arrived_at) FROM ticket t JOIN message m ON m.ticket_id = t.id "
            "WHERE t.requester_id = i.requester_id AND m.identity_id = i.id "
            "AND m.verification = 'verified') AS proven_at "
            "FROM identity i WHERE i.requester_id = :person AND i.kind IN :kinds ORDER BY i.id "
            "LIMIT 20",
            person=requester_id,
            kinds=list(kinds),
        )
    )
