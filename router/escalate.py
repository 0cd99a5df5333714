"""Comparing promises with the clock, and climbing chains of people: each moment acts once.

The moments are rows with an index of their own, so a sweep costs what is due, not what is open. It
goes on until nothing is due; several workers share the work by claiming.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from router.assemble import Router
from router.core.clock import to_us
from router.core.rights import Who, may
from router.errors import Conflict, NotFound
from router.promise_settings import StepSettings
from router.store import batch, tickets, timeline
from router.store.promises import climbs, clocks
from router.store.unit import Unit

#: Promises a transaction: long enough to be cheap, short enough to keep nobody waiting.
_TOGETHER = 500
#: When it is looked again whether anybody is there, where no opening is known.
_AGAIN = timedelta(days=1)
#: The chains that are climbed without being asked for.
SECURITY, OVERDUE = "security", "overdue"


# ---------------------------------------------------------------- promises


def sweep(router: Router) -> int:
    """Warn of and break every promise whose moment has come; how many."""

    def work(unit: Unit) -> int:
        claimed = clocks.claim(unit, _TOGETHER)
        broken = clocks.act(unit, claimed, router.policies)
        if OVERDUE in router.settings.escalation.chains:
            for row in broken:
                climbs.begin(unit, row.ticket_id, OVERDUE, f"{row.kind}_broken", f"clock:{row.id}")
        late = {row.id for row in broken}
        _release(router, unit, [row for row in claimed if row.id not in late])
        return len(claimed)

    done = 0
    while acted := router.store.write(work):
        done += acted
    return done


def _release(router: Router, unit: Unit, warned: Sequence[Any]) -> None:
    """Whoever took a ticket and stays silent until its answer is warned of, lets it go again."""
    if not router.settings.escalation.release_silent:
        return
    silent = {row.ticket_id for row in warned if row.kind in clocks.ANSWERS}
    drafts = batch.load(unit, silent)
    released = [one for one in drafts.values() if one.assignee_id is not None]
    for draft in released:
        name = tickets.agent_name(unit, draft.assignee_id or 0)
        timeline.note(unit, draft.id, "released", agent=name, id=draft.assignee_id)
        draft.assignee_id = None
    batch.write(unit, released)


# ---------------------------------------------------------------- chains


def climb(router: Router) -> int:
    """Take every step whose moment has come; how many."""

    def work(unit: Unit) -> int:
        rows = climbs.claim(unit, _TOGETHER)
        for row in rows:
            _step(router, unit, row)
        return len(rows)

    done = 0
    while acted := router.store.write(work):
        done += acted
    return done


def _step(router: Router, unit: Unit, row: Any) -> None:
    settings = router.settings.escalation
    chain, ticket = settings.chains.get(row.chain, []), climbs.ticket_of(unit, row.ticket_id)
    if not chain or climbs.over(unit, row, ticket):
        climbs.end(unit, row.id)
        return
    quiet = not ticket.security and not _awake(router, unit)
    if quiet:
        hours = router.policies.counts_in(settings.calendar)
        climbs.go_on(unit, row.id, row.step, to_us(hours.next_open(unit.now) or unit.now + _AGAIN))
        return
    step = chain[min(row.step, len(chain) - 1)]
    told = climbs.tell(
        unit,
        row,
        row.reason,
        _people(unit, step, ticket),
        _targets(router, step),
        number=ticket.number,
        category=ticket.category,
        urgency=ticket.urgency,
        step=row.step + 1,
    )
    climbs.note(unit, row, row.step, told)
    if row.step + 1 >= len(chain) + settings.repeats:
        timeline.note(unit, row.ticket_id, "escalation_exhausted")
        climbs.end(unit, row.id)
        return
    wait = timedelta(minutes=step.wait_minutes) // timedelta(microseconds=1)
    climbs.go_on(unit, row.id, row.step + 1, unit.now_us + wait)


def _awake(router: Router, unit: Unit) -> bool:
    return router.policies.counts_in(router.settings.escalation.calendar).is_open(unit.now)


def _people(unit: Unit, step: StepSettings, ticket: Any) -> list[int]:
    """Who is told in the inbox: the assignee, the ticket's team, or everybody of a role."""
    found: list[int] = []
    for one in step.to:
        if one == "assignee":
            found += [ticket.assignee_id] if ticket.assignee_id else []
        elif one == "team":
            found += climbs.agents(unit, team_id=ticket.team_id)
        elif one == "lead":
            found += climbs.agents(unit, role=one, team_id=ticket.team_id)
        elif not one.startswith("notice:"):
            found += climbs.agents(unit, role=one)
    return list(dict.fromkeys(found))


def _targets(router: Router, step: StepSettings) -> list[str]:
    """Where it is told outside: the notices named, those of them that are switched on."""
    on = [name for name, one in router.settings.notices.items() if one.enabled]
    asked = [one.removeprefix("notice:") for one in step.to if one.startswith("notice:")]
    return on if "*" in asked else [name for name in on if name in asked]


def acknowledge(router: Router, who: Who, ticket_id: int) -> None:
    """A person says that it is theirs: nothing climbs any more, and the ticket is theirs unless
    somebody has it. Raises NotFound, or Conflict when nothing climbs."""

    def work(unit: Unit) -> None:
        draft = batch.load(unit, [ticket_id]).get(ticket_id)
        if draft is None or not may(who, "view", draft.team_id):
            raise NotFound("there is no such ticket among yours")
        if not climbs.take(unit, ticket_id, who.id):
            raise Conflict("nothing_climbs")
        timeline.note(unit, ticket_id, "escalation_taken", agent_id=who.id)
        if draft.assignee_id is None:
            draft.assignee_id = who.id
            timeline.note(unit, ticket_id, "assigned", agent_id=who.id, agent=who.name, id=who.id)
        draft.updated_at = unit.now_us
        batch.write(unit, [draft])
        timeline.audit(unit, f"agent:{who.id}", "ticket.take", f"ticket:{ticket_id}")

    router.store.write(work)
