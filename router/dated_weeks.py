"""What the desk changes of a calendar in its pages: weeks that hold from a given day on.

They lie over the calendar of the settings, so that what was before the first of them stays as it
was. Each holds until the next one begins. One without periods of its own stands for the settings:
from its day on the calendar is again what the file says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, TypeVar

from pydantic import ValidationError

from router import calendars
from router.core.promises.sla import DESK
from router.errors import Invalid
from router.promise_settings import HoursSettings, Section, SlaSettings
from router.settings import Settings
from router.store.promises.promise_versions import Newest

Hours = TypeVar("Hours", bound=HoursSettings)
#: The part of what the desk changes that is about promised times; the others are calendars.
POLICIES = "policies"
_CALENDAR = "calendar:"


class DatedWeek(Section):
    """A week from a day on, with its zone and the country it observes; ``weekly`` None: whatever
    the settings say."""

    begin: date
    weekly: dict[str, list[tuple[str, str]]] | None = None
    zone: str = ""
    country: str = ""

    def alike(self, other: DatedWeek | None) -> bool:
        """Whether it says the same, on whatever day it begins."""
        theirs = other or DatedWeek(begin=self.begin)
        return self.model_copy(update={"begin": theirs.begin}) == theirs


Weeks = Sequence[DatedWeek]


# ---------------------------------------------------------------- parts


def part_of(calendar: str) -> str:
    """What a calendar is called among the parts that the desk changes."""
    return f"{_CALENDAR}{calendar}"


def calendar_of(part: str) -> str:
    """The calendar a part is about; nothing for the policies."""
    return part.removeprefix(_CALENDAR) if part.startswith(_CALENDAR) else ""


def section_of(settings: Settings, calendar: str) -> HoursSettings | None:
    """The settings of a calendar, or None when there is none of that name."""
    return settings.hours if calendar == DESK else settings.calendars.get(calendar)


def overrides(own: Mapping[str, Newest]) -> list[str]:
    """The settings that something lies over, as they are called in the file."""
    found = []
    for part in sorted(own):
        if own[part].own is None:
            continue
        name = calendar_of(part)
        if not name:
            found.append("sla")
            continue
        section = "hours" if name == DESK else f"calendars.{name}"
        begins = ", ".join(str(one.begin) for one in weeks(own[part].own))
        found.append(f"{section} (from {begins})")
    return found


def readable(own: Mapping[str, Newest]) -> dict[str, Newest]:
    """The same, where what cannot be read counts as nothing, so that it can be saved over."""
    found = {}
    for part, one in own.items():
        try:
            _ = weeks(one.own) if calendar_of(part) else one.own and promises(one.own)
            found[part] = one
        except Invalid:
            found[part] = Newest(one.version, None)
    return found


# ---------------------------------------------------------------- laid over the settings


def in_force(settings: Settings, own: Mapping[str, Any]) -> Settings:
    """The settings with all that the desk changed, by its parts. A calendar that the settings do
    not name any more is left out. Raises Invalid for what cannot be read."""
    zone = settings.desk.zone
    hours, named = settings.hours, dict(settings.calendars)
    for part, given in own.items():
        name = calendar_of(part)
        if name == DESK:
            hours = overlaid(hours, weeks(given), zone)
        elif name in named:
            named[name] = overlaid(named[name], weeks(given), zone)
    sla = settings.sla
    if own.get(POLICIES) is not None:
        sla = promises(own[POLICIES])
    return settings.model_copy(update={"hours": hours, "calendars": named, "sla": sla})


def weeks(given: Any) -> list[DatedWeek]:
    """The weeks of a calendar as they were kept; none for nothing."""
    try:
        return [DatedWeek.model_validate(one) for one in given or ()]
    except ValidationError as fault:
        raise Invalid("weekly", "unreadable", given=str(fault.errors()[0]["loc"])) from fault


def promises(given: Any) -> SlaSettings:
    """The promised times as they were kept."""
    try:
        return SlaSettings.model_validate(given)
    except ValidationError as fault:
        raise Invalid("sla", "unreadable", given=str(fault.errors()[0]["loc"])) from fault


def overlaid(section: Hours, own: Weeks, desk_zone: str) -> Hours:
    """The calendar with these weeks over it."""
    if not own:
        return section
    told: dict[str, dict[str, Any]] = {}
    given: dict[str, Mapping[str, Any]] = {
        "changes": section.changes,
        "zones": section.zones,
        "countries": section.countries,
    }
    ends = [one.begin.isoformat() for one in own[1:]] + [""]
    for name, later in given.items():
        first = own[0].begin.isoformat()
        kept = {day: value for day, value in later.items() if day < first}
        for one, end in zip(own, ends, strict=True):
            begin = one.begin.isoformat()
            kept[begin] = _said(section, one, desk_zone)[name]
            if one.weekly is None:
                kept |= {
                    day: value
                    for day, value in later.items()
                    if begin < day and (not end or day < end)
                }
        told[name] = kept
    told["zones"] = _new(told["zones"], calendars.zone_of(section, desk_zone))
    told["countries"] = _new(told["countries"], section.country)
    return section.model_copy(update=told)


def _said(section: HoursSettings, one: DatedWeek, desk_zone: str) -> dict[str, Any]:
    if one.weekly is not None:
        return {"changes": one.weekly, "zones": one.zone, "countries": one.country}
    return {
        "changes": dict(calendars.weekly_on(section, one.begin)),
        "zones": calendars.zone_on(section, desk_zone, one.begin),
        "countries": calendars.country_on(section, one.begin),
    }


def _new(later: Mapping[str, str], first: str) -> dict[str, str]:
    """Only those that differ from what held before."""
    found, held = {}, first
    for day in sorted(later):
        if later[day] != held:
            found[day] = held = later[day]
    return found


# ---------------------------------------------------------------- changing them


def put(section: HoursSettings, own: Weeks, new: DatedWeek) -> list[DatedWeek]:
    """With one more week, which holds until whatever was to begin next: another one of them, or a
    change that the settings foresee."""
    others = [one for one in own if one.begin != new.begin]
    following = [one for one in others if one.begin > new.begin]
    held = _at(own, new.begin)
    if held is None or held.weekly is None:
        end = following[0].begin if following else date.max
        dates = {*section.changes, *section.zones, *section.countries}
        foreseen = [day for day in map(date.fromisoformat, sorted(dates)) if new.begin < day < end]
        following = [*(DatedWeek(begin=day) for day in foreseen[:1]), *following]
    return _settled([*(one for one in others if one.begin < new.begin), new, *following])


def drop(own: Weeks, begin: date) -> list[DatedWeek]:
    """Without the week that was to begin on a day: what held before goes on."""
    return _settled(one for one in own if one.begin != begin)


def restored(own: Weeks, today: date) -> list[DatedWeek]:
    """From today on what the settings say; what was before stays as it was."""
    return _settled([*_before(own, today), DatedWeek(begin=today)])


def brought(own: Weeks, given: Weeks, today: date) -> list[DatedWeek]:
    """From today on what another desk has; what was before stays as it was here."""
    now = _at(given, today) or DatedWeek(begin=today)
    later = [one for one in given if one.begin > today]
    return _settled([*_before(own, today), now.model_copy(update={"begin": today}), *later])


def _before(own: Weeks, today: date) -> list[DatedWeek]:
    return [one for one in own if one.begin < today]


def _at(own: Weeks, day: date) -> DatedWeek | None:
    begun = [one for one in own if one.begin <= day]
    return begun[-1] if begun else None


def _settled(own: Iterable[DatedWeek]) -> list[DatedWeek]:
    """Without those that say what the one before them says already."""
    found = list(own)
    before: list[DatedWeek | None] = [None, *found]
    return [later for earlier, later in pairwise(before) if later and not later.alike(earlier)]
