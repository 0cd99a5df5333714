"""The words of acknowledgements: honest about when somebody answers, in the requester's language.

Texts are data (``router/texts/<language>.toml``): a subject and a body a case, and the steps people
can take themselves. Nothing a sender wrote is ever an input here, so nothing can be echoed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

from router.core.bilingual import for_reader
from router.errors import Fault, SettingsFault

LANGUAGES = ("zh", "zh-Hant", "en")
#: The lines that are left out when there is nothing to fill in.
_BLANK = {"status": "status_url", "hotline": "hotline", "article": "article_url"}
CASES = ("open", "closed", "security")
#: Stand for what each ticket has of its own where words are for many tickets; no text has these.
ANY_NUMBER, ANY_LINK = "\ufdd0", "\ufdd1"
#: What a subject or a body may name.
KNOWN = frozenset(
    [
        *("desk", "number", "answer_by", "next_open", "hours", "secret"),
        *("when", "steps", "article", "facts", "status", "hotline", "answer", "tell"),
    ]
)
#: The lines a text may leave out where it has nothing to say, and what each may name.
_LINES = {
    "hours_open": frozenset(("next_open", "answer_by")),
    "hours_closed": frozenset(("next_open", "answer_by")),
    "hours_never": frozenset(),
    "when_open": frozenset(("answer_by",)),
    "when_closed": frozenset(("next_open", "answer_by")),
    "when_never": frozenset(),
    "today": frozenset(("date", "clock")),
    "tomorrow": frozenset(("date", "clock")),
    **{line: frozenset((value,)) for line, value in _BLANK.items()},
    **dict.fromkeys(("answer_mail", "answer_chat", "tell_mail", "tell_chat"), frozenset()),
}
_WEEKDAYS = {"zh": "一二三四五六日", "zh-Hant": "一二三四五六日"}


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when a ticket is acknowledged. ``answer_by`` is when a person has answered at
    the latest, ``next_open`` when people are back; None while the desk is open, and both are None
    where nobody can name a moment."""

    language: str
    group: str
    security: bool
    open: bool
    number: str
    answer_by: datetime | None
    next_open: datetime | None
    zone: str
    desk_name: str
    hotline: str
    status_url: str
    #: Whether they sent us a seed phrase or a private key.
    secret: bool = False
    #: When it is told; None where today and tomorrow are not to be named.
    now: datetime | None = None
    #: The steps of the article about this very kind of trouble, and where all of it can be read.
    steps: str = ""
    article_url: str = ""
    #: The facts that people need and the message did not tell.
    missing: tuple[str, ...] = ()
    #: What everybody with this kind of trouble should read first; the desk wrote it.
    banner: str = ""
    #: Whether they read it as a mail; else where they wrote.
    mail: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """A finished text, and which of the cases it is."""

    case: str
    subject: str
    text: str

    def about(self, number: str, status_url: str) -> Words:
        """The words for one ticket, made of those for any."""
        return Words(
            self.case,
            self.subject.replace(ANY_NUMBER, number),
            self.text.replace(ANY_NUMBER, number).replace(ANY_LINK, status_url),
        )


@lru_cache(maxsize=4096)
def format_moment(at: datetime, zone: str, language: str) -> str:
    """A moment as people say it: ``11月25日（周三）08:00`` or ``Wed 25 Nov, 08:00 (UTC+8)``."""
    date, clock = _parts(at.astimezone(ZoneInfo(zone)), language)
    if language in _WEEKDAYS:
        local = at.astimezone(ZoneInfo(zone))
        week = "週" if language == "zh-Hant" else "周"
        return f"{date}（{week}{_WEEKDAYS[language][local.weekday()]}）{clock}"
    return f"{date}, {clock}"


def _parts(local: datetime, language: str) -> tuple[str, str]:
    """(date, time of day) as people say them."""
    if language in _WEEKDAYS:
        return f"{local.month}月{local.day}日", f"{local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b}", f"{local:%H:%M} ({_offset(local)})"


