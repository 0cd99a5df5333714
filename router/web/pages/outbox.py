"""The outbox: what we want sent, what became of it, and what a person must decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import desk
from router.assemble import Router
from router.core.rights import Who
from router.errors import Conflict
from router.store import pages
from router.web.faults import sentence, status_of
from router.web.rights import allowed, here

blueprint = Blueprint("outbox", __name__)


@blueprint.get("/outbox")
@allowed("see_outbox")
def outbox() -> str:
    """The newest rows, of one state or of all."""
    return _page()


def _page(refused: str = "", about: int = 0) -> str:
    """``refused`` says why nothing was done ``about`` a row."""
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
        refused=refused,
        about=about or request.args.get("about", 0, int),
        done=request.args.get("done", ""),
    )


@blueprint.post("/outbox/<int:row_id>/retry")
@allowed("retry")
def retry(row_id: int) -> Response:
    """Send it after all."""
    return _decided("retry", desk.retry_outbox, row_id)


@blueprint.post("/outbox/<int:row_id>/cancel")
@allowed("retry")
def cancel(row_id: int) -> Response:
    """Do not send it any more."""
    return _decided("cancel", desk.cancel_outbox, row_id)


def _decided(done: str, act: Callable[[Router, Who, int], None], row_id: int) -> Response:
    """Back to the page where it was decided, which says what was done or why nothing was."""
    try:
        act(here(), g.who, row_id)
    except Conflict as fault:
        why = sentence(fault.code) or sentence("s409.title")
        return make_response(_page(why, row_id), status_of(fault))
    place: dict[str, Any] = {name: request.args.get(name) or None for name in ("state", "cursor")}
    return redirect(url_for("outbox.outbox", **place, done=done, about=row_id), 303)


@blueprint.post("/outbox/restored")
@allowed("retry")
def restored() -> Response:
    """Send, or drop, all that is held since the desk was restored."""
    desk.release_restored(here(), g.who, send=request.form.get("act") == "send")
    return redirect(url_for("outbox.outbox", state="held"), 303)
