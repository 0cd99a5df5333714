"""Comparing promises with the clock: a broken one is written down once and rises in the list."""

from __future__ import annotations

from router.assemble import Router
from router.store import batch, clocks, timeline
from router.store.unit import Unit


def sweep(router: Router) -> int:
    """Mark every promise whose time is over; how many."""
    with router.store.reading() as unit:
        if not clocks.overdue(unit, 1):
            return 0

    def work(unit: Unit) -> int:
        broken = [row for row in clocks.overdue(unit) if clocks.breach(unit, row.id)]
        drafts = batch.load(unit, {row.ticket_id for row in broken})
        for row in broken:
            timeline.note(unit, row.ticket_id, "sla_breached", kind=row.kind)
        batch.write(unit, drafts.values())
        return len(broken)

    return router.store.write(work)
