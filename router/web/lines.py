"""Lines of the list, each said once for everybody who looks, until it says something else.

An arrival makes every open screen ask for its list anew, and nearly all lines are the same for all
of them. What differs by who looks (a draft, a colleague's seat, the line that is open) is not here,
and what passes by itself (how long ago it was, how long its promise holds) is told at each look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app
from jinja2.environment import TemplateModule
from markupsafe import Markup

from router.store.pages import TicketLine
from router.web.rights import here
from router.web.speech import label, language, moment, t
from router.web.telling import category, due

#: Nothing that was said is kept longer, in seconds: what was erased leaves memory too.
_KEPT = 600
_MOST = 4000


@dataclass(frozen=True, slots=True)
class Said:
    """A line as the list shows it: what stands before its link, and what the link says."""

    line: TicketLine
    band: str
    head: Markup
    before: Markup
    after: Markup

    @property
    def body(self) -> Markup:
        """What the link says at this moment."""
        when, left = moment(self.line.updated_at), due(self.line)
        held = "" if left is None else f'<span class="l-due {left.tone}">{left.text}</span>\n'
        told = f'{self.before}<span class="l-when">{when}</span>\n{self.after}{held}'
        return Markup(told)  # noqa: S704  # what a requester wrote is escaped within


class Lines:
    """What lines say in each language; may be shared by threads."""

    def __init__(self) -> None:
        self._as_of: tuple[int, Any] = (0, None)
        self._said: dict[tuple[str, bool, TicketLine], Said] = {}
        self._words: TemplateModule | None = None

    def said(self, lines: Iterable[TicketLine], *, with_state: bool) -> Iterator[Said]:
        """Each line; ``with_state`` where the view does not say it already."""
        speaks = language()
        kept = self._kept()
        for line in lines:
            key = (speaks, with_state, line)
            said = kept.get(key)
            if said is None:
                if len(kept) >= _MOST:
                    kept.clear()
                said = kept[key] = self._say(line, with_state=with_state)
            yield said

    def _kept(self) -> dict[tuple[str, bool, TicketLine], Said]:
        router = here()
        as_of = (int(router.clock.now().timestamp()) // _KEPT, router.rules)
        if self._as_of[0] != as_of[0] or self._as_of[1] is not as_of[1]:
            self._as_of, self._said = as_of, {}
        return self._said

    def _say(self, line: TicketLine, *, with_state: bool) -> Said:
        if self._words is None:
            template = current_app.jinja_env.get_template("inbox/line.html")
            known = {"t": t, "label": label, "category": category}
            self._words = template.make_module(known)
        band = "rest"
        if line.standing < 2 and (line.security or line.unsorted):
            band = "security" if line.security else "unsorted"
        words: Any = self._words
        head, before = words.head(line, band), words.before(line)
        return Said(line, band, head, before, words.after(line, with_state))
