"""Looking up what the wallet says of a requester's account."""

from __future__ import annotations

from router.assemble import Router
from router.core.rights import Who
from router.desk.acting import final
from router.errors import Conflict
from router.store import gates, timeline
from router.store.batch import Draft
from router.store.unit import Unit
from router.wallet import Look

#: Identity spaces in which the wallet may know somebody.
KINDS = ("email", "phone", "wechat", "messenger", "x")


def look_up(router: Router, who: Who, ticket_id: int) -> Look:
    """Ask the wallet about the requester's account. That somebody looks is written down before the
    question is put; the answer is kept in memory only, for a while, for this agent.

    Raises Conflict where no wallet can be asked, or it does not answer.
    """
    if not router.wallet.looks:
        raise Conflict("no_wallet")

    def work(unit: Unit, draft: Draft) -> tuple[int, list[tuple[str, str]]]:
        timeline.note(unit, draft.id, "looked_up", agent_id=who.id)
        found = gates.handles(unit, draft.requester_id, KINDS)
        return unit.new_id(), [(one.kind, one.value) for one in found]

    number, handles = final(router, who, "look_up", ticket_id, work)
    if not handles:
        raise Conflict("nobody_to_freeze")
    return router.wallet.look(who.id, ticket_id, handles, router.clock.now(), f"look_{number}")
