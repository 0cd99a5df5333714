"""What a desk set up in the browser, carried to another desk as one file: teams, shared macros and
views, dates and weeks of calendars, promises, articles, its own rules. No person, no secret and no
ticket is in it.

Bringing it in changes what has the same name and adds what is new; it takes nothing away. Weeks
hold from today on, so that the past of the desk stays as it was. Rules arrive as a draft, to be
backtested and published by people like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from router import amending, dated_weeks, publishing, rulemaking
from router.amending import Amendment
from router.assemble import Router
from router.core import snippets
from router.core.articles import LONGEST_BODY, LONGEST_TITLE, Written
from router.core.figures import dated, day_of
from router.core.rights import Who
from router.dated_weeks import POLICIES, DatedWeek, calendar_of, part_of
from router.errors import Invalid, NotFound
from router.promise_settings import SlaSettings
from router.rulebook import files_of
from router.store import articles, macros, rulesets, saved, teams, timeline
from router.store.articles import Edition
from router.store.macros import MacroView
from router.store.promises import calendar_days, promise_versions
from router.store.unit import Unit

#: The largest file that is read.
LARGEST = 4 * 1024 * 1024
_NOTE = "brought from another desk"
#: Sorts of things, and what each is known by.
_NAMED = (("teams", "key"), ("macros", "word"), ("views", "name"), ("articles", "name"))
_Short = Annotated[str, StringConstraints(min_length=1, max_length=60)]
_Tag = Annotated[str, StringConstraints(pattern=r"^\w[\w:.-]{0,39}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Team(_Part):
    """A team by its key."""

    key: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
    zh: _Short
    en: _Short


class Does(_Part):
    """What a macro does beside its words."""

    tags: list[_Tag] = Field(default_factory=list, max_length=20)
    category: str = Field("", max_length=60)
    assign: bool = False
    then: Literal["", "close", "hour", "three_hours", "tomorrow", "monday"] = ""
    send: bool = False


class Macro(_Part):
    """A shared macro by its word."""

    name: _Short
    word: Annotated[str, StringConstraints(min_length=1, max_length=30)]
    key: Annotated[str, StringConstraints(pattern=r"^[1-9]?$")] = ""
    zh: str = Field("", max_length=20_000)
    en: str = Field("", max_length=20_000)
    does: Does = Field(default_factory=Does)


class View(_Part):
    """A shared view by its name."""

    name: _Short
    query: str = Field(max_length=500)


class Date(_Part):
    """A date on which a calendar differs from its week."""

    calendar: Annotated[str, StringConstraints(pattern=r"^[\w-]{1,60}$")]
    day: date
    kind: Literal["closed", "open"]
    periods: list[tuple[str, str]] = Field(default_factory=list, max_length=12)
    note: str = Field("", max_length=200)


class Article(_Part):
    """An article that the desk wrote, by its name."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
    title_zh: str = Field(max_length=LONGEST_TITLE)
    title_en: str = Field(max_length=LONGEST_TITLE)
    zh: str = Field(max_length=LONGEST_BODY)
    en: str = Field(max_length=LONGEST_BODY)
    categories: list[Annotated[str, StringConstraints(max_length=60)]] = Field(max_length=100)
    withdrawn: bool = False

    def written(self) -> Written:
        """The article as it is kept."""
        titles = (self.title_zh, self.title_en)
        return Written(self.name, tuple(self.categories), *titles, self.zh, self.en)


class Calendar(_Part):
    """The weeks that lie over a calendar of the settings."""

    name: Annotated[str, StringConstraints(pattern=r"^[\w-]{1,60}$")]
    weeks: list[DatedWeek] = Field(default_factory=list, max_length=200)


class Carried(_Part):
    """The whole file; ``desk_settings`` says how it is to be read."""

    desk_settings: Literal[1] = 1
    teams: list[Team] = Field(default_factory=list, max_length=200)
    macros: list[Macro] = Field(default_factory=list, max_length=400)
    views: list[View] = Field(default_factory=list, max_length=60)
    dates: list[Date] = Field(default_factory=list, max_length=5000)
    articles: list[Article] = Field(default_factory=list, max_length=400)
    calendars: list[Calendar] = Field(default_factory=list, max_length=100)
    promises: SlaSettings | None = None
    rules: dict[str, str] = Field(default_factory=dict, max_length=40)


