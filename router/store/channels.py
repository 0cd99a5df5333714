"""How each channel is: what was heard and said last, what waits, what was refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.core.clock import from_us
from router.store import claims, gaps, platform_tokens
from router.store.unit import Unit

_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One channel, as its line on the status page shows it. ``well`` is None while nobody knows;
    ``waiting`` pushed items were not worked on yet, the oldest since ``waits_since``."""

    kind: str
    account: str
    well: bool | None
    stopped: bool
    trouble: str
    told: str
    heard_at: datetime | None
    sent_at: datetime | None
    waiting: int
    waits_since: datetime | None
    parked: int
    heard: int
    forged: int
    token_at: datetime | None
    token_until: datetime | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way of a channel (``poll``, ``hears``, ``speaks``) that fails, or did: since when, why,
    and whether somebody was told."""

    name: str
    kind: str
    account: str
    trouble: str
    since: int
    told: bool


_WAYS = ("poll", "hears", "speaks")
#: The row that remembers what people were told of a way: since when it is ill, or nothing.
_TOLD = "told:"


def pending(unit: Unit) -> bool:
    """Whether any channel fails, or people were told of one that did."""
    return bool(
        unit.value(
            "SELECT 1 FROM health WHERE (NOT ok AND (name LIKE 'poll:%' OR name LIKE 'hears:%' "
            "OR name LIKE 'speaks:%')) OR (name LIKE 'told:%' AND detail <> '') LIMIT 1"
        )
    )


def troubled(unit: Unit, patience_us: int) -> list[Trouble]:
    """Ways that the platform refuses, and those that have failed for longer than that."""
    rows = {row.name: row for row in claims.health(unit)}
    found = []
    for row in rows.values():
        way, _, place = row.name.partition(":")
        lasting = row.detail == "stopped" or unit.now_us - row.since >= patience_us
        if way in _WAYS and not row.ok and lasting:
            known = rows.get(f"{_TOLD}{row.name}")
            kind, _, account = place.partition(":")
            said = known is not None and known.detail != ""
            found.append(Trouble(row.name, kind, account, row.detail, row.since, said))
    return found


def mended(unit: Unit) -> list[Trouble]:
    """Ways that people were told of and that work again."""
    rows = {row.name: row for row in claims.health(unit)}
    found = []
    for row in rows.values():
        name = row.name.removeprefix(_TOLD)
        now = rows.get(name)
        if row.name == name or not row.detail or (now is not None and not now.ok):
            continue
        kind, _, account = name.partition(":")[2].partition(":")
        found.append(Trouble(name, kind, account, "", int(row.detail), told=True))
    return found


def say_told(unit: Unit, one: Trouble, *, told: bool) -> None:
    """Remember that people know of this illness, or that it is over."""
    claims.report(unit, f"{_TOLD}{one.name}", ok=True, detail=str(one.since) if told else "")


def states(unit: Unit, doors: Iterable[tuple[str, str]]) -> list[ChannelState]:
    """Every channel that is on."""
    health = {row.name: row for row in claims.health(unit)}
    counts = gaps.counts(unit, unit.now_us - _DAY)
    tokens = {row.name: row for row in platform_tokens.ages(unit)}
    open_rows = {
        (row.kind, row.account, row.state): row
        for row in unit.rows(
            "SELECT kind, account, state, COUNT(*) AS n, MIN(received_at) AS since FROM journal "
            "WHERE state <> 'done' GROUP BY kind, account, state"
        )
    }
    return [_state(place, health, counts, tokens, open_rows) for place in doors]


def _state(
    place: tuple[str, str],
    health: dict[str, Any],
    counts: dict[tuple[str, str, str], int],
    tokens: dict[str, Any],
    open_rows: dict[tuple[str, str, str], Any],
) -> ChannelState:
    kind, account = place
    name = f"{kind}:{account}"
    words = [health.get(f"{verb}:{name}") for verb in ("poll", "hears", "speaks")]
    known = [row for row in words if row is not None]
    ill = next((row for row in known if not row.ok), None)
    heard_at = [row.at for row in words[:2] if row is not None and row.ok]
    speaks = words[2]
    waiting, parked = (open_rows.get((kind, account, one)) for one in ("received", "parked"))
    token = next((row for key, row in tokens.items() if key.startswith(f"{name}:")), None)
    return ChannelState(
        kind=kind,
        account=account,
        well=None if not known else ill is None,
        stopped=ill is not None and ill.detail == "stopped",
        trouble=ill.detail if ill is not None else "",
        told=ill.params if ill is not None else "",
        heard_at=from_us(max(heard_at)) if heard_at else None,
        sent_at=from_us(speaks.at) if speaks is not None and speaks.ok else None,
        waiting=waiting.n if waiting is not None else 0,
        waits_since=from_us(waiting.since) if waiting is not None else None,
        parked=parked.n if parked is not None else 0,
        heard=sum(counts.get((kind, account, one), 0) for one in ("new", "seen")),
        forged=sum(counts.get((kind, account, one), 0) for one in ("forged", "unreadable")),
        token_at=from_us(token.fetched_at) if token is not None else None,
        token_until=from_us(token.expires_at) if token is not None else None,
    )
