"""What an agent does with a ticket. Each verb is one commit, checks the agent's rights, moves the
clocks, and leaves an entry on the timeline and a line in the audit log.

A verb raises NotFound for a ticket that is not the agent's to see, NotAllowed for an act that is
not the agent's to do, Conflict for a move the ticket's state forbids, Invalid for bad input.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from router.assemble import NO_DOMAIN, Router
from router.core import lifecycle, redact
from router.core.redact import Kept
from router.core.references import message_id
from router.core.rights import Who, may
from router.errors import Conflict, Invalid, NotAllowed, NotFound
from router.store import clocks, feedback, outbox, search, tickets, timeline
from router.store import tables as t
from router.store.batch import Draft, load, write
from router.store.unit import Unit
from rules.contract import Urgency

T = TypeVar("T")

_LONGEST = 50_000


class Written(NamedTuple):
    """What an agent wrote, masked, and what is kept of each secret that was in it."""

    text: str
    kept: tuple[Kept, ...] = ()


_TAG = re.compile(r"[\w][\w:.-]{0,39}")


def _act(
    router: Router, who: Who, action: str, ticket_id: int, work: Callable[[Unit, Draft], T]
) -> T:
    """Load the ticket, check the right, do the work, write what changed: one commit."""

    def job(unit: Unit) -> T:
        draft = load(unit, [ticket_id]).get(ticket_id)
        if draft is None or not may(who, "view", draft.team_id):
            raise NotFound("there is no such ticket among yours")
        if not may(who, action, draft.team_id):
            raise NotAllowed(f"a person with the role {who.role} may not {action} here")
        result = work(unit, draft)
        draft.updated_at = unit.now_us
        write(unit, [draft])
        timeline.audit(unit, f"agent:{who.id}", f"ticket.{action}", f"ticket:{ticket_id}")
        return result

    return router.store.write(job)


# ---------------------------------------------------------------- writing


def reply(
    router: Router, who: Who, ticket_id: int, text: str, *, once: str, close: bool = False
) -> int:
    """Send an answer to the requester; the message's id. ``once`` makes a double click harmless."""
    body = _body(router, text)

    def work(unit: Unit, draft: Draft) -> int:
        said = outbox.said_once(unit, f"reply:{once}")
        if said is not None:
            return int(said.message_id)
        state = lifecycle.after(draft.state, "reply")
        if draft.assignee_id is None:
            _assign(unit, draft, who, who.id)
        written = _write(unit, draft, who, body, "out", router)
        _send(router, unit, draft, written, body.text, f"reply:{once}")
        draft.state, draft.closed_at = state, None
        clocks.meet(unit, draft, clocks.ANSWERS)
        clocks.pause(unit, draft, router.policies)
        timeline.note(unit, draft.id, "replied", agent_id=who.id)
        if close:
            _close(unit, draft, who)
        return written

    return _act(router, who, "reply", ticket_id, work)


def tell(router: Router, unit: Unit, draft: Draft, who: Who, body: str, once: str) -> bool:
    """Put an answer that goes to many on one ticket in hand; False when it was put there before.

    Nobody takes the ticket by it. An urgent matter is not settled by what everybody is told: its
    promises run on and it stays where it stands in the list.
    """
    if outbox.said_once(unit, once) is not None:
        return False
    state = lifecycle.after(draft.state, "reply")
    _send(router, unit, draft, _write(unit, draft, who, Written(body), "out", router), body, once)
    if draft.urgency != "P1":
        draft.state = state
        clocks.meet(unit, draft, clocks.ANSWERS)
        clocks.pause(unit, draft, router.policies)
    draft.updated_at = unit.now_us
    timeline.note(unit, draft.id, "replied", agent_id=who.id)
    return True


def note(router: Router, who: Who, ticket_id: int, text: str, *, once: str) -> int:
    """Write an internal note that no requester ever sees; the message's id."""
    body = _body(router, text)

    def work(unit: Unit, draft: Draft) -> int:
        key = f"note:{who.id}:{once}"
        known = tickets.answered(unit, key)
        if known:
            return int(known)
        written = _write(unit, draft, who, body, "note", router)
        tickets.answer(unit, key, str(written))
        timeline.note(unit, draft.id, "noted", agent_id=who.id)
        return written

    return _act(router, who, "note", ticket_id, work)


def _body(router: Router, text: str) -> Written:
    body = text.replace("\r\n", "\n").strip()
    if not body:
        raise Invalid("text", "empty")
    if len(body) > _LONGEST:
        raise Invalid("text", "too_long", limit=str(_LONGEST))
    masked, kept = redact.examine(body, router.keys.fingerprint)
    return Written(masked.text, kept)


