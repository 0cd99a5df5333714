"""A new ticket that an agent begins."""

from __future__ import annotations

import secrets

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import desk
from router.core.masking import redact
from router.errors import Conflict, Invalid
from router.store import pages
from router.web.faults import sentence
from router.web.rights import allowed, here
from router.web.speech import t
from router.web.suspicion import whole_number
from router.web.telling import masked_names

blueprint = Blueprint("beginning", __name__)


def _page(wrong: str = "", confirmed: str = "") -> str:
    with here().store.reading() as unit:
        teams = pages.all_teams(unit)
    return render_template(
        "beginning/beginning.html",
        ways=desk.ways(here()),
        teams=teams,
        given=request.form,
        once=request.form.get("once") or secrets.token_urlsafe(12),
        wrong=wrong,
        confirmed=confirmed,
    )


@blueprint.get("/new")
@allowed("begin")
def form() -> str:
    """To whom, by which channel, about what."""
    return _page()


@blueprint.post("/new")
@allowed("begin")
def begin() -> Response:
    """Open the ticket and send its first message; refused, everything written stays."""
    given = request.form
    text = f"{given.get('subject', '')}\n{given.get('text', '')}"
    masked = redact.mask(text)
    confirmed = here().keys.fingerprint(masked.text)
    if masked.hits and given.get("confirmed") != confirmed:
        wrong = str(t("ticket.write.secret", kinds=masked_names(masked.hits)))
        return make_response(_page(f"{wrong} {masked.text}", confirmed), 422)
    letter = desk.Opening(
        channel=given.get("channel", ""),
        handle=given.get("handle", ""),
        name=given.get("name", ""),
        subject=given.get("subject", ""),
        text=given.get("text", ""),
        category=given.get("category", ""),
        team_id=whole_number(given.get("team", "")) or 0,
    )
    once = given.get("once") or secrets.token_urlsafe(12)
    try:
        number = desk.begin(here(), g.who, letter, once=once)
    except (Conflict, Invalid) as fault:
        return make_response(_page(sentence(fault.code) or sentence("s422.title")), 422)
    return redirect(url_for("ticket.ticket", number=number), 303)
