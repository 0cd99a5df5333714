"""Who is there: here or away, in which shift, skilled in what, with how much in hand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from router.store.shapes import AgentSkill, Presence
from router.store.unit import Unit

HERE, AWAY = "here", "away"


def of_agent(unit: Unit, agent_id: int) -> str:
    """Here or away; who never said is away."""
    state = unit.value("SELECT state FROM presence WHERE agent_id = :id", id=agent_id)
    return str(state or AWAY)


def put(unit: Unit, agent_id: int, **columns: Any) -> None:
    """Change somebody's presence (state, shift, assigned_at)."""
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    changed = unit.run(
        f"UPDATE presence SET {assignments}, changed_at = :now WHERE agent_id = :id",  # noqa: S608
        id=agent_id,
        now=unit.now_us,
        **columns,
    )
    if not changed:
        unit.put(Presence, agent_id=agent_id, changed_at=unit.now_us, **{"state": AWAY, **columns})


def set_skills(unit: Unit, agent_id: int, skills: Sequence[str]) -> None:
    """Exactly these skills."""
    unit.run("DELETE FROM agent_skill WHERE agent_id = :id", id=agent_id)
    for one in dict.fromkeys(skills):
        unit.put(AgentSkill, agent_id=agent_id, skill=one)


def listed(unit: Unit, teams: Collection[int] | None) -> list[Any]:
    """Every agent and lead, or those of these teams: presence, load, when they were seen."""
    known: dict[str, Any] = {} if teams is None else {"teams": list(teams) or [0]}
    limited = (
        ""
        if teams is None
        else " AND a.id IN (SELECT agent_id FROM agent_team WHERE team_id IN :teams)"
    )
    return list(
        unit.rows(
            "SELECT a.id, a.name, a.role, COALESCE(p.state, 'away') AS state, "  # noqa: S608  # ours
            "COALESCE(p.shift, '') AS shift, COALESCE(p.assigned_at, 0) AS assigned_at, "
            "(SELECT COUNT(*) FROM ticket t WHERE t.assignee_id = a.id AND t.standing = 0) "
            "AS in_hand, (SELECT MAX(s.seen_at) FROM session s WHERE s.agent_id = a.id "
            "AND s.revoked_at IS NULL AND s.expires_at > :now) AS seen_at FROM agent a "
            "LEFT JOIN presence p ON p.agent_id = a.id WHERE a.active "
            f"AND a.role IN ('agent', 'lead'){limited} "
            "ORDER BY a.name, a.id",
            now=unit.now_us,
            **known,
        )
    )


def skills(unit: Unit, agent_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """What each of these is skilled in."""
    found: dict[int, set[str]] = {}
    if agent_ids:
        for row in unit.rows(
            "SELECT agent_id, skill FROM agent_skill WHERE agent_id IN :ids", ids=list(agent_ids)
        ):
            found.setdefault(row.agent_id, set()).add(row.skill)
    return {agent_id: frozenset(words) for agent_id, words in found.items()}


def teams(unit: Unit) -> dict[int, tuple[str, list[int]]]:
    """Every team: its key and its active people who take tickets (agents and leads)."""
    found: dict[int, tuple[str, list[int]]] = {
        row.id: (row.key, []) for row in unit.rows("SELECT id, key FROM team ORDER BY id")
    }
    for row in unit.rows(
        "SELECT m.team_id, m.agent_id FROM agent_team m JOIN agent a ON a.id = m.agent_id "
        "WHERE a.active AND a.role IN ('agent', 'lead') ORDER BY m.agent_id"
    ):
        found[row.team_id][1].append(row.agent_id)
    return found


def waiting(unit: Unit) -> bool:
    """Whether anybody is here and any ticket is nobody's."""
    return bool(
        unit.value("SELECT 1 FROM presence WHERE state = 'here' LIMIT 1")
        and unit.value("SELECT 1 FROM ticket WHERE assignee_id IS NULL AND standing = 0 LIMIT 1")
    )


def unassigned(unit: Unit, team_id: int, limit: int) -> list[int]:
    """Tickets of a team that are nobody's, the most pressing first."""
    rows = unit.rows(
        "SELECT id FROM ticket WHERE team_id = :team AND standing = 0 AND assignee_id IS NULL "
        "AND NOT parked AND NOT spam ORDER BY rank, id LIMIT :n",
        team=team_id,
        n=limit,
    )
    return [row.id for row in rows]


def let_go(unit: Unit, ticket_ids: Collection[int]) -> dict[int, list[str]]:
    """The parameters (JSON) of each time one of these tickets was let go for silence."""
    found: dict[int, list[str]] = {}
    if ticket_ids:
        for row in unit.rows(
            "SELECT ticket_id, params FROM entry WHERE ticket_id IN :ids AND code = 'released'",
            ids=list(ticket_ids),
        ):
            found.setdefault(row.ticket_id, []).append(row.params)
    return found
