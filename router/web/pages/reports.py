"""The reports: promises, load and quality, each figure leading to its tickets, each as a file."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, render_template, request
from markupsafe import Markup

from channels import registry
from router.core.clock import to_us
from router.core.documents import Bars, Document, Section
from router.core.figures import DECIDED, ENDED, Span
from router.core.rights import scope
from router.errors import Invalid, NotFound
from router.explaining_clocks import explained
from router.reports import asking, load, promises
from router.reports import rows as told_rows
from router.reports.charts import bars, heat
from router.reports.words import Words
from router.store import pages, timeline
from router.store.pages import figures as pages_figures
from router.store.pages import reports as asked
from router.store.pages.figures import Behind
from router.store.pages.reports import Cut, Period
from router.store.promises import clocks
from router.store.unit import Unit
from router.web.rights import allowed, here
from router.web.speech import language

blueprint = Blueprint("reports", __name__)

KINDS = ("sla", "load", "quality")
#: Before everything.
FIRST = date(1980, 1, 1)
#: The longest period that is told, in days: ten years and the leap days in them.
_LONGEST = 3660
_WHATS: Mapping[str, tuple[str, ...]] = {"decided": DECIDED, "ended": ENDED}
_FILES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


class Asked(NamedTuple):
    """What the address asks for."""

    period: Period
    cut: Cut


def _asked() -> Asked:
    zone = ZoneInfo(here().settings.desk.zone)
    today = here().clock.now().astimezone(zone).date()
    last = _day("to", today)
    first = _day("from", min(today, last).replace(day=1))
    if "to" not in request.args:
        last = max(first, last)
    if last < first or (last - first).days >= _LONGEST:
        raise Invalid("to", "bad_period")
    as_of = request.args.get("as_of", "")
    if as_of and not (as_of.isdecimal() and len(as_of) <= 17):
        raise Invalid("as_of", "bad_period")
    given = {name: request.args.get(name, "").strip()[:80] for name in asked.DIMENSIONS}
    return Asked(
        Period(Span(first, last), zone, int(as_of or 0)),
        Cut(
            channel=given["channel"],
            category=given["category"],
            urgency=given["urgency"],
            team_id=_number(given["team_id"]),
            agent_id=_number(given["agent_id"]),
        ),
    )


def _day(name: str, otherwise: date) -> date:
    given = request.args.get(name, "")
    if not given:
        return otherwise
    try:
        day = date.fromisoformat(given)
    except ValueError as fault:
        raise Invalid(name, "bad_period") from fault
    if not 1980 <= day.year <= 2200:
        raise Invalid(name, "bad_period")
    return day


def _number(given: str) -> int | None:
    return int(given) if given.isdecimal() and len(given) < 19 else None


def made(unit: Unit, kind: str, wanted: Asked, words: Words) -> Document:
    """A report of one kind."""
    teams, period, cut = scope(g.who), wanted.period, wanted.cut
    if kind == "load":
        return load.load(words, asking.load(unit, teams, period, cut), cut)
    if kind == "quality":
        return load.quality(words, asking.quality(unit, teams, period, cut), cut)
    return promises.sla(words, asking.sla(here(), unit, teams, period, cut))


# ---------------------------------------------------------------- pages


@blueprint.get("/reports")
@allowed("see_reports")
def reports() -> str:
    """The promises of this month."""
    return _shown("sla")


@blueprint.get("/reports/<kind>")
@allowed("see_reports")
def report(kind: str) -> str:
    """One report."""
    if kind not in KINDS:
        raise NotFound("there is no such report")
    return _shown(kind)


def _shown(kind: str) -> str:
    wanted = _asked()
    with here().store.reading() as unit:
        words = Words(here(), unit, language())
        document = made(unit, kind, wanted, words)
    return render_template(
        "reports/report.html",
        document=document,
        words=words,
        wanted=wanted,
        choices=_choices(words, wanted),
        presets=_presets(wanted),
        picture=lambda section: _picture(section, words),
        address=lambda path, **more: _address(path, document.query, more),
        path_of=lambda kind, query: _address(f"/reports/{kind}", query),
        stamp=str(wanted.period.as_of or to_us(here().clock.now())),
    )


def _address(path: str, *given: Mapping[str, str]) -> str:
    said: dict[str, str] = {}
    for one in given:
        said.update(one)
    return f"{path}?{urlencode(said)}" if said else path


def _choices(words: Words, wanted: Asked) -> dict[str, list[tuple[str, str]]]:
    """What a reader may narrow by: (value, name)."""
    rules = here().rules
    teams = scope(g.who)
    categories = list(dict.fromkeys([*rules.categories, wanted.cut.category or "other.unsorted"]))
    return {
        "urgency": [(one, one) for one in ("P1", "P2", "P3", "P4")],
        "channel": [(one, words.name("channel", one)) for one in registry.kinds()],
        "category": [(one, words.name("category", one)) for one in categories],
        "team_id": [
            (str(one), name) for one, name in words.teams.items() if teams is None or one in teams
        ],
        "agent_id": [("0", words.say("say.nobody"))]
        + [(str(one), name) for one, name in sorted(words.agents.items(), key=lambda a: a[1])],
    }


def _presets(wanted: Asked) -> list[tuple[str, dict[str, str]]]:
    """Periods one asks for most."""
    today = here().clock.now().astimezone(wanted.period.zone).date()
    month = Span(today.replace(day=1), today)
    last = today.replace(day=1) - timedelta(days=1)
    spans = {
        "today": Span(today, today),
        "week": Span(today - timedelta(days=6), today),
        "month": month,
        "last_month": Span(last.replace(day=1), last),
        "year": Span(today.replace(month=1, day=1), today),
    }
    return [
        (name, promises.query(Period(span, wanted.period.zone), wanted.cut))
        for name, span in spans.items()
    ]


def _picture(section: Section, words: Words) -> Markup:
    chart = section.chart
    if chart is None:
        return Markup("")
    if isinstance(chart, Bars):
        said = words.say(
            "say.chart_bars",
            first=chart.days[0][0],
            last=chart.days[-1][0],
            well=sum(one[1] for one in chart.days),
            ill=sum(one[2] for one in chart.days),
        )
        return bars(chart, section.title, said, section.key)
    most, row, column = max(
        (n, -place, -one) for place, line in enumerate(chart.counts) for one, n in enumerate(line)
    )
    said = words.say("say.chart_empty")
    if most:
        said = words.say(
            "say.chart_heat", row=chart.rows[-row], column=chart.columns[-column], most=most
        )
    return heat(chart, section.title, said, section.key)


# ---------------------------------------------------------------- behind a figure


@blueprint.get("/reports/tickets")
@allowed("see_reports")
def behind() -> str:
    """The tickets a figure counts, newest first."""
    wanted = _asked()
    what = request.args.get("what", "")[:60]
    figure = Behind(
        whats=_WHATS.get(what, tuple(what.split(","))),
        kind=request.args.get("kind", "")[:40],
        detail=request.args.get("detail", "")[:80],
        hour=request.args.get("hour", "")[:5],
    )
    period = wanted.period
    if figure.whats == ("open",):
        period = _opened(period)
    with here().store.reading() as unit:
        words = Words(here(), unit, language())
        page = pages_figures.behind(
            unit, figure, period, wanted.cut, scope(g.who), request.args.get("cursor") or None
        )
    given = {key: value for key, value in request.args.items() if key not in ("cursor", "lang")}
    return render_template(
        "reports/tickets.html",
        lines=page.rows,
        next=_address("/reports/tickets", given, {"cursor": page.next}) if page.next else "",
        words=words,
        figure=figure,
        wanted=wanted,
        back=_address("/reports/sla", promises.query(wanted.period, Cut())),
    )


def _opened(period: Period) -> Period:
    """What is open now, whenever it was opened, or opened in those days when they are asked for."""
    today = here().clock.now().astimezone(period.zone).date()
    aged = "aged" in request.args
    first = period.span.first if aged and request.args.get("from") else FIRST
    last = period.span.last if aged else today
    return period._replace(span=Span(first, last), as_of=0)


@blueprint.get("/reports/clock/<number>")
@allowed("see_reports")
def clock(number: str) -> str:
    """Every promise on a ticket with its whole arithmetic."""
    with here().store.reading() as unit:
        pages.ticket_id(unit, number, g.who)  # raises NotFound for another team's
        rows = clocks.of_ticket(unit, number)
        now = unit.now_us
    zone = here().settings.desk.zone
    told = explained(rows, here().policies, number, zone, language(), now) if rows else ""
    return render_template("reports/clock.html", number=number, told=told)


# ---------------------------------------------------------------- files


@blueprint.get("/reports/<kind>/file.<form>")
@allowed("export_reports")
def file(kind: str, form: str) -> Response:
    """A report as a file, with a line in the audit log."""
    if kind not in KINDS or form not in _FILES:
        raise NotFound("there is no such report")
    wanted = _asked()
    router, teams = here(), scope(g.who)
    with router.store.reading() as unit:
        words = Words(router, unit, language())
        document = None if form == "csv" else made(unit, kind, wanted, words)
    subject = f"report:{kind}.{form}:{wanted.period.span.first}:{wanted.period.span.last}"
    actor = f"agent:{g.who.id}"
    router.store.write(lambda unit: timeline.audit(unit, actor, "report.export", subject))
    rows = told_rows.tickets(router, words, wanted.period, wanted.cut, teams)
    body: Any
    if document is None:
        body = told_rows.lines(rows)
    else:
        files = importlib.import_module("router.reports.files")
        body = (
            files.pdf(document) if form == "pdf" else files.xlsx(document, told_rows.heads(), rows)
        )
    name = f"{kind}-{wanted.period.span.first}-{wanted.period.span.last}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, mimetype=_FILES[form].partition(";")[0], headers=headers)
