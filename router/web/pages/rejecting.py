"""Spam, and senders whom the desk does not want to hear from."""

from __future__ import annotations

from flask import Blueprint, g, render_template
from werkzeug.wrappers import Response

from router import desk
from router.store import blocking
from router.web.pages.ticket import act, given
from router.web.rights import allowed, here

blueprint = Blueprint("rejecting", __name__)


@blueprint.post("/ticket/<number>/spam")
@allowed("spam")
def spam(number: str) -> Response:
    """This is spam; with ``block`` its sender is blocked as well."""
    block = bool(given("block"))
    return act(number, lambda who, ticket_id: desk.spam(here(), who, ticket_id, block=block))


@blueprint.post("/ticket/<number>/block")
@allowed("block")
def block(number: str) -> Response:
    """Hear nothing more of its sender, or hear them again."""
    verb = desk.unblock if given("in") else desk.block
    return act(number, lambda who, ticket_id: verb(here(), who, ticket_id))


@blueprint.get("/blocked")
@allowed("block")
def blocked() -> str:
    """Everybody who is blocked, with a ticket of theirs."""
    with here().store.reading() as unit:
        rows = blocking.listed(unit, g.who)
    return render_template("rejecting/blocked.html", rows=rows)
