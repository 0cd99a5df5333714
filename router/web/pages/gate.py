"""The identity gate on a ticket: send a code, type it, make sure otherwise, agree, set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, g
from werkzeug.wrappers import Response

from router import codes, desk
from router.core.calls import covered
from router.core.clock import from_us
from router.core.gates import ASIDE, OTHERWISE, PURPOSES, WAYS, masked
from router.core.rights import Who
from router.errors import Invalid
from router.store import gates
from router.store.unit import Unit
from router.web.pages.ticket import act, given, id_of
from router.web.rights import allowed, here

blueprint = Blueprint("gate", __name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a code could go: why not, when it cannot."""

    id: int
    kind: str
    to: str
    refused: str


@dataclass(frozen=True, slots=True)
class Check:
    """What a ticket's page shows of its gate: the purpose, how far it is, what can be done."""

    purpose: str
    step: str
    places: tuple[Place, ...]
    sent_to: str
    until: datetime | None
    tries_left: int
    codes_left: int
    past: tuple[Any, ...]
    may_agree: bool


def check(ticket: Any) -> Check:
    """The gate of a ticket, for whoever looks at it."""
    who: Who = g.who
    router = here()
    with router.store.reading() as unit:
        rows = gates.of_ticket(unit, ticket.id)
        row = gates.current(unit, ticket.id)
        purpose = gates.blocks(unit, ticket.id, ticket.category, router.settings.gate.categories)
        places = _places(unit, ticket, who) if purpose else ()
        now_us = unit.now_us
    settings = router.settings.gate
    live = row is not None and row.expires_at is not None and row.expires_at > now_us
    sent = next((one for one in reversed(rows) if row is not None and one.id == row.id), None)
    return Check(
        purpose=purpose,
        step=_step(purpose, row, live=live),
        places=places,
        sent_to=masked(sent.handle) if sent is not None and sent.handle else "",
        until=from_us(row.expires_at) if live else None,
        tries_left=settings.tries - row.tries if live else 0,
        codes_left=settings.codes - (row.sends if row is not None else 0),
        past=tuple(one for one in rows if one.state != "open"),
        may_agree=row is not None and who.id not in {row.passed_by, row.opened_by},
    )


def _step(purpose: str, row: Any, *, live: bool) -> str:
    if not purpose:
        return "none"
    if row is not None and row.state == "passed":
        return "second"
    return "code" if live else "open"


def _places(unit: Unit, ticket: Any, who: Who) -> tuple[Place, ...]:
    router = here()
    found = []
    for one in gates.handles(unit, ticket.requester_id, tuple(WAYS)):
        why = ""
        if not codes.sendable(router, one.kind):
            why = "no_way"
        elif not desk.trusted(router, unit, ticket.id, who, one):
            why = "not_proven" if one.proven_at is None and not one.verified else "too_new"
        shown = covered(one.kind, one.value)
        found.append(Place(one.id, one.kind, shown, why))
    return tuple(found)


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {
        "identity_check": check,
        "gate_purposes": PURPOSES,
        "gate_otherwise": OTHERWISE,
        "gate_aside": ASIDE,
    }


@blueprint.post("/ticket/<number>/gate/open")
@allowed("check_identity")
def open_gate(number: str) -> Response:
    """A change is asked for that needs somebody we are sure of."""
    return act(number, lambda who, one: desk.open_gate(here(), who, one, given("purpose")))


@blueprint.post("/ticket/<number>/gate/code")
@allowed("check_identity")
def send_code(number: str) -> Response:
    """Send a code to one of the requester's handles."""

    def work(who: Who, ticket_id: int) -> None:
        identity_id = id_of("identity")
        if identity_id is None:
            raise Invalid("identity", "not_on_file")
        desk.send_code(here(), who, ticket_id, given("purpose"), identity_id)

    return act(number, work)


@blueprint.post("/ticket/<number>/gate/enter")
@allowed("check_identity")
def enter_code(number: str) -> Response:
    """The caller read it out."""
    return act(number, lambda who, one: desk.enter_code(here(), who, one, given("code")[:20]))


@blueprint.post("/ticket/<number>/gate/sure")
@allowed("check_identity")
def sure(number: str) -> Response:
    """Made sure by other means."""
    return act(
        number,
        lambda who, one: desk.pass_otherwise(here(), who, one, given("purpose"), given("how")),
    )


@blueprint.post("/ticket/<number>/gate/agree")
@allowed("check_identity")
def agree(number: str) -> Response:
    """The second agent agrees."""
    return act(number, lambda who, one: desk.agree(here(), who, one))


@blueprint.post("/ticket/<number>/gate/aside")
@allowed("check_identity")
def aside(number: str) -> Response:
    """Nothing is changed, so nothing needs to be checked."""
    return act(
        number,
        lambda who, one: desk.set_aside(here(), who, one, given("purpose"), given("reason")),
    )
