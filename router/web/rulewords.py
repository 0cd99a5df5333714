"""Rules as people read them: in plain sentences of the reader's language, and what moves as a
picture."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from markupsafe import Markup, escape

from router.store import tagging
from router.store.pages import FindingView
from router.web.rights import here
from router.web.speech import catalogue, label, language, t
from rules.contract import UNSORTED, Rule, When
from rules.engine import FLOOR
from rules.lint import Remark
from rules.text import HAN

#: Of one list of words at most so many are told; the rest are counted.
_WORDS = 5
_PAIRS = 2
_SAID = 3  # ways in brackets
_LIST = re.compile(r"@([\w-]+)")
_WAYS = re.compile(r"\(([^()]*)\)")
_FIRST_HAN = HAN[0]


def rule_named(rule_id: str) -> Rule | None:
    """The rule of that name, when it is in force."""
    return here().rules.by_id.get(rule_id)


# ---------------------------------------------------------------- sentences


def plain(rule: Rule) -> list[Markup]:
    """What a rule looks for and what it then does, sentence by sentence."""
    return [*_looked_for(rule), *_conditioned(rule)]


def _looked_for(rule: Rule) -> Iterator[Markup]:
    if rule.any:
        yield t("rules.plain.any", words=_words(rule.any))
    for one, other, gap in rule.near[:_PAIRS]:
        sides = {"one": _words(one.split("|")), "other": _words(other.split("|"))}
        yield t("rules.plain.near", n=gap, **sides)
    if len(rule.near) > _PAIRS:
        yield t("rules.plain.near_more", n=len(rule.near) - _PAIRS)
    if rule.regex:
        yield t("rules.plain.regex", n=len(rule.regex))
    for term in rule.all:
        yield t("rules.plain.all", words=_words(term.split("|")))


def _conditioned(rule: Rule) -> Iterator[Markup]:
    if rule.none:
        yield t("rules.plain.none", words=_words(rule.none))
    yield t("rules.plain.negatable" if rule.negatable else "rules.plain.denial")
    if rule.weight < FLOOR:
        yield t("rules.plain.weight_low")
    if rule.floor:
        yield t("rules.plain.floor", urgency=label("urgency", rule.floor.value))
    if rule.when:
        conditions = t("rules.plain.comma").join(_conditions(rule.when))
        yield t("rules.plain.when", conditions=conditions)


def _words(terms: Iterable[str]) -> Markup:
    """Some of the words, those of the reader's language first, and how many more there are."""
    own = language() == "zh"
    words = [one.strip().strip("*") for one in terms if one.strip()]
    words.sort(key=lambda one: ((max(one, default="") >= _FIRST_HAN) != own, "(" in one))
    told = t("rules.plain.comma").join([_word(one) for one in words[:_WORDS]])
    rest = len(words) - _WORDS
    return told + " " + t("rules.plain.more", n=rest) if rest > 0 else told


def _word(term: str) -> Markup:
    """One term; of several ways in brackets the first are told, a word list by its name."""
    if _LIST.fullmatch(term):
        return t("rules.plain.list", name=term[1:])
    shown = _LIST.sub(lambda found: f"[{found[1]}]", term)
    return t("rules.plain.quoted", word=_WAYS.sub(_first_ways, shown))


def _first_ways(found: re.Match[str]) -> str:
    ways = found[1].split("|")
    return "/".join(ways[:_SAID]) + "/…" * (len(ways) > _SAID)


def _conditions(when: When) -> Iterator[Markup]:
    either = t("rules.plain.or")
    if when.channel:
        named = either.join([label("channel", one) for one in when.channel])
        yield t("rules.when.channel", value=named)
    if when.language:
        named = either.join([label("language", one) for one in when.language])
        yield t("rules.when.language", value=named)
    if when.hours:
        yield t(f"rules.when.hours_{when.hours}")
    yield from _of_the_sender(when)
    if when.amount_over:
        sums = [f"{least:,.0f} {currency}".strip() for currency, least in when.amount_over]
        yield t("rules.when.amount", value=either.join(sums))
    if when.attachment:
        yield t("rules.when.attachment", value=either.join(when.attachment))


def _of_the_sender(when: When) -> Iterator[Markup]:
    if when.sender:
        yield t(f"rules.when.sender_{when.sender}")
    if when.repeat_minutes:
        yield t("rules.when.repeat", value=when.repeat_minutes)
    if when.tagged:
        tags = t("rules.plain.or").join([t("rules.plain.quoted", word=tag) for tag in when.tagged])
        yield t("rules.when.tagged", value=tags, days=tagging.SPEAK.days)


def because(reason: str) -> Markup:
    """The tags a rule held because of, and what bears them."""
    borne_by, _, tags = reason.partition(": ")
    return t(f"ticket.because.{borne_by}", tags=_quoted(tags.split()))


def _quoted(tags: Iterable[str]) -> Markup:
    return t("rules.plain.comma").join([t("rules.plain.quoted", word=tag) for tag in tags])


def nearly(reason: str) -> Markup:
    """Why a rule did not count though its words stand there."""
    kind, _, words = reason.partition(": ")
    if f"ticket.near.{kind}" not in catalogue()[language()]:
        return escape(reason)
    if kind == "when":
        words = str(t(f"ticket.condition.{words}"))
    return t(f"ticket.near.{kind}", words=words)


