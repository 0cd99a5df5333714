"""Who may do a periodic duty now: one row a duty, taken by a conditional update."""

from __future__ import annotations

from typing import Any

from router.store.shapes import Health, Lease
from router.store.unit import Unit

#: Clocks of two hosts differ by no more. A lease that ends later than any could was taken before
#: the clock was set back.
_SKEW_US = 300_000_000


def take(unit: Unit, name: str, owner: str, *, lease_us: int) -> bool:
    """Whether the duty is ours until the lease ends.

    A duty that ended early is given back by :func:`done`, so ``lease_us`` only bounds a death.
    """
    if unit.run(
        "UPDATE lease SET owner = :owner, until = :until, last_at = :now "
        "WHERE name = :name AND (until <= :now OR until > :never)",
        owner=owner,
        until=unit.now_us + lease_us,
        now=unit.now_us,
        name=name,
        never=unit.now_us + lease_us + _SKEW_US,
    ):
        return True
    if unit.value("SELECT 1 FROM lease WHERE name = :name", name=name):
        return False
    unit.put(Lease, name=name, owner=owner, until=unit.now_us + lease_us, last_at=unit.now_us)
    unit.flush()
    return True


def keep(unit: Unit, name: str, owner: str, *, lease_us: int) -> bool:
    """Lengthen a lease we hold; False when it was lost meanwhile."""
    return bool(
        unit.run(
            "UPDATE lease SET until = :until WHERE name = :name AND owner = :owner",
            until=unit.now_us + lease_us,
            name=name,
            owner=owner,
        )
    )


def done(unit: Unit, name: str, owner: str) -> None:
    """Give the duty back."""
    unit.run(
        "UPDATE lease SET until = :now WHERE name = :name AND owner = :owner",
        now=unit.now_us,
        name=name,
        owner=owner,
    )


def report(unit: Unit, name: str, *, ok: bool, detail: str = "", params: str = "") -> None:
    """Write the last word of a channel or a duty about itself; ``since`` is when it changed."""
    changed = unit.run(
        "UPDATE health SET at = :now, detail = :detail, params = :params, "
        "since = CASE WHEN ok = :ok THEN since ELSE :now END, ok = :ok WHERE name = :name",
        now=unit.now_us,
        detail=detail,
        params=params,
        ok=ok,
        name=name,
    )
    if not changed:
        unit.put(
            Health,
            name=name,
            ok=ok,
            at=unit.now_us,
            since=unit.now_us,
            detail=detail,
            params=params,
        )


def health(unit: Unit) -> list[Any]:
    """The last word of every channel and duty: name, ok, at, since, detail, params."""
    return list(unit.rows("SELECT name, ok, at, since, detail, params FROM health ORDER BY name"))


def ill(unit: Unit, name: str) -> bool:
    """Whether the last word of a channel or duty about itself was a bad one."""
    return bool(unit.value("SELECT 1 FROM health WHERE name = :name AND NOT ok", name=name))


#: A stopped channel is tried again after as long as it has been ill, within these bounds.
_SOONEST, _LATEST = 60_000_000, 7_200_000_000


def stopped(unit: Unit, channel: str, account: str) -> bool:
    """Whether a channel refuses all of us and shall not be tried yet."""
    return (channel, account) in all_stopped(unit)


def all_stopped(unit: Unit) -> frozenset[tuple[str, str]]:
    """Every (channel, account) that refuses all of us and shall not be tried yet."""
    found = set()
    for row in unit.rows("SELECT name, at, since FROM health WHERE detail = 'stopped' AND NOT ok"):
        wait = min(max(row.at - row.since, _SOONEST), _LATEST)
        parts = row.name.split(":", 2)
        if parts[0] == "speaks" and unit.now_us < row.at + wait:
            found.add((parts[1], parts[2]))
    return frozenset(found)


def refusing(unit: Unit) -> list[tuple[str, str]]:
    """Every (channel, account) that has stopped, whether it is being tried again or not."""
    rows = unit.rows("SELECT name FROM health WHERE detail = 'stopped' AND NOT ok ORDER BY name")
    found = [row.name.split(":", 2) for row in rows]
    return [(one[1], one[2]) for one in found if one[0] == "speaks"]


def retry(unit: Unit, channel: str, account: str) -> bool:
    """Let a stopped channel be tried again now; False when it was not stopped."""
    return bool(
        unit.run(
            "UPDATE health SET at = :past WHERE name = :name AND detail = 'stopped' AND NOT ok",
            past=unit.now_us - _LATEST,
            name=f"speaks:{channel}:{account}",
        )
    )


def among(unit: Unit, choosing: str) -> str:
    """The condition that an id is one of those that ``choosing``, a SELECT of ids, finds; on
    PostgreSQL what others hold is passed over.

    There the array has the choice made once. As a subquery it is made anew for every row it is
    compared with: seconds instead of milliseconds, and more rows than its LIMIT says.
    """
    if unit.dialect != "postgresql":
        return f"IN ({choosing})"
    return f"= ANY(ARRAY({choosing} FOR UPDATE SKIP LOCKED))"
