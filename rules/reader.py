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

from rules import bank, grams, meaning, weighing
from rules.bank import Bank, Example
from rules.contract import Urgency
from rules.grams import Floats, Grams, Rows
from rules.meaning import Encoder
from rules.raising import Near, Opinion
from rules.text import HAN
from rules.weighing import Learnt

#: What was learnt from the bank that ships.
SHIPPED = Path(__file__).parent / "reader.npz"
_NEAREST = 3
#: Where an example lies is kept in so many measures, each in so many steps to either side.
_POINT, _STEPS = 64, 31
_TOGETHER = 256
#: A run counts from so many texts on.
_COMMON = 3
_HAN = re.compile(f"[{HAN}]")
#: A text is Chinese from one character of so many on.
_MOSTLY = 4


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
    _places: dict[str, list[int]] = field(default_factory=dict, init=False, compare=False)

    def __post_init__(self) -> None:
        """Know where each category's examples are: every message asks."""
        for at, one in enumerate(self.bank.examples):
            self._places.setdefault(one.category, []).append(at)

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
        likely = self.alone.likely(rows)
        if meant is not None and self.together is not None:
            # Two who learnt apart seldom err alike.
            likely = (likely + self.together.likely(rows, meant)) * np.float32(0.5)
        found = []
        for place, odds in enumerate(likely):
            opinion = replace(self._opinion(odds), chinese=_chinese(texts[place]))
            row = None if meant is None else meant[place]
            near = self._nearest(rows, place, row, opinion.category)
            found.append(replace(opinion, near=near))
        return found

    def _opinion(self, odds: Floats) -> Opinion:
        alarming = np.array(self.alarming)
        threat = int(np.where(alarming, odds, -1).argmax())
        groups = [name.partition(".")[0] for name in self.categories]
        calm_odds = np.where(alarming, 0, odds)
        _, numbers = np.unique(groups, return_inverse=True)
        sums = np.bincount(numbers, calm_odds)
        calm = int(np.where(numbers == sums.argmax(), calm_odds, -1).argmax())
        return Opinion(
            self.categories[threat],
            float(odds[alarming].sum()),
            self.categories[calm],
            float(odds[calm]),
            named=float(odds[threat]),
            group=float(sums.max()),
            idle=float(odds[np.array(self.idle)].sum()),
        )

    def _nearest(
        self, rows: Rows, at: int, meant: Floats | None, category: str
    ) -> tuple[Near, ...]:
        """The examples of a category that the message is most like."""
        places = self._places.get(category, [])
        if meant is not None and self.axes is not None and self.points is not None:
            point = meant @ self.axes
            likeness = self.points[places] @ (point / (np.linalg.norm(point) or 1.0))
        else:
            texts = [self.bank.examples[at].text for at in places]
            row = np.zeros((len(self.spelling.common), 1), np.float32)
            runs, weights = rows.row(at)
            row[runs, 0] = weights
            likeness = self.spelling.read(texts).times(row)[:, 0]
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
    spelling, rows = grams.learn(texts, _COMMON)
    shape = (len(spelling.common), len(categories))
    reader = Reader(
        bank=read,
        categories=categories,
        alarming=tuple(urgencies[name] is Urgency.P1 for name in categories),
        idle=tuple(urgencies[name] is Urgency.P4 for name in categories),
        spelling=spelling,
        alone=weighing.learn(rows, None, answers, shape),
        encoder=encoder,
    )
    if encoder is not None:
        meant = _encoded(texts, encoder, told)
        reader.together = weighing.learn(rows, meant, answers, shape)
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
        "common": np.diff(reader.spelling.common, prepend=np.uint32(0)),
        "telling": reader.spelling.telling.astype(np.float16),
        **_kept("alone", reader.alone),
    }
    if reader.together is not None and reader.axes is not None and reader.points is not None:
        kept |= _kept("together", reader.together)
        kept["axes"] = reader.axes.astype(np.float16)
        kept["points"] = np.round(reader.points * _STEPS).astype(np.int8)
    held = io.BytesIO()
    np.savez_compressed(held, **kept)
    path.write_bytes(held.getvalue())


def load(path: Path = SHIPPED, encoder: Encoder | None = None) -> Reader:
    """Read what was learnt before. Raises OSError when it is not there, ValueError when it is
    broken, or was learnt in an older way or from other examples than are there now."""
    with np.load(path, allow_pickle=False) as kept:
        head = json.loads(kept["head"].tobytes())
        shipped = bank.read()
        known = shipped.joined(Example(category, text) for category, text in head["own"])
        if known.version != head["bank"]:
            raise ValueError(f"{path} was learnt from other examples; run `router rules learn`")
        if "alone_beside" not in kept:
            raise ValueError(f"{path} was learnt in an older way; run `router rules learn`")
        both = encoder is not None and "together" in kept
        return Reader(
            bank=known,
            categories=tuple(head["categories"]),
            alarming=tuple(head["alarming"]),
            idle=tuple(head["idle"]),
            spelling=Grams(
                np.cumsum(kept["common"], dtype=np.uint32), kept["telling"].astype(np.float32)
            ),
            alone=_found("alone", kept),
            together=_found("together", kept) if both else None,
            axes=kept["axes"].astype(np.float32) if both else None,
            points=kept["points"].astype(np.float32) / _STEPS if both else None,
            encoder=encoder if both else None,
            shown=frozenset(shipped.examples),
        )


def _kept(name: str, learnt: Learnt) -> dict[str, Any]:
    return {
        name: learnt.runs,
        f"{name}_scale": learnt.scale,
        f"{name}_beside": learnt.beside,
    }


def _found(name: str, kept: Any) -> Learnt:
    return Learnt(kept[name], kept[f"{name}_scale"], kept[f"{name}_beside"])
