"""Waiting for somebody who is neither we nor the requester: settling it stands still meanwhile."""

from __future__ import annotations

from router.assemble import Router
from router.core import lifecycle
from router.core.rights import Who
from router.desk.acting import act
from router.errors import Invalid
from router.store import timeline
from router.store.batch import Draft
from router.store.promises import clocks
from router.store.unit import Unit

#: Whom the desk waits for.
WHOM = ("risk", "bank", "chain", "merchant", "police", "other")


def wait_for(router: Router, who: Who, ticket_id: int, whom: str) -> None:
    """The ball is with somebody else. An answer that is owed to the requester stays owed, and the
    ticket then stays where it stands in the list."""
    if whom not in WHOM:
        raise Invalid("whom", "unknown_whom")

    def work(unit: Unit, draft: Draft) -> None:
        wait_in_hand(router, unit, draft, who, whom)

    act(router, who, "wait", ticket_id, work)


def wait_in_hand(router: Router, unit: Unit, draft: Draft, who: Who, whom: str) -> None:
    """The same for a ticket in hand."""
    waiting = lifecycle.after(draft.state, "wait")
    if not any(one.kind in clocks.ANSWERS for one in draft.clocks):
        draft.state = waiting
    clocks.pause(unit, draft, router.policies, "third_party")
    timeline.note(unit, draft.id, "waits_for", agent_id=who.id, whom=whom)


def go_on(router: Router, who: Who, ticket_id: int) -> None:
    """It is ours again: what stood still goes on with all that was left of it."""

    def work(unit: Unit, draft: Draft) -> None:
        draft.state = lifecycle.after(draft.state, "go_on")
        clocks.resume(unit, draft, router.policies)
        timeline.note(unit, draft.id, "goes_on", agent_id=who.id)

    act(router, who, "wait", ticket_id, work, verb="go_on")
