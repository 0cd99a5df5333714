"""The same change to every ticket that was ticked in the list."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response

from router import desk
from router.core.clock import to_us
from router.core.references import normalise_number
from router.core.rights import Who
from router.errors import Invalid, NotFound
from router.store import pages
from router.web.inbox import chosen
from router.web.moving import wakes
from router.web.rights import allowed, here

blueprint = Blueprint("bulk", __name__)

#: So many tickets are changed at once.
_MOST = 200


@blueprint.post("/bulk")
@allowed("view")
def bulk() -> Response:
    """Change them all at once; what is not the reader's is left alone, and the count says so."""
    who: Who = g.who
    what, _, value = request.form.get("change", "").partition(":")
    if request.form.get("tag", "").strip():
        value = request.form["tag"].strip()
        what = "untag" if value.startswith("-") else "tag"
        value = value.removeprefix("-")
    ids = _tickets(who)
    if not ids or not what:
        raise Invalid("ticket", "nothing_chosen")
    batch, done = desk.bulk(here(), who, ids, what, _value(who, what, value))
    address = url_for("inbox.inbox", **chosen().address(), did=batch, done=done, of=_asked())
    return redirect(address, 303)


def _asked() -> int:
    """How many tickets were ticked, whoever they belong to by now."""
    return len(set(request.form.getlist("ticket")[:_MOST]))


def _tickets(who: Who) -> list[int]:
    """The ids of the tickets that were ticked, those of the reader's."""
    found = []
    with here().store.reading() as unit:
        for given in request.form.getlist("ticket")[:_MOST]:
            number = normalise_number(given)
            try:
                found.append(pages.ticket_id(unit, number or "", who))
            except NotFound:
                continue  # gone to another team meanwhile; the count says so
    return found


def _value(who: Who, what: str, value: str) -> Any:
    if what == "assign" and value in ("", "me"):
        return who.id if value == "me" else None
    if what in ("assign", "team"):
        if not value.isdecimal() or len(value) > 19:
            raise Invalid(what, "unknown_agent" if what == "assign" else "unknown_team")
        return int(value)
    if what == "snooze":
        return to_us(wakes(value))
    return value
