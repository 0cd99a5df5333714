"""Which tickets are the demo's: those of an account of that name."""

from __future__ import annotations

from router.store.unit import Unit

#: The account that made-up tickets belong to; they came by no channel, and nobody waits for them.
ACCOUNT = "demo"


def others(unit: Unit) -> bool:
    """Whether the desk has any ticket that is not made up."""
    return bool(unit.value("SELECT 1 FROM ticket WHERE account <> :demo LIMIT 1", demo=ACCOUNT))


def some(unit: Unit) -> bool:
    """Whether the desk has any ticket that is made up."""
    return bool(unit.value("SELECT 1 FROM ticket WHERE account = :demo LIMIT 1", demo=ACCOUNT))
