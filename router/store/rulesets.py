"""Versions of the desk's own rules: drafts, the published one, and every one before it.

Nothing here deletes a version: it stays with the tickets it decided. A draft that is given up is
retired without ever having been published.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from router.core.clock import from_us
from router.store.pages.listing import moment
from router.store.shapes import RulesetRow
from router.store.unit import Unit

DRAFT, PUBLISHED, RETIRED = "draft", "published", "retired"

_VIEW = (
    "SELECT r.id, r.version, r.state, r.files, r.base, r.note, r.report, r.author_id, "
    "r.created_at, r.changed_at, r.published_at, r.retired_at, a.name AS author, "
    "p.name AS publisher FROM ruleset r JOIN agent a ON a.id = r.author_id "
    "LEFT JOIN agent p ON p.id = r.publisher_id"
)


@dataclass(frozen=True, slots=True)
class Version:
    """One version: its files by name, who wrote it, who published it, what its checks said."""

    id: int
    version: str
    state: str
    files: dict[str, str]
    base: str
    note: str
    author_id: int
    author: str
    publisher: str
    created_at: datetime
    changed_at: datetime
    published_at: datetime | None
    retired_at: datetime | None
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """A short name of exactly these files; whoever saves says which they had read."""
        return digest(self.files)


def digest(files: Mapping[str, str]) -> str:
    """A short name of these files' content."""
    return hashlib.sha256(_packed(files).encode()).hexdigest()[:16]


def _packed(files: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(files.items())), ensure_ascii=False)


# ---------------------------------------------------------------- looking


def published_id(unit: Unit) -> int:
    """The version in force, 0 while nothing was published; asked once a batch, so cheap."""
    return int(
        unit.value(
            "SELECT id FROM ruleset WHERE state = 'published' "
            "ORDER BY published_at DESC, id DESC LIMIT 1"
        )
        or 0
    )


def find(unit: Unit, row_id: int) -> Version | None:
    """One version, or None."""
    row = unit.row(f"{_VIEW} WHERE r.id = :id", id=row_id)
    return None if row is None else _version(row)


def named(unit: Unit, version: str) -> Version | None:
    """The newest version that was in force under this name, or None."""
    row = unit.row(
        f"{_VIEW} WHERE r.version = :version AND r.version <> '' AND r.state <> 'draft' "
        "ORDER BY r.id DESC LIMIT 1",
        version=version,
    )
    return None if row is None else _version(row)


def drafts(unit: Unit) -> list[Version]:
    """What is being worked on, newest first."""
    rows = unit.rows(f"{_VIEW} WHERE r.state = 'draft' ORDER BY r.changed_at DESC, r.id DESC")
    return [_version(row) for row in rows]


def history(unit: Unit, limit: int = 50) -> list[Version]:
    """Versions that were in force, the present one first."""
    rows = unit.rows(
        f"{_VIEW} WHERE r.published_at IS NOT NULL AND r.state <> 'draft' "
        "ORDER BY r.published_at DESC, r.id DESC LIMIT :n",
        n=limit,
    )
    return [_version(row) for row in rows]


def _version(row: Any) -> Version:
    return Version(
        id=row.id,
        version=row.version,
        state=row.state,
        files=json.loads(row.files or "{}"),
        base=row.base,
        note=row.note,
        author_id=row.author_id,
        author=row.author,
        publisher=row.publisher or "",
        created_at=from_us(row.created_at),
        changed_at=from_us(row.changed_at),
        published_at=moment(row.published_at),
        retired_at=moment(row.retired_at),
        report=json.loads(row.report or "{}"),
    )


# ---------------------------------------------------------------- changing


def add(unit: Unit, files: Mapping[str, str], author_id: int, **columns: Any) -> int:
    """Write a version down; its id."""
    row_id = unit.new_id()
    known: dict[str, Any] = {"state": DRAFT, **columns}
    unit.put(
        RulesetRow,
        id=row_id,
        files=_packed(files),
        author_id=author_id,
        created_at=unit.now_us,
        changed_at=unit.now_us,
        **known,
    )
    unit.flush()
    return row_id


def save(unit: Unit, row_id: int, seen: str, files: Mapping[str, str], author_id: int) -> bool:
    """Change a draft that still is what its writer had read; its checks are void then."""
    row = find(unit, row_id)
    if row is None or row.state != DRAFT or row.digest != seen:
        return False
    return bool(
        unit.run(
            "UPDATE ruleset SET files = :files, report = '', author_id = :author, "
            "changed_at = :now WHERE id = :id AND state = 'draft' AND files = :old",
            files=_packed(files),
            author=author_id,
            now=unit.now_us,
            id=row_id,
            old=_packed(row.files),
        )
    )


def tell(unit: Unit, row_id: int, seen: str, part: str, report: Mapping[str, Any]) -> bool:
    """Keep what a check says of a draft; False when the draft is another one by now."""
    row = find(unit, row_id)
    if row is None or row.state != DRAFT or row.digest != seen:
        return False
    told = json.dumps({**row.report, part: dict(report)}, ensure_ascii=False)
    return bool(
        unit.run(
            "UPDATE ruleset SET report = :told WHERE id = :id AND state = 'draft' "
            "AND files = :files",
            told=told,
            id=row_id,
            files=_packed(row.files),
        )
    )


def publish(unit: Unit, row: Version, *, version: str, base: str, publisher_id: int) -> bool:
    """Put a draft in force; the one in force until now is retired. False when it moved on."""
    unit.run(
        "UPDATE ruleset SET state = 'retired', retired_at = :now WHERE state = 'published'",
        now=unit.now_us,
    )
    return bool(
        unit.run(
            "UPDATE ruleset SET state = 'published', version = :version, base = :base, "
            "publisher_id = :publisher, published_at = :now "
            "WHERE id = :id AND state = 'draft' AND files = :files",
            version=version,
            base=base,
            publisher=publisher_id,
            now=unit.now_us,
            id=row.id,
            files=_packed(row.files),
        )
    )


def discard(unit: Unit, row_id: int) -> bool:
    """Give a draft up."""
    return bool(
        unit.run(
            "UPDATE ruleset SET state = 'retired', retired_at = :now "
            "WHERE id = :id AND state = 'draft'",
            now=unit.now_us,
            id=row_id,
        )
    )
