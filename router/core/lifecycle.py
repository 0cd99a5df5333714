"""The states of a ticket, the moves between them, and its place in the list.

new ──▶ open ◀──▶ waiting        every state but closed may be closed or snoozed;
         ▲ ▲                      what a requester writes wakes and reopens
snoozed ─┘ └─ closed
"""

from __future__ import annotations

from collections.abc import Mapping

from router.errors import Conflict

#: 0 while a person may have to act, 1 while the ticket waits or sleeps, 2 when it is closed.
STANDING: Mapping[str, int] = {"new": 0, "open": 0, "waiting": 1, "snoozed": 1, "closed": 2}

_AFTER: Mapping[str, Mapping[str, str]] = {
    "message_in": {
        "new": "new",
        "open": "open",
        "waiting": "open",
        "snoozed": "open",
        "closed": "open",
    },
    "reply": {"new": "waiting", "open": "waiting", "waiting": "waiting", "snoozed": "waiting"},
    "close": {"new": "closed", "open": "closed", "waiting": "closed", "snoozed": "closed"},
    "reopen": {"closed": "open"},
    "snooze": {"new": "snoozed", "open": "snoozed", "waiting": "snoozed", "snoozed": "snoozed"},
    "wake": {"snoozed": "open"},
    "wait": {"new": "waiting", "open": "waiting", "waiting": "waiting", "snoozed": "waiting"},
    "go_on": {"new": "new", "open": "open", "waiting": "open", "snoozed": "open"},
}

_URGENCY: Mapping[str, int] = {"P1": 0, "P2": 1, "P3": 2, "P4": 3}
URGENCIES = tuple(_URGENCY)
_BAND = 58
_NEVER = (1 << _BAND) - 1


def after(state: str, event: str) -> str:
    """The state that follows; raises Conflict where the event has no business in this state."""
    following = _AFTER[event].get(state)
    if following is None:
        raise Conflict("illegal_move", state=state, event=event)
    return following


def rank(security: bool, urgency: str, unsorted: bool, due_at_us: int | None) -> int:  # noqa: FBT001  # a ticket's columns
    """A ticket's place in the list, smaller is nearer the top; fits a signed 64-bit column.

    Security first, by urgency; then what nobody could sort, because it may be anything; then the
    rest by urgency. Among equals the promise that breaks first, and what has no promise last.
    """
    band = _URGENCY[urgency]
    if not security:
        band = 4 if unsorted else 5 + band
    moment = _NEVER if due_at_us is None else min(max(due_at_us, 0), _NEVER)
    return band << _BAND | moment


def shelf(closed_at_us: int) -> int:
    """A closed ticket's place among the closed: what was closed last stands first."""
    return _NEVER - min(max(closed_at_us, 0), _NEVER)
