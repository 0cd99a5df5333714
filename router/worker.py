"""The machinery that keeps a router going: a clock for the duties, a thread for each mailbox.

APScheduler is only a clock here: it keeps no jobs and decides nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from channels.contract import (
    Channel,
    ChannelError,
    Polls,
    Refused,
    Transient,
    Waits,
)
from router import leases, polling, sweeps
from router.assemble import Router
from router.core import failures
from router.errors import RouterError, StoreError
from router.store import claims
from router.store.unit import Unit

log = logging.getLogger("router.worker")

#: How long one wait at a source may last, and the pauses after failures.
WAIT = timedelta(seconds=25)
_PAUSES = (1, 2, 5, 10, 30, 60)
#: A polled source is ours for so long when we die at it: longer than a wait, for what asks for it
#: anew is a commit, and each makes every open page look.
LEASE = timedelta(seconds=45)
#: Once a database that was away is back, mail flows again within so many seconds (G9).
_LONGEST_AWAY = 10
#: What is being fetched when the worker stops may take so long, in seconds.
_GRACE = 0.5
#: A source is left alone so long at most, whatever it asks; and so long when it refuses us.
_LEFT_ALONE, _REFUSED = timedelta(minutes=15), timedelta(minutes=5)


def _asked(fault: Exception) -> timedelta:
    """How long the far side asked us to stay away; who refuses us altogether is left alone too."""
    if isinstance(fault, Transient) and fault.after is not None:
        return min(fault.after, _LEFT_ALONE)
    refused = isinstance(fault, Refused) and fault.channel_fault
    return _REFUSED if refused else timedelta(0)


def _lease(door: Channel) -> str:
    """What the lease and the health of a polled door go by."""
    return f"poll:{door.kind}:{door.account}"


class Clock(Protocol):
    """Whoever wakes the duties."""

    def start(self) -> None:
        """Begin to wake them."""
        ...

    def stop(self) -> None:
        """Let what is being done end, and wake nobody any more."""
        ...


class Ticking:
    """The clock of one process."""

    def __init__(self, router: Router) -> None:
        """Set it; it ticks from :meth:`start` on."""
        self._clock = BackgroundScheduler(
            timezone="UTC",
            executors={
                "default": ThreadPoolExecutor(sweeps.TOGETHER),
                "far": ThreadPoolExecutor(sweeps.FAR_TOGETHER),
            },
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
        )
        for duty in sweeps.DUTIES:
            self._clock.add_job(
                sweeps.attempt,
                "interval",
                args=[router, duty],
                seconds=duty.every.total_seconds(),
                id=duty.name,
                executor="far" if duty.far else "default",
            )

    def start(self) -> None:
        """Begin to tick."""
        self._clock.start()

    def stop(self) -> None:
        """Stop, once what is being done has ended."""
        self._clock.shutdown(wait=True)


class Worker:
    """Everything that runs beside the web pages, started and stopped together."""

    def __init__(self, router: Router, clock: Clock | None = None) -> None:
        """Prepare; nothing runs before :meth:`start`. Without a clock it ticks by itself."""
        self._router = router
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._clock = clock or Ticking(router)

    def start(self) -> None:
        """Start the clock and a thread for each source that is polled."""
        self._clock.start()
        for kind, account in self._router.doors:
            self.attend(self._router.doors.open(kind, account))

    def attend(self, door: Channel) -> None:
        """Poll this door from now on, if it is one that is polled."""
        if isinstance(door, Polls):
            name = f"poll-{door.kind}-{door.account}"
            thread = threading.Thread(target=self._attend, args=[door], name=name, daemon=True)
            thread.start()
            self._threads[_lease(door)] = thread

    def stop(self, timeout: float = 10.0) -> None:
        """Let the present work end and stop; who only waits at a door is called back from it."""
        self._stop.set()
        self._clock.stop()
        for thread in self._threads.values():
            thread.join(timeout=_GRACE)
        self._router.doors.close()
        for thread in self._threads.values():
            thread.join(timeout=timeout)
        self._give_back([name for name, one in self._threads.items() if not one.is_alive()])

    def _give_back(self, names: Sequence[str]) -> None:
        """Whoever is started next polls these at once, not when our leases are over."""

        def work(unit: Unit) -> None:
            for name in names:
                claims.done(unit, name, sweeps.OWNER)

        try:
            self._router.store.write(work)
        except StoreError as fault:
            log.warning("the sources could not be given back: %s", fault)

    # ------------------------------------------------------------ one source

    def _attend(self, door: Channel) -> None:
        """Poll, wait to be woken, poll again; pause longer after each failure."""
        failures, longest = 0, _PAUSES[-1]
        while not self._stop.is_set():
            asked = timedelta(0)
            try:
                self._visit(door)
                failures = 0
            except (ChannelError, RouterError, OSError) as fault:
                if self._stop.is_set():
                    return  # the door was closed to call us back
                failures += 1
                longest = _LONGEST_AWAY if isinstance(fault, StoreError) else _PAUSES[-1]
                asked = _asked(fault)
                self._tell(door, fault)
            except Exception as fault:  # told in the log and in the health table
                log.exception("polling %s.%s failed", door.kind, door.account)
                failures += 1
                self._tell(door, fault)
            if failures:
                pause = min(_PAUSES[min(failures, len(_PAUSES)) - 1], longest)
                self._stop.wait(max(pause, asked.total_seconds()))

    def _visit(self, door: Channel) -> None:
        name = _lease(door)
        if not self._ours(name):
            self._stop.wait(5)
            return
        with leases.renewed(partial(self._ours, name), LEASE / 3, name):
            polling.poll(self._router, door)
        self._router.store.write(lambda unit: claims.report(unit, name, ok=True), bulk=True)
        if isinstance(door, Waits):
            door.wait(WAIT)
        else:
            self._stop.wait(getattr(door.options, "poll_seconds", 30))

    def _ours(self, name: str) -> bool:
        lease = LEASE // timedelta(microseconds=1)

        def work(unit: Unit) -> bool:
            if claims.keep(unit, name, sweeps.OWNER, lease_us=lease):
                return True
            return claims.take(unit, name, sweeps.OWNER, lease_us=lease)

        return self._router.store.write(work)

    def _tell(self, door: Channel, fault: Exception) -> None:
        name = _lease(door)
        said = failures.said(fault)  # a mail server may have quoted a mail's words
        log.warning("%s cannot be fetched now: %s", name, said)
        params = f"{type(fault).__name__}: {said}"[:300]
        try:
            self._router.store.write(
                lambda unit: claims.report(
                    unit, name, ok=False, detail="cannot_fetch", params=params
                ),
                bulk=True,
            )
        except RouterError:
            log.warning("the failure of %s could not be written down", name, exc_info=True)
