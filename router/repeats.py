"""One person who writes again about something else, perhaps on another channel: raised, and tied.

The newer ticket rises one step and the two are tied as *suggested*; a person accepts that or
dismisses it. Nothing is ever merged, calmed or lowered here.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.assemble import Router
from router.core.rights import Who, may
from router.errors import Conflict, NotAllowed, NotFound
from router.store import links, timeline
from router.store.batch import Draft, load, write
from router.store.promises import clocks
from router.store.unit import Unit

REASON = "repeat_contact"
_HIGHER = {"P4": "P3", "P3": "P2", "P2": "P1"}


def raise_again(router: Router, unit: Unit, pairs: Mapping[int, int]) -> int:
    """Raise and tie tickets to the ones their people wrote on before; how many were raised."""
    fresh = {
        ticket: other for ticket, other in pairs.items() if not links.between(unit, ticket, other)
    }
    drafts = load(unit, {*fresh, *fresh.values()})
    raised = []
    for ticket, other in fresh.items():
        if ticket not in drafts or other not in drafts:
            continue
        draft = drafts[ticket]
        _tie(unit, draft, drafts[other])
        if draft.urgency in _HIGHER and draft.state != "closed" and not draft.spam:
            old, draft.urgency = draft.urgency, _HIGHER[draft.urgency]
            clocks.retarget(unit, draft, router.policies)
            timeline.note(unit, ticket, "urgency", old=old, new=draft.urgency, reason=REASON)
            draft.updated_at = unit.now_us
            raised.append(draft)
    write(unit, raised)
    return len(raised)


def _tie(unit: Unit, draft: Draft, other: Draft) -> None:
    links.tie(unit, draft.id, other.id, links.SUGGESTED)
    timeline.note(unit, draft.id, "suggested", number=other.number, reason=REASON)
    timeline.note(unit, other.id, "suggested", number=draft.number, reason=REASON)


def decide(router: Router, who: Who, ticket_id: int, link_id: int, *, accept: bool) -> None:
    """A person says whether two tickets belong together."""

    def work(unit: Unit) -> None:
        link = links.find(unit, link_id, ticket_id)
        if link is None:
            raise NotFound("there is no such suggestion on this ticket")
        drafts = load(unit, (link.ticket_id, link.other_id))
        if not all(may(who, "view", one.team_id) for one in drafts.values()):
            raise NotFound("there is no such suggestion among yours")
        if not may(who, "categorise", drafts[ticket_id].team_id):
            raise NotAllowed(f"a person with the role {who.role} may not decide this")
        kind = links.RELATED if accept else links.DISMISSED
        if not links.decide(unit, link_id, kind):
            raise Conflict("suggestion_moved_on")
        code = "suggestion_accepted" if accept else "suggestion_dismissed"
        for draft in drafts.values():
            other = next(one for one in drafts.values() if one.id != draft.id)
            _note(unit, draft.id, code, who, other.number)
        timeline.audit(unit, f"agent:{who.id}", f"ticket.{code}", f"ticket:{ticket_id}")

    router.store.write(work)


def _note(unit: Unit, ticket_id: int, code: str, who: Who, number: str) -> None:
    timeline.note(unit, ticket_id, code, agent_id=who.id, number=number)
