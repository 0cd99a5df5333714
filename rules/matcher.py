"""All literals of all rules in one automaton, and the rules that the hits call up.

A message is scanned once. Only rules one of whose words stood there are looked at further;
patterns run (on RE2) only when a string they cannot do without was found. Everything is linear in
the text but for a logarithm.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from rules.contract import Rule
from rules.entry import Pattern, compile_pattern, mandatory
from rules.negation import Reading, Span
from rules.terms import Lexicon, bare

_WORD = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_OVERLAP = 4  # hits of one list that may overlap at one place before the nearest is given up
_NONE: tuple[Span, ...] = ()

#: Where a rule's words stand: start, end, and where its second term begins.
Evidence = tuple[int, int, int]
#: Term sets by number, and the places where they stood, in order.
Hits = dict[int, list[Span]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule with its terms replaced by numbers of term sets; -1 stands for none."""

    rule: Rule
    any: int
    near: tuple[tuple[int, int, int], ...]
    patterns: tuple[tuple[int, Pattern], ...]
    all: tuple[int, ...]
    none: int


class Matcher:
    """Compiled rules. Holds nothing of any message, so threads may share it."""

    def __init__(self, rules: Sequence[Rule], lexicon: Lexicon) -> None:
        self._numbers: dict[frozenset[str], int] = {}
        self._lexicon = lexicon
        self.plans = tuple(self._plan(rule) for rule in rules)
        cues = ("negation", "seeming", "settled")
        self._cues = tuple(self._terms([f"@{cue}"] if cue in lexicon.lists else []) for cue in cues)
        self._called = self._calls()
        self._build()

    def scan(self, text: str) -> Hits:
        """Where each term set stands in the folded ``text``."""
        hits: Hits = {}
        marks = self._marks
        last = len(text)
        for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            begins, ends, sets = marks[number]
            if begins and start and text[start - 1] in _WORD:
                continue
            if ends and end < last and text[end] in _WORD:
                continue
            for one in sets:
                if one in hits:
                    hits[one].append((start, end))
                else:
                    hits[one] = [(start, end)]
        for spans in hits.values():
            if len(spans) > 1:
                spans.sort()
        return hits

    def reading(self, text: str, hits: Hits) -> Reading:
        """``text`` with the cues that stand in it."""
        cues, seeming, settled = (hits.get(number, _NONE) for number in self._cues)
        return Reading(text, cues, seeming, settled)

    def called(self, hits: Hits) -> list[Plan]:
        """The rules worth trying, always in the same order."""
        found: set[int] = set()
        for number in hits:
            if number in self._called:
                found.update(self._called[number])
        return [self.plans[index] for index in sorted(found)]

    def evidence(self, plan: Plan, text: str, hits: Hits, reading: Reading) -> Iterator[Evidence]:
        """Every place where ``plan`` finds what it looks for, exclusions not yet considered."""
        for start, end in hits.get(plan.any, _NONE):
            yield start, end, start
        for one, other, gap in plan.near:
            if one in hits and other in hits:
                yield from _pairs(hits[one], hits[other], gap, reading)
        for gate, pattern in plan.patterns:
            if gate in hits:
                for found in pattern.finditer(text):
                    yield found.start(), found.end(), found.start()

    def _terms(self, terms: Iterable[str]) -> int:
        strings = self._lexicon.expand(terms)
        return self._numbers.setdefault(strings, len(self._numbers)) if strings else -1

    def _plan(self, rule: Rule) -> Plan:
        return Plan(
            rule=rule,
            # A rule that only says `all` is shown by the first of them.
            any=self._terms(rule.any or ([] if rule.near or rule.regex else rule.all[:1])),
            near=tuple(
                (self._terms([one]), self._terms([other]), gap) for one, other, gap in rule.near
            ),
            patterns=tuple(
                (self._terms(f"*{word}*" for word in mandatory(regex)), compile_pattern(regex))
                for regex in rule.regex
            ),
            all=tuple(self._terms([term]) for term in rule.all),
            none=self._terms(rule.none),
        )

    def _calls(self) -> dict[int, tuple[int, ...]]:
        """Which term set calls which rules: of a pair, the set that fewer rules ask for."""
        asked: dict[int, int] = {}
        for plan in self.plans:
            for number in {side for pair in plan.near for side in pair[:2]}:
                asked[number] = asked.get(number, 0) + 1
        calls: dict[int, set[int]] = {}
        for index, plan in enumerate(self.plans):
            callers = {
                min(pair[:2], key=lambda number: (asked[number], number)) for pair in plan.near
            }
            callers.update(gate for gate, _ in plan.patterns)
            callers.add(plan.any)
            for number in callers - {-1}:
                calls.setdefault(number, set()).add(index)
        return {number: tuple(sorted(indexes)) for number, indexes in calls.items()}

    def _build(self) -> None:
        owners: dict[str, list[int]] = {}
        for strings, number in self._numbers.items():
            for string in strings:
                owners.setdefault(string, []).append(number)
        self._marks = [
            (string[0] in _WORD, string[-1] in _WORD, sets) for string, sets in owners.items()
        ]
        self._automaton = AhoCorasick(map(bare, owners))


def _pairs(
    ones: Sequence[Span], others: Sequence[Span], gap: int, reading: Reading
) -> Iterator[Evidence]:
    """Two terms at most ``gap`` characters apart in one sentence, in either order."""
    for start, end in ones:
        after = bisect_left(others, (end, 0))
        if after < len(others) and others[after][0] - end <= gap:
            other = others[after]
            if not reading.crosses(end, other[0]):
                yield start, other[1], other[0]
        before = bisect_right(others, (start, 0))
        for other in others[max(0, before - _OVERLAP) : before]:
            if 0 <= start - other[1] <= gap and not reading.crosses(other[1], start):
                yield other[0], end, start
