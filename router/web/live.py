"""Telling open pages that something changed.

An event says that something changed and how many security tickets wait in the reader's teams, so
that an alarm is on every screen at once; the page then asks for what it may see, and the more pages
are open, the less all at the same moment. Streams hold a thread each, so they are capped well below
the server's threads: past the cap pages poll, and webhooks always find a thread.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from router.assemble import Router
from router.core.clock import monotonic
from router.errors import RouterError
from router.store import counters

EVERY = timedelta(milliseconds=250)
#: After telling of a change the next one waits so long: hundreds of streams are not woken for each
#: of a hundred commits a second, and who was told nothing lately is told at once. It grows with the
#: streams from so many on. An alarm is looked for so often meanwhile and waits for hardly any calm:
#: one that is alone for none, those of a flood for each other.
CALM, _ALARMED, _LOOK = (timedelta(milliseconds=n) for n in (150, 25, 30))
_CROWD = 50
#: So many streams are woken side by side and the next ones a breath later, so that a platform's
#: push finds a turn between hundreds of them; an alarm wakes all of them at once.
_ABREAST, _BREATH = 4, timedelta(milliseconds=10)
#: A comment now and then finds browsers that have gone.
BEAT = timedelta(seconds=15)
#: A stream ends by itself after this; the browser comes back at once.
LONGEST = timedelta(minutes=10)
#: So many pages a second may ask for what changed; more of them take turns.
_PAGES_A_SECOND = 50


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
        self._ended = threading.Event()
        self.version = 0
        #: Grows when somebody types or has come, which is no change of the database.
        self.stirs = 0
        self._open = 0
        #: Of each stream its own: hundreds that wake at one lock keep the next alarm from it.
        self._bells: set[threading.Event] = set()
        #: Security tickets that wait, by team, as of this version.
        self._alarms: Mapping[int, int] = {}
        self._thread: threading.Thread | None = None
        router.store.on_commit.append(self._wake.set)

    def enter(self) -> bool:
        """Take a place among the streams; False when all are taken."""
        with self._changed:
            if self._open >= self._places or self._over:
                return False
            self._open += 1
        self.watch()
        return True

    def watch(self) -> None:
        """Look at the database from now on, if nobody asked for that before."""
        with self._changed:
            if self._thread is None and not self._over:
                self._thread = threading.Thread(target=self._watch, name="hub", daemon=True)
                self._thread.start()

    def leave(self) -> None:
        """Give the place back."""
        with self._changed:
            self._open -= 1

    def stream(self, teams: Collection[int] | None) -> Iterator[str]:
        """Server-sent events for a reader of these teams (None: of all), whenever the version
        changes. The place must have been taken, and whoever took it gives it back: a stream that
        nobody reads never begins, so never ends.
        """
        seen, until = self.version, monotonic() + LONGEST.total_seconds()
        bell = threading.Event()
        with self._changed:
            self._bells.add(bell)
        try:
            yield f"retry: 3000\n{self._event(seen, teams)}"
            while not self._over and monotonic() < until:
                now = self._newer(seen, bell)
                if now != seen:
                    seen = now
                    yield self._event(seen, teams)
                else:
                    yield ": still here\n\n"
        finally:
            with self._changed:
                self._bells.discard(bell)

    def _event(self, version: int, teams: Collection[int] | None) -> str:
        waiting = sum(n for team, n in self._alarms.items() if teams is None or team in teams)
        told = {"security": max(waiting, 0), "turns": 1000 * self._open // _PAGES_A_SECOND}
        return f"id: {version}\nevent: changed\ndata: {json.dumps(told)}\n\n"

    def _newer(self, seen: int, bell: threading.Event) -> int:
        """The version once it is another one, or the same after a while. A change while the last
        one was being sent is not slept through.
        """
        if self.version == seen and not self._over:
            bell.wait(BEAT.total_seconds())
        bell.clear()
        return self.version

    @property
    def over(self) -> bool:
        """Whether every stream is to end."""
        return self._over

    def mark(self) -> tuple[int, int]:
        """What :meth:`wait` waits for a change of."""
        return self.version, self.stirs

    def wait(self, seen: tuple[int, int], seconds: float) -> None:
        """Sleep until anything changed since that mark, the time is over, or all is."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self.mark() != seen, seconds)

    def stir(self) -> None:
        """Wake whoever waits for more than the database to change."""
        with self._changed:
            self.stirs += 1
            self._changed.notify_all()

    def pulse(self) -> str:
        """A word that changes with the database, for pages that poll."""
        return self._router.store.pulse()

    def close(self) -> None:
        """Let every stream end."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
            bells = list(self._bells)
        for bell in bells:
            bell.set()
        self._ended.set()
        self._wake.set()

    def _watch(self) -> None:
        last, told, seated = "", 0.0, ""
        while not self._over:
            self._wake.wait(EVERY.total_seconds())
            self._wake.clear()
            before, seated = seated, self._seated()
            if seated != before:
                self.stir()
            try:
                own = f"{self._router.store.pulse()}.{self._router.store.commits}"
                alarms = self._alarms if own == last else self._count()
            except RouterError:
                continue
            if own == last:
                continue
            alarmed = _more(alarms, self._alarms)
            calm = _ALARMED if alarmed else CALM
            left = told + calm.total_seconds() * max(1, self._open / _CROWD) - monotonic()
            if left > 0:
                self._ended.wait(min(left, _LOOK.total_seconds()))
                self._wake.set()
                continue
            last, told = own, monotonic()
            with self._changed:
                self._alarms = alarms
                self.version += 1
                self._changed.notify_all()
                bells = list(self._bells)
            self._ring(bells, len(bells) if alarmed else _ABREAST)

    def _ring(self, bells: Sequence[threading.Event], abreast: int) -> None:
        """Wake these streams; for an alarm that comes meanwhile the rest of them wait no longer."""
        looked = monotonic()
        for first in range(0, len(bells), max(abreast, 1)):
            for bell in bells[first : first + abreast]:
                bell.set()
            if first + abreast >= len(bells):
                return
            self._ended.wait(_BREATH.total_seconds())
            if monotonic() - looked > _LOOK.total_seconds():
                looked = monotonic()
                with suppress(RouterError):
                    if _more(self._count(), self._alarms):
                        self._wake.set()
                        return

    def _count(self) -> Mapping[int, int]:
        with self._router.store.reading() as unit:
            return counters.alarms(unit)

    def _seated(self) -> str:
        """A word that changes when somebody comes, goes or types; none where that is not known."""
        try:
            return self._router.store.seats.pulse()
        except RouterError:
            return ""


def _more(now: Mapping[int, int], before: Mapping[int, int]) -> bool:
    """Whether a security ticket came in anywhere."""
    return any(n > before.get(team, 0) for team, n in now.items())
