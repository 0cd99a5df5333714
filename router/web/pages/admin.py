"""What can be set up, on one page; which role may do what; the teams; what is kept how long."""

from __future__ import annotations

import re

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router.core.rights import ACTIONS, ROLES
from router.errors import Conflict, Invalid, NotFound
from router.store import teams as store
from router.store import timeline
from router.store.unit import Unit
from router.web.faults import sentence, status_of
from router.web.rights import allowed, here

blueprint = Blueprint("admin", __name__)

_KEY = re.compile(r"[a-z][a-z0-9_]{1,30}")
_LONGEST = 60
#: Pages by their address, and the right each needs: what a reader may not open is not offered.
PAGES = (
    ("setup", "/setup", "settings"),
    ("people", "/people", "see_people"),
    ("teams", "/teams", "see_people"),
    ("roles", "/roles", "see_people"),
    ("second", "/me/second", "view"),
    ("hours", "/hours", "see_hours"),
    ("policies", "/policies", "see_hours"),
    ("shifts", "/shifts", "see_shifts"),
    ("channels", "/status", "see_status"),
    ("macros", "/macros", "macro"),
    ("rules", "/rules", "see_rules"),
    ("acknowledgements", "/acknowledgements", "see_rules"),
    ("articles", "/articles", "edit_articles"),
    ("help", "/help", "view"),
    ("blocked", "/blocked", "block"),
    ("settings", "/settings", "settings"),
    ("audit", "/audit", "see_audit"),
    ("kept", "/kept", "see_people"),
    ("retention", "/retention", "see_retention"),
)


@blueprint.get("/admin")
@allowed("view")
def admin() -> str:
    """Every page where something is set up, as far as the reader may open it."""
    return render_template("admin/admin.html", pages=PAGES)


@blueprint.get("/roles")
@allowed("see_people")
def roles() -> str:
    """Which role may do what; the table is the very one that decides."""
    return render_template("admin/roles.html", actions=ACTIONS, roles=ROLES)


@blueprint.get("/kept")
@allowed("see_people")
def kept() -> str:
    """How long what is kept, and what is masked before it is kept at all."""
    settings = here().settings
    return render_template("admin/kept.html", intake=settings.intake, web=settings.web)


@blueprint.get("/teams")
@allowed("see_people")
def teams() -> str:
    """Every team."""
    return _teams()


def _teams(refused: str = "") -> str:
    """``refused`` says why a new team was not added; its form keeps what was typed."""
    with here().store.reading() as unit:
        rows = store.listed(unit)
    return render_template("admin/teams.html", teams=rows, refused=refused)


def _names() -> tuple[str, str]:
    zh, en = (" ".join(request.form.get(one, "").split())[:_LONGEST] for one in ("zh", "en"))
    if not zh or not en:
        raise Invalid("name", "required")
    return zh, en


@blueprint.post("/teams")
@allowed("manage_people")
def add() -> Response:
    """A new team; it has nobody yet, and no tickets until somebody hands it one."""
    try:
        _add()
    except (Conflict, Invalid) as fault:
        return make_response(_teams(sentence(fault.code)), status_of(fault))
    return redirect(url_for("admin.teams"), 303)


def _add() -> None:
    key, (zh, en) = request.form.get("key", "").strip().lower(), _names()
    if not _KEY.fullmatch(key):
        raise Invalid("key", "bad_team_key")
    actor = f"agent:{g.who.id}"

    def work(unit: Unit) -> None:
        if not store.add(unit, key, zh, en):
            raise Conflict("key_taken")
        timeline.audit(unit, actor, "team.added", f"team:{key}")

    here().store.write(work)


@blueprint.post("/teams/<int:team_id>")
@allowed("manage_people")
def rename(team_id: int) -> Response:
    """Call a team something else."""
    zh, en = _names()
    actor = f"agent:{g.who.id}"

    def work(unit: Unit) -> None:
        if not store.rename(unit, team_id, zh, en):
            raise NotFound("there is no such team")
        timeline.audit(unit, actor, "team.renamed", f"team:{team_id}")

    here().store.write(work)
    return redirect(url_for("admin.teams"), 303)
