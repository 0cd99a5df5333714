"""Who works here: listed for managers, changed by admins."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router.core.marks import mark
from router.core.rights import ROLES, Who, scope
from router.errors import Conflict, Invalid, NotFound
from router.store import holding, pages, second_steps, timeline
from router.store import people as store
from router.store.unit import Unit
from router.web.faults import sentence, status_of
from router.web.finding import found
from router.web.rights import allowed, here
from router.web.speech import label
from router.web.telling import team_name

blueprint = Blueprint("people", __name__)

#: How long an invitation works, in minutes.
INVITATION = 3 * 24 * 60


def _page(link: str = "", invited: str = "", refused: str = "", about: int = 0) -> str:
    """``refused`` says why a form was: the one ``about`` somebody, or that of an invitation; it
    keeps what was typed."""
    with here().store.reading() as unit:
        names = {team.key: team_name(team) for team in pages.all_teams(unit)}
        mine = store.teams_of_all(unit)
        listed = found(store.listed(unit), lambda one: _told(one, mine, names), about)
        second = second_steps.everybody(unit)
        signed_in = store.signed_in_counts(unit, [one.id for one in listed.rows])
    return render_template(
        "people/people.html",
        found=listed,
        teams=sorted(names),
        mine=mine,
        names=names,
        second=second,
        signed_in=signed_in,
        roles=ROLES,
        everywhere=[one for one in ROLES if scope(Who(0, "", one)) is None],
        link=link,
        invited=invited,
        refused=refused,
        about=about,
        done=request.args.get("done", ""),
        whom=request.args.get("whom", 0, int),
        seen=lambda person: _mark(person, mine.get(person.id, ())),
    )


def _told(person: Any, mine: Mapping[int, Collection[str]], names: Mapping[str, str]) -> str:
    """By what somebody is found: all that their line says."""
    teams = " ".join(names[key] for key in mine.get(person.id, ()))
    return f"{person.name} {person.email} {label('role', person.role)} {teams}"


def _mark(person: Any, keys: Collection[str]) -> str:
    """A word that changes with what somebody may do here."""
    return mark(person.role, " ".join(sorted(keys)), str(bool(person.active)))


def _refused(fault: Conflict | Invalid, about: int = 0) -> Response:
    return make_response(_page(refused=sentence(fault.code), about=about), status_of(fault))


def _back(done: str, agent_id: int) -> Response:
    """To the page where somebody stood, which says what was done."""
    place: dict[str, Any] = {name: request.args.get(name) or None for name in ("q", "after")}
    return redirect(url_for("people.people", **place, done=done, whom=agent_id), 303)


@blueprint.get("/people")
@allowed("see_people")
def people() -> str:
    """Everybody, or whom the words find, with role and teams."""
    return _page()


@blueprint.post("/people/invite")
@allowed("manage_people")
def invite() -> Response | str:
    """Add somebody, or make a new link for somebody who is here; the link is shown once."""
    email = request.form.get("email", "").strip().lower()
    try:
        token = _invited(email)
    except (Conflict, Invalid) as fault:
        return _refused(fault)
    base = here().settings.web.public_url.rstrip("/") or request.host_url.rstrip("/")
    return _page(link=f"{base}{url_for('signing.enter', token=token)}", invited=email)


def _invited(email: str) -> str:
    if "@" not in email:
        raise Invalid("email", "bad_email")
    role = request.form.get("role", "agent")
    keys, name = request.form.getlist("team"), request.form.get("name") or email
    actor = f"agent:{g.who.id}"

    def work(unit: Unit) -> str:
        _check(unit, role, keys)
        known = store.find_agent(unit, email)
        if known is not None and not known.active:
            raise Conflict("inactive")
        agent_id = (
            known.id if known is not None else store.create_agent(unit, email, name, role, keys)
        )
        unit.flush()
        timeline.audit(unit, actor, "person.invited", f"agent:{agent_id}")
        return store.one_time_link(unit, agent_id, store.ENTER, INVITATION)

    return here().store.write(work)


def _check(unit: Unit, role: str, keys: list[str]) -> None:
    if role not in ROLES:
        raise Invalid("role", "unknown_role")
    if not set(keys) <= store.team_ids(unit).keys():
        raise Invalid("team", "unknown_team")


@blueprint.post("/people/<int:agent_id>")
@allowed("manage_people")
def change(agent_id: int) -> Response:
    """Role, teams, in or out. Whoever loses something is signed out everywhere, and a link that
    was made for them opens nothing: it is made again. What they hold and may not see any more goes
    back to the queue. Nobody writes over what somebody else changed since they looked."""
    role, keys = request.form.get("role", ""), request.form.getlist("team")
    active, own = request.form.get("active") == "yes", g.who.id
    seen = request.form.get("seen")
    actor = f"agent:{own}"

    def work(unit: Unit) -> None:
        _check(unit, role, keys)
        known = store.agent(unit, agent_id)
        if known is None:
            raise NotFound("there is no such person")
        names = {team_id: key for key, team_id in store.team_ids(unit).items()}
        mine = [names[one] for one in store.teams_of(unit, agent_id)]
        if seen is not None and seen != _mark(known, mine):
            raise Conflict("person_changed")
        if agent_id == own and (role != "admin" or not active):
            raise Conflict("not_yourself")
        store.change(unit, agent_id, role=role, active=active)
        store.set_teams(unit, agent_id, keys)
        unit.flush()
        holding.release(unit, agent_id, by=own)
        if agent_id != own:
            store.revoke(unit, agent_id)
        timeline.audit(unit, actor, "person.changed", f"agent:{agent_id}")

    try:
        here().store.write(work)
    except (Conflict, Invalid) as fault:
        return _refused(fault, agent_id)
    return _back("saved", agent_id)


@blueprint.post("/people/<int:agent_id>/sign-out")
@allowed("manage_people")
def sign_out(agent_id: int) -> Response:
    """Sign somebody out everywhere, unused links too; with ``second`` they also need no second
    step any more."""
    actor, subject = f"agent:{g.who.id}", f"agent:{agent_id}"
    second = bool(request.form.get("second"))

    def work(unit: Unit) -> None:
        if store.agent(unit, agent_id) is None:
            raise NotFound("there is no such person")
        store.revoke(unit, agent_id)
        timeline.audit(unit, actor, "person.signed_out", subject)
        if second and second_steps.drop(unit, agent_id):
            timeline.audit(unit, actor, "second_step.dropped", subject)

    here().store.write(work)
    return _back("out", agent_id)
