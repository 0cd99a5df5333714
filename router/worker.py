"""The machinery that keeps a router going: a clock for the duties, a thread for each mailbox.

APScheduler is only a clock here: it keeps no jobs and decides nothing.
"""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from channels.contract import Channel, ChannelError, Polls, Waits
from router import polling, sweeps
from router.assemble import Router
from router.errors import RouterError, StoreError
from router.store import claims
from router.store.unit import Unit

log = logging.getLogger("router.worker")

#: A polled source is ours for so long; the holder asks again well before.
LEASE = timedelta(seconds=90)
#: How long one wait at a source may last, and the pauses after failures.
WAIT = timedelta(seconds=25)
_PAUSES = (1, 2, 5, 10, 30, 60)
#: Once a database that was away is back, mail flows again within so many seconds (G9).
_LONGEST_AWAY = 10
#: What is being fetched when the worker stops may take so long, in seconds.
_GRACE = 0.5


class Worker:
    """Everything that runs beside the web pages, started and stopped together."""

    def __init__(self, router: Router) -> None:
        """Prepare; nothing runs before :meth:`start`."""
        self._router = router
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clock = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
        )

    def start(self) -> None:
        """Start the clock and a thread for each source that is polled."""
        for duty in sweeps.DUTIES:
            self._clock.add_job(
                sweeps.attempt,
                "interval",
                args=[self._router, duty],
                seconds=duty.every.total_seconds(),
                id=duty.name,
            )
        self._clock.start()
        for kind, account in self._router.doors:
            door = self._router.doors.open(kind, account)
            if isinstance(door, Polls):
                thread = threading.Thread(
                    target=self._attend, args=[door], name=f"poll-{kind}-{account}", daemon=True
                )
                thread.start()
                self._threads.append(thread)

    def stop(self, timeout: float = 10.0) -> None:
        """Let the present work end and stop; who only waits at a door is called back from it."""
        self._stop.set()
        self._clock.shutdown(wait=True)
        for thread in self._threads:
            thread.join(timeout=_GRACE)
        self._router.doors.close()
        for thread in self._threads:
            thread.join(timeout=timeout)

    # ------------------------------------------------------------ one source

    def _attend(self, door: Channel) -> None:
        """Poll, wait to be woken, poll again; pause longer after each failure."""
        failures, longest = 0, _PAUSES[-1]
        while not self._stop.is_set():
            try:
                self._visit(door)
                failures = 0
            except (ChannelError, RouterError, OSError) as fault:
                if self._stop.is_set():
                    return  # the door was closed to call us back
                failures += 1
                longest = _LONGEST_AWAY if isinstance(fault, StoreError) else _PAUSES[-1]
                self._tell(door, fault)
            except Exception as fault:  # told in the log and in the health table
                log.exception("polling %s.%s failed", door.kind, door.account)
                failures += 1
                self._tell(door, fault)
            if failures:
                self._stop.wait(min(_PAUSES[min(failures, len(_PAUSES)) - 1], longest))

    def _visit(self, door: Channel) -> None:
        name = f"poll:{door.kind}:{door.account}"
        if not self._ours(name):
            self._stop.wait(5)
            return
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
            return claims.take(unit, name, sweeps.OWNER, lease_us=lease, every_us=0)

        return self._router.store.write(work)

    def _tell(self, door: Channel, fault: Exception) -> None:
        name = f"poll:{door.kind}:{door.account}"
        log.warning("%s cannot be fetched now: %s", name, fault)
        params = f"{type(fault).__name__}: {fault}"[:300]
        try:
            self._router.store.write(
                lambda unit: claims.report(
                    unit, name, ok=False, detail="cannot_fetch", params=params
                ),
                bulk=True,
            )
        except RouterError:
            log.warning("the failure of %s could not be written down", name, exc_info=True)
