"""Articles written by leads: both languages beside one another, as they will be told, with every
version that people were answered with. A change is in force when it is saved."""

from __future__ import annotations

import difflib
from typing import Any, NamedTuple

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from router import publishing
from router.core import markdown
from router.core.articles import LANGUAGES, LONGEST_BODY, LONGEST_TITLE, Text, Written, Wrong
from router.errors import Conflict, Invalid, NotFound
from router.publishing import LONGEST_NAME, Standing
from router.store import articles as store
from router.store.articles import LIVE
from router.web.faults import sentence
from router.web.pages.articles import present
from router.web.rights import allowed, here
from router.web.speech import language

blueprint = Blueprint("editing", __name__)

_EMPTY = Written("", (), "", "", "", "")
#: What is missing is no fault of a text that is still being written.
_UNFINISHED = ("required", "article_empty", "no_steps", "no_category", "bad_article_name")
_TEXTS = ("title_zh", "title_en", "body_zh", "body_en")


class Shown(NamedTuple):
    """An article in one language as requesters would read it: its blocks, its plain steps."""

    title: str
    blocks: list[markdown.Block]
    steps: str


class Overtaken(NamedTuple):
    """What somebody else saved meanwhile, and how it differs from what was typed."""

    author: str
    number: int
    at: Any
    lines: list[tuple[str, str]]


# ---------------------------------------------------------------- looking


@blueprint.get("/articles")
@allowed("edit_articles")
def articles() -> str:
    """Every article: what it serves, and which version holds since when."""
    with here().store.reading() as unit:
        found = publishing.standing(here(), unit)
        changed = store.newest(unit)
    return render_template(
        "editing/articles.html",
        articles=found,
        changed=changed,
        done=request.args.get("done", ""),
        about=request.args.get("about", ""),
    )


@blueprint.get("/articles/new")
@allowed("edit_articles")
def new() -> str:
    """An article that is not there yet."""
    return _page(_EMPTY, seen=0)


@blueprint.get("/articles/<name>")
@allowed("edit_articles")
def article(name: str) -> str:
    """An article to be written on, with its versions."""
    one = _standing(name)
    return _page(one.written, seen=one.number, standing=one)


@blueprint.get("/articles/<name>/versions/<int:edition_id>")
@allowed("edit_articles")
def version(name: str, edition_id: int) -> str:
    """One version as it was told, and what has changed since."""
    with here().store.reading() as unit:
        row = store.find(unit, name, edition_id)
        found = publishing.standing(here(), unit).get(name)
        used = store.uses(unit, name)
    if row is None or found is None:
        raise NotFound("there is no such version")
    return render_template(
        "editing/version.html",
        row=row,
        standing=found,
        used=used,
        shown=_shown(row.written),
        lines=_differences(row.written, found.written),
    )


def _standing(name: str) -> Standing:
    with here().store.reading() as unit:
        found = publishing.standing(here(), unit).get(name)
    if found is None:
        raise NotFound("there is no such article")
    return found


def _page(
    written: Written,
    *,
    seen: int,
    standing: Standing | None = None,
    wrong: list[Wrong] | None = None,
    overtaken: Overtaken | None = None,
    kept: bool = False,
) -> str:
    beside: dict[str, list[Wrong]] = {}
    for one in wrong or ():
        beside.setdefault(one.field, []).append(one)
    with here().store.reading() as unit:
        versions = store.history(unit, written.name) if seen else []
        used = store.uses(unit, written.name) if seen else {}
    return render_template(
        "editing/article.html",
        written=written,
        seen=seen,
        standing=standing,
        beside=beside,
        overtaken=overtaken,
        kept=kept,
        refused=kept and bool(wrong) and not _previewed(),
        versions=versions,
        used=used,
        known=here().rules.categories,
        serving={one: other for one in here().rules.categories if (other := _served(one, written))},
        called_by=_called(),
        shown=_shown(written),
        fillable=here().articles.fillable,
        longest={"name": LONGEST_NAME, "title": LONGEST_TITLE, "body": LONGEST_BODY},
        live=LIVE,
        done=request.args.get("done", ""),
    )


def _served(category: str, written: Written) -> str:
    """The other article that serves a category, or nothing."""
    found = present().serving(category)
    return "" if found is None or found.name == written.name else found.name


def _called() -> dict[str, str]:
    """The title of each article in the reader's language, by its name."""
    return {name: one.told(language()).title for name, one in present().by_name.items()}


def _shown(written: Written) -> dict[str, Shown]:
    told = here().articles.filled(written.article(""))
    return {one: _read(told.texts[one]) for one in LANGUAGES}


def _read(text: Text) -> Shown:
    return Shown(text.title, markdown.blocks(text.body), text.steps)


