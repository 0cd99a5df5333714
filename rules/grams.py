"""A text as counts of its short character runs: what the second reader sees of spelling.

Runs of one to four characters of the folded text, each known by a number of 32 bits. Which runs are
common enough to mean anything, and how telling each is, was learnt from the bank. Every run that
counts has a place of its own: where many share one, a long story soon reads like a swindler's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.text import fold

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
_Hashes = NDArray[np.uint32]

_LONGEST = 4
#: A letter of more characters is read to here; what matters stands well before.
_READ = 6000
_PRIME, _SPREAD, _MIX = (
    np.uint64(0x100000001B3),
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts as rows of length one with few entries: the places of a row, the weight of each, and
    where each row begins."""

    places: Places
    weights: Floats
    starts: Places

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, at: int) -> tuple[Places, Floats]:
        """The places of one row, and their weights."""
        part = slice(self.starts[at], self.starts[at + 1])
        return self.places[part], self.weights[part]

    def times(self, table: NDArray[np.float32] | NDArray[np.int8]) -> Floats:
        """Each row multiplied with a table; shape (rows, columns of the table)."""
        found = np.zeros((len(self), table.shape[1]), np.float32)
        for at in range(len(self)):
            places, weights = self.row(at)
            found[at] = weights @ table[places].astype(np.float32, copy=False)
        return found


@dataclass(frozen=True, slots=True)
class Grams:
    """Which runs count, in order of their numbers, and how telling each is."""

    common: _Hashes
    telling: Floats

    def read(self, texts: Iterable[str]) -> Rows:
        """One row a text."""
        return self.rows([_runs(text) for text in texts])

    def rows(self, counted: Sequence[tuple[_Hashes, Places]]) -> Rows:
        """One row for the counted runs of each text."""
        read = [self._row(runs, counts) for runs, counts in counted]
        ends = np.cumsum([len(places) for places, _ in read], dtype=np.intp)
        return Rows(
            np.concatenate([np.zeros(0, np.intp), *(places for places, _ in read)]),
            np.concatenate([np.zeros(0, np.float32), *(weights for _, weights in read)]),
            np.concatenate([np.zeros(1, np.intp), ends]),
        )

    def _row(self, runs: _Hashes, counts: Places) -> tuple[Places, Floats]:
        places = np.searchsorted(self.common, runs)
        known = np.zeros(len(runs), np.bool_)
        inside = places < len(self.common)
        known[inside] = self.common[places[inside]] == runs[inside]
        places = places[known]
        weights = (1 + np.log(counts[known])) * self.telling[places]
        return places, (weights / (np.linalg.norm(weights) or 1.0)).astype(np.float32)


def learn(texts: Iterable[str], least: int = 2) -> tuple[Grams, Rows]:
    """What counts in these texts, runs that stand in so many of them at least; and their rows."""
    read = [_runs(text) for text in texts]
    runs, counts = np.unique(np.concatenate([one for one, _ in read]), return_counts=True)
    often = counts >= least
    telling = np.log(len(read) / counts[often]) + 1
    # In half precision, as it is kept: what was learnt and what is read again must be one.
    learnt = Grams(runs[often], telling.astype(np.float16).astype(np.float32))
    return learnt, learnt.rows(read)


def _runs(text: str) -> tuple[_Hashes, Places]:
    """The distinct runs of a text as numbers, and how often each stands there."""
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
