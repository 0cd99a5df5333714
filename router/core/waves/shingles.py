"""Which messages are variants of one another, among two hundred thousand of a day.

A text is cut into shingles, runs of three characters; two texts are alike when at least so large a
share of all their shingles is in both (Jaccard). Comparing everything with everything is out of
the question, and a single shingle is too common a clue, in English above all: so messages are filed
under runs of six characters, two shingles end to end. Those that are rare within the window lead to
the few messages worth comparing; of the common ones only the latest bearers are remembered. Every
table is of fixed width and forgets by being written over.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from router.core.waves.traces import URL

#: A text shorter than this is too short to be called a variant of anything: in one day many people
#: write "no code arrives" in these very words. Counted in Chinese characters; a letter says less.
LEAST = 26
LETTER = 0.4
#: Of a long text so many shingles are kept, those with the smallest hashes: a fair sample, from
#: which the likeness is estimated within a few hundredths.
MOST = 224
#: Of a text only so much is looked at.
LONGEST = 4000

_WORD = 0xFFFFFFFF
_LAST_LETTER = 0x2E7F
_NUMBER = 18
_PLACE = (1 << _NUMBER) - 1
_MARK = (1 << 14) - 1
#: Room is made for so many more messages when it is needed.
_MORE = 1 << 12
#: Messages remembered under one run of six characters.
_WAYS = 16
#: Runs of a message that are looked at, and under how many of either sort it is filed.
_RUNS, _RARE, _COMMON = 140, 24, 40
#: Runs that messages share before they are compared at all, and how many are compared at most.
_SHARED = 2
_COMPARED = 32
_LEAST_BUCKETS, _MOST_BUCKETS = 1 << 10, 1 << 20
_LOAD = 8

_DIGITS = re.compile(r"\d+")
_BETWEEN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a text: its shingles, and the runs it is filed under (hashes, ascending)."""

    shingles: array[int]
    runs: tuple[int, ...]


def plain(folded: str) -> str:
    """A folded text without what changes from copy to copy: addresses, numbers, punctuation."""
    text = URL.sub(" u ", folded[:LONGEST])
    return _BETWEEN.sub(" ", _DIGITS.sub("0", text)).strip()


def sketch(text: str) -> Sketch | None:
    """What is kept of a :func:`plain` text; None when it is too short to say anything."""
    codes = list(map(ord, text))
    chinese = sum(map(_LAST_LETTER.__lt__, codes))
    if chinese + LETTER * (len(codes) - chinese) < LEAST:
        return None
    shingles = {one & _WORD for one in map(hash, _runs(codes, 3))}
    runs = sorted(set(map(hash, _runs(codes, 6))))[:_RUNS]
    kept = shingles if len(shingles) <= MOST else sorted(shingles)[:MOST]
    return Sketch(array("I", kept), tuple(runs))


def _runs(codes: Sequence[int], width: int) -> Iterator[tuple[int, ...]]:
    return zip(*(codes[start:] for start in range(width)), strict=False)


def likeness(one: set[int], other: array[int]) -> float:
    """The share of shingles that two texts have in common; of long texts an estimate."""
    both = one.intersection(other)
    if len(one) < MOST and len(other) < MOST:
        return len(both) / (len(one) + len(other) - len(both))
    smallest = sorted(one.union(other))[:MOST]
    return sum(hashed in both for hashed in smallest) / len(smallest)


class Near:
    """The messages of the window, filed so that variants of a new one are found at once.

    Messages are known by growing numbers; at most ``capacity`` of them may be kept at a time.
    """

    def __init__(self, *, likeness: float) -> None:
        self.capacity = 200_000
        self._likeness = likeness
        self._sketches: list[array[int] | None] = []
        self._filed = 0
        self._table = array("I", bytes(4 * _LEAST_BUCKETS * _WAYS))
        self._next = bytearray(_LEAST_BUCKETS)

    def forget(self, number: int) -> None:
        """A message has left the window."""
        place = number & _PLACE
        if place < len(self._sketches) and self._sketches[place] is not None:
            self._sketches[place] = None
            self._filed -= 1

    def add(self, number: int, sketch: Sketch) -> list[int]:
        """File a message; the numbers of those it is a variant of, the likeliest first."""
        place = number & _PLACE
        if place >= len(self._sketches):
            self._sketches += [None] * (place + _MORE - len(self._sketches))
        found = self._variants(number, sketch)
        self._sketches[place] = sketch.shingles
        self._filed += 1
        self._grow()
        return found

    def _variants(self, number: int, sketch: Sketch) -> list[int]:
        sketches, mine = self._sketches, set(sketch.shingles)
        seen = self._file(number, sketch.runs)
        found = []
        promising = [place for place, runs in seen.items() if runs >= _SHARED]
        for place in sorted(promising, key=seen.__getitem__, reverse=True)[:_COMPARED]:
            other = sketches[place]
            if other is not None and likeness(mine, other) >= self._likeness:
                found.append(number - ((number - place) & _PLACE))
        return found

    def _file(self, number: int, runs: Sequence[int]) -> dict[int, int]:
        """Write the message under its runs; who stood there already, and how often."""
        table, following, sketches = self._table, self._next, self._sketches
        last = len(following) - 1
        seen: dict[int, int] = {}
        left = [_RARE, _COMMON]
        for run in runs:
            bucket = run & last
            start, turn = bucket * _WAYS, following[bucket]
            oldest = table[start + turn]
            common = bool(oldest) and sketches[oldest & _PLACE] is not None
            if not left[common]:
                continue
            left[common] -= 1
            mark = run >> 20 & _MARK
            for slot in table[start : start + _WAYS]:
                if slot >> _NUMBER == mark and slot:
                    place = slot & _PLACE
                    seen[place] = seen.get(place, 0) + 1
            table[start + turn] = mark << _NUMBER | number & _PLACE
            following[bucket] = (turn + 1) % _WAYS
        return seen

    def _grow(self) -> None:
        """Twice the buckets; each half inherits everything and writes over what is not its own."""
        buckets = len(self._next)
        if self._filed * (_RARE + _COMMON) > buckets * _LOAD and buckets < _MOST_BUCKETS:
            self._table = self._table * 2
            self._next = self._next * 2
