"""What is left of words that are erased: the timeline's codes without what people wrote, and texts
of others without the handles and the sentences of somebody who is not to be found any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable

from router.core.calls import digits_of

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
        if kind == "phone":
            found |= {digits_of(value), digits_of(value).removeprefix("86")}
    return sorted((one for one in found if len(one) >= SHORTEST), key=len, reverse=True)


def is_number(word: str) -> bool:
    """Whether a word is one of digits, which people write with blanks and strokes between them."""
    return word.isascii() and word.isdecimal()


def without(text: str, wanted: Iterable[str]) -> str:
    """The text with a sign in place of each of these words, whatever their case; of numbers also
    where they are written in groups."""
    pattern = "|".join(_PARTED.join(one) if is_number(one) else re.escape(one) for one in wanted)
    if not pattern:
        return text
    return re.sub(f"{_BEGINS}(?:{pattern}){_ENDS}", GONE, text, flags=re.IGNORECASE)


def lines_of(text: str) -> set[str]:
    """The lines by which a text is known again where somebody quotes it."""
    return {line for one in text.splitlines() if len(line := _plain(one)) >= _LINE}


def without_lines(text: str, known: Collection[str]) -> str:
    """The text with a sign in place of every line that is one of these, quoted or not."""
    lines = [GONE if _plain(line) in known else line for line in text.splitlines()]
    return "\n".join(lines) if GONE in lines else text


def _plain(line: str) -> str:
    return _QUOTED.sub("", line).strip()
