"""How often something may happen in a stretch of time: sign-ins, form posts, acknowledgements.

A budget is one row a key and a slot of time, so two processes share it and a restart forgets
nothing. Keys hold fingerprints, never addresses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from router.store.unit import Unit

_SPEND = (
    "INSERT INTO budget (key, slot, used) VALUES (:key, :slot, 1) "
    "ON CONFLICT (key, slot) DO UPDATE SET used = budget.used + 1"
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most ``limit`` of ``key`` in each stretch of ``seconds``; ``name`` is told to people."""

    name: str
    key: str
    seconds: int
    limit: int

    def slot(self, now_us: int) -> int:
        """When the stretch of time that ``now_us`` falls into began."""
        return now_us - now_us % (self.seconds * 1_000_000)


def spend(unit: Unit, allowances: Iterable[Allowance]) -> Allowance | None:
    """Take one from each; the first exhausted one is returned instead, and nothing is taken."""
    wanted = list(allowances)
    for one in wanted:
        used = unit.value(
            "SELECT used FROM budget WHERE key = :key AND slot = :slot",
            key=one.key,
            slot=one.slot(unit.now_us),
        )
        if (used or 0) >= one.limit:
            return one
    unit.run_many(_SPEND, [{"key": one.key, "slot": one.slot(unit.now_us)} for one in wanted])
    return None


class Ledger:
    """The budgets a batch of messages may touch, read once and written once."""

    def __init__(self, unit: Unit, keys: Collection[str]) -> None:
        """Read what was spent of these keys."""
        self._unit = unit
        self._spent: dict[tuple[str, int], int] = {}
        self._taken: list[dict[str, object]] = []
        if keys:
            for row in unit.rows(
                "SELECT key, slot, used FROM budget WHERE key IN :keys", keys=list(keys)
            ):
                self._spent[row.key, row.slot] = row.used

    def spend(self, allowances: Iterable[Allowance]) -> Allowance | None:
        """As :func:`spend`, in memory; :meth:`save` writes it."""
        places = [(one, (one.key, one.slot(self._unit.now_us))) for one in allowances]
        for one, place in places:
            if self._spent.get(place, 0) >= one.limit:
                return one
        for _, place in places:
            self._spent[place] = self._spent.get(place, 0) + 1
            self._taken.append({"key": place[0], "slot": place[1]})
        return None

    def save(self) -> None:
        """Write what was taken."""
        self._unit.run_many(_SPEND, self._taken)
        self._taken = []


def forget(unit: Unit, before_us: int) -> int:
    """Drop the stretches of time that began before; how many there were."""
    return unit.run("DELETE FROM budget WHERE slot < :before", before=before_us)
