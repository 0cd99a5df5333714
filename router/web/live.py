"""Telling open pages that something changed.

An event says only "changed"; the page then asks for what it may see. Streams hold a thread each,
so they are capped well below the server's threads: past the cap pages poll, and webhooks always
find a thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

from router.assemble import Router
from router.core.clock import monotonic
from router.errors import RouterError

EVERY = timedelta(milliseconds=250)
#: A comment now and then finds browsers that have gone.
BEAT = timedelta(seconds=15)
#: A stream ends by itself after this; the browser comes back at once.
LONGEST = timedelta(minutes=10)


class Hub:
    """One watcher of the database for all open streams of this process."""

    def __init__(self, router: Router) -> None:
        self._router = router
        web = router.settings.web
        #: Whatever the settings say, half of the threads are left to everybody else.
        self._places = min(web.streams, web.threads // 2)
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._over = False
        self.version = 0
        self._open = 0
        self._thread: threading.Thread | None = None
        router.store.on_commit.append(self._wake.set)

    def enter(self) -> bool:
        """Take a place among the streams; False when all are taken."""
        with self._changed:
            if self._open >= self._places or self._over:
                return False
            self._open += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="hub", daemon=True)
                self._thread.start()
        return True

    def leave(self) -> None:
        """Give the place back."""
        with self._changed:
            self._open -= 1

    def stream(self) -> Iterator[str]:
        """Server-sent events: the version whenever it changes. The place must have been taken, and
        whoever took it gives it back: a stream that nobody reads never begins, so never ends.
        """
        seen, until = self.version, monotonic() + LONGEST.total_seconds()
        yield f"retry: 3000\nid: {seen}\nevent: changed\ndata: {seen}\n\n"
        while not self._over and monotonic() < until:
            now = self._newer(seen)
            if now != seen:
                seen = now
                yield f"id: {seen}\nevent: changed\ndata: {seen}\n\n"
            else:
                yield ": still here\n\n"

    def _newer(self, seen: int) -> int:
        """The version once it is another one, or the same after a while. A change while the last
        one was being sent is not slept through.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._over or self.version != seen, BEAT.total_seconds())
            return self.version

    def pulse(self) -> str:
        """A word that changes with the database, for pages that poll."""
        return self._router.store.pulse()

    def close(self) -> None:
        """Let every stream end."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._wake.set()

    def _watch(self) -> None:
        last = ""
        while not self._over:
            self._wake.wait(EVERY.total_seconds())
            self._wake.clear()
            try:
                now = self._router.store.pulse()
            except RouterError:
                continue
            own = f"{now}.{self._router.store.commits}"
            if own != last:
                last = own
                with self._changed:
                    self.version += 1
                    self._changed.notify_all()
