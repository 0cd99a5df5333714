"""Reports that come by themselves: one's own orders."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import posting
from router.core import appointments
from router.core.clock import to_us
from router.errors import Conflict, Invalid, NotFound
from router.store import people, report_orders, timeline
from router.store.unit import Unit
from router.web.pages.reports import KINDS
from router.web.rights import allowed, here
from router.web.suspicion import whole_number

blueprint = Blueprint("orders", __name__)

FORMS = ("pdf", "xlsx")
#: Nobody orders more than so many.
MOST = 20


def _targets() -> list[str]:
    """Oneself by mail, when a mailbox can send; and the places of the settings."""
    router = here()
    mail = [posting.MAIL] if router.doors.speaker("email", "", "") is not None else []
    return mail + [name for name, one in router.settings.notices.items() if one.enabled]


@blueprint.get("/reports/orders")
@allowed("export_reports")
def orders() -> str:
    """What comes when, how the last one went, and the form for another."""
    router = here()
    with router.store.reading() as unit:
        rows = report_orders.of_agent(unit, g.who.id)
        email = people.agent(unit, g.who.id).email
    return render_template(
        "reports/orders.html",
        rows=rows,
        email=email,
        kinds=KINDS,
        every=appointments.EVERY,
        forms=FORMS,
        targets=_targets(),
        zone=router.settings.desk.zone,
        mail=posting.MAIL,
    )


@blueprint.post("/reports/orders")
@allowed("export_reports")
def add() -> Response:
    """Order a report; the first comes at the next of its hours."""
    router, own = here(), g.who.id
    given: dict[str, Any] = {
        name: _one_of(name, known)
        for name, known in (
            ("kind", KINDS),
            ("every", appointments.EVERY),
            ("form", FORMS),
            ("target", _targets()),
        )
    }
    hour = whole_number(request.form.get("hour", ""))
    if hour is None or hour > 23:
        raise Invalid("hour", "bad_hour")
    zone = ZoneInfo(router.settings.desk.zone)
    slot = appointments.following(given["every"], hour, zone, router.clock.now())

    def work(unit: Unit) -> None:
        if len(report_orders.of_agent(unit, own)) >= MOST:
            raise Conflict("too_many_orders")
        report_orders.add(unit, agent_id=own, hour=hour, slot=to_us(slot), **given)
        timeline.audit(unit, f"agent:{own}", "report.ordered", f"report:{given['kind']}")

    router.store.write(work)
    return redirect(url_for("orders.orders"), 303)


def _one_of(name: str, known: Any) -> str:
    value = request.form.get(name, "")
    if value not in known:
        raise Invalid(name, "unknown_choice")
    return value


@blueprint.post("/reports/orders/<int:order_id>")
@allowed("export_reports")
def change(order_id: int) -> Response:
    """Let one come now, or never again."""
    own, now = g.who.id, bool(request.form.get("now"))
    verb = report_orders.hasten if now else report_orders.drop
    if not here().store.write(lambda unit: verb(unit, order_id, own)):
        raise NotFound("there is no such order of yours")
    return redirect(url_for("orders.orders"), 303)
