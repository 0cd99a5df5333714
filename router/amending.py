"""How calendars and promised times change in the pages: looked at, then saved, or given back to the
settings.

    week, unplan, settle, restore        what is to hold, as an Amendment; Invalid says what cannot
    effect                               what it moves of the promises that are open now
    save                                 written down; Conflict when somebody else was faster

The settings' own validation decides what can be. Open promises are counted anew by a duty: those of
a calendar whose week was changed, and those that another policy fits now or whose minutes changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from router import calendars, dated_weeks, hourbook
from router.assemble import Router
from router.core.clock import to_us
from router.core.promises import moves
from router.core.promises.hours import Calendar
from router.core.promises.moves import Moves
from router.core.promises.periods import clash
from router.core.promises.sla import KINDS, STANDARD, URGENCIES, WALL, Policies
from router.dated_weeks import POLICIES, DatedWeek
from router.errors import Conflict, Invalid, NotFound
from router.promise_settings import HoursSettings, PolicySettings, SlaSettings
from router.settings import Settings
from router.store.promises import calendar_days, promise_versions, promised
from router.store.unit import Unit

#: A week begins at most so far ahead.
FURTHEST = timedelta(days=1100)
#: The longest name of a policy, and how many there may be.
LONGEST_NAME, MOST_POLICIES = 60, 100
_MINUTE = 60_000_000
#: Every promise must be over within 20 years, or no clock could hold it.
_LONGEST_WAIT = 20 * 366 * 24 * 60 * _MINUTE


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is to lie over the settings of one part (None: nothing), made by somebody who had seen
    its version ``seen``. ``renamed`` are policies by their names until now."""

    part: str
    seen: int
    own: Any
    renamed: dict[str, str] = field(default_factory=dict)


def version(router: Router, part: str) -> int:
    """The version of a part that is in force."""
    held = router.hours.own.get(part)
    return held.version if held else 0


def own_weeks(router: Router, calendar: str) -> list[DatedWeek]:
    """The weeks that lie over a calendar."""
    held = router.hours.own.get(dated_weeks.part_of(calendar))
    return dated_weeks.weeks(held.own) if held else []


def today_of(router: Router, calendar: str) -> date:
    """The date on the calendar's own clock. Raises NotFound for a calendar that is not there."""
    now = router.clock.now()
    section = _section(router.hours.settings, calendar)
    zone = calendars.zone_on(section, router.settings.desk.zone, now.date())
    return now.astimezone(ZoneInfo(zone)).date()


def _section(settings: Settings, calendar: str) -> HoursSettings:
    section = dated_weeks.section_of(settings, calendar)
    if section is None:
        raise NotFound("there is no such calendar")
    return section


# ---------------------------------------------------------------- weeks


def week(router: Router, calendar: str, given: DatedWeek, seen: int) -> Amendment:
    """Another week from a day on. Raises Invalid with everything that is wrong: ``begin``, a day,
    ``weekly``, ``zone`` or ``country``."""
    faults = [*_begins(router, calendar, given.begin), *_faults(router, given)]
    _raise(faults)
    own = dated_weeks.put(_section(router.settings, calendar), own_weeks(router, calendar), given)
    return _weeks(router, calendar, own, seen)


def unplan(router: Router, calendar: str, begin: date, seen: int) -> Amendment:
    """Without a week that was to come."""
    own = own_weeks(router, calendar)
    if begin < today_of(router, calendar) or begin not in {one.begin for one in own}:
        raise Invalid("begin", "past_date")
    return _weeks(router, calendar, dated_weeks.drop(own, begin), seen)


def differs(router: Router, calendar: str, given: list[DatedWeek]) -> bool:
    """Whether the weeks of another desk are other ones from today on."""
    section, zone = _section(router.settings, calendar), router.settings.desk.zone
    own = dated_weeks.brought(own_weeks(router, calendar), given, today_of(router, calendar))
    held = _section(router.hours.settings, calendar)
    return dated_weeks.overlaid(section, own, zone) != held


def from_elsewhere(router: Router, calendar: str, given: list[DatedWeek], seen: int) -> Amendment:
    """The weeks of another desk, from today on. Raises Invalid for one that cannot be."""
    _raise([fault for one in given if one.weekly is not None for fault in _faults(router, one)])
    today = today_of(router, calendar)
    own = dated_weeks.brought(own_weeks(router, calendar), given, today)
    return _weeks(router, calendar, own, seen)


