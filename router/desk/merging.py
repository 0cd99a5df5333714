"""Two tickets that are one, and two that only belong together."""

from __future__ import annotations

from typing import Any

from router.assemble import Router
from router.core.rights import Who
from router.desk.acting import Before, Deed, do, keep, take
from router.errors import Conflict, Invalid
from router.store import holding, links, merging, playbooks, snoozes, tickets, timeline, writings
from router.store.batch import Draft, write
from router.store.promises import clocks
from router.store.unit import Unit

#: A person of ours may have to act on it, now or when it wakes.
_OURS = ("new", "open", "snoozed")


def merge(router: Router, who: Who, gone_id: int, kept_id: int) -> str:
    """Make one ticket of two; the number of the one that is kept.

    Messages, sent and unsent, participants, begun texts and tasks go over, and an alarm that nobody
    took rings on. The kept ticket is as urgent as the more urgent of the two, and a security matter
    when either was; an alarm's team has it then. Whatever is still sent to the ticket that is gone
    arrives at the kept one.
    """
    if gone_id == kept_id:
        raise Invalid("number", "same_ticket")

    def job(unit: Unit) -> str:
        held = {one: take(unit, who, "merge", one) for one in sorted((gone_id, kept_id))}
        gone, kept = held[gone_id], held[kept_id]
        if merging.into(unit, (gone_id, kept_id)):
            raise Conflict("merged_away")
        before = Before.of(unit, gone), Before.of(unit, kept)
        moved = _carry(router, unit, who, gone, kept)
        for one in (gone, kept):
            if one.state != "snoozed":
                snoozes.forget(unit, one.id)
        write(unit, [gone, kept])
        deed = Deed(who, "merge", gone.id, more={"merge": moved})
        batch = keep(unit, deed, gone, before[0])
        deed = Deed(who, "merge", kept.id, batch=batch, more={"merged": gone.number})
        keep(unit, deed, kept, before[1])
        told = timeline.details({"into": kept_id})
        timeline.audit(unit, f"agent:{who.id}", "ticket.merge", f"ticket:{gone_id}", told)
        return kept.number

    return router.store.write(job)


def _carry(router: Router, unit: Unit, who: Who, gone: Draft, kept: Draft) -> dict[str, Any]:
    """Bring everything over and set both tickets' columns."""
    moved = merging.carry(unit, gone.id, kept.id)
    writings.move(unit, router.keys, gone.id, kept.id)
    for tag in tickets.tags(unit, gone.id):
        tickets.tag(unit, kept.id, tag)
    if gone.security and not kept.security:
        timeline.note(unit, kept.id, "category", old=kept.category, new=gone.category)
        kept.security, kept.category = True, gone.category
        _hand_over(unit, gone, kept)
    if kept.security:
        playbooks.wait(unit, kept.id)
    if gone.urgency < kept.urgency:
        timeline.note(unit, kept.id, "urgency", old=kept.urgency, new=gone.urgency)
        kept.urgency = gone.urgency
    clocks.merged(unit, gone, kept, router.policies)
    _stand(router, unit, gone, kept)
    kept.messages += gone.messages
    gone.state, gone.closed_at, gone.parked, gone.messages = "closed", unit.now_us, False, 0
    gone.updated_at = kept.updated_at = unit.now_us
    timeline.note(unit, gone.id, "merged", agent_id=who.id, number=kept.number)
    timeline.note(unit, kept.id, "merged_in", agent_id=who.id, number=gone.number)
    return moved


def _hand_over(unit: Unit, gone: Draft, kept: Draft) -> None:
    """An alarm stays its team's; whoever holds the kept ticket and may not see that lets go."""
    if gone.team_id == kept.team_id:
        return
    team, was = (tickets.team_key(unit, one.team_id) for one in (gone, kept))
    kept.team_id = gone.team_id
    timeline.note(unit, kept.id, "team", team=team, was=was)
    holding.hand_back(unit, [kept])


def _stand(router: Router, unit: Unit, gone: Draft, kept: Draft) -> None:
    """Where the matter of both stands: ours when either was, closed only when both were."""
    if gone.state in _OURS and kept.state not in ("new", "open"):
        kept.state, kept.closed_at = "open", None
        clocks.resume(unit, kept, router.policies)
    elif gone.state == "waiting" and kept.state == "closed":
        kept.state, kept.closed_at = "waiting", None
        clocks.pause(unit, kept, router.policies)


def link(router: Router, who: Who, ticket_id: int, other_id: int) -> None:
    """Tie two tickets that belong together; each stays its own."""
    if ticket_id == other_id:
        raise Invalid("number", "same_ticket")

    def work(unit: Unit, draft: Draft) -> None:
        other = take(unit, who, "link", other_id)
        if not links.relate(unit, ticket_id, other_id):
            return
        deed.more["link"] = [ticket_id, other_id]
        timeline.note(unit, ticket_id, "related", agent_id=who.id, number=other.number)
        timeline.note(unit, other_id, "related", agent_id=who.id, number=draft.number)

    deed = Deed(who, "link", ticket_id, beside=other_id)
    do(router, deed, work)
