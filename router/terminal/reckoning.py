"""Due times by the line, so that anybody can check our arithmetic against an oracle of their own.

A question carries its whole calendar and is answered from nothing else: no settings, no database,
no clock.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any, BinaryIO

from pydantic_core import from_json, to_json

from router.core.clock import from_us, to_us
from router.core.promises.hours import Calendar, Pause, settled
from router.errors import Invalid

#: A minute in microseconds.
_MINUTE = 60_000_000
_KEPT = 64
_KEY = b'"calendar":'
#: So many bytes are read at once at most.
_PIECE = 1 << 18


class Reckoner:
    """Answers questions about due times.

    Reading a calendar costs more than the whole answer, and most questions come with the same few:
    the text of one that is known is cut out of the line before the rest is read.
    """

    def __init__(self) -> None:
        """Begin with no calendar."""
        self._known: dict[bytes, Calendar] = {}
        self._lengths: tuple[int, ...] = ()
        #: Stands in a line for the calendar that was cut out of it; nobody else can write it.
        self._mark = secrets.randbits(48)

    def answer(self, line: bytes) -> bytes:
        """One question's answer as a line of JSON: ``id`` and ``due`` or ``error``."""
        known, short = self._cut(line)
        try:
            question = from_json(short)
        except ValueError as fault:
            return _told(None, error=f"not JSON: {fault}")
        if not isinstance(question, dict):
            return _told(None, error="not an object")
        try:
            if known is None or question.get("calendar") != self._mark:
                given = from_json(line).get("calendar")
                known = calendar(given)
                self._keep(line, given, known)
            due = _due(known, question)
        except Invalid as fault:
            return _told(question.get("id"), error=_said(fault))
        except OverflowError:
            return _told(question.get("id"), error="start: outside the years 1 to 9999")
        return _told(question.get("id"), due=due)

    def _cut(self, line: bytes) -> tuple[Calendar | None, bytes]:
        place = line.find(_KEY)
        if place >= 0:
            place += len(_KEY)
            if line[place : place + 1] == b" ":
                place += 1
            for length in self._lengths:
                known = self._known.get(line[place : place + length])
                if known is not None:
                    return known, b"%b%d%b" % (line[:place], self._mark, line[place + length :])
        return None, line

    def _keep(self, line: bytes, given: object, known: Calendar) -> None:
        """Remember the text of a calendar that could be read."""
        text = line.decode()
        place = text.find(_KEY.decode()) + len(_KEY)
        place += text[place] == " "
        try:
            found, end = json.JSONDecoder().raw_decode(text, place)
        except ValueError:
            return
        if found != given:
            return  # another thing of that name; this one is read each time
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[text[place:end].encode()] = known
        self._lengths = tuple({len(one) for one in self._known})


def _due(known: Calendar, question: Mapping[str, Any]) -> str:
    start = _moment(question.get("start"), "start")
    span = _span(question.get("minutes"))
    given = question.get("pauses")
    pauses = settled(_pauses(given)) if given is not None else ()
    return from_us(known.after_us(start, span, pauses)).isoformat()


def _told(name: object, **said: str) -> bytes:
    return to_json({"id": name, **said}) + b"\n"


def calendar(given: object) -> Calendar:
    """The calendar a question describes: what ``open`` says of a date outranks ``closed``."""
    if not isinstance(given, dict):
        raise Invalid("calendar", "missing", given=str(given), write="an object with a zone")
    for key in given:
        if key not in ("zone", "weekly", "closed", "open"):
            write = "zone, weekly, closed, open"
            raise Invalid(f"calendar.{key}", "unknown_key", given=str(key), write=write)
    zone, weekly = given.get("zone"), given.get("weekly") or {}
    closed, opened = given.get("closed") or (), given.get("open") or {}
    if not isinstance(zone, str):
        raise Invalid("calendar.zone", "missing", given=str(zone), write="Asia/Shanghai")
    tables = {"weekly": weekly, "open": opened}
    for name, table in tables.items():
        if not isinstance(table, dict) or not all(isinstance(v, list) for v in table.values()):
            write = 'an object of lists, such as {"mon": [["08:00", "22:00"]]}'
            raise Invalid(f"calendar.{name}", "bad_table", given=str(table)[:60], write=write)
    if not isinstance(closed, list | tuple):
        raise Invalid("calendar.closed", "bad_list", given=str(closed), write='["2026-10-01"]')
    return Calendar(zone, weekly, closed=[one for one in closed if one not in opened], open=opened)


def _moment(given: object, where: str) -> int:
    try:
        at = datetime.fromisoformat(given)  # type: ignore[arg-type]  # what is no text is refused
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is None:
        write = "ISO 8601 with an offset, such as 2026-11-24T21:30:00+08:00"
        raise Invalid(where, "bad_moment", given=str(given), write=write)
    return to_us(at)


def _span(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int | float) or not isfinite(given):
        raise Invalid("minutes", "bad_number", given=str(given), write="a number, 0 or more")
    if given < 0:
        raise Invalid("minutes", "negative", given=str(given), write="0 or more")
    return round(given * _MINUTE)


def _pauses(given: object) -> Iterable[Pause]:
    if not isinstance(given, list):
        raise Invalid("pauses", "bad_list", given=str(given), write="[[from, to], …]")
    for number, one in enumerate(given):
        where = f"pauses[{number}]"
        if not isinstance(one, list) or len(one) != 2:
            raise Invalid(where, "bad_pause", given=str(one), write="[from, to]")
        begin, end = _moment(one[0], where), _moment(one[1], where)
        if end < begin:
            raise Invalid(where, "ends_before_it_starts", given=str(one), write="[from, to]")
        yield begin, end


def _said(fault: Invalid) -> str:
    given, write = fault.params.get("given", ""), fault.params.get("write", "")
    return f"{fault.field}: {fault.code.replace('_', ' ')} ({given}); write {write}"


def lines(given: Any, told: BinaryIO) -> None:
    """One question a line in (``given`` reads bytes), one answer a line out, in their order: a file
    is read in large pieces, a person who asks one question is answered at once."""
    reckoner, rest = Reckoner(), b""
    while piece := given.read1(_PIECE):
        *whole, rest = (rest + piece).split(b"\n")
        _tell(reckoner, whole, told)
    _tell(reckoner, [rest], told)


def _tell(reckoner: Reckoner, asked: Iterable[bytes], told: BinaryIO) -> None:
    for line in asked:
        if line.strip():
            told.write(reckoner.answer(line))
    told.flush()
