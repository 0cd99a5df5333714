"""The desk's calendars and policies, built from the settings and the dates in the database.

What a date is, the first of these decides: what was imported for the calendar, ``open`` and
``closed`` of the settings, the government of the country it observes, the week in force that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from router import official
from router.core.promises import periods, sla
from router.core.promises.hours import Calendar
from router.core.promises.periods import Period, dated
from router.core.promises.sla import DESK, STANDARD, WALL, Hours, Policies, Policy
from router.errors import Invalid
from router.promise_settings import CalendarSettings, HoursSettings, PolicySettings, SlaSettings
from router.settings import Settings
from router.store.promises.calendar_days import Day

Days = Mapping[str, Sequence[Day]]
#: So far back tells whether a country has make-up days at all.
_BEFORE = 10
_SERVED = ("team:", "channel:", "mailbox:")


def policies(settings: Settings, days: Days | None = None) -> Policies:
    """The promised times over the desk's calendars. Raises Invalid."""
    days = days or {}
    promises = settings.sla
    return Policies(
        {kind: getattr(promises, kind) for kind in sla.KINDS},
        calendar(settings.hours, settings.desk.zone, DESK, days),
        own=[_policy(one) for one in promises.policies],
        calendars={
            name: Hours(
                calendar(one, zone_of(one, settings.desk.zone), name, days), tuple(one.serves)
            )
            for name, one in settings.calendars.items()
        },
        warn=promises.warn,
    )


def shut(settings: Settings, promised: Policies, now: datetime) -> list[str]:
    """The calendars in which nobody is there any more, as far as can be seen: what is promised in
    them is never over."""
    names = (DESK, *settings.calendars)
    return [name for name in names if promised.counts_in(name).next_open(now) is None]


def _policy(given: PolicySettings) -> Policy:
    minutes = {kind: getattr(given, kind) for kind in sla.KINDS}
    return Policy(
        name=given.name,
        minutes={kind: one for kind, one in minutes.items() if one is not None},
        urgency=tuple(given.urgency),
        category=tuple(given.category),
        channel=tuple(given.channel),
        team=tuple(given.team),
        language=tuple(given.language),
        calendar=given.calendar,
        warn=None if given.warn is None else tuple(sorted(given.warn)),
    )


def calendar(hours: HoursSettings, zone: str, name: str, days: Days) -> Calendar:
    """One calendar with all its dates."""
    closed, opened = set(hours.closed), dict(hours.open)
    for day in days.get(name, ()):
        key = dated(day.day).isoformat()
        closed.discard(key)
        opened.pop(key, None)
        if day.kind == "open":
            opened[key] = list(day.periods)
        else:
            closed.add(key)
    return Calendar(
        zone,
        hours.weekly,
        closed=closed,
        open=opened,
        changes=hours.changes,
        zones=hours.zones,
        days=dict(_official(hours, days)),
    )


def _official(hours: HoursSettings, days: Days) -> Iterator[tuple[int, tuple[Period, ...]]]:
    """A day off has no periods; a make-up day has those of a working day in force then."""
    for day in official_days(hours, days):
        worked = weekly_on(hours, dated(day.day)).get(hours.make_up, [])
        worked = worked if day.kind == "work" else []
        yield day.day, periods.periods(worked, f"weekly.{hours.make_up}")


def official_days(hours: HoursSettings, days: Days) -> Iterator[Day]:
    """What the government says whose country the calendar observes on that very day."""
    for country in observed(hours):
        for day in days.get(f"@{country}", ()):
            if country_on(hours, dated(day.day)) == country:
                yield day


# ---------------------------------------------------------------- in force on a day

Given = TypeVar("Given")


def _on(first: Given, later: Mapping[str, Given], day: date) -> Given:
    """What holds on a day: the first, or whatever of the later began last."""
    begun = [one for one in sorted(later) if one <= day.isoformat()]
    return later[begun[-1]] if begun else first


