"""The promises on a ticket: started, met, paused, resumed, counted anew, warned of and broken.

``first_response`` runs from the first message until a person answers, ``next_response`` from each
later message, ``resolution`` from opening to closing; the last stands still while we wait for the
requester or for somebody else. A row holds all that its due time follows from: when it began, its
minutes, its calendar, its pauses. What happens to it afterwards is an entry on the timeline.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from router.core.promises.hours import Calendar, Pause, settled
from router.core.promises.sla import Counting, Matter, Policies
from router.store import claims, timeline
from router.store.batch import Clockface, Draft, load
from router.store.unit import Unit

ANSWERS = ("first_response", "next_response")

_WRITE = (
    "UPDATE sla_clock SET due_at = :due_at, act_at = :act_at, minutes = :minutes, "
    "policy = :policy, calendar = :calendar, paused_at = :paused_at, left_us = :left_us, "
    "pauses = :pauses, warned = :warned WHERE id = :id AND met_at IS NULL AND breached_at IS NULL"
)


# ---------------------------------------------------------------- on one ticket


def start(unit: Unit, draft: Draft, kind: str, policies: Policies, at: int | None = None) -> None:
    """Begin a promise now, or as if it had begun then."""
    promise = policies.promised(kind, matter(draft, policies))
    clock = Clockface(
        id=unit.new_id(),
        kind=kind,
        minutes=promise.minutes,
        started_at=unit.now_us if at is None else at,
        due_at=None,
        policy=promise.policy,
        calendar=promise.calendar,
        new=True,
    )
    _count(clock, policies)
    draft.clocks.append(clock)


def message_arrived(unit: Unit, draft: Draft, policies: Policies) -> None:
    """The requester wrote: somebody must answer, and the matter is ours again."""
    if not any(clock.kind in ANSWERS for clock in draft.clocks):
        start(unit, draft, "next_response", policies)
    resume(unit, draft, policies)
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
            "UPDATE sla_clock SET met_at = :now, act_at = NULL WHERE id = :id",
            now=unit.now_us,
            id=clock.id,
        )
        if clock.breached_at is None:
            timeline.note(unit, draft.id, "sla_met", kind=clock.kind)
    draft.clocks = kept


def pause(unit: Unit, draft: Draft, policies: Policies, reason: str = "requester") -> None:
    """We wait for the requester or for somebody else: the resolution stands still. One that is over
    is broken, also where nobody has written that down yet."""
    for clock in draft.clocks:
        over = clock.due_at is None or clock.due_at <= unit.now_us
        if clock.kind != "resolution" or over or clock.breached_at is not None:
            continue
        clock.left_us = counting(clock, policies).left(unit.now_us)
        clock.due_at, clock.act_at, clock.paused_at = None, None, unit.now_us
        _write(unit, clock)
        timeline.note(unit, draft.id, "sla_paused", kind=clock.kind, reason=reason)


def resume(unit: Unit, draft: Draft, policies: Policies) -> None:
    """What stood still goes on, with all that was left of it."""
    for clock in draft.clocks:
        if clock.paused_at is None or clock.breached_at is not None:
            continue
        clock.pauses = _pauses_text([*pauses_of(clock.pauses), (clock.paused_at, unit.now_us)])
        clock.paused_at = clock.left_us = None
        _count(clock, policies)
        _write(unit, clock)
        timeline.note(unit, draft.id, "sla_resumed", kind=clock.kind, due=clock.due_at)


def retarget(unit: Unit, draft: Draft, policies: Policies) -> None:
    """The ticket is another matter now: every open promise is counted anew from its start, with the
    policy that fits it, less the time it stood still. What was broken stays broken."""
    now_is = matter(draft, policies)
    for clock in draft.clocks:
        promise = policies.promised(clock.kind, now_is)
        if clock.breached_at is not None or promise == (
            clock.policy,
            clock.calendar,
            clock.minutes,
        ):
            continue
        before = clock.minutes
        clock.policy, clock.calendar, clock.minutes = promise
        clock.warned = 0
        _recount(unit, clock, policies)
        if not clock.new:
            timeline.note(
                unit,
                draft.id,
                "sla_retargeted",
                kind=clock.kind,
                policy=clock.policy,
                was=before,
                minutes=clock.minutes,
                due=clock.due_at,
            )


def afresh(unit: Unit, draft: Draft, policies: Policies) -> None:
    """Count promises that were put back from before a change by what is in force now; one whose
    policy is gone keeps what it was given."""
    everything = draft.clocks
    draft.clocks = [one for one in everything if policies.has(one.policy)]
    retarget(unit, draft, policies)
    draft.clocks = everything
    _count_anew(unit, draft, everything, policies)


def _count_anew(unit: Unit, draft: Draft, some: Iterable[Clockface], policies: Policies) -> None:
    """Those of these promises that run, with an entry where that moves them."""
    for clock in some:
        was = clock.due_at
        if was is None or clock.breached_at is not None:
            continue
        _count(clock, policies)
        if clock.due_at != was:
            _write(unit, clock)
            due = clock.due_at
            timeline.note(unit, draft.id, "sla_recounted", kind=clock.kind, was=was, due=due)


def _recount(unit: Unit, clock: Clockface, policies: Policies) -> None:
    if clock.paused_at is not None:
        clock.left_us = counting(clock, policies).left(clock.paused_at)
    else:
        _count(clock, policies)
    _write(unit, clock)


def merged(unit: Unit, gone: Draft, kept: Draft, policies: Policies) -> None:
    """Two tickets become one: the earliest start of each open promise goes on at the kept ticket,
    in its own policy, less the time it stood still before the other began; those of the other end
    neither kept nor broken. One that was broken is so once: there if that is over too, else here.
    """
    heirs = [_inherit(unit, clock, kept, policies) for clock in gone.clocks]
    retarget(unit, kept, policies)
    for clock, heir in zip(gone.clocks, heirs, strict=True):
        if clock.breached_at is None or heir.breached_at or 0 < (heir.due_at or 0) <= unit.now_us:
            _end(unit, clock)
            timeline.note(unit, gone.id, "sla_merged", kind=clock.kind, number=kept.number)
    gone.clocks = []


def _inherit(unit: Unit, clock: Clockface, kept: Draft, policies: Policies) -> Clockface:
    """The promise of the kept ticket as which another's goes on."""
    twin = next((one for one in kept.clocks if _same_promise(one.kind, clock.kind)), None)
    if twin is None:
        start(unit, kept, clock.kind, policies, clock.started_at)
        twin = kept.clocks[-1]
        twin.pauses = _stood(clock, unit.now_us)
        _count(twin, policies)
    elif clock.started_at < twin.started_at and twin.breached_at is None:
        begun = "UPDATE sla_clock SET started_at = :at WHERE id = :id"
        unit.later(begun, at=clock.started_at, id=twin.id)
        stood = pauses_of(_stood(clock, twin.started_at)) + pauses_of(twin.pauses)
        twin.started_at, twin.pauses = clock.started_at, _pauses_text(stood)
        _recount(unit, twin, policies)
    return twin


