"""When people are there and what is promised: every calendar with its week, the weeks that are to
come and its dates, every policy; leads add a date on which a calendar differs from its week, and
take one away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import amending, calendars, dated_weeks
from router.core.promises.periods import DAYS, dated, typed
from router.core.promises.sla import DESK, KINDS, URGENCIES
from router.errors import Invalid, NotFound
from router.promise_settings import CalendarSettings, HoursSettings
from router.store import timeline
from router.store.promises import calendar_days
from router.store.promises.calendar_days import Day
from router.store.unit import Unit
from router.web.rights import allowed, here

blueprint = Blueprint("hours", __name__)

_AHEAD = timedelta(days=120)
_BEHIND = timedelta(days=7)
_FURTHEST = timedelta(days=1100)
_LONGEST_NOTE = 80


@dataclass(frozen=True, slots=True)
class DateLine:
    """A date on which a calendar differs from its week, and where that is from."""

    day: date
    kind: str
    periods: Sequence[tuple[str, str]]
    note: str
    source: str
    own: bool


@dataclass(frozen=True, slots=True)
class WeekView:
    """A week as it is shown: since when it holds (None: always), and whether it was made here."""

    begin: date | None
    days: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    zone: str
    country: str
    own: bool


@dataclass(frozen=True, slots=True)
class CalendarView:
    """A calendar as it is shown; ``weeks`` begins with the one in force, ``today`` is the date on
    its own clock."""

    name: str
    today: date
    serves: Sequence[str]
    weeks: Sequence[WeekView]
    dates: Sequence[DateLine]
    open_now: bool
    turns: datetime | None
    overridden: bool


@blueprint.get("/hours")
@allowed("see_hours")
def hours() -> str:
    """Calendars and policies."""
    return _page()


def _page(wrong: str = "", refused: str = "", field: str = "") -> str:
    """``wrong`` says why a change was not made; ``refused`` is the calendar whose form keeps what
    was typed, and shows it at the ``field``."""
    router = here()
    router.hours.glance(router.store)
    settings = router.hours.settings
    today = amending.today_of(router, DESK)
    sections = [(DESK, settings.hours), *settings.calendars.items()]
    return render_template(
        "hours/hours.html",
        calendars=[_view(name, section) for name, section in sections],
        missing=calendars.missing(settings, router.hours.days, today),
        fault=router.hours.fault,
        kinds=KINDS,
        urgencies=URGENCIES,
        sla=settings.sla,
        wrong=wrong,
        refused=refused,
        field="date" if field == "date" else "periods",
    )


def _view(name: str, section: HoursSettings) -> CalendarView:
    router = here()
    now = router.clock.now()
    counted = router.policies.counts_in(name)
    held = router.hours.own.get(dated_weeks.part_of(name))
    today = amending.today_of(router, name)
    return CalendarView(
        name=name,
        today=today,
        serves=section.serves if isinstance(section, CalendarSettings) else (),
        weeks=_weeks(name, section),
        dates=_dates(name, section, today),
        open_now=counted.is_open(now),
        turns=counted.next_change(now),
        overridden=held is not None and held.own is not None,
    )


def _weeks(name: str, section: HoursSettings) -> list[WeekView]:
    """The week in force, then those to come."""
    today, zone = amending.today_of(here(), name), here().settings.desk.zone
    own = {one.begin for one in amending.own_weeks(here(), name) if one.weekly is not None}
    dates = sorted({*section.changes, *section.zones, *section.countries})
    begun = [one for one in dates if one <= today.isoformat()]
    begins: list[date | None] = [date.fromisoformat(begun[-1]) if begun else None]
    begins += [date.fromisoformat(one) for one in dates[len(begun) :]]
    found = []
    for begin in begins:
        day = begin or today
        weekly = calendars.weekly_on(section, day)
        found.append(
            WeekView(
                begin,
                [(one, weekly.get(one, [])) for one in DAYS],
                calendars.zone_on(section, zone, day),
                calendars.country_on(section, day),
                begin in own,
            )
        )
    return found


def _dates(name: str, section: HoursSettings, today: date) -> list[DateLine]:
    """The coming dates of its own, of the settings and of the government, the first one wins."""
    days = here().hours.days
    found: dict[date, DateLine] = {}
    for one in days.get(name, ()):
        line = DateLine(dated(one.day), one.kind, one.periods, one.note, one.source, own=True)
        found[line.day] = line
    for text, periods in section.open.items():
        day = date.fromisoformat(text)
        found.setdefault(day, DateLine(day, "open", periods, "", "config.toml", own=False))
    for text in section.closed:
        day = date.fromisoformat(text)
        found.setdefault(day, DateLine(day, "closed", (), "", "config.toml", own=False))
    for one in calendars.official_days(section, days):
        day = dated(one.day)
        country = calendars.country_on(section, day)
        line = DateLine(day, one.kind, one.periods, one.note, country, own=False)
        found.setdefault(day, line)
    return [found[day] for day in sorted(found) if today - _BEHIND <= day <= today + _AHEAD]


# ---------------------------------------------------------------- changing a date


@blueprint.post("/hours/<name>/add")
@allowed("edit_hours")
def add(name: str) -> Response | tuple[str, int]:
    """A date on which the calendar is closed, or open in other hours."""
    section = _section(name)
    try:
        day = _asked(name)
        tried = {**here().hours.days, name: [*_others(name, day.day), day]}
        zone = calendars.zone_of(section, here().settings.desk.zone)
        calendars.calendar(section, zone, name, tried)
    except Invalid as fault:
        return _page(fault.code, name, fault.field), 422

    actor = f"agent:{g.who.id}"

    def work(unit: Unit) -> None:
        if calendar_days.replace(unit, name, [day]):
            _changed(unit, name, actor)

    here().store.write(work)
    here().hours.follow(here().store)
    return redirect(url_for("hours.hours"), 303)


def _others(name: str, day: int) -> list[Day]:
    return [one for one in here().hours.days.get(name, ()) if one.day != day]


def _asked(name: str) -> Day:
    today = amending.today_of(here(), name)
    try:
        day = date.fromisoformat(request.form.get("date", ""))
    except ValueError as fault:
        raise Invalid("date", "bad_date") from fault
    if not today <= day <= today + _FURTHEST:
        raise Invalid("date", "past_date")
    periods = typed(request.form.get("periods", ""), "periods")
    note = " ".join(request.form.get("note", "").split())[:_LONGEST_NOTE]
    number = (day - date(1970, 1, 1)).days
    return Day(number, "open" if periods else "closed", periods, note, g.who.name)


@blueprint.post("/hours/<name>/remove")
@allowed("edit_hours")
def remove(name: str) -> Response | tuple[str, int]:
    """A date that is to come follows the week again; the past stays as it was."""
    _section(name)
    try:
        day = date.fromisoformat(request.form.get("date", ""))
    except ValueError:
        return _page("bad_date"), 422
    if day < amending.today_of(here(), name):
        return _page("past_date"), 422

    actor = f"agent:{g.who.id}"

    def work(unit: Unit) -> None:
        if calendar_days.remove(unit, name, [(day - date(1970, 1, 1)).days]):
            _changed(unit, name, actor)

    here().store.write(work)
    here().hours.follow(here().store)
    return redirect(url_for("hours.hours"), 303)


def _changed(unit: Unit, name: str, actor: str) -> None:
    calendar_days.ask_recount(unit, name)
    timeline.audit(unit, actor, "calendar.changed", f"calendar:{name}")


def _section(name: str) -> HoursSettings:
    section = dated_weeks.section_of(here().hours.settings, name)
    if section is None:
        raise NotFound("there is no such calendar")
    return section
