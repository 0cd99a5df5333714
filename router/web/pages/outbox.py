"""The outbox: what we want sent, what became of it, and what a person must decide."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import desk
from router.store import pages
from router.web.rights import allowed, here

blueprint = Blueprint("outbox", __name__)


@blueprint.get("/outbox")
@allowed("see_outbox")
def outbox() -> str:
    """The newest rows, of one state or of all."""
    state = request.args.get("state", "")
    state = state if state in pages.OUTBOX_STATES else ""
    with here().store.reading() as unit:
        page = pages.outbox_rows(unit, g.who, request.args.get("cursor") or None, state)
        restored = len(pages.held_since_restored(unit, g.who)) if state == "held" else 0
    return render_template(
        "outbox/outbox.html",
        restored=restored,
        rows=page.rows,
        next=page.next,
        state=state,
        states=pages.OUTBOX_STATES,
    )


@blueprint.post("/outbox/<int:row_id>/retry")
@allowed("retry")
def retry(row_id: int) -> Response:
    """Send it after all."""
    desk.retry_outbox(here(), g.who, row_id)
    return _back()


@blueprint.post("/outbox/<int:row_id>/cancel")
@allowed("retry")
def cancel(row_id: int) -> Response:
    """Do not send it any more."""
    desk.cancel_outbox(here(), g.who, row_id)
    return _back()


@blueprint.post("/outbox/restored")
@allowed("retry")
def restored() -> Response:
    """Send, or drop, all that is held since the desk was restored."""
    desk.release_restored(here(), g.who, send=request.form.get("act") == "send")
    return redirect(url_for("outbox.outbox", state="held"), 303)


def _back() -> Response:
    state, cursor = request.args.get("state"), request.args.get("cursor")
    return redirect(url_for("outbox.outbox", state=state or None, cursor=cursor or None), 303)
