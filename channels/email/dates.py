"""The moment a Date header tells, by the standard or as programs write it that know none."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_LONGEST = 120
_FIRST_YEAR = 1900
_STANDARD = re.compile(
    r"(?:[A-Za-z]{3},?\s+)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d{1,2}:\d\d(?::\d\d)?\s+"
    r"(?:[+-]\d{4}|GMT|UT|[ECMP][SD]T)(?:\s*\([^()]*\))?\s*\Z"
)
_COMMENT = re.compile(r"\([^()]*\)")
_TIME = re.compile(
    r"(?<!\d)(\d{1,2})\s*[:.]\s*(\d{1,2})(?:\s*[:.]\s*(\d{1,2}))?(?![\d.]*\d[./])"
    r"(?:[.,]\d+)?\s*([ap]m\b|上午|下午)?",
    re.IGNORECASE,
)
_HALF = re.compile("上午|下午")
_OFFSET = re.compile(r"([+-])\s*(\d{1,2})(?::?(\d\d))?(?!\d)")
_ZONE = re.compile(r"\b[A-Z]{2,5}\b")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?!\d)")
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\d.])")
_DAY_FIRST = re.compile(
    r"(?<!\d)(\d{1,2})[\s.-]+([^\W\d_]{3,12}|[一二三四五六七八九十]{1,2}月)[\s.,-]+(\d{2,4})\b"
)
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,12})\.?\s+(\d{1,2}),?\s+(\d{4})\b")
#: How the names of each month begin in the languages that programs write dates in.
_BEGIN = (
    *("jan ene gen 一月", "feb fév fev 二月", "mar mär mrt maa 三月", "apr avr abr 四月"),
    *("may mai mei mag 五月", "jun juin giu 六月", "jul juil lug 七月", "aug aoû ago 八月"),
    *("sep set 九月", "oct okt ott out 十月", "nov 十一月", "dec dez déc dic 十二月"),
)
_MONTHS = {name: at for at, names in enumerate(_BEGIN, 1) for name in names.split()}
#: Hours east of Greenwich; a name of several places is America's, as the standard has it.
_HOURS = {
    "GMT": 0,
    "UTC": 0,
    "UT": 0,
    "Z": 0,
    "WET": 0,
    "BST": 1,
    "CET": 1,
    "MEZ": 1,
    "WEST": 1,
    "CEST": 2,
    "MESZ": 2,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "HKT": 8,
    "SGT": 8,
    "AWST": 8,
    "JST": 9,
    "KST": 9,
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}


def moment(written: str) -> datetime | None:
    """The moment in UTC; one that names no zone is taken for UTC. None when nothing can be read, or
    a year before there was any mail."""
    at = _moment(written)
    return at if at and at.year >= _FIRST_YEAR else None


def _moment(written: str) -> datetime | None:
    written = written[:_LONGEST].strip()
    if not written:
        return None
    if not _STANDARD.match(written) and (found := _read(_COMMENT.sub(" ", written))):
        return found
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            at = read(written)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return _read(_COMMENT.sub(" ", written))


def _read(written: str) -> datetime | None:
    written = _DOTTED.sub(r"\3-\2-\1", written)  # looks like a time
    day, time = _day(written), _TIME.search(written)
    if day is None or time is None:
        return None
    half = (time[4] or (told[0] if (told := _HALF.search(written)) else "")).lower()
    hour = int(time[1])
    if half in ("pm", "下午") and hour < 12:
        hour += 12
    elif half in ("am", "上午") and hour == 12:
        hour = 0
    try:
        at = datetime(*day, tzinfo=_zone(written[time.end() :]))
        at += timedelta(hours=hour, minutes=int(time[2]), seconds=min(int(time[3] or 0), 59))
        return at.astimezone(UTC) if hour <= 24 and int(time[2]) < 60 else None
    except (ValueError, OverflowError):
        return None


def _day(written: str) -> tuple[int, int, int] | None:
    if found := _YEAR_FIRST.search(written):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _DAY_FIRST.search(written):
        day, month, year = found[1], found[2], found[3]
    elif found := _MONTH_FIRST.search(written):
        month, day, year = found[1], found[2], found[3]
    else:
        return None
    name = month.lower()
    known = _MONTHS.get(name) or _MONTHS.get(name[:4]) or _MONTHS.get(name[:3])
    if known is None:
        return None
    century = 0 if len(year) == 4 else 2000 if int(year) < 70 else 1900  # 126 is 2026 (RFC 5322)
    return century + int(year), known, int(day)


def _zone(after: str) -> timezone:
    """The zone named behind the time: an offset says more than a name before it."""
    if found := _OFFSET.search(after):
        east = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        if east < timedelta(hours=24):
            return timezone(east if found[1] == "+" else -east)
    named = _ZONE.search(after)
    return timezone(timedelta(hours=_HOURS.get(named[0], 0))) if named else UTC
