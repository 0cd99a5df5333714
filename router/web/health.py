"""Is everything well? For machines without private data, for managers in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, render_template

from router.core.clock import from_us
from router.errors import RouterError
from router.store import claims, journal
from router.web.rights import allowed, here, public

blueprint = Blueprint("health", __name__)

#: A worker that said nothing for so long is gone.
SILENT = timedelta(minutes=2)


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
    except RouterError:
        ill.append("database")
    else:
        ill += [row.name for row in rows if not row.ok]
        if _silent(rows, now):
            ill.append("worker")
    answer = jsonify(ok=not ill, ill=ill, parked=parked)
    answer.status_code = 503 if ill else 200
    return answer


def _silent(rows: list[Any], now: datetime) -> bool:
    """Whether a worker ran here once and says nothing any more."""
    beat = next((row for row in rows if row.name == "clock"), None)
    return beat is not None and now - from_us(beat.at) > SILENT


@blueprint.get("/status")
@allowed("see_status")
def status() -> str:
    """The same in words."""
    router = here()
    with router.store.reading() as unit:
        rows, parked, now = claims.health(unit), journal.parked(unit), unit.now
    return render_template(
        "health/status.html",
        rows=rows,
        parked=parked,
        silent=_silent(rows, now),
        doors=list(router.doors),
        ruleset=router.rules.version,
    )
