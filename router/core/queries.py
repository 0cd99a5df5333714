"""What somebody types to find tickets: words, and filters written among them.

退款 from:ann@mail.example channel:email before:2026-11-01
渠道:wechat 之前:2026-11 "to the bank"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

#: What a filter may be called, in either language, and the field it narrows.
NAMES = {
    "from": "sender",
    "来自": "sender",
    "channel": "channel",
    "渠道": "channel",
    "category": "category",
    "类别": "category",
    "team": "team",
    "班组": "team",
    "tag": "tag",
    "标签": "tag",
    "urgency": "urgency",
    "紧急度": "urgency",
    "lang": "language",
    "语言": "language",
    "is": "state",
    "状态": "state",
    "before": "before",
    "之前": "before",
    "after": "after",
    "之后": "after",
}
#: A filter's colon may be the full-width one of Chinese keyboards.
_PIECE = re.compile(
    r"(?:(?P<name>[A-Za-z]+|[\u4e00-\u9fff]{2,3})[:\uff1a])?"
    r"(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>\S+))"
)
_DAY = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Query:
    """The words to look for, and the filters, by field."""

    words: str
    filters: dict[str, Any] = field(default_factory=dict)


def parse(text: str, zone: ZoneInfo) -> Query:
    """Take the filters out of what was typed. What only looks like one (a web address, a date that
    is none) stays among the words."""
    words: list[str] = []
    filters: dict[str, Any] = {}
    for found in _PIECE.finditer(text):
        name = NAMES.get((found["name"] or "").lower(), "")
        value = found["quoted"] if found["quoted"] is not None else found["plain"]
        meant = _meant(name, value, zone) if name and value else None
        if meant is None:
            words.append(found.group() if found["name"] else value)
        else:
            filters[name] = meant
    return Query(" ".join(words), filters)


def _meant(name: str, value: str, zone: ZoneInfo) -> Any:
    if name in ("before", "after"):
        return _moment(value, zone)
    return value.upper() if name == "urgency" else value


def _moment(value: str, zone: ZoneInfo) -> datetime | None:
    """The beginning of a day or of a month, there where the desk is."""
    found = _DAY.fullmatch(value)
    if found is None:
        return None
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3] or 1), tzinfo=zone)
    except ValueError:
        return None