def others_scored(findings: Iterable[FindingView], decided: str) -> list[tuple[str, str]]:
    """Categories that scored too and did not win, with their sums, the highest first."""
    scores: defaultdict[str, float] = defaultdict(float)
    for one in findings:
        if one.category not in (decided, UNSORTED):
            scores[one.category] += one.weight
    ranked = sorted(scores.items(), key=lambda one: (-one[1], one[0]))
    return [(category, f"{score:g}") for category, score in ranked]


def remark(one: Remark) -> tuple[Markup, Markup]:
    """What lint found and what to do about it."""
    params: dict[str, Any] = dict(one.params)
    if "message" in params:
        params["message"] = refused(params["message"])
    if "reason" in params:
        params["reason"] = nearly(params["reason"])
    if "category" in params:
        params["category"] = label("category", params["category"])
    if one.code == "sibling":
        params["language"] = label("language", params["language"])
    what = t(f"rules.lint.{one.code}.what", **params)
    return what, t(f"rules.lint.{one.code}.do", **params)


def refused(message: str) -> Markup:
    """What the loader said, in the reader's language; as it is when nobody translated it."""
    for pattern, key in _refusals():
        if found := pattern.fullmatch(message):
            return t(key, **found.groupdict())
    return escape(message)


@cache
def _refusals() -> list[tuple[re.Pattern[str], str]]:
    """The loader's sentences, whose English catalogue holds them with gaps, the longest first."""
    known = [
        (sentence, key)
        for key, sentence in catalogue()["en"].items()
        if key.startswith("rulefaults.")
    ]
    known.sort(key=lambda one: -len(re.sub(r"{\w+}", "", one[0])))
    return [(_gapped(sentence), key) for sentence, key in known]


def _gapped(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"{(\w+)}", sentence)
    told = [
        re.escape(part) if place % 2 == 0 else f"(?P<{part}>.+?)"
        for place, part in enumerate(parts)
    ]
    return re.compile("".join(told), re.DOTALL)


# ---------------------------------------------------------------- what differs, what moves


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Lines that differ between two sets of files: (sign, line, file)."""
    told: list[tuple[str, str, str]] = []
    for name in sorted(old.keys() | new.keys()):
        before, after = (files.get(name, "").splitlines() for files in (old, new))
        lines = list(difflib.unified_diff(before, after, n=2, lineterm=""))[2:]
        told += [(line[:1], line[1:] if line[:1] != "@" else "", name) for line in lines]
    return told


@dataclass(frozen=True, slots=True)
class Band:
    """One stream of the picture: an SVG path and its tone."""

    path: str
    tone: str


@dataclass(frozen=True, slots=True)
class End:
    """A category at one side of the picture: its block, and where its name stands."""

    name: str
    count: int
    y: float
    height: float
    tone: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Where messages move from and to; drawn in a field of ``WIDTH`` by ``height``."""

    left: tuple[End, ...]
    right: tuple[End, ...]
    bands: tuple[Band, ...]
    height: float


WIDTH = 720
_EDGE = 230  # room for the names at either side
_ROOM = 200  # what all messages together take
_LEAST, _GAP = 18, 10


def picture(flow: Sequence[Sequence[Any]], most: int = 12) -> Picture:
    """The largest streams from old to new categories as bands."""
    rows = [(str(old), str(new), int(count)) for old, new, count in flow[:most]]
    total = sum(count for *_, count in rows) or 1
    thick = [max(count / total * _ROOM, 3.0) for *_, count in rows]
    left, starts = _side([row[0] for row in rows], rows, thick)
    right, ends = _side([row[1] for row in rows], rows, thick)
    bands = tuple(
        Band(_band(starts[place], ends[place], thick[place]), _tone(row[0], row[1]))
        for place, row in enumerate(rows)
    )
    height = max((end.y + end.height for end in (*left, *right)), default=0) + 4
    return Picture(left, right, bands, round(height, 1))


def _side(
    names: Sequence[str], rows: Sequence[tuple[str, str, int]], thick: Sequence[float]
) -> tuple[tuple[End, ...], list[float]]:
    """The blocks of one side from top to bottom, and where each band meets them."""
    meets = [0.0] * len(names)
    ends: list[End] = []
    y = 2.0
    for name in dict.fromkeys(names):
        own = [place for place, one in enumerate(names) if one == name]
        at = y
        for place in own:
            meets[place] = at
            at += thick[place]
        height = max(at - y, _LEAST)
        count = sum(rows[place][2] for place in own)
        tone = "alarm" if name.startswith("security.") else "calm"
        ends.append(End(label("category", name), count, round(y, 1), round(height, 1), tone))
        y += height + _GAP
    return tuple(ends), meets


def _tone(old: str, new: str) -> str:
    if old.startswith("security.") and not new.startswith("security."):
        return "lost"
    return "alarm" if new.startswith("security.") else "calm"


def _band(start: float, end: float, thick: float) -> str:
    low, high = _EDGE, WIDTH - _EDGE
    mid = (low + high) / 2
    return (
        f"M{low},{start:.1f} C{mid},{start:.1f} {mid},{end:.1f} {high},{end:.1f} "
        f"L{high},{end + thick:.1f} C{mid},{end + thick:.1f} {mid},{start + thick:.1f} "
        f"{low},{start + thick:.1f} Z"
    )
