"""Who is here: one's own presence, and for leads the team's shifts, skills and load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import assigning
from router.core.rights import Who, scope
from router.core.turns import skill
from router.errors import Invalid, NotFound
from router.store import presence, timeline
from router.store.unit import Unit
from router.web.faults import sentence
from router.web.finding import found
from router.web.rights import allowed, here, path_of_ours
from router.web.speech import label

blueprint = Blueprint("shifts", __name__)

_STATES = (presence.HERE, presence.AWAY)
#: Skills of one person at most, and what may stand between them.
_MOST = 20
_BETWEEN = re.compile(r"[\s,;，、；]+")
_FIELDS = ("state", "shift", "skills")


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"my_presence": _mine}


def _mine() -> str:
    """Whether the reader takes tickets now; empty where nothing is given by turns."""
    who: Who | None = getattr(g, "who", None)
    if who is None or here().settings.assignment.mode == "off" or who.role not in _TAKES:
        return ""
    with here().store.reading() as unit:
        return presence.of_agent(unit, who.id)


_TAKES = ("agent", "lead")


@blueprint.post("/presence")
@allowed("view")
def mine() -> Response:
    """I am here, or away."""
    state = request.form.get("state", "")
    if state not in _STATES:
        raise Invalid("state", "unknown_state")
    who: Who = g.who
    here().store.write(lambda unit: presence.put(unit, who.id, state=state))
    return redirect(path_of_ours(request.form.get("back", "/")), 303)


def _calendars() -> tuple[str, ...]:
    return ("desk", *sorted(here().settings.calendars), "always")


@blueprint.get("/shifts")
@allowed("see_shifts")
def shifts() -> str:
    """Everybody of one's teams: here or away, shift, skills, what they have in hand."""
    return _page()


def _page(wrong: str = "", refused: int = 0, typed: Mapping[str, str] | None = None) -> str:
    """``wrong`` says why what was ``typed`` for somebody was ``refused``."""
    router, who = here(), g.who
    with router.store.reading() as unit:
        rows = presence.listed(unit, scope(who))
        known = presence.skills(unit, [row.id for row in rows])
        skills = {row.id: " ".join(sorted(known.get(row.id, ()))) for row in rows}
        listed = found(
            rows, lambda row: f"{row.name} {label('role', row.role)} {skills[row.id]}", refused
        )
        takes = {row.id: assigning.available(router, unit, row) for row in listed.rows}
    return render_template(
        "shifts/shifts.html",
        found=listed,
        skills=skills,
        takes=takes,
        calendars=_calendars(),
        mode=router.settings.assignment.mode,
        most=router.settings.assignment.most,
        wrong=wrong,
        refused=refused,
        typed=typed or {},
        done=request.args.get("done", 0, int),
    )


@blueprint.post("/shifts/<int:agent_id>")
@allowed("edit_shifts")
def change(agent_id: int) -> Response:
    """Somebody's shift and skills, and whether they are here. What was left as it was shown stays
    as it is by now: they may have stepped away meanwhile."""
    given = {one: request.form.get(one, "") for one in _FIELDS}
    touched = [one for one in _FIELDS if given[one] != request.form.get(f"was_{one}")]
    who: Who = g.who

    def work(unit: Unit) -> None:
        _there(unit, who, agent_id)
        columns = {one: given[one] for one in touched if one != "skills"}
        if columns:
            presence.put(unit, agent_id, **columns)
        if "skills" in touched:
            presence.set_skills(unit, agent_id, skills)
        timeline.audit(unit, f"agent:{who.id}", "person.shift", f"agent:{agent_id}")

    try:
        skills = _skills(given["skills"])
    except Invalid as fault:
        return make_response(_page(sentence(fault.code), agent_id, given), 400)
    if (given["shift"] and given["shift"] not in _calendars()) or given["state"] not in _STATES:
        raise Invalid("shift", "unknown_state")
    here().store.write(work)
    place: dict[str, Any] = {name: request.args.get(name) or None for name in ("q", "after")}
    return redirect(url_for("shifts.shifts", **place, done=agent_id), 303)


def _skills(text: str) -> list[str]:
    skills = [skill(one) for one in _BETWEEN.split(text) if one]
    if not all(skills) or len(skills) > _MOST:
        raise Invalid("skills", "bad_skill")
    return skills


def _there(unit: Unit, who: Who, agent_id: int) -> Any:
    for row in presence.listed(unit, scope(who)):
        if row.id == agent_id:
            return row
    raise NotFound("there is no such person in your teams")
