"""Messages of the last day that belong together: variants of one text, or the same traces.

A window over the newest messages. Whatever ties two of them puts them into one group; a group of
enough different senders is a wave. Groups merge as a union-find does, the smaller into the larger,
and a message that gets too old leaves its group.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from router.core.waves.shingles import Near, Sketch

SIMILAR = "similar"
_SIZE = 1 << 18
_PLACE = _SIZE - 1
#: Room is made for so many more when it is needed: most desks never see as many as there may be.
_MORE = 1 << 12


@dataclass(frozen=True, slots=True)
class Seen:
    """Who wrote a message on which ticket, and when (microseconds)."""

    ticket: int
    sender: int
    at: int


@dataclass(slots=True, eq=False)
class Group:
    """Messages that belong together, by number, each with what ties it to the others."""

    members: dict[int, str] = field(default_factory=dict)
    senders: dict[int, int] = field(default_factory=dict)
    shared: dict[tuple[str, str], None] = field(default_factory=dict)


class Window:
    """The messages of the last ``span_us`` microseconds, ``capacity`` of them at most."""

    def __init__(self, *, capacity: int, span_us: int, likeness: float) -> None:
        self._near = Near(likeness=likeness)
        self._capacity, self._span = min(capacity, _SIZE - 1), span_us
        self._first = self._after = 1
        self._tickets, self._senders, self._at = array("q"), array("q"), array("q")
        self._group: dict[int, Group] = {}
        self._latest: dict[tuple[str, str], int] = {}
        self._traced: deque[tuple[int, tuple[str, str]]] = deque()

    def __len__(self) -> int:
        return self._after - self._first

    def add(self, seen: Seen, sketch: Sketch | None, traces: Iterable[tuple[str, str]] = ()) -> int:
        """Take a message in; its number."""
        self._expire(seen.at)
        number = self._after
        self._after += 1
        place = number & _PLACE
        if place >= len(self._at):
            for kept in (self._tickets, self._senders, self._at):
                kept.frombytes(bytes(kept.itemsize * _MORE))
        self._tickets[place], self._senders[place] = seen.ticket, seen.sender
        self._at[place] = seen.at
        for trace in traces:
            self._trace(number, trace)
        if sketch is not None:
            for other in self._near.add(number, sketch):
                self._tie(number, other, SIMILAR)
        return number

    def _trace(self, number: int, trace: tuple[str, str]) -> None:
        before = self._latest.get(trace)
        self._latest[trace] = number
        self._traced.append((number, trace))
        if before is not None:
            self._tie(number, before, trace[0])
            if self._sender(before) != self._sender(number):
                self._group[number].shared[trace] = None

    def group(self, number: int) -> Group | None:
        """The group a message is in; None when nothing is like it or it is too old."""
        return self._group.get(number)

    def members(self, group: Group) -> list[tuple[int, int, str]]:
        """(ticket, sender, reason) of every message of a group, oldest first."""
        return [
            (self._tickets[number & _PLACE], self._sender(number), reason)
            for number, reason in sorted(group.members.items())
        ]

    def _sender(self, number: int) -> int:
        return self._senders[number & _PLACE]

    # ------------------------------------------------------------ together and apart

    def _tie(self, number: int, other: int, reason: str) -> None:
        mine, theirs = self._group.get(number), self._group.get(other)
        if theirs is None:
            theirs = self._join(Group(), other, reason)
        if mine is theirs:
            return
        if mine is None:
            self._join(theirs, number, reason)
            return
        small, large = sorted((mine, theirs), key=lambda one: len(one.members))
        for member, why in small.members.items():
            self._join(large, member, why)
        large.shared |= small.shared

    def _join(self, group: Group, number: int, reason: str) -> Group:
        sender = self._sender(number)
        group.members[number] = reason
        group.senders[sender] = group.senders.get(sender, 0) + 1
        self._group[number] = group
        return group

    def _expire(self, now: int) -> None:
        """Let go of what is too old, or too much."""
        while self._first < self._after and (
            self._at[self._first & _PLACE] < now - self._span or len(self) >= self._capacity
        ):
            number = self._first
            self._first += 1
            self._near.forget(number)
            self._leave(number)
        while self._traced and self._traced[0][0] < self._first:
            number, trace = self._traced.popleft()
            if self._latest.get(trace) == number:
                del self._latest[trace]

    def _leave(self, number: int) -> None:
        group = self._group.pop(number, None)
        if group is None:
            return
        del group.members[number]
        sender = self._sender(number)
        group.senders[sender] -= 1
        if not group.senders[sender]:
            del group.senders[sender]
