"""The words of acknowledgements: honest about when somebody answers, in the requester's language.

Texts are data (``router/texts/<language>.toml``): a subject and a body a case, and the steps people
can take themselves. Nothing a sender wrote is ever an input here, so nothing can be echoed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

LANGUAGES = ("zh", "zh-Hant", "en")
#: The lines that are left out when there is nothing to fill in.
_BLANK = {"status": "status_url", "hotline": "hotline"}
CASES = ("open", "closed", "security")
_WEEKDAYS = {"zh": "一二三四五六日", "zh-Hant": "一二三四五六日"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when a ticket is acknowledged. ``answer_by`` is when a person has answered at
    the latest; ``next_open`` is None while the desk is open."""

    language: str
    group: str
    security: bool
    open: bool
    number: str
    answer_by: datetime
    next_open: datetime | None
    zone: str
    desk_name: str
    hotline: str
    status_url: str
    #: Whether they sent us a seed phrase or a private key.
    secret: bool = False
    #: What everybody with this kind of trouble should read first; the desk wrote it.
    banner: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A finished text, and which of the cases it is."""

    case: str
    subject: str
    text: str


@lru_cache(maxsize=4096)
def format_moment(at: datetime, zone: str, language: str) -> str:
    """A moment as people say it: ``11月25日（周三）08:00`` or ``Wed 25 Nov, 08:00 (UTC+8)``."""
    local = at.astimezone(ZoneInfo(zone))
    weekdays = _WEEKDAYS.get(language)
    if weekdays is None:
        return f"{local:%a} {local.day} {local:%b}, {local:%H:%M} ({_offset(local)})"
    week = "週" if language == "zh-Hant" else "周"
    return f"{local.month}月{local.day}日（{week}{weekdays[local.weekday()]}）{local:%H:%M}"


def _offset(local: datetime) -> str:
    """``UTC+8``: names of zones mean different places to different people."""
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"


class Wording:
    """All texts of all languages."""

    def __init__(self, texts: Mapping[str, Mapping[str, Any]]) -> None:
        """``texts``: one table a language, as read from its file."""
        self._texts = texts
        self._templates: dict[tuple[str, str], tuple[Template, Template]] = {
            (language, case): (Template(table[case]["subject"]), Template(table[case]["body"]))
            for language, table in texts.items()
            for case in CASES
        }

    @classmethod
    def load(cls, folder: Path | None = None) -> Wording:
        """Read the texts that ship, or those of a folder with the same file names."""
        root = folder or resources.files("router").joinpath("texts")
        return cls(
            {
                language: tomllib.loads(root.joinpath(f"{language}.toml").read_text("utf-8"))
                for language in LANGUAGES
            }
        )

    def steps(self, language: str, group: str) -> str:
        """What somebody with this kind of trouble can do at once."""
        table = self._texts[language if language in self._texts else "en"]["steps"]
        return str(table.get(group, table["other"])).strip()

    def acknowledgement(self, situation: Situation) -> Words:
        """The text for this situation. A security matter has its own words, day and night."""
        language = situation.language if situation.language in self._texts else "en"
        case = "security" if situation.security else "open" if situation.open else "closed"
        subject, body = self._templates[language, case]
        table = self._texts[language]
        hours = table["hours_open"] if situation.open else table["hours_closed"]
        opening = situation.next_open or situation.answer_by
        values = {
            "desk": situation.desk_name,
            "number": situation.number,
            "answer_by": format_moment(situation.answer_by, situation.zone, language),
            "next_open": format_moment(opening, situation.zone, language),
            "steps": self.steps(language, "security" if situation.security else situation.group),
        }
        for name, value in (("status", situation.status_url), ("hotline", situation.hotline)):
            values[name] = Template(table[name]).substitute({_BLANK[name]: value}) if value else ""
        values["secret"] = str(table["secret_received"]).strip() if situation.secret else ""
        values["hours"] = Template(hours).substitute(values)
        text = body.substitute(values)
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
        if situation.banner and not situation.secret:  # nothing comes before a leaked secret
            text = f"{situation.banner.strip()}\n\n{text.strip()}"
        return Words(case, subject.substitute(values).strip(), text.strip() + "\n")
