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
from router.web.suspicion import whole_number

blueprint = Blueprint("notices", __name__)

#: Notices of one page.
_SHOWN = 100


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
    """What one was told, by page, what is new first: of a ticket what was told last."""
    who: Who = g.who
    cursor = request.args.get("cursor")
    after = pages_list.unpack(cursor, 2) if cursor else (0, 2**62)
    with here().store.reading() as unit:
        listed = kept.of_agent(unit, who.id, _SHOWN + 1, after=(after[0], after[1]))
        told_of, more = listed[:_SHOWN], listed[_SHOWN:]
        rows = _last(told_of)
        found = pages_list.by_ids(unit, [row.ticket_id for row in rows if row.ticket_id])
    lines = {line.id: line for line in found if may(who, "view", line.team_id)}
    told = [(row, json.loads(row.params or "{}"), lines.get(row.ticket_id)) for row in rows]
    new = [row.id for row in told_of if row.seen_at is None]
    last = told_of[-1] if more else None
    return render_template(
        "notices/notices.html",
        told=told,
        first=min(new, default=0),
        last=max(new, default=0),
        next=pages_list.pack(int(last.seen_at is not None), last.id) if last else "",
    )


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
    """What the page showed was read; what came meanwhile was not."""
    agent_id = g.who.id
    first, last = (whole_number(request.form.get(one, "")) or 0 for one in ("first", "last"))
    here().store.write(lambda unit: kept.seen(unit, agent_id, first, last))
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