def _weeks(router: Router, calendar: str, own: list[DatedWeek], seen: int) -> Amendment:
    section, zone = _section(router.settings, calendar), router.settings.desk.zone
    nothing = dated_weeks.overlaid(section, own, zone) == section
    kept = None if nothing else [one.model_dump(mode="json") for one in own]
    return _made(router, Amendment(dated_weeks.part_of(calendar), seen, kept))


def _begins(router: Router, calendar: str, begin: date) -> Iterator[Invalid]:
    today = today_of(router, calendar)
    if not today <= begin <= today + FURTHEST:
        yield Invalid("begin", "past_date")


def _faults(router: Router, given: DatedWeek) -> Iterator[Invalid]:
    """What the settings would refuse, and what would surprise who typed it: periods of the same
    minutes, and those that last a whole day because they end where they begin."""
    begin, weekly = given.begin.isoformat(), given.weekly or {}
    section = HoursSettings(
        weekly=weekly, zones={begin: given.zone}, countries={begin: given.country}
    )
    wrong = False
    for where, attempt in calendars.attempts({"hours": section}, router.settings.sla):
        if where[0] != "hours":
            break
        try:
            attempt()
        except Invalid as fault:
            name = _named(where)
            wrong |= name in weekly
            yield Invalid(name, fault.code, (), **fault.params)
    for day, periods in weekly.items():
        for start, end in periods:
            if start == end:
                wrong = True
                yield Invalid(day, "empty_period", given=f"{start}-{end}")
    found = None if wrong else clash(weekly)
    if found:
        day, one, other = found
        yield Invalid(day, "overlapping", given=f"{one}, {other}")


def _named(where: tuple[str, ...]) -> str:
    """The field of the page that a setting stands in."""
    names = {"zones": "zone", "countries": "country"}
    if len(where) < 3:
        return "weekly"
    return names.get(where[1], where[2])


# ---------------------------------------------------------------- promises


def settle(
    router: Router, given: SlaSettings, seen: int, renamed: Mapping[str, str] | None = None
) -> Amendment:
    """Other promised times. Raises Invalid with everything that is wrong."""
    names = {one.removeprefix("calendars.") for one in router.settings.calendars}
    sections: dict[str, HoursSettings] = {f"calendars.{one}": HoursSettings() for one in names}
    faults = []
    for where, attempt in calendars.attempts(sections, given):
        try:
            attempt()
        except Invalid as fault:
            name = fault.field if where[0] == "sla" and len(where) < 3 else ".".join(where[1:])
            faults.append(Invalid(name, fault.code, (), **fault.params))
    faults += [
        Invalid("name", "too_long") for one in given.policies if len(one.name) > LONGEST_NAME
    ]
    if len(given.policies) > MOST_POLICIES:
        faults.append(Invalid("name", "too_many_policies"))
    _raise(faults)
    kept = None if given == router.settings.sla else given.model_dump(mode="json")
    return _made(router, Amendment(POLICIES, seen, kept, dict(renamed or {})))


def placed(sla: SlaSettings, name: str, step: int) -> SlaSettings:
    """The same policies with one of them so many places further down."""
    own = list(sla.policies)
    place = _place(sla, name)
    one = own.pop(place)
    own.insert(min(max(place + step, 0), len(own)), one)
    return sla.model_copy(update={"policies": own})


def without(sla: SlaSettings, name: str) -> SlaSettings:
    """The same without one policy. Raises Conflict for the standard, which every matter needs that
    nothing else fits."""
    if name == STANDARD:
        raise Conflict("standard_stays")
    place = _place(sla, name)
    return sla.model_copy(update={"policies": sla.policies[:place] + sla.policies[place + 1 :]})


def with_policy(sla: SlaSettings, name: str, new: PolicySettings) -> SlaSettings:
    """The same with one policy changed in its place, or with one more at the end."""
    own = list(sla.policies)
    if name:
        own[_place(sla, name)] = new
    else:
        own.append(new)
    return sla.model_copy(update={"policies": own})


def _place(sla: SlaSettings, name: str) -> int:
    for place, one in enumerate(sla.policies):
        if one.name == name:
            return place
    raise NotFound("there is no such policy")


# ---------------------------------------------------------------- back to the settings


def restore(router: Router, part: str, seen: int) -> Amendment:
    """What the settings say: of policies at once, of a calendar from today on."""
    name = dated_weeks.calendar_of(part)
    if not name:
        return _made(router, Amendment(POLICIES, seen, None))
    own = dated_weeks.restored(own_weeks(router, name), today_of(router, name))
    return _weeks(router, name, own, seen)


