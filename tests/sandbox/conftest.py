"""A desk that is really served, joined by the sandbox of every platform, both on loopback."""

import threading
from functools import partial

import pytest

from router import sweeps
from router.core.rights import Who
from router.sandbox.ledger import Ledger
from router.sandbox.server import ACCOUNT, PEOPLE, Sandbox
from router.store import people
from router.vault import Vault
from tests.walks.conftest import serving

DUTIES = {duty.name: duty for duty in sweeps.DUTIES}


@pytest.fixture
def sandbox(frozen):
    """Every platform, with the test's clock."""
    made = Sandbox(ledger=Ledger(lambda: frozen.now().timestamp()))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def desk(assembled, sandbox):
    """A router whose channels are the sandbox's, and whose webhooks it can call."""
    router = assembled()
    lend = partial(Vault, store=router.store, keys=router.keys, lent=sandbox.secrets())
    router.doors.switch_on(sandbox.channels(), lend)
    with serving(router) as url:
        sandbox.call(url)
        yield router


def received(desk):
    with desk.store.reading() as unit:
        return unit.value("SELECT COUNT(*) FROM journal WHERE state = 'received'")


def until(holds, seconds=10):
    """The receiver's own thread may be at it."""
    pause = threading.Event()
    for _ in range(seconds * 50):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come to that in time")


@pytest.fixture
def work(desk):
    """Does duties of the desk by name, as its worker would."""

    def do(*names):
        for name in names:
            sweeps.tick(desk, DUTIES[name])
            if name == "journal":
                until(lambda: not received(desk))

    return do


@pytest.fixture
def ask(desk):
    """Rows of the desk's database."""

    def rows(sql, **params):
        with desk.store.reading() as unit:
            return unit.rows(sql, **params)

    return rows


@pytest.fixture
def agent(desk):
    """Mei, who may answer everything."""

    def work(unit):
        teams = ["support", "security"]
        agent_id = people.create_agent(unit, "mei@desk.example", "林美", "agent", teams)
        return agent_id, frozenset(people.team_ids(unit)[key] for key in teams)

    agent_id, teams = desk.store.write(work)
    return Who(id=agent_id, name="林美", role="agent", teams=teams, locale="zh")


@pytest.fixture
def person():
    """The customer of a channel, and the account's name."""
    return PEOPLE.__getitem__


__all__ = ["ACCOUNT"]
