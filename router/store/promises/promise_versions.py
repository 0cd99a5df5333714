"""What the desk changes of its calendars and promises: one row a change, the newest of a part is in
force. Nothing is ever taken away, so that every change can be read with what was before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.clock import from_us
from router.store import timeline
from router.store.promises import calendar_days
from router.store.shapes import PromiseVersion
from router.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Newest:
    """What lies over the settings of one part now; ``own`` None: nothing does."""

    version: int
    own: Any


@dataclass(frozen=True, slots=True)
class Changed:
    """One change: who, when, and all that was in force before and after it."""

    part: str
    version: int
    at: datetime
    agent: str
    own: bool
    was: Any
    becomes: Any

    @property
    def subject(self) -> str:
        """What the audit log calls it."""
        return f"{self.part}@{self.version}"


def newest(unit: Unit) -> dict[str, Newest]:
    """The newest change of every part that was ever changed."""
    return {
        row.part: Newest(row.version, json.loads(row.own) if row.own else None)
        for row in unit.rows(
            "SELECT p.part, p.version, p.own FROM promise_version p WHERE p.version = "
            "(SELECT MAX(q.version) FROM promise_version q WHERE q.part = p.part)"
        )
    }


def history(unit: Unit, limit: int, part: str = "", before: int = 1 << 62) -> list[Changed]:
    """The newest changes before a moment, of one part or of all."""
    only = "AND p.part = :part " if part else ""
    rows = unit.rows(
        "SELECT p.part, p.version, p.at, p.own, p.was, p.becomes, a.name "  # noqa: S608  # ours
        f"FROM promise_version p LEFT JOIN agent a ON a.id = p.agent_id WHERE p.at < :before {only}"
        "ORDER BY p.at DESC, p.version DESC LIMIT :n",
        n=limit,
        before=before,
        **({"part": part} if part else {}),
    )
    return [
        Changed(
            row.part,
            row.version,
            from_us(row.at),
            row.name or "",
            bool(row.own),
            json.loads(row.was),
            json.loads(row.becomes),
        )
        for row in rows
    ]


def put(  # noqa: PLR0913  # what a change is made of
    unit: Unit, part: str, seen: int, *, own: Any, was: Any, becomes: Any, agent_id: int | None
) -> bool:
    """Write a change down, with its line in the audit log; False when somebody else changed this
    part since version ``seen``. Every process takes it up at its next look."""
    calendar_days.grow(unit)  # first: on PostgreSQL its row lets one of two through at a time
    unit.flush()
    held = newest(unit).get(part)
    if (held.version if held else 0) != seen:
        return False
    before, after = json.dumps(was, ensure_ascii=False), json.dumps(becomes, ensure_ascii=False)
    unit.put(
        PromiseVersion,
        part=part,
        version=seen + 1,
        own="" if own is None else json.dumps(own, ensure_ascii=False),
        was=before,
        becomes=after,
        agent_id=agent_id,
        at=unit.now_us,
    )
    actor = "cli" if agent_id is None else f"agent:{agent_id}"
    digest = _digest(before, after)
    action = "calendar.week" if part.startswith("calendar:") else "calendar.promises"
    timeline.audit(unit, actor, action, f"{part}@{seen + 1}", digest)
    return True


def altered(unit: Unit) -> list[str]:
    """The changes whose text is not what the audit log sealed, by what the log calls them."""
    rows = unit.rows(
        "SELECT p.part, p.version, p.was, p.becomes, a.digest FROM promise_version p LEFT JOIN "
        "audit a ON a.subject = p.part || '@' || p.version "
        "AND a.action IN ('calendar.week', 'calendar.promises') ORDER BY p.at"
    )
    return [
        f"{row.part}@{row.version}" for row in rows if row.digest != _digest(row.was, row.becomes)
    ]


def _digest(was: str, becomes: str) -> str:
    return hashlib.sha256(f"{was}\n{becomes}".encode()).hexdigest()[:16]
