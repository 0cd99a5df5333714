"""The articles in force: those that ship, and in their place what the desk wrote.

An article is the shipped file until somebody changes it in the pages; from then on the database
holds it, every version of it, and the file is left alone. Every process looks whether one was
changed with each batch of messages and each page that tells one, and takes all of them up at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from router.core.articles import LANGUAGES, Article, Articles
from router.settings import Settings
from router.store import articles
from router.store.articles import Edition
from router.store.database import Store
from router.store.unit import Unit

log = logging.getLogger("router.shelf")


class Shelf:
    """The articles in force, whichever they are by now; asked like :class:`Articles`, from any
    thread."""

    def __init__(self, settings: Settings, shipped: Articles) -> None:
        """Begin with what ships; :meth:`notice` follows what the desk writes."""
        self.shipped = shipped
        self._values = _values(settings)
        self._version: int | None = None
        self._taking = threading.Lock()
        self._present = Articles(one.filled(self._values) for one in shipped.by_name.values())

    @property
    def by_name(self) -> Mapping[str, Article]:
        """Every article by its name."""
        return self._present.by_name

    def serving(self, category: str) -> Article | None:
        """The article about a category, if there is one."""
        return self._present.serving(category)

    @property
    def fillable(self) -> Collection[str]:
        """The placeholders that the settings fill in."""
        return [name for name, value in self._values["en"].items() if value]

    def filled(self, article: Article) -> Article:
        """An article as it would be told."""
        return article.filled(self._values)

    def notice(self, unit: Unit) -> None:
        """Take up what was changed since; one small question when nothing was."""
        version = articles.version(unit)
        if version == self._version or not self._taking.acquire(blocking=False):
            return
        try:
            present = in_force(self.shipped, articles.newest(unit))
            self._present = Articles(one.filled(self._values) for one in present)
            if version >= 0 and self._version is not None:
                log.info("the articles were changed")
            self._version = version
        finally:
            self._taking.release()

    def follow(self, store: Store) -> None:
        """As :meth:`notice`, with a look of its own."""
        with store.reading() as unit:
            self.notice(unit)


def _values(settings: Settings) -> dict[str, dict[str, str]]:
    desk = settings.desk
    return {one: {"desk": desk.name(one), "hotline": desk.hotline} for one in LANGUAGES}


def in_force(shipped: Articles, newest: Mapping[str, Edition]) -> list[Article]:
    """What the desk wrote, and beside it what ships as far as the desk's serves nothing of it: a
    later release may bring a file about a category that an article of the desk serves already."""
    return sorted(_in_force(shipped, newest), key=lambda one: one.name)


def _in_force(shipped: Articles, newest: Mapping[str, Edition]) -> Iterator[Article]:
    served: set[str] = set()
    for edition in newest.values():
        if edition.state == articles.LIVE:
            own = [one for one in edition.written.categories if one not in served]
            served.update(own)
            written = edition.written._replace(categories=tuple(own))
            yield written.article(str(edition.number))
    for one in shipped.by_name.values():
        if one.name not in newest:
            left = tuple(about for about in one.categories if about not in served)
            yield replace(one, categories=left)
