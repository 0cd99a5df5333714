"""Snippets and macros: an agent's own, and everybody's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.core.marks import mark
from router.core.rights import Who
from router.store.shapes import Macro
from router.store.unit import Unit

#: One person keeps so many, and everybody together.
MOST = 200


@dataclass(frozen=True, slots=True)
class MacroView:
    """A macro, or a snippet when it ``does`` nothing."""

    id: int
    name: str
    word: str
    key: str
    text_zh: str
    text_en: str
    shared: bool
    does: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """A word that changes with whatever it says or does; the key may be taken by another."""
        does = json.dumps(self.does, sort_keys=True)
        return mark(self.name, self.word, self.text_zh, self.text_en, str(self.shared), does)

    def text(self, language: str) -> str:
        """Its words in a requester's language; the other one's where there are none."""
        zh = language.startswith("zh")
        return (self.text_zh or self.text_en) if zh else (self.text_en or self.text_zh)


def of_agent(unit: Unit, who: Who) -> list[MacroView]:
    """The agent's own and the shared ones, those with a key first, then by name."""
    rows = unit.rows(
        "SELECT * FROM macro WHERE owner_id = :agent OR owner_id IS NULL "
        "ORDER BY CASE WHEN key = '' THEN 1 ELSE 0 END, key, name, id LIMIT :n",
        agent=who.id,
        n=2 * MOST,
    )
    return [_view(row) for row in rows]


def find(unit: Unit, who: Who, macro_id: int) -> MacroView | None:
    """A macro this agent may use."""
    row = unit.row(
        "SELECT * FROM macro WHERE id = :id AND (owner_id = :agent OR owner_id IS NULL)",
        id=macro_id,
        agent=who.id,
    )
    return None if row is None else _view(row)


def _view(row: Any) -> MacroView:
    return MacroView(
        id=row.id,
        name=row.name,
        word=row.word,
        key=row.key,
        text_zh=row.text_zh,
        text_en=row.text_en,
        shared=row.owner_id is None,
        does=json.loads(row.does) if row.does else {},
    )


def put(unit: Unit, macro: MacroView, owner_id: int | None) -> None:
    """Write a macro, new or in place of what it was. A key belongs to one macro of its owner."""
    drop(unit, macro.id)
    unit.run(
        "UPDATE macro SET key = '' WHERE key = :key AND key <> '' AND "
        "(owner_id = :owner OR (owner_id IS NULL AND :shared = 1))",
        key=macro.key,
        owner=owner_id or 0,
        shared=int(owner_id is None),
    )
    unit.put(
        Macro,
        id=macro.id,
        owner_id=owner_id,
        name=macro.name,
        word=macro.word,
        key=macro.key,
        text_zh=macro.text_zh,
        text_en=macro.text_en,
        does=json.dumps(dict(macro.does), ensure_ascii=False) if macro.does else "",
        changed_at=unit.now_us,
    )


def drop(unit: Unit, macro_id: int) -> None:
    """Give a macro up."""
    unit.run("DELETE FROM macro WHERE id = :id", id=macro_id)
