"""One secret found in a text: where it stands, what it is, what is shown in its place."""

from __future__ import annotations

from typing import NamedTuple

#: Stands for a secret of which nothing may be shown.
HIDDEN = "••••"
#: Who holds one of these holds the wallet.
OPENS_A_WALLET = frozenset(("seed_phrase", "private_key"))


class Secret(NamedTuple):
    """``text[start:end]`` is a secret of this kind; ``shown`` takes its place.

    ``words`` are those of a phrase, so that the same phrase in another layout is known as the same;
    other secrets have none.
    """

    start: int
    end: int
    kind: str
    shown: str = HIDDEN
    words: tuple[str, ...] = ()
