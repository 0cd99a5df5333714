"""One ticket: read it, answer it, note something, move it on.

Every act is a plain form that works without a script; asked with ``X-Part``, the ticket's pane
comes back instead of a redirection. What an agent wrote is never lost: where an act is refused, the
page comes back with the text in place and the reason above it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from router import desk
from router.core import markup, redact
from router.core.references import normalise_number
from router.core.rights import Who
from router.errors import Conflict, Invalid, NotFound, RouterError
from router.store import pages
from router.web import telling
from router.web.faults import sentence
from router.web.inbox import beside, chosen
from router.web.rights import allowed, here
from router.web.speech import t

blueprint = Blueprint("ticket", __name__)

#: The only style a mail is shown in; named by its hash, so the frame needs no other right.
_MAIL_STYLE = (
    "body{margin:12px;font:15px/1.55 system-ui,'PingFang SC','Microsoft YaHei',"
    "'Noto Sans CJK SC',sans-serif;color:#1b2330;background:#fff;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}"
    "blockquote{margin:0 0 0 8px;padding-left:12px;border-left:3px solid #d9dee5;color:#5a6573}"
)
_MAIL_POLICY = (
    "default-src 'none'; img-src data:; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_MAIL_STYLE.encode()).digest()).decode()
    + "'; frame-ancestors 'self'; sandbox"
)
_FILE_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


class HoldsSecret(NamedTuple):
    """What an agent is asked before a text with a secret in it is sent or kept: the form it came
    from, the text as it would be, what was masked, and the word that says yes to just this text."""

    form: str
    text: str
    kinds: tuple[str, ...]
    confirmed: str


# ---------------------------------------------------------------- reading


@blueprint.get("/ticket/<number>")
@allowed("view")
def ticket(number: str) -> AnyResponse | str:
    """The ticket beside the list it was chosen from."""
    proper = normalise_number(number)
    if proper is None:
        raise NotFound("this is no ticket number of ours")
    if proper != number:
        return redirect(url_for("ticket.ticket", number=proper, **chosen().address()), 303)
    return _page(proper)


def _page(
    number: str,
    *,
    refused: str = "",
    kept: dict[str, str] | None = None,
    warning: HoldsSecret | None = None,
) -> str:
    wanted = chosen()
    who: Who = g.who
    router = here()
    with router.store.reading() as unit:
        before = request.args.get("before") or None
        shown = pages.ticket_view(unit, pages.ticket_id(unit, number, who), who, before=before)
        told: dict[str, Any] = {
            "shown": shown,
            "chosen": wanted,
            "agents": pages.all_agents(unit),
            "teams": pages.all_teams(unit),
        }
        if not request.headers.get("X-Part"):
            told |= beside(unit, who, wanted)
    line = shown.ticket
    told |= {
        "story": telling.story(shown.messages, shown.entries),
        "carried": router.doors.speaker(line.handle_kind, line.channel, "") is not None,
        "once": secrets.token_urlsafe(12),
        "refused": refused,
        "kept": kept or {},
        "warning": warning,
        "stamp": _stamp(shown),
    }
    whole = not request.headers.get("X-Part")
    return render_template("ticket/ticket.html" if whole else "ticket/pane.html", **told)


def _stamp(shown: pages.TicketView) -> str:
    """A word that changes when anything shown of the ticket did; open pages compare it."""
    seen = [
        shown.ticket.updated_at.isoformat(),
        str(len(shown.messages)),
        str(shown.entries[-1].id if shown.entries else 0),
        *(f"{one.outbox_id}{one.outbox_state}" for one in shown.messages if one.outbox_id),
    ]
    return hashlib.sha256(" ".join(seen).encode()).hexdigest()[:16]


# ---------------------------------------------------------------- acting


def _act(number: str, work: Callable[[Who, int], object], **kept: str) -> AnyResponse:
    """Do it and show the ticket as it is then; refused, show why and keep what was written."""
    who: Who = g.who
    with here().store.reading() as unit:
        ticket_id = pages.ticket_id(unit, number, who)
    try:
        work(who, ticket_id)
    except (Conflict, Invalid) as fault:
        status = 409 if isinstance(fault, Conflict) else 422
        reason = sentence(fault.code) or sentence(f"s{status}.title")
        return make_response(_page(number, refused=reason, kept=kept), status)
    if request.headers.get("X-Part"):
        return make_response(_page(number))
    address = url_for("ticket.ticket", number=number, **chosen().address())
    return redirect(address, 303)


def _warned(number: str, form: str, text: str) -> AnyResponse | None:
    """The page again, when the text holds a secret and nobody has said yes to its masked form."""
    masked = redact.mask(text)
    confirmed = here().keys.fingerprint(masked.text)
    if not masked.hits or _given("confirmed") == confirmed:
        return None
    warning = HoldsSecret(form, masked.text, masked.hits, confirmed)
    return make_response(_page(number, kept={form: text}, warning=warning), 422)


def _given(name: str) -> str:
    return request.form.get(name, "")


def _number(name: str) -> int | None:
    """An id out of a form; nobody is an empty one."""
    value = _given(name)
    if not value:
        return None
    if not value.isdecimal() or len(value) > 19:
        raise Invalid(name, f"unknown_{name}")
    return int(value)


@blueprint.post("/ticket/<number>/reply")
@allowed("reply")
def reply(number: str) -> AnyResponse:
    """Send an answer to the requester, perhaps closing the ticket with it."""
    text, close = _given("text"), bool(_given("close"))
    once = _given("once") or secrets.token_urlsafe(12)
    return _warned(number, "reply", text) or _act(
        number,
        lambda who, ticket_id: desk.reply(here(), who, ticket_id, text, once=once, close=close),
        reply=text,
    )


@blueprint.post("/ticket/<number>/note")
@allowed("note")
def note(number: str) -> AnyResponse:
    """Write something that only colleagues see."""
    text, once = _given("text"), _given("once") or secrets.token_urlsafe(12)
    return _warned(number, "note", text) or _act(
        number,
        lambda who, ticket_id: desk.note(here(), who, ticket_id, text, once=once),
        note=text,
    )


@blueprint.post("/ticket/<number>/assign")
@allowed("assign")
def assign(number: str) -> AnyResponse:
    """Give it to somebody, to oneself (``me``) or to nobody."""

    def work(who: Who, ticket_id: int) -> None:
        wanted = who.id if _given("agent") == "me" else _number("agent")
        desk.assign(here(), who, ticket_id, wanted)

    return _act(number, work)


@blueprint.post("/ticket/<number>/team")
@allowed("move_team")
def team(number: str) -> AnyResponse:
    """Hand it to another team; who may not see that team's tickets goes back to the list."""
    who: Who = g.who
    chosen_team = _number("team")
    if who.role in ("agent", "lead") and chosen_team not in who.teams:
        with here().store.reading() as unit:
            ticket_id = pages.ticket_id(unit, number, who)
        desk.move_team(here(), who, ticket_id, chosen_team or 0)
        return redirect(url_for("inbox.inbox", **chosen().address()), 303)
    return _act(
        number, lambda who, ticket_id: desk.move_team(here(), who, ticket_id, chosen_team or 0)
    )


