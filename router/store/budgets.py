"""How often something may happen in any stretch of time: sign-ins, form posts, acknowledgements.

A budget is one row a key and a slot of time, so two processes share it and a restart forgets
nothing. A slot is a sixth of the stretch and every slot that reaches into it counts, so no stretch
of that length, wherever it begins, ever holds more than the limit. Keys hold fingerprints, never
addresses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from router.store.unit import Unit

#: Slots that a stretch of time is counted in.
_SLOTS = 6
#: The longest stretch anything is limited by, in microseconds.
_LONGEST = 86_400_000_000
#: The room of :meth:`Unit.alone` in which budgets are looked at and spent.
_ROOM = 2
_SPEND = (
    "INSERT INTO budget (key, slot, used) VALUES (:key, :slot, 1) "
    "ON CONFLICT (key, slot) DO UPDATE SET used = budget.used + 1"
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most ``limit`` of ``key`` in any stretch of ``seconds``; ``name`` is told to people."""

    name: str
    key: str
    seconds: int
    limit: int
    #: The stretch itself, where it is not one of many alike.
    stretch: int | None = None

    def slot(self, now_us: int) -> int:
        """When the slot that ``now_us`` falls into began."""
        if self.stretch is not None:
            return self.stretch
        return now_us - now_us % (self.seconds * 1_000_000 // _SLOTS)

    def since(self, now_us: int) -> int:
        """Where the first slot that still counts began."""
        if self.stretch is not None:
            return self.stretch
        return self.slot(now_us) - self.seconds * 1_000_000


def spend(unit: Unit, allowances: Iterable[Allowance]) -> Allowance | None:
    """Take one from each; the first exhausted one is returned instead, and nothing is taken."""
    wanted = list(allowances)
    unit.alone(_ROOM, [one.key for one in wanted])
    for one in wanted:
        if exhausted(unit, one):
            return one
    unit.run_many(_SPEND, [{"key": one.key, "slot": one.slot(unit.now_us)} for one in wanted])
    return None


def exhausted(unit: Unit, one: Allowance) -> bool:
    """Whether nothing is left of it now."""
    used = unit.value(
        "SELECT SUM(used) FROM budget WHERE key = :key AND slot >= :since",
        key=one.key,
        since=one.since(unit.now_us),
    )
    return int(used or 0) >= one.limit


class Ledger:
    """The budgets a batch of messages may touch, read once and written once."""

    def __init__(self, unit: Unit, keys: Collection[str]) -> None:
        """Read what was spent of these keys."""
        self._unit = unit
        unit.alone(_ROOM, keys)
        self._spent: dict[str, dict[int, int]] = {}
        self._taken: list[dict[str, object]] = []
        if keys:
            for row in unit.rows(
                "SELECT key, slot, used FROM budget WHERE key IN :keys AND slot > :since",
                keys=list(keys),
                since=unit.now_us - 2 * _LONGEST,
            ):
                self._spent.setdefault(row.key, {})[row.slot] = row.used

    def spend(self, allowances: Iterable[Allowance]) -> Allowance | None:
        """As :func:`spend`, in memory; :meth:`save` writes it."""
        now, wanted = self._unit.now_us, list(allowances)
        for one in wanted:
            if self.exhausted(one):
                return one
        for one in wanted:
            slot, spent = one.slot(now), self._spent.setdefault(one.key, {})
            spent[slot] = spent.get(slot, 0) + 1
            self._taken.append({"key": one.key, "slot": slot})
        return None

    def exhausted(self, one: Allowance) -> bool:
        """Whether nothing is left of it now."""
        since, spent = one.since(self._unit.now_us), self._spent.get(one.key, {})
        return sum(used for slot, used in spent.items() if slot >= since) >= one.limit

    def save(self) -> None:
        """Write what was taken."""
        self._unit.run_many(_SPEND, self._taken)
        self._taken = []


def forget(unit: Unit, before_us: int) -> int:
    """Drop the slots that began before; how many there were."""
    return unit.run("DELETE FROM budget WHERE slot < :before", before=before_us)
