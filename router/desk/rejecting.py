"""What nobody should have to see: a ticket that is no matter of anybody's, a sender who floods."""

from __future__ import annotations

from router.assemble import Router
from router.core import lifecycle
from router.core.rights import Who
from router.desk.acting import Deed, do
from router.errors import Invalid
from router.store import blocking, tickets, timeline
from router.store.batch import Draft
from router.store.promises import clocks
from router.store.unit import Unit


def spam(router: Router, who: Who, ticket_id: int, *, block: bool = False) -> None:
    """This is no matter of a requester's: it is closed, nothing is owed on it any more, and what
    still comes for it wakes nobody. With ``block`` its sender is blocked as well."""
    deed = Deed(who, "spam", ticket_id)

    def work(unit: Unit, draft: Draft) -> None:
        spam_in_hand(unit, draft, who)
        if block:
            _block(unit, draft, who, deed)

    do(router, deed, work)


def spam_in_hand(unit: Unit, draft: Draft, who: Who) -> None:
    """The same for a ticket in hand."""
    if draft.spam:
        return
    if draft.state != "closed":
        draft.state = lifecycle.after(draft.state, "close")
        draft.closed_at = unit.now_us
    draft.spam, draft.parked = True, False
    clocks.waive(unit, draft)
    tickets.tag(unit, draft.id, tickets.SPAM)
    timeline.note(unit, draft.id, "spam", agent_id=who.id)


def block(router: Router, who: Who, ticket_id: int) -> None:
    """File what this ticket's sender still writes unseen and unanswered, by any channel that knows
    them by this handle. A security matter comes through all the same."""
    deed = Deed(who, "block", ticket_id)

    def work(unit: Unit, draft: Draft) -> None:
        _block(unit, draft, who, deed)

    do(router, deed, work)


def _block(unit: Unit, draft: Draft, who: Who, deed: Deed) -> None:
    if tickets.handle_kind(unit, draft.identity_id) == "unknown":
        raise Invalid("sender", "unknown_sender")
    if blocking.block(unit, draft.identity_id, who.id):
        deed.more["blocked"] = draft.identity_id
        timeline.note(unit, draft.id, "blocked", agent_id=who.id)


def unblock(router: Router, who: Who, ticket_id: int) -> None:
    """Hear this ticket's sender again; what was filed meanwhile stays where it is."""
    deed = Deed(who, "block", ticket_id, verb="unblock")

    def work(unit: Unit, draft: Draft) -> None:
        if blocking.let_in(unit, draft.identity_id):
            deed.more["unblocked"] = draft.identity_id
            timeline.note(unit, draft.id, "unblocked", agent_id=who.id)

    do(router, deed, work)
