"""The visitor of a chat, as the agent at its ticket sees them: there or gone, typing, what they
have read."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from router.store import chats, pages
from router.web.pages.chat import talks
from router.web.rights import allowed, here

blueprint = Blueprint("visitor", __name__)


@blueprint.app_context_processor
def _visitor() -> dict[str, object]:
    return {"visitor_of": _told}


def _told(ticket_id: int) -> dict[str, object] | None:
    """What is known of them; None where the ticket is no chat."""
    with here().store.reading() as unit:
        row = chats.of_ticket(unit, ticket_id)
        answer = chats.last_answer(unit, row.id) if row is not None else None
    if row is None:
        return None
    doing = "typing" if talks().types(row.id) else "here" if talks().is_here(row.id) else "gone"
    return {
        "doing": "ended" if row.ended_at is not None and doing != "typing" else doing,
        "answered": answer is not None,
        "read": answer is not None and answer <= row.visitor_seq,
        "mailed": answer is not None and row.visitor_seq < answer <= row.mailed_seq,
        "reachable": row.contact_id is not None,
    }


@blueprint.get("/ticket/<number>/visitor")
@allowed("view")
def visitor(number: str) -> str:
    """The line that tells it, asked for again and again while the ticket is looked at."""
    with here().store.reading() as unit:
        ticket_id = pages.ticket_id(unit, number, g.who)
    return render_template("ticket/visitor.html", ticket_id=ticket_id)
