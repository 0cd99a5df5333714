"""A mail of ours came back: the row turns red, and a reply that did not arrive is ours again."""

from __future__ import annotations

from router.assemble import Router
from router.core import lifecycle
from router.joining import returned
from router.prepared import Prepared
from router.store import outbox, timeline
from router.store.batch import Batch, Draft
from router.store.promises import clocks

_REASON = 200
#: States in which a row that was tried may be out without our knowing.
_OPEN = ("sending", "unknown", "queued")


def settle(router: Router, batch: Batch, message: Prepared, draft: Draft) -> None:
    """Write down what a delivery report says about the mail of ours that it answers."""
    row, bounce = returned(batch, message), message.inbound.bounce
    if row is None or bounce is None or row.ticket_id != draft.id:
        return
    unit = batch.unit
    if bounce.status.startswith("2"):  # a report that it did arrive
        if row.state in _OPEN and outbox.found(unit, row.id, ""):
            timeline.note(unit, draft.id, "sent", purpose=row.purpose)
        return
    timeline.note(unit, draft.id, "bounced", recipient=row.handle, status=bounce.status or "–")
    if not bounce.permanent:
        return
    said = " ".join(bounce.reason.split())[:_REASON]
    outbox.came_back(unit, row.id, f"{bounce.status} {said}".strip() or "bounced")
    if row.state in ("sent", *_OPEN) and row.purpose == "reply":
        batch.touch(draft)
        draft.state, draft.closed_at = lifecycle.after(draft.state, "message_in"), None
        clocks.message_arrived(unit, draft, router.policies)
