"""What-if: a manager supposes other hours, targets, holidays or people, and reads what history
says to it."""

from __future__ import annotations

import re

from flask import Blueprint, g, make_response, render_template, request
from werkzeug.wrappers import Response

from router.core.documents import Document
from router.core.rights import scope
from router.errors import Invalid
from router.reports import whatif as service
from router.reports.words import Words
from router.supposing import Supposed
from router.web.faults import sentence
from router.web.rights import allowed, here
from router.web.speech import language

blueprint = Blueprint("whatif", __name__)

#: Promises a page looks at; the command line looks at all.
MOST = 100_000
_NUMBERS = {"agents": 0, "on_call": 1, "handle_minutes": 0, "goal": 95}


@blueprint.get("/reports/whatif")
@allowed("what_if")
def whatif() -> Response:
    """The form, and the answer to what stands in it; what cannot be supposed is said beside it."""
    given = {name: value.strip()[:200] for name, value in request.args.items()}
    wrong, document = "", None
    try:
        document = _told(given)
    except Invalid as fault:
        wrong = sentence(fault.code) or sentence("s400.next")
    page = render_template("reports/whatif.html", given=given, wrong=wrong, document=document)
    return make_response(page, 422 if wrong else 200)


def _told(given: dict[str, str]) -> Document:
    router = here()
    supposed = Supposed(
        hours=given.get("hours", ""),
        targets=tuple(one for one in re.split(r"[,，\s]+", given.get("targets", "")) if one),
        holidays=given.get("holidays", ""),
        **{name: _number(name, given.get(name, ""), usual) for name, usual in _NUMBERS.items()},
    )
    period = service.period_of(router, given.get("from", ""), given.get("to", ""))
    with router.store.reading() as unit:
        words = Words(router, unit, language())
        answer = service.answer(router, unit, supposed, period, scope(g.who), MOST)
    return service.document(words, answer)


def _number(name: str, given: str, usual: int) -> int:
    if not given:
        return usual
    if not (given.isascii() and given.isdecimal() and len(given) < 6):
        raise Invalid(name, "bad_number", given=given, write="a number")
    return int(given)
