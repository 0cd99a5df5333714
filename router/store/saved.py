"""Lists somebody keeps: the query of an address under a name, for themselves or for everybody."""

from __future__ import annotations

from dataclasses import dataclass

from router.core.rights import Who
from router.store.shapes import SavedView
from router.store.unit import Unit

#: One person keeps so many, and everybody together.
MOST = 30


@dataclass(frozen=True, slots=True)
class SavedLine:
    """A saved view as the sidebar shows it."""

    id: int
    name: str
    query: str
    shared: bool
    own: bool


def saved_views(unit: Unit, who: Who) -> list[SavedLine]:
    """The reader's own and what is shared, own ones first, each by name."""
    rows = unit.rows(
        "SELECT id, owner_id, name, query, shared FROM saved_view WHERE owner_id = :agent "
        "OR shared = :yes ORDER BY CASE WHEN owner_id = :agent THEN 0 ELSE 1 END, name, id "
        "LIMIT :n",
        agent=who.id,
        yes=True,
        n=2 * MOST,
    )
    lines = [
        SavedLine(row.id, row.name, row.query, bool(row.shared), row.owner_id == who.id)
        for row in rows
    ]
    return sorted(lines, key=lambda one: one.shared)


def save(unit: Unit, who: Who, name: str, query: str, *, shared: bool) -> bool:
    """Keep a view, in place of an own one of that name; False when there are too many."""
    unit.run(
        "DELETE FROM saved_view WHERE owner_id = :agent AND name = :name", agent=who.id, name=name
    )
    kept = unit.value("SELECT COUNT(*) FROM saved_view WHERE owner_id = :agent", agent=who.id)
    if kept >= MOST:
        return False
    unit.put(
        SavedView,
        id=unit.new_id(),
        owner_id=who.id,
        shared=shared,
        name=name,
        query=query,
        at=unit.now_us,
    )
    return True


def drop(unit: Unit, who: Who, view_id: int, *, shared: bool) -> bool:
    """Give up a view of one's own, or with ``shared`` anybody's shared one."""
    return bool(
        unit.run(
            "DELETE FROM saved_view WHERE id = :id AND (owner_id = :agent OR "
            "(shared = :yes AND :may = :yes))",
            id=view_id,
            agent=who.id,
            yes=True,
            may=shared,
        )
    )
