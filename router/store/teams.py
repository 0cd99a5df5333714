"""The teams of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.store.promises import calendar_days
from router.store.shapes import Team
from router.store.unit import Unit

#: Teams that the program itself sends tickets to.
NEEDED = ("support", "security")


def listed(unit: Unit) -> Sequence[Any]:
    """Every team with how many work in it: id, key, name_zh, name_en, people."""
    return unit.rows(
        "SELECT t.id, t.key, t.name_zh, t.name_en, (SELECT COUNT(*) FROM agent_team g JOIN agent a "
        "ON a.id = g.agent_id WHERE g.team_id = t.id AND a.active) AS people "
        "FROM team t ORDER BY t.id"
    )


def add(unit: Unit, key: str, name_zh: str, name_en: str) -> bool:
    """Add a team; False when its key is taken."""
    if unit.value("SELECT 1 FROM team WHERE key = :key", key=key):
        return False
    place = int(unit.value("SELECT MAX(id) FROM team") or 0) + 1
    unit.put(Team, id=place, key=key, name_zh=name_zh, name_en=name_en)
    calendar_days.grow(unit)  # every process reads the teams again with the calendars
    return True


def rename(unit: Unit, team_id: int, name_zh: str, name_en: str) -> bool:
    """Call a team something else; its key stays. False when there is no such team."""
    return bool(
        unit.run(
            "UPDATE team SET name_zh = :zh, name_en = :en WHERE id = :id",
            zh=name_zh,
            en=name_en,
            id=team_id,
        )
    )
