"""Keeping a claimed row while it is being sent, however slowly the far side takes it.

A lease tells whether the worker is alive, not how long a send may last: a mail server may be slow
at each of ten verbs. So the lease of the row in hand is lengthened well before it ends.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self

from router.assemble import Router
from router.errors import RouterError
from router.store import outbox

log = logging.getLogger("router.leases")

#: A send that lasts longer is shown as unknown, though its outcome is still written down.
_LONGEST = timedelta(minutes=15)


def held_for(router: Router) -> int:
    """How long a row is held that nobody says more of, in microseconds."""
    return router.settings.deliver.lease_seconds * 1_000_000


class Holding:
    """The row that a sweep has in hand, held until the sweep lets go of it."""

    def __init__(self, router: Router, every: timedelta | None = None) -> None:
        """Nothing is held before :meth:`take`; ``every`` so long the lease is lengthened."""
        self._router = router
        self._every = every or timedelta(microseconds=held_for(router) // 3)
        self._row: Any = None
        self._left = 0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def take(self, row: Any) -> None:
        """Hold this row from now on, and no other."""
        self._left = _LONGEST // self._every
        self._row = row
        if self._thread is None:
            self._thread = threading.Thread(target=self._hold, name="holding", daemon=True)
            self._thread.start()

    def _hold(self) -> None:
        while not self._over.wait(self._every.total_seconds()):
            row, self._left = self._row, self._left - 1
            if self._left < 0:
                continue
            try:
                held = held_for(self._router)
                self._router.store.write(partial(outbox.hold, row=row, lease_us=held))
            except RouterError as fault:  # its outcome may still be written down in time
                log.warning("outbox row %s could not be held: %s", row.id, fault)
