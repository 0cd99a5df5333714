"""A report as a file, without a browser: for the terminal and for who gets it by mail."""

from __future__ import annotations

import importlib
from contextlib import suppress
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from router.assemble import Router
from router.core.documents import Document
from router.core.figures import Span
from router.errors import Invalid
from router.reports import asking, load, promises, rows
from router.reports.words import Words
from router.store.pages.reports import Cut, Period, Teams
from router.store.unit import Unit

#: As far back and ahead as a report can be asked for, and the days it can be of at most.
_FIRST_YEAR, _LAST_YEAR, _LONGEST = 1980, 2200, 3660


def made(router: Router, kind: str, days: tuple[str, str], form: str, language: str) -> bytes:
    """A report of the whole desk as a file's bytes; raises Invalid for days that are none."""
    period = _period(router, days)
    with router.store.reading() as unit:
        whole = document(router, unit, kind, period, language)
    return file(router, whole, form, language, period)


def document(  # which report, of when, for whom
    router: Router, unit: Unit, kind: str, period: Period, language: str, teams: Teams = None
) -> Document:
    """A report in somebody's language, of these teams or of the whole desk."""
    words = Words(router, unit, language)
    if kind == "load":
        return load.load(words, asking.load(unit, teams, period), Cut())
    if kind == "quality":
        return load.quality(words, asking.quality(unit, teams, period), Cut())
    return promises.sla(words, asking.sla(router, unit, teams, period))


def file(  # a report, and the tickets behind it
    router: Router,
    whole: Document,
    form: str,
    language: str,
    period: Period,
    teams: Teams = None,
) -> bytes:
    """A report as the bytes of a file: text, csv, xlsx or pdf."""
    if form == "text":
        return rows.text(whole).encode()
    files: Any = None
    if form in ("pdf", "xlsx"):  # two libraries that nothing else needs
        files = importlib.import_module("router.reports.files")
    if form == "pdf":
        return bytes(files.pdf(whole))
    with router.store.reading() as unit:
        words = Words(router, unit, language)
    tickets = rows.tickets(router, words, period, Cut(), teams)
    if form == "csv":
        return "".join(rows.lines(tickets)).encode()
    return bytes(files.xlsx(whole, rows.heads(), tickets))


def _period(router: Router, days: tuple[str, str]) -> Period:
    zone = ZoneInfo(router.settings.desk.zone)
    today = router.clock.now().astimezone(zone).date()
    first = _day("from", days[0]) or today.replace(day=1)
    last = _day("to", days[1]) or max(today, first)
    if not 0 <= (last - first).days < _LONGEST:
        given, write = f"{first} {last}", "a day not before the first, ten years at most"
        raise Invalid("to", "bad_period", given=given, write=write)
    return Period(Span(first, last), zone)


def _day(name: str, given: str) -> date | None:
    if not given:
        return None
    with suppress(ValueError):
        day = date.fromisoformat(given)
        if _FIRST_YEAR <= day.year <= _LAST_YEAR:
            return day
    raise Invalid(name, "bad_period", given=given, write="a day like 2026-11-01")
