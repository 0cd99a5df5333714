"""Row ids made before the row is written, so that rows of one message can name each other.

    41 bits milliseconds since 2025 | 10 bits drawn at start | 12 bits counted in the millisecond

Ids of one process always grow; those of two processes do not meet while the ten bits differ.
"""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime, timedelta

from router.core.clock import Clock

_START = datetime(2025, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_COUNTED = 12
_DRAWN = 10
_COUNT = (1 << _COUNTED) - 1
_LAST = 2**63 - 1


class Ids:
    """Gives out ids; may be shared by threads.

    A tick is the millisecond and the count in it as one number. It never goes back, whatever the
    clock does, and a millisecond that is full borrows from the next.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._node = secrets.randbits(_DRAWN) << _COUNTED
        # Two processes that draw the same bits in the same millisecond begin at different counts.
        present = max((clock.now() - _START) // _MILLISECOND, 0) << _COUNTED
        self._tick = present + secrets.randbits(_COUNTED)

    def next(self) -> int:
        """A new id, larger than every one given out before."""
        present = (self._clock.now() - _START) // _MILLISECOND << _COUNTED
        with self._lock:
            self._tick = tick = max(present, self._tick + 1)
        return (tick & ~_COUNT) << _DRAWN | self._node | (tick & _COUNT)

    def take(self, count: int) -> list[int]:
        """So many new ids in growing order, for the price of little more than one."""
        present = (self._clock.now() - _START) // _MILLISECOND << _COUNTED
        with self._lock:
            first = max(present, self._tick + 1)
            self._tick = first + count - 1
        return [
            (tick & ~_COUNT) << _DRAWN | self._node | (tick & _COUNT)
            for tick in range(first, first + count)
        ]


def first_at(at: datetime) -> int:
    """The smallest id that can be given out at this moment: where a stretch of time begins. Of a
    moment that no id reaches (in some two hundred years) the largest there is."""
    return min(max((at - _START) // _MILLISECOND, 0) << (_COUNTED + _DRAWN), _LAST)


def earlier(row_id: int, span: timedelta) -> int:
    """An id so much older; ids of two processes may be written down out of order."""
    return max(row_id - (span // _MILLISECOND << (_COUNTED + _DRAWN)), 0)
