"""Articles as pages, for everybody: what people can do themselves."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from flask import Blueprint, render_template

from router.core import markdown
from router.core.articles import Article
from router.errors import NotFound, StoreError
from router.shelf import Shelf
from router.web.rights import here, public
from router.web.speech import language

blueprint = Blueprint("articles", __name__)

_GROUPS = ("login", "transfer", "records", "security", "other")


class Offered(NamedTuple):
    """An article as an agent may put it into a reply: its name, its title in the reader's language,
    its steps and address in the requester's, and whether it is about this very matter."""

    name: str
    title: str
    text: str
    fits: bool


def fitting(ticket: Any) -> Offered | None:
    """The article about a ticket's very matter, or None."""
    found = here().articles.serving(ticket.category)
    return None if found is None else _offered(found, ticket, fits=True)


def offered(ticket: Any) -> list[Offered]:
    """Every article for a reply on this ticket, the one about its matter first."""
    serving = here().articles.serving(ticket.category)
    found = [
        _offered(one, ticket, fits=serving is not None and one.name == serving.name)
        for one in here().articles.by_name.values()
    ]
    return sorted(found, key=lambda one: (not one.fits, one.name))


def _offered(article: Article, ticket: Any, *, fits: bool) -> Offered:
    settings = here().settings
    told = article.told(ticket.language or settings.desk.language)
    text = f"{told.steps}\n{settings.public_url}/help/{article.name}"
    return Offered(article.name, article.told(language()).title, text, fits)


@blueprint.app_template_filter("pieces")
def _pieces(line: str) -> list[markdown.Piece]:
    return markdown.pieces(line)


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"articles_for": offered, "article_for": fitting}


def present() -> Shelf:
    """The articles as they are by now; those known before while the database is away."""
    router = here()
    with suppress(StoreError):
        router.articles.follow(router.store)
    return router.articles


@blueprint.get("/help")
@public
def shelf() -> str:
    """Every article, by what it is about."""
    found = present().by_name.values()
    told = [
        (group, [(one.name, one.told(language()).title) for one in _about(group, found)])
        for group in _GROUPS
    ]
    return render_template("help/shelf.html", groups=[one for one in told if one[1]])


def _about(group: str, articles: Iterable[Article]) -> list[Article]:
    return [one for one in articles if one.categories and one.categories[0].startswith(f"{group}.")]


@blueprint.get("/help/<name>")
@public
def article(name: str) -> str:
    """One article."""
    found = present().by_name.get(name)
    if found is None:
        raise NotFound("there is no such article")
    text = found.told(language())
    blocks = markdown.blocks(text.body)
    return render_template("help/article.html", text=text, blocks=blocks, name=name)
