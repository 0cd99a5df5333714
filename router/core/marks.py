"""A short word for what somebody was shown: it tells whether that is the same when they save."""

from __future__ import annotations

import hashlib


def mark(*said: str) -> str:
    """The word for these texts; other texts, or the same in another order, have another."""
    return hashlib.sha256("\x00".join(said).encode()).hexdigest()[:16]