def weekly_on(hours: HoursSettings, day: date) -> Mapping[str, list[tuple[str, str]]]:
    """The week in force on a day."""
    return _on(hours.weekly, hours.changes, day)


def country_on(hours: HoursSettings, day: date) -> str:
    """The country it observes on a day, or nothing."""
    return _on(hours.country, hours.countries, day)


def zone_of(hours: HoursSettings, desk_zone: str) -> str:
    """The zone it begins with: its own, or the desk's."""
    return (hours.zone if isinstance(hours, CalendarSettings) else "") or desk_zone


def zone_on(hours: HoursSettings, desk_zone: str, day: date) -> str:
    """The zone on whose clock its periods of a day are read."""
    return _on(zone_of(hours, desk_zone), hours.zones, day)


def observed(hours: HoursSettings) -> tuple[str, ...]:
    """Every country it observes at some time."""
    return tuple(sorted({hours.country, *hours.countries.values()} - {""}))


# ---------------------------------------------------------------- official days


def countries(settings: Settings) -> tuple[str, ...]:
    """The countries whose days any calendar observes."""
    sections = (settings.hours, *settings.calendars.values())
    return tuple(sorted({country for one in sections for country in observed(one)}))


def with_official(days: Days, country: str, today: date) -> Days:
    """The same days, with those of a country that nothing observed until now."""
    name = f"@{country}"
    if not country or name in days:
        return days
    found = [day for year in wanted_years(today) for day in official.days(country, year)]
    return {**days, name: found}


def incomplete(country: str, year: int, days: Days) -> bool:
    """Whether a year's official days are missing, in whole or in part: a country that moves working
    days to weekends has not yet said so for a year that has none of them."""
    known = [day for day in days.get(f"@{country}", ()) if dated(day.day).year == year]
    if not known:
        return True
    before = (official.days(country, one) for one in range(year - 1, year - _BEFORE, -1))
    moves = any(any(day.kind == "work" for day in one) for one in before)
    return moves and not any(day.kind == "work" for day in known)


def wanted_years(today: date) -> tuple[int, ...]:
    """The years whose official days should be known: those around today, the next one too."""
    return (today.year - 1, today.year, today.year + 1)


def missing(settings: Settings, days: Days, today: date) -> list[tuple[str, int]]:
    """(country, year) of official days that are missing; the next year's from 1 November on."""
    years = {today.year, (today + timedelta(days=61)).year}
    sections = (settings.hours, *settings.calendars.values())
    asked = {
        (country_on(one, day), year)
        for one in sections
        for year in years
        for day in (max(today, date(year, 1, 1)), date(year, 12, 31))
    }
    return [
        (country, year)
        for country, year in sorted(asked)
        if country and incomplete(country, year, days)
    ]


# ---------------------------------------------------------------- what may be wrong

Attempt = tuple[tuple[str, ...], Any]


def attempts(hours: Mapping[str, HoursSettings], promises: SlaSettings) -> Iterator[Attempt]:
    """(setting, what to try): each raises Invalid when that setting cannot be. ``hours`` holds the
    sections by their dotted names."""
    for where, section in hours.items():
        yield from _hours(tuple(where.split(".")), section)
    names = {one.removeprefix("calendars.") for one in hours if one != "hours"}
    yield from _promises(promises, names)


#: A day that is open, for looking at one part of the hours alone.
_SOME = {"mon": [("08:00", "22:00")]}


def _hours(where: tuple[str, ...], given: HoursSettings) -> Iterator[Attempt]:
    """Each day and date by itself, so that one wrong day does not hide another."""
    yield from _weeks(where, given)
    for one in given.closed:
        yield (*where, "closed"), partial(Calendar, "UTC", _SOME, closed=[one])
    for one, own in given.open.items():
        yield (*where, "open", one), partial(Calendar, "UTC", _SOME, open={one: own})
    yield where, partial(_whole, given)
    if given.country:
        yield (*where, "country"), partial(_country, given.country)
    if isinstance(given, CalendarSettings):
        if given.zone:
            yield (*where, "zone"), partial(periods.zone, given.zone)
        for one in given.serves:
            yield (*where, "serves"), partial(_served, one)


