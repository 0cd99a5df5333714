"""Quote marks of another kind: The Bat's initials of whoever is quoted (``WS>``), others' bars.

They look like anybody's lines, so they count only below an introduction that has one under it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict

_BEGINS = re.compile(r"\s*([^\W\d_]{1,4}>|\|)")
_MARK = re.compile(r"\s?([^\W\d_]{1,4}>|\|)(?=\s|\Z)")


def is_marked(line: str) -> bool:
    """Whether a line begins with such a mark."""
    return _MARK.match(line) is not None


class Marked:
    """The lines of a text by the mark they begin with, looked through when first asked."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._places: dict[str, list[int]] = defaultdict(list)

    def alike(self, place: int) -> list[int]:
        """The lines from here on with the mark that this one has; none when it has none."""
        found = _MARK.match(self._lines[place])
        if found is None:
            return []
        if not self._places:
            for at, line in enumerate(self._lines):
                if begins := _BEGINS.match(line):
                    self._places[begins[1]].append(at)
        places = self._places[found[1]]
        return places[bisect_left(places, place) :]
