"""The outbox: claimed by one, settled once, honest about what nobody can know."""

from datetime import timedelta

import pytest

from router.store import outbox
from router.store.batch import Draft, write
from router.store.shapes import Identity, Requester

LEASE = 60_000_000


@pytest.fixture
def row_id(store):
    def fill(unit):
        person, handle, ticket = unit.new_id(), unit.new_id(), unit.new_id()
        unit.put(Requester, id=person, created_at=1)
        unit.put(
            Identity,
            id=handle,
            requester_id=person,
            kind="email",
            value="a@x.example",
            created_at=1,
        )
        draft = Draft(
            id=ticket,
            number="WT-1",
            subject="",
            requester_id=person,
            identity_id=handle,
            channel="email",
            account="a",
            team_id=1,
            category="other.unsorted",
            urgency="P3",
            opened_at=1,
            updated_at=1,
            new=True,
        )
        write(unit, [draft])
        return outbox.queue(
            unit,
            ticket_id=ticket,
            purpose="acknowledgement",
            once=f"ack:{ticket}",
            channel="email",
            account="a",
            identity_id=handle,
            state="queued",
        )

    return store.write(fill)


def _claim(store, **options):
    return store.write(lambda unit: outbox.claim(unit, lease_us=LEASE, **options))


def _state(store, row_id):
    with store.reading() as unit:
        return outbox.find(unit, row_id).state


def test_a_row_is_claimed_by_one_worker_only(store, row_id):
    assert _claim(store).id == row_id
    assert _claim(store) is None
    assert _state(store, row_id) == "sending"


def test_a_claimed_row_knows_whom_it_goes_to(store, row_id):
    row = _claim(store)
    assert (row.handle_kind, row.handle, row.attempts) == ("email", "a@x.example", 1)


def test_a_channel_that_cannot_speak_is_passed_over(store, row_id):
    assert _claim(store, without={("email", "a")}) is None
    assert _claim(store, without={("email", "b")}).id == row_id


def test_a_row_is_settled_once(store, row_id):
    _claim(store)
    assert store.write(lambda unit: outbox.settle(unit, row_id, "sent"))
    assert not store.write(lambda unit: outbox.settle(unit, row_id, "failed"))
    assert _state(store, row_id) == "sent"


def test_a_row_whose_worker_died_is_found_after_its_lease(store, row_id, frozen):
    _claim(store)
    with store.reading() as unit:
        assert outbox.lost(unit) == []
    frozen.advance(timedelta(seconds=61))
    with store.reading() as unit:
        assert [row.id for row in outbox.lost(unit)] == [row_id]


def test_a_row_that_is_under_way_cannot_be_cancelled(store, row_id):
    _claim(store)
    assert not store.write(lambda unit: outbox.move(unit, row_id, ["queued"], "cancelled"))


def test_the_same_word_is_said_only_once(store, row_id):
    with store.reading() as unit:
        row = outbox.find(unit, row_id)
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write(
            lambda unit: outbox.queue(
                unit,
                ticket_id=row.ticket_id,
                purpose="acknowledgement",
                once=row.once,
                channel="email",
                account="a",
                identity_id=row.identity_id,
                state="queued",
            )
        )
