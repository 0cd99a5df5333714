"""What the desk told somebody, and the word that they take a matter that climbs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import escalate
from router.core.rights import Who, may
from router.errors import StoreError
from router.store import notices as kept
from router.store import pages
from router.store.pages import listing as pages_list
from router.web.pages.inbox import chosen
from router.web.rights import allowed, here

blueprint = Blueprint("notices", __name__)


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"unread_notices": _unread}


def _unread() -> int:
    """How many notices the reader has not seen; none where the database cannot say."""
    who: Who | None = getattr(g, "who", None)
    if who is None:
        return 0
    with suppress(StoreError), here().store.reading() as unit:
        return kept.unseen(unit, who.id)
    return 0


@blueprint.get("/notices")
@allowed("view")
def notices() -> str:
    """Everything one was told lately, what is new first: of a ticket what was told last."""
    who: Who = g.who
    with here().store.reading() as unit:
        rows = _last(kept.of_agent(unit, who.id))
        found = pages_list.by_ids(unit, [row.ticket_id for row in rows if row.ticket_id])
    lines = {line.id: line for line in found if may(who, "view", line.team_id)}
    told = [(row, json.loads(row.params or "{}"), lines.get(row.ticket_id)) for row in rows]
    return render_template("notices/notices.html", told=told)


def _last(rows: Iterable[Any]) -> list[Any]:
    """Of each ticket only what was told last; what is about none stands for itself."""
    found: dict[tuple[str, int], Any] = {}
    for row in rows:
        key = ("ticket", row.ticket_id) if row.ticket_id else ("notice", row.id)
        if key not in found or row.id > found[key].id:
            found[key] = row
    return list(found.values())


@blueprint.post("/notices/seen")
@allowed("view")
def seen() -> Response:
    """All of it was read."""
    agent_id = g.who.id
    here().store.write(lambda unit: kept.seen(unit, agent_id))
    return redirect(url_for("notices.notices"), 303)


@blueprint.post("/ticket/<number>/take")
@allowed("assign")
def take(number: str) -> Response:
    """It is mine: nothing climbs any more."""
    with here().store.reading() as unit:
        ticket_id = pages.ticket_id(unit, number, g.who)
    escalate.acknowledge(here(), g.who, ticket_id)
    if request.form.get("back") == "notices":
        return redirect(url_for("notices.notices"), 303)
    return redirect(url_for("ticket.ticket", number=number, **chosen().address()), 303)
