"""Masking what nobody should ever have sent: cards, seed phrases, private keys, passwords, codes.

This runs before anything readable is written. It errs towards masking: a lost order number can be
asked for again, a stored seed phrase is a stolen wallet. Clean text passes on a look at its bytes
alone; only what might hold a secret is read by the detectors (cards, seeds, private_keys,
passwords), each linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick

from router.core import cards, passwords, private_keys, seeds
from router.core.secret import HIDDEN, Secret

# What is inside what: a longer name for the same characters wins.
_RANK = {"private_key": 0, "seed_phrase": 1, "id_card": 2, "card": 3}
_Find = Callable[[str], Iterator[Secret]]
_ROUNDS = 4  # one secret's mask may bring another's word nearer


class Masked(NamedTuple):
    """The text without its secrets, and which kinds were found, each once."""

    text: str
    hits: tuple[str, ...]


def mask(text: str) -> Masked:
    """The text with every secret replaced by dots; masking twice changes nothing more."""
    kinds: dict[str, None] = {}
    for _ in range(_ROUNDS):
        found = _found(text)
        if not found:
            break
        parts: list[str] = []
        at = 0
        for secret in found:
            parts += (text[at : secret.start], secret.shown)
            at = secret.end
            kinds[secret.kind] = None
        text = "".join(parts) + text[at:]
    return Masked(text, tuple(kinds))


def holds_secret(text: str) -> bool:
    """Whether anything in it would be masked."""
    return bool(_found(text))


def _found(text: str) -> list[Secret]:
    """The secrets in the order they stand, none inside another."""
    plain = _plain(text)
    found: list[Secret] = []
    for find in _suspicions(plain):
        found += find(plain)
    return _apart(found) if found else found


def _apart(found: list[Secret]) -> list[Secret]:
    """Overlaps resolved: what both cover is masked whole, under the graver name."""
    taken: list[Secret] = []
    for secret in sorted(found, key=lambda one: one.start):
        last = taken[-1] if taken else None
        if last is None or secret.start >= last.end:
            taken.append(secret)
            continue
        grave, light = sorted((last, secret), key=lambda one: _RANK.get(one.kind, 4))
        inside = grave.start <= light.start and light.end <= grave.end
        taken[-1] = Secret(
            last.start,
            max(last.end, secret.end),
            grave.kind,
            grave.shown if inside else HIDDEN,
        )
    return taken


# ---------------------------------------------------------------- the cheap look


def _table(**classes: str) -> bytes:
    """A byte table that turns each class of characters into its one letter, all else to blanks."""
    table = bytearray(b" " * 256)
    for letter, characters in classes.items():
        for one in characters:
            table[ord(one)] = ord(letter)
    return bytes(table)


_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_FIGURES = "0123456789"
_WORDS = bytes(
    one + 32 if 65 <= one <= 90 else one if one >= 128 or 97 <= one <= 122 else 32
    for one in range(256)
)
_SOLID = _table(a=_LOWER + _UPPER + _FIGURES)
_DIGITS = _table(d=_FIGURES)
_BETWEEN_DIGITS = b" \t\r\n.-_>\xc2\xa0\xb7\xe2\x80\x93\x94\x8b\x8c\x8d\x90\x91\x92\x89\xaf"
_CJK_GAPS = tuple(one.encode() for one in "\u3000，、；：")
_SEEDLIKE = b"\x01" * 5
# Digits of other scripts, full-width letters, blanks that are none of the usual.
_ODD = re.compile(
    "[\u00a0\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u2000-\u200d\u2060\ufeff\uff10-\uff19\uff21-\uff5a]"
)
_CUES: tuple[tuple[str, _Find], ...] = (
    *((cue, passwords.find) for cue in passwords.CUES),
    *((cue, private_keys.find) for cue in private_keys.CUES),
    *((cue, seeds.find) for cue in seeds.CUES),
)
_LOOK = BytesAhoCorasick([cue.encode() for cue, _ in _CUES])


def _suspicions(text: str) -> set[_Find]:
    """Which detectors have to read this text. Works on bytes, where Python is quick."""
    ascii_only = text.isascii()
    raw = (text if ascii_only else text.lower()).encode("utf-8", "surrogatepass")
    words = raw.translate(_WORDS)
    found = {_CUES[place][1] for place, _, _ in _LOOK.find_matches_as_indexes(words)}
    if b"ddddddddddddd" in raw.translate(_DIGITS, _BETWEEN_DIGITS):
        found.add(cards.find)
    if b"a" * 50 in raw.translate(_SOLID):
        found.add(private_keys.find)
    if not ascii_only:
        words = _gapped(words)
    if _SEEDLIKE in seeds.listed(words.split()):
        found.add(seeds.find)
    return found


def _gapped(words: bytes) -> bytes:
    """Chinese commas and the like are blanks too."""
    for gap in _CJK_GAPS:
        words = words.replace(gap, b" ")
    return words


def _folding() -> dict[int, str]:
    table = dict.fromkeys((0xA0, 0x2060, 0xFEFF, *range(0x2000, 0x200E)), " ")
    table |= {place: chr(place - 0xFEE0) for place in range(0xFF01, 0xFF5F)}
    for zero in (0x660, 0x6F0, 0x966):
        table |= {zero + digit: str(digit) for digit in range(10)}
    return table


_FOLDING = _folding()


def _plain(text: str) -> str:
    """The same text, character for character, as the detectors read it."""
    if text.isascii() or not _ODD.search(text):
        return text
    return text.translate(_FOLDING)
