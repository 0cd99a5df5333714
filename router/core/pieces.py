"""Cutting a text into the messages a platform carries: where people would, by characters and bytes.

Joined together again the pieces are the text, but for the white space at the cuts.
"""

from __future__ import annotations

#: Where a text is cut if it can be, the best place first.
_PLACES = ("\n\n", "\n", "。", "！", "？", ". ", "! ", "? ", "，", ", ", " ")
#: A piece is not cut below this share of what it may hold, for the sake of a better place.
_SHARE = 0.5


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
    return most
