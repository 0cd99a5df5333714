"""The same change to every ticket that was ticked in the list."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import desk
from router.core.clock import to_us
from router.core.references import normalise_number
from router.core.rights import Who
from router.errors import Invalid, NotFound
from router.store import pages
from router.web.faults import sentence
from router.web.pages.inbox import beside, chosen
from router.web.pages.moving import wakes
from router.web.rights import allowed, here
from router.web.suspicion import whole_number

blueprint = Blueprint("bulk", __name__)

#: So many tickets are changed at once.
_MOST = 200


@blueprint.post("/bulk")
@allowed("view")
def bulk() -> Response:
    """Change them all at once; what is not the reader's is left alone, and the count says so. What
    cannot be done is said above the list, with the tickets still ticked."""
    who: Who = g.who
    ids = _tickets(who)
    try:
        batch, done = _do(who, ids)
    except Invalid as fault:
        return make_response(_again(who, fault), 422)
    address = url_for("inbox.inbox", **chosen().address(), did=batch, done=done, of=_asked())
    return redirect(address, 303)


def _do(who: Who, ids: list[int]) -> tuple[int, int]:
    what, _, value = request.form.get("change", "").partition(":")
    tagged = _tagged(request.form.get("tag", "").strip())
    if not ids or not (what or tagged):
        raise Invalid("ticket", "nothing_chosen")
    if not what and tagged:
        return desk.bulk(here(), who, ids, *tagged)
    return desk.bulk(here(), who, ids, what, _value(who, what, value), tagged)


def _tagged(given: str) -> tuple[str, str] | None:
    """What is to be done with a tag: one with a minus comes off."""
    word = given.removeprefix("-").strip()
    if not word:
        return None
    return ("untag" if given.startswith("-") else "tag", word)


def _again(who: Who, fault: Invalid) -> str:
    with here().store.reading() as unit:
        panes = beside(unit, who, chosen())
    return render_template(
        "inbox/inbox.html",
        view=None,
        **panes,
        refused_bulk=sentence(fault.code) or sentence("s400.title"),
        picked=request.form.getlist("ticket"),
        asked_change=request.form.get("change", ""),
        asked_tag=request.form.get("tag", ""),
    )


def _asked() -> int:
    """How many tickets were ticked, whoever they belong to by now."""
    return len(set(request.form.getlist("ticket")))


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
        number = whole_number(value)
        if number is None:
            raise Invalid(what, "unknown_agent" if what == "assign" else "unknown_team")
        return number
    if what == "snooze":
        return to_us(wakes(value))
    return value
