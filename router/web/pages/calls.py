"""The telephone: whom to call back, what was heard of late, and calls that people write down."""

from __future__ import annotations

import secrets

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from channels.contract import ChannelError
from router import calls
from router.core.masking import redact
from router.errors import Conflict, Invalid, NotFound, StoreDown
from router.store import pages as all_pages
from router.store.pages import calls as pages
from router.web.faults import sentence
from router.web.pages.ticket import act, given, page
from router.web.rights import allowed, here
from router.web.speech import t
from router.web.suspicion import whole_number
from router.web.telling import masked_names

blueprint = Blueprint("calls", __name__)

_FILE_POLICY = "default-src 'none'; sandbox"


def _page(*, wrong: str = "", confirmed: str = "", revealed: tuple[int, str] = (0, "")) -> str:
    with here().store.reading() as unit:
        backs = pages.backs(unit, g.who)
        waiting = pages.waiting(unit, g.who)
        listed = pages.listed(unit, g.who, request.args.get("cursor") or None)
    return render_template(
        "calls/calls.html",
        backs=backs,
        waiting=waiting,
        told=sum(len(one.rows) for one in backs),
        listed=listed.rows,
        next=listed.next,
        keeps=calls.keeper(here()) is not None,
        outcomes=calls.BY_HAND,
        given=request.form,
        once=request.form.get("once") or secrets.token_urlsafe(12),
        wrong=wrong,
        confirmed=confirmed,
        revealed=revealed,
    )


@blueprint.get("/calls")
@allowed("call")
def shown() -> str:
    """Whom to call back first, then every call."""
    return _page()


@blueprint.post("/calls")
@allowed("call")
def write_down() -> Response:
    """A call that no provider told of, or a note about one; refused, everything written stays."""
    note = given("note")
    masked = redact.mask(note)
    confirmed = here().keys.fingerprint(masked.text)
    if masked.hits and given("confirmed") != confirmed:
        wrong = str(t("ticket.write.secret", kinds=masked_names(masked.hits)))
        return make_response(_page(wrong=f"{wrong} {masked.text}", confirmed=confirmed), 422)
    told = calls.ByHand(
        number=given("number"),
        note=note,
        outcome=given("outcome"),
        inbound=given("direction") != "out",
        wrap_up=given("wrap_up"),
        call_id=whole_number(given("call")) or 0,
    )
    try:
        number = calls.write_down(here(), g.who, told, once=given("once") or secrets.token_hex(8))
    except (Conflict, Invalid) as fault:
        return make_response(_page(wrong=sentence(fault.code) or sentence("s422.title")), 422)
    if not number:
        return redirect(url_for("calls.shown"), 303)
    return redirect(url_for("ticket.ticket", number=number), 303)


@blueprint.post("/calls/<int:call_id>/number")
@allowed("call")
def reveal(call_id: int) -> str:
    """The whole number of one call; that somebody looked is written down."""
    return _page(revealed=(call_id, calls.reveal(here(), g.who, call_id)))


@blueprint.post("/ticket/<number>/numbers")
@allowed("call")
def numbers(number: str) -> Response:
    """The whole numbers of a ticket's requester; that somebody looked is written down."""
    with here().store.reading() as unit:
        ticket_id = all_pages.ticket_id(unit, number, g.who)
    calls.reveal_of(here(), g.who, ticket_id)
    g.whole_numbers = True
    return make_response(page(number))


@blueprint.get("/calls/<int:call_id>/recording")
@allowed("call")
def recording(call_id: int) -> Response:
    """A recording, fetched from where it lies because somebody asks for it."""
    try:
        file = calls.recording(here(), g.who, call_id)
    except ChannelError as fault:
        raise (NotFound if calls.is_gone(fault) else StoreDown)(str(fault)) from fault
    response = make_response(file.data)
    response.mimetype = "application/octet-stream"
    ending = {"audio/mpeg": "mp3"}.get(file.mime, "wav")
    response.headers.set("Content-Disposition", "attachment", filename=f"call-{call_id}.{ending}")
    response.headers["Content-Security-Policy"] = _FILE_POLICY
    return response


@blueprint.post("/ticket/<number>/called")
@allowed("call")
def called(number: str) -> Response:
    """Say that one called back, and whether anybody picked up."""
    reached = given("reached") == "yes"
    return act(number, lambda who, ticket_id: calls.called(here(), who, ticket_id, reached=reached))
