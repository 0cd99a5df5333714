"""One customer at each door: a ticket of the right category, one honest acknowledgement, and an
agent's answer that reaches them exactly once. A door that is added must tell its story here."""

from functools import partial

import pytest

from channels import registry
from channels.contract import Polls
from router import polling, sweeps
from router.sandbox.ledger import Ledger
from router.sandbox.server import Sandbox
from router.store import people
from router.vault import Vault
from tests.pages import app_of
from tests.sandbox.conftest import received, until
from tests.walks.conftest import serving
from tests.walks.doors import STORIES
from tests.web.conftest import Browser

KINDS = registry.kinds()
DUTIES = {duty.name: duty for duty in sweeps.DUTIES}
TEXT, ANSWER = "我昨天转账五百块到现在还没有到账，请帮我查一下", "已经查到，今天之内到账。"


@pytest.fixture
def desk(assembled, frozen):
    """A desk whose channels are all the sandbox's, served; and the sandbox."""
    router = assembled()
    sandbox = Sandbox(ledger=Ledger(lambda: frozen.now().timestamp()))
    sandbox.start()
    lend = partial(Vault, store=router.store, keys=router.keys, lent=sandbox.secrets())
    router.doors.switch_on(sandbox.channels(), lend)
    with serving(router) as url:
        sandbox.call(url)
        yield router, url, sandbox
    sandbox.stop()


@pytest.fixture
def story(desk, request):
    """The story of one door; a door of its own is switched on with it."""
    router, url, sandbox = desk
    told = STORIES[request.param](router, url, sandbox)
    lend = partial(Vault, store=router.store, keys=router.keys, lent=told.secrets)
    router.doors.switch_on(told.options, lend)
    yield told
    told.stop()


@pytest.fixture
def work(desk):
    """What the worker does until there is nothing more to do."""
    router, _, _ = desk

    def do():
        for place in router.doors:
            door = router.doors.open(*place)
            if isinstance(door, Polls):
                polling.poll(router, door)
        sweeps.tick(router, DUTIES["journal"])
        until(lambda: not received(router))  # the receiver's own thread may be at it
        for name in ("calls", "deliver", "look_up", "deliver"):
            sweeps.tick(router, DUTIES[name])

    return do


@pytest.fixture
def agent(desk):
    """Mei's browser."""
    router, _, _ = desk

    def hire(unit):
        teams = ["support", "security"]
        agent_id = people.create_agent(unit, "mei@desk.example", "林美", "agent", teams)
        unit.flush()
        return people.open_session(unit, agent_id, hours=1)

    app = app_of(router)
    yield Browser(app, router.store.write(hire))
    app.extensions["hub"].close()


def test_every_door_has_its_story():
    assert set(KINDS) <= set(STORIES)


@pytest.mark.parametrize("story", KINDS, indirect=True)
def test_a_customer_at_this_door_is_heard_and_answered_once(desk, story, work, agent):
    router, _, _ = desk
    story.write(TEXT)
    work()
    with router.store.reading() as unit:
        (ticket,) = unit.rows("SELECT * FROM ticket")
        acks = unit.rows("SELECT state, reason FROM outbox WHERE purpose = 'acknowledgement'")
    assert (ticket.channel, ticket.category) == (story.kind, "transfer.pending")
    if story.carries:
        (acknowledgement,) = [said for said in story.read() if ticket.number in said]
        assert "转账" in acknowledgement or "钱" in acknowledgement or "您" in acknowledgement
        for _ in range(2):  # a double click
            form = {"text": ANSWER, "once": "walk-0001"}
            assert agent.post(f"/ticket/{ticket.number}/reply", form).status_code == 303
    else:
        assert [(one.state, one.reason) for one in acks] == [("held", "no_channel")]
        story.answer()
    for _ in range(3):
        work()
    heard = story.read()
    assert sum(ANSWER in said for said in heard) == (1 if story.carries else 0)
    assert len(heard) == (2 if story.carries else 1)
