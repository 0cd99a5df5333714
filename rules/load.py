"""Read rule files: every ``*.toml`` of the folders given, all faults at once.

A file may hold ``[categories]`` (the kinds it introduces), ``[words]`` (named word lists, joined
over all files), ``[spellings]`` (disguised ways to write a word) and ``[[rule]]`` entries. The
names of files and their order mean nothing.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from weakref import WeakValueDictionary

from rules.contract import GROUPS, Fault, Rule, Urgency
from rules.entry import Kind, Known, read_entry, strings, unknown
from rules.kept import Kept, Worked
from rules.terms import Lexicon, TermFault
from rules.text import fold

_TABLES = ("categories", "words", "spellings", "rule")
_SHORTEST_WAY = 2  # a spelling of one character would read too much otherwise
_LANGUAGES = ("en", "zh")
_CATEGORY_KEYS = ("urgency", "en", "zh", "otherwise", "confirm")


class RulesFault(Exception):
    """Rule files cannot be used. ``faults`` holds everything found wrong, file by file."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(_line(fault) for fault in faults))
        self.faults = faults


@dataclass(slots=True)
class Book:
    """What the rule files say, before it is compiled."""

    rules: list[Rule] = field(default_factory=list)
    kinds: dict[str, Kind] = field(default_factory=dict)
    words: dict[str, set[str]] = field(default_factory=dict)
    spellings: dict[str, set[str]] = field(default_factory=dict)
    lexicon: Lexicon = field(default_factory=lambda: Lexicon({}))
    faults: list[Fault] = field(default_factory=list)

    def fault(self, file: str, rule: str, message: str) -> None:
        """Note something wrong and go on reading."""
        self.faults.append(Fault(file, rule, message))


@dataclass(frozen=True, slots=True)
class Written:
    """Rule files as they stand: (name, text) of each, and why some could not be read."""

    files: tuple[tuple[str, str], ...]
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, folders: Iterable[Path], texts: Mapping[str, str] | None = None) -> Written:
        """All rule files of ``folders``, and ``texts`` by file name."""
        files: list[tuple[str, str]] = []
        faults: list[Fault] = []
        for folder in folders:
            if not folder.is_dir():
                message = "this folder of rules does not exist; make it or unset it"
                faults.append(Fault(str(folder), "", message))
            for path in sorted(folder.glob("*.toml")):
                try:
                    files.append((path.name, path.read_text(encoding="utf-8")))
                except (OSError, ValueError) as error:
                    faults.append(Fault(path.name, "", f"cannot be read as TOML: {error}"))
        return cls((*files, *sorted((texts or {}).items())), tuple(faults))

    @property
    def digest(self) -> bytes:
        """The same for the same files, and for no others."""
        return hashlib.sha256(repr(sorted(self.files)).encode()).digest()

    def book(self, kept: Kept | None = None) -> Book:
        """What they say; with ``kept``, what was worked out of them before is not done again.
        Raises :class:`RulesFault` with every fault found."""
        worked = kept.find(self.digest) if kept is not None and not self.faults else None
        book = Book(faults=list(self.faults))
        if worked is not None:
            tables = worked.tables
        else:
            read = ((name, _toml(name, text, book)) for name, text in self.files)
            tables = [(name, table) for name, table in read if table]
        for file, table in tables:
            _kinds(file, table, book)
            _lists(file, table, "words", book.words, book)
            _lists(file, table, "spellings", book.spellings, book)
        book.lexicon = _lexicon(book.words, worked.terms if worked is not None else {})
        for file, table in tables:
            _check_lists(file, table, book)
        for file, table in tables:
            _rules(file, table, Known(book.kinds, book.lexicon, worked is not None), book)
        if book.faults:
            raise RulesFault(sorted(book.faults, key=lambda fault: (fault.file, fault.rule)))
        book.rules.sort(key=lambda rule: rule.id)
        if kept is not None and worked is None:
            kept.keep(self.digest, Worked(tables, book.lexicon.known))
        return book


#: What somebody still holds of word lists and their terms; a draft shares it with what is in force.
_HELD: WeakValueDictionary[str, Lexicon] = WeakValueDictionary()


def _lexicon(words: Mapping[str, Iterable[str]], terms: Mapping[str, frozenset[str]]) -> Lexicon:
    told = repr(sorted((name, sorted(listed)) for name, listed in words.items()))
    held = _HELD.get(told)
    if held is None:
        held = _HELD[told] = Lexicon(words, terms)
    return held


