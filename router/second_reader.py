"""The second reader as a running desk has it: opened when first needed, or not there at all.

Reading by meaning needs packages that are an extra and memory that a small desk may not want to
spend, so nothing of it is loaded before the first message asks. What this desk has learnt from its
own corrections is preferred to what ships.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from router.settings import Settings
from rules.raising import Opinion

log = logging.getLogger("router.second_reader")

#: What `router rules learn` writes into the data directory.
LEARNT = "reader.npz"


class Reads(Protocol):
    """A reader that is open."""

    version: str

    def read(self, texts: Sequence[str]) -> list[Opinion]:
        """One opinion a text."""
        ...


class SecondReader:
    """At most one open reader, shared by all threads."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is read before :meth:`open`."""
        self.on = settings.reader.enabled
        self._threads = settings.reader.threads
        self._learnt = settings.data_path / LEARNT
        self._lock = threading.Lock()
        self._open: Reads | None = None

    def open(self) -> Reads | None:
        """The reader; None when it is switched off or cannot be used here (the log says why)."""
        with self._lock:
            if self.on and self._open is None:
                self._open = read(self._threads, self._learnt)
                self.on = self._open is not None
            return self._open


def read(threads: int, learnt: Path | None = None) -> Reads | None:
    """Open what was learnt here, else what ships; None when the extra is not installed."""
    try:
        # Found by name so that a desk without the extra starts, and one with it starts at once.
        reader = importlib.import_module("rules.reader")
        meaning = importlib.import_module("rules.meaning")
    except ImportError as fault:
        log.info("messages are read by rules alone: %s", fault)
        return None
    encoder = meaning.encoder(threads)
    for path in (learnt, reader.SHIPPED):
        if path is None or not path.exists():
            continue
        try:
            found: Reads = reader.load(path, encoder)
        except (OSError, ValueError, KeyError) as fault:
            log.warning("%s cannot be used: %s", path.name, fault)
        else:
            return found
    return None
