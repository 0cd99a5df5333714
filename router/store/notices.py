"""What people of the desk are told: queued, sent outside, and seen in the inbox."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from router.store import claims
from router.store.promises import climbs
from router.store.shapes import Notice
from router.store.unit import Unit

_NEWEST = 2**62
_SEEN = "CASE WHEN n.seen_at IS NULL THEN 0 ELSE 1 END"


def tell(  # what is told, to whom, and what keeps it from being told twice
    unit: Unit,
    once: str,
    code: str,
    people: Iterable[int],
    targets: Iterable[str],
    **params: object,
) -> None:
    """Put a notice about no ticket in hand: in the inbox for people, outside for targets."""
    wanted: dict[str, dict[str, Any]] = {
        f"{once}:agent:{agent_id}": {"agent_id": agent_id, "state": "shown"} for agent_id in people
    }
    wanted |= {f"{once}:out:{name}": {"target": name, "state": "queued"} for name in targets}
    for name, given in wanted.items():
        if unit.value("SELECT 1 FROM notice WHERE once = :once", once=name):
            continue
        unit.put(
            Notice,
            id=unit.new_id(),
            code=code,
            params=json.dumps(params, ensure_ascii=False),
            once=name,
            due_at=unit.now_us,
            created_at=unit.now_us,
            **given,
        )


def pending(unit: Unit) -> bool:
    """Whether any notice waits to go outside."""
    return bool(
        unit.value(
            "SELECT 1 FROM notice WHERE state IN ('queued', 'sending') AND due_at <= :now "
            "AND leased_until <= :now LIMIT 1",
            now=unit.now_us,
        )
    )


def claim(unit: Unit, limit: int, lease_us: int) -> list[Any]:
    """Take notices that are due, for as long as the lease lasts; an attempt is counted."""
    due = claims.among(
        unit,
        "SELECT id FROM notice WHERE state IN ('queued', 'sending') AND due_at <= :now "
        "AND leased_until <= :now ORDER BY due_at LIMIT :n",
    )
    return list(
        unit.rows(
            "UPDATE notice SET state = 'sending', leased_until = :until, attempts = attempts + 1 "  # noqa: S608  # ours
            f"WHERE id {due} "
            "RETURNING id, ticket_id, target, code, params, attempts",
            until=unit.now_us + lease_us,
            now=unit.now_us,
            n=limit,
        )
    )


def sent(unit: Unit, notice_id: int) -> None:
    """It was taken over there."""
    unit.run(
        "UPDATE notice SET state = 'sent', sent_at = :now, error = '' WHERE id = :id",
        now=unit.now_us,
        id=notice_id,
    )


def later(unit: Unit, notice_id: int, error: str, due_at: int | None) -> None:
    """It was not taken: try then, or never again."""
    unit.run(
        "UPDATE notice SET state = :state, error = :error, due_at = COALESCE(:due, due_at), "
        "leased_until = 0 WHERE id = :id",
        state="queued" if due_at is not None else "failed",
        error=error,
        due=due_at,
        id=notice_id,
    )


def of_agent(
    unit: Unit, agent_id: int, limit: int = 100, *, after: tuple[int, int] = (0, _NEWEST)
) -> list[Any]:
    """What somebody was told in the inbox, the newest first, what they have not seen before all;
    ``after`` a place in that order: whether it was seen (0 or 1), and its id."""
    return list(
        unit.rows(
            "SELECT n.id, n.code, n.params, n.created_at, n.seen_at, n.ticket_id, t.number, "  # noqa: S608  # ours
            "t.category, t.urgency, t.state, t.assignee_id, c.acknowledged_at, a.name AS taken_by, "
            f"{climbs.RESTS} AS rests FROM notice n "
            "LEFT JOIN ticket t ON t.id = n.ticket_id LEFT JOIN climb c ON c.id = n.climb_id "
            "LEFT JOIN agent a ON a.id = c.acknowledged_by WHERE n.agent_id = :agent "
            f"AND ({_SEEN}, -n.id) > (:seen, :id) ORDER BY {_SEEN}, n.id DESC LIMIT :n",
            agent=agent_id,
            seen=after[0],
            id=-after[1],
            n=limit,
        )
    )


def unseen(unit: Unit, agent_id: int) -> int:
    """How many notices somebody has not seen; counted up to a hundred."""
    return int(
        unit.value(
            "SELECT COUNT(*) FROM (SELECT 1 FROM notice WHERE agent_id = :agent "
            "AND seen_at IS NULL LIMIT 100) AS unseen",
            agent=agent_id,
        )
    )


def seen(unit: Unit, agent_id: int, first: int, last: int) -> int:
    """Somebody looked at their notices from this one to that one, by id: what came meanwhile, or
    was on no page yet, they have not."""
    return unit.run(
        "UPDATE notice SET seen_at = :now WHERE agent_id = :agent AND seen_at IS NULL "
        "AND id BETWEEN :first AND :last",
        now=unit.now_us,
        agent=agent_id,
        first=first,
        last=last,
    )
