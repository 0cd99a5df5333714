"""Many workers on PostgreSQL: Procrastinate wakes the duties, on whichever host is free.

A job only wakes a sweep of :mod:`router.sweeps`; the truth stays in our rows, each of which is
claimed, so a job that comes twice, late or not at all changes nothing. Of each duty at most one job
waits in the queue, and no job is kept once it is done.

What talks to far sides has a queue of its own, and each duty its own places in a worker: a platform
that does not answer holds up nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException

from router import sweeps
from router.assemble import Router
from router.store.jobs import conninfo
from router.sweeps import Duty

log = logging.getLogger("router.fleet")

#: The desk's own duties, and those that talk to far sides.
QUEUE, FAR = "duties", "far"
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
#: Places in one worker for what talks to far sides: enough for all of it at the same time.
_FAR_TOGETHER = sum(duty.together for duty in sweeps.DUTIES if duty.far)
#: Lines to the queue: a job needs one only while it is fetched and when it is done.
_LINES = 6
#: A job that is lost with the power is one that did not come: no disk is waited for.
_LOST_IS_NOTHING = "-c synchronous_commit=off"
#: What is being done when the worker stops may take so long, in seconds.
_GRACE = 10.0
#: Pauses between attempts to reach a database that is away, in seconds.
_PAUSES = (1, 2, 5, 10)


def every(span: timedelta) -> str:
    """A period as Procrastinate reads it, with seconds in the sixth place."""
    if span < _MINUTE:
        return f"* * * * * */{max(int(span.total_seconds()), 1)}"
    if span < _HOUR:
        return f"*/{span // _MINUTE} * * * *"
    return f"0 */{span // _HOUR} * * *"


def apps_of(router: Router) -> tuple[App, App]:
    """The duties of a router as Procrastinate's periodic tasks: the desk's own, and far ones."""
    connector = PsycopgConnector(
        conninfo=conninfo(router.settings.database_url),
        kwargs={"options": _LOST_IS_NOTHING},
        min_size=1,
        max_size=_LINES,
    )
    woken = [(duty, _woken(router, duty)) for duty in sweeps.DUTIES]
    own = _app(connector, QUEUE, [one for one in woken if not one[0].far])
    return own, _app(connector, FAR, [one for one in woken if one[0].far])


def _app(
    connector: PsycopgConnector, queue: str, woken: Sequence[tuple[Duty, Callable[[int], None]]]
) -> App:
    app = App(connector=connector)
    for duty, wake in woken:
        named = app.task(name=f"duty.{duty.name}", queue=queue, queueing_lock=duty.name)
        app.periodic(cron=every(duty.every))(named(wake))
    return app


def _woken(router: Router, duty: Duty) -> Callable[[int], None]:
    places = threading.BoundedSemaphore(duty.together)

    def wake(timestamp: int) -> None:
        """``timestamp``: when it was due, which nobody asks: the sweep looks at the rows. When all
        its places are taken there is nothing to do: whoever is at it goes on until all is done."""
        del timestamp
        if places.acquire(blocking=False):
            try:
                sweeps.attempt(router, duty)
            finally:
                places.release()

    return wake


class Fleet:
    """One worker of many; a clock for :class:`router.worker.Worker`."""

    def __init__(self, router: Router) -> None:
        """Prepare; nothing runs before :meth:`start`."""
        self._router = router
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take jobs, and to put those that are due into the queue."""
        self._thread.start()

    def stop(self) -> None:
        """Let what is being done end, and take no more."""
        self._over.set()
        loop, work = self._loop, self._work
        if loop is not None and work is not None and not loop.is_closed():
            loop.call_soon_threadsafe(work.cancel)
        self._thread.join(timeout=_GRACE + 5)

    def _run(self) -> None:
        failures = 0
        while not self._over.is_set():
            try:
                asyncio.run(self._attend())
                failures = 0
            except* (ProcrastinateException, psycopg.Error, OSError) as faults:
                log.warning("the queue of duties cannot be reached now: %s", faults.exceptions[0])
                self._over.wait(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1

    async def _attend(self) -> None:
        self._loop = asyncio.get_running_loop()
        threads = sweeps.TOGETHER + _FAR_TOGETHER
        self._loop.set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="duty"))
        self._work = asyncio.create_task(self._take_jobs())
        if self._over.is_set():
            self._work.cancel()
        try:
            await self._work
        except asyncio.CancelledError:
            if not self._over.is_set():
                raise

    async def _take_jobs(self) -> None:
        own, far = apps_of(self._router)
        async with own.open_async(), asyncio.TaskGroup() as both:
            both.create_task(_taking(own, QUEUE, sweeps.TOGETHER))
            both.create_task(_taking(far, FAR, _FAR_TOGETHER))


async def _taking(app: App, queue: str, together: int) -> None:
    await app.run_worker_async(
        queues=[queue],
        concurrency=together,
        install_signal_handlers=False,
        delete_jobs="always",
        shutdown_graceful_timeout=_GRACE,
    )
