"""Whether the database takes what this process writes: known at once, logged once an outage."""

from __future__ import annotations

import logging
import threading

from router.core.clock import monotonic
from router.errors import StoreDown

log = logging.getLogger("router.store")

#: A failure that nothing was written after says little of now, after so many seconds.
_STALE = 60.0


class Outage:
    """The outage of one store, from its first failed write to the next that went through; may be
    shared by threads."""

    def __init__(self) -> None:
        self._failed: float | None = None
        self._lock = threading.Lock()

    @property
    def lasts(self) -> bool:
        """Whether a write failed since the last one that went through, and not long ago."""
        failed = self._failed
        return failed is not None and monotonic() - failed < _STALE

    def began(self, fault: StoreDown) -> None:
        """A write failed."""
        with self._lock:
            first, self._failed = self._failed is None, monotonic()
        if first:
            log.error("nothing can be written, so nothing is taken in: %s", fault)

    def ended(self) -> None:
        """A write went through."""
        if self._failed is None:
            return
        with self._lock:
            was, self._failed = self._failed, None
        if was is not None:
            log.warning("the database takes writes again")
