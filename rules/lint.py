"""What is wrong or useless in rules that can be read: told as codes and parameters, never as prose.

The loader refuses what cannot be understood; this looks at what is understood and still makes no
sense: words that can never count, a rule another one says already, an example decided otherwise.
Terms are tried on the engine itself wherever that is possible, so that the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product
from pathlib import Path

from rules.contract import UNSORTED, Facts, Rule, Verdict
from rules.engine import FLOOR, Ruleset
from rules.load import Book, RulesFault
from rules.subsumed import Covers
from rules.terms import bare
from rules.text import HAN, fold

#: Where the rules are that come with the program.
SHIPPED = Path(__file__).parent

#: Remarks that are worth a look and stop nobody.
HINTS = frozenset({"never", "unborne"})

_FIRST_HAN = HAN[0]
_TRIED = 400  # messages for one term or pair that are tried until one counts


@dataclass(frozen=True, slots=True)
class Limits:
    """From which share of messages that are no security matter a rule fires too widely."""

    security: float = 0.02
    other: float = 0.2
    #: Among fewer messages a share says nothing.
    enough: int = 200


@dataclass(frozen=True, slots=True)
class Census:
    """How often each rule fired on stored messages: on all, and on those that are no security
    matter; and which tags there are."""

    messages: int = 0
    calm: int = 0
    fired: Mapping[str, int] = field(default_factory=dict)
    calm_fired: Mapping[str, int] = field(default_factory=dict)
    #: Of the tags that rules ask for, those that a ticket bears or a macro puts on.
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """One thing to mend: where, what (a code) and the words that go with it."""

    file: str
    rule: str
    code: str
    params: tuple[tuple[str, str], ...] = ()

    @property
    def hint(self) -> bool:
        """Whether it stops nobody."""
        return self.code in HINTS


def _remark(rule: Rule, code: str, **params: str) -> Remark:
    return Remark(rule.file, rule.id, code, tuple(sorted(params.items())))


def unreadable(fault: RulesFault) -> list[Remark]:
    """What the loader refused, as remarks: one a fault."""
    return [
        Remark(
            one.file,
            one.rule,
            "regex" if one.message.startswith("the regex") else "broken",
            (("message", one.message),),
        )
        for one in fault.faults
    ]


def lint(
    book: Book,
    ruleset: Ruleset,
    census: Census | None = None,
    limits: Limits | None = None,
    files: Collection[str] | None = None,
) -> list[Remark]:
    """Everything to mend in these rules, file by file; in ``files`` alone when they are given.
    ``ruleset`` is ``book`` compiled."""
    asked = {rule.file for rule in book.rules} if files is None else files
    found = [
        *_examples(ruleset),
        *_contradictions(ruleset),
        *_dead(book, ruleset, asked),
        *_duplicates(book),
        *_subsumed(book, ruleset),
        *_siblings(book, asked),
    ]
    if census is not None and census.messages:
        found += _fires(ruleset, census, limits or Limits())
        found += _unborne(ruleset, census)
    return sorted({one for one in found if one.file in asked})


# ---------------------------------------------------------------- examples


def _examples(ruleset: Ruleset) -> Iterator[Remark]:
    for fault in ruleset.broken_examples():
        yield Remark(fault.file, fault.rule, "example", (("message", fault.message),))


def _contradictions(ruleset: Ruleset) -> Iterator[Remark]:
    """A rule's own example decided otherwise; one example that two rules claim differently."""
    claimed: dict[str, Rule] = {}
    for rule in ruleset.rules:
        if rule.when or rule.category == UNSORTED:
            continue
        for example in rule.match:
            other = claimed.setdefault(fold(example).text, rule)
            if other.category != rule.category:
                yield _remark(rule, "claimed", example=example, other=other.id)
                continue
            verdict = ruleset.judge(Facts(text=example))
            if _outvoted(rule, verdict):
                yield _remark(rule, "decided", example=example, category=verdict.category)


def _outvoted(rule: Rule, verdict: Verdict) -> bool:
    fired = any(one.rule == rule.id for one in verdict.findings)
    return fired and rule.weight >= FLOOR and verdict.category != rule.category


# ---------------------------------------------------------------- words that cannot count


def _dead(book: Book, ruleset: Ruleset, files: Collection[str]) -> Iterator[Remark]:
    """Terms that the rule's own exclusions or cues always undo; rules with nothing else."""
    for rule in ruleset.rules:
        if rule.when or rule.file not in files:
            continue
        reasons = {
            name: reason
            for name, texts in _probes(rule, book)
            if (reason := _undone(rule, texts, ruleset)) is not None
        }
        asked = len(rule.any) + len(rule.near) or 1
        if len(reasons) == asked and not rule.regex:
            yield _remark(rule, "unreachable", reason=next(iter(reasons.values())))
            continue
        for name, reason in reasons.items():
            yield _remark(rule, "dead_term", term=name, reason=reason)


