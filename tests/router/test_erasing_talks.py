"""Chats and calls of somebody who is erased: gone, and not brought back by what comes late."""

import pytest

from channels.contract import Call
from router import chatting, desk, retention
from router.errors import NotFound
from router.store import calls
from tests.chats import ChatDoors, begun, say, token
from tests.staff import hired
from tests.tables import tables_of


@pytest.fixture
def router(assembled):
    return assembled(doors=ChatDoors())


@pytest.fixture
def mei(router):
    return hired(router, "Mei", "admin")


def ticket_of(router):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM ticket ORDER BY id LIMIT 1")


def erase(router, requester_id):
    row_id = retention.ask(router, requester_id, agent_id=None)
    while not retention.is_done(router, row_id):
        assert retention.sweep(router)


def kept(router):
    """Everything in the database as one text."""
    with router.store.reading() as unit:
        tables = tables_of(router.store)
        rows = [
            row
            for table in tables
            if not table.startswith("search")
            for row in unit.rows(f'SELECT * FROM "{table}"')
        ]
    return "\n".join(str(value) for row in rows for value in row)


def test_a_chat_leaves_nothing_and_its_window_begins_anew(router, mei, frozen):
    row, word = begun(router, proof=token(frozen.now()))
    say(router, row, "my canary transfer", name="林晓雨", email="lin.canary@mail.example")
    desk.reply(router, mei, ticket_of(router).id, "canary answer", once="r")
    assert "林晓雨" in kept(router)
    erase(router, ticket_of(router).requester_id)
    left = kept(router)
    for needle in ("canary", "林晓雨", "w-4711"):
        assert needle not in left, needle
    with pytest.raises(NotFound):
        chatting.enter(router, word)


def test_a_late_report_of_a_call_brings_nothing_back(router, frozen):
    row, _ = begun(router)
    say(router, row, "please call me")
    ticket = ticket_of(router)

    def hear(unit, **news):
        return calls.hear(unit, "phone", "main", Call(id="call-1", stage=2, **news))

    call_id = router.store.write(lambda unit: hear(unit, number="+8613800000000", note="hello"))
    router.store.write(
        lambda unit: calls.told(unit, calls.find(unit, call_id), ["call"], ticket.id)
    )
    erase(router, ticket.requester_id)
    router.store.write(lambda unit: hear(unit, number="+8613800000000", transcript="canary words"))
    left = kept(router)
    assert "13800000000" not in left
    assert "canary" not in left
