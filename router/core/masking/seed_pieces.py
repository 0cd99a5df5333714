"""Seed phrases told in pieces: six words, a sentence, six words.

A few neighbours of one list are no phrase, and several times a few are one only where somebody
speaks of a phrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from router.core.masking import seed_words
from router.core.masking.secret import Secret
from router.core.masking.seeds_han import KIND

#: Words of the shortest phrase; neighbours that are enough by themselves after a word for it.
WHOLE, ALONE = 12, 8
_LEAST = 5  # words of a piece
_PARTS = re.compile(r"[:：!?！？\u3400-\u9fff]|[0-9]{4}|\n\s*\n")
_FARTHEST, _NEAR = 12, 200  # characters between two words of a piece, and between two pieces


class _Piece(NamedTuple):
    start: int
    end: int
    known: int
    words: tuple[str, ...]


def find(text: str, told: bool) -> Iterator[Secret]:  # noqa: FBT001  # one shape for all parts
    """The pieces of a phrase, none of which would do alone, where together they are a whole one."""
    if not told:
        return
    pieces = [one for one in _pieces(text) if _LEAST <= len(one.words) < ALONE]
    for place in range(len(seed_words.SPELT)):
        own = [one for one in pieces if one.known >> place & 1]
        for group in _together(own):
            if len(group) > 1 and sum(len(one.words) for one in group) >= WHOLE - 1:
                yield from (Secret(one.start, one.end, KIND, words=one.words) for one in group)


def _together(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """Pieces between which no more than a sentence or two are said."""
    group: list[_Piece] = []
    for piece in pieces:
        if group and piece.start - group[-1].end > _NEAR:
            yield group
            group = []
        group.append(piece)
    yield group


def _pieces(text: str) -> Iterator[_Piece]:
    """Neighbours that some list has all of."""
    table = seed_words.lists().words
    start = end = known = 0
    words: list[str] = []
    for token in seed_words.TOKEN.finditer(text):
        word = token[0].lower()
        bits = table.get(word.encode("utf-8", "surrogatepass"), 0)
        goes_on = known & bits and not _apart(text[end : token.start()])
        if not goes_on:
            if seed_words.TALK.isdisjoint(words):
                yield _Piece(start, end, known, tuple(words))
            start, known, words = token.start(), bits, []
        if bits:
            known = known & bits if goes_on else bits
            words.append(word)
            end = token.end()
    if seed_words.TALK.isdisjoint(words):
        yield _Piece(start, end, known, tuple(words))


def _apart(gap: str) -> bool:
    return gap != " " and (len(gap.strip()) > _FARTHEST or _PARTS.search(gap) is not None)
