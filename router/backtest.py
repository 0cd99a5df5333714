"""What other rules would have made of the messages that are stored: every changed decision, what
moves where, and whether it may be published at all.

Both sets of rules judge the same facts, so that what changes is due to the rules alone. A person's
last word on a ticket is the truth about it; where nobody said anything, the rules until now are
taken at their word for security, and for small matters that must not become alarms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from router.core.promises.hours import Calendar
from router.judges import MANY, Judged, Known, Source, facts_of, one_by_one, side_by_side
from router.store import feedback, judged, tagging
from router.store.database import Store
from router.store.judged import Stored
from rules.contract import UNSORTED, Finding, Urgency, Verdict
from rules.engine import Ruleset
from rules.lint import Census

#: A security finding is no longer found, or no longer urgent, and nobody said it was wrong.
LOST = "security_lost"
#: What is no security matter becomes an alarm.
ALARM = "calm_to_p1"

T = TypeVar("T")
Tell = Callable[[int, int], object]
_TELL_EVERY = 250


@dataclass(frozen=True, slots=True)
class Decision:
    """What rules decided."""

    category: str
    urgency: str

    @property
    def security(self) -> bool:
        """Whether it is a security matter."""
        return self.category.startswith("security.")


@dataclass(frozen=True, slots=True)
class Change:
    """One message that is decided otherwise; ``places`` are (part, start, end, rule) of the words
    that only one of the two saw, and ``refused`` says why this one must not be published."""

    message_id: int
    number: str
    team_id: int
    old: Decision
    new: Decision
    places: tuple[tuple[str, int, int, str], ...] = ()
    words: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    won: tuple[str, ...] = ()
    label: str = ""
    refused: str = ""


@dataclass(slots=True)
class Outcome:
    """Everything a backtest found. Counts are of tickets unless they say messages."""

    old: str
    new: str
    messages: int = 0
    tickets: int = 0
    changes: list[Change] = field(default_factory=list)
    flow: Counter[tuple[str, str]] = field(default_factory=Counter)
    load_old: Counter[tuple[str, str]] = field(default_factory=Counter)
    load_new: Counter[tuple[str, str]] = field(default_factory=Counter)
    truth_old: Counter[tuple[str, str]] = field(default_factory=Counter)
    truth_new: Counter[tuple[str, str]] = field(default_factory=Counter)
    alarms_old: int = 0
    alarms_new: int = 0

    @property
    def lost(self) -> int:
        """Messages whose security verdict would be lost though nobody overruled it."""
        return sum(one.refused == LOST for one in self.changes)

    @property
    def refusals(self) -> list[str]:
        """Why this must not be published; empty when it may."""
        return [LOST] * bool(self.lost) + [ALARM] * (self.alarms_new > self.alarms_old)

    @property
    def labelled(self) -> int:
        """Tickets about which a person said something."""
        return self.truth_old.total()

    def agreed(self, *, new: bool) -> int:
        """Tickets that are decided as people said."""
        counts = self.truth_new if new else self.truth_old
        return sum(count for (label, decided), count in counts.items() if label == decided)

    def as_dict(self, most: int, *, words: bool) -> dict[str, Any]:
        """As JSON; at most so many changes, what is refused first. Without ``words`` nothing a
        requester wrote is in it."""
        shown = sorted(self.changes, key=lambda one: (not one.refused, -one.message_id))[:most]
        return {
            "old": self.old,
            "new": self.new,
            "messages": self.messages,
            "tickets": self.tickets,
            "changed": len(self.changes),
            "refusals": self.refusals,
            "security_lost": self.lost,
            "calm_to_p1": {"old": self.alarms_old, "new": self.alarms_new},
            "labelled": self.labelled,
            "agreed": {"old": self.agreed(new=False), "new": self.agreed(new=True)},
            "confusion": _moved(self.truth_old, self.truth_new),
            "flow": [[old, new, count] for (old, new), count in self.flow.most_common()],
            "load": _moved(self.load_old, self.load_new, everything=True),
            "changes": [_change(one, words=words) for one in shown],
        }


def _moved(
    old: Counter[tuple[str, str]], new: Counter[tuple[str, str]], *, everything: bool = False
) -> list[list[Any]]:
    keys = sorted(old.keys() | new.keys())
    return [[*key, old[key], new[key]] for key in keys if everything or old[key] != new[key]]


def _change(one: Change, *, words: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "message": one.message_id,
        "ticket": one.number,
        "team": one.team_id,
        "old": [one.old.category, one.old.urgency],
        "new": [one.new.category, one.new.urgency],
        "lost": list(one.lost),
        "won": list(one.won),
        "label": one.label,
        "refused": one.refused,
    }
    return told | ({"words": list(one.words)} if words else {"places": list(one.places)})


# ---------------------------------------------------------------- running


@dataclass(frozen=True, slots=True)
class Contest:
    """The rules until now and others instead: where they come from, and compiled."""

    old_source: Source
    new_source: Source
    old: Ruleset
    new: Ruleset

    @classmethod
    def between(cls, old: Source, new: Source) -> Contest:
        """Compile both. Raises RulesFault with every fault of the first that cannot be read."""
        return cls(old, new, old.rules(), new.rules())

    def judged(self, known: Iterable[Known], total: int) -> Iterator[Judged]:
        """Every message with both verdicts."""
        if total < MANY:
            return one_by_one(known, self.old, self.new)
        return side_by_side(known, self.old_source, self.new_source)


def compare(
    store: Store, contest: Contest, hours: Calendar, since_us: int = 0, tell: Tell | None = None
) -> Outcome:
    """Judge every stored message by both rules. ``tell`` hears (done, of how many)."""
    with store.reading() as unit:
        labels, total = feedback.labels(unit), judged.count(unit, since_us)
    outcome = Outcome(contest.old.version, contest.new.version)
    desks = _Desk(), _Desk()
    tags = "tagged" in contest.old.asks | contest.new.asks
    stored = judged.walk(store, since_us=since_us, tags=tags)
    walked = ((one, facts_of(one, hours)) for one in stored)
    for message, *verdicts in _told(contest.judged(walked, total), total, tell):
        for desk, verdict in zip(desks, verdicts, strict=True):
            desk.take(message, verdict)
        _note(outcome, message, (verdicts[0], verdicts[1]), labels.get(message.ticket_id, ""))
    outcome.tickets = len(desks[0].tickets)
    outcome.load_old, outcome.load_new = (desk.load() for desk in desks)
    outcome.truth_old, outcome.truth_new = (desk.truth(labels) for desk in desks)
    return outcome


def census(
    store: Store, rules: Ruleset, hours: Calendar, most: int, tell: Tell | None = None
) -> Census:
    """How often each rule fires on the newest stored messages."""
    with store.reading() as unit:
        labels, after = feedback.labels(unit), judged.newest(unit, most)
        total = min(judged.count(unit), most)
        asked = {tag for rule in rules.rules if rule.when for tag in rule.when.tagged}
        tags = tagging.known(unit, asked)
    fired: Counter[str] = Counter()
    calm_fired: Counter[str] = Counter()
    messages = calm = 0
    for message in _told(judged.walk(store, after=after, tags=bool(asked)), total, tell):
        verdict = rules.judge(facts_of(message, hours))
        found = {one.rule for one in verdict.findings}
        messages += 1
        fired.update(found)
        label = labels.get(message.ticket_id, "")
        if not (label.startswith("security.") if label else message.security):
            calm += 1
            calm_fired.update(found)
    return Census(messages, calm, fired, calm_fired, tags)


def _told(items: Iterable[T], total: int, tell: Tell | None) -> Iterator[T]:
    done = 0
    for item in items:
        yield item
        done += 1
        if tell is not None and not done % _TELL_EVERY:
            tell(done, max(total, done))
    if tell is not None:
        tell(done, done)


# ---------------------------------------------------------------- one message


def _note(outcome: Outcome, message: Stored, verdicts: tuple[Verdict, Verdict], label: str) -> None:
    old, new = (Decision(one.category, one.urgency.value) for one in verdicts)
    outcome.messages += 1
    calm = _calm(label, old)
    outcome.alarms_old += calm and old.urgency == Urgency.P1
    outcome.alarms_new += calm and new.urgency == Urgency.P1
    if old == new:
        return
    if old.category != new.category:
        outcome.flow[old.category, new.category] += 1
    refused = LOST if _lost(label, old, new) else ""
    if calm and new.urgency == Urgency.P1 != old.urgency:
        refused = ALARM
    outcome.changes.append(_changed(message, verdicts, (old, new), label, refused))


def _calm(label: str, old: Decision) -> bool:
    """Whether a message is known to be of the group ``other``; not knowing is not calm."""
    category = label or old.category
    return category.startswith("other.") and category != UNSORTED


def _lost(label: str, old: Decision, new: Decision) -> bool:
    overruled = bool(label) and not label.startswith("security.")
    less = not new.security or new.urgency > old.urgency
    return old.security and less and not overruled


def _changed(
    message: Stored,
    verdicts: tuple[Verdict, Verdict],
    decisions: tuple[Decision, Decision],
    label: str,
    refused: str,
) -> Change:
    before, after = ({_key(one): one for one in verdict.findings} for verdict in verdicts)
    lost = [one for key, one in before.items() if key not in after]
    won = [one for key, one in after.items() if key not in before]
    seen = lost + won or [one for verdict in verdicts for one in verdict.findings]
    return Change(
        message_id=message.id,
        number=message.number,
        team_id=message.team_id,
        old=decisions[0],
        new=decisions[1],
        places=tuple(dict.fromkeys(_place(one) for one in seen)),
        words=tuple(dict.fromkeys(one.words for one in seen)),
        lost=tuple(dict.fromkeys(one.rule for one in lost)),
        won=tuple(dict.fromkeys(one.rule for one in won)),
        label=label,
        refused=refused,
    )


def _key(one: Finding) -> tuple[str, str, str, float]:
    return one.rule, one.category, one.urgency.value, one.weight


def _place(one: Finding) -> tuple[str, int, int, str]:
    return one.part, one.part_start, one.part_start + one.end - one.start, one.rule


# ---------------------------------------------------------------- whole tickets


class _Desk:
    """The tickets as one set of rules would have sorted them: the first message decides, a later
    one may only raise."""

    def __init__(self) -> None:
        self.tickets: dict[int, Decision] = {}

    def take(self, message: Stored, verdict: Verdict) -> None:
        """Let a ticket follow what was decided of its next message."""
        said = Decision(verdict.category, verdict.urgency.value)
        known = self.tickets.get(message.ticket_id)
        if known is None:
            self.tickets[message.ticket_id] = said
        elif not message.automatic and said != known and said.category != UNSORTED:
            moves = not known.security and (said.security or known.category == UNSORTED)
            self.tickets[message.ticket_id] = Decision(
                said.category if moves else known.category, min(said.urgency, known.urgency)
            )

    def load(self) -> Counter[tuple[str, str]]:
        """How many tickets each team gets, by urgency."""
        return Counter(
            ("security" if one.security else "support", one.urgency)
            for one in self.tickets.values()
        )

    def truth(self, labels: Mapping[int, str]) -> Counter[tuple[str, str]]:
        """What people said against what was decided."""
        return Counter(
            (labels[ticket_id], one.category)
            for ticket_id, one in self.tickets.items()
            if ticket_id in labels
        )
