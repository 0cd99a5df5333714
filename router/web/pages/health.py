"""Is everything well? For machines without private data, for managers in words."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as AnyResponse

from router import reaching
from router.core.clock import from_us, monotonic
from router.errors import RouterError
from router.store import channels, claims, gaps, journal, outbox, sends
from router.web import telling
from router.web.rights import allowed, here, public
from router.web.speech import t

blueprint = Blueprint("health", __name__)

#: A worker that said nothing for so long is gone.
SILENT = timedelta(minutes=2)
#: What pages say of stopped channels is looked up again after so many seconds.
_FRESH = 10
#: Words in the health table that a channel says of itself; it has a line of its own.
_OF_CHANNELS = frozenset({"poll", "hears", "speaks", "told"})


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """200 when mail flows and is answered, 503 with what is ill. Codes only, no private data."""
    ill: list[str] = []
    parked = 0
    router = here()
    try:
        with router.store.reading() as unit:
            rows, parked, now = claims.health(unit), journal.parked(unit), unit.now
            sent = sends.recent(unit)
    except RouterError:
        ill.append("database")
    else:
        ill += [row.name for row in rows if not row.ok and not _warns(row.name)]
        if _silent(rows, now):
            ill.append("worker")
        if sent.ill:
            ill.append(f"sends: {sent}")
        if router.store.outage.lasts:
            ill.append("database")
    answer = jsonify(ok=not ill, ill=ill, parked=parked)
    answer.status_code = 503 if ill else 200
    return answer


def _warns(name: str) -> bool:
    """Whether a part only warns of what is to come: mail flows all the same."""
    return name.startswith("calendar:")


def _silent(rows: list[Any], now: datetime) -> bool:
    """Whether a worker ran here once and says nothing any more."""
    beat = next((row for row in rows if row.name == "clock"), None)
    return beat is not None and now - from_us(beat.at) > SILENT


def _mailbox_said(row: Any) -> list[str]:
    """How a mailbox stands, in words: what waits in it, how late we are, how full it is."""
    if not row.name.startswith("mailbox:") or not row.params:
        return []
    told = json.loads(row.params)
    said = []
    if told.get("waiting"):
        said.append(t("health.name.waiting", n=told["waiting"]))
        said.append(t("health.name.lag", span=telling.span(told.get("lag", 0))))
    if told.get("limit"):
        percent = round(100 * told["used"] / told["limit"])
        said.append(t("health.name.room", percent=percent))
    return [str(one) for one in said]


@blueprint.get("/status")
@allowed("see_status")
def status() -> str:
    """The same in words."""
    router = here()
    with router.store.reading() as unit:
        rows, parked, now = claims.health(unit), journal.parked(unit), unit.now
        states = channels.states(unit, router.doors)
        left = {
            (one.kind, one.account): reaching.quota(router, unit, one.kind, one.account)
            for one in states
        }
        silences = gaps.newest(unit)
        unknown = outbox.unknown(unit)
    return render_template(
        "health/status.html",
        rows=[row for row in rows if row.name.partition(":")[0] not in _OF_CHANNELS],
        states=states,
        left=left,
        gaps=silences,
        unknown=unknown,
        parked=parked,
        ill=sum(not row.ok for row in rows) + _silent(rows, now),
        silent=_silent(rows, now),
        mailbox_said=_mailbox_said,
        ruleset=router.rules.version,
    )


@blueprint.post("/status/try")
@allowed("retry")
def try_again() -> AnyResponse:
    """Let a stopped channel be tried now, not when its pause is over."""
    kind, account = request.form.get("kind", ""), request.form.get("account", "")
    here().store.write(lambda unit: claims.retry(unit, kind, account))
    return redirect("/status", 303)


def stopped() -> list[tuple[str, str]]:
    """Channels that have stopped, for the bar of every page; looked up every few seconds."""
    told: tuple[float, list[tuple[str, str]]] | None = current_app.extensions.get("stopped")
    if told is None or monotonic() - told[0] > _FRESH:
        try:
            with here().store.reading() as unit:
                found = claims.refusing(unit)
        except RouterError:
            found = []
        told = monotonic(), found
        current_app.extensions["stopped"] = told
    return told[1]


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {"stopped_channels": stopped}
