"""What is kept while somebody writes, and what they take back."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, url_for
from werkzeug.wrappers import Response

from router import desk
from router.store import pages
from router.web.pages.inbox import chosen
from router.web.pages.ticket import act, given
from router.web.rights import allowed, here

blueprint = Blueprint("taking", __name__)


@blueprint.post("/ticket/<number>/draft")
@allowed("note")
def draft(number: str) -> Response:
    """Keep what was written up to this pause."""
    with here().store.reading() as unit:
        ticket_id = pages.ticket_id(unit, number, g.who)
    desk.keep_draft(here(), g.who, ticket_id, given("kind"), given("text"))
    return make_response("", 204)


@blueprint.post("/undo/<int:batch_id>")
@allowed("view")
def undo(batch_id: int) -> Response:
    """Take back what was done in one go, and show the ticket or the list as it is then."""
    number = given("number")
    if number:
        return act(number, lambda who, _: desk.undo(here(), who, batch_id))
    desk.undo(here(), g.who, batch_id)
    return redirect(url_for("inbox.inbox", **chosen().address()), 303)
