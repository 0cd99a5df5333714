"""The inbox: the views with their counts, the list of one of them, and beside it a ticket.

Whatever narrows the list stands in the address, so it can be bookmarked, shared and gone back to.
Asked with ``X-Part``, the page answers with its moving parts only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, g, render_template, request

from router.core import queries
from router.core.rights import Who
from router.store import pages
from router.store.pages import Filters, Page, TicketLine
from router.store.unit import Unit
from router.web import telling
from router.web.rights import allowed, here

blueprint = Blueprint("inbox", __name__)

#: What a reader may narrow a list by, as named in the address.
NARROWING = ("category", "urgency", "channel", "language", "team", "tag", "q")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address asks for."""

    view: str
    filters: Filters
    cursor: str

    def address(self, **changes: str) -> dict[str, Any]:
        """The query of an address for the same list with these changes; empty values left out."""
        query = {"view": self.view, **self._given(), **changes}
        return {key: value for key, value in query.items() if value}

    @property
    def narrowed(self) -> dict[str, str]:
        """The filters in force but the words looked for."""
        return {key: value for key, value in self._given().items() if value and key != "q"}

    def _given(self) -> dict[str, str]:
        return {name: str(getattr(self.filters, name)) for name in NARROWING}


def chosen() -> Chosen:
    """What this request's address asks for; a view that is no more becomes the first."""
    view = request.args.get("view", "")
    given: dict[str, Any] = {
        name: request.args.get(name, "").strip()[:_LONGEST] for name in NARROWING
    }
    return Chosen(
        view=view if view in pages.VIEWS else "open",
        filters=Filters(**given),
        cursor=request.args.get("cursor", ""),
    )


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    """What templates of these pages call things by."""
    return {
        "category": telling.category,
        "categories": telling.categories,
        "due": telling.due,
        "said": current_app.extensions["lines"].said,
        "category_options": current_app.extensions["choices"].categories,
        "parts": current_app.extensions["conversation"].parts,
        "promise": telling.promise,
        "sentence": telling.sentence,
        "team_name": telling.team_name,
        "channels": telling.channels,
        "filter_name": telling.filter_name,
        "masked_names": telling.masked_names,
        "part": request.headers.get("X-Part", ""),
    }


@blueprint.get("/")
@allowed("view")
def inbox() -> str:
    """The list, with no ticket beside it."""
    wanted = chosen()
    who: Who = g.who
    with here().store.reading() as unit:
        if request.headers.get("X-Part") == "rows":
            return render_template("inbox/rows.html", **listed(unit, who, wanted))
        panes = beside(unit, who, wanted)
    template = "inbox/parts.html" if request.headers.get("X-Part") else "inbox/inbox.html"
    return render_template(template, view=None, **panes)


def beside(unit: Unit, who: Who, wanted: Chosen) -> dict[str, Any]:
    """The views and the list, as every page with three panes shows them."""
    return {
        **listed(unit, who, wanted),
        "views": pages.VIEWS,
        "counts": pages.counts(unit, who),
        "most": pages.MOST,
        "colleagues": pages.all_agents(unit),
        "did": [request.args.get(name, 0, int) for name in ("did", "done", "of")],
        "saved": pages.saved_views(unit, who),
        "teams": pages.all_teams(unit),
    }


def listed(unit: Unit, who: Who, wanted: Chosen) -> dict[str, Any]:
    """One page of the list."""
    cursor = wanted.cursor or None
    page: Page[TicketLine]
    if wanted.filters.q:
        page = pages.search_tickets(unit, who, sought(wanted.filters), cursor)
    else:
        page = pages.list_tickets(
            unit, view=wanted.view, who=who, filters=wanted.filters, cursor=cursor
        )
    return {
        "chosen": wanted,
        "lines": page.rows,
        "next": page.next,
        "drafted": pages.drafted(unit, who, [line.id for line in page.rows]),
    }


def sought(filters: Filters) -> Filters:
    """The filters with those that were typed among the words, by their codes or their names."""
    asked = queries.parse(filters.q, ZoneInfo(here().settings.desk.zone))
    given: dict[str, Any] = {
        name: telling.coded(name, value) if isinstance(value, str) else value
        for name, value in asked.filters.items()
    }
    return replace(filters, **{**given, "q": asked.words})
