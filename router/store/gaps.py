"""The receiver's pulse: when nobody here could be called, and how often somebody called."""

from __future__ import annotations

from typing import Any

from router.store import claims
from router.store.shapes import Gap
from router.store.unit import Unit

_PULSE = "receiver"
_HOUR = 3_600_000_000
_COUNT = (
    "INSERT INTO budget (key, slot, used) VALUES (:key, :slot, :n) "
    "ON CONFLICT (key, slot) DO UPDATE SET used = budget.used + excluded.used"
)


def pulse(unit: Unit, gap_us: int) -> None:
    """Say that we can be called now; a longer silence before is kept as a gap."""
    last = unit.value("SELECT at FROM health WHERE name = :name", name=_PULSE)
    if last is not None and unit.now_us - last > gap_us:
        unit.put(Gap, id=unit.new_id(), since=last, until=unit.now_us)
    claims.report(unit, _PULSE, ok=True)


def newest(unit: Unit, limit: int = 10) -> list[Any]:
    """The last gaps, newest first: since, until."""
    return list(unit.rows("SELECT since, until FROM gap ORDER BY id DESC LIMIT :n", n=limit))


def count(unit: Unit, kind: str, account: str, what: str, n: int) -> None:
    """Add to how often a channel was called in this hour."""
    key = f"heard:{kind}:{account}:{what}"
    unit.run_many(_COUNT, [{"key": key, "slot": unit.now_us - unit.now_us % _HOUR, "n": n}])


def counts(unit: Unit, since_us: int) -> dict[tuple[str, str, str], int]:
    """How often each channel was called since: (kind, account, what) → count."""
    found: dict[tuple[str, str, str], int] = {}
    for row in unit.rows(
        "SELECT key, SUM(used) AS n FROM budget WHERE key LIKE 'heard:%' AND slot >= :since "
        "GROUP BY key",
        since=since_us,
    ):
        _, kind, account, what = row.key.split(":", 3)
        found[kind, account, what] = int(row.n)
    return found
