"""People of a page, found by words and told so many at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

#: So many to a page, as of the other long lists.
_PAGE = 50
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Found:
    """``rows`` of ``n`` people who were found by ``words``; ``more`` is after whom it goes on."""

    rows: Sequence[Any]
    n: int
    words: str
    after: str
    more: int | None

    @property
    def place(self) -> dict[str, str]:
        """What leads back to this very page."""
        return {name: said for name, said in (("q", self.words), ("after", self.after)) if said}


def found(everybody: Sequence[Any], told: Callable[[Any], str], about: int = 0) -> Found:
    """The page that was asked for: who has all the words in what is ``told`` of them. A form that
    was refused ``about`` somebody shows them, wherever they stand by now."""
    words, after = request.args.get("q", "")[:_LONGEST].strip(), request.args.get("after", "")
    wanted = words.casefold().split()
    kept = [one for one in everybody if all(word in told(one).casefold() for word in wanted)]
    begin = next((at for at, one in enumerate(kept, 1) if str(one.id) == after), 0)
    rows = kept[begin : begin + _PAGE]
    more = rows[-1].id if len(kept) > begin + _PAGE else None
    if about and about not in {one.id for one in rows}:
        rows = [one for one in everybody if one.id == about]
    return Found(rows, len(kept), words, after if begin else "", more)
