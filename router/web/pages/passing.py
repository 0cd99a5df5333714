"""Passing a ticket on to third parties by mail."""

from __future__ import annotations

import secrets

from flask import Blueprint
from werkzeug.wrappers import Response

from router import desk
from router.core.rights import Who
from router.web.pages.ticket import act, given, warned
from router.web.rights import allowed, here

blueprint = Blueprint("passing", __name__)


@blueprint.post("/ticket/<number>/forward")
@allowed("forward")
def forward(number: str) -> Response:
    """Send what was said here to somebody outside, under words of our own."""
    text, once = given("text"), given("once") or secrets.token_urlsafe(12)

    def work(who: Who, ticket_id: int) -> None:
        passing = desk.Passing(
            to=desk.addresses(here(), given("to")),
            text=text,
            share=given("share") or desk.SHARES[0],
            files=bool(given("with_files")),
            wait=bool(given("wait")),
        )
        desk.forward(here(), who, ticket_id, passing, once=once)

    to = given("to")
    return warned(number, "forward", text, to=to) or act(number, work, forward=text, to=to)
