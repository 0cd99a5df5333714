"""``router calendar``: the dates of a calendar, shown and imported."""

from __future__ import annotations

from pathlib import Path

from router import calendars
from router.core.clock import SystemClock
from router.core.ids import Ids
from router.core.promises import dates_in_files
from router.core.promises.dates_in_files import WORK, Dated
from router.core.promises.periods import DAYS, dated
from router.core.promises.sla import DESK
from router.errors import Fault, Invalid, SettingsFault
from router.hourbook import Hourbook, recount
from router.promise_settings import HoursSettings
from router.settings import Settings
from router.store import timeline, version
from router.store.database import Store
from router.store.promises import calendar_days
from router.store.promises.calendar_days import Day
from router.store.unit import Unit


def shown(settings: Settings, name: str, year: int) -> str:
    """A year of a calendar, one date a line; then whether official days are missing."""
    _section(settings, name)
    store = _store(settings)
    try:
        book = Hourbook(settings, store)
        today = store.clock.now().date()
    finally:
        store.close()
    year = year or today.year
    hours, _ = _section(book.settings, name)
    official = [
        (day, calendars.country_on(hours, dated(day.day)))
        for day in calendars.official_days(hours, book.days)
    ]
    own = [(day, day.source or "import") for day in book.days.get(name, ())]
    said = ", ".join(calendars.observed(hours)) or "no country"
    lines = [f"{name}: {len(own)} dates of its own, {said}"]
    for day, source in sorted([*official, *own]):
        if dated(day.day).year == year:
            spans = " ".join(f"{one}-{other}" for one, other in day.periods)
            said = f"{dated(day.day)} {DAYS[dated(day.day).weekday()]} {day.kind} {spans}"
            lines.append(f"{' '.join(said.split())}  {source} {day.note}".rstrip())
    lines += [
        f"! the official days of {country} for {missing} are incomplete"
        for country, missing in _missing(book, year)
    ]
    return "\n".join(lines) + "\n"


def _missing(book: Hourbook, year: int) -> list[tuple[str, int]]:
    return [
        (country, year)
        for country in calendars.countries(book.settings)
        if calendars.incomplete(country, year, book.days)
    ]


def take_in(settings: Settings, path: Path, name: str, *, dry_run: bool) -> str:
    """Import a file's dates into a calendar; what changed, in words.

    Raises SettingsFault with every wrong line; then nothing was written.
    """
    hours, zone = _section(settings, name)
    read = _read(path, zone)
    days = _days(path, read, hours, name, zone)
    if dry_run:
        return f"{len(days)} dates can be read; nothing was written\n"
    store = _store(settings)
    try:
        book = Hourbook(settings, store)
        days = _days(path, read, _section(book.settings, name)[0], name, zone)
        changed = store.write(lambda unit: _replace(unit, name, days))
        book.follow(store)
        moved = recount(store, book.policies, name) if changed else 0
    finally:
        store.close()
    return f"{changed} of {len(days)} dates changed; {moved} open promises were counted anew\n"


def _days(path: Path, read: list[Dated], hours: HoursSettings, name: str, zone: str) -> list[Day]:
    days = [_day(one, hours, path.name) for one in read]
    try:
        calendars.calendar(hours, zone, name, {name: days})
    except Invalid as fault:
        raise SettingsFault([Fault(str(path), str(fault))]) from fault
    return days


def _replace(unit: Unit, name: str, days: list[Day]) -> int:
    changed = calendar_days.replace(unit, name, days)
    if changed:
        timeline.audit(unit, "cli", "calendar.imported", f"calendar:{name}")
    return changed


def _section(settings: Settings, name: str) -> tuple[HoursSettings, str]:
    if name == DESK:
        return settings.hours, settings.desk.zone
    if name not in settings.calendars:
        known = ", ".join([DESK, *settings.calendars])
        raise SettingsFault([Fault("--calendar", f"{name} is no calendar; there are {known}")])
    own = settings.calendars[name]
    return own, calendars.zone_of(own, settings.desk.zone)


def _read(path: Path, zone: str) -> list[Dated]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as fault:
        raise SettingsFault([Fault(str(path), f"cannot be read: {fault}")]) from fault
    if path.suffix.lower() == ".ics":
        return dates_in_files.read_ics(text, path.name, zone)
    return dates_in_files.read_csv(text, path.name)


def _day(one: Dated, hours: HoursSettings, source: str) -> Day:
    """A make-up day is open in the hours of a working day."""
    if one.kind != WORK:
        return Day(one.day, one.kind, one.periods, one.note, source)
    worked = calendars.weekly_on(hours, dated(one.day)).get(hours.make_up, [])
    periods = tuple(worked)
    return Day(one.day, "open" if periods else "closed", periods, one.note, source)


def _store(settings: Settings) -> Store:
    clock = SystemClock()
    store = Store(settings.database_url, clock=clock, ids=Ids(clock))
    version.check(store.pool)
    return store
