"""The same change to many tickets, and a macro: several changes to one; either is one commit and is
taken back as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from router.assemble import Router
from router.core import lifecycle
from router.core.rights import Who, may
from router.desk import changing, rejecting
from router.desk.acting import Deed, do, perform
from router.desk.writing import reply_in_hand
from router.errors import Conflict, Invalid, NotAllowed, NotFound
from router.store import outbox, tickets
from router.store.batch import Draft
from router.store.unit import Unit
from router.writing import body_of

#: At most so many tickets are changed at once.
MOST = 200
Change = Callable[[Unit, Draft], None]
_RIGHTS = {
    "assign": "assign",
    "team": "move_team",
    "tag": "tag",
    "category": "categorise",
    "urgency": "categorise",
    "close": "close",
    "snooze": "snooze",
    "untag": "tag",
    "reopen": "reopen",
    "spam": "spam",
}
CHANGES = tuple(_RIGHTS)


def change(router: Router, who: Who, what: str, value: Any) -> Change:
    """One of :data:`CHANGES` as work on a ticket in hand. ``value`` is an id, a word, or when a
    ticket wakes in microseconds."""

    def work(unit: Unit, draft: Draft) -> None:
        if what == "assign":
            changing.assign_in_hand(unit, draft, who, value)
        elif what == "team":
            changing.hand_over(router, unit, draft, who, value)
        elif what == "tag":
            changing.tag_in_hand(unit, draft, who, value)
        else:
            _other(router, unit, draft, who, what, value)

    return work


def _other(
    router: Router, unit: Unit, draft: Draft, who: Who, what: str, value: Any
) -> None:  # a ticket in hand
    if what == "category":
        changing.categorise(router, unit, draft, who, value)
    elif what == "urgency":
        changing.urge(router, unit, draft, who, value)
    elif what == "snooze":
        changing.snooze_in_hand(unit, draft, who, value)
    elif what == "untag":
        changing.untag_in_hand(unit, draft, who, value)
    elif what == "reopen":
        changing.reopen_in_hand(router, unit, draft, who)
    elif what == "spam":
        rejecting.spam_in_hand(unit, draft, who)
    else:
        lifecycle.after(draft.state, "close")
        changing.close_in_hand(router, unit, draft, who)


def bulk(
    router: Router,
    who: Who,
    ticket_ids: Sequence[int],
    what: str,
    value: Any,
    tagged: tuple[str, str] | None = None,
) -> tuple[int, int]:
    """Change many tickets; (the batch to take back, how many were changed). ``tagged`` is a tag
    that goes on or off with it. Tickets that are not this person's, or whose state forbids any of
    it, are left as they are."""
    changes = _checked((what, value), *([tagged] if tagged else ()))
    if len(ticket_ids) > MOST:
        raise Invalid("ticket", "too_many_tickets")
    works = [change(router, who, *one) for one in changes]

    def work(unit: Unit, draft: Draft) -> None:
        if not all(may(who, _RIGHTS[one], draft.team_id) for one, _ in changes):
            raise NotAllowed(f"a person with the role {who.role} may not do all of this here")
        for one in works:  # what may be refused comes first: a tag never is
            one(unit, draft)

    def job(unit: Unit) -> tuple[int, int]:
        batch, done = unit.new_id(), 0
        for ticket_id in sorted(set(ticket_ids)):
            deed = Deed(who, _RIGHTS[what], ticket_id, verb=what, batch=batch)
            try:
                perform(unit, deed, work)
            except (NotFound, NotAllowed, Conflict):
                continue  # nothing of it was written yet; the count says so
            done += 1
        return batch, done

    return router.store.write(job)


def _checked(*changes: tuple[str, Any]) -> list[tuple[str, Any]]:
    if any(what not in _RIGHTS for what, _ in changes):
        raise Invalid("what", "unknown_change")
    return [
        (what, changing.tag_word(value) if what in ("tag", "untag") else value)
        for what, value in changes
    ]


@dataclass(frozen=True, slots=True)
class Doing:
    """What a macro does to a ticket: a text to send (or none), then changes in this order."""

    name: str
    text: str = ""
    changes: tuple[tuple[str, Any], ...] = ()


def run_macro(
    router: Router, who: Who, ticket_id: int, doing: Doing, *, once: str, seen: str = ""
) -> None:
    """Answer, tag and move a ticket in one go. What arrived since ``seen`` stops it, as it stops a
    reply."""
    body = body_of(router, doing.text) if doing.text else None
    works = [change(router, who, what, value) for what, value in doing.changes]
    deed = Deed(who, "macro", ticket_id)

    def work(unit: Unit, draft: Draft) -> None:
        key = f"macro:{who.id}:{once}"
        if tickets.answered(unit, key) or outbox.said_once(unit, f"reply:{once}") is not None:
            return
        tickets.answer(unit, key, doing.name)
        if body is not None:
            if seen and seen != tickets.heard(unit, draft.id):
                raise Conflict("overtaken")
            out = reply_in_hand(router, unit, draft, who, body, once)
            deed.more.update(out._asdict())
        for one in works:
            one(unit, draft)

    do(router, deed, work)
