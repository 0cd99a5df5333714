"""What may go wrong at a door; the class says what to do next.

ChannelError
├── Transient        try later; ``after`` when the far side said how long
├── Refused          will never work; park it and show it on the ticket
│   └── WindowClosed the platform's reply window is over; offer another channel
├── BadSignature     not from whom it claims; count it, answer 401
├── BadRequest       signed, but not something this door can read; answer 400
└── Unknown          nobody can know whether it was sent
"""

from __future__ import annotations

from datetime import timedelta


class ChannelError(Exception):
    """Something went wrong at a door; the subclass says what to do next."""


class Transient(ChannelError):
    """Try later. ``after`` is how long the far side asked us to wait, if it did."""

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class Refused(ChannelError):
    """The far side will never take this. ``channel_fault`` when it refuses all of us (bad
    password), so the message waits and the channel alarms."""

    def __init__(self, message: str, *, channel_fault: bool = False) -> None:
        super().__init__(message)
        self.channel_fault = channel_fault


class WindowClosed(Refused):
    """The platform's reply window is over; another channel must carry the answer."""


class BadSignature(ChannelError):
    """Not from whom it claims."""


class BadRequest(ChannelError):
    """Signed, or needing no signature, but not readable by this door."""


class Unknown(ChannelError):
    """Nobody can know whether it was sent (the line died after the final dot)."""
