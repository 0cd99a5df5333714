"""The table of periodic duties. Whatever ticks them, truth stays in the rows: each duty claims what
it works on, so a second clock, a second process or a repeated tick is harmless.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from router import deliver, escalate, pipeline, rereading, waves
from router.assemble import Router
from router.core.clock import to_us
from router.errors import Conflict
from router.store import (
    audit,
    budgets,
    claims,
    clocks,
    counters,
    incidents,
    journal,
    outbox,
    readings,
    tickets,
)
from router.store.unit import Unit

log = logging.getLogger("router.sweeps")

#: Who this process is when it claims a duty.
OWNER = f"{os.getpid()}.{secrets.token_hex(4)}"
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do again and again. ``waiting`` is a cheap look whether there is any work;
    an ``exclusive`` duty is done by one process at a time."""

    name: str
    every: timedelta
    waiting: Callable[[Unit], object]
    work: Callable[[Router], object]
    exclusive: bool = False


def _always(unit: Unit) -> bool:
    del unit
    return True


def _fold(router: Router) -> int:
    return router.store.write(counters.fold, bulk=True)


def _seal(router: Router) -> int:
    return router.store.write(lambda unit: audit.seal(unit, router.keys), bulk=True)


def _purge(router: Router) -> None:
    now = router.clock.now()
    raw = to_us(now - timedelta(days=router.settings.intake.keep_raw_days))

    def work(unit: Unit) -> None:
        budgets.forget(unit, to_us(now - timedelta(days=2)))
        tickets.forget_answers(unit)
        journal.erase_raw(unit, raw)

    router.store.write(work, bulk=True)


def _follow(router: Router) -> None:
    """Compile rules that were published before the first message asks for them."""
    router.rules.follow(router.store)
    if router.rules.fault:
        raise Conflict("rules_unusable")


def _beat(router: Router) -> None:
    router.store.write(lambda unit: claims.report(unit, "clock", ok=True), bulk=True)


DUTIES = (
    Duty("deliver", timedelta(seconds=1), outbox.pending, deliver.sweep),
    Duty("journal", timedelta(seconds=1), journal.pending, pipeline.journalled),
    Duty("escalate", timedelta(seconds=5), lambda unit: clocks.overdue(unit, 1), escalate.sweep),
    Duty("recover", timedelta(seconds=5), lambda unit: outbox.lost(unit, 1), deliver.recover),
    Duty("reread", timedelta(seconds=1), readings.pending, rereading.sweep, exclusive=True),
    Duty("fold", timedelta(seconds=5), counters.pending, _fold, exclusive=True),
    Duty("seal", timedelta(seconds=5), audit.pending, _seal, exclusive=True),
    Duty("waves", timedelta(seconds=5), incidents.pending, waves.sweep, exclusive=True),
    Duty("rules", timedelta(seconds=5), _always, _follow),
    Duty("beat", timedelta(seconds=30), _always, _beat),
    Duty("purge", timedelta(hours=1), _always, _purge, exclusive=True),
)


def tick(router: Router, duty: Duty) -> bool:
    """Do the duty if there is work and nobody else is at it; whether it was done."""
    with router.store.reading() as unit:
        if not duty.waiting(unit):
            return False
    if not duty.exclusive:
        duty.work(router)
        return True
    lease = 120 * _SECOND
    if not router.store.write(
        lambda unit: claims.take(unit, duty.name, OWNER, lease_us=lease, every_us=0)
    ):
        return False
    try:
        duty.work(router)
    finally:
        router.store.write(lambda unit: claims.done(unit, duty.name, OWNER))
    return True


def _well_again(router: Router, name: str) -> None:
    with router.store.reading() as unit:
        ill = claims.ill(unit, name)
    if ill:
        router.store.write(lambda unit: claims.report(unit, name, ok=True), bulk=True)


def attempt(router: Router, duty: Duty) -> None:
    """As :func:`tick`; what raises is logged and shown in the duty's health, never lost, until the
    duty can be done again."""
    name = f"sweep:{duty.name}"
    try:
        tick(router, duty)
        _well_again(router, name)
    except Exception as fault:  # told in the log and in the health table
        log.exception("the duty %s failed", duty.name)
        detail = type(fault).__name__
        try:
            router.store.write(
                lambda unit: claims.report(unit, name, ok=False, detail=detail), bulk=True
            )
        except Exception:  # the database itself is gone; the log has it
            log.warning("the failure of %s could not be written down", duty.name, exc_info=True)