def _stood(clock: Clockface, until: int) -> str:
    """The pauses of a promise up to a moment, as its row has them."""
    now = [] if clock.paused_at is None else [(clock.paused_at, until)]
    stood = [*pauses_of(clock.pauses), *now]
    return _pauses_text((begin, min(end, until)) for begin, end in stood)


def waive(unit: Unit, draft: Draft) -> None:
    """Nobody is owed anything after all: what is open ends without being kept or broken."""
    for clock in draft.clocks:
        if clock.breached_at is None:
            _end(unit, clock)
            timeline.note(unit, draft.id, "sla_waived", kind=clock.kind)
    draft.clocks = []


def _end(unit: Unit, clock: Clockface) -> None:
    unit.later(
        "UPDATE sla_clock SET met_at = :now, act_at = NULL, due_at = NULL, paused_at = NULL, "
        "breached_at = NULL WHERE id = :id",
        now=unit.now_us,
        id=clock.id,
    )


def _same_promise(one: str, other: str) -> bool:
    return one == other or (one in ANSWERS and other in ANSWERS)


def split(
    unit: Unit,
    parent: Draft,
    child: Draft,
    policies: Policies,
    written_at: int,
    owed: tuple[str, int] | None,
) -> None:
    """Messages become a ticket of their own: it is promised all that a new ticket is, from the
    moment the first was written; the ticket they came from keeps its promises. ``owed`` is the
    answer that is still due, and since when, where one was given already (None: none is)."""
    promised = (owed, ("resolution", written_at))
    for kind, since in filter(None, promised):
        start(unit, child, kind, policies, since)
    timeline.note(unit, child.id, "sla_split", number=parent.number)


# ---------------------------------------------------------------- arithmetic


def matter(draft: Draft, policies: Policies) -> Matter:
    """What of this ticket decides which promises hold."""
    return Matter(
        urgency=draft.urgency,
        category=draft.category,
        channel=draft.channel,
        account=draft.account,
        team=policies.teams.get(draft.team_id, ""),
        language=draft.language,
        security=draft.security,
    )


def counting(clock: Any, policies: Policies) -> Counting:
    """A clock's row (or :class:`Clockface`) as arithmetic."""
    return Counting(
        policies.counts_in(clock.calendar),
        clock.started_at,
        clock.minutes,
        pauses_of(clock.pauses),
    )


def _count(clock: Clockface, policies: Policies) -> None:
    """When it is due, and when something must be done about it first."""
    hours, warnings = policies.counts_in(clock.calendar), policies.warnings(clock.policy)
    clock.due_at, clock.act_at = _moments(
        hours, clock.started_at, clock.minutes, clock.pauses, warnings[clock.warned :]
    )


@lru_cache(maxsize=256)
def _moments(
    hours: Calendar, started_at: int, minutes: int, pauses: str, warnings: tuple[float, ...]
) -> tuple[int, int]:
    """(due, to be acted on); the tickets of a batch begin together and have few promises."""
    work = Counting(hours, started_at, minutes, pauses_of(pauses))
    due = work.due()
    return due, min(work.reached(warnings[0]), due) if warnings else due


