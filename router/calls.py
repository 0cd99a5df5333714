"""What becomes of telephone calls: who was not heard is a ticket and is called back.

Reports of a call only change its row. What of it people must know is told here, as a message like
any other: masked, judged, joined to a ticket, exactly once. A call that was answered is a ticket
only when somebody notes something of it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from channels.contract import (
    Attachment,
    Call,
    Channel,
    ChannelError,
    FetchesMedia,
    KeepsCalls,
    Raw,
    Refused,
    Telling,
)
from router import pipeline
from router.assemble import Router
from router.core.calls import notes, untold
from router.core.clock import to_us
from router.core.masking import redact
from router.core.rights import Who, may
from router.errors import Conflict, Invalid, NotFound, StoreError
from router.prepared import Terms
from router.store import calls, timeline
from router.store.batch import load, write
from router.store.journal import Item, of_item
from router.store.pages import calls as pages_calls
from router.store.promises import clocks
from router.store.unit import Unit

log = logging.getLogger("router.calls")

#: Calls of one number within so long are one matter.
TOGETHER = timedelta(minutes=30)
_AT_ONCE = 50


def sweep(router: Router) -> int:
    """Tell of every call that has something untold; how many."""
    with router.store.reading() as unit:
        rows = calls.untold_rows(unit, _AT_ONCE)
    _tell_all(router, rows)
    return len(rows)


def _tell_all(router: Router, rows: Sequence[Any]) -> None:
    """Whatever one of them raises is raised when the others are told."""
    for place, row in enumerate(rows):
        try:
            tell(router, row)
        except NotFound:  # its channel was taken out of the program
            log.warning("nothing can be told of the call %s any more", row.id)
        except StoreError:
            raise
        except Exception:
            _tell_all(router, rows[place + 1 :])
            raise


def keeper(router: Router) -> KeepsCalls | None:
    """The first door that keeps calls, for those that people write down; None when there is
    none."""
    for place in router.doors:
        door = router.doors.open(*place)
        if isinstance(door, KeepsCalls):
            return door
    return None


def tell(router: Router, row: Any) -> pipeline.Taken | None:
    """Say what is untold of one call; what became of the message, or None when there was none."""
    call, known = calls.of_row(row), row.told.split()
    words = untold(call, known)
    if not words:
        router.store.write(partial(_called_out, row=row, call=call))
        return None
    door = router.doors.reader(row.channel, row.account)
    if not isinstance(door, KeepsCalls) or not isinstance(door, Channel):
        raise NotFound(f"{row.channel} keeps no calls any more")
    said = [call.transcript] if "transcript" in words else []
    noted = any(one.startswith(("note-", "wrap-")) for one in words)
    said += [text for one, text in notes(call).items() if one in words]
    with router.store.reading() as unit:
        since = to_us(router.clock.now() - TOGETHER)
        before = row if known else calls.just_missed(unit, row, since)
    answers = "" if before is None else _message_id(door, before)
    telling = Telling(call, len(known), "\n".join(filter(None, said)), answers)
    data = door.document(telling)
    raw = Raw(door.identify(data), data, received_at=router.clock.now())
    item = Item(row.channel, row.account, raw.remote_id)
    by_hand = row.noted_by is not None
    terms = Terms(noted=noted and (by_hand or "call" not in words), agent_id=row.noted_by)
    done = partial(_done, row=row, item=item, words=words)
    taken = pipeline.receive(router, door, [raw], terms, also=done)
    return taken[0] if taken else None


def _message_id(door: Channel, row: Any) -> str:
    """The id that the messages about a call that was told before have in common."""
    assert isinstance(door, KeepsCalls)  # noqa: S101  # asked by the caller
    data = door.document(Telling(calls.of_row(row), 0))
    return door.parse(Raw(door.identify(data), data))[0].message_id


def _done(unit: Unit, row: Any, item: Item, words: Sequence[str]) -> None:
    """Committed with the message: it is said, and whoever was not heard is called back. Where two
    tell of one call at the same time the later has told nothing; what is left is told next."""
    told = of_item(unit, item)
    ticket_id = told.ticket_id if told is not None else None
    if not calls.told(unit, row, words, ticket_id) or ticket_id is None:
        return
    if "call" in words and row.number:
        calls.ask_back(unit, ticket_id, row.id)
    if row.outcome == "answered" and "call" not in words:
        _spoken(unit, ticket_id)


def _spoken(unit: Unit, ticket_id: int, code: str = "", **params: Any) -> None:
    """A person has spoken with the requester: the answer that was promised is given."""
    draft = load(unit, [ticket_id]).get(ticket_id)
    if draft is None or draft.state == "closed":
        return
    clocks.meet(unit, draft, clocks.ANSWERS)
    if draft.state == "new":
        draft.state = "open"
    if code:
        timeline.note(unit, ticket_id, code, **params)
    draft.updated_at = unit.now_us
    write(unit, [draft])


def _called_out(unit: Unit, row: Any, call: Call) -> None:
    """A call of ours to people who wait for one."""
    if not calls.told(unit, row, [] if call.inbound else ["out"], None) or call.inbound:
        return
    reached = call.outcome == "answered"
    for ticket_id in calls.waiting_for(unit, call.number):
        if not calls.tried(unit, ticket_id, reached=reached):
            continue
        if reached:
            _spoken(unit, ticket_id, "called_back", agent=call.agent)
        else:
            timeline.note(unit, ticket_id, "call_back_tried", agent=call.agent)


def forget(router: Router) -> int:
    """Forget links to recordings whose time is over; how many."""
    done = 0
    for place in router.doors:
        days = getattr(router.doors.options(*place), "recording_days", 0)
        if days:
            before = to_us(router.clock.now() - timedelta(days=days))
            work = partial(calls.forget_recordings, channel=place[0], account=place[1])
            done += router.store.write(partial(work, before_us=before), bulk=True)
    return done


# ---------------------------------------------------------------- what people do


#: How a call may have ended that somebody writes down.
BY_HAND = ("answered", "missed", "voicemail")
_LONGEST_NOTE, _LONGEST_WRAP_UP = 10_000, 60


@dataclass(frozen=True, slots=True)
class ByHand:
    """What an agent writes down: of a call that is known (``call_id``), or of one nobody told."""

    number: str
    note: str
    outcome: str = "answered"
    inbound: bool = True
    wrap_up: str = ""
    call_id: int = 0


def write_down(router: Router, who: Who, told: ByHand, *, once: str) -> str:
    """Note a call; the number of its ticket, or nothing where the writer may not see that.

    Raises Invalid for a note, number or outcome that cannot be, NotFound, and Conflict
    ``no_telephone`` where the desk has no telephone.
    """
    note = told.note.replace("\r\n", "\n").strip()
    if not note or len(note) > _LONGEST_NOTE:
        raise Invalid("note", "too_long" if note else "empty", limit=str(_LONGEST_NOTE))
    if told.call_id:
        row_id = _noted(router, who, told, note)
    else:
        row_id = _by_hand(router, who, told, note, once)
    with router.store.reading() as unit:
        row = calls.find(unit, row_id)
    taken = tell(router, row) if row.due else None
    with router.store.reading() as unit:
        ticket_id = taken.ticket_id if taken is not None else calls.find(unit, row_id).ticket_id
        draft = load(unit, [ticket_id]).get(ticket_id) if ticket_id else None
    return draft.number if draft is not None and may(who, "view", draft.team_id) else ""


def _noted(router: Router, who: Who, told: ByHand, note: str) -> int:
    def work(unit: Unit) -> int:
        row = pages_calls.visible(unit, told.call_id, who)
        if row is None:
            raise NotFound("there is no such call among yours")
        wrap_up = _mask(told.wrap_up)[:_LONGEST_WRAP_UP]
        news = replace(calls.of_row(row), note=_mask(note), wrap_up=wrap_up)
        calls.hear(unit, row.channel, row.account, news)
        calls.by(unit, row.id, who.id)
        timeline.audit(unit, f"agent:{who.id}", "call.noted", f"call:{row.id}")
        return int(row.id)

    return router.store.write(work)


def _by_hand(router: Router, who: Who, told: ByHand, note: str, once: str) -> int:
    door = keeper(router)
    if door is None or not isinstance(door, Channel):
        raise Conflict("no_telephone")
    number = door.spelled(told.number)
    if told.number.strip() and not number.startswith("+"):
        raise Invalid("number", "bad_phone")
    if told.outcome not in BY_HAND:
        raise Invalid("outcome", "unknown_outcome")
    now = router.clock.now()
    call = Call(
        id=f"hand-{who.id}-{once}"[:100],
        stage=2,
        inbound=told.inbound,
        number=number,
        agent=who.name,
        outcome=told.outcome,
        started_at=now,
        answered_at=now if told.outcome == "answered" else None,
        ended_at=now,
        note=_mask(note),
        wrap_up=_mask(told.wrap_up)[:_LONGEST_WRAP_UP],
    )

    def work(unit: Unit) -> int:
        row_id = calls.hear(unit, door.kind, door.account, call)
        unit.flush()
        calls.by(unit, row_id, who.id)
        timeline.audit(unit, f"agent:{who.id}", "call.noted", f"call:{row_id}")
        return row_id

    return router.store.write(work)


def _mask(text: str) -> str:
    return redact.mask(text).text


def called(router: Router, who: Who, ticket_id: int, *, reached: bool) -> None:
    """Somebody called back. Raises Conflict ``nobody_waits`` when that is done already."""

    def work(unit: Unit) -> None:
        draft = load(unit, [ticket_id]).get(ticket_id)
        if draft is None or not may(who, "view", draft.team_id):
            raise NotFound("there is no such ticket among yours")
        if not calls.tried(unit, ticket_id, reached=reached, agent_id=who.id):
            raise Conflict("nobody_waits")
        if reached:
            _spoken(unit, ticket_id, "called_back", agent_id=who.id)
        else:
            timeline.note(unit, ticket_id, "call_back_tried", agent_id=who.id)
            draft.updated_at = unit.now_us
            write(unit, [draft])
        timeline.audit(unit, f"agent:{who.id}", "call.back", f"ticket:{ticket_id}")

    router.store.write(work)


def _looked_at(router: Router, who: Who, call_id: int, what: str) -> Any:
    """A call somebody may see; that they looked is written down."""

    def work(unit: Unit) -> Any:
        row = pages_calls.visible(unit, call_id, who)
        if row is None:
            raise NotFound("there is no such call among yours")
        timeline.audit(unit, f"agent:{who.id}", what, f"call:{call_id}")
        return row

    return router.store.write(work)


def reveal(router: Router, who: Who, call_id: int) -> str:
    """The whole number of a call; raises NotFound."""
    return str(_looked_at(router, who, call_id, "number.revealed").number)


def reveal_of(router: Router, who: Who, ticket_id: int) -> None:
    """Somebody looks at the whole numbers of a ticket's requester: it is written down."""
    subject = f"ticket:{ticket_id}"
    router.store.write(
        lambda unit: timeline.audit(unit, f"agent:{who.id}", "number.revealed", subject)
    )


def recording(router: Router, who: Who, call_id: int) -> Attachment:
    """The recording of a call; raises NotFound, or what the door raises."""
    row = _looked_at(router, who, call_id, "recording.heard")
    door = router.doors.open(row.channel, row.account)
    if not row.recording or not isinstance(door, FetchesMedia):
        raise NotFound("this call was not recorded")
    return door.fetch(row.recording)


def is_gone(fault: ChannelError) -> bool:
    """Whether what was asked for will never come."""
    return isinstance(fault, Refused)
