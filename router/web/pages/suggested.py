"""Whether two tickets that were suggested to belong together do: an agent's word."""

from __future__ import annotations

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response

from router import repeats
from router.errors import NotFound
from router.store import pages
from router.web.pages.inbox import chosen
from router.web.rights import allowed, here
from router.web.suspicion import whole_number

blueprint = Blueprint("suggested", __name__)


@blueprint.post("/ticket/<number>/suggested")
@allowed("categorise")
def decide(number: str) -> Response:
    """Accept a suggested tie, or dismiss it for good."""
    link = whole_number(request.form.get("link", ""))
    if link is None:
        raise NotFound("there is no such suggestion")
    with here().store.reading() as unit:
        ticket_id = pages.ticket_id(unit, number, g.who)
    accept = request.form.get("accept") == "yes"
    repeats.decide(here(), g.who, ticket_id, link, accept=accept)
    return redirect(url_for("ticket.ticket", number=number, **chosen().address()), 303)