def _write(
    unit: Unit, draft: Draft, who: Who, body: Written, direction: str, router: Router
) -> int:
    kinds = list(dict.fromkeys(one.kind for one in body.kept))
    written = unit.new_id()
    unit.put(
        t.Message,
        id=written,
        ticket_id=draft.id,
        direction=direction,
        channel=draft.channel,
        account=draft.account,
        agent_id=who.id,
        text=body.text,
        language=draft.language,
        masked=" ".join(kinds),
        size=len(body.text),
        arrived_at=unit.now_us,
        seen_at=unit.now_us,
    )
    unit.flush()
    for one in body.kept:
        unit.put(
            t.MaskedSecret,
            id=unit.new_id(),
            message_id=written,
            kind=one.kind,
            part="text",
            length=one.length,
            fingerprint=one.fingerprint,
        )
    if kinds:
        timeline.note(unit, draft.id, "masked", agent_id=who.id, kinds=kinds)
    entry = search.prepare(body.text, router.settings.intake.search_characters)
    search.add(unit, [(written, entry)])
    draft.messages += 1
    return written


def _send(router: Router, unit: Unit, draft: Draft, written: int, body: str, once: str) -> None:
    kind = tickets.handle_kind(unit, draft.identity_id)
    speaker = router.doors.speaker(kind, draft.channel, draft.account)
    reply_to = ""
    if speaker is not None:
        door = router.doors.open(*speaker)
        reply_to = door.reply_address(router.tokens.reply_token(draft.id))
    own_id = message_id(
        f"{written:x}.{draft.number.lower()}", reply_to.rpartition("@")[2] or NO_DOMAIN
    )
    outbox.queue(
        unit,
        ticket_id=draft.id,
        message_id=written,
        purpose="reply",
        once=once,
        channel=speaker[0] if speaker else "",
        account=speaker[1] if speaker else "",
        identity_id=draft.identity_id,
        subject=_subject(draft.subject),
        text=body,
        rfc_id=own_id,
        reply_to=reply_to,
        thread_ids=" ".join(tickets.chain(unit, draft.id)),
        language=draft.language,
        state="queued" if speaker else "held",
        reason="" if speaker else "no_channel",
        due_at=unit.now_us + router.settings.deliver.undo_seconds * 1_000_000,
    )


def _subject(subject: str) -> str:
    if re.match(r"(re|回复|答复)\s*[:：]", subject, re.IGNORECASE):  # full width
        return subject
    return f"Re: {subject}".strip()


# ---------------------------------------------------------------- whose and what


def assign(router: Router, who: Who, ticket_id: int, assignee_id: int | None) -> None:
    """Give the ticket to an agent, or to nobody."""

    def work(unit: Unit, draft: Draft) -> None:
        if assignee_id is not None and tickets.agent_name(unit, assignee_id) is None:
            raise Invalid("assignee", "unknown_agent")
        _assign(unit, draft, who, assignee_id)

    _act(router, who, "assign", ticket_id, work)


def _assign(unit: Unit, draft: Draft, who: Who, assignee_id: int | None) -> None:
    if draft.assignee_id == assignee_id:
        return
    draft.assignee_id = assignee_id
    if assignee_id is None:
        timeline.note(unit, draft.id, "unassigned", agent_id=who.id)
        return
    name = tickets.agent_name(unit, assignee_id)
    timeline.note(unit, draft.id, "assigned", agent_id=who.id, agent=name)


def move_team(router: Router, who: Who, ticket_id: int, team_id: int) -> None:
    """Hand the ticket to another team; its assignee is let go."""

    def work(unit: Unit, draft: Draft) -> None:
        key = tickets.team_key(unit, team_id)
        if key is None:
            raise Invalid("team", "unknown_team")
        if team_id == draft.team_id:
            return
        draft.team_id, draft.assignee_id = team_id, None
        timeline.note(unit, draft.id, "team", agent_id=who.id, team=key)

    _act(router, who, "move_team", ticket_id, work)


def tag(router: Router, who: Who, ticket_id: int, tag: str) -> None:
    """Put a tag on the ticket."""
    word = tag.strip().lower().replace(" ", "-")
    if not _TAG.fullmatch(word):
        raise Invalid("tag", "bad_tag")

    def work(unit: Unit, draft: Draft) -> None:
        if tickets.tag(unit, draft.id, word):
            timeline.note(unit, draft.id, "tagged", agent_id=who.id, tag=word)

    _act(router, who, "tag", ticket_id, work)


