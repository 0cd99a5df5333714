"""Where platforms call. The raw body is read within its limit and handed on as it came.

Every answer is small, and none is a page: some platforms show whatever they get to the person who
wrote. Why a call was refused is counted and logged, never told to the caller.
"""

from __future__ import annotations

import logging

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from channels.contract import Answer, BadRequest, BadSignature, Channel, ChannelError, Hook
from router import hearing
from router.errors import NotFound, RouterError, StoreError
from router.receiver import Receiver
from router.web.rights import here, public, source

blueprint = Blueprint("hooks", __name__)
log = logging.getLogger("router.web.pages.hooks")

#: A header or a word of the query that is longer is nobody's signature.
_LONGEST = 4096


@blueprint.route("/hooks/<kind>/<account>", methods=["GET", "POST"])
@blueprint.route("/hooks/<kind>/<account>/<path:rest>", methods=["GET", "POST"])
@public
def hook(kind: str, account: str, rest: str = "") -> Response:
    """One call: checked over its raw bytes, written down, answered."""
    del rest
    try:
        door = here().doors.open(kind, account)
    except NotFound:
        return _said(404)
    receiver: Receiver = current_app.extensions["receiver"]
    try:
        outcome = hearing.hear(here(), door, _call(door))
    except RequestEntityTooLarge:
        status, what = 413, "unreadable"
    except BadSignature as fault:
        log.info("a call of %s.%s was refused: %s", kind, account, fault)
        status, what = 401, "forged"
    except BadRequest as fault:
        log.info("%s.%s was called with something unreadable: %s", kind, account, fault)
        status, what = 400, "unreadable"
    except (StoreError, ChannelError, RouterError):  # not written down: they shall call again
        log.exception("a call of %s.%s could not be taken", kind, account)
        return _said(503)
    else:
        receiver.note(kind, account, "new" if outcome.new else "seen")
        return _answered(outcome.answer)
    receiver.note(kind, account, what)
    return _said(status)


def _call(door: Channel) -> Hook:
    request.max_content_length = door.largest
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.args.to_dict()
    if any(len(one) > _LONGEST for one in (*headers.values(), *query.values())):
        raise BadRequest("a header or a word of the query is too long")
    return Hook(
        method=request.method,
        path=request.path,
        query=query,
        headers=headers,
        body=request.get_data(cache=True),
        remote_addr=source(),
        received_at=here().clock.now(),
        raw_query=request.query_string.decode("latin-1"),
        open=here().policies.serving(door.kind, door.account).is_open(here().clock.now()),
    )


def _answered(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.headers["Content-Type"] = answer.mime
    return response


def _said(status: int) -> Response:
    response = Response(b"", status)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    if status == 503:
        response.headers["Retry-After"] = "2"
    return response
