"""Snippets and macros: their page, what they say on a ticket, and running one."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from router import desk
from router.core import snippets
from router.core.clock import to_us
from router.core.rights import Who, may
from router.errors import Conflict, Invalid, NotFound
from router.store import macros as store
from router.store import pages, timeline
from router.store.macros import MacroView
from router.store.unit import Unit
from router.web import telling
from router.web.faults import sentence
from router.web.pages.inbox import chosen
from router.web.pages.moving import NAPS, wakes
from router.web.pages.ticket import SEEN, act, given
from router.web.rights import allowed, here
from router.web.speech import language
from router.web.suspicion import whole_number

blueprint = Blueprint("macros", __name__)

_LONGEST = 10_000


# ---------------------------------------------------------------- on a ticket


@blueprint.get("/ticket/<number>/macros")
@allowed("macro")
def offered(number: str) -> str:
    """What may be put into a reply on this ticket, or run on it."""
    with here().store.reading() as unit:
        ticket = pages.ticket_view(unit, pages.ticket_id(unit, number, g.who), g.who).ticket
        found = telling.filled(unit, g.who, ticket)
    return render_template("macros/offered.html", macros=found, ticket=ticket)


@blueprint.post("/ticket/<number>/macro")
@allowed("macro")
def run(number: str) -> Response:
    """Answer, tag and move the ticket in one go."""
    once = given("once") or secrets.token_urlsafe(12)
    seen = given("seen") if SEEN.fullmatch(given("seen")) else ""

    def work(who: Who, ticket_id: int) -> None:
        with here().store.reading() as unit:
            ticket = pages.ticket_view(unit, ticket_id, who).ticket
            found = {one.id: (one, text) for one, text in telling.filled(unit, who, ticket)}
        wanted = whole_number(given("macro"))
        if wanted is None or wanted not in found:
            raise Invalid("macro", "unknown_macro")
        macro, text = found[wanted]
        desk.run_macro(here(), who, ticket_id, _doing(who, macro, text), once=once, seen=seen)

    return act(number, work, seen=seen)


def _doing(who: Who, macro: MacroView, text: str) -> desk.Doing:
    does = macro.does
    changes: list[tuple[str, Any]] = [("tag", one) for one in does.get("tags", ())]
    if does.get("category"):
        changes.append(("category", does["category"]))
    if does.get("assign"):
        changes.append(("assign", who.id))
    if does.get("then") == "close":
        changes.append(("close", None))
    elif does.get("then") in NAPS:
        changes.append(("snooze", to_us(wakes(does["then"]))))
    return desk.Doing(macro.name, text if does.get("send") else "", tuple(changes))


# ---------------------------------------------------------------- their page


@blueprint.get("/macros")
@allowed("macro")
def macros() -> str:
    """The reader's own and everybody's."""
    return _page()


def _page(wrong: str = "", typed: MacroView | None = None, *, gone: bool = False) -> str:
    """``typed`` was written and not kept: ``wrong`` says why, or else somebody changed the macro
    meanwhile, or it is ``gone``."""
    with here().store.reading() as unit:
        found = store.of_agent(unit, g.who)
    return render_template(
        "macros/macros.html",
        macros=found,
        typed=typed,
        wrong=wrong,
        gone=gone,
        chosen=chosen(),
        variables=[one for one in snippets.NAMES if one.isascii() == (language() == "en")],
    )


@blueprint.post("/macros")
@allowed("macro")
def save() -> Response:
    """Write one, new or in place of what it was; a shared one needs a lead. Refused, or where
    somebody changed it meanwhile, everything written stays, beside what is there now."""
    try:
        overtaken = _save()
    except (Conflict, Invalid) as fault:
        status = 409 if isinstance(fault, Conflict) else 422
        told = sentence(fault.code) or sentence(f"s{status}.title")
        return make_response(_page(told, _typed()), status)
    if overtaken is None:
        return redirect(url_for("macros.macros"), 303)
    with here().store.reading() as unit:
        gone = store.find(unit, g.who, overtaken.id) is None
    return make_response(_page(typed=overtaken, gone=gone), 409)


def _save() -> MacroView | None:
    """What was typed, where another macro stands there by now than its writer saw."""
    who: Who = g.who
    known_id = whole_number(given("macro")) or 0
    shared, seen = given("shared") == "yes", given("seen")

    def work(unit: Unit) -> MacroView | None:
        known = store.find(unit, who, known_id) if known_id else None
        macro = MacroView(id=known_id or unit.new_id(), shared=shared, **fields)
        if known_id and (known is None or known.mark not in (seen, macro.mark)):
            return macro
        if (shared or (known is not None and known.shared)) and not may(who, "share"):
            raise Conflict("shared_by_leads")
        if known is None and len(store.of_agent(unit, who)) >= 2 * store.MOST:
            raise Conflict("too_many_macros")
        store.put(unit, macro, None if shared else who.id)
        timeline.audit(unit, f"agent:{who.id}", "macro.saved", f"macro:{macro.id}")
        return None

    fields = _fields()
    return here().store.write(work)


def _typed() -> MacroView:
    """What stands in the form, as it was written."""
    return MacroView(
        id=whole_number(given("macro")) or 0,
        shared=given("shared") == "yes",
        does={
            "tags": [one.strip() for one in given("tags").split(",")],
            **{name: given(name) for name in ("category", "then", "send", "assign")},
        },
        **{name: given(name) for name in ("name", "word", "key", *_TEXTS)},
    )


def _fields() -> dict[str, Any]:
    """What the form says, checked."""
    name = " ".join(given("name").split())[:60]
    word = given("word").strip().lstrip("/").replace(" ", "-")[:30] or name.replace(" ", "-")[:30]
    texts = {key: given(key).replace("\r\n", "\n").strip()[:_LONGEST] for key in _TEXTS}
    key = given("key").strip()
    if not name:
        raise Invalid("name", "required")
    if key and key not in "123456789":
        raise Invalid("key", "bad_key")
    if any(snippets.unknown(text) for text in texts.values()):
        raise Invalid("text", "unknown_variable")
    does = _does()
    if not any(texts.values()) and not does:
        raise Invalid("text", "empty")
    return {"name": name, "word": word, "key": key, "does": does, **texts}


_TEXTS = ("text_zh", "text_en")


def _does() -> dict[str, Any]:
    tags = [
        desk.tag_word(one) for one in given("tags").replace("，", ",").split(",") if one.strip()
    ]
    does: dict[str, Any] = {"tags": tags} if tags else {}
    if given("category"):
        if given("category") not in here().rules.categories:
            raise Invalid("category", "unknown_category")
        does["category"] = given("category")
    if given("assign") == "yes":
        does["assign"] = True
    if given("then") in ("close", *NAPS):
        does["then"] = given("then")
    if given("send") == "yes":
        does["send"] = True
    return does


@blueprint.post("/macros/<int:macro_id>/drop")
@allowed("macro")
def drop(macro_id: int) -> Response:
    """Give one up."""
    who: Who = g.who

    def work(unit: Unit) -> None:
        known = store.find(unit, who, macro_id)
        if known is None:
            raise NotFound("there is no such macro of yours")
        if known.shared and not may(who, "share"):
            raise Conflict("shared_by_leads")
        store.drop(unit, macro_id)
        timeline.audit(unit, f"agent:{who.id}", "macro.dropped", f"macro:{macro_id}")

    here().store.write(work)
    return redirect(url_for("macros.macros"), 303)
