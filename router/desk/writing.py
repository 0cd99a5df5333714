"""Writing to the requester and to colleagues."""

from __future__ import annotations

from typing import NamedTuple

from router.assemble import Router
from router.core import lifecycle, mentions
from router.core.rights import Who
from router.desk import copying
from router.desk.acting import Deed, act, do, take
from router.desk.changing import assign_in_hand, close_in_hand
from router.errors import Conflict, Invalid
from router.store import mentions as told
from router.store import outbox, people, tickets, timeline, writings
from router.store.batch import Draft
from router.store.promises import clocks
from router.store.unit import Unit
from router.writing import LONGEST, Letter, Written, body_of, keep, send


def reply(  # noqa: PLR0913  # one answer, and all that keeps it from going out wrongly
    router: Router,
    who: Who,
    ticket_id: int,
    letter: str | Letter,
    *,
    once: str,
    close: bool = False,
    seen: str = "",
) -> int:
    """Send an answer to the requester; the message's id. ``once`` makes a double click harmless.

    ``seen`` is the word of :func:`~router.store.tickets.heard` for what the writer had in front of
    them; when somebody wrote since, nothing is sent and Conflict ``overtaken`` says so.
    """
    body = body_of(router, letter)
    deed = Deed(who, "reply", ticket_id)

    def work(unit: Unit, draft: Draft) -> int:
        said = outbox.said_once(unit, f"reply:{once}")
        if said is not None:
            return int(said.message_id)
        if seen and seen != tickets.heard(unit, draft.id):
            raise Conflict("overtaken")
        out = reply_in_hand(router, unit, draft, who, body, once)
        deed.more.update(out._asdict())
        writings.forget(unit, who.id, draft.id, "reply")
        if close:
            close_in_hand(router, unit, draft, who)
        return out.message

    return do(router, deed, work)


class Out(NamedTuple):
    """An answer on its way: its message, its row of the outbox, and those of its copies."""

    message: int
    outbox: int
    copies: list[int]


def reply_in_hand(
    router: Router, unit: Unit, draft: Draft, who: Who, body: Written, once: str
) -> Out:
    """Put an answer into the outbox, take the ticket if nobody has, and let it wait for the
    requester."""
    state = lifecycle.after(draft.state, "reply")
    if draft.assignee_id is None:
        assign_in_hand(unit, draft, who, who.id)
    written = keep(unit, draft, who, body, "out", router)
    foot = copying.foot(draft.language, body.cc)
    row_id = send(router, unit, draft, written, body, f"reply:{once}", foot)
    rows = copying.copies(router, unit, draft, written, body, once)
    draft.state, draft.closed_at = state, None
    clocks.meet(unit, draft, clocks.ANSWERS)
    clocks.pause(unit, draft, router.policies)
    timeline.note(unit, draft.id, "replied", agent_id=who.id)
    if body.cc:
        timeline.note(unit, draft.id, "copied", agent_id=who.id, to=", ".join(body.cc))
    return Out(written, row_id, rows)


def tell(router: Router, unit: Unit, draft: Draft, who: Who, body: str, once: str) -> bool:
    """Put an answer that goes to many on one ticket in hand; False when it was put there before.

    Nobody takes the ticket by it. An urgent matter is not settled by what everybody is told: its
    promises run on and it stays where it stands in the list.
    """
    if outbox.said_once(unit, once) is not None:
        return False
    state = lifecycle.after(draft.state, "reply")
    told = Written(body)
    written = keep(unit, draft, who, told, "out", router)
    send(router, unit, draft, written, told, once)
    if draft.urgency != "P1":
        draft.state = state
        clocks.meet(unit, draft, clocks.ANSWERS)
        clocks.pause(unit, draft, router.policies)
    draft.updated_at = unit.now_us
    timeline.note(unit, draft.id, "replied", agent_id=who.id)
    return True


def note(router: Router, who: Who, ticket_id: int, text: str, *, once: str) -> int:
    """Write an internal note that no requester ever sees; the message's id. Whoever is named in it
    with an @ is told."""
    body = body_of(router, text)

    def work(unit: Unit, draft: Draft) -> int:
        key = f"note:{who.id}:{once}"
        known = tickets.answered(unit, key)
        if known:
            return int(known)
        written = keep(unit, draft, who, body, "note", router)
        tickets.answer(unit, key, str(written))
        timeline.note(unit, draft.id, "noted", agent_id=who.id)
        writings.forget(unit, who.id, draft.id, "note")
        _mention(unit, draft, who, written, body.text)
        return written

    return act(router, who, "note", ticket_id, work)


def _mention(unit: Unit, draft: Draft, who: Who, message_id: int, text: str) -> None:
    """Tell those who are named, as far as they may see the ticket."""
    if "@" not in text:
        return
    here = people.colleagues(unit, draft.team_id)
    for agent_id in mentions.named(text, {one.id: one.name for one in here}):
        if agent_id != who.id:
            told.name(unit, message_id, agent_id, draft.id)


def keep_draft(router: Router, who: Who, ticket_id: int, kind: str, text: str) -> None:
    """Keep what somebody has begun to write; an empty text is forgotten."""
    if kind not in writings.KINDS:
        raise Invalid("kind", "empty")

    def job(unit: Unit) -> None:
        take(unit, who, kind, ticket_id)
        writings.keep(unit, router.keys, who.id, ticket_id, kind, text[:LONGEST])

    router.store.write(job)
