"""Public holidays and make-up working days, as the library ``holidays`` knows them.

They only seed the calendars. The library takes 20 MB and half a second, so it is loaded where a
calendar names a country and nowhere else.
"""

from __future__ import annotations

import importlib
from datetime import date
from functools import cache
from typing import Any

from router.core.promises.periods import day
from router.store.promises.calendar_days import Day

SOURCE = "holidays"


@cache
def _library() -> Any:
    return importlib.import_module("holidays")


def knows(country: str) -> bool:
    """Whether the library has ever heard of a country (``CN``)."""
    return country in _library().list_supported_countries()


@cache
def days(country: str, year: int) -> tuple[Day, ...]:
    """A country's days off and make-up working days of a year; none where the library has none."""
    try:
        known = _library().country_holidays(country, years=year)
    except (NotImplementedError, KeyError, AttributeError):
        return ()
    worked: set[date] = getattr(known, "weekend_workdays", None) or set()
    found = [_day(one, "off", str(name)) for one, name in known.items() if one not in worked]
    found += [_day(one, "work", "") for one in worked if one.year == year]
    return tuple(sorted(found))


def _day(one: date, kind: str, note: str) -> Day:
    return Day(day(one.isoformat(), SOURCE), kind, (), note, SOURCE)
