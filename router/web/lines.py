"""Lines of the list, each said once for everybody who looks, until it says something else.

An arrival makes every open screen ask for its list anew, and nearly all lines are the same for all
of them. What differs by who looks (a draft, a colleague's seat, the line that is open) is not here,
and what passes by itself (how long ago it was, how long its promise holds) is told at each look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from router.store.pages import TicketLine
from router.web.kept import Kept
from router.web.speech import label
from router.web.telling import category, due

_MOST = 4000


@dataclass(frozen=True, slots=True)
class Said:
    """A line as the list shows it: what stands before its link, and what the link says."""

    line: TicketLine
    band: str
    head: Markup
    before: Markup
    after: Markup

    def body(self, moment: Callable[[datetime | None], Markup]) -> Markup:
        """What the link says now; ``moment`` says how long ago something was."""
        when, left = moment(self.line.updated_at), due(self.line)
        held = "" if left is None else f'<span class="l-due {left.tone}">{left.text}</span>\n'
        told = f'{self.before}<span class="l-when">{when}</span>\n{self.after}{held}'
        return Markup(told)  # noqa: S704  # what a requester wrote is escaped within


class Lines:
    """What lines say in each language; may be shared by threads."""

    def __init__(self) -> None:
        known = {"label": label, "category": category}
        self._kept: Kept[tuple[bool, TicketLine], Said] = Kept("inbox/line.html", known, _MOST)

    def said(self, lines: Iterable[TicketLine], *, with_state: bool) -> list[Said]:
        """Each line; ``with_state`` where the view does not say it already."""
        return self._kept.pieces([(with_state, line) for line in lines], _made)


def _made(words: Any, asked: Iterable[tuple[bool, TicketLine]]) -> Iterator[Said]:
    for with_state, line in asked:
        band = "rest"
        if line.standing < 2 and (line.security or line.unsorted):
            band = "security" if line.security else "unsorted"
        head, before = words.head(line, band), words.before(line)
        yield Said(line, band, head, before, words.after(line, with_state))
