"""Outages: far more people write about one thing than usual at this hour of the week.

Nobody copies anybody when a service fails, so texts say nothing here; their number does. The last
ten minutes are looked at as two buckets that end now.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from router.assemble import Router
from router.core.waves import bursts
from router.store import incidents
from router.store.unit import Unit

KIND = "outage"
WEEK, HOUR, DAY = timedelta(days=7), timedelta(hours=1), timedelta(days=1)
#: Past weeks that are asked what is usual.
_WEEKS = 6
#: An incident that was closed is not opened again by the very same burst.
_REST = timedelta(hours=1)


def detect(router: Router, unit: Unit) -> dict[tuple[str, str], list[int]]:
    """Groups and channels in which far more people write than usual, with their tickets."""
    now, least = unit.now, router.settings.waves.outage_senders
    begin = now - 2 * bursts.BUCKET
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in incidents.counted(unit, begin, now, bursts.BUCKET):
        counts[row.category.partition(".")[0], row.channel][row.bucket] += row.n
    found = {}
    for (group, channel), buckets in counts.items():
        if min(buckets) < least:
            continue
        mean = usual(unit, now, group, channel)
        if mean is not None and bursts.outage(buckets, mean, least=least):
            found[group, channel] = incidents.tickets_between(unit, begin, now, channel, group)
    return found


def usual(unit: Unit, now: datetime, group: str, channel: str) -> float | None:
    """How many people write in five minutes at this hour of the week; None while nobody can know.

    A desk without a week behind it is judged by the busiest hour of its last day.
    """
    began = incidents.beginning(unit)
    if began is None:
        return None
    counted = buckets = 0
    for weeks in range(1, _WEEKS + 1):
        begin = now - weeks * WEEK - HOUR / 2
        if begin < began:
            break
        counted += _count(unit, begin, group, channel)
        buckets += HOUR // bursts.BUCKET
    if buckets:
        return bursts.usual(counted, buckets)
    hours = min((now - began) // HOUR, DAY // HOUR)
    if hours < 2:
        return None
    busiest = max(_count(unit, now - (one + 1) * HOUR, group, channel) for one in range(1, hours))
    return bursts.usual(busiest, HOUR // bursts.BUCKET)


def _count(unit: Unit, begin: datetime, group: str, channel: str) -> int:
    rows = incidents.counted(unit, begin, begin + HOUR, bursts.BUCKET, channel)
    return sum(row.n for row in rows if row.category.partition(".")[0] == group)


def tell(unit: Unit, found: dict[tuple[str, str], list[int]]) -> None:
    """Tie the tickets of each burst to its group's incident, opening one where there is none."""
    for (group, channel), tickets in sorted(found.items()):
        known = next(
            (one.id for one in incidents.open_of_kind(unit, KIND) if one.category == group), None
        )
        if known is None:
            if incidents.closed_since(unit, KIND, group, unit.now - _REST):
                continue
            known = incidents.open_(unit, KIND, group, {"channel": channel})
        incidents.join(unit, known, dict.fromkeys(tickets, "rate"))
