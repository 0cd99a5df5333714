"""What came with a message: its HTML in a frame that can do nothing, its files, its source.

Three walls stand between a mail and whoever reads it, each enough by itself: what acts is cleaned
out, the answer's own policy lets nothing run or be fetched, and the frame around it does the same.
Pictures from elsewhere are fetched by the agent's browser alone, and only when the agent asks.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, g, make_response, render_template, request
from markupsafe import Markup

from channels.contract import Raw
from router.core import markup, pictures
from router.errors import NotFound, RouterError
from router.store import journal, pages, timeline
from router.store.journal import Item
from router.store.pages import listing as pages_list
from router.web.downloads import POLICY, download
from router.web.rights import allowed, here
from router.web.speech import t

blueprint = Blueprint("message", __name__)

#: The only style a mail is shown in; named by its hash, so the frame needs no other right.
_MAIL_STYLE = (
    "body{margin:12px;font:15px/1.55 system-ui,'PingFang SC','Microsoft YaHei',"
    "'Noto Sans CJK SC',sans-serif;color:#1b2330;background:#fff;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}"
    "blockquote{margin:0 0 0 8px;padding-left:12px;border-left:3px solid #d9dee5;color:#5a6573}"
)
_MAIL_POLICY = (
    "default-src 'none'; img-src {pictures}; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_MAIL_STYLE.encode()).digest()).decode()
    + "'; frame-ancestors 'self'; sandbox"
)
#: A picture of more bytes than this is not shown as one.
_LARGEST_PICTURE = 8 * 1024 * 1024
#: Characters of one mail's page that are pictures, however often it shows them.
_MOST_INSIDE = 4_000_000
_LONGEST_HEAD = 64 * 1024


@blueprint.get("/message/<int:message_id>/html")
@allowed("view")
def html(message_id: int) -> Response:
    """A mail's HTML, made harmless, for a frame that can do nothing."""
    remote = request.args.get("images") == "1"
    with here().store.reading() as unit:
        raw = pages.message_html(unit, message_id, g.who)
        inside = _Inside(pages.pictures(unit, message_id))
    body = markup.safe_html(raw, remote=remote, inside=inside.shown)
    page = Markup(
        '<!doctype html><html lang=""><head><meta charset="utf-8"><title>{}</title>'
        "<style>{}</style></head><body>{}</body></html>"
    ).format(
        t("ticket.as_sent"),
        Markup(_MAIL_STYLE),  # noqa: S704  # ours
        Markup(body),  # noqa: S704  # cleaned above; the frame's policy is the second wall
    )
    response = make_response(page)
    allowed_pictures = "data: https:" if remote else "data:"
    response.headers["Content-Security-Policy"] = _MAIL_POLICY.format(pictures=allowed_pictures)
    response.headers["Referrer-Policy"] = "no-referrer"
    # The frame asks for as much in its own words; this lets the browser see that it gets it.
    response.headers["Allow-CSP-From"] = "*"
    return response


class _Inside:
    """The pictures that came with one mail, put where it shows them until there are enough.

    They stand in the page itself: a frame without an origin is sent no session to fetch one by. So
    each place is paid for, and whoever names one picture ten thousand times has it shown a few
    times; every one is beside the message as a file.
    """

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = {row.content_id: row for row in rows}
        self._said: dict[str, str] = {}
        self._left = _MOST_INSIDE

    def shown(self, content_id: str) -> str:
        """The picture as an address; empty for none of them, and for one too many."""
        name = content_id if content_id in self._rows else unquote(content_id)
        if name not in self._rows:
            return ""
        if name not in self._said:
            self._said[name] = _said(self._rows[name])
        if len(self._said[name]) > self._left:
            return ""
        self._left -= len(self._said[name])
        return self._said[name]


def _said(one: Any) -> str:
    """A sealed picture as an address; empty when it is none, or cannot be opened."""
    try:
        data = here().keys.unseal(one.key_id, one.wrapped_key, one.blob, one.token.encode())
    except RouterError:
        return ""
    mime = pictures.kind(data)
    return f"data:{mime};base64,{base64.b64encode(data).decode()}" if mime else ""


@blueprint.get("/attachment/<token>")
@allowed("view")
def attachment(token: str) -> Response:
    """A file, always as a download and never as a page of ours."""
    with here().store.reading() as unit:
        file, key_id, wrapped, blob = pages.attachment(unit, token, g.who)
    data = here().keys.unseal(key_id, wrapped, blob, file.token.encode())
    return download(data, file.name)


@blueprint.get("/attachment/<token>/picture")
@allowed("view")
def picture(token: str) -> Response:
    """A file that is a picture, to be looked at; what it is its bytes say, not its sender."""
    with here().store.reading() as unit:
        file, key_id, wrapped, blob = pages.attachment(unit, token, g.who)
    if file.size > _LARGEST_PICTURE:
        raise NotFound("this picture is too large to be shown")
    data = here().keys.unseal(key_id, wrapped, blob, file.token.encode())
    mime = pictures.kind(data)
    if not mime:
        raise NotFound("this file is no picture")
    response = make_response(data)
    response.mimetype = mime
    response.headers["Content-Security-Policy"] = POLICY
    return response


# ---------------------------------------------------------------- the source, for leads


@blueprint.get("/message/<int:message_id>/source")
@allowed("see_raw")
def source(message_id: int) -> str:
    """All header lines of a mail whose raw copy is kept. Looking is written down."""
    raw = _raw(message_id, "message.headers_seen")
    head, _, _ = raw.data.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = head[:_LONGEST_HEAD].decode("utf-8", "replace")
    with here().store.reading() as unit:
        ticket = pages.ticket_of_message(unit, message_id, g.who)
        number = pages_list.by_ids(unit, [ticket])[0].number
    return render_template("message/source.html", message_id=message_id, lines=lines, number=number)


@blueprint.get("/message/<int:message_id>/raw")
@allowed("see_raw")
def raw(message_id: int) -> Response:
    """The mail byte for byte, as a file. Taking it is written down."""
    return download(_raw(message_id, "message.raw_taken").data, f"{message_id}.eml")


def _raw(message_id: int, action: str) -> Raw:
    router, actor = here(), f"agent:{g.who.id}"
    with router.store.reading() as unit:
        row = journal.kept_raw(unit, message_id, pages.ticket_of_message(unit, message_id, g.who))
    if row is None:
        raise NotFound("the source of this message is not kept, or it is not among yours")
    item = Item(row.kind, row.account, row.remote_id)
    data = router.keys.unseal(row.key_id, row.wrapped_key, row.raw, journal.about(item))
    router.store.write(lambda unit: timeline.audit(unit, actor, action, f"message:{message_id}"))
    return Raw(item.remote_id, data)
