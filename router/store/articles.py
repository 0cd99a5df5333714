"""Articles that the desk wrote: the newest version of each holds, and every one before it stays.

Nothing here deletes a version: requesters were answered with it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.articles import Written
from router.core.clock import from_us
from router.store.shapes import ArticleEdition, Setting
from router.store.unit import Unit

LIVE, WITHDRAWN = "live", "withdrawn"
_VERSION = "articles"
_VIEW = (
    "SELECT e.*, a.name AS author FROM article_edition e LEFT JOIN agent a ON a.id = e.author_id"
)


@dataclass(frozen=True, slots=True)
class Edition:
    """One version. ``author`` is empty for what shipped; ``origin`` is shipped, written, brought or
    restored (of ``from_edition``)."""

    written: Written
    number: int
    state: str
    origin: str
    from_edition: int
    author: str
    at: datetime


def version(unit: Unit) -> int:
    """A number that grows whenever an article is changed; -1 before the first time."""
    found = unit.value("SELECT version FROM setting WHERE key = :key", key=_VERSION)
    return -1 if found is None else int(found)


def grow(unit: Unit) -> None:
    """Say that articles are changed: every process reads them again, and whoever else changes one
    waits until this is committed."""
    if not unit.run(
        "UPDATE setting SET version = version + 1, changed_at = :now WHERE key = :key",
        now=unit.now_us,
        key=_VERSION,
    ):
        unit.put(Setting, key=_VERSION, value="", changed_at=unit.now_us)
        unit.flush()


def newest(unit: Unit) -> dict[str, Edition]:
    """The last version of every article that the desk has changed, by name."""
    rows = unit.rows(
        f"{_VIEW} WHERE NOT EXISTS (SELECT 1 FROM article_edition n WHERE n.name = e.name "  # noqa: S608  # ours
        "AND n.edition > e.edition) ORDER BY e.name"
    )
    return {row.name: _edition(row) for row in rows}


def history(unit: Unit, name: str, limit: int = 100) -> list[Edition]:
    """The versions of an article, the last one first."""
    rows = unit.rows(
        f"{_VIEW} WHERE e.name = :name ORDER BY e.edition DESC LIMIT :n", name=name, n=limit
    )
    return [_edition(row) for row in rows]


def find(unit: Unit, name: str, number: int) -> Edition | None:
    """One version, or None."""
    row = unit.row(f"{_VIEW} WHERE e.name = :name AND e.edition = :n", name=name, n=number)
    return None if row is None else _edition(row)


def add(unit: Unit, written: Written, number: int, author_id: int | None, **columns: Any) -> None:
    """Write a version down: live and written unless ``columns`` say otherwise."""
    known: dict[str, Any] = {"state": LIVE, "origin": "written", **columns}
    unit.put(
        ArticleEdition,
        id=unit.new_id(),
        name=written.name,
        edition=number,
        categories=json.dumps(written.categories),
        title_zh=written.title_zh,
        title_en=written.title_en,
        body_zh=written.body_zh,
        body_en=written.body_en,
        author_id=author_id,
        at=unit.now_us,
        **known,
    )
    unit.flush()


def uses(unit: Unit, name: str) -> dict[str, Counter[str]]:
    """How often each version of an article was offered and solved it: by version, then by which."""
    found: dict[str, Counter[str]] = {}
    for row in unit.rows(
        "SELECT version, what, COUNT(*) AS n FROM article_use WHERE article = :name "
        "GROUP BY version, what",
        name=name,
    ):
        found.setdefault(row.version, Counter())[row.what] = row.n
    return found


def _edition(row: Any) -> Edition:
    written = Written(
        row.name,
        tuple(json.loads(row.categories or "[]")),
        row.title_zh,
        row.title_en,
        row.body_zh,
        row.body_en,
    )
    return Edition(
        written,
        row.edition,
        row.state,
        row.origin,
        row.from_edition,
        row.author or "",
        from_us(row.at),
    )
