"""Acts that can be taken back: what a ticket was before one and after it.

Taking back is no second act of the same kind: the ticket gets the very columns it had, its promises
the very beginnings, pauses and minutes. What is over by these stays broken; what only the act broke
is not broken any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from router.store import snoozes, tickets
from router.store.batch import Draft, load
from router.store.shapes import Act
from router.store.unit import Unit

#: What of a ticket an act may change; tags and sleep are kept beside it.
COLUMNS = (
    "state",
    "assignee_id",
    "team_id",
    "category",
    "urgency",
    "security",
    "closed_at",
    "parked",
    "spam",
    "verification",
)
_CLOCK = (
    "id, kind, started_at, due_at, paused_at, left_us, act_at, pauses, minutes, policy, calendar, "
    "breached_at"
)
#: An act is offered to be taken back for so long.
FOR_US = 15 * 60 * 1_000_000


def look(unit: Unit, draft: Draft) -> dict[str, Any]:
    """The ticket as it is now."""
    return {
        **{name: getattr(draft, name) for name in COLUMNS},
        "tags": tickets.tags(unit, draft.id),
        "until": snoozes.until(unit, draft.id),
    }


def clocks(unit: Unit, ticket_id: int) -> list[dict[str, Any]]:
    """Its promises that have not been met."""
    rows = unit.rows(
        f"SELECT {_CLOCK} FROM sla_clock WHERE ticket_id = :id AND met_at IS NULL ORDER BY id",  # noqa: S608  # ours
        id=ticket_id,
    )
    return [row.as_dict() for row in rows]


def keep(unit: Unit, **columns: Any) -> None:
    """Write an act down."""
    unit.put(Act, at=unit.now_us, **columns)


def last(unit: Unit, agent_id: int, ticket_id: int) -> Any:
    """What this agent did last to the ticket, while it is still offered to be taken back."""
    return unit.row(
        "SELECT id, batch, verb, seen, at FROM act WHERE ticket_id = :ticket AND agent_id = :agent "
        "AND undone_at IS NULL AND at > :since ORDER BY id DESC LIMIT 1",
        ticket=ticket_id,
        agent=agent_id,
        since=unit.now_us - FOR_US,
    )


def of_batch(unit: Unit, batch: int, agent_id: int) -> Sequence[Any]:
    """The acts an agent did together that were not taken back, in their order."""
    return unit.rows(
        "SELECT id, ticket_id, verb, seen, at FROM act WHERE batch = :batch "
        "AND agent_id = :agent AND undone_at IS NULL ORDER BY id",
        batch=batch,
        agent=agent_id,
    )


def close(unit: Unit, act_id: int) -> bool:
    """Say that an act was taken back; False when somebody was faster."""
    return bool(
        unit.run(
            "UPDATE act SET undone_at = :now WHERE id = :id AND undone_at IS NULL",
            now=unit.now_us,
            id=act_id,
        )
    )


def put_back(unit: Unit, draft: Draft, act_id: int, was: Sequence[Mapping[str, Any]]) -> None:
    """Give the ticket's promises what they had before an act; those it began are gone."""
    ids = [one["id"] for one in was]
    _mend(unit, [one["id"] for one in was if one["due_at"] is None or one["due_at"] > unit.now_us])
    unit.run(
        "DELETE FROM sla_clock WHERE ticket_id = :ticket AND id > :act AND id NOT IN :ids",
        ticket=draft.id,
        act=act_id,
        ids=ids or [0],
    )
    unit.run_many(
        "UPDATE sla_clock SET started_at = :started_at, due_at = :due_at, paused_at = :paused_at, "
        "left_us = :left_us, pauses = :pauses, minutes = :minutes, policy = :policy, "
        "calendar = :calendar, met_at = NULL, "
        "breached_at = COALESCE(breached_at, CAST(:breached_at AS BIGINT)), "
        "act_at = CASE WHEN breached_at IS NULL THEN CAST(:act_at AS BIGINT) END WHERE id = :id",
        [{"breached_at": None} | {key: one[key] for key in one if key != "kind"} for one in was],
    )
    draft.clocks = load(unit, [draft.id])[draft.id].clocks


def _mend(unit: Unit, ids: Sequence[int]) -> None:
    """These promises were not broken, and nobody is called for them any more. Should they break
    after all, that is another cause to call."""
    unit.run("UPDATE sla_clock SET breached_at = NULL WHERE id IN :ids", ids=list(ids) or [0])
    unit.run_many(
        "UPDATE climb SET ended_at = COALESCE(ended_at, :now), due_at = NULL, once = :other "
        "WHERE once = :once",
        [
            {"now": unit.now_us, "once": f"clock:{one}", "other": f"undone:{one}:{unit.now_us}"}
            for one in ids
        ],
    )


def put_tags(unit: Unit, ticket_id: int, tags: Sequence[str]) -> None:
    """Exactly these tags."""
    unit.run("DELETE FROM ticket_tag WHERE ticket_id = :id", id=ticket_id)
    unit.run_many(
        "INSERT INTO ticket_tag (ticket_id, tag) VALUES (:id, :tag)",
        [{"id": ticket_id, "tag": tag} for tag in tags],
    )