def read(folders: Iterable[Path], texts: Mapping[str, str] | None = None) -> Book:
    """All rule files of ``folders``, and ``texts`` by file name. Raises :class:`RulesFault` with
    every fault found."""
    return Written.of(folders, texts).book()


def _line(fault: Fault) -> str:
    where = f"{fault.file}: {fault.rule}" if fault.rule else fault.file
    return f"{where}: {fault.message}"


@lru_cache(maxsize=64)
def _read(text: str) -> dict[str, object]:
    """A file's table, which nobody changes. A draft is checked with all our files beside it, again
    and again: those are read once."""
    return tomllib.loads(text)


def _toml(name: str, text: str, book: Book) -> dict[str, object]:
    try:
        table = _read(text)
    except (ValueError, RecursionError) as error:
        book.fault(name, "", f"cannot be read as TOML: {error}")
        return {}
    for key in table.keys() - set(_TABLES):
        book.fault(name, "", unknown(key, _TABLES))
    return table


def _entries(file: str, table: Mapping[str, object], key: str, book: Book) -> dict[str, object]:
    entries = table.get(key, {})
    if isinstance(entries, dict):
        return entries
    book.fault(file, "", f"[{key}] must be a table of name = value")
    return {}


def _kinds(file: str, table: Mapping[str, object], book: Book) -> None:
    for name, entry in _entries(file, table, "categories", book).items():
        message = _kind_fault(name, entry)
        if not message and name in book.kinds:
            message = "this category is already there; remove one of the two"
        if message or not isinstance(entry, dict):
            book.fault(file, name, message)
            continue
        book.kinds[name] = Kind(
            name,
            Urgency(entry["urgency"]),
            entry["en"],
            entry["zh"],
            otherwise=entry.get("otherwise", False) is True,
            confirm=tuple(entry.get("confirm", ())),
        )


def _kind_fault(name: str, entry: object) -> str:
    group, dot, kind = name.partition(".")
    if group not in GROUPS or not dot or not kind:
        return f'write "group.kind"; groups are {", ".join(GROUPS)}'
    if not isinstance(entry, dict):
        return 'write { urgency = "P2", en = "…", zh = "…" }'
    for key in entry:
        if key not in _CATEGORY_KEYS:
            return unknown(key, _CATEGORY_KEYS)
    if entry.get("urgency") not in list(Urgency):
        return f"urgency must be one of {', '.join(Urgency)}"
    if not all(isinstance(entry.get(key), str) and entry[key] for key in _LANGUAGES):
        return "give the category a name in both languages: en and zh"
    confirm = entry.get("confirm", [])
    told = isinstance(confirm, list) and all(one in _LANGUAGES for one in confirm)
    return "" if told else 'confirm names languages: ["zh"], ["en"] or both'


def _lists(
    file: str, table: Mapping[str, object], key: str, into: dict[str, set[str]], book: Book
) -> None:
    for name, entry in _entries(file, table, key, book).items():
        words = strings(entry)
        if words is None or not name.strip():
            book.fault(file, f"{key} {name}", 'write a list of words in quotes: name = ["…", "…"]')
        elif key == "spellings" and any(len(fold(word).text) < _SHORTEST_WAY for word in words):
            book.fault(file, f"{key} {name}", "a spelling needs two characters or more")
        else:
            into.setdefault(name, set()).update(words)


def _check_lists(file: str, table: Mapping[str, object], book: Book) -> None:
    """Entries of word lists may be terms: whether they can be read is told with their file."""
    listed = table.get("words")
    for name in listed if isinstance(listed, dict) else ():
        try:
            book.lexicon.expand([f"@{name}"] if name in book.words else [])
        except TermFault as fault:
            book.fault(file, f"words {name}", str(fault))


def _rules(file: str, table: Mapping[str, object], known: Known, book: Book) -> None:
    entries = table.get("rule", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        book.fault(file, "", "rules are written as [[rule]], with two brackets")
        return
    taken = {rule.id: rule.file for rule in book.rules}
    for number, entry in enumerate(entries, 1):
        rule_id = entry.get("id")
        if not isinstance(rule_id, str) or not rule_id.strip():
            book.fault(file, f"rule {number}", 'has no id; write id = "group.kind.what"')
            continue
        if rule_id in taken:
            book.fault(file, rule_id, f"this id is already used in {taken[rule_id]}; pick another")
        taken[rule_id] = file
        rule, messages = read_entry(entry, file, known)
        for message in messages:
            book.fault(file, rule_id, message)
        if rule:
            book.rules.append(rule)
