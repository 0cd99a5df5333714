"""What the second reader may do with a verdict: raise it, or sort what the rules left unsorted.

It never calms: no urgency falls, no security finding gives way but an incident to another incident,
and the surer the rules were, the surer it must be itself. Where the thresholds stand is a trade:
docs/measured.md has the figures.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rules.contract import UNSORTED, Urgency
from rules.entry import Kind


@dataclass(frozen=True, slots=True)
class Bars:
    """How likely a security incident must be where the rules found nothing, little, or something,
    and where they heard something that is no matter of safety, as of cards or fees."""

    unsorted: float
    weak: float
    sure: float
    other: float


@dataclass(frozen=True, slots=True)
class Sorting:
    """How likely a calm category must be: to sort what is unsorted, to correct weak and sure rules,
    and to move what the rules found to be no matter of ours among those that are. ``group`` is how
    likely its group must be as a whole, to sort what is unsorted, and ``doubt`` how much of that
    the doubt whether it is for the desk at all takes away from a group of the desk's own."""

    unsorted: float
    weak: float
    sure: float
    other: float
    group: float
    doubt: float


BARS = Bars(unsorted=0.7, weak=0.6, sure=0.77, other=0.88)
#: A swindler's script speaks of loans and refunds like anybody; whoever asks for a freeze says so:
#: where the rules did not hear it, hardly anybody did.
BARS_OF = {
    "security.phishing": Bars(unsorted=0.6, weak=0.6, sure=0.72, other=0.88),
    "security.freeze_request": replace(BARS, unsorted=0.8, weak=0.8, sure=0.85),
}
#: Chinese examples are many, so an incident told in Chinese is known as well whatever the rules
#: heard; a swindler's plot must be told from the long stories that people tell.
CHINESE = Bars(unsorted=0.6, weak=0.6, sure=0.6, other=0.6)
CHINESE_PHISHING = Bars(unsorted=0.65, weak=0.65, sure=0.65, other=0.65)
#: How much the doubt whether it is a matter for the desk at all takes away from that, where the
#: rules found nothing: people's private messages sound frightened too. In Chinese they sound less
#: like a swindler's.
DOUBT, DOUBT_CHINESE = 4.0, 1.5
_OTHER = "other."
#: A score of the rules from which on they were sure.
SURE = 1.5
SORTING = Sorting(unsorted=0.2, weak=0.5, sure=0.65, other=0.8, group=0.42, doubt=2.0)
#: A Chinese word stands anywhere in a text, so the rules hear a fee or a balance named by the way.
SORTING_CHINESE = Sorting(unsorted=0.15, weak=0.35, sure=0.5, other=0.5, group=0.3, doubt=1.0)
#: Advice is listed with security: a doubtful guess does not belong there.
ADVICE, SORT_ADVICE = "security.advice", 0.5
#: How likely another incident must be, where the rules saw one.
RENAME_WEAK, RENAME_SURE = 0.6, 0.65


@dataclass(frozen=True, slots=True)
class Near:
    """An example that a message is like, from 0 to 1."""

    category: str
    text: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the second reader makes of one message. ``alarm`` is how likely it is a security
    incident, ``threat`` the likeliest one, with ``named`` as how likely it is that very one;
    ``calm`` is the likeliest kind of the likeliest other group, with its ``score`` and that of the
    ``group``. ``idle`` is how likely it is small talk, spam or out of scope; ``near`` are the
    nearest examples of what it thinks most likely; ``chinese`` says in what language it read."""

    threat: str
    alarm: float
    calm: str
    score: float
    near: tuple[Near, ...] = ()
    named: float = 0.0
    group: float = 1.0
    idle: float = 0.0
    chinese: bool = False

    @property
    def category(self) -> str:
        """The likeliest of all."""
        return self.threat if self.alarm >= 0.5 else self.calm


#: How likely an incident must be of which the rules heard that it did not happen, or is over.
DENIED = 0.9
#: How likely an incident must be for one that the rules suspected to be believed.
NOD, NOD_CHINESE = 0.02, 0.25
_OVER, _DENIALS = "settled:", ("negated:", "supposed:")


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules made of it: their category and urgency, how strong that category was, whether
    they heard an incident ``denied`` ("not hacked", 已找回, 万一), and the one that they
    suspected and asked about first."""

    category: str
    urgency: Urgency
    score: float
    denied: bool = False
    suspected: str = ""


