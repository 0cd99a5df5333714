"""Whether two requesters are one person: an agent's word, and how it is taken back."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from router import same_person
from router.errors import NotFound
from router.web.pages.ticket import act, given
from router.web.rights import allowed, here
from router.web.suspicion import whole_number

blueprint = Blueprint("same_person", __name__)


def _number(name: str) -> int:
    number = whole_number(given(name))
    if number is None:
        raise NotFound("there is no such thing")
    return number


@blueprint.post("/ticket/<number>/same-person")
@allowed("join_people")
def decide(number: str) -> Response:
    """Join a suggested requester with this ticket's, or say that they are two."""
    other, accept = _number("requester"), given("accept") == "yes"
    return act(
        number,
        lambda who, ticket_id: same_person.decide(here(), who, ticket_id, other, accept=accept),
    )


@blueprint.post("/ticket/<number>/two-people")
@allowed("join_people")
def part(number: str) -> Response:
    """Take a joining back."""
    joining = _number("joining")
    return act(number, lambda who, ticket_id: same_person.part(here(), who, ticket_id, joining))
