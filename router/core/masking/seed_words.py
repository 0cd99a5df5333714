"""The word lists of BIP-39 that are spelt in letters, and Chinese characters beside them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from mnemonic import Mnemonic

from router.core.masking import seeds_han

#: The lists of words, in the order of their bits; the Chinese ones come after.
SPELT = (
    *("english", "french", "spanish", "italian", "portuguese"),
    *("czech", "turkish", "russian", "japanese", "korean"),
)
#: Whose accents people leave out.
_ACCENTED = frozenset(("french", "spanish", "portuguese", "turkish"))

#: Words of the English list that talk is made of. A whole phrase may hold them, part of one not.
TALK = frozenset(
    (
        *("you", "can", "this", "that", "will", "what", "when", "have", "your", "there", "any"),
        *("all", "just", "now", "one", "use", "when", "why", "where", "who", "into", "some"),
        *("only", "know"),
        *("because", "that", "been", "please", "need", "help", "make", "try", "before"),
    )
)
#: One word of any list with its marks.
_MARKS = "\u0300-\u036f\u3099\u309a"
TOKEN = re.compile(rf"[^\W\d_\u3400-\u9fff][^\W\d_\u3400-\u9fff{_MARKS}]*(?:[{_MARKS}]\w*)*")


class Lists(NamedTuple):
    """Every word, by how it is written in UTF-8, with a bit for each list it stands in."""

    words: dict[bytes, int]
    short: frozenset[bytes]


@cache
def lists() -> Lists:
    """All lists as one table, made once; their words as people spell them."""
    words: dict[bytes, int] = {}
    short: set[bytes] = set()
    for place, language in enumerate(SPELT):
        for word in Mnemonic(language).wordlist:
            for spelling in _spellings(word, bare=language in _ACCENTED):
                words[spelling] = words.get(spelling, 0) | 1 << place
            if language == "english":
                short.add(word[:4].encode())
    for place, table in enumerate(seeds_han.tables(), len(SPELT)):
        for word in table:
            words[word.encode()] = words.get(word.encode(), 0) | 1 << place
    return Lists(words, frozenset(short - words.keys()))


def _spellings(word: str, *, bare: bool) -> set[bytes]:
    """Composed, decomposed, without its accents; and as capitals come back from Turkish ones."""
    word = word.replace("\ufffd\ufffd", "в")  # the package's one damaged word, снова
    forms = {unicodedata.normalize(form, word) for form in ("NFC", "NFKD")}
    forms |= {form.replace("\u0131", "i") for form in forms}
    if bare:
        forms |= {"".join(one for one in form if not unicodedata.combining(one)) for form in forms}
    return {form.encode() for form in forms}


def listed(words: list[bytes]) -> bytes:
    """For each word of a text 1 if some list has it: so that a run of them is easy to see."""
    return bytes(map(lists().words.__contains__, words))