@dataclass(frozen=True, slots=True)
class Raised:
    """What becomes of the message after the second reading."""

    category: str
    urgency: Urgency


def denied(near: Iterable[Sequence[str]], alarms: Collection[str]) -> bool:
    """Whether a rule of ``alarms`` nearly matched and only a denial kept it back, or any because it
    is over. ``near``: rules and why they did not match, as in a verdict."""
    return any(
        why.startswith(_OVER) or (rule in alarms and why.startswith(_DENIALS)) for rule, why in near
    )


def raised(judged: Judged, opinion: Opinion, kinds: Mapping[str, Kind]) -> Raised | None:
    """The change that the second reader may make, or None."""
    if judged.urgency is Urgency.P1:
        return _renamed(judged, opinion, kinds)
    if judged.suspected and opinion.alarm >= (NOD_CHINESE if opinion.chinese else NOD):
        return confirmed(judged, opinion)
    bars, doubt = _asked(opinion)
    weak = bars.other if judged.category.startswith(_OTHER) else bars.weak
    if judged.category != UNSORTED:
        doubt = 0.0
    needed = _needed(judged, bars.unsorted, weak, max(weak, bars.sure))
    if opinion.alarm - doubt >= (max(needed, DENIED) if judged.denied else needed):
        return Raised(opinion.threat, Urgency.P1)
    return None if judged.category.startswith("security.") else _sorted(judged, opinion, kinds)


def confirmed(judged: Judged, opinion: Opinion | None) -> Raised:
    """What the rules suspected, believed: by the name they gave it, or a surer one."""
    surer = opinion is not None and opinion.named >= RENAME_SURE
    return Raised(opinion.threat if opinion and surer else judged.suspected, Urgency.P1)


def _asked(opinion: Opinion) -> tuple[Bars, float]:
    """How likely this incident must be, and what the doubt takes away from how likely it is."""
    if opinion.chinese:
        phishing = opinion.threat == "security.phishing"
        return CHINESE_PHISHING if phishing else CHINESE, DOUBT_CHINESE * opinion.idle
    return BARS_OF.get(opinion.threat, BARS), DOUBT * opinion.idle


def _sorted(judged: Judged, opinion: Opinion, kinds: Mapping[str, Kind]) -> Raised | None:
    """Another calm category, of no lower urgency."""
    kind = kinds.get(opinion.calm)
    if kind is None or kind.id == judged.category:
        return None
    bars = SORTING_CHINESE if opinion.chinese else SORTING
    if opinion.score < _needed(judged, bars.unsorted, bars.weak, bars.sure):
        return None
    if judged.category == UNSORTED:
        urgency = min(kind.urgency, judged.urgency)
        return None if _doubtful(kind, opinion, bars) else Raised(kind.id, urgency)
    out = judged.category.startswith(_OTHER) and not kind.id.startswith(_OTHER)
    if out and opinion.score < bars.other:
        return None
    return Raised(kind.id, kind.urgency) if kind.urgency <= judged.urgency else None


def _doubtful(kind: Kind, opinion: Opinion, bars: Sorting) -> bool:
    """Whether a guess is too vague to sort by."""
    doubt = 0.0 if kind.id.startswith(_OTHER) else bars.doubt * opinion.idle
    vague = opinion.group - doubt < bars.group
    return vague or (kind.id == ADVICE and opinion.score < SORT_ADVICE)


def _renamed(judged: Judged, opinion: Opinion, kinds: Mapping[str, Kind]) -> Raised | None:
    """An incident under the name of a likelier one; as urgent as before."""
    kind = kinds.get(judged.category)
    if kind is None or kind.urgency is not Urgency.P1 or opinion.threat == judged.category:
        return None
    needed = RENAME_WEAK if judged.score < SURE else RENAME_SURE
    return Raised(opinion.threat, Urgency.P1) if opinion.named >= needed else None


def _needed(judged: Judged, unsorted: float, weak: float, sure: float) -> float:
    if judged.category == UNSORTED:
        return unsorted
    return weak if judged.score < SURE else sure
