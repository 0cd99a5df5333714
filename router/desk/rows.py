"""What a person decides about rows of the outbox."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from router.assemble import Router
from router.core.rights import Who
from router.desk.acting import act
from router.errors import Conflict, NotAllowed, NotFound
from router.store import outbox, pages, tickets, timeline
from router.store.batch import Draft
from router.store.unit import Unit


def retry_outbox(router: Router, who: Who, outbox_id: int) -> None:
    """Send a held, failed or unknown row after all."""
    _decide_row(router, who, outbox_id, ("held", "failed", "unknown"), "queued")


def release_restored(router: Router, who: Who, *, send: bool) -> int:
    """Send, or drop, all rows that are held since the desk was restored, as far as this agent may;
    how many. One that cannot go, or that somebody else decides meanwhile, stays."""
    with router.store.reading() as unit:
        ids = pages.held_since_restored(unit, who)
    done = 0
    for row_id in ids:
        with suppress(Conflict, NotAllowed, NotFound):
            (retry_outbox if send else cancel_outbox)(router, who, row_id)
            done += 1
    return done


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
            if router.doors.made_up(draft.channel, draft.account):
                raise Conflict("made_up")
            _find_way(router, unit, draft, row)
        if not outbox.move(unit, outbox_id, old, new):
            raise Conflict("outbox_moved_on")
        timeline.note(
            unit, draft.id, f"outbox_{new}", agent_id=who.id, purpose=row.purpose, old=row.state
        )

    act(router, who, "retry", row.ticket_id, work)


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
