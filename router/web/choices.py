"""Choices that many forms offer, said once for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup

from router.web import telling
from router.web.kept import Kept
from router.web.speech import label

_MOST = 500


class Choices:
    """Options of selects in each language; may be shared by threads."""

    def __init__(self) -> None:
        self._kept: Kept[str, Markup] = Kept("inbox/categories.html", {"label": label}, _MOST)

    def categories(self, chosen: str) -> Markup:
        """An option for each category, by group; the chosen one is."""
        return self._kept.pieces([chosen], _made)[0]


def _made(words: Any, asked: Sequence[str]) -> Iterator[Markup]:
    groups = telling.categories()
    for chosen in asked:
        yield words.options(groups, chosen)
