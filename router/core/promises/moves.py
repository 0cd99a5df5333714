"""What a change of calendars or policies does to promises that are open: which of them move, by
how much, and which would be late at once. Nothing is changed by looking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from router.core.promises.hours import Pause
from router.core.promises.sla import Counting, Matter, Policies, Promise

#: Promises that are shown one by one.
SHOWN = 20


class Held(NamedTuple):
    """An open promise as it stands; ``due_at`` None while it is paused. Moments are microseconds
    since 1970, ``pauses`` are settled."""

    number: str
    kind: str
    matter: Matter
    policy: str
    calendar: str
    minutes: int
    started_at: int
    due_at: int | None
    pauses: tuple[Pause, ...] = ()


class Move(NamedTuple):
    """A promise that would be due at another moment; ``late``: it was not yet, and would be now."""

    number: str
    kind: str
    policy: str
    was: int
    becomes: int
    late: bool

    @property
    def shift(self) -> int:
        """By how many microseconds; less than nothing when it is due sooner."""
        return self.becomes - self.was


@dataclass(slots=True)
class Moves:
    """All that a change does: of ``looked`` promises so many are due sooner and later, and by how
    much at most; those late at once; ``paused`` ones whose minutes change; ``kept`` ones whose
    policy is gone. ``shown`` begins with those that are late, then with the largest moves."""

    looked: int = 0
    sooner: int = 0
    later: int = 0
    most_sooner: int = 0
    most_later: int = 0
    late: int = 0
    paused: int = 0
    kept: int = 0
    cut_short: bool = False
    shown: list[Move] = field(default_factory=list)

    @property
    def moved(self) -> int:
        """How many are due at another moment."""
        return self.sooner + self.later

    def _take(self, move: Move) -> None:
        if move.shift < 0:
            self.sooner += 1
            self.most_sooner = max(self.most_sooner, -move.shift)
        else:
            self.later += 1
            self.most_later = max(self.most_later, move.shift)
        self.late += move.late


def under_hours(promises: Iterable[Held], then: Policies, now: int) -> Moves:
    """The same promises in other hours."""

    def promise(one: Held) -> Promise:
        return Promise(one.policy, one.calendar, one.minutes)

    return _moves(((one, promise(one)) for one in promises), then, now)


def under_policies(
    promises: Iterable[Held], then: Policies, now: int, renamed: dict[str, str] | None = None
) -> Moves:
    """The same tickets under other policies, each by the one that fits it then. A promise whose
    policy is gone keeps what it was given; ``renamed`` are policies under their new names."""
    names = renamed or {}
    pairs, kept = [], 0
    for one in promises:
        if then.has(names.get(one.policy, one.policy)):
            pairs.append((one, then.promised(one.kind, one.matter)))
        else:
            kept += 1
    told = _moves(pairs, then, now)
    told.looked += kept
    told.kept = kept
    return told


def _moves(pairs: Iterable[tuple[Held, Promise]], then: Policies, now: int) -> Moves:
    told, found = Moves(), []
    for one, promise in pairs:
        told.looked += 1
        if one.due_at is None:
            told.paused += (promise.minutes, promise.calendar) != (one.minutes, one.calendar)
            continue
        hours = then.counts_in(promise.calendar)
        due = Counting(hours, one.started_at, promise.minutes, one.pauses).due()
        if due != one.due_at:
            late = due <= now < one.due_at
            move = Move(one.number, one.kind, promise.policy, one.due_at, due, late)
            told._take(move)  # noqa: SLF001  # our own
            found.append(move)
    found.sort(key=lambda move: (not move.late, -abs(move.shift)))
    told.shown = found[:SHOWN]
    return told
