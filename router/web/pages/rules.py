"""The rules: what they look for, how often they find it, what people corrected, and how they
change (draft, checks, a second person who publishes, back to an earlier version)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, g, make_response, redirect, render_template, request
from flask import url_for as url
from werkzeug.wrappers import Response

from router import rulemaking
from router.core.clock import to_us
from router.core.rights import scope
from router.errors import Conflict, Invalid, NotFound
from router.rulebook import files_of
from router.store import feedback as corrections
from router.store import judged, rulesets
from router.store.rulesets import Version
from router.store.unit import Unit
from router.web import rulewords
from router.web.checks import Checks
from router.web.faults import sentence
from router.web.rights import allowed, here
from rules.contract import GROUPS, Rule
from rules.lint import Remark

blueprint = Blueprint("rules", __name__)

#: The figures on the rules' page, and the report of misroutes, look back so many days.
LATELY, MISROUTES = 7, 30
#: Of a backtest so many changes are shown.
_SHOWN = 40


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "plain": rulewords.plain,
        "remark_words": rulewords.remark,
        "refused_words": lambda one: rulewords.refused(dict(one.params)["message"]),
        "count_found": lambda rules, found: sum(found.get(one.id, 0) for one in rules),
    }


def _since(days: int) -> int:
    return to_us(here().clock.now() - timedelta(days=days))


# ---------------------------------------------------------------- looking


@blueprint.get("/rules")
@allowed("see_rules")
def rules() -> str:
    """Every rule by category, with how often it found something lately."""
    book = here().rules
    with here().store.reading() as unit:
        present = rulesets.find(unit, rulesets.published_id(unit))
        told = {
            "present": present,
            "found": corrections.fired(unit, _since(LATELY)),
            "drafts": rulesets.drafts(unit),
            "history": rulesets.history(unit),
        }
    groups: dict[str, dict[str, list[Rule]]] = {group: {} for group in GROUPS}
    for name in book.categories:
        groups[name.partition(".")[0]][name] = [one for one in book.rules if one.category == name]
    own = present.files if present else files_of(here().settings.rules.folder)
    return render_template(
        "rules/rules.html",
        **told,
        groups=groups,
        own=own,
        days=LATELY,
        version=book.version,
        fault=book.fault,
        published=request.args.get("published", ""),
    )


@blueprint.get("/rules/feedback")
@allowed("see_misroutes")
def feedback() -> str:
    """Where people decided otherwise than the router."""
    with here().store.reading() as unit:
        told = corrections.misroutes(unit, g.who, _since(MISROUTES))
    return render_template("rules/feedback.html", told=told, days=MISROUTES)


@blueprint.get("/rules/version/<version>")
@allowed("see_rules")
def version(version: str) -> str:
    """One version as it was in force."""
    with here().store.reading() as unit:
        row = rulesets.named(unit, version)
        present = rulesets.published_id(unit)
    if row is None and version != here().rules.version:
        raise NotFound("there is no such version")
    files = row.files if row else files_of(here().settings.rules.folder)
    return render_template(
        "rules/version.html",
        row=row,
        version=version,
        files=files,
        in_force=row is None or row.id == present,
    )


# ---------------------------------------------------------------- a draft


@blueprint.post("/rules/draft")
@allowed("edit_rules")
def begin() -> Response:
    """A draft of what is in force."""
    draft_id = rulemaking.begin(here(), g.who)
    return redirect(url("rules.draft", draft_id=draft_id), 303)


@blueprint.get("/rules/draft/<int:draft_id>")
@allowed("edit_rules")
def draft(draft_id: int) -> str:
    """A draft to be written on, with what its checks say."""
    return _page(draft_id)


def _page(draft_id: int, *, refused: str = "", kept: Mapping[str, str] | None = None) -> str:
    with here().store.reading() as unit:
        row = _draft(unit, draft_id)
        told = _checks(unit, row)
        present = rulesets.find(unit, rulesets.published_id(unit))
    in_force = present.files if present else files_of(here().settings.rules.folder)
    files = row.files if kept is None else kept
    by_file: dict[str, list[Remark]] = {}
    for one in rulemaking.faults(row.files):
        by_file.setdefault(one.file, []).append(one)
    return render_template(
        "rules/draft.html",
        **told,
        files=files,
        faults=by_file,
        refused=refused,
        differences=rulewords.differences(in_force, row.files),
        outdated=row.base != here().rules.version,
        saved="saved" in request.args,
        over="over" in request.args,
    )


def _draft(unit: Unit, draft_id: int) -> Version:
    row = rulesets.find(unit, draft_id)
    if row is None or row.state != rulesets.DRAFT:
        raise NotFound("there is no such draft")
    return row


@blueprint.post("/rules/draft/<int:draft_id>")
@allowed("edit_rules")
def save(draft_id: int) -> Response:
    """Keep what was written; perhaps look it over or backtest it at once. Of a draft that somebody
    published or discarded meanwhile it becomes a new one."""
    form = request.form
    files = dict(zip(form.getlist("file"), form.getlist("text"), strict=False))
    files.pop(form.get("remove", ""), None)
    name = form.get("new_name", "").strip()
    added = bool(name) and name not in files
    if added:
        files[name] = ""
    act = form.get("act", "")
    if _over(draft_id):
        anew = rulemaking.begin(here(), g.who, files)
        return redirect(url("rules.draft", draft_id=anew, over=1), 303)
    try:
        rulemaking.save(here(), g.who, draft_id, form.get("seen", ""), files)
        if act in rulemaking.PARTS:
            _start(draft_id, act)
    except (Conflict, Invalid) as fault:
        status = 409 if isinstance(fault, Conflict) else 422
        if added:
            del files[name]
        shown = _page(draft_id, refused=sentence(fault.code), kept=files)
        return make_response(shown, status)
    place = "checks" if act in rulemaking.PARTS else None
    return redirect(url("rules.draft", draft_id=draft_id, saved=1, _anchor=place), 303)


def _over(draft_id: int) -> bool:
    """Whether that was a draft, and is none any more."""
    with here().store.reading() as unit:
        row = rulesets.find(unit, draft_id)
    return row is not None and row.state != rulesets.DRAFT


def _start(draft_id: int, part: str) -> None:
    checks: Checks = current_app.extensions["checks"]
    checks.start(g.who, draft_id, part)


@blueprint.post("/rules/draft/<int:draft_id>/discard")
@allowed("edit_rules")
def discard(draft_id: int) -> Response:
    """Give a draft up."""
    with here().store.reading() as unit:
        _draft(unit, draft_id)
    rulemaking.discard(here(), g.who, draft_id)
    return redirect(url("rules.rules"), 303)


# ---------------------------------------------------------------- its checks


@blueprint.get("/rules/draft/<int:draft_id>/checks")
@allowed("edit_rules")
def checks(draft_id: int) -> str:
    """What the checks say by now, for the page that waits for them."""
    with here().store.reading() as unit:
        told = _checks(unit, _draft(unit, draft_id))
    return render_template("rules/checks.html", **told)


def _checks(unit: Unit, row: Version) -> dict[str, Any]:
    router = here()
    linted, tested = (row.report.get(part, {}) for part in (rulemaking.LINT, rulemaking.BACKTEST))
    result = tested.get("result")
    return {
        "row": row,
        "lint": linted,
        "backtest": tested,
        "remarks": rulemaking.unpacked(linted.get("remarks", [])),
        "states": {
            name: rulemaking.running(router, part) or (part.get("state") == "running" and "cut")
            for name, part in (("lint", linted), ("backtest", tested))
        },
        "result": result,
        "changes": _changes(unit, result["changes"]) if result else [],
        "hidden": _hidden(result["changes"]) if result else 0,
        "picture": rulewords.picture(result["flow"]) if result and result["flow"] else None,
        "width": rulewords.WIDTH,
        "hindrance": rulemaking.hindrance(router, unit, g.who, row),
        "last": row.author_id == g.who.id,
    }


def _visible(change: Mapping[str, Any]) -> bool:
    teams = scope(g.who)
    return teams is None or change["team"] in teams


def _hidden(changes: list[dict[str, Any]]) -> int:
    return sum(not _visible(one) for one in changes)


def _changes(unit: Unit, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The changes that the viewer may see, with the words cut out of their messages."""
    shown = [one for one in changes if _visible(one)][:_SHOWN]
    texts = judged.words(unit, [one["message"] for one in shown])
    told = []
    for one in shown:
        subject, text = texts.get(one["message"], ("", ""))
        words = [
            (subject if part == "subject" else text)[start:end]
            for part, start, end, _ in one["places"]
        ]
        told.append({**one, "words": list(dict.fromkeys(word for word in words if word))})
    return told


# ---------------------------------------------------------------- in force


@blueprint.post("/rules/draft/<int:draft_id>/publish")
@allowed("publish_rules")
def publish(draft_id: int) -> Response:
    """Put a draft in force."""
    try:
        name = rulemaking.publish(here(), g.who, draft_id, request.form.get("seen", ""))
    except Conflict as fault:
        return make_response(_page(draft_id, refused=sentence(fault.code)), 409)
    return redirect(url("rules.rules", published=name), 303)


@blueprint.post("/rules/version/<int:version_id>/restore")
@allowed("edit_rules")
def restore(version_id: int) -> Response:
    """A draft of an earlier version, backtested at once."""
    draft_id = rulemaking.restore(here(), g.who, version_id)
    with suppress(Conflict):  # another check runs; this one is begun by its button
        _start(draft_id, rulemaking.BACKTEST)
    return redirect(url("rules.draft", draft_id=draft_id, _anchor="checks"), 303)
