"""Words that are nearly of a BIP-39 list: one slip of the finger away."""

from __future__ import annotations

import unicodedata
from functools import cache

from mnemonic import Mnemonic

#: Small words that are near some word of the list and no slips.
SMALL = frozenset(
    ("and", "the", "for", "are", "was", "but", "not", "has", "had", "her", "his", "our", "from")
)


def nearly_listed(word: str, language: str) -> bool:
    """Whether one slip of the finger makes it a word of the list: a letter more, less or another,
    or two that changed places."""
    if not (3 if word.isascii() else 2) <= len(word) <= 12 or word in SMALL:
        return False
    given = unicodedata.normalize("NFC", word)
    return not _slips(language).isdisjoint({given, *_shorter(given)})


@cache
def _slips(language: str) -> frozenset[str]:
    """Every word of a list, whole and with any one letter left out."""
    words = {unicodedata.normalize("NFC", word) for word in Mnemonic(language).wordlist}
    return frozenset(words.union(*(_shorter(word) for word in words)))


def _shorter(word: str) -> set[str]:
    return {word[:at] + word[at + 1 :] for at in range(len(word))}
