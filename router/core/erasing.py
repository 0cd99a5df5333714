"""What is left of words that are erased: the timeline's codes without what people wrote, and texts
of others without the handles and the sentences of somebody who is not to be found any more.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable

from router.core.calls import digits_of
from router.core.identity import written

#: Stands between the pieces of what is passed on; the line after it says whose the piece is.
RULE = "\n\n----------\n"
#: Stands where something was.
GONE = "…"
#: A handle shorter than this is part of too many other words to be looked for in texts.
SHORTEST = 5
#: A line shorter than this is nobody's in particular.
_LINE = 8
#: Parameters of entries whose values are codes, numbers and colleagues: reports are told from them.
_KEPT = frozenset(
    {
        *("agent", "article", "bulk", "call", "case", "category", "cause", "channel", "close"),
        *("count", "due", "due_at", "gate", "how", "id", "incident", "kind", "kinds", "left"),
        *("new", "number", "old", "percent", "playbook", "policy", "purpose", "reason", "rules"),
        *("score", "step", "task", "team", "urgency", "verb", "was", "way"),
    }
)
#: Where a colleague's name stands.
_NAMES = frozenset({"agent"})
_CODE = re.compile(r"[A-Za-z0-9_.:+-]{1,64}")
_PARTED = "[ -]?"
#: Domains are looked up with the one for the other, and kept with the first.
_SHARP, _DOTS = "(?:ss|\u00df)", "[.\u3002\uff0e\uff61]"
#: Stands where anything may stand.
_OPEN = "\0"
#: A handle is no part of a longer one. Before it may stand a line's end as JSON writes it.
_BEGINS = r"(?:(?<![A-Za-z0-9_.+-])|(?<=\\[nrt])|(?<=\+))"
_ENDS = r"(?![A-Za-z0-9_-])"
_QUOTED = re.compile(r"^[\s>|\uff1e]+")


def kept_params(written: str) -> str:
    """The parameters of an entry (JSON) without anything that somebody may have written."""
    if not written:
        return ""
    params = json.loads(written)
    return json.dumps({name: _kept(name, one) for name, one in params.items()}, ensure_ascii=False)


def _kept(name: str, value: object) -> object:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, list):
        return [_kept(name, one) for one in value] if name in _KEPT else []
    if name in _NAMES:
        return value
    return value if name in _KEPT and _CODE.fullmatch(str(value)) else GONE


def spellings(handles: Iterable[tuple[str, str]]) -> list[str]:
    """How these handles (kind, value) may stand in a text, the longest first; those that are too
    short to be told from other words are left out."""
    found: set[str] = set()
    for kind, value in handles:
        found.add(value)
        if kind == "email":
            found.add(written(value))
        if kind == "phone":
            found |= {digits_of(value), digits_of(value).removeprefix("86")}
    found |= {unicodedata.normalize("NFD", one) for one in found}
    return sorted((one for one in found if len(one) >= SHORTEST), key=len, reverse=True)


def is_number(word: str) -> bool:
    """Whether a word is one of digits, which people write with blanks and strokes between them."""
    return word.isascii() and word.isdecimal()


def without(text: str, wanted: Iterable[str]) -> str:
    """The text with a sign in place of each of these words, whatever their case; of numbers also
    where they are written in groups."""
    pattern = _any_of(wanted)
    if not pattern:
        return text
    return re.sub(f"{_BEGINS}(?:{pattern}){_ENDS}", GONE, text, flags=re.IGNORECASE)


def holds(text: str, wanted: Iterable[str]) -> bool:
    """Whether one of these words is in the text, also as a part of another."""
    pattern = _any_of(wanted)
    return bool(pattern) and re.search(pattern, text, flags=re.IGNORECASE) is not None


def _any_of(wanted: Iterable[str]) -> str:
    return "|".join(_pattern(one) for one in wanted)


def _pattern(word: str) -> str:
    if is_number(word):
        return _PARTED.join(word)
    escaped = re.escape(word).replace("ss", _SHARP)
    return escaped.replace(r"\.", _DOTS) if "@" in word else escaped


def sure_parts(word: str) -> list[str]:
    """The parts of a word that are in every text :func:`without` would find it in, in this order,
    once the ASCII letters of that text are made small.

    For a database, which knows the case of ASCII letters only or writes letters its own way: it
    looks for these with anything between them, and what it finds is looked at closely here.
    """
    if is_number(word):
        return [word]
    small = word.lower().replace("ss", _OPEN)
    signs = [one if _is_sure(one) and (one != "." or "@" not in word) else _OPEN for one in small]
    return [part for part in "".join(signs).split(_OPEN) if part]


def _is_sure(sign: str) -> bool:
    """Whether a sign is written in one way only, but for the case of an ASCII letter."""
    if sign.isascii():
        return sign != _OPEN
    return sign.lower() == sign.upper() and unicodedata.normalize("NFD", sign) == sign


def lines_of(text: str) -> set[str]:
    """The lines by which a text is known again where somebody quotes it."""
    return {line for one in text.splitlines() if len(line := _plain(one)) >= _LINE}


def without_lines(text: str, known: Collection[str]) -> str:
    """The text with a sign in place of every line that is one of these, quoted or not."""
    lines = [GONE if _plain(line) in known else line for line in text.splitlines()]
    return "\n".join(lines) if GONE in lines else text


def without_pieces(text: str, gone: Collection[str], staying: Collection[str]) -> str:
    """What was passed on with a sign in place of every piece that is one of the texts that go, or
    most of whose lines are in them: it may have been cut off, or was changed since. A piece that is
    one of the texts that stay is that one."""
    lines = {line for one in gone for line in lines_of(one)}
    whole, kept = ({one.strip() for one in texts if one} for texts in (gone, staying))
    first, *pieces = text.split(RULE)
    said = [piece.partition("\n\n")[2] for piece in pieces]
    goes = [
        one.strip() in whole or (one.strip() not in kept and _mostly(lines_of(one), lines))
        for one in said
    ]
    left = [GONE if one else piece for piece, one in zip(pieces, goes, strict=True)]
    return RULE.join([first, *left])


def _mostly(found: Collection[str], known: Collection[str]) -> bool:
    return 2 * len([one for one in found if one in known]) > len(found)


def _plain(line: str) -> str:
    return _QUOTED.sub("", line).strip()
