"""What the desk told somebody, and the word that they take a matter that climbs."""

from __future__ import annotations

import json

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import escalate
from router.store import notices as kept
from router.store import pages
from router.web.inbox import chosen
from router.web.rights import allowed, here

blueprint = Blueprint("notices", __name__)


@blueprint.get("/notices")
@allowed("view")
def notices() -> str:
    """Everything one was told lately, what is new first."""
    with here().store.reading() as unit:
        rows = kept.of_agent(unit, g.who.id)
    told = [(row, json.loads(row.params or "{}")) for row in rows]
    return render_template("notices/notices.html", told=told)


@blueprint.post("/notices/seen")
@allowed("view")
def seen() -> Response:
    """All of it was read."""
    agent_id = g.who.id
    here().store.write(lambda unit: kept.seen(unit, agent_id))
    return redirect(url_for("notices.notices"), 303)


@blueprint.post("/ticket/<number>/take")
@allowed("assign")
def take(number: str) -> Response:
    """It is mine: nothing climbs any more."""
    with here().store.reading() as unit:
        ticket_id = pages.ticket_id(unit, number, g.who)
    escalate.acknowledge(here(), g.who, ticket_id)
    if request.form.get("back") == "notices":
        return redirect(url_for("notices.notices"), 303)
    return redirect(url_for("ticket.ticket", number=number, **chosen().address()), 303)
