"""May we write to somebody on a channel now, and how long and how often still?

Platforms close a window some hours after the requester's last message, count what we send in it,
and let an account send so often in so long a time. The same answer decides a send and is shown to
the agent before they type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: Of an account's quota so large a share is kept for people when machines ask.
_FOR_PEOPLE = 3


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a platform allows; None means no limit."""

    reply_within: timedelta | None = None
    human_within: timedelta | None = None
    sends_per_message: int | None = None
    quotas: tuple[tuple[int, timedelta], ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one person on one channel, and of the account's own sends."""

    now: datetime
    heard_at: datetime | None = None
    sends: int = 0
    gone: bool = False
    opened_at: datetime | None = None
    closes_at: datetime | None = None
    opened_left: int = 0
    account_sends: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True)
class May:
    """The answer. ``code`` says why not: gone, window, count, quota (or, from elsewhere, stopped,
    no_channel).

    ``until`` is when the window closes, ``remaining`` how many messages it still takes, ``late``
    that only what a person writes may go; ``again`` is when a quota lets us on. ``quota_left`` is
    how many the account may still send now.
    """

    ok: bool
    code: str = ""
    until: datetime | None = None
    remaining: int | None = None
    late: bool = False
    again: datetime | None = None
    quota_left: int | None = None


def may(allowed: Allowed, known: Known, *, human: bool) -> May:
    """Decide; windows first, for a quota only makes wait."""
    if known.gone:
        return May(ok=False, code="gone")
    window = _window(allowed, known, human=human)
    if not window.ok:
        return window
    again, left = _quota(allowed, known, human=human)
    if again is not None:
        return May(
            ok=False,
            code="quota",
            until=window.until,
            remaining=window.remaining,
            again=again,
            quota_left=0,
        )
    return May(
        ok=True,
        until=window.until,
        remaining=window.remaining,
        late=window.late,
        quota_left=left,
    )


def _window(allowed: Allowed, known: Known, *, human: bool) -> May:
    if allowed.reply_within is None:
        return May(ok=True)
    opened = _opened(known)
    if known.heard_at is None:
        return opened
    closes = known.heard_at + allowed.reply_within
    left = None
    if allowed.sends_per_message is not None:
        left = max(0, allowed.sends_per_message - known.sends)
    if known.now < closes:
        if left != 0:
            return May(ok=True, until=closes, remaining=left)
        return opened if opened.ok else May(ok=False, code="count", until=closes, remaining=0)
    if human and allowed.human_within and known.now < known.heard_at + allowed.human_within:
        return May(ok=True, until=known.heard_at + allowed.human_within, late=True)
    return opened if opened.ok else May(ok=False, code="window", until=closes)


def _opened(known: Known) -> May:
    """The small window that an act other than a message opens."""
    if known.closes_at is not None and known.now < known.closes_at and known.opened_left > 0:
        return May(ok=True, until=known.closes_at, remaining=known.opened_left)
    return May(ok=False, code="window", until=known.closes_at)


def _quota(allowed: Allowed, known: Known, *, human: bool) -> tuple[datetime | None, int | None]:
    """When the account may send again (None: now), and how many it may send now."""
    again: datetime | None = None
    least: int | None = None
    for sends, within in allowed.quotas:
        limit = sends if human else sends - sends // _FOR_PEOPLE
        recent = [at for at in sorted(known.account_sends) if at > known.now - within]
        least = min(max(0, sends - len(recent)), sends if least is None else least)
        if len(recent) >= limit:
            free = recent[len(recent) - limit] + within
            again = free if again is None else max(again, free)
    return again, least