def _weeks(where: tuple[str, ...], given: HoursSettings) -> Iterator[Attempt]:
    for day, own in given.weekly.items():
        yield (*where, "weekly", day), partial(Calendar, "UTC", {**_SOME, day: own})
    for begin, week in given.changes.items():
        yield (*where, "changes", begin), partial(Calendar, "UTC", _SOME, changes={begin: week})
    for begin, country in given.countries.items():
        yield (*where, "countries", begin), partial(_later_country, begin, country)
    for begin, zone in given.zones.items():
        yield (*where, "zones", begin), partial(Calendar, "UTC", _SOME, zones={begin: zone})


def _whole(given: HoursSettings) -> None:
    """Whether it is ever open; single days that cannot be read are told by themselves."""
    shut = not any(given.weekly.values()) and not any(given.open.values())
    if shut and not any(any(week.values()) for week in given.changes.values()):
        write = 'mon = [["08:00", "22:00"]]'
        raise Invalid("weekly", "never_open", given="no period at all", write=write)
    both = sorted(set(given.closed) & set(given.open))
    if both:
        raise Invalid("open", "open_and_closed", given=both[0], write="it in one of the two")


def _country(name: str) -> None:
    if not official.knows(name):
        raise Invalid("country", "unknown_country", given=name, write="a code such as CN, HK, DE")


def _later_country(begin: str, name: str) -> None:
    periods.day(begin, "countries")
    if name:
        _country(name)


def _served(name: str) -> None:
    if not name.startswith(_SERVED) or name.endswith(":"):
        write = "team:…, channel:… or mailbox:…"
        raise Invalid("serves", "bad_serves", given=name, write=write)


def _promises(given: SlaSettings, calendars: set[str]) -> Iterator[Attempt]:
    """Each urgency by itself, the others as they should be; one left out is a fault too."""
    for kind in sla.KINDS:
        minutes: dict[str, int] = getattr(given, kind)
        for urgency in (*sla.URGENCIES, *sorted(minutes.keys() - set(sla.URGENCIES))):
            others = {name: 1 for name in sla.URGENCIES if name != urgency}
            alone = {**others, urgency: minutes[urgency]} if urgency in minutes else others
            yield ("sla", kind, urgency), partial(sla.check, kind, alone)
    yield ("sla", "warn"), partial(_fractions, given.warn)
    seen: set[str] = {STANDARD}
    for policy in given.policies:
        where = ("sla", "policies")
        yield where, partial(_named, policy.name, frozenset(seen))
        seen.add(policy.name)
        yield where, partial(_fractions, policy.warn or ())
        yield where, partial(_calendar, policy.name, policy.calendar, calendars)
        for urgency in policy.urgency:
            yield where, partial(_urgency, policy.name, urgency)


def _named(name: str, seen: frozenset[str]) -> None:
    if not name or name in seen:
        given = name or "a policy without a name"
        raise Invalid("name", "taken", given=given, write="a name that no other policy has")


def _fractions(given: Sequence[float]) -> None:
    for one in given:
        if not 0 < one < 1:
            raise Invalid("warn", "bad_fraction", given=str(one), write="above 0 and below 1: 0.75")


def _calendar(policy: str, name: str, calendars: set[str]) -> None:
    if name and name not in calendars | {DESK, WALL}:
        write = ", ".join(sorted(calendars | {DESK, WALL}))
        raise Invalid("calendar", "unknown_calendar", given=f"{name} in {policy}", write=write)


def _urgency(policy: str, name: str) -> None:
    if name not in sla.URGENCIES:
        given = f"{name} in {policy}"
        raise Invalid("urgency", "unknown_urgency", given=given, write=", ".join(sla.URGENCIES))
