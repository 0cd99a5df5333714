"""The pages' words, in the reader's language.

``t('group.key', name=…)`` says a sentence, ``label(kind, value)`` names a value of ours,
``moment(at)`` tells a time as people do, with the exact one on hover. A missing word raises: a test
finds it before a reader does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache, cached_property, lru_cache
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, current_app, g, request
from markupsafe import Markup, escape

from router.core.clock import from_us
from router.web import packing
from router.web.rights import here

LANGUAGES = ("zh", "en")
_HOUR, _DAY = 60, 1440
_FOLDER = Path(__file__).parent / "translations"
_COOKIE_SECONDS = 365 * 86_400


class _Catalogue(Mapping[str, Mapping[str, str]]):
    """The sentences by language; one that nobody speaks is not read."""

    def __getitem__(self, language: str) -> Mapping[str, str]:
        return _sentences(language)

    def __iter__(self) -> Iterator[str]:
        return iter(LANGUAGES)

    def __len__(self) -> int:
        return len(LANGUAGES)


_CATALOGUE = _Catalogue()


def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every sentence of every language, by ``group.key``."""
    return _CATALOGUE


@cache
def _sentences(language: str) -> dict[str, str]:
    return {
        f"{path.stem}.{key}": value
        for path in sorted((_FOLDER / language).glob("*.toml"))
        for key, value in _flat(tomllib.loads(path.read_text("utf-8")))
    }


