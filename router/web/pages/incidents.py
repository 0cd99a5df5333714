"""Incidents: what is going on, whom it touches, and what all of them are told."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import incidents as service
from router.core.bilingual import for_reader
from router.core.marks import mark
from router.core.rights import Who
from router.errors import Conflict, Invalid, NotFound
from router.store import pages
from router.store.pages import IncidentLine
from router.web.faults import sentence
from router.web.rights import allowed, here
from router.web.speech import label, t

blueprint = Blueprint("incidents", __name__)

_STATES = ("open", "closed")
_BETWEEN = re.compile(r"[\s,，、;；]+")
_LONGEST = 11_000


@blueprint.app_template_filter("incident_name")
def name(one: IncidentLine) -> str:
    """What people call an incident: its title, or what the router saw."""
    if one.title:
        return one.title
    group = label("group", one.group)
    if one.kind == "outage":
        channel = label("channel", str(one.signature.get("channel", "")))
        return str(t("incidents.name.outage", group=group, channel=channel))
    return str(t("incidents.name.campaign", group=group))


# ---------------------------------------------------------------- reading


@blueprint.get("/incidents")
@allowed("see_incidents")
def incidents() -> str:
    """The incidents of one state, newest first."""
    return _list()


def _list(refused: str = "", kept: dict[str, str] | None = None) -> str:
    state = request.args.get("state", "")
    state = state if state in _STATES else "open"
    with here().store.reading() as unit:
        page = pages.incident_list(unit, state, request.args.get("cursor") or None)
    groups = dict.fromkeys(one.partition(".")[0] for one in here().rules.categories)
    return render_template(
        "incidents/incidents.html",
        rows=page.rows,
        next=page.next,
        state=state,
        states=_STATES,
        groups=list(groups),
        refused=refused,
        kept=kept or {},
    )


@blueprint.get("/incidents/<int:incident_id>")
@allowed("see_incidents")
def incident(incident_id: int) -> str:
    """One incident with its tickets and what its people are told."""
    return _page(incident_id)


def _page(incident_id: int, refused: str = "", kept: dict[str, str] | None = None) -> str:
    who: Who = g.who
    router = here()
    with router.store.reading() as unit:
        shown = pages.incident_view(unit, incident_id, who)
        if shown is None:
            raise NotFound("there is no such incident")
        reached = service.recipients(router, unit, who, incident_id)
    return render_template(
        "incidents/incident.html",
        shown=shown,
        one=shown.line,
        reached=reached,
        traditional=_traditional(shown, reached),
        refused=refused,
        kept=kept or {},
        mark=mark,
        done=request.args.get("done", ""),
        sent=request.args.get("sent", ""),
    )


def _traditional(shown: pages.IncidentView, reached: service.Recipients) -> str:
    """The answer in traditional characters, where anybody gets it so."""
    if not shown.answer_zh or not reached.languages["zh-Hant"]:
        return ""
    return for_reader("zh-Hant", shown.answer_zh, shown.answer_en)


# ---------------------------------------------------------------- acting


def _given(field: str) -> str:
    return request.form.get(field, "")[:_LONGEST]


@blueprint.post("/incidents")
@allowed("handle_incidents")
def open_by_hand() -> Response:
    """Open one by hand."""
    numbers = [one for one in _BETWEEN.split(request.form.get("tickets", "").strip()) if one]
    try:
        opened = service.open_by_hand(here(), g.who, _given("title"), _given("category"), numbers)
    except (Conflict, Invalid) as fault:
        return make_response(_list(_why(fault), request.form.to_dict()), _status(fault))
    return redirect(url_for("incidents.incident", incident_id=opened), 303)


def _why(fault: Conflict | Invalid) -> str:
    if not sentence(fault.code):
        return sentence(f"s{_status(fault)}.title")
    return t(f"errors.{fault.code}", **(fault.params if isinstance(fault, Invalid) else {}))


def _status(fault: Conflict | Invalid) -> int:
    return 409 if isinstance(fault, Conflict) else 422


def _act(incident_id: int, work: Callable[[], object], *, done: str = "") -> Response:
    """Do it and show the incident as it is then; refused, show why and keep what was written."""
    try:
        result = work()
    except (Conflict, Invalid) as fault:
        page = _page(incident_id, _why(fault), request.form.to_dict())
        return make_response(page, _status(fault))
    address = url_for(
        "incidents.incident",
        incident_id=incident_id,
        done=done or None,
        sent=result,
        _anchor="preview" if done == "preview" else None,
    )
    return redirect(address, 303)


@blueprint.post("/incidents/<int:incident_id>/answer")
@allowed("handle_incidents")
def write_answer(incident_id: int) -> Response:
    """Keep the common answer, and show whom it would reach."""
    zh, en = _given("answer_zh"), _given("answer_en")
    return _act(
        incident_id,
        lambda: service.write_answer(here(), g.who, incident_id, zh, en, _given("seen")),
        done="preview",
    )


@blueprint.post("/incidents/<int:incident_id>/send")
@allowed("handle_incidents")
def send_answer(incident_id: int) -> Response:
    """Send it to everybody it has not reached."""
    zh, en = _given("answer_zh"), _given("answer_en")
    return _act(
        incident_id,
        lambda: service.send_answer(here(), g.who, incident_id, zh, en),
        done="sent",
    )


@blueprint.post("/incidents/<int:incident_id>/banner")
@allowed("handle_incidents")
def set_banner(incident_id: int) -> Response:
    """What further acknowledgements begin with."""
    zh, en = _given("banner_zh"), _given("banner_en")
    return _act(
        incident_id,
        lambda: service.set_banner(here(), g.who, incident_id, zh, en, _given("seen")),
        done="banner",
    )


@blueprint.post("/incidents/<int:incident_id>/add")
@allowed("handle_incidents")
def add(incident_id: int) -> Response:
    """Tie one more ticket to it."""
    return _act(
        incident_id, lambda: service.add(here(), g.who, incident_id, _given("ticket").strip())
    )


@blueprint.post("/incidents/<int:incident_id>/leave-out")
@allowed("handle_incidents")
def leave_out(incident_id: int) -> Response:
    """Take a ticket out of it."""
    return _act(
        incident_id, lambda: service.leave_out(here(), g.who, incident_id, _given("ticket"))
    )


@blueprint.post("/incidents/<int:incident_id>/close")
@allowed("handle_incidents")
def close(incident_id: int) -> Response:
    """It is over."""
    return _act(incident_id, lambda: service.close(here(), g.who, incident_id))


@blueprint.post("/incidents/<int:incident_id>/reopen")
@allowed("handle_incidents")
def reopen(incident_id: int) -> Response:
    """It is not over after all."""
    return _act(incident_id, lambda: service.reopen(here(), g.who, incident_id))
