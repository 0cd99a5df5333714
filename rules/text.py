"""One spelling for everything people write, and the way back to what they wrote.

Terms and messages are folded by the same function and compared only when folded: compatibility
forms, case, accents, invisible characters, traditional characters, foreign digits, typographic
quotes, characters spaced out (``被 盗``) and lines wrapped by a mail program. A folded text knows
where each of its characters stood, so that the words are shown as they were written.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

from opencc import OpenCC

#: Characters that are written without spaces between words.
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

# Two stand-ins keep the first pass one character long: noncharacters, so no text contains them.
_DROP = "\uffff"  # an invisible character: nothing is left of it
_GROW = "\ufffe"  # a character that folds to several

_GAPS = rf"[ \t._\-*·~/+{_DROP}]"
# Each way begins with the same class of characters, so that most are passed over at once.
_ODD = re.compile(
    rf"[ \t._\-*·~/+{_DROP}{_GROW}]"
    rf"(?:(?<=[^{HAN}][{HAN}]{_GAPS}){_GAPS}*(?=[{HAN}])"  # 被 盗了: one character before the gap …
    rf"|(?<=\A[{HAN}]{_GAPS}){_GAPS}*(?=[{HAN}])"
    rf"|(?<=[{HAN}]{_GAPS}){_GAPS}*(?=[{HAN}](?:[^{HAN}]|\Z))"  # … or after it
    rf"|(?<={_DROP}){_DROP}*|(?<={_GROW})"
    r"|(?<=[ \t][ \t])[ \t]*)"
)
# A cheap look at whether the above can match at all.
_MAYBE = re.compile(rf"[{_DROP}{_GROW} \t._\-*·~/+](?:(?<=[{_DROP}{_GROW}])|(?=[ \t{HAN}]))")
_WRAP = re.compile(r"\n(?<=[a-z,]\n)(?=[a-z])")
_SAME = {
    **dict.fromkeys("\u2018\u2019\u00b4`", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    **dict.fromkeys("\u2028\u2029", "\n"),
    "\u2026": ".",
    "\t": " ",
}
_TWINS = {"帐": "账", "陆": "录"}  # one word, two accepted spellings: 帐户/账户, 登陆/登录
_FEW = 100
_LONGEST = 3  # letters kept of one character; ligatures of whole sentences exist
_MOST_GROWN = 5_000  # ligatures of one text; nobody writes more, and each costs as a word does


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text. ``origin`` maps one of its positions to the text it came from."""

    text: str
    _here: tuple[int, ...] = ()
    _there: tuple[int, ...] = ()

    def origin(self, at: int) -> int:
        """Where the character now at ``at`` stood."""
        if not self._here:
            return at
        mark = bisect_right(self._here, at) - 1
        return self._there[mark] + at - self._here[mark]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original that ``start`` to ``end`` came from."""
        if not self._here:
            return start, end
        return self.origin(start), self.origin(end - 1) + 1


def fold(text: str) -> Folded:
    """``text`` in its one spelling. Linear in its length; plain texts cost one pass."""
    if "\n" in text:
        text = _WRAP.sub(" ", text)
    if text.isascii():
        flat = text.lower()
        if "\r" in flat:
            flat = flat.replace("\r", _DROP)
        if "\t" in flat:
            flat = flat.replace("\t", " ")
        if "  " not in flat and _DROP not in flat:
            return Folded(flat)
    else:
        flat = _flat(text)
        if flat.count(_GROW) > _MOST_GROWN:
            flat = flat.replace(_GROW, " ")
        if not _MAYBE.search(flat):
            return Folded(flat)
    return _squeeze(flat, text)


def _flat(text: str) -> str:
    """Each character of ``text`` folded to one. A text has few different ones that change, and
    replacing those one by one is much quicker than looking at every character."""
    changed = {}
    for char in set(text) - _KEPT:
        if (to := _TABLE[ord(char)]) == char:
            _KEPT.add(char)
        else:
            changed[char] = to
    if len(changed) > _FEW or not changed.keys().isdisjoint(changed.values()):
        return text.translate(_TABLE)
    for char, to in changed.items():
        text = text.replace(char, to)
    return text


def _squeeze(flat: str, text: str) -> Folded:
    """Take out what does not count, and remember how far everything after it moved."""
    pieces: list[str] = []
    here, there = [0], [0]
    size = last = 0
    for odd in _ODD.finditer(flat):
        start, end = odd.span()
        pieces.append(flat[last:start])
        size += start - last
        if flat[start] == _GROW:
            for letter in _fold_one(text[start]):
                here.append(size)
                there.append(start)
                pieces.append(letter)
                size += 1
        here.append(size)
        there.append(end)
        last = end
    if not last:
        return Folded(flat)
    pieces.append(flat[last:])
    return Folded("".join(pieces), tuple(here), tuple(there))


class _Table(dict[int, str]):
    """Characters and their folds, worked out when first met."""

    def __missing__(self, code: int) -> str:
        folded = _fold_one(chr(code))
        if len(folded) != 1:
            folded = _GROW if folded else _DROP
        self[code] = folded
        return folded


def _fold_one(char: str) -> str:
    if char in _SAME:
        return _SAME[char]
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me", "Cn", "Co", "Cs") or (category == "Cc" and char != "\n"):
        return ""
    if category in ("Nd", "No") and (digit := unicodedata.digit(char, None)) is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", char)
    if len(plain) == 1 and plain > "\u2e7f":
        simple: str = _simplified().convert(plain)
        return _TWINS.get(simple, simple)
    plain = unicodedata.normalize("NFKD", plain).casefold()
    kept = "".join(c for c in plain if unicodedata.category(c) != "Mn")
    return "".join(_SAME.get(c, c) for c in kept[:_LONGEST])


@cache
def _simplified() -> OpenCC:
    return OpenCC("t2s")


_TABLE = _Table()
#: Characters that were met before and stay as they are.
_KEPT: set[str] = set()
