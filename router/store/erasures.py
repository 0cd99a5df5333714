"""What is being erased and what was: one row a person, one a day for words that were old enough.

A row is worked on by whoever holds its lease, and each piece of work is committed with how far it
has come, so it goes on after whatever death.
"""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from typing import Any

from router.core.keys import Keyring
from router.store.shapes import Erasure
from router.store.unit import Unit

PERSON, RETENTION = "person", "retention"
#: Tickets that wait for their day are counted up to this.
MOST = 2_000
_DAY = 86_400_000_000
#: Closed tickets whose words are still there, by the index of them.
_KEPT = "closed_at IS NOT NULL AND erased_at IS NULL"


def _about(row_id: int) -> bytes:
    return f"erasure:{row_id}".encode()


def ask(
    unit: Unit,
    keys: Keyring,
    requester_id: int,
    handles: Sequence[tuple[str, str]],
    *,
    step: str,
    agent_id: int | None,
) -> int:
    """Write down that somebody is to be erased; what must be looked for is sealed until then."""
    row_id = unit.new_id()
    sealed = keys.seal(json.dumps(list(handles)).encode(), _about(row_id))
    unit.put(
        Erasure,
        id=row_id,
        reason=PERSON,
        requester_id=requester_id,
        step=step,
        asked_by=agent_id,
        asked_at=unit.now_us,
        changed_at=unit.now_us,
        **sealed._asdict(),
    )
    return row_id


def handles(keys: Keyring, row: Any) -> list[tuple[str, str]]:
    """The handles that are looked for; none once they are not needed any more."""
    if row.wrapped_key is None:
        return []
    told = keys.unseal(row.key_id, row.wrapped_key, row.blob, _about(row.id))
    return [(str(kind), str(value)) for kind, value in json.loads(told)]


def today(unit: Unit, step: str) -> int:
    """The row of what is erased today because it is old enough."""
    day = unit.now_us - unit.now_us % _DAY
    found = unit.row(
        "SELECT id FROM erasure WHERE reason = :reason AND asked_at = :day",
        reason=RETENTION,
        day=day,
    )
    if found is not None:
        unit.run(
            "UPDATE erasure SET done_at = NULL, step = :step "
            "WHERE id = :id AND done_at IS NOT NULL",
            step=step,
            id=found.id,
        )
        return int(found.id)
    row_id = unit.new_id()
    unit.put(Erasure, id=row_id, reason=RETENTION, step=step, asked_at=day, changed_at=unit.now_us)
    return row_id


# ---------------------------------------------------------------- who works on it


def pending(unit: Unit) -> bool:
    """Whether any is to be worked on, and nobody does."""
    return bool(
        unit.value(
            "SELECT 1 FROM erasure WHERE done_at IS NULL AND leased_until < :now LIMIT 1",
            now=unit.now_us,
        )
    )


def claim(unit: Unit, lease_us: int, row_id: int | None = None) -> Any:
    """Take the oldest that nobody works on, or this one; its row, or None."""
    row = unit.row(
        "SELECT * FROM erasure WHERE done_at IS NULL AND leased_until < :now "
        "AND (id = :id OR :any = 1) ORDER BY id LIMIT 1",
        now=unit.now_us,
        id=row_id or 0,
        any=int(row_id is None),
    )
    if row is None or not hold(unit, row.id, row.leased_until, unit.now_us + lease_us):
        return None
    return unit.row("SELECT * FROM erasure WHERE id = :id", id=row.id)


def hold(unit: Unit, row_id: int, seen: int, until: int) -> bool:
    """Lengthen a lease; False when somebody else took it meanwhile."""
    return bool(
        unit.run(
            "UPDATE erasure SET leased_until = :until WHERE id = :id AND leased_until = :seen "
            "AND done_at IS NULL",
            until=until,
            id=row_id,
            seen=seen,
        )
    )


def move(unit: Unit, row_id: int, step: str, place: int, counts: Mapping[str, int]) -> None:
    """Say how far it has come."""
    unit.run(
        "UPDATE erasure SET step = :step, place = :place, counts = :counts, changed_at = :now "
        "WHERE id = :id",
        step=step,
        place=place,
        counts=json.dumps({name: n for name, n in sorted(counts.items()) if n}),
        now=unit.now_us,
        id=row_id,
    )


def forget_handles(unit: Unit, row_id: int) -> None:
    """Nothing is looked for any more."""
    unit.run(
        "UPDATE erasure SET key_id = '', wrapped_key = NULL, blob = NULL WHERE id = :id", id=row_id
    )


def finish(unit: Unit, row_id: int) -> None:
    """It is done."""
    unit.run(
        "UPDATE erasure SET done_at = :now, leased_until = 0 WHERE id = :id",
        now=unit.now_us,
        id=row_id,
    )


def release(unit: Unit, row_id: int, until: int) -> None:
    """Let others, or oneself, go on from then."""
    unit.run(
        "UPDATE erasure SET leased_until = :until WHERE id = :id AND done_at IS NULL",
        until=until,
        id=row_id,
    )


# ---------------------------------------------------------------- what is shown


def of_person(unit: Unit, requester_id: int) -> Any:
    """The erasure of somebody, or None."""
    return unit.row(
        "SELECT * FROM erasure WHERE requester_id = :id ORDER BY id DESC LIMIT 1", id=requester_id
    )


def find(unit: Unit, row_id: int) -> Any:
    """One of them, or None."""
    return unit.row("SELECT * FROM erasure WHERE id = :id", id=row_id)


def listed(unit: Unit, limit: int = 60) -> Sequence[Any]:
    """What was erased, the newest first, with the name of who asked."""
    return unit.rows(
        "SELECT e.*, a.name AS agent FROM erasure e LEFT JOIN agent a ON a.id = e.asked_by "
        "ORDER BY e.id DESC LIMIT :n",
        n=limit,
    )


def oldest_open(unit: Unit) -> int | None:
    """When the oldest that is not done was last worked on, in microseconds; None when all are."""
    found: int | None = unit.value("SELECT MIN(changed_at) FROM erasure WHERE done_at IS NULL")
    return found


# ---------------------------------------------------------------- what is old enough


def categories(unit: Unit) -> list[str]:
    """Categories of closed tickets that hold words, jumping from one to the next."""
    found: list[str] = []
    while True:
        following = unit.value(
            f"SELECT MIN(category) FROM ticket WHERE {_KEPT} AND category > :last",  # noqa: S608  # ours
            last=found[-1] if found else "",
        )
        if following is None:
            return found
        found.append(str(following))


def due(unit: Unit, category: str, before_us: int, limit: int) -> list[int]:
    """Tickets of a category that were closed before, those closed first."""
    rows = unit.rows(
        f"SELECT id FROM ticket WHERE {_KEPT} AND category = :category "  # noqa: S608  # ours
        "AND closed_at < :before ORDER BY closed_at LIMIT :n",
        category=category,
        before=before_us,
        n=limit,
    )
    return [row.id for row in rows]


def due_until(unit: Unit, befores: Mapping[str, int]) -> Tally[str]:
    """How many tickets of each category were closed before the moment given for it, up to
    :data:`MOST`."""
    return Tally(
        {
            category: int(
                unit.value(
                    f"SELECT COUNT(*) FROM (SELECT id FROM ticket WHERE {_KEPT} "  # noqa: S608  # ours
                    "AND category = :category AND closed_at < :before LIMIT :n) AS page",
                    category=category,
                    before=before,
                    n=MOST,
                )
            )
            for category, before in befores.items()
        }
    )