class Change(NamedTuple):
    """One thing that bringing a file in would do: add or change, of what sort, called what."""

    how: str
    sort: str
    name: str


# ---------------------------------------------------------------- taking out


def out(router: Router, unit: Unit) -> Carried:
    """Everything that is set up here."""
    row = rulesets.find(unit, rulesets.published_id(unit))
    nobody = Who(0, "", "admin")
    return Carried(
        teams=[Team(key=one.key, zh=one.name_zh, en=one.name_en) for one in teams.listed(unit)],
        macros=[
            Macro(
                name=one.name,
                word=one.word,
                key=one.key,
                zh=one.text_zh,
                en=one.text_en,
                does=Does(**one.does),
            )
            for one in macros.of_agent(unit, nobody)
        ],
        views=[
            View(name=one.name, query=one.query)
            for one in saved.saved_views(unit, nobody)
            if one.shared
        ],
        dates=[
            Date(
                calendar=name,
                day=dated(day.day),
                kind=day.kind,
                periods=list(day.periods),
                note=day.note,
            )
            for name, days in calendar_days.every(unit).items()
            if not name.startswith("@")  # what a government says, every desk knows
            for day in days
        ],
        articles=[_article(one) for one in articles.newest(unit).values()],
        calendars=[
            Calendar(name=calendar_of(part), weeks=dated_weeks.weeks(one.own))
            for part, one in sorted(promise_versions.newest(unit).items())
            if part != POLICIES and one.own
        ],
        promises=_promises(unit),
        rules=dict(row.files) if row else files_of(router.settings.rules.folder),
    )


def _article(one: Edition) -> Article:
    known = one.written
    return Article(
        name=known.name,
        title_zh=known.title_zh,
        title_en=known.title_en,
        zh=known.body_zh,
        en=known.body_en,
        categories=list(known.categories),
        withdrawn=one.state == articles.WITHDRAWN,
    )


def _promises(unit: Unit) -> SlaSettings | None:
    held = promise_versions.newest(unit).get(POLICIES)
    return None if held is None or held.own is None else dated_weeks.promises(held.own)


# ---------------------------------------------------------------- bringing in


def read(data: bytes) -> Carried:
    """A file as it was taken out; raises Invalid, saying where, for any other."""
    if len(data) > LARGEST:
        raise Invalid("file", "file_too_big")
    try:
        return Carried.model_validate_json(data)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(str(one) for one in first["loc"])
        raise Invalid("file", "not_settings", where=where, said=str(first["msg"])) from fault


def differences(router: Router, unit: Unit, brought: Carried) -> list[Change]:
    """What bringing it in would do; nothing when all of it is here already."""
    here = out(router, unit)
    found: list[Change] = []
    for sort, name in _NAMED:
        known = {getattr(one, name): one for one in getattr(here, sort)}
        found += _differing(sort, known, getattr(brought, sort), attrgetter(name))
    dates = {(one.calendar, one.day): one for one in here.dates}
    found += _differing("dates", dates, brought.dates, lambda one: (one.calendar, one.day))
    found += [Change("change", "calendars", name) for name in _other_weeks(router, brought)]
    if brought.promises not in (None, router.hours.settings.sla):
        found.append(Change("change", "promises", ""))
    if brought.rules and brought.rules != here.rules:
        found.append(Change("draft", "rules", ", ".join(sorted(brought.rules))))
    return found


def _differing(
    sort: str, known: dict[Any, Any], brought: list[Any], name_of: Callable[[Any], Any]
) -> Iterator[Change]:
    for one in brought:
        name = name_of(one)
        said = " ".join(str(part) for part in name) if isinstance(name, tuple) else str(name)
        if name not in known:
            yield Change("add", sort, said)
        elif known[name] != one:
            yield Change("change", sort, said)