# ---------------------------------------------------------------- looking and saving


def then(router: Router, made: Amendment) -> Settings:
    """The settings as they would be in force."""
    own = {part: one.own for part, one in router.hours.own.items()}
    return dated_weeks.in_force(router.settings, {**own, made.part: made.own})


def effect(router: Router, unit: Unit, made: Amendment) -> Moves:
    """What it would move of the promises that are open now."""
    policies = _policies(router, then(router, made))
    name = dated_weeks.calendar_of(made.part)
    held, cut_short = promised.held(unit, router.policies, calendar=name)
    if name:
        told = moves.under_hours(held, policies, unit.now_us)
    else:
        told = moves.under_policies(held, policies, unit.now_us, made.renamed)
    told.cut_short = cut_short
    return told


def save(router: Router, agent_id: int | None, made: Amendment) -> None:
    """Write it down, have open promises counted anew, and follow it at once. Raises Conflict when
    somebody else changed the same part meanwhile."""
    if made.seen != version(router, made.part):
        raise Conflict("promises_changed")
    router.store.write(lambda unit: keep(router, unit, agent_id, made))
    router.hours.follow(router.store)


def keep(router: Router, unit: Unit, agent_id: int | None, made: Amendment) -> None:
    """As :func:`save`, in a transaction that is at work anyway; nobody follows it yet."""
    settings = then(router, made)
    if not promise_versions.put(
        unit,
        made.part,
        made.seen,
        own=made.own,
        was=told(router.hours.settings, made.part),
        becomes=told(settings, made.part),
        agent_id=agent_id,
    ):
        raise Conflict("promises_changed")
    for was, becomes in made.renamed.items():
        promised.rename(unit, was, becomes)
    today = router.clock.now().date()
    for country in set(calendars.countries(settings)) - _seeded(router):
        hourbook.seed(unit, country, today)
    name = dated_weeks.calendar_of(made.part)
    calendar_days.ask_recount(unit, name or calendar_days.POLICIES)


def _seeded(router: Router) -> set[str]:
    return {name.removeprefix("@") for name in router.hours.days if name.startswith("@")}


def told(settings: Settings, part: str) -> dict[str, Any]:
    """All that is in force of a part: what its history keeps."""
    name = dated_weeks.calendar_of(part)
    if not name:
        return settings.sla.model_dump(mode="json")
    section = dated_weeks.section_of(settings, name) or HoursSettings(weekly={})
    kept = {"weekly", "changes", "zones", "country", "countries"}
    zone = calendars.zone_of(section, settings.desk.zone)
    return {**section.model_dump(mode="json", include=kept), "zone": zone}


def _made(router: Router, made: Amendment) -> Amendment:
    """The amendment, once it is sure that it changes something and that every promise under it
    would be over some day."""
    settings = then(router, made)
    if told(settings, made.part) == told(router.hours.settings, made.part):
        raise Invalid("begin", "nothing_changed")
    policies, now = _policies(router, settings), to_us(router.clock.now())
    for name in (WALL, "desk", *settings.calendars):
        hours = policies.counts_in(name)
        for minutes in {one for one in _minutes(settings.sla, name) if one}:
            if not _ends(hours, now, minutes):
                raise Invalid("weekly", "never_over", given=f"{minutes}, {name}")
    return made


def _ends(hours: Calendar, now: int, minutes: int) -> bool:
    try:
        return hours.after_us(now, minutes * _MINUTE) - now < _LONGEST_WAIT
    except Invalid:
        return False


def _minutes(sla: SlaSettings, calendar: str) -> Iterator[int | None]:
    """Every number of minutes that may be promised in a calendar."""
    for kind in KINDS:
        for urgency in URGENCIES:
            yield getattr(sla, kind)[urgency]
        for policy in sla.policies:
            if policy.calendar in ("", calendar):
                yield getattr(policy, kind)


def _policies(router: Router, settings: Settings) -> Policies:
    days, today = router.hours.days, router.clock.now().date()
    for country in calendars.countries(settings):
        days = calendars.with_official(days, country, today)
    made = calendars.policies(settings, days)
    made.teams = router.policies.teams
    return made


def _raise(faults: list[Invalid]) -> None:
    if faults:
        first = faults[0]
        more = [(one.field, one.code) for one in faults]
        raise Invalid(first.field, first.code, more, **first.params)
