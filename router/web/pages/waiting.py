"""A ticket waits for somebody else, or goes on."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from router import desk
from router.web.pages.ticket import act, given
from router.web.rights import allowed, here

blueprint = Blueprint("waiting", __name__)


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"wait_whom": desk.WHOM}


@blueprint.post("/ticket/<number>/wait")
@allowed("wait")
def wait(number: str) -> Response:
    """The ball is with somebody else."""
    return act(number, lambda who, one: desk.wait_for(here(), who, one, given("whom")))


@blueprint.post("/ticket/<number>/go-on")
@allowed("wait")
def go_on(number: str) -> Response:
    """It is ours again."""
    return act(number, lambda who, one: desk.go_on(here(), who, one))
