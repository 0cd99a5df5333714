"""What the second reader may do with a verdict: raise it, or sort what the rules left unsorted.

It never calms: no urgency falls, no security finding gives way, and the surer the rules were, the
surer it must be itself. Where the thresholds stand is a trade: docs/measured.md has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.contract import UNSORTED, Urgency
from rules.entry import Kind

#: How likely a security incident must be when the rules found nothing, little, or something.
ALARM_UNSORTED, ALARM_WEAK, ALARM_SURE = 0.68, 0.82, 0.94
#: Whoever asks for a freeze says so: where the rules heard nothing, hardly anybody did.
ALARM_WISHED = 0.88
WISH = "security.freeze_request"
#: A score of the rules from which on they were sure.
SURE = 1.5
#: How likely a category must be, to sort what is unsorted, and to correct weak or sure rules.
SORT, CORRECT_WEAK, CORRECT_SURE = 0.3, 0.5, 0.7


@dataclass(frozen=True, slots=True)
class Near:
    """An example that a message is like, from 0 to 1."""

    category: str
    text: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the second reader makes of one message. ``alarm`` is how likely it is a security
    incident, ``threat`` the likeliest one; ``calm`` is the likeliest other category with its
    ``score``. ``near`` are the nearest examples of what it thinks most likely."""

    threat: str
    alarm: float
    calm: str
    score: float
    near: tuple[Near, ...] = ()

    @property
    def category(self) -> str:
        """The likeliest of all."""
        return self.threat if self.alarm >= 0.5 else self.calm


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules made of it: their category and urgency, and how strong that category was."""

    category: str
    urgency: Urgency
    score: float


@dataclass(frozen=True, slots=True)
class Raised:
    """What becomes of the message after the second reading."""

    category: str
    urgency: Urgency


def raised(judged: Judged, opinion: Opinion, kinds: Mapping[str, Kind]) -> Raised | None:
    """The change that the second reader may make, or None."""
    if judged.urgency is Urgency.P1:
        return None
    unsorted = ALARM_WISHED if opinion.threat == WISH else ALARM_UNSORTED
    if opinion.alarm >= _needed(judged, unsorted, ALARM_WEAK, ALARM_SURE):
        return Raised(opinion.threat, Urgency.P1)
    kind = kinds.get(opinion.calm)
    if kind is None or opinion.calm == judged.category or judged.category.startswith("security."):
        return None
    if opinion.score < _needed(judged, SORT, CORRECT_WEAK, CORRECT_SURE):
        return None
    if judged.category == UNSORTED:
        return Raised(kind.id, min(kind.urgency, judged.urgency))
    return Raised(kind.id, kind.urgency) if kind.urgency <= judged.urgency else None


def _needed(judged: Judged, unsorted: float, weak: float, sure: float) -> float:
    if judged.category == UNSORTED:
        return unsorted
    return weak if judged.score < SURE else sure
