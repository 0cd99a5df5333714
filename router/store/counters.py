"""Counts beside the views, kept as tickets change so that no page ever counts rows.

Whoever changes a ticket appends what the change does to each count; a sweep folds these deltas.
Reading adds the two. A count belongs to one team (``t7:open``) or one agent (``a12:mine``).
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from router.store import claims
from router.store.shapes import CounterDelta
from router.store.unit import Unit

#: The views of the inbox, in the order of the screen. Each is a condition on one ticket.
VIEWS = (
    "security",
    "unsorted",
    "mine",
    "unassigned",
    "open",
    "waiting",
    "snoozed",
    "closed",
    "all",
    "parked",
)


@dataclass(frozen=True, slots=True)
class Counted:
    """What of a ticket decides the views it is in."""

    team_id: int
    assignee_id: int | None
    standing: int
    security: bool
    unsorted: bool
    parked: bool
    snoozed: bool = False

    def keys(self) -> list[str]:
        """The counts this ticket is part of; the same conditions as the list's queries."""
        team = f"t{self.team_id}:"
        keys = [team + "all"]
        if self.standing == 2:
            return [*keys, team + "closed"]
        keys.append(team + ("open" if self.standing == 0 else "waiting"))
        if self.snoozed:
            keys.append(team + "snoozed")
        if self.security:
            keys.append(team + "security")
        if self.unsorted:
            keys.append(team + "unsorted")
        if self.parked:
            keys.append(team + "parked")
        keys.append(
            team + "unassigned" if self.assignee_id is None else f"a{self.assignee_id}:mine"
        )
        return keys


def move(moves: Iterable[tuple[Counted | None, Counted | None]]) -> dict[str, int]:
    """What a set of changes does to each count; None before is a new ticket."""
    tally: Tally[str] = Tally()
    for before, after in moves:
        if before == after:
            continue
        if after is not None:
            tally.update(after.keys())
        if before is not None:
            tally.subtract(before.keys())
    return {key: delta for key, delta in tally.items() if delta}


def append(unit: Unit, deltas: Mapping[str, int]) -> None:
    """Write the deltas down, to be folded later."""
    for key, delta in deltas.items():
        unit.put(CounterDelta, id=unit.new_id(), key=key, delta=delta)


def read(unit: Unit, keys: Iterable[str]) -> dict[str, int]:
    """The counts of these keys as of now; a key nobody counted yet is 0."""
    wanted = list(keys)
    if not wanted:
        return {}
    found = dict.fromkeys(wanted, 0)
    for row in unit.rows(
        "SELECT key, value FROM counter WHERE key IN :keys UNION ALL "
        "SELECT key, SUM(delta) AS value FROM counter_delta WHERE key IN :keys GROUP BY key",
        keys=wanted,
    ):
        found[row.key] += int(row.value)
    return found


def alarms(unit: Unit) -> dict[int, int]:
    """How many security tickets wait in each team."""
    teams = {f"t{row.id}:security": row.id for row in unit.rows("SELECT id FROM team")}
    return {teams[key]: value for key, value in read(unit, teams).items()}


def fold(unit: Unit, limit: int = 1000) -> int:
    """Add the oldest deltas into the counts and drop them; how many there were. Two who do it at
    the same time add different ones."""
    oldest = claims.among(unit, "SELECT id FROM counter_delta ORDER BY id LIMIT :n")
    rows = unit.rows(
        f"DELETE FROM counter_delta WHERE id {oldest} RETURNING key, delta",  # noqa: S608  # ours
        n=limit,
    )
    tally: Tally[str] = Tally()
    for row in rows:
        tally[row.key] += row.delta
    unit.run_many(
        "INSERT INTO counter (key, value) VALUES (:key, :delta) "
        "ON CONFLICT (key) DO UPDATE SET value = counter.value + excluded.value",
        [{"key": key, "delta": delta} for key, delta in tally.items()],
    )
    return len(rows)


def pending(unit: Unit) -> bool:
    """Whether any delta waits to be folded."""
    return bool(unit.value("SELECT 1 FROM counter_delta LIMIT 1"))
