"""Giving tickets to people who are there: by turns or by load, within teams, by skill and shift.

A ticket that is nobody's is given to somebody of its team who said that they are here, whose shift
is open, who was seen lately and has room; who let it go for silence does not get it again. What
nobody there may take stays in the queue, in everybody's sight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from router.assemble import Router
from router.core.turns import Candidate, choose
from router.store import presence, timeline
from router.store.batch import Draft, load, write
from router.store.unit import Unit

_MINUTE = 60_000_000
#: Tickets of a team in one commit.
_TOGETHER = 50


def sweep(router: Router) -> int:
    """Give what is nobody's to who is there; how many tickets were given."""
    if router.settings.assignment.mode == "off":
        return 0
    return router.store.write(lambda unit: _give(router, unit))


def _give(router: Router, unit: Unit) -> int:
    there = {one.agent_id: one for one in candidates(router, unit)}
    wanted = router.settings.assignment.teams
    given = 0
    for team_id, (key, people) in presence.teams(unit).items():
        mine = [agent_id for agent_id in people if agent_id in there]
        if mine and (not wanted or key in wanted):
            given += _team(router, unit, team_id, mine, there)
    return given


def candidates(router: Router, unit: Unit) -> list[Candidate]:
    """Everybody who may be given something now."""
    rows = [row for row in presence.listed(unit, None) if available(router, unit, row)]
    skills = presence.skills(unit, [row.id for row in rows])
    return [
        Candidate(row.id, row.name, row.in_hand, row.assigned_at, skills.get(row.id, frozenset()))
        for row in rows
    ]


def available(router: Router, unit: Unit, row: Any) -> bool:
    """Whether somebody said that they are here, was seen lately, and their shift is open."""
    idle = router.settings.assignment.idle_minutes
    if row.state != presence.HERE:
        return False
    if idle and (row.seen_at is None or row.seen_at < unit.now_us - idle * _MINUTE):
        return False
    return not row.shift or router.policies.counts_in(row.shift).is_open(unit.now)


def _team(
    router: Router,
    unit: Unit,
    team_id: int,
    mine: Sequence[int],
    there: dict[int, Candidate],
) -> int:
    ids = presence.unassigned(unit, team_id, _TOGETHER)
    drafts, gone = load(unit, ids), presence.let_go(unit, ids)
    given: list[Draft] = []
    for ticket_id in ids:
        draft = drafts.get(ticket_id)
        if draft is None or draft.assignee_id is not None or draft.team_id != team_id:
            continue
        chosen = _chosen(router, draft, [there[one] for one in mine], gone.get(ticket_id, ()))
        if chosen is None:
            continue
        there[chosen.agent_id] = replace(
            chosen, load=chosen.load + 1, given_at=unit.now_us + len(given)
        )
        draft.assignee_id = chosen.agent_id
        draft.updated_at = unit.now_us
        timeline.note(unit, draft.id, "assigned", agent=chosen.name, id=chosen.agent_id)
        presence.put(unit, chosen.agent_id, assigned_at=unit.now_us + len(given))
        given.append(draft)
    write(unit, given)
    return len(given)


def _chosen(
    router: Router, draft: Draft, mine: Sequence[Candidate], gone: Sequence[str]
) -> Candidate | None:
    settings = router.settings.assignment
    told: list[Mapping[str, Any]] = [json.loads(one) for one in gone if one]
    return choose(
        mine,
        language=draft.language,
        category=draft.category,
        mode=settings.mode,
        most=settings.most,
        without={int(one["id"]) for one in told if "id" in one},
    )
