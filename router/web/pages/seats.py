"""Telling who else is at a ticket."""

from __future__ import annotations

from flask import Blueprint, current_app, g, render_template, request

from router import chatting
from router.store import pages
from router.web.rights import allowed, here
from router.web.room import Room

blueprint = Blueprint("seats", __name__)


def room() -> Room:
    """Who is where, as this process knows it."""
    found: Room = current_app.extensions["room"]
    return found


@blueprint.app_context_processor
def _seats() -> dict[str, object]:
    return {"seats": lambda ids: room().others(g.who, ids)}


@blueprint.post("/ticket/<number>/here")
@allowed("view")
def sit(number: str) -> str:
    """The reader is here, reading or writing, or has left; who else is here."""
    with here().store.reading() as unit:
        ticket_id = pages.ticket_id(unit, number, g.who)
    doing = request.form.get("doing", "")
    room().sit(ticket_id, g.who, doing)
    if doing:
        chatting.seen(here(), ticket_id)
    current_app.extensions["hub"].stir()
    return render_template("ticket/seats.html", ticket_id=ticket_id)
