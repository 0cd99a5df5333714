"""Cutting a text into the messages a platform carries: where people would, by characters and bytes.

Joined together again the pieces are the text, but for the white space at the cuts.
"""

from __future__ import annotations

import unicodedata

#: Where a text is cut if it can be, the best place first.
_PLACES = ("\n\n", "\n", "。", "！", "？", ". ", "! ", "? ", "，", ", ", " ")
#: A piece is not cut below this share of what it may hold, for the sake of a better place.
_SHARE = 0.5
#: What makes one sign of several letters: a family, a skin, a flag; it has so many at most.
_JOINER, _JOINED = "\u200d", 40
#: Letters that are nothing without the one before them: accents, vowel signs, what is not seen.
_LEANING = ("Mn", "Mc", "Me", "Cf")
_TONES = "".join(map(chr, range(0x1F3FB, 0x1F400)))
_FLAGS = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def pieces(text: str, characters: int | None = None, size: int | None = None) -> list[str]:
    """The text as messages of at most ``characters`` and ``size`` UTF-8 bytes; at least one."""
    rest, found = text.strip(), []
    while rest and not _fits(rest, characters, size):
        most = _most(rest, characters, size)
        cut = _cut(rest, most)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, rest] if rest or not found else found


def _fits(text: str, characters: int | None, size: int | None) -> bool:
    return (characters is None or len(text) <= characters) and (
        size is None or len(text.encode("utf-8", "replace")) <= size
    )


def _most(text: str, characters: int | None, size: int | None) -> int:
    """How many characters the next piece may have: at least one, or there would be no end."""
    most = len(text) if characters is None else min(len(text), characters)
    if size is not None:
        most = len(text[:most].encode("utf-8", "replace")[:size].decode("utf-8", "ignore"))
    return max(1, most)


def _cut(text: str, most: int) -> int:
    head = text[:most]
    for place in _PLACES:
        at = head.rfind(place)
        if at >= most * _SHARE:
            return at + len(place)
    return next((at for at in range(most, max(1, most - _JOINED), -1) if _apart(text, at)), most)


def _apart(text: str, at: int) -> bool:
    """Whether what stands on both sides of a place are signs of their own."""
    before, after = text[at - 1], text[at]
    if before == _JOINER or after in _TONES or unicodedata.category(after) in _LEANING:
        return False
    flags = len(text[:at]) - len(text[:at].rstrip(_FLAGS))
    return after not in _FLAGS or flags % 2 == 0
