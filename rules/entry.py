"""One ``[[rule]]`` entry of a rule file, checked and made a :class:`Rule`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Protocol

import re2

from rules.conditions import read_when
from rules.contract import UNSORTED, Rule, Urgency
from rules.terms import Lexicon, TermFault, bare

_KEYS = tuple(f.name for f in fields(Rule) if f.name != "file")
_PAIR = 'write near = [["one|two", "three", 20]]: two terms and at most so many characters between'
_SHORTEST = 2  # a phrase of one letter or one Chinese character says nothing by itself


class Found(Protocol):
    """One match of a pattern."""

    def start(self) -> int:
        """Where it begins."""

    def end(self) -> int:
        """Where it ends, exclusive."""


class Pattern(Protocol):
    """A compiled pattern, as far as it is used here."""

    def finditer(self, text: str) -> Iterator[Found]:
        """All matches, from left to right."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A problem category: its names, how soon it must be seen, whether it is what a message of its
    group is when nothing more is known, and in which languages the second reader is asked before an
    alarm of it is believed."""

    id: str
    urgency: Urgency
    en: str
    zh: str
    otherwise: bool = False
    confirm: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What a rule may refer to."""

    kinds: Mapping[str, Kind]
    words: Lexicon
    #: Whether just these files were read before, and nothing was wrong with their terms.
    sound: bool = False


def read_entry(
    entry: Mapping[str, object], file: str, known: Known
) -> tuple[Rule | None, list[str]]:
    """The rule, or what is wrong with it: one sentence a fault, each saying what to write."""
    faults = [unknown(key, _KEYS) for key in sorted(entry.keys() - set(_KEYS))]
    floor = _floor(entry, faults)
    category = _category(entry, known, faults)
    rule = Rule(
        id=str(entry["id"]),
        category=category,
        urgency=_urgency(entry, category, known, faults, floor),
        any=_list(entry, "any", faults),
        all=_list(entry, "all", faults),
        none=_list(entry, "none", faults),
        near=_near(entry, faults),
        regex=_list(entry, "regex", faults),
        when=read_when(entry.get("when"), faults),
        floor=floor,
        weight=_weight(entry, faults),
        negatable=entry.get("negatable", True) is True,
        match=_list(entry, "match", faults),
        no_match=_list(entry, "no_match", faults),
        owner=_word(entry, "owner", faults),
        since=_word(entry, "since", faults),
        file=file,
    )
    if not isinstance(entry.get("negatable", True), bool):
        faults.append("negatable must be true or false")
    if not known.sound:
        _check_terms(rule, known, faults)
    faults.extend(fault for pattern in rule.regex if (fault := _pattern_fault(pattern)))
    if not (rule.any or rule.near or rule.regex or rule.all):
        faults.append("says nothing to look for; give it any, near, regex or all")
    faults.extend(
        f'needs examples; write {key} = ["…"] with what people would write'
        for key in ("match", "no_match")
        if not entry.get(key)
    )
    return (None if faults else rule), faults


def unknown(key: str, known: Iterable[str]) -> str:
    """What to say of a key nobody knows: the nearest one there is."""
    names = sorted(known)
    nearest = difflib.get_close_matches(key, names, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(names)}"
    return f"{key!r} is not known here; {hint}"


def strings(value: object) -> tuple[str, ...] | None:
    """``value`` when it is a list of non-empty strings."""
    if not isinstance(value, list):
        return None
    found = tuple(item for item in value if isinstance(item, str) and item.strip())
    return found if len(found) == len(value) else None


#: A class, in which brackets are letters and the first "]" too; an escape with what belongs to it.
_TOKEN = re.compile(
    r"\[\^?\]?(?:[^\]\\\[]|\\.|\[:\^?\w+:\]|\[)*\]|\\Q.*?(?:\\E|\Z)|\\[pPx]\{[^}]*\}|\\[pP].|\\.|.",
    re.DOTALL,
)


def mandatory(pattern: str) -> tuple[str, ...]:
    """Strings of which one stands in every match of ``pattern``; none when that is unclear.

    Only what stands outside brackets counts, one string for each ``|`` outside brackets.
    """
    parts = [_longest_run(part) for part in _outside(pattern)]
    return tuple(parts) if all(len(part) >= _SHORTEST for part in parts) else ()