def _probes(rule: Rule, book: Book) -> Iterator[tuple[str, Iterable[str]]]:
    """Each thing the rule looks for, with short messages that say it."""
    expand = book.lexicon.expand
    also = "".join(f"\n{_spoken(min(expand([term])))}" for term in rule.all)
    for term in rule.any or (() if rule.near or rule.regex else rule.all[:1]):
        strings = islice(sorted(expand([term])), _TRIED)
        yield term, (_spoken(string) + also for string in strings)
    for one, other, _ in rule.near:
        sides = sorted(expand([one])), sorted(expand([other]))
        told = (_joined(_spoken(a), _spoken(b)) + also for a, b in product(*sides))
        yield f"{one} … {other}", islice(told, _TRIED)


def _spoken(string: str) -> str:
    """A term's string as it stands in a message; ``*`` is where the word may go on."""
    return bare(string)


def _joined(one: str, other: str) -> str:
    chinese = one[-1] >= _FIRST_HAN and other[0] >= _FIRST_HAN
    return one + other if chinese else f"{one} {other}"


def _undone(rule: Rule, texts: Iterable[str], ruleset: Ruleset) -> str | None:
    """Why none of the messages counts for the rule; None when one does."""
    reason = ""
    for text in texts:
        verdict = ruleset.judge(Facts(text=text))
        if any(one.rule == rule.id for one in verdict.findings):
            return None
        reason = reason or dict(verdict.near).get(rule.id, "")
    return reason or None


# ---------------------------------------------------------------- words said twice


def _duplicates(book: Book) -> Iterator[Remark]:
    expand = book.lexicon.expand
    plain: dict[tuple[str, frozenset[str]], Rule] = {}
    for rule in book.rules:
        for list_name, terms in (("any", rule.any), ("all", rule.all), ("none", rule.none)):
            yield from _twice(rule, list_name, [(term, expand([term])) for term in terms])
        for side in (side for pair in rule.near for side in pair[:2]):
            yield from _twice(rule, "near", [(one, expand([one])) for one in _ways(side)])
        if rule.all or rule.none or rule.when or rule.floor:
            continue
        for term in rule.any:
            other = plain.setdefault((rule.category, expand([term])), rule)
            if other is not rule:
                yield _remark(rule, "duplicate_across", term=term, other=other.id)


def _ways(side: str) -> list[str]:
    """The ways a side of a pair may be said, when they can be told apart by looking."""
    return [] if "(" in side else [one for one in side.split("|") if one.strip()]


def _twice(rule: Rule, list_name: str, terms: list[tuple[str, frozenset[str]]]) -> Iterator[Remark]:
    """Terms of one list whose strings another term of it already stands for."""
    owner: dict[str, int] = {}
    for place, (_, strings) in sorted(enumerate(terms), key=lambda one: -len(one[1][1])):
        owners = {owner.get(string) for string in strings}
        if len(owners) == 1 and (first := owners.pop()) is not None:
            term, other = terms[place][0], terms[first][0]
            yield _remark(rule, "duplicate", term=term, other=other, list=list_name)
        for string in strings:
            owner.setdefault(string, place)


def _subsumed(book: Book, ruleset: Ruleset) -> Iterator[Remark]:
    """Rules of which another one says everything, with the same or a higher result."""
    for rule, other in Covers(book, ruleset).pairs():
        code = "subsumed" if other.category == rule.category else "outranked"
        yield _remark(rule, code, other=other.id, category=other.category)


# ---------------------------------------------------------------- both languages


def _siblings(book: Book, files: Collection[str]) -> Iterator[Remark]:
    """Categories whose rules speak one of the two languages only."""
    by_category: dict[str, list[Rule]] = {}
    for rule in book.rules:
        if rule.category != UNSORTED:
            by_category.setdefault(rule.category, []).append(rule)
    for category, rules in by_category.items():
        if rules[0].file not in files:
            continue
        spoken = {one for rule in rules for one in languages(rule, book)}
        for missing in sorted({"zh", "en"} - spoken):
            yield Remark(
                rules[0].file,
                rules[0].id,
                "sibling",
                (("category", category), ("language", missing)),
            )


def languages(rule: Rule, book: Book) -> frozenset[str]:
    """Which of zh and en the words of a rule belong to."""
    terms = [*rule.any, *rule.all, *(side for pair in rule.near for side in pair[:2])]
    strings: Iterable[str] = (*book.lexicon.expand(terms), *rule.regex)
    return frozenset(_language(string) for string in strings)


def _language(string: str) -> str:
    return "zh" if any(char >= _FIRST_HAN for char in string) else "en"


# ---------------------------------------------------------------- what stored messages say


def _fires(ruleset: Ruleset, census: Census, limits: Limits) -> Iterator[Remark]:
    for rule in ruleset.rules:
        if not census.fired.get(rule.id):
            yield _remark(rule, "never", messages=str(census.messages))
        limit = limits.security if rule.category.startswith("security.") else limits.other
        count = census.calm_fired.get(rule.id, 0)
        if census.calm >= limits.enough and count > limit * census.calm:
            share = f"{100 * count / census.calm:.1f}"
            yield _remark(rule, "wide", share=share, limit=f"{100 * limit:g}")


def _unborne(ruleset: Ruleset, census: Census) -> Iterator[Remark]:
    """Tags that nothing bears: they may be to come, or spelt otherwise."""
    for rule in ruleset.rules:
        for tag in rule.when.tagged if rule.when else ():
            if tag not in census.tags:
                yield _remark(rule, "unborne", tag=tag)
