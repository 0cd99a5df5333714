"""What a reader sees when something cannot be done: in words, with what to do next."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from router.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    OverLimit,
    RouterError,
    SignedOut,
    StoreDown,
    StoreError,
)
from router.web.bodies import REFUSED
from router.web.speech import catalogue, language

log = logging.getLogger("router.web")

_STATUS: tuple[tuple[type[RouterError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (Invalid, 400),
    (OverLimit, 429),
    (StoreError, 503),
)


def install(app: Flask) -> None:
    """Answer every error ourselves."""
    app.register_error_handler(RouterError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def no_room() -> Response | None:
    """Asked before anything else: what is answered when there was no room for the body."""
    if not request.environ.get(REFUSED):
        return None
    platform = request.blueprint == "hooks"  # some show whatever they get to who wrote
    response = make_response("", 503) if platform else page(503, "no_room")
    response.headers["Retry-After"] = "30"
    return response


def status_of(fault: RouterError) -> int:
    """The HTTP status of one of our errors."""
    return next((status for kind, status in _STATUS if isinstance(fault, kind)), 500)


def sentence(code: str) -> str:
    """What a code means, in the reader's language; empty when nobody wrote it."""
    return catalogue()[language()].get(f"errors.{code}", "")


def _ours(fault: RouterError) -> Response:
    status = status_of(fault)
    if status >= 500 and not isinstance(fault, StoreDown):  # of that the store tells once
        log.error("%s %s: %s", request.method, _page_asked(), fault)
    code = fault.code if isinstance(fault, Conflict | Invalid) else ""
    wrong = fault.more if isinstance(fault, Invalid) else ()
    response = page(status, code, known="s401" if isinstance(fault, SignedOut) else "", wrong=wrong)
    if isinstance(fault, OverLimit):
        response.headers["Retry-After"] = str(fault.retry_after)
    elif status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _http(fault: HTTPException) -> Response:
    if fault.response is not None or (fault.code or 500) < 400:
        return make_response(fault.get_response())
    return page(fault.code or 500, "")


def _unexpected(fault: Exception) -> Response:
    log.error("%s %s failed", request.method, _page_asked(), exc_info=fault)
    return page(500, "")


def _page_asked() -> str:
    """Which page was asked for, as it is written in the program: what stands in an address may open
    a ticket or the desk, and may be lines of anybody's."""
    return str(request.url_rule or "an address of none")


def page(
    status: int, code: str, *, known: str = "", wrong: Sequence[tuple[str, str]] = ()
) -> Response:
    """The error page, or problem JSON where a program asked. ``known`` names other words than those
    of the status; a program is told everything ``wrong``, by field and code."""
    if not known:
        known = f"s{status}" if sentence(f"s{status}.title") else "s500"
    detail = sentence(code) if code else ""
    if request.path.startswith("/api/"):
        title, blank = sentence(f"{known}.title"), "about:blank"
        errors = [{"field": name, "code": one, "detail": sentence(one)} for name, one in wrong]
        problem = jsonify(type=blank, title=title, status=status, detail=detail, errors=errors)
        problem.status_code, problem.mimetype = status, "application/problem+json"
        return problem
    left = _left_page()
    body = render_template("error.html", status=status, known=known, detail=detail, left=left)
    return make_response(body, status)


def _left_page() -> str:
    """The page of ours whose form cannot be done; empty when it is not known, or none to be asked
    for again."""
    left = urlsplit(request.referrer or "")
    if request.method != "POST" or left.netloc != request.host:
        return ""
    try:
        current_app.url_map.bind("").match(left.path, method="GET")
    except HTTPException:
        return ""
    return f"{left.path}?{left.query}" if left.query else left.path
