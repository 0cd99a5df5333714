"""The signed page of one matter, for whoever wrote: where it stands, and what they may do there."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from router import requester
from router.core import markdown
from router.core.clock import from_us
from router.errors import Conflict, Invalid, NotFound, OverLimit
from router.store import gates, merging, tickets
from router.store.unit import Unit
from router.web.articles import present
from router.web.rights import here, public
from router.web.speech import language, t

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


def _code_asked(unit: Unit, ticket_id: int) -> CodeAsked | None:
    for one in gates.of_ticket(unit, ticket_id):
        if one.state == "open" and one.expires_at is not None and one.expires_at > unit.now_us:
            return CodeAsked(one.way, from_us(one.expires_at))
    return None


def _page(token: str, *, wrong: str = "", kept: str = "", code_wrong: str = "") -> str:
    ticket_id = _ticket(token)
    router = here()
    with router.store.reading() as unit:
        row = tickets.status(unit, ticket_id)
        due = tickets.answer_due(unit, ticket_id)
        merged = bool(merging.kept_number(unit, ticket_id))
        score = tickets.rated(unit, ticket_id)
        code_asked = _code_asked(unit, ticket_id)
    if row is None:
        raise NotFound("this ticket is not here any more")
    article = present().serving(row.category)
    text = article.told(language()) if article else None
    return render_template(
        "contact/status.html",
        ticket=row,
        merged=merged,
        answer_by=due,
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
        done=request.args.get("done", ""),
    )


@blueprint.post("/t/<token>/add")
@public
def add(token: str) -> Response | tuple[str, int]:
    """Something to add; what was written is never lost when it cannot be taken."""
    text = request.form.get("text", "")
    once = request.form.get("once", "")[:40] or secrets.token_urlsafe(12)
    try:
        requester.add(here(), _ticket(token), text, once=once)
    except Invalid as fault:
        return _page(token, wrong=str(t(f"errors.{fault.code}", **fault.params)), kept=text), 400
    except OverLimit:
        return _page(token, wrong=str(t("contact.too_many")), kept=text), 429
    return redirect(f"/t/{token}?done=added", 303)


@blueprint.post("/t/<token>/solved")
@public
def solved(token: str) -> Response:
    """It is solved, perhaps by the article shown."""
    requester.solved(here(), _ticket(token), request.form.get("article", ""))
    return redirect(f"/t/{token}?done=solved", 303)


@blueprint.post("/t/<token>/code")
@public
def code(token: str) -> Response | tuple[str, int]:
    """The code that went to a handle on file: whoever holds only the link does not have it."""
    outcome = requester.prove(here(), _ticket(token), request.form.get("code", ""))
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
