"""The reports: figures are kept while tickets change, and read from what is kept.

What was written is counted when it has settled for a little, for two processes may write ids out of
order. Once an hour the last ten minutes are looked at again, so that nothing stays uncounted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from router.assemble import Router
from router.core.cells import Cell
from router.core.ids import earlier, first_at
from router.store import figures
from router.store.figures import Place, Telling
from router.store.unit import Unit

#: How long rows settle before they are counted.
LAG = timedelta(seconds=20)
_AGAIN = timedelta(minutes=10)
#: Tickets a transaction: whoever writes meanwhile waits for it.
_AT_ONCE = 20


def telling(router: Router) -> Telling:
    """How this desk's tickets are told."""
    return Telling(router.policies, ZoneInfo(router.settings.desk.zone))


def sweep(router: Router, lag: timedelta = LAG) -> int:
    """Count everything that was written and has settled; how many happenings that moved."""
    by = telling(router)
    moved = 0
    while True:
        step, whole = router.store.write(lambda unit: _step(unit, by, lag), bulk=True)
        moved += step
        if whole:
            return moved


def _step(unit: Unit, by: Telling, lag: timedelta) -> tuple[int, bool]:
    figures.hold(unit)
    seen = _looked_back(figures.place(unit), unit.now_us)
    until = unit.now - lag
    ids, reached = figures.changed(unit, seen, first_at(until), _AT_ONCE)
    moved = figures.settle(unit, ids, by)
    whole = reached[:3] == seen[:3]
    if whole:
        reached = reached._replace(at=unit.now_us - lag // timedelta(microseconds=1))
    figures.move(unit, reached)
    return moved, whole


def _looked_back(seen: Place, now: int) -> Place:
    """Once an hour a little is looked at again."""
    if seen.at == 0 or seen.at // figures.HOUR == now // figures.HOUR:
        return seen
    entry, message, clock = (earlier(one, _AGAIN) for one in seen[:3])
    return Place(entry, message, clock, now)


def count(router: Router, ids: Collection[int]) -> int:
    """Count these tickets now, whatever their ids; how many happenings that moved."""
    by = telling(router)
    return router.store.write(lambda unit: figures.settle(unit, ids, by), bulk=True)


def rebuild(router: Router) -> Iterator[int]:
    """Forget everything that was counted and count it anew, yielding how many tickets are done."""
    by = telling(router)
    router.store.write(figures.forget, bulk=True)
    done = after = 0

    def work(unit: Unit) -> list[int]:
        ids = figures.every_ticket(unit, after, _AT_ONCE)
        figures.settle(unit, ids, by)
        return ids

    while ids := router.store.write(work, bulk=True):
        after = ids[-1]
        done += len(ids)
        yield done


def differing(router: Router) -> list[Cell]:
    """The cells in which what is kept differs from a recount of every ticket's own rows."""
    with router.store.reading() as unit:
        return figures.differences(figures.kept(unit), figures.recounted(unit, telling(router)))


def counted_until(unit: Unit) -> int:
    """Up to which moment everything is counted; 0 when nothing is yet."""
    return figures.place(unit).at
