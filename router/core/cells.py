"""The cells that happenings are counted in: by all that a happening was at once, and by one side of
it alone, so that a report over a whole desk reads few rows however many tickets there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from router.core.clock import from_us
from router.core.figures import DECIDED, HOURLY, Happening, day_of, month_of

#: What promises are called where they are counted by one side alone, within a team; ``detail`` is
#: kept or broken. Urgency and team are told apart in all of them that are called ``trend``.
ALONE: Mapping[str, str] = {
    "channel": "by_channel",
    "category": "by_category",
    "agent_id": "by_agent",
    "urgency": "trend",
    "team_id": "trend",
}
#: Broken promises by their cause; ``detail`` is the cause.
CAUSED = "by_cause"
#: Up to so many minutes a span is told in steps of so many.
_STEPS = ((120, 1), (600, 5), (2880, 15), (14_400, 60))
_DAY = 1440


class Cell(NamedTuple):
    """Where happenings are counted: in a day (``d``) or month (``m``), by what they were."""

    what: str
    grain: str
    slot: int
    kind: str = ""
    channel: str = ""
    category: str = ""
    urgency: str = ""
    team_id: int = 0
    agent_id: int = 0
    detail: str = ""


def cells(one: Happening, zone: ZoneInfo) -> Iterator[Cell]:
    """Every cell that a happening is counted in."""
    local = from_us(one.at).astimezone(zone)
    if one.what == "open":
        yield Cell(one.what, "d", day_of(local.date()), *one[2:9])
        return
    hour = f"{local.weekday()}.{local.hour:02}"
    for grain, slot in (("d", day_of(local.date())), ("m", month_of(local.date()))):
        yield Cell(one.what, grain, slot, *one[2:9])
        if one.what in HOURLY:
            yield Cell("hour", grain, slot, HOURLY[one.what], team_id=one.team_id, detail=hour)
        if one.what in DECIDED:
            yield from _alone(one, grain, slot)
        if one.service >= 0:
            place = one.kind, "", "", one.urgency, one.team_id, 0
            yield Cell("time", grain, slot, *place, f"s{step(one.service)}")
            yield Cell("time", grain, slot, *place, f"w{step(one.wall)}")


def _alone(one: Happening, grain: str, slot: int) -> Iterator[Cell]:
    """A promise that was decided, by one side of it alone."""
    kind, team = one.kind, one.team_id
    yield Cell("trend", grain, slot, kind, "", "", one.urgency, team, 0, one.what)
    for side in ("channel", "category", "agent_id"):
        sides = {side: getattr(one, side), "team_id": team, "detail": one.what}
        yield Cell(ALONE[side], grain, slot, kind, **sides)
    if one.what == "broken":
        yield Cell(CAUSED, grain, slot, kind, team_id=team, detail=one.detail)


def step(seconds: int) -> int:
    """The whole minutes a span is told in, never fewer than it took: by the minute up to two hours,
    then in steps of 5, 15 and 60 minutes, and of days beyond ten days."""
    minutes = -(-seconds // 60)
    for most, size in _STEPS:
        if minutes <= most:
            return -(-minutes // size) * size
    return -(-minutes // _DAY) * _DAY


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """The smallest span within which at least this share of all lies; None when there is none."""
    total = sum(counts.values())
    passed = 0
    for minutes in sorted(counts):
        passed += counts[minutes]
        if passed >= share * total:
            return minutes
    return None
