"""Pieces of pages that are said once and kept until they would say something else.

A piece is kept by everything it is said of and no longer than some minutes: what was erased leaves
memory too. Nothing that passes by itself and nothing that differs by who looks may be in one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from flask import current_app
from jinja2.environment import TemplateModule

from router.web.rights import here
from router.web.speech import language, speaker

Of = TypeVar("Of", bound=Hashable)
Piece = TypeVar("Piece")
#: Nothing is kept longer, in seconds.
_SECONDS = 600


class Kept(Generic[Of, Piece]):
    """Pieces made by the macros of one template, in each language; may be shared by threads."""

    def __init__(self, template: str, known: Mapping[str, Any], most: int) -> None:
        """``known`` is what the template calls by name, besides ``t``; at ``most`` so many pieces
        are kept."""
        self._template, self._known, self._most = template, known, most
        self._as_of: tuple[int, Any] = (0, None)
        self._pieces: dict[tuple[str, Of], Piece] = {}
        self._macros: dict[str, TemplateModule] = {}

    def pieces(
        self, of: Sequence[Of], make: Callable[[Any, Sequence[Of]], Iterable[Piece]]
    ) -> list[Piece]:
        """What is kept of each of these; what is not kept is made now, all at once, with the
        template's macros."""
        router, speaks = here(), language()
        as_of = (int(router.clock.now().timestamp()) // _SECONDS, router.rules.present)
        if self._as_of[0] != as_of[0] or self._as_of[1] is not as_of[1]:
            self._as_of, self._pieces = as_of, {}
        kept = self._pieces
        found = [kept.get((speaks, one)) for one in of]
        missing = [one for one, piece in zip(of, found, strict=True) if piece is None]
        if missing:
            made = dict(zip(missing, make(self._words(speaks), missing), strict=True))
            if len(kept) + len(made) > self._most:
                kept.clear()
            kept.update({(speaks, one): piece for one, piece in made.items()})
            return [
                made[one] if piece is None else piece for one, piece in zip(of, found, strict=True)
            ]
        return [piece for piece in found if piece is not None]

    def _words(self, speaks: str) -> TemplateModule:
        words = self._macros.get(speaks)
        if words is None:
            template = current_app.jinja_env.get_template(self._template)
            known = {**self._known, "t": speaker(speaks)}
            words = self._macros[speaks] = template.make_module(known)
        return words
