"""Corrections: what the router had decided, what a person made of it, and which rules had decided.

The first thing the router said of a ticket and the last thing people said are what counts: a
correction that was taken back is none.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.clock import from_us
from router.core.ids import first_at
from router.core.rights import Who
from router.store.pages.messages import within
from router.store.shapes import Feedback
from router.store.unit import Unit

#: Of one period at most so many corrections are counted, the newest first.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction as the report lists it."""

    number: str
    at: datetime
    agent: str
    what: str
    old: str
    new: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """How often a rule decided a ticket, and how often a person then decided otherwise."""

    rule: str
    category: str
    found: int
    overruled: int

    @property
    def precision(self) -> float:
        """The share of its decisions that stand."""
        return (self.found - self.overruled) / self.found if self.found else 0.0


@dataclass(frozen=True, slots=True)
class Misroutes:
    """The report: tickets decided and corrected, what became what, rules, newest corrections."""

    decided: int
    corrected: int
    confusion: tuple[tuple[str, str, int], ...]
    rules: tuple[RuleFigures, ...]
    newest: tuple[Correction, ...]


def keep(unit: Unit, ticket_id: int, agent_id: int, what: str, old: str, new: str) -> None:
    """Write a correction down, with the rules that had decided ``old`` when rules had."""
    ruleset, rules = _deciders(unit, ticket_id, what, old)
    unit.put(
        Feedback,
        id=unit.new_id(),
        ticket_id=ticket_id,
        agent_id=agent_id,
        at=unit.now_us,
        what=what,
        old=old,
        new=new,
        ruleset=ruleset,
        rules=json.dumps(rules, ensure_ascii=False) if rules else "",
    )


def _deciders(unit: Unit, ticket_id: int, what: str, old: str) -> tuple[str, list[str]]:
    """The version and the rules behind a value; none when a person had set it."""
    said = unit.value(
        "SELECT f.new FROM feedback f WHERE f.ticket_id = :ticket AND f.what = :what "
        "ORDER BY f.id DESC LIMIT 1",
        ticket=ticket_id,
        what=what,
    )
    if said == old:
        return "", []
    column = "category" if what == "category" else "urgency"
    rows = unit.rows(
        "SELECT v.ruleset, f.rule FROM message m JOIN verdict v ON v.message_id = m.id "  # noqa: S608  # ours
        "LEFT JOIN finding f ON f.verdict_id = v.id AND f.category = v.category "
        f"AND f.{column} = v.{column} "
        f"WHERE m.ticket_id = :ticket AND v.{column} = :old ORDER BY v.id",
        ticket=ticket_id,
        old=old,
    )
    rules = list(dict.fromkeys(row.rule for row in rows if row.rule))
    return (rows[-1].ruleset if rows else ""), rules


def labels(unit: Unit) -> dict[int, str]:
    """What people last said tickets are about, by ticket."""
    rows = unit.rows(
        "SELECT f.ticket_id, f.new FROM feedback f WHERE f.what = 'category' ORDER BY f.id"
    )
    return {row.ticket_id: row.new for row in rows}


def misroutes(unit: Unit, who: Who, since_us: int, newest: int = 50) -> Misroutes:
    """What was corrected of the viewer's tickets since then."""
    limited, known = within(who)
    known["since"], known["low"] = since_us, first_at(from_us(since_us))
    rows = unit.rows(
        "SELECT f.id, f.ticket_id, f.at, f.what, f.old, f.new, f.rules, t.number, "  # noqa: S608  # ours
        "a.name AS agent FROM feedback f JOIN ticket t ON t.id = f.ticket_id "
        f"JOIN agent a ON a.id = f.agent_id WHERE f.at >= :since{limited} "
        "ORDER BY f.at DESC, f.id DESC LIMIT :n",
        n=MOST,
        **known,
    )
    wrong = _still_wrong(rows)
    found = _found(unit, limited, known)
    overruled = Counter(rule for row in wrong for rule in set(_rules(row)))
    figures = [
        RuleFigures(row.rule, row.category, row.tickets, min(overruled[row.rule], row.tickets))
        for row in found
    ]
    confusion = Counter((row.old, last) for row, last in wrong.items())
    return Misroutes(
        decided=_decided(unit, limited, known),
        corrected=len(wrong),
        confusion=tuple((old, new, n) for (old, new), n in confusion.most_common()),
        rules=tuple(sorted(figures, key=lambda one: (-one.overruled, -one.found, one.rule))),
        newest=tuple(_correction(row) for row in rows[:newest]),
    )


def _still_wrong(rows: Sequence[Any]) -> dict[Any, str]:
    """The first correction of each ticket's category with people's last word, where they differ."""
    first: dict[int, Any] = {}
    last: dict[int, str] = {}
    for row in reversed(rows):
        if row.what == "category":
            first.setdefault(row.ticket_id, row)
            last[row.ticket_id] = row.new
    return {row: last[one] for one, row in first.items() if last[one] != row.old}


def _rules(row: Any) -> list[str]:
    return list(json.loads(row.rules)) if row.rules else []


def _correction(row: Any) -> Correction:
    return Correction(
        row.number, from_us(row.at), row.agent, row.what, row.old, row.new, tuple(_rules(row))
    )


def _found(unit: Unit, limited: str, known: Mapping[str, Any]) -> Sequence[Any]:
    """Per rule the tickets it decided: it stood in a verdict whose category it has."""
    return unit.rows(
        "SELECT f.rule, f.category, COUNT(DISTINCT m.ticket_id) AS tickets FROM verdict v "  # noqa: S608  # ours
        "JOIN finding f ON f.verdict_id = v.id AND f.category = v.category "
        "JOIN message m ON m.id = v.message_id JOIN ticket t ON t.id = m.ticket_id "
        f"WHERE v.id >= :low{limited} GROUP BY f.rule, f.category",
        **known,
    )


def _decided(unit: Unit, limited: str, known: Mapping[str, Any]) -> int:
    return int(
        unit.value(
            "SELECT COUNT(DISTINCT m.ticket_id) FROM verdict v "  # noqa: S608  # ours
            "JOIN message m ON m.id = v.message_id JOIN ticket t ON t.id = m.ticket_id "
            f"WHERE v.id >= :low{limited}",
            **known,
        )
        or 0
    )


def fired(unit: Unit, since_us: int) -> dict[str, int]:
    """How many messages each rule found something in since then, over the whole desk."""
    rows = unit.rows(
        "SELECT f.rule, COUNT(*) AS n FROM verdict v JOIN finding f ON f.verdict_id = v.id "
        "WHERE v.id >= :low GROUP BY f.rule",
        low=first_at(from_us(since_us)),
    )
    return {row.rule: row.n for row in rows}
