"""Which rule says everything that another one says, and decides the same or more.

A rule is covered when, wherever it finds something, the other one finds something too. Whether a
string of one stands inside a string of the other is asked of the matcher, which knows where words
begin and end; what a pattern may match is not known, so a pattern is covered by itself only.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.contract import Rule
from rules.engine import FLOOR, Ruleset
from rules.load import Book
from rules.matcher import Plan
from rules.terms import bare


class Covers:
    """The rules of one book, compared with each other."""

    def __init__(self, book: Book, ruleset: Ruleset) -> None:
        """``ruleset`` is the book compiled."""
        self._expand = book.lexicon.expand
        self._matcher = ruleset.matcher
        self._plans = {plan.rule.id: plan for plan in ruleset.matcher.plans}
        self._present: dict[str, set[int]] = {}
        self._rules = ruleset.rules

    def pairs(self) -> Iterator[tuple[Rule, Rule]]:
        """(covered rule, the one that covers it), each covered rule once."""
        by_words: dict[int, list[Rule]] = {}
        by_pairs: list[Rule] = []
        for rule in self._rules:
            plan = self._plans[rule.id]
            if plan.any >= 0:
                by_words.setdefault(plan.any, []).append(rule)
            if plan.near or plan.patterns:
                by_pairs.append(rule)
        for rule in self._rules:
            first = next(iter(self._evidence(rule)), None)
            numbers = self._standing(first) if first is not None else set(by_words)
            called = [one for number in numbers for one in by_words.get(number, ())]
            if first is None:
                called += by_pairs
            for other in sorted(called, key=lambda one: one.id):
                if other is not rule and self._covers(rule, other):
                    yield rule, other
                    break

    def _evidence(self, rule: Rule) -> frozenset[str]:
        """The strings that show the rule, when they are strings."""
        return self._expand(rule.any or (() if rule.near or rule.regex else rule.all[:1]))

    def _covers(self, rule: Rule, other: Rule) -> bool:
        return (
            _stronger(rule, other)
            and self._asks_no_more(rule, other)
            and self._finds_all(rule, other)
            # Of two that say the same, the later name is the one too many.
            and (rule.id > other.id or not self._mutual(rule, other))
        )

    def _mutual(self, rule: Rule, other: Rule) -> bool:
        return (
            _stronger(other, rule)
            and self._asks_no_more(other, rule)
            and self._finds_all(other, rule)
        )

    def _asks_no_more(self, rule: Rule, other: Rule) -> bool:
        """Whether nothing but the words could keep ``other`` from finding what ``rule`` finds."""
        if other.negatable and not rule.negatable:
            return False
        if other.when and other.when != rule.when:
            return False
        if not self._expand(other.none) <= self._expand(rule.none):
            return False
        mine = [self._expand([term]) for term in rule.all]
        return all(any(one <= self._expand([term]) for one in mine) for term in other.all)

    def _finds_all(self, rule: Rule, other: Rule) -> bool:
        plan = self._plans[other.id]
        return (
            all(self._says(plan, string) for string in self._evidence(rule))
            and all(self._pair_found(pair, other, plan) for pair in rule.near)
            and set(rule.regex) <= set(other.regex)
        )

    def _says(self, plan: Plan, string: str) -> bool:
        return plan.any >= 0 and plan.any in self._standing(string)

    def _pair_found(self, pair: tuple[str, str, int], other: Rule, plan: Plan) -> bool:
        one, far, gap = pair
        sides = self._expand([one]), self._expand([far])
        if any(all(self._says(plan, string) for string in side) for side in sides):
            return True
        return any(
            gap <= reach
            and (
                (sides[0] <= self._expand([a]) and sides[1] <= self._expand([b]))
                or (sides[1] <= self._expand([a]) and sides[0] <= self._expand([b]))
            )
            for a, b, reach in other.near
        )

    def _standing(self, string: str) -> set[int]:
        """The term sets that stand in a string of a term, however its word goes on."""
        if string not in self._present:
            text = bare(string)
            if string.startswith("*"):
                text = f"qq{text}"
            if string.endswith("*"):
                text = f"{text}qq"
            self._present[string] = self._matcher.scan(text).present
        return self._present[string]


def _stronger(rule: Rule, other: Rule) -> bool:
    """Whether what ``other`` decides leaves nothing to ``rule``."""
    if rule.floor and (other.floor or other.urgency) > rule.floor:
        return False
    if other.category == rule.category:
        return other.urgency <= rule.urgency and other.weight >= rule.weight
    alarm = other.category.startswith("security.") and other.weight >= FLOOR
    return alarm and not rule.category.startswith("security.") and other.urgency <= rule.urgency
