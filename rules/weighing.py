"""Multinomial logistic regression over many sparse runs and, beside them, a point of meaning.

Learnt by Adam, the same for the same bank. A batch touches few of the runs, so only those are
worked on; a second or two go through ten thousand texts. Weights are kept in eight bits, as few
steps as do no harm, and are read from there: what was learnt reads like what was kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.grams import Floats, Places, Rows

_EPOCHS, _TOGETHER, _PACE, _CALM = 10, 256, 0.02, 3e-5
#: Meaning and spelling weigh alike.
_WEIGHT = np.float32(3.0)
#: Steps to either side of nothing that a weight may take; more change no figure, and fill the file.
_STEPS = 15


@dataclass(frozen=True, slots=True)
class Learnt:
    """The weights of one way of reading: of runs, in steps of ``scale``; and ``beside``, of each
    measure of meaning and of nothing at all, which is last."""

    runs: NDArray[np.int8]
    scale: Floats
    beside: Floats

    def likely(self, rows: Rows, meant: Floats | None = None) -> Floats:
        """How likely each category is; shape (rows, categories)."""
        scores = rows.times(self.runs) * (self.scale * _WEIGHT) + self.beside[-1]
        if meant is not None:
            scores += meant @ self.beside[:-1] * _WEIGHT
        return _softmax(scores)


def learn(rows: Rows, meant: Floats | None, answers: Places, shape: tuple[int, int]) -> Learnt:
    """Learn which answer belongs to which row; ``shape``: how many runs and answers there are."""
    draw = np.random.default_rng(1)
    dense = np.ones((len(rows), 1), np.float32)
    if meant is not None:
        dense = np.hstack([meant * _WEIGHT, dense])
    runs, beside = _Weights(*shape), _Weights(dense.shape[1], shape[1])
    everything = np.arange(dense.shape[1])
    for epoch in range(_EPOCHS):
        pace = _PACE * (1 - epoch / _EPOCHS)
        order = draw.permutation(len(rows))
        for start in range(0, len(order), _TOGETHER):
            chosen = order[start : start + _TOGETHER]
            places, few = _few(rows, chosen)
            odds = _softmax(few @ runs.now[places] + dense[chosen] @ beside.now)
            odds[np.arange(len(chosen)), answers[chosen]] -= 1
            odds /= len(chosen)
            runs.step(places, few.T @ odds, pace)
            beside.step(everything, dense[chosen].T @ odds, pace)
    scale = (np.abs(runs.now).max(axis=0, initial=0) / _STEPS + 1e-12).astype(np.float32)
    return Learnt(np.round(runs.now / scale).astype(np.int8), scale, beside.now)


class _Weights:
    """Weights on their way, by Adam; what a step does not touch stays as it is."""

    def __init__(self, inputs: int, answers: int) -> None:
        self.now = np.zeros((inputs, answers), np.float32)
        self._first, self._second = np.zeros_like(self.now), np.zeros_like(self.now)
        self._steps = 0

    def step(self, places: Places, slope: Floats, pace: float) -> None:
        """Go down a slope, a bit towards nothing."""
        self._steps += 1
        slope = slope + np.float32(_CALM) * self.now[places]
        first = 0.9 * self._first[places] + 0.1 * slope
        second = 0.99 * self._second[places] + 0.01 * slope * slope
        self._first[places], self._second[places] = first, second
        far = np.sqrt(second / (1 - 0.99**self._steps)) + 1e-8
        self.now[places] -= pace * (first / (1 - 0.9**self._steps)) / far


def _few(rows: Rows, chosen: Places) -> tuple[Places, Floats]:
    """The places that these rows have at all, and the rows with nothing but those."""
    parts = [rows.row(at) for at in chosen]
    places, where = np.unique(np.concatenate([one for one, _ in parts]), return_inverse=True)
    few = np.zeros((len(chosen), len(places)), np.float32)
    lines = np.repeat(np.arange(len(chosen)), [len(one) for one, _ in parts])
    few[lines, where] = np.concatenate([weights for _, weights in parts]) * _WEIGHT
    return places, few


def _softmax(scores: Floats) -> Floats:
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    likely: Floats = odds / odds.sum(axis=1, keepdims=True)
    return likely
