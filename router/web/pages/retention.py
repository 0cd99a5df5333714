"""What is erased when, what was; and one person: take out what is kept of them, erase them."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, g, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response

from router import exporting
from router import retention as service
from router.core.calls import covered
from router.errors import Conflict, NotFound
from router.store import erasing, erasures
from router.store.pages import person as pages_person
from router.web.faults import sentence
from router.web.rights import allowed, here
from router.web.speech import catalogue

blueprint = Blueprint("retention", __name__)

#: What of the counts is shown, in this order.
SHOWN = ("tickets", "message", "attachment", "call", "chat", "draft", "quotes", "named")


@blueprint.get("/retention")
@allowed("see_retention")
def retention() -> str:
    """The settings in force, what goes in the next days, and what was erased."""
    return _page()


def _page(refused: str = "") -> str:
    router = here()
    with router.store.reading() as unit:
        due = erasures.due_until(
            unit, service.befores(router, erasures.categories(unit), service.AHEAD)
        )
        rows = erasures.listed(unit)
    groups: Counter[str] = Counter()
    for category, n in due.items():
        groups[category.partition(".")[0]] += n
    return render_template(
        "retention/retention.html",
        kept=router.settings.retention,
        raw_days=router.settings.intake.keep_raw_days,
        due=[(name, n) for name, n in sorted(groups.items()) if n],
        most=erasures.MOST,
        ahead=service.AHEAD.days,
        rows=[(row, erasing.counts_of(row.counts), _come(row)) for row in rows],
        shown=SHOWN,
        refused=refused,
    )


def _come(row: object) -> int:
    """How much of an erasure is done, of a hundred."""
    step = str(getattr(row, "step", ""))
    return 100 * service.STEPS.index(step) // len(service.STEPS) if step in service.STEPS else 0


@blueprint.get("/person")
@allowed("erase_person")
def find() -> Response | tuple[str, int]:
    """Whom a ticket's number or a handle means."""
    with here().store.reading() as unit:
        ids = pages_person.find(unit, request.args.get("q", "")[:254])
    if len(ids) != 1:
        return _page(sentence("several_people" if ids else "nobody_found")), 404
    return redirect(url_for("retention.person", requester_id=ids[0]), 303)


@blueprint.get("/person/<int:requester_id>")
@allowed("erase_person")
def person(requester_id: int) -> str:
    """What is kept of somebody, what would go and what would stay."""
    return _person(requester_id)


def _person(requester_id: int, refused: str = "") -> str:
    with here().store.reading() as unit:
        found = pages_person.person(unit, requester_id)
        row = erasures.of_person(unit, requester_id)
    if found is None:
        raise NotFound("there is no such person")
    return render_template(
        "retention/person.html",
        person=found,
        handles=[(covered(one.kind, one.value), one.kind) for one in found.handles],
        erasure=row,
        counts=erasing.counts_of(row.counts) if row is not None else {},
        come=_come(row),
        shown=SHOWN,
        refused=refused,
    )


@blueprint.post("/person/<int:requester_id>/file.zip")
@allowed("export_person")
def export(requester_id: int) -> Response:
    """All that is kept of somebody, as a file; that it was taken is in the audit log."""
    found = exporting.begin(here(), requester_id, agent_id=g.who.id)
    pieces = exporting.packed(here(), found, notes=bool(request.form.get("notes")))
    headers = {"Content-Disposition": f'attachment; filename="person-{requester_id}.zip"'}
    return Response(stream_with_context(pieces), mimetype="application/zip", headers=headers)


@blueprint.post("/person/<int:requester_id>/erase")
@allowed("erase_person")
def erase(requester_id: int) -> Response | tuple[str, int]:
    """Erase somebody; the word has to be typed, in whichever language."""
    words = {catalogue()[language]["retention.word"] for language in catalogue()}
    if request.form.get("word", "").strip().casefold() not in words:
        return _person(requester_id, sentence("other_word")), 422
    try:
        service.ask(here(), requester_id, agent_id=g.who.id)
    except Conflict as fault:
        return _person(requester_id, sentence(fault.code)), 409
    return redirect(url_for("retention.person", requester_id=requester_id), 303)
