"""What rules read and what they say: Facts in, Verdict out.

Pure values. Rules know no ticket, no database, no clock; whoever calls them turns a message into
:class:`Facts` and writes the :class:`Verdict` down.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

#: The groups of problem categories, most pressing first. A security finding outranks all others.
GROUPS = ("security", "transfer", "login", "records", "other")

#: What a message is when there is too little evidence; shown right below security, never calmed.
UNSORTED = "other.unsorted"


class Urgency(StrEnum):
    """How soon a person must see it. ``P1`` is a security incident."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags that speak for a message, and what bears them: the ``ticket`` it joins, or, when it
    opens one, other tickets of its ``sender``."""

    words: tuple[str, ...] = ()
    borne_by: str = "ticket"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one message when it is judged. ``text`` is what the person wrote,
    masked, without quotes; ``subject`` is matched too.

    What is not known stays empty, and a rule that asks for it does not hold. ``hours`` is
    ``inside`` or ``outside`` the desk's, ``sender`` is ``known`` or ``unknown``, ``minutes_since``
    their last message before this one, ``attachments`` the kinds of files that came along.
    """

    text: str
    subject: str = ""
    channel: str = ""
    language: str = ""
    automatic: bool = False
    category_hint: str = ""
    hours: str = ""
    sender: str = ""
    minutes_since: float | None = None
    attachments: tuple[str, ...] = ()
    tags: Tags = Tags()


@dataclass(frozen=True, slots=True)
class Finding:
    r"""One rule that matched: its words, and where they stand in the original text.

    ``start`` and ``end`` count characters of ``subject + "\n" + text`` when there is a subject,
    of ``text`` otherwise. ``part`` says where the words stand: ``subject`` or ``text``, and then
    ``part_start`` counts within that part. ``read_as`` is empty, or how the second view read words
    that were mistyped or disguised; such a finding weighs less. ``because`` names the tags without
    which the rule would not have held, and what bears them (``"ticket: vip"``).
    """

    rule: str
    category: str
    urgency: Urgency
    weight: float
    words: str
    start: int
    end: int
    part: str = "text"
    part_start: int = 0
    read_as: str = ""
    because: str = ""


#: Why a rule that matched is no alarm yet: the second reader is asked first.
ASKED = "asked: the second reader"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about one message, with everything that led to it.

    ``near`` names rules that nearly matched, with the reason (``"excluded: how do I"``). ``until``
    is what it is while the second reader is asked whether it is an incident at all; None where the
    rules are sure.
    """

    category: str
    urgency: Urgency
    findings: tuple[Finding, ...] = ()
    near: tuple[tuple[str, str], ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    ruleset: str = ""
    until: tuple[str, Urgency] | None = None

    def held(self) -> Verdict:
        """The same until the second reader agrees: what was found stays to be seen."""
        if self.until is None:
            return self
        category, urgency = self.until
        asked = tuple(
            dict.fromkeys(
                (one.rule, ASKED) for one in self.findings if one.category == self.category
            )
        )
        return replace(self, category=category, urgency=urgency, near=asked + self.near, until=None)

    @property
    def group(self) -> str:
        """The part of the category before the dot."""
        return self.category.partition(".")[0]

    @property
    def is_security(self) -> bool:
        """Whether it is a matter of security."""
        return self.group == "security"

    @property
    def may_alarm(self) -> bool:
        """Whether it is a matter of security, or the second reader is asked whether it is."""
        return self.is_security or any(why == ASKED for _, why in self.near)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a rule file: which file, which rule, and what to do about it."""

    file: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class When:
    """What must be true of a message besides its words; what is empty does not matter.

    ``amount_over`` pairs a currency ("" for any) with an amount.
    """

    channel: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    hours: str = ""
    sender: str = ""
    repeat_minutes: int = 0
    amount_over: tuple[tuple[str, float], ...] = ()
    attachment: tuple[str, ...] = ()
    tagged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as written by a support lead. See docs/rules.md for the meaning of each field."""

    id: str
    category: str
    urgency: Urgency
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    near: tuple[tuple[str, str, int], ...] = ()
    regex: tuple[str, ...] = ()
    when: When | None = None
    floor: Urgency | None = None
    weight: float = 1.0
    negatable: bool = True
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()
    owner: str = ""
    since: str = ""
    file: str = field(default="", compare=False)