def _other_weeks(router: Router, brought: Carried) -> Iterator[str]:
    """The calendars whose weeks would be other ones from today on."""
    for one in brought.calendars:
        try:
            if amending.differs(router, one.name, one.weeks):
                yield one.name
        except NotFound as fault:
            raise Invalid("calendars", "unknown_calendar", where=one.name) from fault


def bring(router: Router, who: Who, brought: Carried) -> int:
    """Bring it in: all in one commit, but the draft of rules; how many things changed. Raises
    Invalid for a macro with words that nobody fills in, a category that is not known here, an
    article that could not be saved here, and for hours or promises that cannot be."""
    for macro in brought.macros:
        _check(router, macro)
    router.hours.follow(router.store)

    def work(unit: Unit) -> list[Change]:
        found = differences(router, unit, brought)
        if any(one.sort != "rules" for one in found):
            wanted = {(one.sort, one.name) for one in found}
            _write(unit, who, brought, wanted)
            _articles(router, unit, who, brought, wanted)
            for made in _amendments(router, brought, wanted):
                amending.keep(router, unit, who.id, made)
            timeline.audit(unit, f"agent:{who.id}", "settings.brought", "settings")
        return found

    found = router.store.write(work)
    router.articles.follow(router.store)
    router.hours.follow(router.store)
    if any(one.sort == "rules" for one in found):
        rulemaking.begin(router, who, brought.rules, _NOTE)
    return len(found)


def _amendments(
    router: Router, brought: Carried, wanted: set[tuple[str, str]]
) -> Iterator[Amendment]:
    for one in brought.calendars:
        if ("calendars", one.name) in wanted:
            seen = amending.version(router, part_of(one.name))
            yield amending.from_elsewhere(router, one.name, one.weeks, seen)
    if brought.promises is not None and ("promises", "") in wanted:
        seen = amending.version(router, POLICIES)
        yield amending.settle(router, brought.promises, seen)


def _check(router: Router, macro: Macro) -> None:
    if snippets.unknown(macro.zh) or snippets.unknown(macro.en):
        raise Invalid("macros", "unknown_variable")
    if macro.does.category and macro.does.category not in router.rules.categories:
        raise Invalid("macros", "unknown_category")


def _write(unit: Unit, who: Who, brought: Carried, wanted: set[tuple[str, str]]) -> None:
    """Write what differs; what is the same stays whose it is."""
    known = {one.key: one.id for one in teams.listed(unit)}
    for team in brought.teams:
        if team.key in known:
            teams.rename(unit, known[team.key], team.zh, team.en)
        else:
            teams.add(unit, team.key, team.zh, team.en)
            unit.flush()
    words = {one.word: one.id for one in macros.of_agent(unit, Who(0, "", "admin"))}
    for one in brought.macros:
        if ("macros", one.word) not in wanted:
            continue
        does = {name: value for name, value in one.does.model_dump().items() if value}
        macros.put(
            unit,
            MacroView(
                words.get(one.word) or unit.new_id(),
                one.name,
                one.word,
                one.key,
                one.zh,
                one.en,
                shared=True,
                does=does,
            ),
            None,
        )
        unit.flush()
    for view in brought.views:
        if ("views", view.name) not in wanted:
            continue
        saved.save(unit, who, view.name, view.query, shared=True)
        unit.flush()
    for calendar in {one.calendar for one in brought.dates}:
        days = [_day(one) for one in brought.dates if one.calendar == calendar]
        calendar_days.replace(unit, calendar, days)


def _articles(
    router: Router, unit: Unit, who: Who, brought: Carried, wanted: set[tuple[str, str]]
) -> None:
    """Those that are withdrawn first: what they served may be another one's by now."""
    articles.grow(unit)
    for one in sorted(brought.articles, key=lambda one: not one.withdrawn):
        if ("articles", one.name) in wanted:
            state = articles.WITHDRAWN if one.withdrawn else articles.LIVE
            publishing.bring(router, unit, who, one.written(), state)


def _day(one: Date) -> calendar_days.Day:
    return calendar_days.Day(day_of(one.day), one.kind, tuple(one.periods), one.note, "import")
