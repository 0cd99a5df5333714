"""A text as counts of its short character runs, hashed: what the second reader sees of spelling.

Runs of one to four characters of the folded text fall into a fixed number of buckets, with a sign,
so that collisions cancel out. Which runs are common enough to mean anything, and how telling each
bucket is, was learnt from the bank.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.text import fold

Floats = NDArray[np.float32]
_Hashes = NDArray[np.uint32]

BUCKETS = 8192
_LONGEST = 4
#: A letter of more characters is read to here; what matters stands well before.
_READ = 6000
_PLACES = 1 << 20
_SIGN = np.uint32(1 << 31)
_PRIME, _SPREAD, _MIX = (
    np.uint64(0x100000001B3),
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
)


@dataclass(frozen=True, slots=True)
class Grams:
    """Which runs count (a bit a place), and the weight of each bucket."""

    common: NDArray[np.bool_]
    telling: Floats

    def read(self, texts: Sequence[str]) -> Floats:
        """One row a text, of length one; shape (texts, BUCKETS)."""
        rows = np.zeros((len(texts), BUCKETS), np.float32)
        for place, text in enumerate(texts):
            row = rows[place]
            runs, counts = _runs(text)
            known = self.common[_place(runs)]
            runs, counts = runs[known], counts[known]
            buckets = runs % np.uint32(BUCKETS)
            weights = (1 + np.log(counts)) * self.telling[buckets]
            np.add.at(row, buckets, np.where(runs & _SIGN, weights, -weights))
            rows[place] = row / (np.linalg.norm(row) or 1.0)
        return rows


def learn(texts: Iterable[str]) -> Grams:
    """What counts in these texts: runs that stand in two of them at least."""
    read = [_runs(text)[0] for text in texts]
    runs, counts = np.unique(np.concatenate(read), return_counts=True)
    common = np.zeros(_PLACES, np.bool_)
    common[_place(runs[counts > 1])] = True
    found = np.zeros(BUCKETS)
    for one in read:
        found[np.unique(one[common[_place(one)]] % np.uint32(BUCKETS))] += 1
    telling = np.log(len(read) / np.maximum(found, 1)) + 1
    return Grams(common, telling.astype(np.float32))


def _runs(text: str) -> tuple[_Hashes, NDArray[np.intp]]:
    """The distinct runs of a text as hashes, and how often each stands there."""
    plain = f" {' '.join(fold(text[:_READ]).text.split())} "
    letters = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    rolled = letters + np.uint64(1)
    found = [_mixed(rolled, 0)]
    for length in range(1, min(_LONGEST, len(letters))):
        rolled = rolled[:-1] * _PRIME + letters[length:]
        found.append(_mixed(rolled, length))
    return np.unique(np.concatenate(found), return_counts=True)


def _mixed(rolled: NDArray[np.uint64], length: int) -> _Hashes:
    mixed = (rolled + np.uint64(length * 7919)) * _SPREAD
    mixed = (mixed ^ (mixed >> np.uint64(31))) * _MIX
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _place(runs: _Hashes) -> _Hashes:
    return (runs >> np.uint32(2)) & np.uint32(_PLACES - 1)