def pauses_of(text: str) -> tuple[Pause, ...]:
    """The pauses of a row, settled."""
    return settled((begin, end) for begin, end in json.loads(text)) if text else ()


def _pauses_text(pauses: Iterable[Pause]) -> str:
    return json.dumps(settled(pauses))


def _write(unit: Unit, clock: Clockface) -> None:
    """Write what changed; a clock that is new is written as a whole with its ticket."""
    if clock.new:
        return
    unit.later(
        _WRITE,
        due_at=clock.due_at,
        act_at=clock.act_at,
        minutes=clock.minutes,
        policy=clock.policy,
        calendar=clock.calendar,
        paused_at=clock.paused_at,
        left_us=clock.left_us,
        pauses=clock.pauses,
        warned=clock.warned,
        id=clock.id,
    )


# ---------------------------------------------------------------- the moments that come


def waiting(unit: Unit) -> bool:
    """Whether the moment of any promise has come."""
    return bool(unit.value("SELECT 1 FROM sla_clock WHERE act_at <= :now LIMIT 1", now=unit.now_us))


def claim(unit: Unit, limit: int) -> list[Any]:
    """Take up to so many promises whose moment has come, the oldest first: nobody else has them in
    this transaction, and they come to nobody again unless it is rolled back or they are put back.

    Their tickets are taken with them. Those that are in somebody's hands are left to the next look:
    who holds a ticket is about to write its promises.
    """
    due = claims.among(
        unit,
        "SELECT c.id FROM sla_clock c JOIN ticket t ON t.id = c.ticket_id "
        "WHERE c.act_at <= :now ORDER BY c.act_at LIMIT :n",
    )
    return list(
        unit.rows(
            f"UPDATE sla_clock SET act_at = NULL WHERE id {due} AND met_at IS NULL "  # noqa: S608  # ours
            "AND breached_at IS NULL RETURNING id, ticket_id, kind, minutes, policy, calendar, "
            "started_at, due_at, pauses, warned",
            now=unit.now_us,
            n=limit,
        )
    )


def act(unit: Unit, rows: Collection[Any], policies: Policies) -> list[Any]:
    """Break or warn of claimed promises, each with its entry; those that were broken. A warning
    that the breach has overtaken is not given any more."""
    broken = [row for row in rows if row.due_at is not None and row.due_at <= unit.now_us]
    late = {row.id for row in broken}
    unit.run_many(
        "UPDATE sla_clock SET breached_at = :now WHERE id = :id",
        [{"now": unit.now_us, "id": row.id} for row in broken],
    )
    for row in broken:
        timeline.note(unit, row.ticket_id, "sla_breached", kind=row.kind, due=row.due_at)
    early = [row for row in rows if row.id not in late and row.due_at is not None]
    unit.run_many(
        "UPDATE sla_clock SET warned = :warned, act_at = :act_at WHERE id = :id",
        [_warn(unit, row, policies) for row in early],
    )
    return broken


def _warn(unit: Unit, row: Any, policies: Policies) -> dict[str, Any]:
    """One warning; of several that were missed only the last is given."""
    work, fractions = counting(row, policies), policies.warnings(row.policy)
    passed = sum(work.reached(one) <= unit.now_us for one in fractions)
    if passed > row.warned:
        percent = round(fractions[passed - 1] * 100)
        timeline.note(
            unit, row.ticket_id, "sla_warned", kind=row.kind, percent=percent, due=row.due_at
        )
    following = [work.reached(one) for one in fractions[passed:]]
    return {"warned": passed, "act_at": min([*following, row.due_at]), "id": row.id}


def recount(unit: Unit, calendar: str, policies: Policies, after: int, limit: int) -> list[Any]:
    """Count open promises of a calendar anew after it was changed, in the order of their ids beyond
    ``after``: up to so many. One whose new moment is past is broken by the next sweep."""
    rows = unit.rows(
        "SELECT id, ticket_id FROM sla_clock WHERE calendar = :calendar AND met_at IS NULL "
        "AND breached_at IS NULL AND due_at IS NOT NULL AND id > :after ORDER BY id LIMIT :n",
        calendar=calendar,
        after=after,
        n=limit,
    )
    mine = {row.id for row in rows}
    # Asked again of tickets in hand: somebody may have made another matter of one meanwhile.
    for draft in load(unit, {row.ticket_id for row in rows}).values():
        held = [one for one in draft.clocks if one.id in mine and one.calendar == calendar]
        _count_anew(unit, draft, held, policies)
    return list(rows)


def of_ticket(unit: Unit, number: str) -> list[Any]:
    """Every promise ever made on a ticket, in the order they were made."""
    return list(
        unit.rows(
            "SELECT c.* FROM sla_clock c JOIN ticket t ON t.id = c.ticket_id "
            "WHERE t.number = :number ORDER BY c.started_at, c.id",
            number=number,
        )
    )
