"""The desk's history as what-if asks for it: promises, and who answered when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.store.unit import Unit

#: Promises of one question at most: a busy desk's year.
MOST = 1_000_000


def promises(
    unit: Unit, low: int, high: int, teams: Sequence[int] | None, limit: int = MOST
) -> list[Any]:
    """Promises that began between two moments, with their tickets' matter. Those that ended in a
    merge were neither kept nor broken and are left out."""
    known: dict[str, Any] = {} if teams is None else {"teams": list(teams)}
    limited = "" if teams is None else " AND t.team_id IN :teams"
    return list(
        unit.rows(
            "SELECT c.kind, c.minutes, c.calendar, c.started_at, c.met_at, c.paused_at, c.pauses, "  # noqa: S608  # ours
            "t.urgency, t.category, t.channel, t.account, t.team_id, t.language, t.security "
            "FROM sla_clock c JOIN ticket t ON t.id = c.ticket_id "
            "WHERE c.started_at >= :low AND c.started_at < :high "
            f"AND NOT (c.met_at IS NOT NULL AND c.due_at IS NULL AND c.paused_at IS NULL){limited} "
            "ORDER BY c.started_at LIMIT :n",
            low=low,
            high=high,
            n=limit,
            **known,
        )
    )


def replies(unit: Unit, low: int, high: int) -> list[tuple[int, int]]:
    """(agent, when) of every answer a person wrote between two moments, in that order of time."""
    rows = unit.rows(
        "SELECT agent_id, arrived_at FROM message WHERE direction = 'out' AND agent_id IS NOT NULL "
        "AND arrived_at >= :low AND arrived_at < :high ORDER BY arrived_at LIMIT :n",
        low=low,
        high=high,
        n=MOST,
    )
    return [(row.agent_id, row.arrived_at) for row in rows]
