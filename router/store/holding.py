"""Tickets whose holder may not see them any more, because they left the desk or the team: they go
back to the queue, in everybody's sight."""

from __future__ import annotations

from collections.abc import Iterable

from router.core.lifecycle import STANDING
from router.core.rights import Who, may
from router.store import people, timeline
from router.store.batch import Draft, load, write
from router.store.unit import Unit


def release(unit: Unit, agent_id: int, by: int | None) -> int:
    """Let go of all that somebody holds and may not see; how many. What is closed stays theirs, for
    it was they who worked on it."""
    rows = unit.rows(
        "SELECT id FROM ticket WHERE assignee_id = :agent AND standing <> :closed",
        agent=agent_id,
        closed=STANDING["closed"],
    )
    drafts = load(unit, [row.id for row in rows]).values()
    released = hand_back(unit, [one for one in drafts if one.assignee_id == agent_id], by)
    for draft in released:
        draft.updated_at = unit.now_us
    write(unit, released)
    return len(released)


def of_the_gone(unit: Unit) -> int:
    """Let go of what is still held by people who left the desk; how many."""
    rows = unit.rows(
        "SELECT a.id FROM agent a WHERE NOT a.active AND EXISTS (SELECT 1 FROM ticket t "
        "WHERE t.assignee_id = a.id AND t.standing <> :closed) ORDER BY a.id",
        closed=STANDING["closed"],
    )
    return sum(release(unit, row.id, None) for row in rows)


def hand_back(unit: Unit, drafts: Iterable[Draft], by: int | None = None) -> list[Draft]:
    """Take these tickets from holders who may not see them; those that are nobody's now."""
    holders: dict[int, Who | None] = {}
    released = []
    for draft in drafts:
        holder = draft.assignee_id
        if holder is None:
            continue
        if holder not in holders:
            holders[holder] = people.who(unit, holder)[0]
        who = holders[holder]
        if who is not None and may(who, "view", draft.team_id):
            continue
        name = people.agent(unit, holder).name
        timeline.note(unit, draft.id, "handed_back", agent_id=by, agent=name, id=holder)
        draft.assignee_id = None
        released.append(draft)
    return released
