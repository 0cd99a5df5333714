"""The second view: what words say when they are mistyped or disguised.

``h a c k e d``, a Cyrillic letter in ``hacked``, ``h4cked``, ``hackeeed``, ``hakced``, 盗hao. It is
looked at only when the first view found no alarm, and what is found in it weighs less. Words are
read only *towards* the vocabulary of the alarming rules: a text of ordinary words stays as it is,
and no rule that is not alarming changes what is read.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ahocorasick_rs import AhoCorasick, MatchKind

from rules.text import HAN, fold
from rules.typos import LONGEST, Speller

#: What a finding of the second view weighs, compared with one of the first.
SHARE = 0.6

#: One place read otherwise: where it begins and ends, and what is read there.
_Change = tuple[int, int, str]

# Letters and what looks like them: Cyrillic, Greek, Armenian, digits and signs.
_LOOKS = {
    "a": "4@\u0430\u03b1",
    "b": "8\u044c\u03b2",
    "c": "\u0441",
    "d": "\u0501",
    "e": "3\u0435\u03b5\u0437",
    "g": "9\u0261",
    "h": "\u043d\u04bb",
    "i": "1!|\u0456\u03b9",
    "j": "\u0458",
    "k": "\u043a\u03ba",
    "l": "\u04cf",
    "m": "\u043c",
    "n": "\u043f\u0578\u03b7",
    "o": "0\u043e\u03bf\u03c3",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "r": "\u0433",
    "s": "5$\u0455",
    "t": "7\u0442\u03c4",
    "u": "\u03c5\u03bc",
    "v": "\u03bd",
    "w": "\u051d\u03c9",
    "x": "\u0445\u03c7",
    "y": "\u0443\u03b3",
}
_PLAIN = str.maketrans({look: letter for letter, looks in _LOOKS.items() for look in looks})
_LETTER = r"a-z0-9\u0370-\u052f\u0561-\u0586\u0261"
_LETTERS = re.compile(r"[a-z]{2,}")
_TOKEN = re.compile(rf"[{_LETTER}@$]+(?:[!|]+[{_LETTER}@$]+)*")
_BETWEEN = r" ._*·~/|+,:\-"
# Cheap looks at whether the two below can match at all: both begin with what stands between words.
_MAYBE_SPACED = re.compile(
    rf"[{_BETWEEN}][{_LETTER}@$](?=[{_BETWEEN}]{{1,3}}[{_LETTER}@$](?![{_LETTER}@$]))"
)
# … with a letter on either side, for numbers have such signs in them too.
_MAYBE_SPLIT = re.compile(
    rf"[._*·~|+\-](?<=[{_LETTER}][._*·~|+\-])(?=[{_LETTER}])(?:(?=[0-9]*(?![0-9])[{_LETTER}])|"
    + "|".join(rf"(?<=[{_LETTER}](?<![0-9])[0-9]{{{n}}}[._*·~|+\-])" for n in range(12))
    + ")"
)
_MOST_SPACED = 5_000  # letters
_SPACED = re.compile(
    rf"(?<![{_LETTER}@$])[{_LETTER}@$](?:[{_BETWEEN}]{{1,3}}[{_LETTER}@$](?![{_LETTER}@$])){{3,}}"
)
_SPLIT = re.compile(
    rf"(?<![{_LETTER}])[{_LETTER}]{{1,12}}(?:[._*·~|+\-][{_LETTER}]{{1,12}}){{1,12}}"
)
# Signs set between Chinese characters to break words; commas and full stops do break them.
_BREAKS = "|\u4e28★☆♥❤●○◆◇■□▲△※→#&^=$%@\u4e36"
_SIGNS = re.compile(rf"[{_BREAKS}](?<=[{HAN}][{_BREAKS}])[{_BREAKS}]{{0,2}}(?=[{HAN}])")
_REPEATED = re.compile(r"([a-z])\1{2,}")
_GUESSES = 8192  # words that are known to be no slip
_SHORTEST_KNOWN = 4  # a shorter word found by joining letters is an accident


@dataclass(frozen=True, slots=True)
class Reread:
    """A text as the second view reads it, and the way back to the text it was made of."""

    text: str
    _starts: tuple[int, ...]
    _places: tuple[tuple[int, int, int, int], ...]

    def touched(self, start: int, end: int) -> bool:
        """Whether anything from ``start`` to ``end`` was read otherwise."""
        mark = bisect_left(self._starts, end) - 1
        return mark >= 0 and self._places[mark][1] > start

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the text it was made of."""
        return self._back(start, last=False), self._back(end - 1, last=True)

    def _back(self, at: int, *, last: bool) -> int:
        mark = bisect_right(self._starts, at) - 1
        if mark < 0:
            return at + last
        _, end, low, high = self._places[mark]
        if at < end:
            return high if last else low
        return high + at - end + last