@blueprint.post("/ticket/<number>/tag")
@allowed("tag")
def tag(number: str) -> AnyResponse:
    """Put a tag on."""
    return _act(number, lambda who, ticket_id: desk.tag(here(), who, ticket_id, _given("tag")))


@blueprint.post("/ticket/<number>/untag")
@allowed("tag")
def untag(number: str) -> AnyResponse:
    """Take a tag off."""
    return _act(number, lambda who, ticket_id: desk.untag(here(), who, ticket_id, _given("tag")))


@blueprint.post("/ticket/<number>/category")
@allowed("categorise")
def category(number: str) -> AnyResponse:
    """Correct what it is about."""
    wanted = _given("category")
    return _act(number, lambda who, ticket_id: desk.set_category(here(), who, ticket_id, wanted))


@blueprint.post("/ticket/<number>/urgency")
@allowed("categorise")
def urgency(number: str) -> AnyResponse:
    """Correct how soon it must be seen."""
    wanted = _given("urgency")
    return _act(number, lambda who, ticket_id: desk.set_urgency(here(), who, ticket_id, wanted))


@blueprint.post("/ticket/<number>/close")
@allowed("close")
def close(number: str) -> AnyResponse:
    """The matter is settled."""
    return _act(number, lambda who, ticket_id: desk.close(here(), who, ticket_id))


@blueprint.post("/ticket/<number>/reopen")
@allowed("reopen")
def reopen(number: str) -> AnyResponse:
    """It is not settled after all."""
    return _act(number, lambda who, ticket_id: desk.reopen(here(), who, ticket_id))


# ---------------------------------------------------------------- mail as it was sent, files


@blueprint.get("/message/<int:message_id>/html")
@allowed("view")
def message_html(message_id: int) -> Response:
    """A mail's HTML, made harmless, for a frame that can do nothing."""
    with here().store.reading() as unit:
        raw = pages.message_html(unit, message_id, g.who)
        pictures = list(pages.pictures(unit, message_id))
    body = markup.safe_html(raw)
    for one in pictures:
        body = _with_picture(body, one)
    page = Markup(
        '<!doctype html><html lang=""><head><meta charset="utf-8"><title>{}</title>'
        "<style>{}</style></head><body>{}</body></html>"
    ).format(
        t("ticket.as_sent"),
        Markup(_MAIL_STYLE),  # noqa: S704  # ours
        Markup(body),  # noqa: S704  # cleaned above; the frame's policy is the second wall
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = _MAIL_POLICY
    return response


def _with_picture(body: str, one: Any) -> str:
    """A picture that came with the mail, put where the mail names it."""
    name = f"cid:{one.content_id}"
    if name not in body:
        return body
    try:
        data = here().keys.unseal(one.key_id, one.wrapped_key, one.blob, one.token.encode())
    except RouterError:
        return body
    return body.replace(name, f"data:{one.mime};base64,{base64.b64encode(data).decode()}")


@blueprint.get("/attachment/<token>")
@allowed("view")
def attachment(token: str) -> Response:
    """A file, always as a download and never as a page of ours."""
    with here().store.reading() as unit:
        file, key_id, wrapped, blob = pages.attachment(unit, token, g.who)
    data = here().keys.unseal(key_id, wrapped, blob, file.token.encode())
    response = make_response(data)
    response.mimetype = "application/octet-stream"
    response.headers.set("Content-Disposition", "attachment", filename=file.name or "file")
    response.headers["Content-Security-Policy"] = _FILE_POLICY
    return response
