"""What each report says, in figures: read from what is kept, for a period, as of a moment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.assemble import Router
from router.core.cells import percentile
from router.core.figures import day_of
from router.core.promises.sla import KINDS
from router.store import figures
from router.store.pages import reports as pages
from router.store.pages.reports import DIMENSIONS, Cut, Period, Teams
from router.store.unit import Unit

SHARES = (50, 90, 95)
_MICRO = 1_000_000
#: How far ahead breaches are foreseen, and how far back the pace is measured, in hours.
AHEAD = 2
#: Ages of what is open: up to so many days.
AGES = (1, 2, 4, 8, 15, 31)


@dataclass(slots=True)
class Score:
    """How many promises were kept and broken, and how many in the period before."""

    kept: int = 0
    broken: int = 0
    kept_before: int = 0
    broken_before: int = 0

    def add(self, what: str, n: int, *, before: bool) -> None:
        """Count some."""
        name = f"{what}_before" if before else what
        setattr(self, name, getattr(self, name) + n)

    @property
    def decided(self) -> int:
        """All of them."""
        return self.kept + self.broken

    @property
    def met(self) -> float | None:
        """The share that was kept, in percent."""
        return 100 * self.kept / self.decided if self.decided else None

    @property
    def met_before(self) -> float | None:
        """The same of the period before."""
        decided = self.kept_before + self.broken_before
        return 100 * self.kept_before / decided if decided else None


@dataclass(slots=True)
class Sla:
    """The SLA report. Scores by kind of promise; times in minutes by (kind, measure, share)."""

    period: Period
    before: Period
    cut: Cut
    until: int
    policy: str
    total: dict[str, Score]
    security: dict[str, Score]
    by: dict[str, dict[Any, dict[str, Score]]]
    causes: dict[str, dict[str, int]]
    times: dict[tuple[str, str, int], int | None]
    timed: dict[str, int]
    days: list[tuple[int, int, int]] = field(default_factory=list)


def sla(router: Router, unit: Unit, teams: Teams, period: Period, cut: Cut = Cut()) -> Sla:  # noqa: B008  # frozen
    """What was promised and how much of it was kept."""
    before = Period(period.span.before, period.zone)
    by: dict[str, dict[Any, dict[str, Score]]] = {}
    now = pages.decisions(unit, period, cut, teams)
    then = pages.decisions(unit, before, cut, teams)
    for dimension in DIMENSIONS:
        scores: dict[Any, dict[str, Score]] = {}
        for told, earlier in ((now, False), (then, True)):
            for (value, what, kind), n in told.by[dimension].items():
                found = scores.setdefault(value, {one: Score() for one in KINDS})
                found[kind].add(what, n, before=earlier)
        by[dimension] = dict(sorted(scores.items(), key=lambda one: -_decided(one[1])))
    causes: dict[str, dict[str, int]] = {}
    for (cause, kind), n in now.causes.items():
        causes.setdefault(cause, dict.fromkeys(KINDS, 0))[kind] = n
    spans = pages.spans(unit, period, cut, teams)
    return Sla(
        period=period,
        before=before,
        cut=cut,
        until=counted(unit),
        policy=policy_version(router),
        total=_together(by["urgency"].values()),
        security=_together(
            one for value, one in by["category"].items() if value.startswith("security.")
        ),
        by=by,
        causes=causes,
        times=_times(spans),
        timed={kind: sum(spans.get((kind, "s"), {}).values()) for kind in KINDS},
        days=_days(unit, period, cut, teams),
    )


def _decided(scores: Mapping[str, Score]) -> int:
    return sum(one.decided for one in scores.values())


def _together(given: Any) -> dict[str, Score]:
    total = {kind: Score() for kind in KINDS}
    for scores in given:
        for kind, one in scores.items():
            for name in ("kept", "broken", "kept_before", "broken_before"):
                setattr(total[kind], name, getattr(total[kind], name) + getattr(one, name))
    return total


def _times(
    spans: Mapping[tuple[str, str], Mapping[int, int]],
) -> dict[tuple[str, str, int], int | None]:
    return {
        (kind, measure, share): percentile(spans.get((kind, measure), {}), share / 100)
        for kind in KINDS
        for measure in "sw"
        for share in SHARES
    }


def _days(unit: Unit, period: Period, cut: Cut, teams: Teams) -> list[tuple[int, int, int]]:
    """(day, kept, broken) over all kinds, when the period is short enough to draw."""
    if period.span.days > 62:
        return []
    counts = pages.by_day(unit, period, cut, teams)
    low, high = day_of(period.span.first), day_of(period.span.last)
    return [(day, counts[day, "kept"], counts[day, "broken"]) for day in range(low, high + 1)]


def counted(unit: Unit) -> int:
    """Up to which moment everything is counted; 0 when nothing is yet."""
    return unit.now_us if not figures.pending(unit) else figures.place(unit).at


def policy_version(router: Router) -> str:
    """A short name of the promises and calendars in force; it changes when any of them does."""
    settings = router.hours.settings
    said = {
        "sla": settings.sla.model_dump(mode="json"),
        "hours": settings.hours.model_dump(mode="json"),
        "calendars": {
            name: one.model_dump(mode="json") for name, one in settings.calendars.items()
        },
        "days": {name: [str(day) for day in days] for name, days in router.hours.days.items()},
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]


# ---------------------------------------------------------------- load


@dataclass(slots=True)
class Load:
    """How much comes, how much is open, and what is about to break."""

    period: Period
    until: int
    today: int
    hours: dict[str, dict[str, int]]
    ages: list[tuple[int, int, dict[str, int]]]
    agents: dict[int, dict[str, int]]
    soon: Sequence[Any]
    pace: int

    @property
    def beyond(self) -> int:
        """How many of those due soon the present pace does not reach."""
        return max(len(self.soon) - self.pace, 0)


def load(unit: Unit, teams: Teams, period: Period, cut: Cut = Cut()) -> Load:  # noqa: B008  # frozen
    """The load of a period, and what stands now."""
    period = Period(period.span, period.zone)  # what stands now has no other moment
    hours: dict[str, dict[str, int]] = {}
    if cut.whole:  # hours are kept for whole teams
        found = pages.sums(unit, ("hour",), ("kind", "detail"), period, cut, teams=teams)
        for (kind, hour), n in found.items():
            hours.setdefault(kind, {})[hour] = n
    agents: dict[int, dict[str, int]] = {}
    opened = pages.standing(unit, cut, teams)
    today = day_of(unit.now.astimezone(period.zone).date())
    ages: list[tuple[int, int, dict[str, int]]] = []
    low = 0
    for high in (*AGES, 0):
        ages.append((low, high, {"in_hand": 0, "waiting": 0, "unassigned": 0}))
        low = high
    for row in opened:
        age = max(today - row.slot, 0)
        place = next((one for one, most in enumerate(AGES) if age < most), len(AGES))
        ages[place][2][row.detail] += row.n
        if not row.agent_id:
            ages[place][2]["unassigned"] += row.n
        mine = agents.setdefault(row.agent_id, {"in_hand": 0, "waiting": 0, "soon": 0})
        mine[row.detail] += row.n
    ahead = AHEAD * 3600 * _MICRO
    soon = pages.soon(unit, unit.now_us + ahead, teams, cut=cut)
    for row in soon:
        mine = agents.setdefault(row.assignee_id or 0, {"in_hand": 0, "waiting": 0, "soon": 0})
        mine["soon"] += 1
    return Load(
        period,
        counted(unit),
        today,
        hours,
        ages,
        dict(sorted(agents.items(), key=lambda one: -one[1]["in_hand"])),
        soon,
        pages.happened(unit, "kept", unit.now_us - ahead, teams, cut)
        + pages.happened(unit, "late", unit.now_us - ahead, teams, cut),
    )


# ---------------------------------------------------------------- quality


@dataclass(slots=True)
class Quality:
    """How well it was done: counts of a period and of the one before."""

    period: Period
    before: Period
    until: int
    now: dict[str, int]
    then: dict[str, int]
    misrouted: dict[str, tuple[int, int]]
    acknowledged: dict[tuple[str, str], int]
    ratings: dict[int, int]
    articles: dict[tuple[str, str], int]


def quality(unit: Unit, teams: Teams, period: Period, cut: Cut = Cut()) -> Quality:  # noqa: B008  # frozen
    """What was settled and stayed settled, and what the router got wrong."""
    before = Period(period.span.before, period.zone)
    whats = ("arrived", "closed", "reopened", "misrouted", "acknowledged", "ack_held", "rated")
    now, then = (_counted(unit, whats, asked, cut, teams) for asked in (period, before))
    arrived = pages.sums(unit, ("arrived",), ("category",), period, cut, teams=teams)
    wrong = pages.sums(unit, ("misrouted",), ("category",), period, cut, teams=teams)
    held = pages.sums(
        unit, ("acknowledged", "ack_held"), ("what", "detail"), period, cut, teams=teams
    )
    ratings = pages.sums(unit, ("rated",), ("detail",), period, cut, teams=teams)
    articles = pages.sums(unit, ("article",), ("detail", "kind"), period, cut, teams=teams)
    return Quality(
        period=period,
        before=before,
        until=counted(unit),
        now=now,
        then=then,
        misrouted={
            one[0]: (wrong.get(one, 0), arrived.get(one, 0))
            for one in sorted(arrived.keys() | wrong.keys(), key=lambda one: -wrong.get(one, 0))
        },
        acknowledged=dict(sorted(held.items(), key=lambda one: -one[1])),
        ratings={int(one[0]): n for one, n in ratings.items()},
        articles=articles,
    )


def _counted(
    unit: Unit, whats: Sequence[str], period: Period, cut: Cut, teams: Teams
) -> dict[str, int]:
    found = pages.sums(unit, whats, ("what", "detail"), period, cut, teams=teams)
    counts = dict.fromkeys((*whats, "one_touch"), 0)
    for (what, detail), n in found.items():
        counts[what] += n
        if detail == "one_touch":
            counts["one_touch"] += n
    return counts
