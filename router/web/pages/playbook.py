"""Beside a ticket: what is to be done about it, what the wallet was asked and says, and the address
at which the wallet's backend calls us."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from router import desk, webhooks
from router import playbook as service
from router.core.calls import covered
from router.core.rights import Who
from router.errors import Conflict, NotAllowed
from router.store import pages, playbooks
from router.store import webhooks as calls
from router.wallet import WALLET, Look
from router.web.faults import sentence
from router.web.pages.ticket import act, given, id_of, page
from router.web.rights import allowed, here, public
from router.web.speech import t
from router.web.telling import task_name

blueprint = Blueprint("playbook", __name__)

#: The longest call of the wallet's that is read.
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task as it is shown."""

    id: int
    words: str
    state: str
    owner: str
    owner_id: int | None
    ended_by: str
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done about a ticket, and what the wallet was asked."""

    tasks: tuple[TaskLine, ...]
    calls: tuple[Any, ...]
    may_freeze: bool
    looks: bool
    seen: Look | None

    @property
    def left(self) -> int:
        """How many tasks are open."""
        return sum(one.state == "open" for one in self.tasks)


def work_on(ticket: Any) -> Work:
    """The same for whoever looks at the ticket."""
    who: Who = g.who
    router = here()
    with router.store.reading() as unit:
        rows = playbooks.tasks(unit, ticket.id)
        asked = calls.of_ticket(unit, ticket.id)
        frozen = service.frozen(unit, ticket.id)
    return Work(
        tasks=tuple(_line(row) for row in rows),
        calls=tuple(asked),
        may_freeze=ticket.security and router.wallet.on(WALLET) and not frozen,
        looks=router.wallet.looks,
        seen=router.wallet.seen(who.id, ticket.id, router.clock.now()),
    )


def _line(row: Any) -> TaskLine:
    return TaskLine(
        row.id,
        task_name(f"{row.playbook}.{row.step}"),
        row.state,
        row.owner or "",
        row.owner_id,
        row.ended_name or "",
        row.ended_at,
    )


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"work_on": work_on, "covered_handle": covered}


# ---------------------------------------------------------------- tasks and the freeze


@blueprint.post("/ticket/<number>/task/<int:task_id>")
@allowed("run_playbook")
def task(number: str, task_id: int) -> AnyResponse:
    """A task is done, not needed, open again, or somebody's."""

    def work(who: Who, ticket_id: int) -> None:
        if given("state"):
            desk.end_task(here(), who, ticket_id, task_id, given("state"))
            return
        owner = who.id if given("agent") == "me" else id_of("agent")
        desk.own_task(here(), who, ticket_id, task_id, owner)

    return act(number, work)


@blueprint.post("/ticket/<number>/freeze")
@allowed("run_playbook")
def freeze(number: str) -> AnyResponse:
    """Ask the wallet to freeze the account."""
    return act(number, lambda who, one: desk.request_freeze(here(), who, one))


@blueprint.post("/ticket/<number>/call/<int:call_id>")
@allowed("run_playbook")
def again(number: str, call_id: int) -> AnyResponse:
    """Make a call to the wallet once more."""
    return act(number, lambda who, one: desk.call_again(here(), who, one, call_id))


@blueprint.post("/ticket/<number>/account")
@allowed("look_up")
def account(number: str) -> AnyResponse:
    """Look up the requester's account; shown at once, for another process may serve the page."""
    who: Who = g.who
    with here().store.reading() as unit:
        ticket_id = pages.ticket_id(unit, number, who)
    try:
        g.look = desk.look_up(here(), who, ticket_id)
    except Conflict as fault:
        return make_response(
            page(number, refused=sentence(fault.code) or str(t("errors.back"))), 409
        )
    return make_response(page(number))


# ---------------------------------------------------------------- the wallet calls us


@blueprint.post("/hooks/wallet")
@public
def hook() -> Response:
    """Signed by Standard Webhooks: ``{"type": "freeze.confirmed" | "freeze.refused" | …, "data":
    {"request_id": "call_…", "reason": "…"}}``. Known: 200; not known: 404; not signed: 401."""
    if (request.content_length or 0) > _LONGEST:
        abort(413)
    body = request.get_data(cache=True)
    given_headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        known = webhooks.heard(here(), given_headers, body)
    except NotAllowed:
        return _answered(401, "not_signed")
    return _answered(200, "ok") if known else _answered(404, "unknown_request")


def _answered(status: int, word: str) -> Response:
    answer = jsonify(status=word)
    answer.status_code = status
    return answer
