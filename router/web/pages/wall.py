"""The wall: one screen for the room, as things stand now."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from router.core.rights import Who, scope
from router.reports.asking import AHEAD
from router.reports.words import Words
from router.store import channels, pages
from router.store.pages import Filters
from router.store.pages import calls as pages_calls
from router.store.pages import figures as pages_figures
from router.store.pages import reports as pages_reports
from router.web import telling
from router.web.rights import allowed, here
from router.web.speech import language

blueprint = Blueprint("wall", __name__)


_HOUR = 3_600_000_000
_LISTED = 5


@blueprint.get("/reports/wall")
@allowed("see_reports")
def wall() -> str:
    """Security waiting, who waits longest, what is due soon, channels, who is to be called back."""
    who: Who = g.who
    with here().store.reading() as unit:
        words = Words(here(), unit, language())
        teams = scope(who)
        alarms = pages.list_tickets(
            unit, view="security", who=who, filters=Filters(), cursor=None, limit=_LISTED
        )
        until = unit.now_us + AHEAD * _HOUR
        return render_template(
            "reports/wall.html",
            words=words,
            counts=pages.counts(unit, who),
            alarms=alarms.rows,
            oldest=pages_figures.oldest(unit, teams, _LISTED),
            soon=pages_reports.soon(unit, until, teams, _LISTED),
            due=pages_reports.how_many_soon(unit, until, teams),
            channels=channels.states(unit, here().doors),
            to_call=sum(len(one.rows) for one in pages_calls.backs(unit, who)),
            now=unit.now,
            waited=lambda since: telling.span((unit.now - since).total_seconds()),
            left=telling.left,
        )
