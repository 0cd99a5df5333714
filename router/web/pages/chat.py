"""The chat for visitors: the widget that other sites embed, and what it asks of us.

The widget is a frame of our own, so all its requests come from our own pages and no other site's
policy must allow more than a script and a frame of ours. Whoever holds a conversation's word may
read it and write in it; the word rides in a header and is in no address but the way back after #.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    make_response,
    render_template,
    request,
)
from werkzeug.exceptions import HTTPException

from channels import chat as widget
from channels.contract import Attachment, BadSignature
from router import chatting
from router.errors import Conflict, Invalid, NotFound, OverLimit, RouterError
from router.store import chats
from router.web import faults
from router.web.downloads import download
from router.web.rights import here, public, source
from router.web.speech import catalogue, language, t
from router.web.suspicion import json_object
from router.web.talks import Talks

blueprint = Blueprint("chat", __name__)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "require-trusted-types-for 'script'; frame-ancestors 'self' {origins}"
)
#: A request that waits for news waits so long at most.
_PATIENCE = timedelta(seconds=25)
_LARGEST_COUNT = 2**31


def talks() -> Talks:
    """The conversations of this process."""
    found: Talks = current_app.extensions["talks"]
    return found


# ---------------------------------------------------------------- pages


@lru_cache(maxsize=1)
def _loader() -> str:
    return (Path(__file__).parents[1] / "static" / "chat-loader.js").read_text("utf-8")


@blueprint.get("/chat/widget.js")
@public
def loader() -> Response:
    """The one script that a site embeds."""
    response = make_response(_loader())
    response.mimetype = "text/javascript"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@blueprint.get("/chat/talk")
@public
def talk() -> Response:
    """The widget's own page: in a frame, or alone in a browser's tab."""
    router = here()
    named = chatting.account(router, request.args.get("account", ""))
    response = make_response(
        render_template(
            "chat/talk.html",
            account=named,
            hours=talks().hours(named),
            hotline=router.settings.desk.hotline,
            zone=router.settings.desk.zone,
            words=_words(),
            longest=widget.LONGEST,
            most_bytes=widget.MOST_BYTES,
            most_files=widget.MOST_FILES,
        )
    )
    origins = " ".join(chatting.door(router, named).options.origins)
    response.headers["Content-Security-Policy"] = _POLICY.format(origins=origins)
    return response


def _words() -> str:
    """What the widget's script says, for a data attribute."""
    told = catalogue()[language()]
    return json.dumps(
        {
            key.removeprefix("chat.say.").removeprefix("chat.fault."): value
            for key, value in told.items()
            if key.startswith(("chat.say.", "chat.fault."))
        },
        ensure_ascii=False,
    )


@blueprint.get("/chat/demo")
@public
def demo() -> str:
    """A made-up page of the wallet with the widget in it, to try it out."""
    router = here()
    named = chatting.account(router, request.args.get("account", ""))
    if not chatting.door(router, named).options.demo_page:
        raise NotFound("the demo page is switched off")
    return render_template("chat/demo.html", account=named)


# ---------------------------------------------------------------- what the widget asks


@blueprint.post("/chat/v1/sessions")
@public
def sessions() -> Response:
    """Begin, as a guest or as who the wallet's server says."""
    router, given = here(), _json()
    named = chatting.account(router, _word(given, "account"))
    number, token = chatting.begin(
        router,
        named,
        proof=_word(given, "identity"),
        language="zh" if language() == "zh" else "en",
        source=source(),
    )
    state = talks().state(chatting.enter(router, token), 0)
    return jsonify(token=token, conversation_id=str(number), **_without(state, "conversation_id"))


@blueprint.post("/chat/v1/messages")
@public
def say() -> Response:
    """A message of the visitor's, with files or without."""
    row = _row()
    given, files = _message()
    offline = bool(given.get("offline"))
    if offline and not row.verified and not (given["email"].strip() or given["phone"].strip()):
        raise Invalid("email", "reach_missing")
    said = chatting.say(here(), row, given, files, source=source())
    talks().heard_of(row.id, types=False)
    return jsonify(message_id=str(said.message_id), seq=said.seq, duplicate=said.duplicate)


@blueprint.get("/chat/v1/messages")
@public
def news() -> Response:
    """What happened after a number; with ``wait``, as soon as something does."""
    row, after = _row(), _count("after")
    talks().heard_of(row.id)
    patience = min(timedelta(seconds=_count("wait")), _PATIENCE)
    if patience and talks().enter(row.id):
        try:
            return jsonify(talks().wait(row, after, patience))
        finally:
            talks().leave(row.id)
    return jsonify(talks().state(row, after))


