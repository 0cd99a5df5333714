"""Views somebody keeps: the list as it is narrowed now, under a name."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, g, redirect, request
from werkzeug.wrappers import Response

from router.core.rights import Who, may
from router.errors import Conflict, Invalid, NotFound
from router.store import pages, saved, timeline
from router.store.unit import Unit
from router.web.pages.inbox import NARROWING
from router.web.rights import allowed, here

blueprint = Blueprint("views", __name__)

_LONGEST = 60


def _query(given: str) -> str:
    """Of an address's query only what narrows a list."""
    known = {name: value[:200] for name, value in parse_qsl(given) if name in ("view", *NARROWING)}
    if known.get("view") not in pages.VIEWS:
        known["view"] = "open"
    return urlencode(known)


@blueprint.post("/views")
@allowed("view")
def save() -> Response:
    """Keep the list as it is narrowed now; leads may share it with everybody."""
    who: Who = g.who
    name = " ".join(request.form.get("name", "").split())[:_LONGEST]
    if not name:
        raise Invalid("name", "required")
    query = _query(request.form.get("query", ""))
    shared = request.form.get("shared") == "yes" and may(who, "share")

    def work(unit: Unit) -> None:
        if not saved.save(unit, who, name, query, shared=shared):
            raise Conflict("too_many_views")
        timeline.audit(unit, f"agent:{who.id}", "view.saved", "shared" if shared else "own")

    here().store.write(work)
    return redirect(f"/?{query}", 303)


@blueprint.post("/views/<int:view_id>/drop")
@allowed("view")
def drop(view_id: int) -> Response:
    """Give a view up."""
    who: Who = g.who

    def work(unit: Unit) -> None:
        if not saved.drop(unit, who, view_id, shared=may(who, "share")):
            raise NotFound("there is no such view of yours")
        timeline.audit(unit, f"agent:{who.id}", "view.dropped", f"view:{view_id}")

    here().store.write(work)
    return redirect(f"/?{_query(request.form.get('query', ''))}", 303)