def _differences(old: Written, new: Written) -> list[tuple[str, str]]:
    """The lines that differ, each with its sign."""
    before, after = _lines(old), _lines(new)
    lines = list(difflib.unified_diff(before, after, n=2, lineterm=""))[2:]
    return [(line[:1], "" if line[:1] == "@" else line[1:]) for line in lines]


def _lines(written: Written) -> list[str]:
    return [
        ", ".join(written.categories),
        *(f"# {written.title_zh}", *written.body_zh.splitlines()),
        *(f"# {written.title_en}", *written.body_en.splitlines()),
    ]


# ---------------------------------------------------------------- changing


def _given(name: str) -> Written:
    """What the form says; the categories that were chosen before keep their order."""
    form = request.form
    chosen = list(dict.fromkeys(form.getlist("category")))
    known = here().articles.by_name.get(name)
    order = {one: place for place, one in enumerate(known.categories if known else ())}
    chosen.sort(key=lambda one: order.get(one, len(order)))
    texts = {one: form.get(one, "").replace("\r\n", "\n").strip() for one in _TEXTS}
    for one in ("title_zh", "title_en"):
        texts[one] = " ".join(texts[one].split())
    for one in ("body_zh", "body_en"):
        texts[one] += "\n" if texts[one] else ""
    return Written(name, tuple(chosen), **texts)


def _seen() -> int:
    given = request.form.get("seen", "")
    return int(given) if given.isdecimal() and len(given) < 10 else 0


@blueprint.post("/articles/new")
@allowed("edit_articles")
def begin() -> str | Response:
    """Put a new article in force, or show it as it would be told."""
    written = _given(request.form.get("name", "").strip().lower()[: LONGEST_NAME + 1])
    return _save(written, 0)


@blueprint.post("/articles/<name>")
@allowed("edit_articles")
def save(name: str) -> str | Response:
    """Put what was written in force, or show it as it would be told."""
    _standing(name)
    return _save(_given(name), _seen() or -1)


def _previewed() -> bool:
    """Whether somebody only wants to see it."""
    return request.form.get("act") == "preview"


def _save(written: Written, seen: int) -> str | Response:
    standing = _standing(written.name) if seen else None
    with here().store.reading() as unit:
        wrong = publishing.look_over(here(), unit, written)
    if _previewed():
        wrong = [one for one in wrong if one.code not in _UNFINISHED]
        return _page(written, seen=seen, standing=standing, wrong=wrong, kept=True)
    if not wrong:
        try:
            publishing.save(here(), g.who, written, seen)
        except Invalid as fault:
            wrong = [Wrong(field, code) for field, code in fault.more]
        except Conflict:
            return _overtaken(written)
        else:
            to = url_for("editing.article", name=written.name, done="saved")
            return redirect(to, 303)
    page = _page(written, seen=seen, standing=standing, wrong=wrong, kept=True)
    return make_response(page, 422)


def _overtaken(written: Written) -> Response:
    """Somebody else saved first: what was typed stays, beside what is in force now."""
    found = _standing(written.name)
    with here().store.reading() as unit:
        row = store.find(unit, written.name, found.number)
    told = Overtaken(
        row.author if row else "",
        found.number,
        row.at if row else None,
        _differences(found.written, written),
    )
    page = _page(written, seen=found.number, standing=found, overtaken=told, kept=True)
    return make_response(page, 409)


@blueprint.post("/articles/<name>/restore")
@allowed("edit_articles")
def restore(name: str) -> str | Response:
    """Put an earlier version in force again. When it no longer fits, it is opened to be mended."""
    given = request.form.get("number", "")
    number = int(given) if given.isdecimal() and len(given) < 10 else 0
    try:
        publishing.restore(here(), g.who, name, number, _seen())
    except Invalid:
        with here().store.reading() as unit:
            row = store.find(unit, name, number)
            wrong = publishing.look_over(here(), unit, row.written) if row else []
        one = _standing(name)
        written = row.written if row else one.written
        page = _page(written, seen=one.number, standing=one, wrong=wrong, kept=True)
        return make_response(page, 422)
    except Conflict:
        return _overtaken(_standing(name).written)
    return redirect(url_for("editing.article", name=name, done="restored"), 303)


@blueprint.post("/articles/<name>/withdraw")
@allowed("edit_articles")
def withdraw(name: str) -> Response:
    """Tell an article no more."""
    try:
        publishing.withdraw(here(), g.who, name, _seen())
    except Conflict:
        return _overtaken(_standing(name).written)
    return redirect(url_for("editing.articles", done="withdrawn", about=name), 303)


@blueprint.app_template_filter("wrong_words")
def _wrong_words(one: Wrong) -> str:
    return sentence(one.code)
