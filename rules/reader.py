"""The second reader: what a message means, told from examples instead of words.

Keywords cannot see "my balance went to zero while the phone lay in a drawer". This reader has read
the bank of examples, by meaning and by spelling, and says how likely a message belongs to each
category; the nearest examples are its reason. It decides nothing: whoever asks may only raise.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rules import bank, grams, meaning
from rules.bank import Bank, Example
from rules.contract import Urgency
from rules.grams import Floats, Grams
from rules.meaning import Encoder
from rules.raising import Near, Opinion
from rules.text import HAN

#: What was learnt from the bank that ships.
SHIPPED = Path(__file__).parent / "reader.npz"
_NEAREST = 3
_POINT = 64
_EPOCHS, _TOGETHER, _STEP, _CALM = 20, 256, 0.02, 3e-4
#: Meaning and spelling weigh alike.
_WEIGHT = 3.0
_HAN = re.compile(f"[{HAN}]")
#: A text is Chinese from one character of so many on.
_MOSTLY = 4


@dataclass(slots=True)
class Learnt:
    """What learning leaves: weights for one way of reading, bias last."""

    weights: Floats

    def likely(self, rows: Floats) -> Floats:
        """How likely each category is; shape (rows, categories)."""
        return _softmax(rows @ self.weights[:-1] + self.weights[-1])


@dataclass(slots=True)
class Reader:
    """Ready to read. Changes never; any number of threads may share one."""

    bank: Bank
    categories: tuple[str, ...]
    alarming: tuple[bool, ...]
    idle: tuple[bool, ...]
    spelling: Grams
    alone: Learnt
    together: Learnt | None = None
    axes: Floats | None = None
    points: Floats | None = None
    encoder: Encoder | None = field(default=None, compare=False)
    #: Examples that may be shown; a desk's own are what somebody wrote to it. None shows all.
    shown: frozenset[Example] | None = field(default=None, compare=False)

    @property
    def version(self) -> str:
        """What it read with and from: bank and way of reading."""
        return f"{self.bank.version}+{meaning.NAME if self.encoder else 'spelling'}"

    def read(self, texts: Sequence[str]) -> list[Opinion]:
        """One opinion a text, in order."""
        if not texts:
            return []
        rows = self.spelling.read(texts)
        meant = self.encoder.encode(texts) if self.encoder else None
        if meant is not None and self.together is not None:
            likely = self.together.likely(_joined(meant, rows))
        else:
            likely = self.alone.likely(rows * _WEIGHT)
        return [
            replace(
                self._opinion(odds, rows[place], None if meant is None else meant[place]),
                chinese=_chinese(texts[place]),
            )
            for place, odds in enumerate(likely)
        ]

    def _opinion(self, odds: Floats, row: Floats, meant: Floats | None) -> Opinion:
        alarming = np.array(self.alarming)
        threat = int(np.where(alarming, odds, -1).argmax())
        groups = [name.partition(".")[0] for name in self.categories]
        calm_odds = np.where(alarming, 0, odds)
        _, numbers = np.unique(groups, return_inverse=True)
        sums = np.bincount(numbers, calm_odds)
        calm = int(np.where(numbers == sums.argmax(), calm_odds, -1).argmax())
        found = Opinion(
            self.categories[threat],
            float(odds[alarming].sum()),
            self.categories[calm],
            float(odds[calm]),
            named=float(odds[threat]),
            group=float(sums.max()),
            idle=float(odds[np.array(self.idle)].sum()),
        )
        return replace(found, near=self._nearest(row, meant, found.category))

    def _nearest(self, row: Floats, meant: Floats | None, category: str) -> tuple[Near, ...]:
        """The examples of a category that the message is most like."""
        places = [at for at, one in enumerate(self.bank.examples) if one.category == category]
        if meant is not None and self.axes is not None and self.points is not None:
            point = meant @ self.axes
            likeness = self.points[places] @ (point / (np.linalg.norm(point) or 1.0))
        else:
            texts = [self.bank.examples[at].text for at in places]
            likeness = self.spelling.read(texts) @ row
        order = np.argsort(-likeness)[:_NEAREST]
        return tuple(
            Near(category, self._words(places[at]), round(float(likeness[at]), 3)) for at in order
        )

    def _words(self, place: int) -> str:
        """An example's text; none where a requester's would stand under another one's message."""
        one = self.bank.examples[place]
        return one.text if self.shown is None or one in self.shown else ""


def _chinese(text: str) -> bool:
    """Whether a good part of a text is Chinese; swindlers mix in links and names of coins."""
    return _MOSTLY * len(_HAN.findall(text)) >= len(text)


# ---------------------------------------------------------------- learning


def learn(
    read: Bank,
    urgencies: Mapping[str, Urgency],
    encoder: Encoder | None,
    told: Callable[[int, int], object] | None = None,
) -> Reader:
    """Read the bank. ``told`` hears how many of how many examples are read; a minute or two."""
    texts = [one.text for one in read.examples]
    categories = tuple(sorted({one.category for one in read.examples}))
    answers = np.array([categories.index(one.category) for one in read.examples])
    spelling = grams.learn(texts)
    rows = spelling.read(texts)
    reader = Reader(
        bank=read,
        categories=categories,
        alarming=tuple(urgencies[name] is Urgency.P1 for name in categories),
        idle=tuple(urgencies[name] is Urgency.P4 for name in categories),
        spelling=spelling,
        alone=_learnt(rows * _WEIGHT, answers, len(categories)),
        encoder=encoder,
    )
    if encoder is not None:
        meant = _encoded(texts, encoder, told)
        reader.together = _learnt(_joined(meant, rows), answers, len(categories))
        _, _, axes = np.linalg.svd(meant, full_matrices=False)
        reader.axes = axes[:_POINT].T.copy()
        points = meant @ reader.axes
        reader.points = points / np.linalg.norm(points, axis=1, keepdims=True)
    return reader


