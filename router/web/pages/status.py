"""The signed page of one matter, for whoever wrote: where it stands, and what they may do there."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, NamedTuple

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from router import form, requester
from router.acknowledge import STATUS_LINK
from router.core import markdown
from router.core.clock import from_us
from router.core.promises.sla import foreseen
from router.errors import Conflict, Invalid, NotFound, OverLimit, StoreError
from router.store import gates, merging, tickets
from router.store.unit import Unit
from router.web.pages.articles import present
from router.web.pages.contact import take_large, uploaded
from router.web.rights import here, public, source
from router.web.speech import language, locale, t

blueprint = Blueprint("status", __name__)


def _ticket(token: str) -> int:
    router = here()
    ticket_id = router.tokens.open_status(token, router.clock.now())
    if ticket_id is None:
        raise NotFound("this status link is over or was never ours")
    return ticket_id


@blueprint.get("/t/<token>")
@public
def status(token: str) -> str:
    """Where it stands: the state, no text of anybody's."""
    return _page(token)


class CodeAsked(NamedTuple):
    """A code that is on its way: by mail or SMS, and until when it is good. Where it went is not
    told: whoever holds only the link may not learn it."""

    way: str
    until: datetime


def _code_asked(unit: Unit, *ticket_ids: int) -> CodeAsked | None:
    for one in (gate for each in ticket_ids for gate in gates.of_ticket(unit, each)):
        if one.state == "open" and one.expires_at is not None and one.expires_at > unit.now_us:
            return CodeAsked(one.way, from_us(one.expires_at))
    return None


def _page(
    token: str, *, wrong: str = "", kept: str = "", code_wrong: str = "", again: bool = False
) -> str:
    linked = _ticket(token)
    router = here()
    with router.store.reading() as unit:
        ticket_id, apart = merging.standing_for(unit, linked)
        if apart:
            return _together(tickets.status(unit, linked), kept)
        row = tickets.status(unit, ticket_id)
        due = tickets.answer_due(unit, ticket_id)
        score = tickets.rated(unit, ticket_id)
        code_asked = _code_asked(unit, *{linked, ticket_id})
    if row is None:
        raise NotFound("this ticket is not here any more")
    article = present().serving(row.category)
    text = article.told(language()) if article else None
    return render_template(
        "contact/status.html",
        ticket=row,
        answer_by=foreseen(due),
        score=score,
        scores=requester.SCORES,
        article=article,
        article_title=text.title if text else "",
        article_blocks=markdown.blocks(text.body) if text else [],
        token=token,
        once=secrets.token_urlsafe(12),
        wrong=wrong,
        code_asked=code_asked,
        code_wrong=code_wrong,
        kept=kept,
        files_again=again,
        done=request.args.get("done", ""),
    )


def _together(row: Any, kept: str) -> str:
    """The page of a ticket that goes on at another requester's: that it does, and no more."""
    if row is None:
        raise NotFound("this ticket is not here any more")
    return render_template("contact/together.html", ticket=row, kept=kept)


@blueprint.post("/t/<token>/add")
@public
def add(token: str) -> Response | tuple[str, int]:
    """Something to add; what was written is never lost when it cannot be taken."""
    take_large()
    linked = _ticket(token)
    text, files = request.form.get("text", ""), uploaded()
    once = request.form.get("once", "")[:40] or secrets.token_urlsafe(12)
    fields = {"body": text, "idempotency_key": once, "locale": locale()}
    try:
        taken = form.add(here(), linked, fields, files, source=source())
    except Invalid as fault:
        wrong = [str(t(f"errors.{code}")) for _, code in fault.more]
        return _page(token, wrong=" ".join(wrong), kept=text, again=bool(files)), 400
    except OverLimit:
        return _page(token, wrong=str(t("contact.too_many")), kept=text, again=bool(files)), 429
    except Conflict:
        return _page(token, kept=text), 409
    except StoreError:
        return _page(token, wrong=str(t("contact.away")), kept=text, again=bool(files)), 503
    return redirect(f"/t/{_goes_on(token, linked, taken.ticket_id)}?done=added", 303)


def _goes_on(token: str, linked: int, ticket_id: int) -> str:
    """The page on which an addition is followed: this one, or that of a ticket it opened."""
    router = here()
    with router.store.reading() as unit:
        standing = merging.standing_for(unit, linked).ticket_id
    if ticket_id in (linked, standing):
        return token
    return router.tokens.status_token(ticket_id, router.clock.now() + STATUS_LINK)


@blueprint.post("/t/<token>/solved")
@public
def solved(token: str) -> Response:
    """It is solved, perhaps by the article shown."""
    try:
        requester.solved(here(), _ticket(token), request.form.get("article", ""))
    except Conflict:
        return redirect(f"/t/{token}", 303)
    return redirect(f"/t/{token}?done=solved", 303)


@blueprint.post("/t/<token>/code")
@public
def code(token: str) -> Response | tuple[str, int]:
    """The code that went to a handle on file: whoever holds only the link does not have it."""
    try:
        outcome = requester.prove(here(), _ticket(token), request.form.get("code", ""))
    except Conflict:
        return redirect(f"/t/{token}", 303)
    if outcome != "right":
        return _page(token, code_wrong=str(t(f"errors.code_{outcome}"))), 422
    return redirect(f"/t/{token}?done=proven", 303)


@blueprint.post("/t/<token>/rate")
@public
def rate(token: str) -> Response:
    """How it was, in one tap."""
    try:
        requester.rate(here(), _ticket(token), request.form.get("score", ""))
    except (Invalid, Conflict):
        return redirect(f"/t/{token}", 303)
    return redirect(f"/t/{token}?done=rated", 303)
