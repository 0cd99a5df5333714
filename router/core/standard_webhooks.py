"""Standard Webhooks (v1): how calls between the desk and the wallet's systems are signed.

A signature covers the message's id, its moment and the raw body. The same id is the receiver's key
against doing anything twice.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

_PREFIX = "whsec_"
#: A call may be so old, or so far ahead, in seconds.
TOLERANCE = 300
_LONGEST = 2048


def key_of(secret: str) -> bytes:
    """The bytes of a secret as it is handed out; raises ValueError when it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as fault:
        message = "a signing secret is whsec_ and base64"
        raise ValueError(message) from fault
    if not key:
        message = "a signing secret is whsec_ and base64"
        raise ValueError(message)
    return key


def headers(secret: str, message_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """The headers that go with a body at a moment (seconds since 1970)."""
    signature = _sign(key_of(secret), message_id, str(seconds), body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
    }


def genuine(secret: str, given: Mapping[str, str], seconds: int, body: bytes) -> bool:
    """Whether a call was signed with this secret just now."""
    message_id = given.get("webhook-id", "")
    stamp = given.get("webhook-timestamp", "")
    signatures = given.get("webhook-signature", "")
    if not (message_id and stamp.isdecimal() and stamp.isascii() and len(stamp) < 15):
        return False
    if abs(seconds - int(stamp)) > TOLERANCE or len(signatures) + len(message_id) > _LONGEST:
        return False
    wanted = _sign(key_of(secret), message_id, stamp, body).encode()
    found = [one.partition(",")[2] for one in signatures.split() if one.startswith("v1,")]
    return sum(hmac.compare_digest(one.encode(), wanted) for one in found) > 0


def _sign(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    said = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
