"""Codes of an authenticator app (RFC 6238): six digits that change every thirty seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

STEP = 30
DIGITS = 6
#: A code of the step before or after is taken too: clocks differ, and people type slowly.
_AROUND = (0, -1, 1)


def step_of(now: datetime) -> int:
    """The number of the step in which a moment lies."""
    return int(now.timestamp()) // STEP


def code(secret: bytes, step: int) -> str:
    """The code of a step."""
    # The standard's own hash; what it is used for does not need one without collisions.
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    place = digest[-1] & 0x0F
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def matching(secret: bytes, given: str, now: datetime, after: int) -> int | None:
    """The step whose code this is, if it is later than ``after`` (a code works once); else None."""
    typed = "".join(given.split())
    found = None
    for around in _AROUND:
        step = step_of(now) + around
        if hmac.compare_digest(code(secret, step).encode(), typed.encode()) and step > after:
            found = step
    return found


def spelled(secret: bytes) -> str:
    """The secret as an app takes it when it is typed: base32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def address(secret: bytes, account: str, issuer: str) -> str:
    """What an app reads out of the square."""
    label = quote(f"{issuer}:{account}")
    asked = {"secret": spelled(secret).replace(" ", ""), "issuer": issuer}
    return f"otpauth://totp/{label}?{urlencode(asked, quote_via=quote)}"
