"""Masking what nobody should ever have sent: cards, seed phrases, private keys, passwords, codes.

This runs before anything readable is written. It errs towards masking: a lost order number can be
asked for again, a stored seed phrase is a stolen wallet. Clean text passes on a look at its bytes
alone; only what might hold a secret is read by the detectors (cards, seeds, private_keys,
passwords), each linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick

from router.core.masking import cards, passwords, private_keys, seed_words, seeds
from router.core.masking.secret import Secret

# What is inside what: a longer name for the same characters wins.
_RANK = {"private_key": 0, "seed_phrase": 1, "id_card": 2, "card": 3}
#: Groups and blanks in these say nothing.
_DIGITS_ONLY = frozenset(("card", "id_card", "one_time_code", "card_code"))
_Find = Callable[[str], Iterator[Secret]]
_ROUNDS = 4  # one secret's mask may bring another's word nearer
_MOST_KEPT = 1_000  # of one text; all are masked, and nobody looks through more


class Masked(NamedTuple):
    """The text without its secrets, and which kinds were found, each once."""

    text: str
    hits: tuple[str, ...]


class Kept(NamedTuple):
    """All that is kept of a secret: what it was, how long (a phrase in words, all else in
    characters), a print that tells it from others and tells nothing, and where its mask stands."""

    kind: str
    length: int
    fingerprint: str
    at: int


def mask(text: str) -> Masked:
    """The text with every secret replaced by dots; masking twice changes nothing more."""
    masked, _ = examine(text, None)
    return masked


def examine(text: str, fingerprint: Callable[[str], str] | None) -> tuple[Masked, tuple[Kept, ...]]:
    """The masked text, and what may be kept of each secret; the secrets themselves are let go."""
    kinds: dict[str, None] = {}
    kept: list[Kept] = []
    for _ in range(_ROUNDS):
        found = _found(text)
        if not found:
            break
        parts: list[str] = []
        at = written = 0
        for secret in found:
            kinds[secret.kind] = None
            written += secret.start - at
            if fingerprint is not None and len(kept) < _MOST_KEPT:
                kept.append(_kept(secret, text[secret.start : secret.end], fingerprint, written))
            parts += (text[at : secret.start], secret.shown)
            written += len(secret.shown)
            at = secret.end
        text = "".join(parts) + text[at:]
    return Masked(text, tuple(kinds)), tuple(kept)


def _kept(secret: Secret, value: str, fingerprint: Callable[[str], str], at: int) -> Kept:
    """The same secret in another layout has the same print."""
    if secret.words:
        same = unicodedata.normalize("NFKD", " ".join(secret.words))
        return Kept(secret.kind, len(secret.words), fingerprint(f"{secret.kind}:{same}"), at)
    same = unicodedata.normalize("NFKC", value)
    if secret.kind in _DIGITS_ONLY:
        same = "".join(one for one in same if one.isalnum()).upper()
    return Kept(secret.kind, len(same), fingerprint(f"{secret.kind}:{same}"), at)


def holds_secret(text: str) -> bool:
    """Whether anything in it would be masked."""
    return bool(_found(text))


def _found(text: str) -> list[Secret]:
    """The secrets in the order they stand, none inside another."""
    plain, places = _plain(text)
    found: list[Secret] = []
    for find in _suspicions(plain):
        found += find(plain)
    if not found:
        return found
    apart = _apart(found)
    if places is None:
        return apart
    return [one._replace(start=places[one.start], end=places[one.end - 1] + 1) for one in apart]


def _apart(found: list[Secret]) -> list[Secret]:
    """Overlaps resolved: what both cover is masked whole, under the graver name."""
    taken: list[Secret] = []
    for secret in sorted(found, key=lambda one: one.start):
        last = taken[-1] if taken else None
        if last is None or secret.start >= last.end:
            taken.append(secret)
            continue
        grave, light = sorted((last, secret), key=lambda one: _RANK.get(one.kind, 4))
        if grave.start <= light.start and light.end <= grave.end:
            taken[-1] = grave
        else:
            taken[-1] = Secret(last.start, max(last.end, secret.end), grave.kind)
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
#: All that cards have between digits, and bytes of it: never less than what they are parted by.
_BETWEEN_DIGITS = (
    b" \t\r\n.-_>/|:*,\xc2\xa0\xb7\xe2\x80\x93\x94\x8b\x8c\x8d\x90\x91\x92\x89\xaf\x88"
)
#: Signs that stand around the words of a phrase; one by one, which is what Python does fastest.
_SIGNS = "\u3000，、；：（）．。「」『』·・"  # noqa: RUF001  # as they write
#: Signs, arrows, pictures: all of U+2000 to U+2FFF and beyond the first plane. No list has a word
#: of these.
_PICTURES = re.compile(rb"[\xe2\xf0][\x80-\xbf]{2,3}")
#: First bytes of the letters with accents and of Cyrillic, which have capitals.
_CASED = tuple(bytes([one]) for one in (0xC3, 0xC4, 0xC5, 0xD0, 0xD1))
_SEEDLIKE = b"\x01" * 5
#: One stranger after each word: "and", "a)", who wrote a line of a chat, a gloss.
_TAKING_TURNS = b"\x00\x01" * 5
_NUMBERS = b" " * 120  # hardly a letter far and wide: a key's bytes in numbers
#: Blank letters and signs, which take as much room as a blank does.
_BLANK = "\u115f\u1160\u202f\u205f\u2800\u3164\uffa0"
_INVISIBLE = (
    "\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff\u20e3"
    "\U000e0000-\U000e01ef"
)
#: The zeros of all scripts but ours; nine more digits follow each.
_ZEROS = tuple(code for code in range(0x660, 0x1FC00) if unicodedata.decimal(chr(code), None) == 0)
# Beyond the first plane the stretches from one to the next hold hardly anything people write.
_DIGITS_ELSEWHERE = (
    "".join(f"{chr(zero)}-{chr(zero + 9)}" for zero in _ZEROS if zero < 0x10000)
    + "\U000104a0-\U0001e959\U0001fbf0-\U0001fbf9"
)
# What is not there, digits of other scripts, full-width letters, blanks that are none of the usual.
_ODD = re.compile(
    f"[{_INVISIBLE}{_BLANK}{_DIGITS_ELSEWHERE}\u00a0\u2000-\u200a\u2460-\u249b\u2776-\u2793\uff21-\uff5a]"
)
_UNSEEN = re.compile(f"[{_INVISIBLE}]")
_CUES: tuple[tuple[str, _Find], ...] = (
    *((cue, passwords.find) for cue in passwords.CUES),
    *((cue, private_keys.find) for cue in private_keys.CUES),
    *((cue, seeds.find) for cue in seeds.CUES),
)
_LOOK = BytesAhoCorasick([cue.encode() for cue, _ in _CUES])


def _in_bytes(text: str) -> bytes:
    """A text that is no ASCII, with blanks for signs and small letters for capitals."""
    for sign in _SIGNS:
        text = text.replace(sign, " ")
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > len(text) and any(one in raw for one in _CASED):
        raw = text.lower().encode("utf-8", "surrogatepass")
    if b"\xe2" in raw or b"\xf0" in raw:
        raw = _PICTURES.sub(b" ", raw)
    return raw


def _suspicions(text: str) -> set[_Find]:
    """Which detectors have to read this text. Works on bytes, where Python is quick."""
    raw = text.encode() if text.isascii() else _in_bytes(text)
    words = raw.translate(_WORDS)
    found = {_CUES[place][1] for place, _, _ in _LOOK.find_matches_as_indexes(words)}
    if b"ddddddddddddd" in raw.translate(_DIGITS, _BETWEEN_DIGITS):
        found.add(cards.find)
    if b"a" * 36 in raw.translate(_SOLID):
        found |= {private_keys.find, seeds.find}
    if _NUMBERS in words:
        found.add(private_keys.find)
    listed = seed_words.listed(words.split())
    if _SEEDLIKE in listed or _TAKING_TURNS in listed:
        found.add(seeds.find)
    return found


def _folding() -> dict[int, str]:
    table = dict.fromkeys((0xA0, *range(0x2000, 0x200B), *map(ord, _BLANK)), " ")
    table |= dict.fromkeys((*range(0x2460, 0x249C), *range(0x2776, 0x2794)), " ")
    table |= {place: chr(place - 0xFEE0) for place in range(0xFF01, 0xFF5F)}
    for zero in _ZEROS:
        table |= {zero + digit: str(digit) for digit in range(10)}
    return table


_FOLDING = _folding()


def _plain(text: str) -> tuple[str, list[int] | None]:
    """The text as the detectors read it: character for character, or, where some were invisible,
    with the place of each in the original."""
    if text.isascii() or not _ODD.search(text):
        return text, None
    if not _UNSEEN.search(text):
        return text.translate(_FOLDING), None
    places = [place for place, one in enumerate(text) if not _UNSEEN.match(one)]
    return _UNSEEN.sub("", text).translate(_FOLDING), places
