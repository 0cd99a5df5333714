"""What is known of a telephone call by now, and what of it somebody must still be told.

Reports come late, twice and out of order, so each only adds: a later stage outranks an earlier one,
a stronger word about the end a weaker one, and nothing that was known is forgotten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

#: The last stage of a call, and its ends: of two words about one call the later one here holds.
ENDED = 2
OUTCOMES = ("", "failed", "busy", "abandoned", "missed", "answered", "voicemail")
#: Ends of a call after which somebody must be called back.
UNHEARD = frozenset({"busy", "abandoned", "missed", "voicemail"})
#: Of these the newest word counts, at whatever stage it was said.
_LATEST = ("wrap_up", "recording", "transcript")
#: Kinds of handle that a platform made up and nobody can read.
_PLATFORMS = frozenset({"wechat", "messenger", "x", "chat"})
_NEVER_MERGED = frozenset({"id", "stage", "outcome", "unattended", "inbound"})


class Known(Protocol):
    """What is known of a call: the fields of ``channels.calls.Call`` that decide."""

    @property
    def stage(self) -> int:
        """Ringing, talking or ended."""
        ...

    @property
    def inbound(self) -> bool:
        """Whether they called us."""
        ...

    @property
    def outcome(self) -> str:
        """One of OUTCOMES."""
        ...

    @property
    def unattended(self) -> bool:
        """Whether only a machine took it."""
        ...

    @property
    def agent(self) -> str:
        """Who took it."""
        ...

    @property
    def started_at(self) -> datetime | None:
        """When it began to ring."""
        ...

    @property
    def recording(self) -> str:
        """Where it was recorded."""
        ...

    @property
    def transcript(self) -> str:
        """What was said."""
        ...

    @property
    def note(self) -> str:
        """What a colleague wrote about it."""
        ...

    @property
    def wrap_up(self) -> str:
        """How a colleague filed it."""
        ...


Call = TypeVar("Call", bound=Known)


def merged(known: Call | None, news: Call) -> Call:
    """The call after one more report of it."""
    if known is None:
        return _settled(news)
    later, earlier = (news, known) if news.stage >= known.stage else (known, news)
    whole: Any = known
    values = {
        one.name: getattr(later, one.name) or getattr(earlier, one.name)
        for one in fields(whole)
        if one.name not in _NEVER_MERGED
    }
    for name in _LATEST:
        values[name] = getattr(news, name) or getattr(known, name)
    values["note"] = "\n\n".join(dict.fromkeys([*_parts(known.note), *_parts(news.note)]))
    if known.started_at and news.started_at:
        values["started_at"] = min(known.started_at, news.started_at)
    both: Call = replace(
        whole,
        **values,
        stage=later.stage,
        inbound=known.inbound and news.inbound,
        outcome=max(known.outcome, news.outcome, key=OUTCOMES.index),
        unattended=known.unattended or news.unattended,
    )
    return _settled(both)


def _settled(call: Call) -> Call:
    """A call that only a machine took, and no agent, was missed, whatever the provider calls it."""
    if not call.unattended or call.agent or call.outcome != "answered":
        return call
    whole: Any = call
    settled: Call = replace(whole, outcome="missed", answered_at=None)
    return settled


def untold(call: Known, told: Iterable[str]) -> tuple[str, ...]:
    """What of it must still become a message, as words that are kept once it has: ``call`` (nobody
    answered), ``voicemail``, ``transcript`` and what somebody noted."""
    known = frozenset(told)
    wanted = []
    if call.inbound and call.outcome in UNHEARD and (call.stage == ENDED or call.recording):
        wanted.append("call")
    if call.outcome == "voicemail":
        wanted += ["voicemail"] * bool(call.recording) + ["transcript"] * bool(call.transcript)
    wanted += notes(call)
    return tuple(one for one in wanted if one not in known)


def notes(call: Known) -> dict[str, str]:
    """What was noted of it, each by the word that is kept once it was told."""
    said = {_word("note", one): one for one in _parts(call.note)}
    return said | ({_word("wrap", call.wrap_up): ""} if call.wrap_up else {})


def _parts(note: str) -> list[str]:
    return [one for one in note.split("\n\n") if one.strip()]


def _word(kind: str, text: str) -> str:
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def covered(kind: str, value: str) -> str:
    """A handle as lists show it: of a telephone number the middle is covered, of what a platform
    calls somebody only the end is told, for nobody can read the rest."""
    if kind in _PLATFORMS:
        return f"#{value[-6:]}"
    if kind != "phone":
        return "–" if kind in ("call", "erased", "unknown") else value
    digits = value.removeprefix("+86")
    head = max(0, len(digits) - 8)
    return f"{digits[: min(head, 4)]}****{digits[-4:]}" if len(digits) > 6 else "****"


def digits_of(number: str) -> str:
    """The digits of a telephone number alone."""
    return "".join(one for one in number if one.isdigit())
