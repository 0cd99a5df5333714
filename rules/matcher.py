"""All literals of all rules in one automaton, and the rules that the hits call up.

A message is scanned once. Only rules one of whose words stood there are looked at further;
patterns run (on RE2) only when a string they cannot do without was found. Everything is linear in
the text but for a logarithm.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from rules.contract import Rule
from rules.entry import Pattern, compile_pattern, mandatory
from rules.negation import Reading, Span
from rules.terms import Lexicon, bare

_WORD = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_BEGINS, _ENDS = 1, 2  # which ends of a string must be ends of a word
_OVERLAP = 4  # hits of one list that may overlap at one place before the nearest is given up
_NONE: tuple[Span, ...] = ()

#: One string of the automaton in a text: which, from where to where.
_Match = tuple[int, int, int]
#: Where a rule's words stand: start, end, and where its second term begins.
Evidence = tuple[int, int, int]


class Hits:
    """Where the term sets stood in one text.

    Strings that serve the same term sets share a *group*; a set's places are put together from
    its groups when first asked for.
    """

    __slots__ = ("_found", "_groups_of", "_spans", "present")

    def __init__(
        self, found: dict[int, list[_Match]], present: set[int], groups_of: Sequence[frozenset[int]]
    ) -> None:
        self._found, self._groups_of = found, groups_of
        self._spans: dict[int, list[Span]] = {}
        #: The term sets that stood anywhere.
        self.present = present

    def spans(self, number: int) -> Sequence[Span]:
        """The places of term set ``number``, in order."""
        if number not in self.present:
            return _NONE
        spans = self._spans.get(number)
        if spans is None:
            found = self._found
            spans = [
                match[1:]
                for group in found.keys() & self._groups_of[number]
                for match in found[group]
            ]
            if len(spans) > 1:
                spans.sort()
            self._spans[number] = spans
        return spans


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
        cues = ("negation", "seeming", "settled", "supposing")
        self._cues = tuple(self._terms([f"@{cue}"] if cue in lexicon.lists else []) for cue in cues)
        self._called = self._calls()
        self._callers = frozenset(self._called)
        self._build()
        del self._numbers, self._lexicon  # only compiling needs them, and they are large

    def scan(self, text: str) -> Hits:
        """Where each term set stands in the folded ``text``."""
        found: dict[int, list[_Match]] = {}
        kinds = self._kinds
        text_length = len(text)
        for match in self._automaton.find_matches_as_indexes(text, overlapping=True):
            number, start, end = match
            edge, group = kinds[number]
            if edge:
                if edge & _BEGINS and start and text[start - 1] in _WORD:
                    continue
                if edge & _ENDS and end < text_length and text[end] in _WORD:
                    continue
            if group in found:
                found[group].append(match)
            else:
                found[group] = [match]
        present = set().union(*map(self._sets_of.__getitem__, found))
        return Hits(found, present, self._groups_of)

    def reading(self, text: str, hits: Hits) -> Reading:
        """``text`` with the cues that stand in it."""
        return Reading(text, *(hits.spans(number) for number in self._cues))

    def called(self, hits: Hits) -> list[Plan]:
        """The rules worth trying, always in the same order."""
        present = hits.present
        found: set[int] = set()
        for number in present & self._callers:
            for partner, index in self._called[number]:
                if partner < 0 or partner in present:
                    found.add(index)
        return [self.plans[index] for index in sorted(found)]

    def evidence(self, plan: Plan, text: str, hits: Hits, reading: Reading) -> Iterator[Evidence]:
        """Every place where ``plan`` finds what it looks for, exclusions not yet considered."""
        for start, end in hits.spans(plan.any):
            yield start, end, start
        for one, other, gap in plan.near:
            if one in hits.present and other in hits.present:
                yield from _pairs(hits.spans(one), hits.spans(other), gap, reading)
        for gate, pattern in plan.patterns:
            if gate in hits.present:
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

    def _calls(self) -> dict[int, tuple[tuple[int, int], ...]]:
        """Which term set calls which rules: of a pair, the set that fewer rules ask for, and only
        when its partner stood somewhere too."""
        asked = Counter(side for plan in self.plans for pair in plan.near for side in pair[:2])
        calls: dict[int, set[tuple[int, int]]] = {}
        for index, plan in enumerate(self.plans):
            alone = {plan.any, *(gate for gate, _ in plan.patterns)} - {-1}
            for number in alone:
                calls.setdefault(number, set()).add((-1, index))
            for one, other, _ in plan.near:
                caller, partner = sorted((one, other), key=lambda side: (asked[side], side))
                calls.setdefault(caller, set()).add((partner, index))
        return {number: tuple(sorted(called)) for number, called in calls.items()}

    def _build(self) -> None:
        """Equal tuples are kept once: there are tens of thousands of strings, and few kinds."""
        owners: dict[str, tuple[int, ...]] = {}
        groups: dict[tuple[int, ...], int] = {}
        once: dict[tuple[int, ...], tuple[int, ...]] = {}
        for strings, number in self._numbers.items():
            for string in strings:
                sets = (*owners.get(string, ()), number)
                owners[string] = once.setdefault(sets, sets)
        edges = [
            _BEGINS * (string[0] in _WORD) | _ENDS * (string[-1] in _WORD) for string in owners
        ]
        same: dict[tuple[int, int], tuple[int, int]] = {}
        #: Of each string, which of its ends must be ends of a word, and its group.
        self._kinds = [
            same.setdefault(kind, kind)
            for kind in zip(
                edges,
                (groups.setdefault(sets, len(groups)) for sets in owners.values()),
                strict=True,
            )
        ]
        self._sets_of = [frozenset(sets) for sets in groups]
        groups_of: list[set[int]] = [set() for _ in self._numbers]
        for sets, group in groups.items():
            for number in sets:
                groups_of[number].add(group)
        self._groups_of = [frozenset(numbers) for numbers in groups_of]
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
