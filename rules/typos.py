"""Mistyped Latin words, read towards a given vocabulary.

One slip is forgiven in a word of six letters or more: two letters swapped, one missing, one too
many, or one replaced by its neighbour on the keyboard. Never in its first letter, where people
seldom slip, nor in its last alone, where "change" becomes "changed" without a slip. An index of
the vocabulary with one letter taken out answers in time that depends on the word alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

#: Words of the vocabulary shorter than this are too like others.
SHORTEST = 6
#: No word is longer; what is longer is no word.
LONGEST = 24
#: From this length on a vowel may stand for another ("unautherised").
_VOWELS_FROM = 8
_VOWELS = frozenset("aeiou")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> frozenset[tuple[str, str]]:
    near = {("i", "l"), ("l", "i")}  # a 1 may stand for either
    for row in _ROWS:
        for one, other in pairwise(row):
            near |= {(one, other), (other, one)}
    for upper, lower in pairwise(_ROWS):
        for at, one in enumerate(lower):
            for other in upper[at : at + 2]:
                near |= {(one, other), (other, one)}
    return frozenset(near)


_NEAR = _neighbours()


class Speller:
    """Knows some words, and what they look like with one slip in them."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted(
            word for word in set(words) if SHORTEST <= len(word) <= LONGEST and word.isalpha()
        )
        self._known = frozenset(self._words)
        index: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._words:
            for less in _without_one(word):
                index[less].append(word)
        self._index = dict(index)
        self._begin = {word[:at] for word in self._words for at in range(1, len(word) + 1)}
        self._end = {word[0] + word[at:] for word in self._words for at in range(1, len(word) + 1)}

    def meant(self, written: str) -> str:
        """The known word that ``written`` was most likely meant to be, or nothing."""
        if not SHORTEST - 1 <= len(written) <= LONGEST:
            return ""
        half = len(written) // 2
        if written[:half] not in self._begin and written[0] + written[half + 1 :] not in self._end:
            return ""  # one slip leaves the one or the other half as it was
        found = [(1, word) for word in self._index.get(written, ()) if word[:-1] != written]
        for less in _without_one(written):
            if less in self._known and less != written[:-1]:
                found.append((1, less))
            for word in self._index.get(less, ()):
                if len(word) == len(written):
                    found += [(rank, word) for rank in _slip(written, word)]
        return min(found)[1] if found else ""


def _without_one(word: str) -> set[str]:
    """``word`` with one letter taken out, its first excepted."""
    return {word[:at] + word[at + 1 :] for at in range(1, len(word))}


def _slip(written: str, word: str) -> list[int]:
    """How likely one slip made ``written`` of ``word``, equally long: 0 swapped, 2 replaced."""
    wrong = [at for at, (one, other) in enumerate(zip(written, word, strict=True)) if one != other]
    if len(wrong) == 2 and wrong[0] + 1 == wrong[1]:
        first, second = wrong
        swapped = written[first] == word[second] and written[second] == word[first]
        return [0] if swapped else []
    if len(wrong) != 1 or wrong[0] == len(word) - 1:
        return []
    one, other = written[wrong[0]], word[wrong[0]]
    vowels = len(word) >= _VOWELS_FROM and {one, other} <= _VOWELS
    return [2] if vowels or (one, other) in _NEAR else []
