"""The audit log, and whether anybody changed it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request

from router.store import audit as chain
from router.store import pages
from router.store.pages import audit as pages_audit
from router.store.promises import promise_versions
from router.web import auditwords
from router.web.rights import allowed, here

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@allowed("see_audit")
def audit() -> str:
    """Who did what to what, newest first."""
    return _page()


def _page(
    *, verified: bool | None = None, broken: int | None = None, altered: Sequence[str] = ()
) -> str:
    actor, action = request.args.get("actor", "")[:40], request.args.get("action", "")[:40]
    with here().store.reading() as unit:
        page = pages_audit.lines(
            unit, actor=actor, action=action, cursor=request.args.get("cursor") or None
        )
        sealed, waiting = pages_audit.sealed(unit)
        agents = pages.all_agents(unit)
        called = pages_audit.called(unit, page.rows)
    return render_template(
        "audit/audit.html",
        lines=[(one, auditwords.sentence(one, called)) for one in page.rows],
        next=page.next,
        actor=actor,
        action=action,
        kinds=auditwords.kinds(),
        agents=agents,
        sealed=sealed,
        waiting=waiting,
        verified=verified,
        broken=broken,
        altered=altered,
    )


@blueprint.post("/audit/verify")
@allowed("see_audit")
def verify() -> str:
    """Walk the whole chain: each line's seal covers the line before."""
    with here().store.reading() as unit:
        broken = chain.verify(unit, here().keys)
        altered = promise_versions.altered(unit)
    return _page(verified=broken is None, broken=broken, altered=altered)
