"""Whose turn it is: which of those who are there gets a ticket.

Skills narrow: whoever names languages gets tickets in those alone, whoever names none takes any.
Who is skilled in the very matter comes before who is not. Among equals it goes by turns, or to who
has least in hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

Mode = Literal["off", "round_robin", "load"]
LANGUAGE, CATEGORY = "language:", "category:"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who is there: what they have in hand, when they were given something last
    (microseconds), what they are skilled in (``language:en``, ``category:transfer``)."""

    agent_id: int
    name: str
    load: int
    given_at: int
    skills: frozenset[str] = frozenset()


def skill(text: str) -> str:
    """A skill as it is kept; empty for what is none."""
    word = text.strip().lower()
    for prefix in (LANGUAGE, CATEGORY):
        if word.startswith(prefix) and 1 < len(word) - len(prefix) < 60:
            return word
    return ""


def choose(
    there: Iterable[Candidate],
    *,
    language: str,
    category: str,
    mode: Mode,
    most: int,
    without: Collection[int] = (),
) -> Candidate | None:
    """Who gets the ticket; None when nobody of them may. ``most`` is what anybody has in hand at
    most (0: no limit); ``without`` are those who let it go before."""
    fit = [
        one
        for one in there
        if one.agent_id not in without
        and (not most or one.load < most)
        and _speaks(one, language) is not False
    ]
    if mode == "off" or not fit:
        return None
    return min(fit, key=lambda one: (*_rank(one, language, category), *_turn(one, mode)))


def _speaks(one: Candidate, language: str) -> bool | None:
    """Whether they speak it; None when they name no language, or nobody knows the ticket's."""
    named = {word.removeprefix(LANGUAGE) for word in one.skills if word.startswith(LANGUAGE)}
    if not named or not language:
        return None
    return language.lower() in named or language.partition("-")[0].lower() in named


def _rank(one: Candidate, language: str, category: str) -> tuple[bool, bool]:
    named = {word.removeprefix(CATEGORY) for word in one.skills if word.startswith(CATEGORY)}
    knows = category in named or category.partition(".")[0] in named
    return not knows, _speaks(one, language) is not True


def _turn(one: Candidate, mode: Mode) -> tuple[int, int, int]:
    first = one.load if mode == "load" else 0
    return first, one.given_at, one.agent_id
