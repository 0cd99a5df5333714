"""Writing only while it is ours to write: who lost a duty adds nothing to what its taker does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from router.store.unit import Unit

T = TypeVar("T")


class Ours(threading.local):
    """What a thread asks first in each of its transactions; each thread for itself."""

    _ask: Callable[[Unit], None] | None = None

    @contextmanager
    def only_while(self, ask: Callable[[Unit], None]) -> Iterator[None]:
        """In the block this thread writes only while ``ask`` raises nothing."""
        self._ask = ask
        try:
            yield
        finally:
            self._ask = None

    def first(self, work: Callable[[Unit], T]) -> Callable[[Unit], T]:
        """The work, behind what this thread asks first."""
        ask = self._ask
        if ask is None:
            return work

        def asked(unit: Unit) -> T:
            ask(unit)
            return work(unit)

        return asked
