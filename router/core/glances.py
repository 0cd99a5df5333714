"""Quick looks at whether a pattern can match at all, in time linear in the text.

Python's engine tries every alternative at every character; RE2 reads a text once. It has no
look-around and knows no Unicode words, so it is asked for something looser: what it does not find,
the pattern does not find either. Where it finds something the pattern itself decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import re2

#: What RE2 cannot ask as Python does, and what it asks for instead: never less.
_LOOSER = {
    r"\b": "",
    r"\d": r"\p{Nd}",
    r"\s": r"(?:\s|\p{Z}|\p{Cc})",
    r"\W": "(?s:.)",
    r"\D": "(?s:.)",
}


class Glanced:
    """A pattern with a quick look before it."""

    def __init__(self, pattern: str, also: Mapping[str, str] | None = None) -> None:
        """``pattern`` is Python's, without regard to case. ``also`` says what to ask RE2 for
        instead of what it cannot read in this one; it is replaced first."""
        self.pattern = re.compile(pattern, re.IGNORECASE)
        for exact, looser in {**(also or {}), **_LOOSER}.items():
            pattern = pattern.replace(exact, looser)
        options = re2.Options()
        options.log_errors = options.case_sensitive = False
        self._glance: Any = re2.compile(pattern, options=options)

    def _seen(self, text: str) -> Any:
        # Python takes these two for an i as well.
        return self._glance.search(text.replace("\u0131", "i").replace("\u0130", "i"))

    def search(self, text: str) -> re.Match[str] | None:
        """As the pattern's own."""
        seen = self._seen(text)
        return None if seen is None else self.pattern.search(text, seen.start())

    def found(self, text: str) -> bool:
        """Whether the pattern may match: never False where it does."""
        return self._seen(text) is not None
