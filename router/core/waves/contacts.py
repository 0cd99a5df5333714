"""Whether somebody who writes has just written about something else, perhaps on another channel.

A person is known by their requester, and by every address and number they gave. Whoever writes on
more tickets than a frightened person would is a machine that passes others' messages on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from router.core.identity import normalise
from router.core.waves.traces import number_of

#: On more tickets than this within the time nobody is called a repeat contact any more.
MOST = 6


@dataclass(slots=True)
class _Last:
    ticket: int
    at: int
    tickets: int = 1


class Contacts:
    """Who wrote on which ticket within the last ``span_us`` microseconds; none asks for nothing."""

    def __init__(self, span_us: int) -> None:
        self._span = span_us
        self._last: dict[str, _Last] = {}

    def __len__(self) -> int:
        return len(self._last)

    def wrote(self, keys: Iterable[str], ticket: int, at: int) -> int:
        """Somebody wrote on a ticket; the other one they wrote on before, or 0."""
        if not self._span:
            return 0
        self._forget(at - self._span)
        before = [self._wrote(key, ticket, at) for key in dict.fromkeys(keys)]
        found = [one for one in before if one is not None]
        if not found or any(one.tickets >= MOST for one in found):
            return 0
        return max(found, key=lambda one: one.at).ticket

    def _wrote(self, key: str, ticket: int, at: int) -> _Last | None:
        """Note it under one key; what was noted there of another ticket."""
        last = self._last.pop(key, None)
        other = last if last is not None and last.ticket != ticket else None
        tickets = 1 if last is None else last.tickets + (last.ticket != ticket)
        self._last[key] = _Last(ticket, at, tickets)
        return other

    def _forget(self, before: int) -> None:
        while self._last:
            key = next(iter(self._last))
            if self._last[key].at >= before:
                return
            del self._last[key]


def keys_of(
    requester: int, kind: str, value: str, given: Iterable[tuple[str, str]]
) -> tuple[str, ...]:
    """What a sender is known by: themselves, their handle, the addresses and numbers they gave."""
    if value == "unknown":
        return ()
    handles = [(kind, value), *given]
    return (
        f"requester:{requester}",
        *(f"{kind}:{one}" for kind, text in handles if (one := _one_spelling(kind, text))),
    )


def _one_spelling(kind: str, value: str) -> str:
    if kind == "phone":
        return number_of(normalise(kind, value))
    return normalise(kind, value) if kind == "email" else value.strip()
