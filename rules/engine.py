"""Facts in, Verdict out: score what was found, security first.

The ladder, and nothing on it depends on the order of files or rules: a security category with
enough evidence wins whatever else scored; then the category with the strongest single finding, so
that saying one thing in many words outweighs nothing (the sum breaks ties); thanks, small talk and
spam only when nothing else was said; and with too little evidence the message is *unsorted*, to be
seen soon, never calmed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from weakref import WeakValueDictionary

from rules.amounts import Amount, amounts
from rules.conditions import BEYOND_WORDS, asked, because, unmet
from rules.contract import GROUPS, UNSORTED, Facts, Fault, Finding, Rule, Urgency, Verdict
from rules.entry import Kind
from rules.kept import Kept
from rules.load import Book, RulesFault, Written
from rules.matcher import Evidence, Hits, Matcher, Plan
from rules.negation import Reading
from rules.second import SHARE, Reread, SecondView
from rules.text import Folded, fold

__all__ = ["CALM_REACH", "FLOOR", "RulesFault", "Ruleset", "compile_files", "load"]

#: What a category must score to be believed.
FLOOR = 1.0

#: How many characters one finding of small talk or spam can calm. A long letter with one "weather"
#: in it is not small talk.
CALM_REACH = 200

_HOME = Path(__file__).parent
_BREAK = "\n"


def load(extra: Path | None = None, kept: Kept | None = None) -> Ruleset:
    """The house rules, and those of the folder ``extra``. Raises :class:`RulesFault` with every
    fault of every file."""
    return compile_files([_HOME] if extra is None else [_HOME, extra], kept=kept)


def compile_files(
    folders: Iterable[Path], texts: Mapping[str, str] | None = None, kept: Kept | None = None
) -> Ruleset:
    """The rules of ``folders``, and ``texts`` by file name, ready to judge. What somebody still
    holds of just these files is shared, not compiled again. Raises :class:`RulesFault`."""
    written = Written.of(folders, texts)
    if written.faults or (held := _HELD.get(written.digest)) is None:
        held = compile_book(written.book(kept))
        _HELD[written.digest] = held
    return held


def compile_book(book: Book) -> Ruleset:
    """A book that was read, made ready to judge."""
    rules = tuple(sorted(book.rules, key=lambda rule: rule.id))
    alarming = frozenset(
        name
        for name, kind in book.kinds.items()
        if name.startswith("security.") and kind.urgency is Urgency.P1
    )
    return Ruleset(
        rules=rules,
        kinds=dict(sorted(book.kinds.items())),
        version=_version(rules, book),
        matcher=Matcher(rules, book.lexicon),
        second=_second_view(rules, book),
        asks=asked(rule.when for rule in rules),
        floors={rule.id: rule.floor for rule in rules if rule.floor},
        alarming=alarming,
        alarms=frozenset(rule.id for rule in rules if rule.category in alarming),
    )


def _second_view(rules: Iterable[Rule], book: Book) -> SecondView:
    """Words are guessed only towards those of rules that tell of an incident."""
    alarming = (
        term
        for rule in rules
        if rule.category.startswith("security.") and rule.urgency is Urgency.P1
        for term in (*rule.any, *rule.all, *(side for pair in rule.near for side in pair[:2]))
    )
    ordinary = ["@ordinary"] if "ordinary" in book.lexicon.lists else []
    return SecondView(book.lexicon.expand(alarming), book.lexicon.expand(ordinary), book.spellings)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Ruleset:
    """Compiled rules. Judging changes nothing in it: any number of threads may share one."""

    rules: tuple[Rule, ...]
    kinds: Mapping[str, Kind]
    version: str
    matcher: Matcher
    second: SecondView
    #: The conditions (``sender``, ``hours`` …) that any rule asks for.
    asks: frozenset[str]
    #: The floors of the rules that have one.
    floors: Mapping[str, Urgency]
    #: The categories that are incidents of security, and the rules that tell of one.
    alarming: frozenset[str]
    alarms: frozenset[str]

    @property
    def categories(self) -> tuple[str, ...]:
        """Every known ``group.kind``, the unsorted one included."""
        return tuple(self.kinds)

    def judge(self, facts: Facts) -> Verdict:
        """What ``facts`` are about and how soon a person must see them, with the reasons."""
        message = _Message.of(facts)
        findings, near = self._look(message)
        scores = _scores(findings)
        if not self._alarmed(scores) and (reread := self.second.of(message.text)):
            known = {finding.rule for finding in findings}
            guessed, _ = self._look(replace(message, reread=reread))
            findings += [finding for finding in guessed if finding.rule not in known]
            scores = _scores(findings)
        length = len(message.text)
        category, urgency = self._weigh(findings, scores, length, facts.category_hint)
        return Verdict(
            category=category,
            urgency=urgency,
            findings=tuple(sorted(findings, key=_importance)),
            near=tuple(near),
            scores=tuple(sorted(scores.items(), key=lambda item: (-item[1], item[0]))),
            ruleset=self.version,
            until=self._until(findings, length, facts) if urgency is Urgency.P1 else None,
        )

    def _weigh(
        self, findings: Sequence[Finding], scores: Mapping[str, float], length: int, hint: str
    ) -> tuple[str, Urgency]:
        """Category and urgency of what was found."""
        believed = self._believed(scores, length)
        category = self._decide(believed, scores, findings, hint)
        return category, self._urgency(category, believed, findings)

    def _until(
        self, findings: list[Finding], length: int, facts: Facts
    ) -> tuple[str, Urgency] | None:
        """What the message is without the alarms of which the second reader is asked first; None
        when another one stands. A suspicion is to be seen soon."""
        asked = {name for name in self.alarming if facts.language[:2] in self.kinds[name].confirm}
        rest = [one for one in findings if one.category not in asked] if asked else findings
        if len(rest) == len(findings):
            return None
        category, urgency = self._weigh(rest, _scores(rest), length, facts.category_hint)
        return None if urgency is Urgency.P1 else (category, min(urgency, Urgency.P2))

    def _look(self, message: _Message) -> tuple[list[Finding], list[tuple[str, str]]]:
        """What one view of the message shows, and what it nearly shows."""
        hits = self.matcher.scan(message.view)
        reading = self.matcher.reading(message.view, hits)
        findings: list[Finding] = []
        near: list[tuple[str, str]] = []
        for plan in self.matcher.called(hits):
            evidence, reason = self._try(plan, message, hits, reading)
            if evidence is not None:
                findings.append(message.finding(plan.rule, evidence))
            elif reason:
                near.append((plan.rule.id, reason))
        return findings, near

    def _alarmed(self, scores: Mapping[str, float]) -> bool:
        """Whether an incident is believed already: then nobody need guess."""
        return any(scores[name] >= FLOOR for name in scores.keys() & self.alarming)

    def broken_examples(self) -> list[Fault]:
        """Rules that do not keep what their ``match`` and ``no_match`` examples promise. An example
        has words alone: a rule that lacks nothing but what words cannot tell keeps its word."""
        faults: list[Fault] = []
        for rule in self.rules:
            for example, wanted in (
                *((text, True) for text in rule.match),
                *((text, False) for text in rule.no_match),
            ):
                verdict = self.judge(Facts(text=example))
                if any(finding.rule == rule.id for finding in verdict.findings) != wanted:
                    told = dict(verdict.near).get(rule.id, "none of its words stand there")
                    if wanted and told in BEYOND_WORDS:
                        continue
                    reason = (
                        f"does not find {example!r}: {told}" if wanted else f"finds {example!r}"
                    )
                    faults.append(Fault(rule.file, rule.id, f"{reason}; mend the rule or it"))
        return faults

    def _try(
        self, plan: Plan, message: _Message, hits: Hits, reading: Reading
    ) -> tuple[Evidence | None, str]:
        """The first evidence that stands, or why none does."""
        reason = ""
        if not hits.present.issuperset(plan.all):
            return None, reason
        for evidence in self.matcher.evidence(plan, message.view, hits, reading):
            if not message.counts(evidence):
                continue
            undone = _undone(plan, evidence, hits, reading)
            if not undone and (when := plan.rule.when):
                lacking = unmet(when, message.facts, message.amounts)
                undone = f"when: {lacking}" if lacking else ""
            if not undone:
                return evidence, ""
            reason = reason or undone
        return None, reason

    def _believed(self, scores: Mapping[str, float], length: int) -> list[str]:
        """Categories with enough evidence; for calm ones, enough for so long a message."""
        return [
            name
            for name, score in scores.items()
            if score >= FLOOR
            and (self.kinds[name].urgency is not Urgency.P4 or length <= CALM_REACH * score)
        ]

    def _decide(
        self,
        believed: Sequence[str],
        scores: Mapping[str, float],
        findings: Iterable[Finding],
        hint: str,
    ) -> str:
        if not believed:
            return self._hinted(hint)
        if len(believed) == 1:
            return believed[0]
        strongest = _strongest(findings)
        return min(
            believed,
            key=lambda name: (
                self._tier(name),
                -strongest[name],
                -scores[name],
                name != hint and name.partition(".")[0] != hint,
                self.kinds[name].urgency,
                _place(name),
                name,
            ),
        )

    def _tier(self, name: str) -> tuple[bool, Urgency | bool]:
        """Security first, incidents before advice; what needs no answer last."""
        urgency = self.kinds[name].urgency
        if name.startswith("security."):
            return False, urgency
        return True, urgency is Urgency.P4

    def _hinted(self, hint: str) -> str:
        """What the sender ticked, when nothing was understood. It can only raise."""
        if hint in self.kinds:
            return hint if self.kinds[hint].urgency is not Urgency.P4 else UNSORTED
        for name, kind in self.kinds.items():
            if kind.otherwise and name.partition(".")[0] == hint:
                return name
        return UNSORTED

    def _urgency(
        self, category: str, believed: Sequence[str], findings: Iterable[Finding]
    ) -> Urgency:
        """The most pressing of all that is believed: what else was said can only raise it, and so
        can the floor of any rule that was found."""
        said = [finding.urgency for finding in findings if finding.category in believed]
        floors = [floor for finding in findings if (floor := self.floors.get(finding.rule))]
        own = [] if category in believed else [self.kinds[category].urgency]
        return min([*own, *said, *floors])


#: Compiled rules by the files they were made of, as long as anybody holds them.
_HELD: WeakValueDictionary[bytes, Ruleset] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class _Message:
    """Subject and text, folded each by itself so that no term reaches from one into the other.

    ``reread`` is set while the second view is looked at.
    """

    text: str
    subject: Folded | None
    body: Folded
    facts: Facts
    reread: Reread | None = None

    @classmethod
    def of(cls, facts: Facts) -> _Message:
        body = fold(facts.text)
        if not facts.subject:
            return cls(body.text, None, body, facts)
        subject = fold(facts.subject)
        return cls(subject.text + _BREAK + body.text, subject, body, facts)

    @property
    def view(self) -> str:
        """The text that is looked at."""
        return self.text if self.reread is None else self.reread.text

    def counts(self, evidence: Evidence) -> bool:
        """Whether this was not already to be seen in the first view."""
        return self.reread is None or self.reread.touched(evidence[0], evidence[1])

    def amounts(self) -> tuple[Amount, ...]:
        """The sums of money named in it."""
        return amounts(f"{self.facts.subject}\n{self.facts.text}")

    def finding(self, rule: Rule, evidence: Evidence) -> Finding:
        """What was found, at its place in the original."""
        start, end, _ = evidence
        weight, read_as = rule.weight, ""
        if self.reread is not None:
            weight, read_as = round(rule.weight * SHARE, 3), self.reread.text[start:end]
            start, end = self.reread.span(start, end)
        ahead = 0 if self.subject is None else len(self.subject.text) + 1
        if self.subject is not None and start < ahead:
            part, part_start, shift = "subject", 0, 0
            part_start, part_end = self.subject.span(start, min(end, ahead - 1))
            words = self.facts.subject[part_start:part_end]
        else:
            part, shift = "text", len(self.facts.subject) + 1 if ahead else 0
            part_start, part_end = self.body.span(start - ahead, end - ahead)
            words = self.facts.text[part_start:part_end]
        return Finding(
            rule=rule.id,
            category=rule.category,
            urgency=rule.urgency,
            weight=weight,
            words=words,
            start=part_start + shift,
            end=part_end + shift,
            part=part,
            part_start=part_start,
            read_as=read_as,
            because=because(rule.when, self.facts),
        )


def _undone(plan: Plan, evidence: Evidence, hits: Hits, reading: Reading) -> str:
    start, end, second = evidence
    if plan.none in hits.present and (found := reading.within(hits.spans(plan.none), start, end)):
        return f"excluded: {found}"
    if plan.rule.urgency is Urgency.P1 and (guess := reading.supposed(second)):
        return f"supposed: {guess}"
    if not plan.rule.negatable:
        return ""
    if cue := reading.negation(start) or (second != start and reading.negation(second)):
        return f"negated: {cue}"
    if cue := reading.settled(start, end):
        return f"settled: {cue}"
    return ""


def _scores(findings: Iterable[Finding]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for finding in findings:
        if finding.category == UNSORTED:  # a floor: it says how soon, not what about
            continue
        scores[finding.category] = round(scores.get(finding.category, 0.0) + finding.weight, 3)
    return scores


def _strongest(findings: Iterable[Finding]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for finding in findings:
        weights[finding.category] = max(weights.get(finding.category, 0.0), finding.weight)
    return weights


def _importance(finding: Finding) -> tuple[int, Urgency, float, int, str]:
    group = _place(finding.category)
    return group, finding.urgency, -finding.weight, finding.start, finding.rule


@cache
def _place(category: str) -> int:
    """Where the group of a category stands among the groups."""
    return GROUPS.index(category.partition(".")[0])


def _version(rules: Iterable[Rule], book: Book) -> str:
    """A short name of what the rules say: the same content, the same name."""
    content = hashlib.sha256()
    said = tuple(replace(rule, file="") for rule in rules)
    spelt = sorted((name, sorted(ways)) for name, ways in book.spellings.items())
    for part in (said, sorted(book.kinds.items()), book.lexicon.lists, spelt):
        content.update(repr(part).encode())
    return content.hexdigest()[:12]
