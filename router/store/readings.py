"""Messages that wait for the second reader, and what it made of them."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from router.store.shapes import Reading, Unread
from router.store.unit import Unit
from rules.raising import Opinion

_WAITING = (
    "SELECT * FROM (SELECT u.message_id, u.at, m.ticket_id, m.subject, m.text, "
    "v.category, v.urgency, v.near, "
    "COALESCE((SELECT SUM(f.weight) FROM finding f WHERE f.verdict_id = v.id "
    "AND f.category = v.category), 0) AS score, "
    "CASE WHEN v.urgency = 'P1' THEN '' ELSE COALESCE((SELECT f.category FROM finding f "
    "WHERE f.verdict_id = v.id AND f.urgency = 'P1' GROUP BY f.category "
    "HAVING SUM(f.weight) >= 0.9995 ORDER BY MAX(f.weight) DESC, "
    "SUM(f.weight) DESC, f.category LIMIT 1), '') END "
    "AS suspected "
    "FROM unread u JOIN message m ON m.id = u.message_id "
    "JOIN verdict v ON v.message_id = u.message_id) AS w "
    "{which} ORDER BY message_id LIMIT :n"
)


def wait(unit: Unit, message_id: int) -> None:
    """Have this message read a second time once it is committed."""
    unit.put(Unread, message_id=message_id, at=unit.now_us)


def pending(unit: Unit) -> bool:
    """Whether any message waits."""
    return unit.value("SELECT 1 FROM unread LIMIT 1") is not None


def waiting(unit: Unit, limit: int, *, suspected: bool = False) -> list[Any]:
    """The oldest waiting messages with their text and the rules' verdict: message_id, ticket_id,
    subject, text, at, category, urgency, near, score, and
    the incident that the rules suspected and asked about (``suspected``); or those of them alone
    of which an incident is suspected."""
    return list(
        unit.rows(
            _WAITING.format(which="WHERE suspected <> ''" if suspected else ""),
            n=limit,
        )
    )


def suspected(unit: Unit, message_id: int) -> str:
    """The incident of which this message is suspected while it waits; nothing when none is."""
    rows = unit.rows(_WAITING.format(which="WHERE message_id = :id"), id=message_id, n=1)
    return str(rows[0].suspected) if rows else ""


def done(unit: Unit, message_ids: Collection[int]) -> set[int]:
    """Take messages off the list; those that were still on it: another may have been quicker."""
    return {
        one for one in message_ids if unit.run("DELETE FROM unread WHERE message_id = :id", id=one)
    }


def believe(unit: Unit, message_id: int, category: str, near: str) -> None:
    """What the rules suspected is their verdict now: pages, reports and splits read it there."""
    unit.run(
        "UPDATE verdict SET category = :category, urgency = 'P1', near = :near "
        "WHERE message_id = :id",
        category=category,
        near=near,
        id=message_id,
    )


def keep(
    unit: Unit, message_id: int, opinion: Opinion, *, bank: str, raised: bool, urgency: str
) -> None:
    """Write down what the reader made of a message."""
    unit.put(
        Reading,
        id=unit.new_id(),
        message_id=message_id,
        category=opinion.category,
        urgency=urgency,
        score=round(max(opinion.alarm, opinion.score), 4),
        raised=raised,
        nearest=json.dumps(
            [[one.category, one.text, one.likeness] for one in opinion.near], ensure_ascii=False
        ),
        bank=bank,
        at=unit.now_us,
    )


def of_messages(unit: Unit, message_ids: Collection[int]) -> dict[int, Any]:
    """The readings of these messages, by message."""
    if not message_ids:
        return {}
    return {
        row.message_id: row
        for row in unit.rows(
            "SELECT message_id, category, urgency, score, raised, nearest FROM reading "
            "WHERE message_id IN :ids ORDER BY id",
            ids=list(message_ids),
        )
    }


def corrected(unit: Unit, ticket_ids: Collection[int]) -> dict[int, int]:
    """Tickets whose category or urgency a person has decided, and when last; no second reading
    moves those."""
    if not ticket_ids:
        return {}
    return {
        row.ticket_id: row.at
        for row in unit.rows(
            "SELECT ticket_id, MAX(at) AS at FROM feedback WHERE ticket_id IN :ids "
            "GROUP BY ticket_id",
            ids=list(ticket_ids),
        )
    }


def lessons(unit: Unit) -> list[Any]:
    """Corrected categories with the first message of their tickets: category, subject, text."""
    return list(
        unit.rows(
            "SELECT t.category, m.subject, m.text FROM ticket t JOIN message m ON m.id = "
            "(SELECT MIN(f.id) FROM message f WHERE f.ticket_id = t.id AND f.direction = 'in') "
            "WHERE t.id IN (SELECT ticket_id FROM feedback WHERE what = 'category') "
            "AND t.category <> 'other.unsorted' AND t.erased_at IS NULL ORDER BY t.id"
        )
    )
