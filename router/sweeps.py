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
from functools import partial

from router import (
    acknowledge,
    assigning,
    calendars,
    calls,
    channel_watch,
    chat_duties,
    deliver,
    desk,
    escalate,
    fetching,
    hourbook,
    leases,
    notify,
    pipeline,
    playbook,
    posting,
    reports,
    rereading,
    retention,
    settling,
    waves,
    webhooks,
)
from router.assemble import Router
from router.core.clock import to_us
from router.errors import Conflict, KeyMissing, TakenOver
from router.store import (
    audit,
    budgets,
    channels,
    chats,
    claims,
    counters,
    figures,
    holding,
    incidents,
    journal,
    notices,
    outbox,
    playbooks,
    presence,
    reach,
    readings,
    remote_files,
    report_orders,
    snoozes,
    tickets,
)
from router.store import calls as known_calls
from router.store import webhooks as outgoing
from router.store.promises import calendar_days, climbs, clocks, paces
from router.store.unit import Unit

log = logging.getLogger("router.sweeps")

#: Who this process is when it claims a duty.
OWNER = f"{os.getpid()}.{secrets.token_hex(4)}"
#: An exclusive duty is ours for so long when we die at it: an alarm waits no longer. While we live
#: it is asked for anew every so often, and by each transaction: who was away for longer (a disk, a
#: debugger) writes nothing more of what somebody else does by then.
LEASE, RENEWED_EVERY = timedelta(seconds=10), timedelta(seconds=3)
#: Batches of pushed items in one tick at most.
_TURNS = 20


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do again and again. ``waiting`` is a cheap look whether there is any work;
    an ``exclusive`` duty is done by one process at a time, and writes from the thread that does it.
    One that talks to a ``far`` side may wait for it long, so its places are its own. ``together``:
    places in one worker of a fleet."""

    name: str
    every: timedelta
    waiting: Callable[[Unit], object]
    work: Callable[[Router], object]
    exclusive: bool = False
    far: bool = False
    together: int = 1


def _always(unit: Unit) -> bool:
    del unit
    return True


def _fold(router: Router) -> int:
    return _by_turns(router, counters.fold)


def _seal(router: Router) -> int:
    return _by_turns(router, lambda unit: audit.seal(unit, router.keys))


def _by_turns(router: Router, work: Callable[[Unit], int]) -> int:
    """Small pieces until nothing is left: whoever calls meanwhile waits for one of them only."""
    done = 0
    while moved := router.store.write(work, bulk=True):
        done += moved
    return done


def _purge(router: Router) -> None:
    now = router.clock.now()
    raw = to_us(now - timedelta(days=router.settings.intake.keep_raw_days))
    sends = to_us(now - timedelta(days=8))

    def work(unit: Unit) -> None:
        budgets.forget(unit, to_us(now - timedelta(days=2)))
        tickets.forget_answers(unit)
        holding.of_the_gone(unit)

    router.store.write(work, bulk=True)
    _by_turns(router, lambda unit: reach.forget(unit, sends))
    _by_turns(router, lambda unit: journal.erase_raw(unit, raw))
    calls.forget(router)
    retention.age(router)


def _follow(router: Router) -> None:
    """Take up what was changed of calendars and promises, and compile rules that were published,
    before the first message asks for them."""
    router.hours.follow(router.store)
    router.articles.follow(router.store)
    router.rules.follow(router.store)
    if router.rules.fault:
        raise Conflict("rules_unusable")


def _journal(router: Router) -> None:
    """A few at a time, until none is left or the others' turn has come."""
    for _ in range(_TURNS):
        if not pipeline.journalled(router):
            return


def _keys(router: Router) -> None:
    """Say that items wait which this process cannot open; another one may have their key."""
    with router.store.reading() as unit:
        lacking = journal.lacking(unit, router.keys)
    if lacking:
        raise KeyMissing(
            f"pushed items wait that were sealed under {', '.join(lacking)}, which this process "
            "does not have; restart it if the key file has that key, else put the key file back "
            "from its own backup"
        )


def _beat(router: Router) -> None:
    router.store.write(lambda unit: claims.report(unit, "clock", ok=True), bulk=True)


def _pace(router: Router) -> None:
    """Look how many wait in each team and how many were answered lately."""
    with router.store.reading() as unit:
        seen = paces.teams(unit, router.policies.hours)
    router.pace.take(seen)


def _official(router: Router) -> None:
    """Seed the official days and say where some are missing."""
    router.hours.seed(router.store)
    router.hours.follow(router.store)
    settings = router.hours.settings
    lacking = calendars.missing(settings, router.hours.days, router.clock.now().date())

    def work(unit: Unit) -> None:
        for country in calendars.countries(settings):
            years = " ".join(str(year) for one, year in lacking if one == country)
            detail = "calendar_incomplete" if years else ""
            claims.report(unit, f"calendar:{country}", ok=not years, detail=detail, params=years)

    router.store.write(work, bulk=True)


def _recount(router: Router) -> None:
    """Count open promises anew whose calendar, or whose policy, was changed on a page."""
    router.hours.follow(router.store)
    with router.store.reading() as unit:
        asked = calendar_days.to_recount(unit)
    for one in asked:
        if one.calendar == calendar_days.POLICIES:
            hourbook.repromise(router.store, router.policies)
        else:
            hourbook.recount(router.store, router.policies, one.calendar)
        router.store.write(partial(calendar_days.recounted, done=one), bulk=True)


