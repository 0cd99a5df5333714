"""A telephone call as a door tells of it: one leg, at one moment of its life.

A provider tells of the same call many times, late and out of order; the router keeps one row a call
and decides what becomes a message. :mod:`channels.contract` hands these on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of a call. What nobody said is empty.

    ``id`` is the provider's; ``stage`` is 0 while it rings, 1 while people talk, 2 when it has
    ended; ``outcome`` is answered, missed, busy, abandoned, failed or voicemail. ``number`` is the
    one at the other end in E.164 (empty when it is hidden), ``line`` ours. ``choice`` is what was
    pressed in the voice menu and ``hint`` what that is about; ``unattended`` says that only a
    machine took the call. ``recording`` is a word that the door's ``fetch`` understands.
    """

    id: str
    stage: int = 0
    inbound: bool = True
    number: str = ""
    line: str = ""
    queue: str = ""
    choice: str = ""
    hint: str = ""
    agent: str = ""
    outcome: str = ""
    unattended: bool = False
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    recording: str = ""
    transcript: str = ""
    note: str = ""
    wrap_up: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """What the router makes a message of: the call as it is known by now, the how manieth message
    about it this is, and the id of the message it belongs to."""

    call: Call
    number: int
    text: str = ""
    answers: str = ""


@runtime_checkable
class KeepsCalls(Protocol):
    """A door whose items are telephone calls: its events carry them."""

    def spelled(self, number: str) -> str:
        """A number in the one spelling of this door's calls; empty where there is none."""
        ...

    def document(self, telling: Telling) -> bytes:
        """The bytes of one message about a call; ``parse`` reads it from them, today and again."""
        ...
