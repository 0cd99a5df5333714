"""The audit log, newest first, as its page shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.clock import from_us
from router.store.pages.listing import Page, pack, unpack
from router.store.unit import Unit, begins

_NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line: who (``agent:1``, ``router``, ``cli``) did what to what (``ticket:12``). ``digest``
    names what it was done with; ``details`` are the codes and ids it may hold instead; ``position``
    is None until it is sealed."""

    at: datetime
    actor: str
    action: str
    subject: str
    digest: str
    position: int | None

    @property
    def details(self) -> dict[str, Any]:
        """What changed, as ``[before, after]`` by column, and other codes and ids; nothing where
        somebody tampered with the line: it is to be read all the same."""
        if not self.digest.startswith("{"):
            return {}
        try:
            told: dict[str, Any] = json.loads(self.digest)
        except ValueError:
            return {}
        return told


#: How rows are called, in Chinese and in English, by the word that stands before their id.
_CALLED = {
    "agent": "SELECT id, name AS zh, name AS en FROM agent WHERE id IN :ids",
    "ticket": "SELECT id, number AS zh, number AS en FROM ticket WHERE id IN :ids",
    "message": "SELECT m.id, t.number AS zh, t.number AS en FROM message m "
    "JOIN ticket t ON t.id = m.ticket_id WHERE m.id IN :ids",
    "team": "SELECT id, name_zh AS zh, name_en AS en FROM team WHERE id IN :ids",
    "incident": "SELECT id, title AS zh, title AS en FROM incident WHERE id IN :ids",
    "macro": "SELECT id, name AS zh, name AS en FROM macro WHERE owner_id IS NULL AND id IN :ids",
    "ruleset": "SELECT id, version AS zh, version AS en FROM ruleset "
    "WHERE version <> '' AND id IN :ids",
}


def lines(
    unit: Unit, *, actor: str = "", action: str = "", cursor: str | None = None, limit: int = 100
) -> Page[AuditLine]:
    """Lines of one actor (``agent:1``, ``router``) and of actions that begin like this."""
    said, params = ["a.id < :before"], {"before": unpack(cursor, 1)[0] if cursor else _NEWEST}
    known: dict[str, str] = {}
    if actor:
        said.append("a.actor = :actor")
        known["actor"] = actor
    if action:
        said.append(begins("a.action", ":action"))
        known["action"] = action
    rows = unit.rows(
        f"SELECT * FROM audit a WHERE {' AND '.join(said)} ORDER BY a.id DESC LIMIT :n",  # noqa: S608  # ours
        n=limit + 1,
        **params,
        **known,
    )
    shown = rows[:limit]
    found = [
        AuditLine(from_us(row.at), row.actor, row.action, row.subject, row.digest, row.position)
        for row in shown
    ]
    return Page(found, pack(shown[-1].id) if len(rows) > limit else None)


def called(unit: Unit, lines: Sequence[AuditLine]) -> dict[str, tuple[str, str]]:
    """What everything is called that these lines name (``ticket:12``), in Chinese and in English.
    What is gone by now, or is somebody's own, is not among it."""
    wanted = {one for line in lines for one in (line.actor, line.subject, *_named(line.details))}
    found: dict[str, tuple[str, str]] = {}
    for kind, sql in _CALLED.items():
        marked = (one.partition(":") for one in wanted)
        ids = [int(number) for word, _, number in marked if word == kind and number.isdecimal()]
        if ids:
            rows = unit.rows(sql, ids=sorted(ids))
            found.update({f"{kind}:{row.id}": (row.zh, row.en) for row in rows})
    return found


def _named(details: Mapping[str, Any]) -> Iterator[str]:
    for name, kind in (("team_id", "team"), ("assignee_id", "agent")):
        pair = details.get(name)
        if isinstance(pair, list):
            yield from (f"{kind}:{number}" for number in pair)
    if "into" in details:
        yield f"ticket:{details['into']}"


def sealed(unit: Unit) -> tuple[int, int]:
    """How many lines are sealed, and how many wait for it."""
    last = unit.value("SELECT MAX(position) FROM audit")
    waiting = unit.value("SELECT COUNT(*) FROM audit WHERE position IS NULL")
    return int(last or 0), int(waiting or 0)
