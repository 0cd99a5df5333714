"""Waiting for somebody who is neither we nor the requester."""

from datetime import timedelta

import pytest

from router import desk, pipeline
from router.core.rights import Who
from router.errors import Conflict, Invalid
from router.prepared import Terms
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

MEI = Who(id=1, name="Mei", role="agent", teams=frozenset({1}), locale="zh")


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door)), MEI)


@pytest.fixture
def ticket(router, door):
    raw = door.arrives(text="my transfer is pending", message_id="<a@m.example>")
    return pipeline.receive(router, door, [raw], Terms())[0].ticket_id


@pytest.fixture
def answered(router, ticket):
    """The requester has an answer and wrote again."""
    desk.reply(router, MEI, ticket, "We look at it.", once="one")
    desk.go_on(router, MEI, ticket)
    return ticket


def state(router, ticket):
    with router.store.reading() as unit:
        return unit.value("SELECT state FROM ticket WHERE id = :t", t=ticket)


def clock(router, ticket, kind="resolution"):
    with router.store.reading() as unit:
        return unit.row(
            "SELECT * FROM sla_clock WHERE ticket_id = :t AND kind = :kind ORDER BY id DESC",
            t=ticket,
            kind=kind,
        )


def test_what_waits_for_a_bank_stands_still_and_goes_on_with_all_that_was_left(
    router, answered, frozen
):
    due = clock(router, answered).due_at
    desk.wait_for(router, MEI, answered, "bank")
    assert (state(router, answered), clock(router, answered).due_at) == ("waiting", None)
    frozen.advance(timedelta(hours=2))
    desk.go_on(router, MEI, answered)
    assert state(router, answered) == "open"
    assert clock(router, answered).due_at == due + 2 * 3_600_000_000


def test_an_answer_that_is_owed_stays_owed_and_in_sight(router, ticket):
    due = clock(router, ticket, "first_response").due_at
    desk.wait_for(router, MEI, ticket, "risk")
    assert state(router, ticket) == "new"
    assert clock(router, ticket, "first_response").due_at == due
    assert clock(router, ticket).due_at is None


def test_reports_know_that_it_was_a_third_party(router, answered):
    desk.wait_for(router, MEI, answered, "chain")
    with router.store.reading() as unit:
        paused = unit.rows(
            "SELECT params FROM entry WHERE ticket_id = :t AND code = 'sla_paused' ORDER BY id",
            t=answered,
        )
    assert "third_party" in paused[-1].params


def test_waiting_can_be_taken_back(router, answered):
    before = clock(router, answered)
    desk.wait_for(router, MEI, answered, "bank")
    with router.store.reading() as unit:
        batch = unit.value("SELECT batch FROM act ORDER BY id DESC LIMIT 1")
    desk.undo(router, MEI, batch)
    assert state(router, answered) == "open"
    assert clock(router, answered).due_at == before.due_at


def test_a_closed_ticket_waits_for_nobody_and_nobody_is_invented(router, answered):
    with pytest.raises(Invalid):
        desk.wait_for(router, MEI, answered, "godot")
    desk.close(router, MEI, answered)
    with pytest.raises(Conflict):
        desk.wait_for(router, MEI, answered, "bank")
    with pytest.raises(Conflict):
        desk.go_on(router, MEI, answered)
