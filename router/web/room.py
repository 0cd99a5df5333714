"""Who is at which ticket now, reading or writing, and which visitors have their chat open. Told to
every process of the desk through :class:`router.store.seats.Seats`, and only when it is news: what
stands there already is told again once half its time is over. Where that cannot be done nobody is
shown, which is told in the log; of two replies the second is stopped all the same.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import timedelta

from router.core.clock import to_us
from router.core.rights import Who
from router.errors import StoreError
from router.store.database import Store
from router.store.seats import VISITOR, Seat

log = logging.getLogger("router.room")

#: An agent who has not been heard of for so long has left; so has a visitor.
GONE = timedelta(seconds=40)
VISITOR_GONE = timedelta(seconds=45)
#: What a visitor typed is told for so long.
TYPES = timedelta(seconds=6)
DOINGS = ("reading", "writing")


class Room:
    """The seats of the whole desk; may be shared by threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._pulse = ""
        self._seats: Mapping[int, list[Seat]] = {}

    # ------------------------------------------------------------ agents

    def sit(self, ticket_id: int, who: Who, doing: str) -> None:
        """Somebody is at this ticket, and at no other; a doing that is none means they left it. Of
        two tabs the hidden one leaves its own ticket only."""
        now = to_us(self._store.clock.now())
        try:
            if doing not in DOINGS:
                self._store.seats.leave(who.id, ticket_id)
                return
            known = self._store.seats.of_agent(who.id)
            if known is None or not _fresh(known, ticket_id, doing, now):
                until = now + _us(GONE)
                self._store.seats.put(Seat(who.id, ticket_id, who.name, doing, until, until))
        except StoreError as fault:
            log.warning("nobody else sees who is at a ticket: %s", fault)

    def writes(self, ticket_id: int) -> str:
        """The name of somebody who writes at this ticket; empty when nobody does."""
        return next((one.name for one in self._at(ticket_id) if one.doing == "writing"), "")

    def others(self, who: Who, ticket_ids: Iterable[int]) -> dict[int, list[Seat]]:
        """Who else is at these tickets, who writes first."""
        seats, now = self._seated(), to_us(self._store.clock.now())
        found = {
            at: [one for one in seats.get(at, ()) if one.agent_id != who.id and one.until > now]
            for at in ticket_ids
        }
        return {
            at: sorted(seats, key=lambda seat: (seat.doing != "writing", seat.name))
            for at, seats in found.items()
            if seats
        }

    # ------------------------------------------------------------ visitors

    def visit(self, conversation: int, *, types: bool | None) -> None:
        """The visitor has their chat open; ``types`` says whether they are typing, where that is
        known."""
        now = to_us(self._store.clock.now())
        known = self._visitor(conversation)
        writes = 0 if known is None else known.writes_until
        news = known is None or _old(known.until, VISITOR_GONE, now)
        news = news or (types is True and _old(writes, TYPES, now))
        news = news or (types is False and writes > now)
        if not news:
            return
        if types is not None:
            writes = now + _us(TYPES) if types else 0
        until = now + _us(VISITOR_GONE)
        try:
            self._store.seats.put(Seat(VISITOR, conversation, "", "here", until, writes))
        except StoreError as fault:
            log.warning("nobody sees that a visitor is there: %s", fault)

    def is_visited(self, conversation: int) -> bool:
        """Whether the visitor has their chat open."""
        return self._visitor(conversation) is not None

    def types(self, conversation: int) -> bool:
        """Whether the visitor is typing."""
        known = self._visitor(conversation)
        return known is not None and known.writes_until > to_us(self._store.clock.now())

    # ------------------------------------------------------------ what is told

    def _visitor(self, conversation: int) -> Seat | None:
        return next((one for one in self._at(conversation) if one.agent_id == VISITOR), None)

    def _at(self, place: int) -> list[Seat]:
        """Who is at this place now."""
        now = to_us(self._store.clock.now())
        return [one for one in self._seated().get(place, ()) if one.until > now]

    def _seated(self) -> Mapping[int, list[Seat]]:
        """Everybody by their place, read once and again when somebody told more."""
        try:
            pulse = self._store.seats.pulse()
            with self._lock:
                if pulse != self._pulse:
                    seats: dict[int, list[Seat]] = {}
                    for seat in self._store.seats.all():
                        seats.setdefault(seat.place, []).append(seat)
                    self._seats, self._pulse = seats, pulse
                return self._seats
        except StoreError as fault:
            log.warning("who is where cannot be shown: %s", fault)
            return {}


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _old(until: int, lasts: timedelta, now: int) -> bool:
    """Whether half of the time is over, so that it is to be told again."""
    return until - now < _us(lasts) // 2


def _fresh(known: Seat, place: int, doing: str, now: int) -> bool:
    return (known.place, known.doing) == (place, doing) and not _old(known.until, GONE, now)
