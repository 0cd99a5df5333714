"""Dates of a calendar as CSV or iCalendar files hold them. Everything wrong is told with its line.

CSV has the columns ``date, kind, periods, note``; kind is closed, open (with periods such as
``08:00-12:00 13:00-18:00``) or work, a make-up day in the hours of a working day. In a calendar
file an event of whole days closes them, unless it says that they are worked (as the calendars of
phones and of governments do); an event with hours opens its date in those hours.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from router.core.promises import periods
from router.errors import Fault, Invalid, SettingsFault

CLOSED, OPEN, WORK = "closed", "open", "work"
_KINDS = (CLOSED, OPEN, WORK)
_COLUMNS = ("date", "kind", "periods", "note")
_SPAN = re.compile(r"(\d\d:\d\d)\s*[-–]\s*(\d\d:\d\d)", re.ASCII)
_LONGEST = 366
_WORKED = re.compile(
    r"补班|調班|调休上班|上班|（班）|\(班\)|make-?up (working )?day|working day", re.IGNORECASE
)


class Dated(NamedTuple):
    """One date: closed, open in its periods, or worked like a working day."""

    day: int
    kind: str
    periods: tuple[tuple[str, str], ...] = ()
    note: str = ""


def read_csv(text: str, name: str) -> list[Dated]:
    """The dates of a CSV file; raises SettingsFault with every wrong line."""
    rows = csv.DictReader(io.StringIO(text))
    missing = [one for one in _COLUMNS[:2] if one not in (rows.fieldnames or ())]
    if missing:
        columns = ", ".join(_COLUMNS)
        raise SettingsFault([Fault(f"{name}:1", f"has no column {missing[0]}; write {columns}")])
    found: dict[int, Dated] = {}
    faults: list[Fault] = []
    for row in rows:
        where = f"{name}:{rows.line_num}"
        try:
            one = _row(row)
        except Invalid as fault:
            faults.append(_fault(where, fault))
            continue
        if one.day in found:
            faults.append(Fault(where, f"{row['date']} stands in the file twice"))
        found[one.day] = one
    if faults:
        raise SettingsFault(faults)
    return [found[day] for day in sorted(found)]


def _row(row: dict[str, str | None]) -> Dated:
    kind = (row.get("kind") or "").strip()
    if kind not in _KINDS:
        raise Invalid("kind", "unknown_kind", given=kind or "nothing", write=", ".join(_KINDS))
    text = (row.get("periods") or "").strip()
    spans = tuple((one, other) for one, other in _SPAN.findall(text))
    if _SPAN.sub("", text).strip(" ,;"):
        raise Invalid("periods", "bad_periods", given=text, write="08:00-12:00 13:00-18:00")
    if (kind == OPEN) != bool(spans):
        write = "08:00-22:00" if kind == OPEN else "nothing"
        raise Invalid("periods", "bad_periods", given=text or "nothing", write=write)
    periods.periods(spans, "periods")
    day = periods.day((row.get("date") or "").strip(), "date")
    return Dated(day, kind, spans, (row.get("note") or "").strip())


def _fault(where: str, fault: Invalid) -> Fault:
    given, write = fault.params.get("given", ""), fault.params.get("write", "")
    return Fault(where, f"{fault.field}: {given} cannot be; write {write}")


# ---------------------------------------------------------------- iCalendar (RFC 5545)


def read_ics(text: str, name: str, zone: str) -> list[Dated]:
    """The dates of an iCalendar file, hours in ``zone``; raises SettingsFault with every wrong
    event. Events that repeat are refused: which of them are meant, nobody could see in a list."""
    found: dict[int, Dated] = {}
    faults: list[Fault] = []
    events = 0
    for line, event in _events(text):
        events += 1
        try:
            for one in _event(event, zone):
                known = found.get(one.day)
                if known is not None and known.kind == one.kind == OPEN:
                    one = one._replace(periods=(*known.periods, *one.periods))  # noqa: PLW2901
                found[one.day] = one
        except Invalid as fault:
            faults.append(_fault(f"{name}:{line}", fault))
    if not events:
        faults.append(Fault(name, "holds no event (BEGIN:VEVENT)"))
    if faults:
        raise SettingsFault(faults)
    return [found[day] for day in sorted(found)]


def _events(text: str) -> Iterator[tuple[int, dict[str, tuple[str, str]]]]:
    """(line, properties) of each event; a property is its parameters and its value."""
    event: dict[str, tuple[str, str]] | None = None
    begun = 0
    for number, line in _unfolded(text):
        head, _, value = line.partition(":")
        key, _, params = head.partition(";")
        if head.upper() == "BEGIN" and value.upper() == "VEVENT":
            event, begun = {}, number
        elif head.upper() == "END" and value.upper() == "VEVENT" and event is not None:
            yield begun, event
            event = None
        elif event is not None:
            event.setdefault(key.upper(), (params, value))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    held, begun = "", 1
    for number, line in enumerate(text.splitlines(), start=1):
        if line[:1] in (" ", "\t"):
            held += line[1:]
            continue
        if held:
            yield begun, held
        held, begun = line.rstrip("\r"), number
    if held:
        yield begun, held


def _event(event: dict[str, tuple[str, str]], zone: str) -> Iterator[Dated]:
    if "RRULE" in event:
        raise Invalid("RRULE", "repeats", given=event["RRULE"][1], write="each date by itself")
    note = event.get("SUMMARY", ("", ""))[1].replace("\\,", ",").replace("\\;", ";")
    start = event.get("DTSTART", ("", ""))[1]
    end = event.get("DTEND", ("", ""))[1]
    if re.fullmatch(r"\d{8}", start):
        first = _date(start)
        last = _date(end) if end else first + timedelta(days=1)
        if not 0 < (last - first).days <= _LONGEST:
            raise Invalid("DTEND", "bad_end", given=end, write="a day after DTSTART")
        special = event.get("X-APPLE-SPECIAL-DAY", ("", ""))[1].upper()
        worked = special == "ALTERNATE-WORKDAY" or (not special and bool(_WORKED.search(note)))
        for place in range((last - first).days):
            day = periods.day((first + timedelta(days=place)).isoformat(), "DTSTART")
            yield Dated(day, WORK if worked else CLOSED, (), note)
        return
    begin, until = (_local(*event.get(key, ("", "")), key, zone) for key in ("DTSTART", "DTEND"))
    if not timedelta() < until - begin <= timedelta(days=1):
        raise Invalid("DTEND", "bad_end", given=end, write="within a day after DTSTART")
    span = (f"{begin:%H:%M}", f"{until:%H:%M}")
    yield Dated(periods.day(f"{begin.date()}", "DTSTART"), OPEN, (span,), note)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  # a date has no zone
    except ValueError as fault:
        raise Invalid("DTSTART", "bad_date", given=text, write="YYYYMMDD") from fault


def _local(params: str, value: str, key: str, zone: str) -> datetime:
    """A time as the calendar's wall clock shows it."""
    try:
        read = datetime.strptime(value.rstrip("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007  # zone below
    except ValueError as fault:
        write = "YYYYMMDD or YYYYMMDDTHHMMSS"
        raise Invalid(key, "bad_date", given=value or "nothing", write=write) from fault
    named = re.search(r'TZID="?([^;":]+)', params)
    own = "UTC" if value.endswith("Z") else named.group(1) if named else zone
    return read.replace(tzinfo=periods.zone(own)).astimezone(ZoneInfo(zone))
