"""How an act is done: the ticket in hand, the right checked, what changed written down so that it
can be taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from router.assemble import Router
from router.core.rights import Who, may
from router.errors import Conflict, NotAllowed, NotFound
from router.store import acts, snoozes, timeline
from router.store.batch import Draft, load, write
from router.store.unit import Unit

T = TypeVar("T")
#: Columns of a ticket whose change stands in the audit log: codes and ids, nobody's text.
_TOLD = ("urgency", "category", "team_id", "assignee_id", "state")
Work = Callable[[Unit, Draft], T]


@dataclass(frozen=True, slots=True)
class Before:
    """A ticket and its open promises before an act, and the act's id: whatever the act begins has a
    larger one."""

    act_id: int
    columns: dict[str, Any]
    promises: list[dict[str, Any]]

    @staticmethod
    def of(unit: Unit, draft: Draft) -> Before:
        """The ticket as it is now."""
        return Before(unit.new_id(), acts.look(unit, draft), acts.clocks(unit, draft.id))


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does what to which ticket.

    ``verb`` is what it is called where it is offered to be taken back, the action unless said; acts
    of one ``batch`` are taken back together; ``more`` is filled by the work with what else must be
    known for that. ``beside`` is another ticket that the work takes.
    """

    who: Who
    action: str
    ticket_id: int
    verb: str = ""
    batch: int = 0
    more: dict[str, Any] = field(default_factory=dict)
    beside: int = 0


def act(router: Router, who: Who, action: str, ticket_id: int, work: Work[T], verb: str = "") -> T:
    """Load the ticket, check the right, do the work, write what changed: one commit."""
    return do(router, Deed(who, action, ticket_id, verb), work)


def final(router: Router, who: Who, action: str, ticket_id: int, work: Work[T]) -> T:
    """As :func:`act`, for what nobody takes back: a check that was made, a call that went out."""

    def job(unit: Unit) -> T:
        draft = take(unit, who, action, ticket_id)
        result = work(unit, draft)
        draft.updated_at = unit.now_us
        write(unit, [draft])
        timeline.audit(unit, f"agent:{who.id}", f"ticket.{action}", f"ticket:{ticket_id}")
        return result

    return router.store.write(job)


def do(router: Router, deed: Deed, work: Work[T]) -> T:
    """The same for a deed that says more."""

    def job(unit: Unit) -> T:
        deed.more.clear()  # a lost race runs the work again
        if deed.beside:
            load(unit, (deed.ticket_id, deed.beside))  # held in one order, whichever comes first
        return perform(unit, deed, work)

    return router.store.write(job)


def perform(unit: Unit, deed: Deed, work: Work[T]) -> T:
    """The same inside a transaction in hand."""
    draft = take(unit, deed.who, deed.action, deed.ticket_id)
    before = Before.of(unit, draft)
    result = work(unit, draft)
    if draft.state != "snoozed" and before.columns["until"] is not None:
        snoozes.forget(unit, draft.id)
    draft.updated_at = unit.now_us
    write(unit, [draft])
    keep(unit, deed, draft, before)
    timeline.audit(
        unit,
        f"agent:{deed.who.id}",
        f"ticket.{deed.action}",
        f"ticket:{deed.ticket_id}",
        timeline.details(_moved(before, draft)),
    )
    return result


def _moved(before: Before, draft: Draft) -> dict[str, list[Any]]:
    """What the act changed, as far as the audit log tells it: [before, after] by column."""
    return {
        name: [before.columns[name], after]
        for name in _TOLD
        if (after := getattr(draft, name)) != before.columns[name]
    }


def keep(unit: Unit, deed: Deed, draft: Draft, before: Before) -> int:
    """Write down what an act changed, if it changed anything; the batch it belongs to."""
    after = acts.look(unit, draft)
    batch = deed.batch or before.act_id
    if after == before.columns and not deed.more:
        return batch
    same = acts.clocks(unit, draft.id) == before.promises
    seen = {
        "before": before.columns,
        "after": after,
        "clocks": None if same else before.promises,
        **deed.more,
    }
    acts.keep(
        unit,
        id=before.act_id,
        batch=batch,
        agent_id=deed.who.id,
        ticket_id=draft.id,
        verb=deed.verb or deed.action,
        seen=json.dumps(seen, ensure_ascii=False),
    )
    return batch


def take(unit: Unit, who: Who, action: str, ticket_id: int) -> Draft:
    """The ticket, held against everybody else until the commit, if this person may do this."""
    draft = load(unit, [ticket_id]).get(ticket_id)
    if draft is None or not may(who, "view", draft.team_id):
        raise NotFound("there is no such ticket among yours")
    if not may(who, action, draft.team_id):
        raise NotAllowed(f"a person with the role {who.role} may not {action} here")
    if draft.erased_at is not None:
        raise Conflict("erased")
    return draft
