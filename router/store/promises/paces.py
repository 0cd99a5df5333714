"""How many wait for an answer in each team, and how many were answered lately."""

from __future__ import annotations

from datetime import timedelta

from router.core.ids import first_at
from router.core.promises.hours import Calendar
from router.core.promises.pace import Queue
from router.store.unit import Unit

_LATELY = timedelta(days=7)
_MOST = 20_000


def teams(unit: Unit, calendar: Calendar) -> dict[int, Queue]:
    """Each team's queue. Clocks are found by their ids, which grow, so old ones cost nothing."""
    since = unit.now - _LATELY
    hours = calendar.open_time(since, unit.now) / timedelta(hours=1)
    rows = unit.rows(
        "SELECT t.team_id, SUM(CASE WHEN c.met_at IS NULL THEN 1 ELSE 0 END) AS waiting, "
        "SUM(CASE WHEN c.met_at IS NULL THEN 0 ELSE 1 END) AS answered FROM (SELECT ticket_id, "
        "met_at FROM sla_clock WHERE id >= :first AND kind <> 'resolution' ORDER BY id DESC "
        "LIMIT :most) c JOIN ticket t ON t.id = c.ticket_id WHERE c.met_at IS NOT NULL "
        "OR t.standing = 0 GROUP BY t.team_id",
        first=first_at(since),
        most=_MOST,
    )
    return {row.team_id: Queue(int(row.waiting), int(row.answered), hours) for row in rows}
