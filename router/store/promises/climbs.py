"""What climbs a chain of people until somebody takes it, and what each of them is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from router.store import claims, timeline
from router.store.shapes import Climb, Notice
from router.store.unit import Unit

#: Tickets of these states, or answered meanwhile, need nobody any more.
_OVER = ("closed", "waiting", "snoozed")
#: The same asked of a climb ``c`` and its ticket ``t``; what climbs is only ended by its next step.
RESTS = (
    "(t.state IN ('closed', 'waiting', 'snoozed') OR EXISTS (SELECT 1 FROM message m "
    "WHERE m.ticket_id = t.id AND m.direction = 'out' AND m.agent_id IS NOT NULL "
    "AND m.arrived_at >= c.started_at))"
)


def begin(unit: Unit, ticket_id: int, chain: str, reason: str, once: str) -> None:
    """Let a new cause climb from now on; the caller knows that there is none of that name."""
    unit.put(
        Climb,
        id=unit.new_id(),
        ticket_id=ticket_id,
        chain=chain,
        reason=reason,
        once=once,
        started_at=unit.now_us,
        due_at=unit.now_us,
    )


def known(unit: Unit, names: Sequence[str]) -> set[str]:
    """Which causes have climbed before."""
    if not names:
        return set()
    rows = unit.rows("SELECT once FROM climb WHERE once IN :names", names=list(names))
    return {row.once for row in rows}


def waiting(unit: Unit) -> bool:
    """Whether anything climbs now."""
    return bool(unit.value("SELECT 1 FROM climb WHERE due_at <= :now LIMIT 1", now=unit.now_us))


def claim(unit: Unit, limit: int) -> list[Any]:
    """Take up to so many that climb now, with their tickets; nobody else has them in this
    transaction, and those of tickets in somebody's hands are left to the next look."""
    due = claims.among(
        unit,
        "SELECT c.id FROM climb c JOIN ticket t ON t.id = c.ticket_id "
        "WHERE c.due_at <= :now ORDER BY c.due_at LIMIT :n",
    )
    return list(
        unit.rows(
            f"UPDATE climb SET due_at = NULL WHERE id {due} "  # noqa: S608  # ours
            "RETURNING id, ticket_id, chain, reason, step, started_at",
            now=unit.now_us,
            n=limit,
        )
    )


def ticket_of(unit: Unit, ticket_id: int) -> Any:
    """What a step needs to know of its ticket."""
    return unit.row(
        "SELECT id, number, state, category, urgency, security, team_id, assignee_id FROM ticket "
        "WHERE id = :id",
        id=ticket_id,
    )


def over(unit: Unit, row: Any, ticket: Any) -> bool:
    """Whether the cause is settled: the ticket rests, or a person answered since it began."""
    if ticket is None or ticket.state in _OVER:
        return True
    return bool(
        unit.value(
            "SELECT 1 FROM message WHERE ticket_id = :ticket AND direction = 'out' "
            "AND agent_id IS NOT NULL AND arrived_at >= :since LIMIT 1",
            ticket=ticket.id,
            since=row.started_at,
        )
    )


def end(unit: Unit, climb_id: int) -> None:
    """Nothing more comes of it."""
    unit.run(
        "UPDATE climb SET ended_at = :now, due_at = NULL WHERE id = :id",
        now=unit.now_us,
        id=climb_id,
    )


def go_on(unit: Unit, climb_id: int, step: int, due_at: int) -> None:
    """The step that comes then, unless somebody takes it before."""
    unit.run(
        "UPDATE climb SET step = :step, due_at = :due WHERE id = :id AND acknowledged_at IS NULL",
        step=step,
        due=due_at,
        id=climb_id,
    )


def take(unit: Unit, ticket_id: int, agent_id: int) -> int:
    """An agent says that it is theirs; how many causes stop climbing."""
    return unit.run(
        "UPDATE climb SET acknowledged_by = :agent, acknowledged_at = :now, due_at = NULL "
        "WHERE ticket_id = :ticket AND ended_at IS NULL AND acknowledged_at IS NULL",
        agent=agent_id,
        now=unit.now_us,
        ticket=ticket_id,
    )


def running(unit: Unit, ticket_id: int) -> list[Any]:
    """What climbs on a ticket that needs somebody, and nobody took yet."""
    return list(
        unit.rows(
            "SELECT c.id, c.chain, c.reason, c.step, c.started_at, c.due_at FROM climb c "  # noqa: S608  # ours
            "JOIN ticket t ON t.id = c.ticket_id WHERE c.ticket_id = :t AND c.ended_at IS NULL "
            f"AND c.acknowledged_at IS NULL AND NOT {RESTS} ORDER BY c.id",
            t=ticket_id,
        )
    )


# ---------------------------------------------------------------- whom to tell


def agents(unit: Unit, *, role: str = "", team_id: int | None = None) -> list[int]:
    """Active people of a role, of a team, or both."""
    sql = "SELECT a.id FROM agent a WHERE a.active"
    if role:
        sql += " AND a.role = :role"
    if team_id is not None:
        sql += (
            " AND EXISTS (SELECT 1 FROM agent_team m WHERE m.agent_id = a.id AND m.team_id = :team)"
        )
    params: dict[str, Any] = {"role": role} if role else {}
    if team_id is not None:
        params["team"] = team_id
    return [row.id for row in unit.rows(f"{sql} ORDER BY a.id", **params)]


def tell(
    unit: Unit,
    row: Any,
    code: str,
    people: Iterable[int],
    targets: Iterable[str],
    **params: object,
) -> int:
    """Put notices in hand: in the inbox for people, outside for targets; how many are new."""
    wanted: dict[str, dict[str, Any]] = {}
    for agent_id in people:
        name = f"{row.id}:{row.step}:agent:{agent_id}"
        wanted[name] = {"agent_id": agent_id, "state": "shown"}
    for target in targets:
        wanted[f"{row.id}:{row.step}:out:{target}"] = {"target": target, "state": "queued"}
    there = {
        one.once
        for one in unit.rows(
            "SELECT once FROM notice WHERE climb_id = :climb AND once IN :names",
            climb=row.id,
            names=list(wanted) or [""],
        )
    }
    for name, given in wanted.items():
        if name not in there:
            unit.put(
                Notice,
                id=unit.new_id(),
                ticket_id=row.ticket_id,
                climb_id=row.id,
                code=code,
                params=json.dumps(params, ensure_ascii=False),
                once=name,
                due_at=unit.now_us,
                created_at=unit.now_us,
                **given,
            )
    return len(wanted.keys() - there)


def note(unit: Unit, row: Any, step: int, told: int) -> None:
    """One step on the ticket's timeline."""
    timeline.note(unit, row.ticket_id, "escalated", step=step + 1, told=told, cause=row.reason)
