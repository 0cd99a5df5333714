"""What the command line does with rules: look them over, and try others on what is stored."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from router import backtest
from router.backtest import ALARM, LOST, Contest, Outcome
from router.calendars import policies
from router.core.clock import SystemClock, to_us
from router.core.ids import Ids
from router.errors import RouterError
from router.judges import Source
from router.rulebook import files_of
from router.settings import Settings
from router.store import rulesets, version
from router.store.database import Store
from router.terminal.filling import progress_bar
from router.web.speech import catalogue
from rules.contract import UNSORTED
from rules.lint import SHIPPED, Census, Remark, lint, unreadable
from rules.load import RulesFault

#: Changed decisions that are listed unless all are asked for.
SHOWN = 30
_CENSUS = 20_000

console = Console(highlight=False, markup=False, soft_wrap=True)


def look(settings: Settings, folder: Path | None, *, as_json: bool) -> int:
    """Tell what is to be mended in the rules; the exit code."""
    hours = policies(settings).hours
    with _store(settings) as store:
        source, own = _folder(folder) if folder else (_published(settings, store), None)
        try:
            book = source.book()
        except RulesFault as fault:
            found, census = unreadable(fault), Census()
        else:
            rules = source.rules()
            census = Census()
            if store is not None:
                with progress_bar("reading stored messages") as tell:
                    census = backtest.census(store, rules, hours, _CENSUS, tell)
            found = lint(book, rules, census, files=own)
    (_lint_json if as_json else _lint_lines)(found, census)
    return int(any(not one.hint for one in found))


def compare(
    settings: Settings, words: tuple[str, str], since: date | None, *, as_json: bool, every: bool
) -> int:
    """Try NEW instead of OLD on the stored messages and tell what changes; the exit code."""
    with _store(settings) as store:
        if store is None:
            raise RouterError("there is no database of this desk yet, so nothing to try rules on")
        try:
            contest = Contest.between(*(_named(word, settings, store) for word in words))
        except RulesFault as fault:
            raise RouterError(f"these rules cannot be read:\n{fault}") from fault
        with progress_bar("judging stored messages") as tell:
            hours, begin = policies(settings).hours, _moment(since, settings)
            outcome = backtest.compare(store, contest, hours, begin, tell)
    if as_json:
        told = outcome.as_dict(len(outcome.changes), words=True)
        console.print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _outcome_lines(outcome, len(outcome.changes) if every else SHOWN)
    return int(bool(outcome.refusals))


# ---------------------------------------------------------------- where rules come from


@contextmanager
def _store(settings: Settings) -> Iterator[Store | None]:
    """The desk's database, or None while there is none."""
    path = settings.database_url.removeprefix("sqlite:///")
    if path != settings.database_url and not Path(path).exists():
        yield None
        return
    clock = SystemClock()
    store = Store(settings.database_url, clock=clock, ids=Ids(clock))
    try:
        version.check(store.pool)
        yield store
    finally:
        store.close()


def _named(word: str, settings: Settings, store: Store) -> Source:
    """What a word of the command line stands for."""
    if word == "shipped":
        return Source((SHIPPED,))
    if word == "published":
        return _published(settings, store)
    if Path(word).is_dir():
        return _folder(Path(word))[0]
    with store.reading() as unit:
        row = (
            rulesets.find(unit, int(word))
            if word.isdecimal() and len(word) < 19
            else rulesets.named(unit, word)
        )
    if row is None:
        raise RouterError(
            f"{word!r} is no folder, draft or version; write a folder, published, shipped, or "
            "the number of a draft"
        )
    return Source((SHIPPED,), row.files)


def _published(settings: Settings, store: Store | None) -> Source:
    """What is in force: the published version, or the folder of the settings."""
    row = None
    if store is not None:
        with store.reading() as unit:
            row = rulesets.find(unit, rulesets.published_id(unit))
    files = row.files if row else files_of(settings.rules.folder)
    return Source((SHIPPED,), files)


def _folder(folder: Path) -> tuple[Source, frozenset[str] | None]:
    """A folder with rules beside ours and the names of its files, or a whole set by itself."""
    if not folder.is_dir():
        raise RouterError(f"{folder} is no folder with rules")
    if _whole(folder):
        return Source((folder,)), None
    names = frozenset(path.name for path in folder.glob("*.toml"))
    return Source((SHIPPED, folder)), names


