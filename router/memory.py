"""What a process that stays keeps of memory, and when the collector walks it."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: glibc's names for how many heaps it keeps, and how much free room at the end of one.
_ARENAS, _TRIM = -8, -1
_ROOM = 64 * 1024
#: Seconds after the start when what it left behind is given back.
_SETTLED = 10.0


def _frugal() -> None:
    """One heap for all threads, given back when it is free: glibc keeps one for each of fifty
    threads otherwise, 36 MB that nobody uses. Elsewhere nothing is changed."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            library.mallopt(_ARENAS, 1)
            library.mallopt(_TRIM, _ROOM)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Rules and libraries are loaded to stay: the collector need not walk them, now or later."""
    _frugal()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        trim()


def settle() -> None:
    """Once more when the first pages were made and the first duties done."""
    timer = threading.Timer(_SETTLED, trim)
    timer.daemon = True
    timer.start()


def trim() -> None:
    """Give what is free inside the heap back to the system; glibc alone gives only its end."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
