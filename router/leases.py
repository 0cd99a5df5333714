"""Lengthening a lease while its holder works, however long that takes: an exclusive duty, or a
claimed row that a far side is slow to take.

A lease tells whether the worker is alive, not how long a send may last: a mail server may be slow
at each of ten verbs. So the lease of what is in hand is lengthened well before it ends.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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


@contextmanager
def renewed(renew: Callable[[], object], every: timedelta, name: str) -> Iterator[None]:
    """Call ``renew`` each ``every`` from a thread of its own until the block is left. What the
    router raises there is logged: the lease may last until the next time all the same."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(every.total_seconds()):
            try:
                renew()
            except RouterError as fault:
                log.warning("the lease of %s could not be lengthened: %s", name, fault)

    keeper = threading.Thread(target=go_on, name=f"lease-{name}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


class Holding:
    """The row that a sweep has in hand, held until the sweep lets go of it."""

    def __init__(self, router: Router, every: timedelta | None = None) -> None:
        """Nothing is held before :meth:`take`; ``every`` so long the lease is lengthened."""
        self._router = router
        self._every = every or timedelta(microseconds=held_for(router) // 3)
        self._row: Any = None
        self._left = 0
        self._kept = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kept.close()

    def take(self, row: Any) -> None:
        """Hold this row from now on, and no other."""
        self._left = _LONGEST // self._every
        first, self._row = self._row is None, row
        if first:
            self._kept.enter_context(renewed(self._hold, self._every, "outbox"))

    def _hold(self) -> None:
        row, self._left = self._row, self._left - 1
        if self._left >= 0:
            held = held_for(self._router)
            self._router.store.write(partial(outbox.hold, row=row, lease_us=held))
