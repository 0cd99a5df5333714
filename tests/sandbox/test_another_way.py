"""One person on two channels: where one is closed, an answer goes by the other."""

from datetime import timedelta

import pytest

from router import desk as acts
from router.errors import Invalid
from router.store import people
from router.writing import Letter
from tests.pages import app_of
from tests.web.conftest import Browser

MESSENGER, WECHAT = "2000000000000042", "oSandboxOpenid_000000000042"


@pytest.fixture
def one_person(desk, sandbox, work, ask, frozen):
    """Wrote by Messenger nine days ago, on WeChat just now; a colleague knows it is one person."""
    sandbox.messenger.write(MESSENGER, "My transfer is still pending")
    work("journal", "deliver")
    frozen.advance(timedelta(days=9))
    sandbox.wechat.write(WECHAT, "请问转账到账了吗")
    work("journal", "deliver")

    def join(unit):
        unit.run("UPDATE identity SET requester_id = (SELECT MIN(requester_id) FROM identity)")
        unit.run("UPDATE ticket SET requester_id = (SELECT MIN(requester_id) FROM identity)")

    desk.store.write(join)
    return ask("SELECT * FROM ticket ORDER BY id")


def identity(ask, kind):
    return ask("SELECT id FROM identity WHERE kind = :kind", kind=kind)[0].id


def told(sandbox, platform, text):
    return sum(line.text == text for line in sandbox.ledger.told(platform, "out"))


def test_the_page_offers_the_other_way_and_the_answer_goes_there_once(
    desk, sandbox, one_person, work, agent, ask
):
    old, _ = one_person
    app = app_of(desk)
    secret = desk.store.write(lambda unit: people.open_session(unit, agent.id, hours=1))
    browser = Browser(app, secret)
    by = identity(ask, "wechat")
    page = browser.get(f"/ticket/{old.number}").text
    assert f'name="by" value="{by}"' in page
    form = {"text": "It has arrived.", "once": "one", "by": str(by)}
    for _ in range(2):
        assert browser.post(f"/ticket/{old.number}/reply", form).status_code == 303
    work("deliver", "deliver")
    app.extensions["hub"].close()
    assert told(sandbox, "wechat", "It has arrived.") == 1
    assert told(sandbox, "messenger", "It has arrived.") == 0
    codes = [row.code for row in ask("SELECT code FROM entry WHERE ticket_id = :id", id=old.id)]
    assert codes.count("other_way") == 1


def test_nobody_is_written_to_by_a_handle_that_is_not_theirs(desk, sandbox, work, agent, ask):
    sandbox.messenger.write(MESSENGER, "My transfer is still pending")
    sandbox.wechat.write(WECHAT, "请问转账到账了吗")
    work("journal")
    (ticket,) = ask("SELECT * FROM ticket WHERE channel = 'messenger'")
    letter = Letter("Hello", by=identity(ask, "wechat"))
    with pytest.raises(Invalid):
        acts.reply(desk, agent, ticket.id, letter, once="one")
    assert ask("SELECT id FROM outbox WHERE purpose = 'reply'") == []


def test_an_open_channel_offers_no_other(desk, sandbox, one_person, agent):
    _, new = one_person
    app = app_of(desk)
    secret = desk.store.write(lambda unit: people.open_session(unit, agent.id, hours=1))
    assert 'name="by"' not in Browser(app, secret).get(f"/ticket/{new.number}").text
    app.extensions["hub"].close()
