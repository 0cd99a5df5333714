"""``can_send``: may this go to this person by this channel now? Asked by every send, and shown in
the reply box before anybody types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from router.assemble import Router
from router.core.clock import from_us, to_us
from router.core.reach import Allowed, Known, May, may
from router.store import claims, reach
from router.store.unit import Unit

Kind = Literal["acknowledgement", "human"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Way:
    """Another way to the same person: the channel, its account and the handle there."""

    channel: str
    account: str
    identity_id: int
    handle: str


def limited(router: Router, channel: str, account: str) -> bool:
    """Whether this channel counts what is sent through it."""
    limits = router.doors.open(channel, account).limits
    return bool(limits.quotas) or limits.reply_within is not None


def can_send(router: Router, unit: Unit, place: reach.Place, kind: Kind) -> May:
    """Whether, until when and how often still. ``place`` is (identity, channel, account)."""
    _, channel, account = place
    if claims.stopped(unit, channel, account):
        return May(ok=False, code="stopped")
    if not limited(router, channel, account):
        return May(ok=True)
    limits = router.doors.open(channel, account).limits
    allowed = Allowed(
        limits.reply_within,
        limits.human_within,
        limits.sends_per_message,
        tuple((one.sends, one.within) for one in limits.quotas),
    )
    return may(allowed, _known(unit, place, allowed), human=kind == "human")


def quota(router: Router, unit: Unit, channel: str, account: str) -> int | None:
    """How many messages the account may send now; None where nobody counts."""
    limits = router.doors.open(channel, account).limits
    if not limits.quotas:
        return None
    allowed = Allowed(quotas=tuple((one.sends, one.within) for one in limits.quotas))
    return may(allowed, _known(unit, (0, channel, account), allowed), human=True).quota_left or 0


def ways(router: Router, unit: Unit, place: reach.Place, kind: Kind) -> tuple[Way, ...]:
    """Where else this person can be written to now."""
    found = []
    for row in reach.others(unit, place[0]):
        speaker = router.doors.speaker(row.kind, row.channel, row.account)
        if speaker is None or (row.id, *speaker) == place:
            continue
        if can_send(router, unit, (row.id, *speaker), kind).ok:
            found.append(Way(*speaker, row.id, row.value))
    return tuple(dict.fromkeys(found))


def _known(unit: Unit, place: reach.Place, allowed: Allowed) -> Known:
    _, channel, account = place
    heard = reach.last_heard(unit, place) if allowed.reply_within is not None else None
    row = reach.found(unit, place)
    longest = max((within for _, within in allowed.quotas), default=None)
    sends: list[int] = []
    if longest is not None:
        sends = reach.sends_of(unit, channel, account, to_us(unit.now - longest))
    opened = row is not None and row.closes_at > unit.now_us
    gone = row is not None and bool(row.gone)
    if gone and heard is not None and heard > row.opened_at:
        gone = False  # who writes is there again, whether or not the platform said so
    used = reach.sends_to(unit, place, row.opened_at) if opened else 0
    return Known(
        now=unit.now,
        heard_at=None if heard is None else from_us(heard),
        sends=reach.sends_to(unit, place, heard) if heard is not None else 0,
        gone=gone,
        opened_at=from_us(row.opened_at) if opened else None,
        closes_at=from_us(row.closes_at) if opened else None,
        opened_left=max(0, row.sends - used) if opened else 0,
        account_sends=[from_us(at) for at in sends],
    )