DUTIES = (
    Duty("wake", timedelta(seconds=10), snoozes.pending, desk.wake),
    Duty("deliver", timedelta(seconds=1), deliver.waits, deliver.sweep, far=True, together=4),
    Duty("ailing", timedelta(seconds=1), deliver.waits_at_ailing, deliver.sweep_ailing, far=True),
    Duty("journal", timedelta(seconds=1), journal.pending, _journal, together=2),
    Duty("calls", timedelta(seconds=1), known_calls.waiting, calls.sweep, far=True),
    Duty("escalate", timedelta(seconds=1), clocks.waiting, escalate.sweep),
    Duty("climb", timedelta(seconds=1), climbs.waiting, escalate.climb),
    Duty("channels", timedelta(seconds=10), channels.pending, channel_watch.sweep, exclusive=True),
    Duty("notify", timedelta(seconds=1), notices.pending, notify.sweep, far=True),
    Duty("webhooks", timedelta(seconds=1), outgoing.pending, webhooks.sweep, far=True),
    Duty("playbooks", timedelta(seconds=1), playbooks.pending, playbook.sweep, exclusive=True),
    Duty("assign", timedelta(seconds=2), presence.waiting, assigning.sweep, exclusive=True),
    Duty("recount", timedelta(seconds=5), calendar_days.to_recount, _recount, exclusive=True),
    Duty("media", timedelta(seconds=1), remote_files.pending, fetching.sweep, far=True),
    Duty("recover", timedelta(seconds=5), lambda unit: outbox.lost(unit, 1), settling.recover),
    Duty(
        "look_up",
        timedelta(seconds=5),
        deliver.waits_for_look_up,
        deliver.look_up,
        exclusive=True,
        far=True,
    ),
    Duty(
        "breaker",
        timedelta(seconds=30),
        lambda unit: claims.ill(unit, acknowledge.HEALTH),
        acknowledge.mend,
    ),
    Duty("chats", timedelta(seconds=5), chats.pending, chat_duties.sweep),
    Duty("reread", timedelta(seconds=1), readings.pending, rereading.sweep, exclusive=True),
    Duty("fold", timedelta(seconds=5), counters.pending, _fold, exclusive=True),
    Duty("figures", timedelta(seconds=10), figures.pending, reports.sweep, exclusive=True),
    Duty(
        "post",
        timedelta(seconds=20),
        report_orders.pending,
        posting.sweep,
        exclusive=True,
        far=True,
    ),
    Duty("erase", timedelta(seconds=2), retention.pending, retention.sweep),
    Duty("seal", timedelta(seconds=5), audit.pending, _seal, exclusive=True),
    Duty("waves", timedelta(seconds=5), incidents.pending, waves.sweep, exclusive=True),
    Duty("rules", timedelta(seconds=5), _always, _follow),
    Duty("beat", timedelta(seconds=30), _always, _beat),
    Duty("keys", timedelta(seconds=30), journal.pending, _keys),
    Duty("pace", timedelta(seconds=30), _always, _pace),
    Duty("holidays", timedelta(hours=6), _always, _official, exclusive=True),
    Duty("purge", timedelta(hours=1), _always, _purge, exclusive=True),
)

#: Duties that one process does at the same time: each has a place of its own, so that none waits
#: for another's far side, and no alarm for a hundred thousand mails that are counted or erased.
TOGETHER = sum(not duty.far for duty in DUTIES)
FAR_TOGETHER = sum(duty.far for duty in DUTIES)


def tick(router: Router, duty: Duty) -> bool:
    """Do the duty if there is work and nobody else is at it; whether it was done. One that failed
    last time is well again."""
    name = f"sweep:{duty.name}"
    with router.store.reading() as unit:  # one for both: a fleet looks dozens of times a second
        waiting, ill = bool(duty.waiting(unit)), claims.ill(unit, name)
    done = waiting and _done(router, duty)
    if ill:
        router.store.write(lambda unit: claims.report(unit, name, ok=True), bulk=True)
    return done


def _done(router: Router, duty: Duty) -> bool:
    if not duty.exclusive:
        duty.work(router)
        return True
    lease = LEASE // timedelta(microseconds=1)
    if not router.store.write(lambda unit: claims.take(unit, duty.name, OWNER, lease_us=lease)):
        return False

    def keep(unit: Unit) -> None:
        if not claims.keep(unit, duty.name, OWNER, lease_us=lease):
            raise TakenOver(f"{duty.name} is done by another process by now")

    renew = partial(router.store.write, keep)
    try:
        with leases.renewed(renew, RENEWED_EVERY, duty.name), router.store.ours.only_while(keep):
            duty.work(router)
    except TakenOver as fault:
        log.warning("this process was away for too long: %s", fault)
        return False
    finally:
        router.store.write(lambda unit: claims.done(unit, duty.name, OWNER))
    return True


def attempt(router: Router, duty: Duty) -> None:
    """As :func:`tick`; what raises is logged and shown in the duty's health, never lost, until the
    duty can be done again."""
    name = f"sweep:{duty.name}"
    try:
        tick(router, duty)
    except Exception as fault:  # told in the log and in the health table
        log.exception("the duty %s failed", duty.name)
        detail = type(fault).__name__
        try:
            router.store.write(
                lambda unit: claims.report(unit, name, ok=False, detail=detail), bulk=True
            )
        except Exception:  # the database itself is gone; the log has it
            log.warning("the failure of %s could not be written down", duty.name, exc_info=True)