class SecondView:
    """Reads texts towards a vocabulary, and towards spellings that rule files list.

    Holds nothing of any message. What is dear to make is made when first asked for.
    """

    def __init__(
        self, alarming: Iterable[str], real: Iterable[str], spellings: Mapping[str, Iterable[str]]
    ) -> None:
        whole = " ".join(string for string in alarming if "*" not in string)
        self._words = frozenset(_LETTERS.findall(whole))
        self._real = frozenset(real)
        self._known = self._words | self._real
        #: Words that were met before and are no slip of an alarming one; most words are.
        self._innocent: set[str] = set()
        self._spellings = {
            fold(way).text: fold(meant).text
            for meant, ways in sorted(spellings.items())
            for way in sorted(ways)
        }

    def of(self, text: str) -> Reread | None:
        """The folded ``text`` read again, or None when it reads the same. Linear in its length."""
        changes = self._changes(text)
        return _apply(text, changes) if changes else None

    @cached_property
    def _speller(self) -> Speller:
        return Speller(self._words - self._real)

    @cached_property
    def _ways(self) -> tuple[AhoCorasick | None, list[str]]:
        ways = list(self._spellings)
        if not ways:
            return None, ways
        return AhoCorasick(ways, matchkind=MatchKind.LeftmostLongest), ways

    def _changes(self, text: str) -> list[_Change]:
        found = [*self._rejoined(text), *self._corrected(text)]
        if not text.isascii():
            automaton, ways = self._ways
            if automaton is not None:
                for number, start, end in automaton.find_matches_as_indexes(text):
                    found.append((start, end, self._spellings[ways[number]]))
            found += [(one.start(), one.end(), "") for one in _SIGNS.finditer(text)]
        found.sort(key=lambda change: (change[0], -change[1]))
        kept: list[_Change] = []
        for change in found:
            if not kept or change[0] >= kept[-1][1]:
                kept.append(change)
        return kept

    def _corrected(self, text: str) -> Iterator[_Change]:
        meant: dict[str, str] = {}
        for written in set(_TOKEN.findall(text)) - self._known - self._innocent:
            if not _SHORTEST_KNOWN <= len(written) <= 2 * LONGEST or written.isdigit():
                continue
            if word := self._meant(written):
                meant[written] = word
            else:
                self._pass_over(written)
        if meant:
            for token in _TOKEN.finditer(text):
                if word := meant.get(token[0], ""):
                    yield token.start(), token.end(), word

    def _pass_over(self, written: str) -> None:
        """Remember that this word says nothing; what was known before is worked out again."""
        if len(self._innocent) >= _GUESSES:
            self._innocent.clear()
        self._innocent.add(written)

    def _meant(self, written: str) -> str:
        """The alarming word behind a token with looks and repeated letters in it, or nothing."""
        plain = written if written.isalpha() and written.isascii() else _unmasked(written)
        twice, once = _REPEATED.sub(r"\1\1", plain), _REPEATED.sub(r"\1", plain)
        for short in (plain, twice, once):
            if short != written and short in self._words:
                return short
        return self._speller.meant(plain) if plain not in self._real else ""

    def _rejoined(self, text: str) -> Iterator[_Change]:
        left = _MOST_SPACED
        for run in _SPACED.finditer(text) if _MAYBE_SPACED.search(text) else ():
            letters = _unmasked(re.sub(rf"[{_BETWEEN}]", "", run[0][: 4 * left]))
            left -= len(letters)
            if left < 0:
                break  # nobody spaces out so much; a machine that does says nothing with it
            if words := self._cut(letters):
                yield run.start(), run.end(), words
        for split in _SPLIT.finditer(text) if _MAYBE_SPLIT.search(text) else ():
            joined = _unmasked(re.sub(r"[._*·~|+\-]", "", split[0]))
            if joined in self._words and len(joined) > _SHORTEST_KNOWN:
                yield split.start(), split.end(), joined
            elif "*" in split[0] and (meant := self._speller.meant(joined)):
                yield split.start(), split.end(), meant

    def _cut(self, letters: str) -> str:
        """Letters that were spaced out, cut into known words; nothing when they hold none."""
        words, at, known = [], 0, False
        while at < len(letters):
            size = next(
                (
                    size
                    for size in range(min(LONGEST, len(letters) - at), 1, -1)
                    if letters[at : at + size] in self._words
                ),
                1,
            )
            words.append(letters[at : at + size])
            known |= size >= _SHORTEST_KNOWN
            at += size
        return " ".join(words) if known else ""


def _unmasked(written: str) -> str:
    """``written`` in plain letters, when most of it are letters already."""
    plain = written.translate(_PLAIN)
    digits = sum(letter in "0123456789@$!|" for letter in written)
    return plain if digits * 2 <= len(written) else written


def _apply(text: str, changes: list[_Change]) -> Reread:
    pieces: list[str] = []
    places: list[tuple[int, int, int, int]] = []
    size = last = 0
    for start, end, new in changes:
        pieces += [text[last:start], new]
        size += start - last
        places.append((size, size + len(new), start, end))
        size += len(new)
        last = end
    pieces.append(text[last:])
    return Reread("".join(pieces), tuple(place[0] for place in places), tuple(places))