def _flat(table: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{above}{key}.")
        else:
            found.append((f"{above}{key}", str(value)))
    return found


def language() -> str:
    """The reader's language: what they chose, then their profile, browser, and the desk's."""
    try:
        return g.language  # type: ignore[no-any-return]
    except AttributeError:
        g.language = _chosen()
        return g.language  # type: ignore[no-any-return]


def _chosen() -> str:
    person = getattr(g, "who", None)
    for wanted in (
        request.args.get("lang", ""),
        request.cookies.get("lang", ""),
        person.locale if person is not None else "",
    ):
        if wanted[:2] in LANGUAGES:
            return wanted[:2]
    best = request.accept_languages.best_match(["zh", "zh-CN", "zh-TW", "zh-HK", "en"])
    return (best or here().settings.desk.language)[:2]


def locale() -> str:
    """The language of a writer: that of the page, in the script their browser asks for."""
    if language() != "zh":
        return "en"
    best = request.accept_languages.best_match(["zh-CN", "zh-TW", "zh-HK"])
    return best or "zh-CN"


def t(key: str, /, **params: Any) -> Markup:
    """A sentence in the reader's language; parameters are escaped, the sentence is ours."""
    return speaker(language())(key, **params)


@cache
def speaker(said: str) -> Callable[..., Markup]:
    """:func:`t` in one language; a page that says hundreds of sentences asks for it once."""
    spoken: dict[str, _Sentence] = {}

    def t(key: str, /, **params: Any) -> Markup:
        sentence = spoken.get(key)
        if sentence is None:
            sentence = spoken[key] = _Sentence(catalogue()[said][key])
        return sentence.filled(params) if params else sentence.plain

    return t


class _Sentence:
    """A sentence as a page takes it: our own words are not escaped. One that has parameters is
    taken apart when it is first said; a page says hundreds of them."""

    def __init__(self, words: str) -> None:
        self.plain = Markup(words)  # noqa: S704  # our own words

    @cached_property
    def _pieces(self) -> list[tuple[str, str | None]]:
        return [(piece, name) for piece, name, *_ in Formatter().parse(self.plain)]

    def filled(self, params: dict[str, Any]) -> Markup:
        """With what each parameter says in its place."""
        told = []
        for piece, name in self._pieces:
            told.append(piece)
            if name:
                told.append(escape(params[name]))
        return Markup("".join(told))  # noqa: S704  # each part is ours or escaped


def label(kind: str, value: str) -> str:
    """What people call one of our values; a value nobody named is shown as it is."""
    if kind == "category":
        known = here().rules.kinds.get(value)
        if known is not None:
            return str(known.zh if language() == "zh" else known.en)
    if kind == "channel" and (named := current_app.extensions["doors"].get(value)):
        return str(named[LANGUAGES.index(language())])
    return catalogue()[language()].get(f"words.{kind}.{value}", value)


def moment(at: datetime | None) -> Markup:
    """``<time>`` in words, exact on hover."""
    return moments()(at)


def moments() -> Callable[[datetime | None], Markup]:
    """:func:`moment` as of now; a page that tells dozens of them asks for it once."""
    router, speaks = here(), language()
    zone, now = ZoneInfo(router.settings.desk.zone), router.clock.now()

    def moment(at: datetime | None) -> Markup:
        if at is None:
            return Markup("")
        said = relative(at, now, zone, speaks)
        return Markup(f"{_exactly(at, zone)}{said}</time>")  # noqa: S704  # figures, our own words

    return moment


@lru_cache(maxsize=8192)
def _exactly(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    exact = f"{local.date().isoformat()} {_clock(local)}"
    return f'<time datetime="{at.isoformat()}" title="{exact}">'


def _clock(local: datetime) -> str:
    """Hours and minutes; ``strftime`` takes five times as long, and lists tell hundreds."""
    return f"{local.hour:02}:{local.minute:02}"


def relative(at: datetime, now: datetime, zone: ZoneInfo, speaks: str) -> str:
    """How long ago or from now, while that is short; then the day; in this language."""
    seconds = (at - now).total_seconds()
    if seconds > 0:  # a promise of two hours is not "in one" a moment later
        minutes = round(seconds / 60)
        if minutes < _DAY:
            near = minutes if minutes < _HOUR else (minutes + _HOUR // 2) // _HOUR * _HOUR
            return _distance(speaks, near, ahead=True)
    elif (minutes := int(-seconds // 60)) < _DAY:
        return _distance(speaks, minutes, ahead=False)
    return _far(speaks, at, zone, now.astimezone(zone).year)


@lru_cache(maxsize=8192)
def _distance(speaks: str, minutes: int, *, ahead: bool) -> str:
    if not minutes:
        return str(speaker(speaks)("shell.time.now"))
    unit, count = ("minutes", minutes) if minutes < _HOUR else ("hours", minutes // _HOUR)
    return str(speaker(speaks)(f"shell.time.{unit}_{'ahead' if ahead else 'ago'}", n=count))


@lru_cache(maxsize=8192)
def _far(speaks: str, at: datetime, zone: ZoneInfo, this_year: int) -> str:
    local = at.astimezone(zone)
    return str(_day(local, speaks)) if local.year == this_year else local.date().isoformat()


def _day(local: datetime, speaks: str) -> Markup:
    t = speaker(speaks)
    month = t(f"shell.month.{local.month}")
    return t("shell.time.day", month=month, day=local.day, clock=_clock(local))


def dated(day: date) -> Markup:
    """A date with its year."""
    month = t(f"shell.month.{day.month}")
    return t("shell.time.date", year=day.year, month=month, day=day.day)


def appointed(at: datetime | None, *, distance: bool = True) -> Markup:
    """``<time>`` as an appointment is told: the day and the hour, and how long until then."""
    if at is None:
        return Markup("")
    zone, now = ZoneInfo(here().settings.desk.zone), here().clock.now()
    local = at.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    near = {0: "shell.time.today", 1: "shell.time.tomorrow"}.get(days)
    said = t(near, clock=_clock(local)) if near else _day(local, language())
    if distance and abs(at - now) < timedelta(days=1):
        said = t("shell.time.distance", at=said, distance=relative(at, now, zone, language()))
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), f"{local:%Y-%m-%d %H:%M %Z}", said
    )


def install(app: Flask) -> None:
    """Give every template the words."""

    def other_language() -> str:
        return "en" if language() == "zh" else "zh"

    def remember(response: Response) -> Response:
        wanted = request.args.get("lang", "")
        if wanted in LANGUAGES:
            response.set_cookie(
                "lang", wanted, max_age=_COOKIE_SECONDS, httponly=True, samesite="Lax"
            )
        return response

    app.after_request(remember)
    app.context_processor(
        lambda: {
            "t": speaker(language()),
            "label": label,
            "moment": moment,
            "moments": moments,
            "appointed": appointed,
            "at": from_us,
            "gap": "" if language() == "zh" else " ",
            "asset": packing.asset,
            "modules": packing.modules,
            "language": language(),
            "other_language": other_language(),
            "desk_name": _desk_name(),
            "theme": request.cookies.get("theme", ""),
            "escape": escape,
        }
    )


def _desk_name() -> str:
    desk = here().settings.desk
    return desk.name_zh if language() == "zh" else desk.name_en
