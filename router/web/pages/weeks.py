"""A calendar's week changed from a given day on: typed, looked at, saved; withdrawn before it
begins; given back to the settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from router import amending, calendars, dated_weeks
from router.amending import Amendment
from router.core.promises import periods
from router.core.promises.periods import DAYS
from router.dated_weeks import DatedWeek
from router.errors import Invalid, NotFound
from router.promise_settings import HoursSettings
from router.web.pages import amended
from router.web.pages.amended import Act
from router.web.rights import allowed, here

blueprint = Blueprint("weeks", __name__)

_FIELDS = ("begin", "zone", "country", *DAYS)
_LONGEST = 200


@blueprint.get("/hours/<name>/week")
@allowed("edit_promises")
def week(name: str) -> str:
    """The week in force on a day, to be changed from that day on; by default from tomorrow."""
    tomorrow = amending.today_of(here(), name) + timedelta(days=1)
    try:
        begin = date.fromisoformat(request.args.get("from", ""))
    except ValueError:
        begin = tomorrow
    return _page(name, _held(name, begin))


def _section(name: str) -> HoursSettings:
    section = dated_weeks.section_of(here().hours.settings, name)
    if section is None:
        raise NotFound("there is no such calendar")
    return section


def _held(name: str, begin: date) -> dict[str, str]:
    """What holds on a day, as it would be typed."""
    section, zone = _section(name), here().settings.desk.zone
    weekly = calendars.weekly_on(section, begin)
    return {
        "begin": begin.isoformat(),
        "zone": calendars.zone_on(section, zone, begin),
        "country": calendars.country_on(section, begin),
        **{day: ", ".join(f"{a}-{b}" for a, b in weekly.get(day, ())) for day in DAYS},
    }


@cache
def _zones() -> tuple[str, ...]:
    """Every zone there is: hundreds of files, looked through once a process."""
    return tuple(sorted(available_timezones()))


def _page(name: str, typed: Mapping[str, str], **told: Any) -> str:
    section, router = _section(name), here()
    dates = sorted({*section.changes, *section.zones, *section.countries})
    begin = typed["begin"]
    following = next((one for one in dates if one > begin), "")
    return render_template(
        "hours/week.html",
        name=name,
        typed=typed,
        seen=amending.version(router, dated_weeks.part_of(name)),
        days=DAYS,
        today=amending.today_of(router, name),
        zones=_zones(),
        following=following,
        supposed=_supposed(typed),
        **{"wrong": {}, "moves": None, "looked": "", "again": False, "refused": "", **told},
    )


def _supposed(typed: Mapping[str, str]) -> str:
    """The same week as what-if reads it; empty where it cannot be read."""
    try:
        weekly = {day: periods.typed(typed[day], day) for day in DAYS}
    except Invalid:
        return ""
    told = [
        f"{day} {'+'.join(f'{one}-{other}' for one, other in own)}"
        for day, own in weekly.items()
        if own
    ]
    return "; ".join(told)


@blueprint.post("/hours/<name>/week")
@allowed("edit_promises")
def change(name: str) -> Response:
    """First what it moves; once that was looked at, it is saved."""
    _section(name)
    typed = {one: request.form.get(one, "").strip()[:_LONGEST] for one in _FIELDS}

    def make(seen: int) -> Amendment:
        given, faults = _read(name, typed)
        return amended.all_wrong(faults, lambda: amending.week(here(), name, given, seen))

    def page(given: Mapping[str, str], **told: Any) -> str:
        return _page(name, given, **told)

    return amended.answered(dated_weeks.part_of(name), typed, make, page, url_for("hours.hours"))


def _read(name: str, typed: Mapping[str, str]) -> tuple[DatedWeek, list[tuple[str, str]]]:
    """What was typed as a week, and each field that cannot be read; it counts as left out."""
    faults: list[tuple[str, str]] = []
    weekly = {}
    for day in DAYS:
        try:
            weekly[day] = list(periods.typed(typed[day], day))
        except Invalid as fault:
            faults.append((day, fault.code))
    try:
        begin = date.fromisoformat(typed["begin"])
    except ValueError:
        faults.append(("begin", "bad_date"))
        begin = amending.today_of(here(), name)
    country = typed["country"].upper()
    return DatedWeek(begin=begin, weekly=weekly, zone=typed["zone"], country=country), faults


# ---------------------------------------------------------------- withdrawn, given back


@blueprint.get("/hours/<name>/withdraw")
@allowed("edit_promises")
def withdraw(name: str) -> Response:
    """What would be without a week that is to come."""
    return amended.shown(_withdrawing(name, request.args.get("from", "")))


@blueprint.post("/hours/<name>/withdraw")
@allowed("edit_promises")
def withdraw_now(name: str) -> Response:
    """What was before it goes on."""
    return amended.done(_withdrawing(name, request.form.get("from", "")))


def _withdrawing(name: str, begin: str) -> Act:
    def make() -> Amendment:
        try:
            day = date.fromisoformat(begin)
        except ValueError as fault:
            raise Invalid("begin", "bad_date") from fault
        return amending.unplan(here(), name, day, amending.version(here(), part))

    _section(name)
    part, url = dated_weeks.part_of(name), url_for("weeks.withdraw_now", name=name)
    named = amended.part_name(part)
    return Act(part, "withdraw", named, url, url_for("hours.hours"), make, {"from": begin})


@blueprint.get("/hours/<name>/file")
@allowed("edit_promises")
def file(name: str) -> Response:
    """What the settings say, and what it would move to go back to that from today on."""
    return amended.shown(_giving_back(name))


@blueprint.post("/hours/<name>/file")
@allowed("edit_promises")
def file_now(name: str) -> Response:
    """Back to it."""
    return amended.done(_giving_back(name))


def _giving_back(name: str) -> Act:
    def make() -> Amendment:
        return amending.restore(here(), part, amending.version(here(), part))

    _section(name)
    part, url = dated_weeks.part_of(name), url_for("weeks.file_now", name=name)
    return Act(part, "file", amended.part_name(part), url, url_for("hours.hours"), make)