def _whole(folder: Path) -> bool:
    """Whether a folder declares what every set of rules must have."""
    for path in folder.glob("*.toml"):
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if UNSORTED in table.get("categories", {}):
            return True
    return False


def _moment(since: date | None, settings: Settings) -> int:
    if since is None:
        return 0
    zone = ZoneInfo(settings.desk.zone)
    return to_us(datetime.combine(since, time(), zone))


# ---------------------------------------------------------------- telling


def said(remark: Remark, language: str = "en") -> tuple[str, str]:
    """What is wrong and what to do about it, in words."""
    words, params = catalogue()[language], dict(remark.params)
    return tuple(  # type: ignore[return-value]  # two words, two sentences
        words[f"rules.lint.{remark.code}.{part}"].format(**params) for part in ("what", "do")
    )


def _lint_json(found: list[Remark], census: Census) -> None:
    told = []
    for one in found:
        what, do = said(one)
        level = "hint" if one.hint else "fault"
        told.append(
            {"file": one.file, "rule": one.rule, "code": one.code, "level": level}
            | {"what": what, "do": do, "params": dict(one.params)}
        )
    console.print(
        json.dumps({"messages": census.messages, "findings": told}, ensure_ascii=False, indent=1)
    )


def _lint_lines(found: list[Remark], census: Census) -> None:
    for one in found:
        what, do = said(one)
        sign = "·" if one.hint else "✗"
        where = f"{one.file}: {one.rule}" if one.rule else one.file
        console.print(f"{sign} {where}\n    {_plain(what)}\n    → {_plain(do)}")
    hints = sum(one.hint for one in found)
    tried = (
        f"tried on {census.messages} stored messages"
        if census.messages
        else "no stored messages to try them on, so nothing is said about how often they fire"
    )
    console.print(f"{len(found) - hints} to mend, {hints} hints; {tried}")


def _plain(text: str) -> str:
    """Text of others without what a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


def _outcome_lines(outcome: Outcome, most: int) -> None:
    told = outcome.as_dict(most, words=True)
    console.print(f"{outcome.old} → {outcome.new}: {outcome.tickets} tickets, ", end="")
    console.print(f"{outcome.messages} messages, {len(outcome.changes)} decisions change")
    for one in told["changes"]:
        _change_lines(one)
    if len(outcome.changes) > most:
        console.print(f"  … and {len(outcome.changes) - most} more; --all lists them")
    if outcome.flow:
        rows = [(old, "→", new, count) for old, new, count in told["flow"]]
        _table("\nWhat moves (messages)", ("from", "", "to", "n"), rows)
    if outcome.labelled:
        agreed = told["agreed"]
        console.print(
            f"\nAs people said, of {outcome.labelled} corrected tickets: "
            f"{agreed['old']} before, {agreed['new']} after"
        )
        if told["confusion"]:
            columns = ("people say", "rules say", "before", "after")
            _table("", columns, told["confusion"])
    _table("\nTickets a team gets", ("team", "urgency", "before", "after"), told["load"])
    _verdict_lines(outcome)


def _change_lines(one: dict[str, Any]) -> None:
    old, new = " ".join(one["old"]), " ".join(one["new"])
    sign = "✗" if one["refused"] else " "
    console.print(f"{sign} {one['ticket']}  {old} → {new}", end="")
    console.print(f"  (a person said {one['label']})" if one["label"] else "")
    seen = " ".join(f"“{_plain(word)}”" for word in one["words"])
    rules = [f"-{rule}" for rule in one["lost"]] + [f"+{rule}" for rule in one["won"]]
    console.print(f"      {seen}  {' '.join(rules)}")


def _table(title: str, columns: tuple[str, ...], rows: list[Any]) -> None:
    if title:
        console.print(title)
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, justify="right" if column in ("n", "before", "after") else "left")
    for row in rows:
        table.add_row(*map(str, row))
    console.print(table)


def _verdict_lines(outcome: Outcome) -> None:
    if LOST in outcome.refusals:
        console.print(
            f"\n✗ refused: {outcome.lost} security verdicts that nobody overruled would be lost"
        )
    if ALARM in outcome.refusals:
        console.print(
            f"\n✗ refused: small matters sent to P1 would rise from {outcome.alarms_old} to "
            f"{outcome.alarms_new}; correct those that are real alarms first, or narrow the rule"
        )
    if not outcome.refusals:
        console.print("\n✓ nothing speaks against publishing")
