"""The promises on a ticket: started, met, paused, resumed and broken.

``first_response`` runs from the first message until a person answers, ``next_response`` from each
later message, ``resolution`` from opening to closing; the last stands still while we wait for the
requester.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from router.core.clock import from_us, to_us
from router.core.sla import Policies
from router.store import timeline
from router.store.batch import Clockface, Draft
from router.store.unit import Unit

ANSWERS = ("first_response", "next_response")


def start(unit: Unit, draft: Draft, kind: str, policies: Policies) -> None:
    """Begin a promise now."""
    draft.clocks.append(
        Clockface(
            id=unit.new_id(),
            kind=kind,
            minutes=policies.minutes(kind, draft.urgency),
            started_at=unit.now_us,
            due_at=to_us(policies.due(kind, draft.urgency, unit.now)),
            policy=draft.urgency,
            new=True,
        )
    )


def message_arrived(unit: Unit, draft: Draft, policies: Policies) -> None:
    """The requester wrote: somebody must answer, and the matter is ours again."""
    if not any(clock.kind in ANSWERS for clock in draft.clocks):
        start(unit, draft, "next_response", policies)
    for clock in draft.clocks:
        if clock.kind == "resolution" and clock.left_us is not None:
            due = policies.resume(draft.urgency, unit.now, clock.left_us)
            clock.due_at, clock.left_us = to_us(due), None
            unit.later(
                "UPDATE sla_clock SET due_at = :due, paused_at = NULL, left_us = NULL "
                "WHERE id = :id",
                due=clock.due_at,
                id=clock.id,
            )
    if not any(clock.kind == "resolution" for clock in draft.clocks):
        start(unit, draft, "resolution", policies)


def meet(unit: Unit, draft: Draft, kinds: Collection[str]) -> None:
    """A person did what was promised; late or not is written down."""
    kept = []
    for clock in draft.clocks:
        if clock.kind not in kinds:
            kept.append(clock)
            continue
        unit.later(
            "UPDATE sla_clock SET met_at = :now WHERE id = :id", now=unit.now_us, id=clock.id
        )
        if clock.breached_at is None:
            timeline.note(unit, draft.id, "sla_met", kind=clock.kind)
    draft.clocks = kept


def pause(unit: Unit, draft: Draft, policies: Policies) -> None:
    """We wait for the requester: the resolution stands still."""
    for clock in draft.clocks:
        if clock.kind != "resolution" or clock.due_at is None or clock.breached_at is not None:
            continue
        clock.left_us = policies.left(draft.urgency, unit.now, from_us(clock.due_at))
        clock.due_at = None
        unit.later(
            "UPDATE sla_clock SET due_at = NULL, paused_at = :now, left_us = :left WHERE id = :id",
            now=unit.now_us,
            left=clock.left_us,
            id=clock.id,
        )


def retarget(unit: Unit, draft: Draft, policies: Policies) -> None:
    """The urgency changed: every open promise is counted anew from its start."""
    for clock in draft.clocks:
        if clock.due_at is None or clock.breached_at is not None:
            continue
        clock.minutes = policies.minutes(clock.kind, draft.urgency)
        clock.policy = draft.urgency
        due = policies.due(clock.kind, draft.urgency, from_us(clock.started_at))
        clock.due_at = to_us(due)
        if not clock.new:
            unit.later(
                "UPDATE sla_clock SET due_at = :due, minutes = :minutes, policy = :policy "
                "WHERE id = :id",
                due=clock.due_at,
                minutes=clock.minutes,
                policy=clock.policy,
                id=clock.id,
            )


def overdue(unit: Unit, limit: int = 200) -> list[Any]:
    """Open promises whose time is over, oldest first."""
    return list(
        unit.rows(
            "SELECT id, ticket_id, kind, due_at FROM sla_clock WHERE met_at IS NULL "
            "AND breached_at IS NULL AND due_at <= :now ORDER BY due_at LIMIT :n",
            now=unit.now_us,
            n=limit,
        )
    )


def breach(unit: Unit, clock_id: int) -> bool:
    """Write down that a promise was broken; False when somebody else did or it was met."""
    return bool(
        unit.run(
            "UPDATE sla_clock SET breached_at = :now "
            "WHERE id = :id AND met_at IS NULL AND breached_at IS NULL AND due_at <= :now",
            now=unit.now_us,
            id=clock_id,
        )
    )