def _offset(local: datetime) -> str:
    """``UTC+8``: names of zones mean different places to different people."""
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"


def _check(texts: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise SettingsFault for every text that is left out or names what nobody fills in."""
    faults = [
        Fault(f"texts/{language}.toml", f"{name} {wrong}")
        for language, table in texts.items()
        for name, text, known in _wanted(table)
        for wrong in _wrong(text, known)
    ]
    if faults:
        raise SettingsFault(faults)


def _wanted(table: Mapping[str, Any]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """(name, text, what it may name) of everything a language must have."""
    for line, known in _LINES.items():
        yield line, str(table.get(line, "")), known
    for case in CASES:
        for part in ("subject", "body"):
            yield f"{case}.{part}", str(table.get(case, {}).get(part, "")), KNOWN


def _wrong(text: str, known: frozenset[str]) -> Iterator[str]:
    template = Template(text)
    if not text.strip():
        yield "is missing"
    elif not template.is_valid():
        yield "has a $ that names nothing; write $$"
    else:
        for unknown in sorted(set(template.get_identifiers()) - known):
            yield f"names ${unknown}; there are {', '.join(sorted(known))}"


class Wording:
    """All texts of all languages."""

    def __init__(self, texts: Mapping[str, Mapping[str, Any]]) -> None:
        """``texts``: one table a language, as read from its file."""
        _check(texts)
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

    def facts(self, language: str, missing: Sequence[str]) -> str:
        """The question for what is missing, or nothing."""
        if not missing:
            return ""
        table = self._texts[language]["facts"]
        return "\n".join([str(table["ask"]), *(f"- {table[one]}" for one in missing)])

    def moment(self, at: datetime | None, situation: Situation, language: str) -> str:
        """A moment as people say it: today and tomorrow by name, with the date beside it, for a
        mail may be read later."""
        if at is None:
            return ""
        if situation.now is None:
            return format_moment(at, situation.zone, language)
        zone = ZoneInfo(situation.zone)
        local = at.astimezone(zone)
        days = (local.date() - situation.now.astimezone(zone).date()).days
        near = {0: "today", 1: "tomorrow"}.get(days)
        if near is None:
            return format_moment(at, situation.zone, language)
        date, clock = _parts(local, language)
        return Template(self._texts[language][near]).substitute(date=date, clock=clock)

    def acknowledgement(self, situation: Situation) -> Words:
        """The text for this situation. A security matter has its own words, day and night."""
        language = situation.language if situation.language in self._texts else "en"
        case = "security" if situation.security else "open" if situation.open else "closed"
        subject, body = self._templates[language, case]
        table = self._texts[language]
        opening = situation.next_open or situation.answer_by
        there = "open" if situation.open else "closed" if situation.next_open else "never"
        told = there if situation.answer_by else "never"
        values = {
            "desk": for_reader(language, situation.desk_name, situation.desk_name),
            "number": situation.number,
            "answer_by": self.moment(situation.answer_by, situation, language),
            "next_open": self.moment(opening, situation, language),
            "steps": situation.steps
            or self.steps(language, "security" if situation.security else situation.group),
            "facts": self.facts(language, situation.missing),
        }
        for name, value in (
            ("status", situation.status_url),
            ("hotline", situation.hotline),
            ("article", situation.article_url),
        ):
            values[name] = Template(table[name]).substitute({_BLANK[name]: value}) if value else ""
        place = "mail" if situation.mail else "chat"
        values |= {name: str(table[f"{name}_{place}"]) for name in ("answer", "tell")}
        values["secret"] = str(table["secret_received"]).strip() if situation.secret else ""
        values["hours"] = Template(table[f"hours_{there}"]).substitute(values)
        values["when"] = Template(table[f"when_{told}"]).substitute(values)
        text = body.substitute(values)
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
        if situation.banner and not situation.secret:  # nothing comes before a leaked secret
            text = f"{situation.banner.strip()}\n\n{text.strip()}"
        return Words(case, subject.substitute(values).strip(), text.strip() + "\n")