def _outside(pattern: str) -> list[str]:
    """``pattern`` cut at its outermost ``|``, groups, classes and escapes replaced by a gap."""
    parts, depth = [""], 0
    for one in _TOKEN.findall(pattern):
        if len(one) > 1 or one == "\\":
            parts[-1] += "" if depth else "\0"  # a class or an escape
        elif one == "(":
            depth += 1
        elif one == ")":
            depth -= 1
            parts[-1] += "\0"
        elif one == "|" and not depth:
            parts.append("")
        elif not depth:
            parts[-1] += one
    return parts


def _longest_run(part: str) -> str:
    runs, run = [], ""
    for char in part:
        if char in "?*{":
            run = run[:-1]  # the character before may be missing
        if char in "\0.?*+{}^$" or char.isdigit():
            runs.append(run)
            run = ""
        else:
            run += char
    return max([*runs, run], key=len).strip()


def _category(entry: Mapping[str, object], known: Known, faults: list[str]) -> str:
    category = entry.get("category")
    if category is None and "floor" in entry:
        return UNSORTED  # says only how soon, not what about
    if not isinstance(category, str) or not category:
        faults.append('has no category; write category = "group.kind"')
        return UNSORTED
    if category == UNSORTED:
        faults.append(f"{UNSORTED} is what no rule matched; choose another category")
    elif category not in known.kinds:
        faults.append(f"category {unknown(category, known.kinds)}")
    return category


def _floor(entry: Mapping[str, object], faults: list[str]) -> Urgency | None:
    value = entry.get("floor")
    if value is None:
        return None
    if value in (Urgency.P1, Urgency.P2, Urgency.P3):
        return Urgency(str(value))
    faults.append('floor must be P1, P2 or P3: floor = "P2" makes the message at least P2')
    return None


def _urgency(
    entry: Mapping[str, object],
    category: str,
    known: Known,
    faults: list[str],
    floor: Urgency | None,
) -> Urgency:
    value = entry.get("urgency")
    if value is None:
        kind = known.kinds.get(category)
        return kind.urgency if kind and category != UNSORTED else floor or Urgency.P3
    if value in list(Urgency):
        return Urgency(str(value))
    faults.append(f"urgency must be one of {', '.join(Urgency)}")
    return Urgency.P3


def _list(entry: Mapping[str, object], key: str, faults: list[str]) -> tuple[str, ...]:
    found = strings(entry.get(key, []))
    if found is None:
        faults.append(f'{key} must be a list of words in quotes: {key} = ["…", "…"]')
        return ()
    return found


def _near(entry: Mapping[str, object], faults: list[str]) -> tuple[tuple[str, str, int], ...]:
    value = entry.get("near", [])
    pairs: list[tuple[str, str, int]] = []
    for item in value if isinstance(value, list) else [None]:
        match item:
            case [str(one), str(other), int(gap)] if one and other and 0 <= gap <= 200:
                pairs.append((one, other, gap))
            case _:
                faults.append(f"near is not readable; {_PAIR}, 0 to 200")
    return tuple(pairs)


def _weight(entry: Mapping[str, object], faults: list[str]) -> float:
    value = entry.get("weight", 1.0)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 10:
        return float(value)
    faults.append("weight must be a number above 0, at most 10; 1.0 is usual")
    return 1.0


def _word(entry: Mapping[str, object], key: str, faults: list[str]) -> str:
    value = entry.get(key, "")
    if isinstance(value, str):
        return value
    faults.append(f"{key} must be written in quotes")
    return ""


def _check_terms(rule: Rule, known: Known, faults: list[str]) -> None:
    sides = [side for one, other, _ in rule.near for side in (one, other)]
    for terms, shortest in ((rule.any, _SHORTEST), ((*rule.all, *rule.none, *sides), 1)):
        for term in terms:
            try:
                stands_for = known.words.expand([term])
            except TermFault as fault:
                faults.append(str(fault))
                continue
            if min(map(len, map(bare, stands_for))) < shortest:
                faults.append(f"the term {term!r} is too short to mean anything; write more")


def _pattern_fault(pattern: str) -> str:
    try:
        compile_pattern(pattern)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        why = said.decode() if isinstance(said, bytes) else str(said)
        return f"the regex {pattern!r} is not RE2: {why}; there is no look-around"
    if not mandatory(pattern):
        return (
            f"the regex {pattern!r} has no plain word outside brackets; write at least two "
            "letters that every match must contain"
        )
    return ""


def compile_pattern(pattern: str) -> Pattern:
    """``pattern`` on RE2: linear in the text, whatever the pattern."""
    options = re2.Options()
    options.log_errors = False
    compiled: Pattern = re2.compile(pattern, options=options)
    return compiled
