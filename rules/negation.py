"""Clauses, and what undoes a finding inside one: "not hacked", 没有被盗, 已找回.

A cue only reaches words shortly behind it in its own clause, and some cues only look like one
("not sure whether", 是不是). Which words are cues stands in the rule files, in the word lists
``negation``, ``seeming``, ``settled`` and ``supposing`` ("what if", 万一).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property

#: A place in a folded text, end exclusive.
Span = tuple[int, int]

_SENTENCE = re.compile(r"[!?;。\n.](?:(?<!\.)|(?![a-z0-9]))")
# Written so that it begins with one class of characters: most are passed over at once.
_CLAUSE = re.compile(
    r"[!?;。\n,:但.不可然b]"
    r"(?:(?<=[!?;。\n,:但])|(?<=\.)(?![a-z0-9])|(?<=\bb)ut\b|(?<=不)过|(?<=可)是|(?<=然)而)"
)
_STOPS = re.compile(
    r"[!?;。\n,:.]|\b(?:but|and|or|so|because|since|if|when|after|that|who|how|why|whether"
    r"|let|allow|want|sure|work|only|just|until)\b"
    r"|[但就才让能却了到过知清楚确定道]"
)
_REACH = 30  # characters an English cue may stand before what it negates
_WORDS = 3  # words between them
_HAN_REACH = 2  # characters a Chinese cue may stand before


class Reading:
    """One folded message while rules are tried on it; clauses are found when first asked for."""

    def __init__(
        self,
        text: str,
        cues: Sequence[Span],
        seeming: Sequence[Span],
        settled: Sequence[Span],
        supposing: Sequence[Span] = (),
    ) -> None:
        self.text = text
        self._cues, self._seeming = cues, seeming
        self._settled, self._supposing = settled, supposing

    def clause(self, start: int, end: int) -> Span:
        """The clause around ``start`` to ``end``, or the clauses when they are several."""
        return _around(self._clauses, start, end)

    def sentence(self, start: int, end: int) -> Span:
        """The sentence around, or the sentences."""
        return _around(self._sentences, start, end)

    def crosses(self, start: int, end: int) -> bool:
        """Whether a sentence ends between ``start`` and ``end``."""
        breaks = self._sentences
        mark = bisect_left(breaks, start)
        return mark < len(breaks) and breaks[mark] < end

    def within(self, spans: Sequence[Span], start: int, end: int) -> str:
        """The words of the first of ``spans`` in the clause around ``start`` to ``end``."""
        low, high = self.clause(start, end)
        mark = bisect_left(spans, (low, 0))
        if mark == len(spans) or spans[mark][0] >= high:
            return ""
        return self.text[slice(*spans[mark])]

    def negation(self, at: int) -> str:
        """The cue that negates what begins at ``at``, or nothing."""
        if not self._cues:
            return ""
        ends, cues = self._cues_by_end
        mark = bisect_right(ends, at)
        while mark and ends[mark - 1] >= at - _REACH:
            mark -= 1
            cue = cues[mark]
            if self._governs(cue, at):
                return self.text[cue[0] : cue[1]]
        return ""

    def supposed(self, start: int) -> str:
        """The words ahead in the same clause that only suppose what begins at ``start``."""
        if not self._supposing:
            return ""
        mark = bisect_right(self._supposing, (start, len(self.text))) - 1
        if mark < 0 or self._supposing[mark][0] < self.clause(start, start)[0]:
            return ""
        return self.text[slice(*self._supposing[mark])]

    def settled(self, start: int, end: int) -> str:
        """The words in the same sentence that say it is over ("found it", 已找回), or nothing."""
        if not self._settled:
            return ""
        low, high = self.sentence(start, end)
        cues = self._really_settled
        mark = bisect_left(cues, (low, 0))
        if mark == len(cues) or cues[mark][0] >= high:
            return ""
        return self.text[slice(*cues[mark])]

    def _governs(self, cue: Span, at: int) -> bool:
        gap = self.text[cue[1] : at]
        if _STOPS.search(gap):
            return False
        if self.text[cue[1] - 1] > "\u2e7f":
            return len(gap) <= _HAN_REACH
        return len(gap.split()) <= _WORDS

    @cached_property
    def _cues_by_end(self) -> tuple[list[int], list[Span]]:
        """Real cues only, sorted by where they end."""
        seeming = sorted(self._seeming)
        reach, mark = 0, 0
        real: list[Span] = []
        for cue in sorted(self._cues):
            while mark < len(seeming) and seeming[mark][0] <= cue[0]:
                reach = max(reach, seeming[mark][1])
                mark += 1
            if cue[1] > reach:
                real.append(cue)
        real.sort(key=lambda span: span[1])
        return [span[1] for span in real], real

    @cached_property
    def _really_settled(self) -> list[Span]:
        return sorted(cue for cue in self._settled if not self.negation(cue[0]))

    @cached_property
    def _clauses(self) -> list[int]:
        return [found.start() for found in _CLAUSE.finditer(self.text)]

    @cached_property
    def _sentences(self) -> list[int]:
        return [found.start() for found in _SENTENCE.finditer(self.text)]


def _around(breaks: list[int], start: int, end: int) -> Span:
    before, after = bisect_right(breaks, start), bisect_left(breaks, end)
    low = breaks[before - 1] if before else 0
    high = breaks[after] if after < len(breaks) else 1 << 62
    return low, high
