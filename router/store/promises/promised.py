"""Every open promise of the desk at once: what a change of calendars or policies would move, and
moving it. One that is broken stays broken; one whose policy is gone keeps what it was given."""

from __future__ import annotations

from typing import Any

from router.core.promises.moves import Held
from router.core.promises.sla import Matter, Policies
from router.store import batch
from router.store.batch import Clockface
from router.store.promises import clocks
from router.store.unit import Unit

#: Promises that a look before saving holds against the change at most.
MOST = 50_000


def held(
    unit: Unit, policies: Policies, *, calendar: str = "", limit: int = MOST
) -> tuple[list[Held], bool]:
    """Open promises, of one calendar or all, those due first; whether the limit cut them short."""
    only = "AND c.calendar = :calendar " if calendar else ""
    rows = unit.rows(
        "SELECT c.kind, c.minutes, c.policy, c.calendar, c.started_at, c.due_at, c.paused_at, "  # noqa: S608  # ours
        "c.pauses, t.number, t.urgency, t.category, t.channel, t.account, t.team_id, t.language, "
        "t.security FROM ticket t JOIN sla_clock c ON c.ticket_id = t.id "
        f"WHERE t.standing < 2 AND c.met_at IS NULL AND c.breached_at IS NULL {only}"
        "ORDER BY CASE WHEN c.due_at IS NULL THEN 1 ELSE 0 END, c.due_at LIMIT :n",
        n=limit,
        **({"calendar": calendar} if calendar else {}),
    )
    return [_held(row, policies) for row in rows], len(rows) == limit


def _held(row: Any, policies: Policies) -> Held:
    return Held(
        number=row.number,
        kind=row.kind,
        matter=Matter(
            urgency=row.urgency,
            category=row.category,
            channel=row.channel,
            account=row.account,
            team=policies.teams.get(row.team_id, ""),
            language=row.language,
            security=bool(row.security),
        ),
        policy=row.policy,
        calendar=row.calendar,
        minutes=row.minutes,
        started_at=row.started_at,
        due_at=row.due_at,
        pauses=clocks.pauses_of(row.pauses),
    )


def rename(unit: Unit, was: str, becomes: str) -> int:
    """Open promises follow their policy to its new name; how many. What is over keeps the name it
    was made under."""
    return unit.run(
        "UPDATE sla_clock SET policy = :becomes "
        "WHERE policy = :was AND met_at IS NULL AND breached_at IS NULL",
        was=was,
        becomes=becomes,
    )


def follow(unit: Unit, policies: Policies, after: int, limit: int) -> list[Any]:
    """Hold open promises against the policies in force, in the order of their ids beyond ``after``:
    up to so many. One that another policy fits now, or of other minutes, is counted anew from its
    start with an entry; the others take up the fractions at which somebody is warned."""
    rows = unit.rows(
        "SELECT id, ticket_id FROM sla_clock WHERE met_at IS NULL AND breached_at IS NULL "
        "AND id > :after ORDER BY id LIMIT :n",
        after=after,
        n=limit,
    )
    mine = {row.id for row in rows}
    for draft in batch.load(unit, {row.ticket_id for row in rows}).values():
        draft.clocks = [one for one in draft.clocks if one.id in mine and policies.has(one.policy)]
        clocks.retarget(unit, draft, policies)
        for clock in draft.clocks:
            _warn_at(unit, clock, policies)
    return list(rows)


def _warn_at(unit: Unit, clock: Clockface, policies: Policies) -> None:
    """Move the moment of the next warning; those that lie behind count as given."""
    if clock.due_at is None or clock.act_at is None or clock.act_at <= unit.now_us:
        return
    work = clocks.counting(clock, policies)
    moments = [work.reached(one) for one in policies.warnings(clock.policy)]
    passed = sum(one <= unit.now_us for one in moments)
    act = min([*moments[passed:], clock.due_at])
    if (act, passed) != (clock.act_at, clock.warned):
        unit.later(
            "UPDATE sla_clock SET act_at = :act, warned = :warned WHERE id = :id "
            "AND met_at IS NULL AND breached_at IS NULL AND act_at > :now",
            act=act,
            warned=passed,
            now=unit.now_us,
            id=clock.id,
        )