def untag(router: Router, who: Who, ticket_id: int, tag: str) -> None:
    """Take a tag off the ticket."""

    def work(unit: Unit, draft: Draft) -> None:
        if tickets.untag(unit, draft.id, tag):
            timeline.note(unit, draft.id, "untagged", agent_id=who.id, tag=tag)

    _act(router, who, "tag", ticket_id, work)


def set_category(router: Router, who: Who, ticket_id: int, category: str) -> None:
    """Correct what the ticket is about; a person's word may also take a ticket out of security."""
    if category not in router.rules.categories:
        raise Invalid("category", "unknown_category")

    def work(unit: Unit, draft: Draft) -> None:
        if category == draft.category:
            return
        old, draft.category = draft.category, category
        draft.security = category.startswith("security.")
        feedback.keep(unit, draft.id, who.id, "category", old, category)
        timeline.note(unit, draft.id, "category", agent_id=who.id, old=old, new=category)

    _act(router, who, "categorise", ticket_id, work)


def set_urgency(router: Router, who: Who, ticket_id: int, urgency: str) -> None:
    """Correct how soon a person must see it; open promises are counted anew."""
    if urgency not in set(Urgency):
        raise Invalid("urgency", "unknown_urgency")

    def work(unit: Unit, draft: Draft) -> None:
        if urgency == draft.urgency:
            return
        old, draft.urgency = draft.urgency, urgency
        clocks.retarget(unit, draft, router.policies)
        feedback.keep(unit, draft.id, who.id, "urgency", old, urgency)
        timeline.note(unit, draft.id, "urgency", agent_id=who.id, old=old, new=urgency)

    _act(router, who, "categorise", ticket_id, work)


# ---------------------------------------------------------------- open and closed


def close(router: Router, who: Who, ticket_id: int) -> None:
    """The matter is settled: every promise on it is met."""

    def work(unit: Unit, draft: Draft) -> None:
        _close(unit, draft, who)

    _act(router, who, "close", ticket_id, work)


def _close(unit: Unit, draft: Draft, who: Who) -> None:
    draft.state = lifecycle.after(draft.state, "close")
    draft.closed_at = unit.now_us
    draft.parked = False
    clocks.meet(unit, draft, (*clocks.ANSWERS, "resolution"))
    timeline.note(unit, draft.id, "closed", agent_id=who.id)


def reopen(router: Router, who: Who, ticket_id: int) -> None:
    """The matter is not settled after all."""

    def work(unit: Unit, draft: Draft) -> None:
        draft.state = lifecycle.after(draft.state, "reopen")
        draft.closed_at = None
        clocks.message_arrived(unit, draft, router.policies)
        timeline.note(unit, draft.id, "reopened", agent_id=who.id)

    _act(router, who, "reopen", ticket_id, work)


# ---------------------------------------------------------------- the outbox


def retry_outbox(router: Router, who: Who, outbox_id: int) -> None:
    """Send a held, failed or unknown row after all."""
    _decide_row(router, who, outbox_id, ("held", "failed", "unknown"), "queued")


def cancel_outbox(router: Router, who: Who, outbox_id: int) -> None:
    """Do not send this row any more."""
    _decide_row(router, who, outbox_id, ("queued", "held", "failed", "unknown"), "cancelled")


def _decide_row(router: Router, who: Who, outbox_id: int, old: tuple[str, ...], new: str) -> None:
    with router.store.reading() as unit:
        row = outbox.find(unit, outbox_id)
    if row is None:
        raise NotFound("there is no such row in the outbox")

    def work(unit: Unit, draft: Draft) -> None:
        if new == "queued":
            _find_way(router, unit, draft, row)
        if not outbox.move(unit, outbox_id, old, new):
            raise Conflict("outbox_moved_on")
        timeline.note(
            unit, draft.id, f"outbox_{new}", agent_id=who.id, purpose=row.purpose, old=row.state
        )

    _act(router, who, "retry", row.ticket_id, work)


def _find_way(router: Router, unit: Unit, draft: Draft, row: Any) -> None:
    """A row held for want of a channel gets one when there is one now."""
    if row.channel:
        return
    kind = tickets.handle_kind(unit, draft.identity_id)
    speaker = router.doors.speaker(kind, draft.channel, draft.account)
    if speaker is None:
        raise Conflict("no_channel")
    door = router.doors.open(*speaker)
    outbox.route(
        unit,
        row.id,
        channel=speaker[0],
        account=speaker[1],
        reply_to=door.reply_address(router.tokens.reply_token(draft.id)),
    )
