"""Dates on which calendars differ from their weeks: what governments say, what the desk imports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from router.store.shapes import CalendarDay, Setting
from router.store.unit import Unit, begins

_VERSION = "calendar_days"
_RECOUNT = "recount:"
#: Stands for every calendar at once where the policies were changed.
POLICIES = "@policies"


#: Longer than any transaction lasts that begins promises, and than a process takes to learn of a
#: change, in microseconds.
_ONCE_MORE = 60_000_000


class Recount(NamedTuple):
    """A calendar whose promises are to be counted anew; ``version`` tells one asking from the next,
    ``last`` whether they were counted once before."""

    calendar: str
    version: int
    last: bool


class Day(NamedTuple):
    """One date: ``kind`` is closed or open (with periods), for a country off or work."""

    day: int
    kind: str
    periods: tuple[tuple[str, str], ...] = ()
    note: str = ""
    source: str = ""


def version(unit: Unit) -> int:
    """A number that grows whenever a date is changed; 0 before the first."""
    return int(unit.value("SELECT version FROM setting WHERE key = :key", key=_VERSION) or 0)


def every(unit: Unit) -> dict[str, list[Day]]:
    """All dates of all calendars, in their order."""
    found: dict[str, list[Day]] = {}
    for row in unit.rows(
        "SELECT calendar, day, kind, periods, note, source FROM calendar_day ORDER BY calendar, day"
    ):
        periods = tuple((one, other) for one, other in json.loads(row.periods or "[]"))
        day = Day(row.day, row.kind, periods, row.note, row.source)
        found.setdefault(row.calendar, []).append(day)
    return found


def teams(unit: Unit) -> dict[int, str]:
    """The keys of teams by their ids: calendars serve some of them."""
    return {row.id: row.key for row in unit.rows("SELECT id, key FROM team")}


def replace(unit: Unit, calendar: str, days: Sequence[Day]) -> int:
    """Write these dates, over what was there; how many changed."""
    known = {day.day: day for day in every(unit).get(calendar, ())}
    changed = [day for day in days if known.get(day.day) != day]
    _forget(unit, calendar, [day.day for day in changed])
    for day in changed:
        unit.put(
            CalendarDay,
            calendar=calendar,
            day=day.day,
            kind=day.kind,
            periods=json.dumps(day.periods) if day.periods else "",
            source=day.source,
            note=day.note,
            changed_at=unit.now_us,
        )
    if changed:
        grow(unit)
    return len(changed)


def remove(unit: Unit, calendar: str, days: Iterable[int]) -> int:
    """Let these dates follow the week again; how many had not."""
    gone = _forget(unit, calendar, list(days))
    if gone:
        grow(unit)
    return gone


def ask_recount(unit: Unit, calendar: str) -> None:
    """Have every open promise of a calendar, or of all for POLICIES, counted anew in a moment."""
    key = f"{_RECOUNT}{calendar}"
    if not unit.run(
        "UPDATE setting SET value = '', version = version + 1, changed_at = :now WHERE key = :key",
        now=unit.now_us,
        key=key,
    ):
        unit.put(Setting, key=key, value="", changed_at=unit.now_us)


def to_recount(unit: Unit) -> list[Recount]:
    """What is to be counted anew by now."""
    rows = unit.rows(
        f"SELECT key, value, version FROM setting WHERE {begins('key', ':recount')}",  # noqa: S608  # ours
        recount=_RECOUNT,
    )
    return [
        Recount(row.key.removeprefix(_RECOUNT), row.version, last=bool(row.value))
        for row in rows
        if not row.value or int(row.value) <= unit.now_us
    ]


def recounted(unit: Unit, done: Recount) -> None:
    """This was counted; what was asked for meanwhile stays. It is counted once more a little later:
    a promise that was made under the old rules may not have been in sight yet."""
    asked = {"key": f"{_RECOUNT}{done.calendar}", "version": done.version}
    if done.last:
        unit.run("DELETE FROM setting WHERE key = :key AND version = :version", **asked)
        return
    again = str(unit.now_us + _ONCE_MORE)
    unit.run(
        "UPDATE setting SET value = :again WHERE key = :key AND version = :version",
        again=again,
        **asked,
    )


def _forget(unit: Unit, calendar: str, days: list[int]) -> int:
    return sum(
        unit.run(
            "DELETE FROM calendar_day WHERE calendar = :calendar AND day = :day",
            calendar=calendar,
            day=day,
        )
        for day in days
    )


def grow(unit: Unit) -> None:
    """Say that calendars, promises or teams were changed: every process reads them again."""
    if not unit.run(
        "UPDATE setting SET version = version + 1, changed_at = :now WHERE key = :key",
        now=unit.now_us,
        key=_VERSION,
    ):
        unit.put(Setting, key=_VERSION, value="", changed_at=unit.now_us)
