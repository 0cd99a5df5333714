"""Whoever stands in the copy of an incoming mail is told nothing by the desk."""

import pytest

from router import deliver, desk
from tests.fakes import FakeDoors
from tests.router.mailroom import Mailroom, mail, receive
from tests.staff import hired

pytestmark = pytest.mark.one_database

PASS = "mx.desk.example; dmarc=pass header.from=mail.example"
COPIED = {"Cc": "Boss <boss@bank.example>, all@list.example", "Authentication_Results": PASS}


@pytest.fixture
def door():
    return Mailroom("help@desk.example")


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def mei(router):
    return hired(router, "Mei", "admin")


def _clocks(router):
    with router.store.reading() as unit:
        return {row.kind: row for row in unit.rows("SELECT * FROM sla_clock")}


def test_an_acknowledgement_and_an_answer_go_to_the_sender_alone(router, door, mei):
    taken = receive(router, door, mail(body="My transfer is missing", **COPIED))
    deliver.sweep(router)
    desk.reply(router, mei, taken.ticket_id, "It will arrive today.", once="r1")
    deliver.sweep(router)
    assert len(door.out) == 2
    for sent in door.out:
        assert b"lin@mail.example" in sent
        assert b"boss@bank.example" not in sent
        assert b"list.example" not in sent


def test_an_acknowledgement_is_no_first_answer(router, door, mei):
    taken = receive(router, door, mail(body="My transfer is missing", **COPIED))
    deliver.sweep(router)
    assert _clocks(router)["first_response"].met_at is None
    desk.reply(router, mei, taken.ticket_id, "It will arrive today.", once="r1")
    assert _clocks(router)["first_response"].met_at is not None
