"""What the commands do once a router is assembled: run it, let people in, replay what is parked."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from router import demo as story
from router import log, pipeline
from router.assemble import Router
from router.core.rights import ROLES
from router.errors import Conflict, Invalid, RouterError
from router.store import journal, made_up, people
from router.store import version as settings_rows
from router.store.unit import Unit
from router.worker import Clock, Worker

#: How long the sign-in links of the command line work, in minutes.
LINK_MINUTES = 60
FIRST_ADMIN = "admin@desk.example"
#: What a process that was interrupted ends with.
_INTERRUPTED = 130
#: Where it is remembered that this desk began as a demo, and that its first start is at it.
_DEMO, _FILLING = "demo", "demo_filling"


def say(line: str) -> None:
    """Tell whoever started it."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


# ---------------------------------------------------------------- running


def work(router: Router) -> None:
    """Run the worker alone until told to stop."""
    log.begin(router.settings.log)
    worker = Worker(router, clock_of(router))
    over = threading.Event()
    with until_told(over.set):
        worker.start()
        say("the worker runs; Ctrl+C stops it")
        try:
            while not over.wait(1):
                pass
        finally:
            worker.stop()
            router.close()


def clock_of(router: Router) -> Clock | None:
    """What wakes the duties: a clock of our own, or on PostgreSQL the fleet's queue, which is
    loaded only there."""
    if router.store.single_writer:
        return None
    fleet: Clock = importlib.import_module("router.fleet").Fleet(router)
    return fleet


@contextmanager
def until_told(stop: Callable[[], object]) -> Iterator[None]:
    """Ctrl+C and a polite kill call ``stop``, once: what is being done ends first, whoever is
    impatient. Who says it a third time ends the process as a power cut would."""
    times = 0

    def told(_signal: int, _frame: object) -> None:
        nonlocal times
        times += 1
        if times == 1:
            stop()
        elif times == 2:
            say("what is being done ends first; once more stops at once")
        else:
            os._exit(_INTERRUPTED)

    before = {one: signal.signal(one, told) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def first_run(router: Router) -> str:
    """Load the demo when no channel is set up; a sign-in link while only the first admin exists."""
    with router.store.reading() as unit:
        empty = people.anybody(unit) is False
        stopped = settings_rows.remembered(unit, _FILLING) == "true"
        unused = (empty or stopped) and not made_up.others(unit)
    if unused and not list(router.doors):
        say("no channel is set up in config.toml: made-up tickets are loaded to look at")
        _fill(router, again=stopped)
    elif list(router.doors):
        _warn_of_demo(router)
    if not empty and not _only_first_admin(router):
        return ""
    return _link(router, FIRST_ADMIN, "Admin", "admin", [])


def _fill(router: Router, *, again: bool) -> None:
    """Load the demo; one that was stopped in the midst goes on at the next start."""
    begin_demo(router)
    if not again:
        router.store.write(lambda unit: settings_rows.remember(unit, _FILLING, "true"))
    story.fill(router)
    router.store.write(lambda unit: settings_rows.forget(unit, _FILLING))


def begin_demo(router: Router) -> None:
    """Before made-up tickets are loaded: remember that there are some. Raises Conflict on a desk
    that is in use."""
    story.check(router)

    def work(unit: Unit) -> None:
        if not is_demo(unit):
            settings_rows.remember(unit, _DEMO, "true")

    router.store.write(work)


def _warn_of_demo(router: Router) -> None:
    """Whoever goes live with a desk that was tried out is told how to begin anew."""
    with router.store.reading() as unit:
        found = is_demo(unit) and made_up.some(unit)
    if found:
        data, key = router.settings.data_path, router.settings.key_path
        anew = f"delete {data} and {key}" if router.store.single_writer else "take a new database"
        say(f"this desk holds made-up tickets, which are never answered; to go live, {anew} first")


def is_demo(unit: Unit) -> bool:
    """Whether the made-up tickets were loaded into this database at its first start."""
    return settings_rows.remembered(unit, _DEMO) == "true"


def _only_first_admin(router: Router) -> bool:
    """Whether nobody has a password yet, so that links are the only way in."""
    with router.store.reading() as unit:
        return not people.any_password(unit)


# ---------------------------------------------------------------- people


def user(router: Router, email: str, *, name: str, role: str, teams: list[str]) -> None:
    """Add a person or find one, and print a sign-in link."""
    email = email.strip().lower()
    if "@" not in email:
        raise Invalid("email", "is no address", given=email or "nothing", write="name@desk.example")
    if role not in ROLES:
        raise Invalid("role", f"unknown; one of {', '.join(ROLES)}")
    with router.store.reading() as unit:
        known = people.find_agent(unit, email)
    if known is not None and known.role != role:
        say(f"{email} is here as {known.role} and stays it; roles are changed on the page People")
    link = _link(router, email, name, role, teams)
    base = router.settings.public_url
    say(f"{email} signs in once, within {LINK_MINUTES} minutes: {base}/enter/{link}")
    if not router.settings.web.public_url:
        say("if the desk said at its start that it took another port, put that one into the link")


def _link(router: Router, email: str, name: str, role: str, teams: list[str]) -> str:
    def job(unit: Unit) -> str:
        known = people.find_agent(unit, email)
        if known is None:
            unknown = set(teams) - people.team_ids(unit).keys()
            if unknown:
                raise Invalid("team", f"unknown: {', '.join(sorted(unknown))}")
            agent_id = people.create_agent(unit, email, name, role, teams)
            unit.flush()
        else:
            agent_id = known.id
        return people.one_time_link(unit, agent_id, people.ENTER, LINK_MINUTES)

    return router.store.write(job)


# ---------------------------------------------------------------- parked items


def replay(router: Router, item: int | None, *, everything: bool) -> None:
    """Send one parked item, or all, through again; without either, list them."""
    with router.store.reading() as unit:
        rows = journal.parked_rows(unit)
    if item is None and not everything:
        for row in rows:
            say(f"{row.id}  {row.kind}.{row.account}  {row.error}  ticket {row.number}")
        say(f"{len(rows)} parked; `router replay NUMBER` or `router replay --all`")
        return
    chosen = [row.id for row in rows if everything or row.id == item]
    if item is not None and not chosen:
        raise Conflict(f"there is no parked item {item}; `router replay` lists them")
    for row_id in chosen:
        try:
            taken = pipeline.replay(router, row_id, "cli")
        except RouterError as fault:
            say(f"{row_id}: still fails ({fault})")
        else:
            say(f"{row_id}: went through, ticket {taken.number}")
