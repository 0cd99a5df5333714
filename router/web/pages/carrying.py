"""Settings taken out of a desk as a file, and brought into another after a look at what changes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, render_template, request

from router import carrying
from router.errors import Conflict, Invalid
from router.store import timeline
from router.web.faults import sentence
from router.web.rights import allowed, here

blueprint = Blueprint("carrying", __name__)


@blueprint.get("/settings")
@allowed("settings")
def settings() -> str:
    """Take them out, or bring some in."""
    return _page()


def _page(**more: Any) -> str:
    told = {"changes": None, "text": "", "done": None, "refused": "", "where": "", **more}
    return render_template("admin/settings.html", **told)


@blueprint.post("/settings/file.json")
@allowed("settings")
def take_out() -> Response:
    """The file; that it was taken is in the audit log."""
    actor = f"agent:{g.who.id}"
    here().store.write(lambda unit: timeline.audit(unit, actor, "settings.taken_out", "settings"))
    with here().store.reading() as unit:
        body = carrying.out(here(), unit).model_dump_json(indent=2)
    headers = {"Content-Disposition": 'attachment; filename="desk-settings.json"'}
    return Response(body, mimetype="application/json", headers=headers)


@blueprint.post("/settings")
@allowed("settings")
def bring() -> str | tuple[str, int]:
    """First what would change; with ``sure`` it is done."""
    given = request.files.get("file")
    data = given.stream.read() if given and given.filename else b""
    data = data or request.form.get("text", "").encode()
    try:
        brought = carrying.read(data)
        if request.form.get("sure"):
            return _page(done=carrying.bring(here(), g.who, brought))
        with here().store.reading() as unit:
            changes = carrying.differences(here(), unit, brought)
    except (Invalid, Conflict) as fault:
        refused = sentence(fault.code) or sentence("s422.title")
        where = " ".join(fault.params.get(one, "") for one in ("where", "said")).strip()
        return _page(refused=refused, where=where), 422
    return _page(changes=changes, text=brought.model_dump_json())
