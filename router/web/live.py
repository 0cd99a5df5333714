"""Telling open pages that something changed.

An event says that something changed and how many security tickets wait in the reader's teams, so
that an alarm is on every screen at once; the page then asks for what it may see, and the more pages
are open, the less all at the same moment. One thread tells all of them: a stream holds a connection
and nothing else, so a platform's push never waits for hundreds of threads that wake together. Past
the cap pages poll.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from router.assemble import Router
from router.core.clock import monotonic
from router.errors import RouterError
from router.store import counters, people

EVERY = timedelta(milliseconds=250)
#: After telling of a change the next one waits so long: hundreds of streams are not woken for each
#: of a hundred commits a second, and who was told nothing lately is told at once. It grows with the
#: streams from so many on. An alarm is looked for so often meanwhile and waits for hardly any calm:
#: one that is alone for none, those of a flood for each other.
CALM, _ALARMED, _LOOK = (timedelta(milliseconds=n) for n in (150, 50, 30))
_CROWD = 50
#: A comment now and then finds browsers that have gone.
BEAT = timedelta(seconds=15)
#: A stream ends by itself after this; the browser comes back at once.
LONGEST = timedelta(minutes=10)
#: Those that began together (the desk was restarted) end over so much of it, not all at once.
_SPREAD = (0.8, 1.0)
#: So many pages a second may ask for what changed; more of them take turns.
_PAGES_A_SECOND = 50


class Line(Protocol):
    """An open connection to a browser."""

    @property
    def begun(self) -> bool:
        """Whether the answer's beginning is out, so that more may follow."""

    @property
    def alive(self) -> bool:
        """Whether anybody may still be there."""

    def send(self, data: bytes) -> None:
        """Send this without waiting."""

    def end(self) -> None:
        """Tell that nothing more comes."""


@dataclass(eq=False, slots=True)
class _Reader:
    """An open page: its connection, the teams it may hear of (None: all), the session it belongs
    to, what it was told last and when, and when its stream ends."""

    line: Line
    teams: Collection[int] | None
    session: str
    seen: int
    told: float
    until: float


class Hub:
    """One watcher of the database for all open streams of this process."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._places = router.settings.web.streams
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._over = False
        self._ended = threading.Event()
        self.version = 0
        #: Grows when somebody types or has come, which is no change of the database.
        self.stirs = 0
        self._readers: set[_Reader] = set()
        #: Security tickets that wait, by team, as of this version.
        self._alarms: Mapping[int, int] = {}
        self._last, self._told, self._was_seated = "", 0.0, ""
        self._thread: threading.Thread | None = None
        router.store.on_commit.append(self._wake.set)

    def enter(self, line: Line, teams: Collection[int] | None, session: str = "") -> str | None:
        """Tell this line of changes once its answer is out, for a reader of these teams (None: of
        all) and as long as their session holds; what the answer begins with, or None when all
        places are taken."""
        now = monotonic()
        alarms = self._alarms if self.version else self._counted()
        with self._changed:
            self._sweep()
            if not self.version:  # nobody has looked yet
                self._alarms = alarms
            if len(self._readers) >= self._places or self._over:
                return None
            until = now + LONGEST.total_seconds() * random.uniform(*_SPREAD)  # noqa: S311  # no secret
            self._readers.add(_Reader(line, teams, session, self.version, now, until))
            first = f"retry: 3000\n{self._event(self.version, teams)}"
        self.watch()
        return first

    def watch(self) -> None:
        """Look at the database from now on, if nobody asked for that before."""
        with self._changed:
            if self._thread is None and not self._over:
                self._thread = threading.Thread(target=self._watch, name="hub", daemon=True)
                self._thread.start()

    def _event(self, version: int, teams: Collection[int] | None) -> str:
        waiting = sum(n for team, n in self._alarms.items() if teams is None or team in teams)
        turns = 1000 * len(self._readers) // _PAGES_A_SECOND
        told = {"security": max(waiting, 0), "turns": turns}
        return f"id: {version}\nevent: changed\ndata: {json.dumps(told)}\n\n"

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
            readers, self._readers = self._readers, set()
        for reader in readers:
            reader.line.end()
        self._ended.set()
        self._wake.set()

    def _watch(self) -> None:
        while not self._over:
            self._wake.wait(EVERY.total_seconds())
            self._wake.clear()
            before, self._was_seated = self._was_seated, self._seated()
            if self._was_seated != before:
                self.stir()
            self._look()
            self._tell()

    def _look(self) -> None:
        """Count a new version when the database has changed and the last one is long enough ago."""
        try:
            own = f"{self._router.store.pulse()}.{self._router.store.commits}"
            alarms = self._alarms if own == self._last else self._count()
        except RouterError:
            return
        if own == self._last:
            return
        crowds = max(1, len(self._readers) / _CROWD)
        calm = _ALARMED if _more(alarms, self._alarms) else CALM * crowds
        left = self._told + calm.total_seconds() - monotonic()
        if left > 0:
            self._ended.wait(min(left, _LOOK.total_seconds()))
            self._wake.set()
            return
        try:
            self._let_go()
        except RouterError:
            return
        self._last, self._told = own, monotonic()
        with self._changed:
            self._alarms = alarms
            self.version += 1
            self._changed.notify_all()

    def _let_go(self) -> None:
        """End the streams of whoever was signed out: nobody hears of a change after that."""
        with self._changed:
            sessions = {one.session for one in self._readers} - {""}
        if not sessions:
            return
        with self._router.store.reading() as unit:
            over = sessions - people.signed_in(unit, sessions)
        with self._changed:
            gone = [one for one in self._readers if one.session in over]
            self._readers.difference_update(gone)
        for reader in gone:
            reader.line.end()

    def _tell(self) -> None:
        """Send every reader what it was not told yet, and whoever heard nothing for long a beat."""
        with self._changed:
            self._sweep()
            readers, version, now = list(self._readers), self.version, monotonic()
        for reader in readers:
            if not reader.line.begun:
                continue
            if now > reader.until:
                with self._changed:
                    self._readers.discard(reader)
                reader.line.end()
            elif reader.seen != version:
                reader.seen, reader.told = version, now
                reader.line.send(self._event(version, reader.teams).encode())
            elif now - reader.told > BEAT.total_seconds():
                reader.told = now
                reader.line.send(b": still here\n\n")

    def _sweep(self) -> None:
        """Forget whoever has gone; under the lock."""
        for reader in [one for one in self._readers if not one.line.alive]:
            self._readers.discard(reader)

    def _counted(self) -> Mapping[int, int]:
        try:
            return self._count()
        except RouterError:
            return {}

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
