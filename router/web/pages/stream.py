"""Live updates for open pages: a stream where there is room, an answer to polling elsewhere."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, g, make_response, request
from werkzeug.wrappers import Response as BaseResponse

from router.core.rights import scope
from router.web.live import Hub
from router.web.rights import allowed
from router.web.server import HOLD

blueprint = Blueprint("stream", __name__)


def _hub() -> Hub:
    hub: Hub = current_app.extensions["hub"]
    return hub


@blueprint.get("/live")
@allowed("view")
def live() -> Response:
    """Server-sent events that something changed; 503 when every place is taken, or where the server
    cannot hold a connection without a thread."""
    hold = request.environ.get(HOLD)
    if request.method == "HEAD":
        return Response(mimetype="text/event-stream")
    first = _hub().enter(hold(), scope(g.who), g.session) if hold else None
    if first is None:
        return Response("", 503, {"Retry-After": "15"})
    response = Response(iter([first]), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return response


@blueprint.get("/live/state")
@allowed("view")
def state() -> BaseResponse:
    """What pages without a stream ask: has anything changed?"""
    response = make_response(_hub().pulse())
    response.mimetype = "text/plain"
    response.set_etag(response.get_data(as_text=True))
    return response.make_conditional(request)