def _encoded(
    texts: Sequence[str], encoder: Encoder, told: Callable[[int, int], object] | None
) -> Floats:
    rows = np.zeros((len(texts), meaning.WIDTH), np.float32)
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    for first in range(0, len(order), _TOGETHER):
        places = order[first : first + _TOGETHER]
        rows[places] = encoder.encode([texts[at] for at in places])
        if told is not None:
            told(min(first + _TOGETHER, len(order)), len(order))
    return rows


def _joined(meant: Floats, rows: Floats) -> Floats:
    return np.hstack([meant, rows]) * _WEIGHT


def _softmax(scores: Floats) -> Floats:
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    likely: Floats = odds / odds.sum(axis=1, keepdims=True)
    return likely


def _learnt(rows: Floats, answers: np.ndarray[Any, Any], count: int) -> Learnt:
    """Multinomial logistic regression by Adam, the same for the same bank."""
    draw = np.random.default_rng(1)
    weights = np.zeros((rows.shape[1] + 1, count), np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    step = 0
    for epoch in range(_EPOCHS):
        order = draw.permutation(len(rows))
        pace = _STEP * (1 - epoch / _EPOCHS)
        for start in range(0, len(order), _TOGETHER):
            chosen = order[start : start + _TOGETHER]
            slope = _slope(rows[chosen], answers[chosen], weights)
            step += 1
            first = 0.9 * first + 0.1 * slope
            second = 0.99 * second + 0.01 * slope * slope
            weights -= (
                pace * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
            )
    return Learnt(weights)


def _slope(rows: Floats, answers: np.ndarray[Any, Any], weights: Floats) -> Floats:
    odds = _softmax(rows @ weights[:-1] + weights[-1])
    odds[np.arange(len(rows)), answers] -= 1
    slope: Floats = np.vstack([rows.T @ odds, odds.sum(axis=0)]) / len(rows) + _CALM * weights
    return slope


# ---------------------------------------------------------------- keeping


def save(reader: Reader, path: Path) -> None:
    """Write what was learnt, small: weights in eight bits, and the desk's own examples in words."""
    shipped = set(bank.read().examples)
    own = [one for one in reader.bank.examples if one not in shipped]
    kept: dict[str, Any] = {
        "head": np.frombuffer(
            json.dumps(
                {
                    "bank": reader.bank.version,
                    "categories": reader.categories,
                    "alarming": reader.alarming,
                    "idle": reader.idle,
                    "own": [[one.category, one.text] for one in own],
                },
                ensure_ascii=False,
            ).encode(),
            np.uint8,
        ),
        "common": np.packbits(reader.spelling.common),
        "telling": reader.spelling.telling.astype(np.float16),
        **_small("alone", reader.alone.weights),
    }
    if reader.together is not None and reader.axes is not None and reader.points is not None:
        kept |= _small("together", reader.together.weights)
        kept["axes"] = reader.axes.astype(np.float16)
        kept["points"] = np.round(reader.points * 127).astype(np.int8)
    held = io.BytesIO()
    np.savez_compressed(held, **kept)
    path.write_bytes(held.getvalue())


def load(path: Path = SHIPPED, encoder: Encoder | None = None) -> Reader:
    """Read what was learnt before. Raises OSError when it is not there, ValueError when it is
    broken or was learnt from other examples than are there now."""
    with np.load(path, allow_pickle=False) as kept:
        head = json.loads(kept["head"].tobytes())
        shipped = bank.read()
        known = shipped.joined(Example(category, text) for category, text in head["own"])
        if known.version != head["bank"]:
            raise ValueError(f"{path} was learnt from other examples; run `router rules learn`")
        both = encoder is not None and "together" in kept
        return Reader(
            bank=known,
            categories=tuple(head["categories"]),
            alarming=tuple(head["alarming"]),
            idle=tuple(head["idle"]),
            spelling=Grams(
                np.unpackbits(kept["common"]).astype(np.bool_), kept["telling"].astype(np.float32)
            ),
            alone=Learnt(_large("alone", kept)),
            together=Learnt(_large("together", kept)) if both else None,
            axes=kept["axes"].astype(np.float32) if both else None,
            points=kept["points"].astype(np.float32) / 127 if both else None,
            encoder=encoder if both else None,
            shown=frozenset(shipped.examples),
        )


def _small(name: str, weights: Floats) -> dict[str, Any]:
    scale = np.abs(weights).max(axis=0) / 127 + 1e-12
    return {
        name: np.round(weights / scale).astype(np.int8),
        f"{name}_scale": scale.astype(np.float32),
    }


def _large(name: str, kept: Any) -> Floats:
    weights: Floats = kept[name].astype(np.float32) * kept[f"{name}_scale"]
    return weights
