"""The ear of the desk beside its pages: works on what was pushed, and keeps a pulse.

Calls are answered as soon as they are written down; a thread here then takes them down the
pipeline. The pulse tells how long nobody could be called: a platform that tries three times and
gives up has lost what came in such a gap.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter

from channels import registry
from channels.contract import Listens
from router import pipeline
from router.assemble import Router
from router.errors import RouterError
from router.store import claims, gaps
from router.store.unit import Unit

log = logging.getLogger("router.receiver")

#: The pulse, and the silence after which it counts as a gap, in seconds.
PULSE, GAP = 2.0, 5


class Receiver:
    """One a process that serves pages. Nothing runs before it is needed."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        #: Whether a process that serves said so: channels may be switched on later.
        self._beating = False
        #: What was heard since the last pulse: (kind, account, what).
        self._heard: Counter[tuple[str, str, str]] = Counter()

    def start(self) -> None:
        """Begin the pulse, when any channel of this desk is called at all."""
        self._beating = True
        if any(issubclass(registry.channel(kind), Listens) for kind, _ in self._router.doors):
            self._run(self._beat, "receiver-pulse")

    def note(self, kind: str, account: str, what: str) -> None:
        """Count what came: ``new``, ``seen``, ``forged`` or ``unreadable``."""
        with self._lock:
            self._heard[kind, account, what] += 1
        if self._beating:
            self._run(self._beat, "receiver-pulse")
        if what == "new":
            self._wake.set()
            self._run(self._work, "receiver-work")

    def stop(self) -> None:
        """Let the present work end."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _run(self, target: object, name: str) -> None:
        with self._lock:
            if any(one.name == name for one in self._threads):
                return
            thread = threading.Thread(target=target, name=name, daemon=True)  # type: ignore[arg-type]  # bound methods
            self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                while not self._stop.is_set() and pipeline.journalled(self._router):
                    pass
            except RouterError:  # the sweep comes by every second and tries again
                log.warning("pushed items wait for the next sweep", exc_info=True)

    def _beat(self) -> None:
        while not self._stop.is_set():
            try:
                self.pulse()
            except RouterError:  # the gap will tell
                log.warning("the receiver's pulse could not be written", exc_info=True)
            self._stop.wait(PULSE)

    def pulse(self) -> None:
        """Write the pulse, the gap before it if there was one, and what was heard since."""
        with self._lock:
            heard, self._heard = self._heard, Counter()

        def work(unit: Unit) -> None:
            gaps.pulse(unit, GAP * 1_000_000)
            for (kind, account, what), count in heard.items():
                gaps.count(unit, kind, account, what, count)
            for kind, account in {(one[0], one[1]) for one in heard if one[2] in ("new", "seen")}:
                claims.report(unit, f"hears:{kind}:{account}", ok=True)

        self._router.store.write(work, bulk=True)
