"""Parked items: what could not be read or written, why, and the button that tries again."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import pipeline
from router.core.rights import may
from router.errors import NotFound
from router.store import pages
from router.web.rights import allowed, here

blueprint = Blueprint("parked", __name__)


@blueprint.get("/parked")
@allowed("see_parked")
def parked() -> str:
    """The newest items; their tracebacks are for those who run the desk."""
    with here().store.reading() as unit:
        page = pages.parked_rows(unit, g.who, request.args.get("cursor") or None)
    return render_template(
        "parked/parked.html",
        rows=page.rows,
        next=page.next,
        traces=may(g.who, "see_audit"),
        through=request.args.get("through", ""),
    )


@blueprint.post("/parked/<int:row_id>/replay")
@allowed("replay")
def replay(row_id: int) -> Response:
    """Send it through again; it stays here when it fails again."""
    with here().store.reading() as unit:
        team_id = pages.parked_team(unit, row_id)
    if team_id is None or not may(g.who, "replay", team_id):
        raise NotFound("there is no such parked item among yours")
    taken = pipeline.replay(here(), row_id, f"agent:{g.who.id}")
    place = request.args.get("cursor") or None
    return redirect(url_for("parked.parked", through=taken.number, cursor=place), 303)
