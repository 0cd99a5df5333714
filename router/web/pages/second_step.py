"""One's own second step of signing in: the app, and the codes for the day it is lost."""

from __future__ import annotations

import importlib
from typing import Any

from flask import Blueprint, g, render_template, request
from markupsafe import Markup

from router.core import totp
from router.errors import OverLimit
from router.store import budgets, people, second_steps, timeline
from router.store.budgets import Allowance
from router.store.unit import Unit
from router.web.pages.signing import proven
from router.web.rights import allowed, here
from router.web.speech import language

blueprint = Blueprint("second_step", __name__)

#: The quiet rim of the square, in modules.
_RIM = 4


@blueprint.get("/me/second")
@allowed("view")
def second() -> str:
    """How it stands; without one, the square to begin with."""
    router, own = here(), g.who.id
    with router.store.reading() as unit:
        known = second_steps.of(unit, router.keys, own)
    if known is None:
        router.store.write(lambda unit: second_steps.begin(unit, router.keys, own))
    return _page()


def _page(**more: Any) -> str:
    router, own = here(), g.who.id
    with router.store.reading() as unit:
        step = second_steps.of(unit, router.keys, own)
        left = second_steps.codes_left(unit, own)
        email = people.agent(unit, own).email
    told: dict[str, Any] = {"on": step is not None and step.confirmed, "left": left, **more}
    if step is not None and not step.confirmed:
        address = totp.address(step.secret, email, router.settings.desk.name(language()))
        told |= {"spelled": totp.spelled(step.secret), "square": square(address)}
        told["address"] = address
    return render_template("signing/second_own.html", **told)


def _try(agent_id: int) -> None:
    """Count a try of this person's, of the same budget as tries at signing in: a browser that is
    signed in already guesses no faster. Raises OverLimit."""
    own = Allowance("second_step", f"signin:second:{agent_id}", 300, 10)
    spent = here().store.write(lambda unit: budgets.spend(unit, [own]))
    if spent is not None:
        raise OverLimit(spent.name, spent.seconds)


@blueprint.post("/me/second")
@allowed("view")
def confirm() -> str | tuple[str, int]:
    """The app proves itself: from now on it is asked, and the codes are told, once."""
    own, keys, given = g.who.id, here().keys, request.form.get("code", "")
    _try(own)

    def work(unit: Unit) -> list[str]:
        if second_steps.asked(unit, own) or not proven(unit, keys, own, given):
            return []
        timeline.audit(unit, f"agent:{own}", "second_step.begun", f"agent:{own}")
        return second_steps.new_codes(unit, own)

    codes = here().store.write(work)
    return _page(codes=codes) if codes else (_page(wrong=True), 422)


@blueprint.post("/me/second/codes")
@allowed("view")
def codes() -> str | tuple[str, int]:
    """Fresh codes, or none asked for any more; either needs a code of the app."""
    own, keys, given = g.who.id, here().keys, request.form.get("code", "")
    end = bool(request.form.get("end"))
    _try(own)

    def work(unit: Unit) -> list[str] | None:
        if not second_steps.asked(unit, own) or not proven(unit, keys, own, given):
            return None
        did = "dropped" if end else "codes_drawn"
        timeline.audit(unit, f"agent:{own}", f"second_step.{did}", f"agent:{own}")
        if end:
            second_steps.drop(unit, own)
            second_steps.begin(unit, keys, own)
            return []
        return second_steps.new_codes(unit, own)

    found = here().store.write(work)
    return (_page(wrong=True), 422) if found is None else _page(codes=found, ended=end)


def square(address: str) -> Markup:
    """An address as a square that a camera reads. The library is loaded only when it is asked."""
    drawn = importlib.import_module("reportlab.graphics.barcode.qrencoder")
    made = drawn.QRCode(None, drawn.QRErrorCorrectLevel.M)
    made.addData(address)
    made.make()
    size = made.getModuleCount()
    dark = "".join(
        f"M{x + _RIM} {y + _RIM}h1v1h-1z"
        for y in range(size)
        for x in range(size)
        if made.isDark(y, x)
    )
    whole = size + 2 * _RIM
    return Markup(
        '<svg class="qr" viewBox="0 0 {0} {0}" width="220" height="220" aria-hidden="true">'
        '<rect width="{0}" height="{0}" fill="#fff"/><path d="{1}" fill="#000"/></svg>'
    ).format(whole, dark)
