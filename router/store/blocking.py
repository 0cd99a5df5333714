"""Senders that somebody at the desk has blocked, by the very handle they write from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.core.rights import Who, scope
from router.store.shapes import BlockedSender
from router.store.unit import Unit

#: Whether the identity of a row ``i`` is blocked, for queries that read one anyway.
IS_BLOCKED = "EXISTS (SELECT 1 FROM blocked_sender b WHERE b.identity_id = {id})"


def block(unit: Unit, identity_id: int, agent_id: int) -> bool:
    """Block a handle; False when it was blocked before."""
    if blocked(unit, identity_id):
        return False
    unit.put(BlockedSender, identity_id=identity_id, agent_id=agent_id, at=unit.now_us)
    return True


def let_in(unit: Unit, identity_id: int) -> bool:
    """Hear a blocked handle again; False when it was not blocked."""
    return bool(unit.run("DELETE FROM blocked_sender WHERE identity_id = :id", id=identity_id))


def blocked(unit: Unit, identity_id: int) -> bool:
    """Whether a handle is blocked."""
    return bool(unit.value("SELECT 1 FROM blocked_sender WHERE identity_id = :id", id=identity_id))


def of_ticket(unit: Unit, ticket_id: int) -> bool:
    """Whether the sender of a ticket is blocked."""
    return bool(
        unit.value(
            "SELECT 1 FROM blocked_sender b JOIN ticket t ON t.identity_id = b.identity_id "
            "WHERE t.id = :id",
            id=ticket_id,
        )
    )


def listed(unit: Unit, who: Who, limit: int = 200) -> Sequence[Any]:
    """Blocked handles, the newest first, with a ticket of theirs that the reader may see: kind,
    value, at, agent, number. Those without one are not the reader's to know of."""
    teams = scope(who)
    limited = "" if teams is None else " AND t.team_id IN :teams"
    known: dict[str, Any] = {} if teams is None else {"teams": list(teams)}
    return unit.rows(
        "SELECT i.kind, i.value, b.at, a.name AS agent, "  # noqa: S608  # ours
        "(SELECT t.number FROM ticket t WHERE t.requester_id = i.requester_id "
        f"AND t.identity_id = i.id{limited} ORDER BY t.id DESC LIMIT 1) AS number "
        "FROM blocked_sender b JOIN identity i ON i.id = b.identity_id "
        "JOIN agent a ON a.id = b.agent_id WHERE EXISTS (SELECT 1 FROM ticket t "
        f"WHERE t.requester_id = i.requester_id AND t.identity_id = i.id{limited}) "
        "ORDER BY b.at DESC, i.id LIMIT :n",
        n=limit,
        **known,
    )