@blueprint.get("/chat/v1/stream")
@public
def stream() -> Response:
    """Server-sent events after ``Last-Event-ID``; past the cap they end at once, with a time to
    come back."""
    row = _row()
    known = request.headers.get("Last-Event-ID", "")
    after = int(known) if known.isdecimal() and len(known) < 10 else _count("after")
    talks().heard_of(row.id)
    here_now = talks()
    placed = here_now.enter(row.id)
    response = Response(here_now.stream(row, after, placed=placed), mimetype="text/event-stream")
    if placed:
        response.call_on_close(lambda: here_now.leave(row.id))
    response.headers["X-Accel-Buffering"] = "no"
    return response


@blueprint.post("/chat/v1/typing")
@public
def typing() -> tuple[str, int]:
    """The visitor types, or has stopped."""
    row = _row()
    talks().heard_of(row.id, types=bool(_json().get("on")))
    return "", 204


@blueprint.post("/chat/v1/read")
@public
def read() -> tuple[str, int]:
    """The visitor has seen everything up to a number."""
    row, seq = _row(), _json().get("seq")
    talks().heard_of(row.id)
    chatting.read(here(), row, seq if isinstance(seq, int) else 0)
    return "", 204


@blueprint.post("/chat/v1/contact")
@public
def contact() -> tuple[str, int]:
    """Where to write to when the visitor has gone."""
    row, given = _row(), _json()
    words = {name: _word(given, name) for name in ("name", "email", "phone")}
    chatting.leave_address(here(), row, words)
    return "", 204


@blueprint.post("/chat/v1/close")
@public
def close() -> tuple[str, int]:
    """The visitor ends the chat."""
    chatting.end(here(), _row())
    return "", 204


@blueprint.get("/chat/v1/files/<token>")
@public
def file(token: str) -> Response:
    """A file of this very conversation, as a download."""
    router, row = here(), _row()
    with router.store.reading() as unit:
        found = chats.file(unit, row.id, token)
    if found is None:
        raise NotFound("there is no such file in this conversation")
    data = router.keys.unseal(found.key_id, found.wrapped_key, found.blob, found.token.encode())
    return download(data, found.name)


# ---------------------------------------------------------------- reading requests


def _row() -> Any:
    """The conversation whose word the request carries, and which it names if it names one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    row = chatting.enter(here(), token.strip() if scheme == "Bearer" else "")
    named = request.args.get("conversation", "")
    if named and named != str(row.id):
        raise NotFound("that conversation is somebody else's")
    return row


def _json() -> Mapping[str, Any]:
    return json_object() or {}


def _word(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _count(name: str) -> int:
    given = request.args.get(name, "0")
    return min(int(given), _LARGEST_COUNT) if given.isdecimal() and len(given) < 12 else 0


def _message() -> tuple[dict[str, str], list[Attachment]]:
    names = ("client_msg_id", "text", "name", "email", "phone", "offline")
    if request.is_json:
        given = _json()
        words = {name: _word(given, name) for name in names}
        return words | {"offline": "1" if given.get("offline") else ""}, []
    files = []
    for one in request.files.getlist("attachments"):
        with one.stream as opened:
            if one.filename:
                files.append(Attachment(one.filename, one.mimetype or "", opened.read()))
    return {name: request.form.get(name, "") for name in names}, files


def _without(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key != name}


# ---------------------------------------------------------------- what went wrong


@blueprint.errorhandler(RouterError)
def _ours(fault: RouterError) -> Response:
    """Problem JSON for the widget, a page for people. Nothing that was sent is echoed."""
    if not request.path.startswith("/chat/v1/"):
        return faults.page(faults.status_of(fault), "")
    status = faults.status_of(fault)
    code = fault.code if isinstance(fault, Conflict | Invalid) else f"s{status}"
    status = 422 if code == "other_body" else status
    more = fault.more if isinstance(fault, Invalid) else ()
    response = _problem(status, code, [{"field": name, "code": one} for name, one in more])
    if isinstance(fault, OverLimit):
        response.headers["Retry-After"] = str(fault.retry_after)
    elif status == 503:
        response.headers["Retry-After"] = "5"
    return response


@blueprint.errorhandler(BadSignature)
def _stranger(_: BadSignature) -> Response:
    return _problem(401, "s401", [])


@blueprint.errorhandler(HTTPException)
def _http(fault: HTTPException) -> Response:
    status = fault.code or 500
    return _problem(status, "file_too_big" if status == 413 else f"s{status}", [])


def _problem(status: int, code: str, errors: list[dict[str, str]]) -> Response:
    known = catalogue()[language()]
    said = {one: known.get(f"chat.fault.{one}", "") for one in {code, *(e["code"] for e in errors)}}
    for one in errors:
        one["detail"] = said[one["code"]]
    detail = said[code] or str(t("chat.fault.s500"))
    response = jsonify(
        type="about:blank", title=detail, status=status, code=code, detail=detail, errors=errors
    )
    response.status_code, response.mimetype = status, "application/problem+json"
    return response
