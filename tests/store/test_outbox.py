"""The outbox: claimed by one, settled once, honest about what nobody can know."""

from datetime import timedelta

import pytest

from router.store import outbox
from router.store.batch import Draft, write
from router.store.shapes import Identity, Outbox, Requester

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


def _queue(store, row_id, rows, **columns):
    """So many more rows as this one, a microsecond apart."""

    def work(unit):
        row = outbox.find(unit, row_id).as_dict() | columns
        del row["created_at"], row["due_at"]
        for number in range(rows):
            due = unit.now_us - rows + number
            unit.put(
                Outbox,
                **row | {"id": unit.new_id(), "once": f"{unit.new_id()}"},
                created_at=unit.now_us,
                due_at=due,
            )

    store.write(work)


def test_rows_of_a_channel_that_cannot_speak_hide_no_others(store, row_id):
    _queue(store, row_id, 60)
    _queue(store, row_id, 1, account="b")
    assert _claim(store, without={("email", "a")}).account == "b"


def test_what_people_wrote_goes_before_acknowledgements_that_wait_longer(store, row_id, frozen):
    _queue(store, row_id, 60)
    frozen.advance(timedelta(minutes=1))
    _queue(store, row_id, 1, purpose="reply")
    assert _claim(store).purpose == "reply"


def test_of_many_accounts_the_one_whose_row_waits_longest_is_first(store, row_id, frozen):
    _queue(store, row_id, 1, account="b")
    frozen.advance(timedelta(minutes=1))
    _queue(store, row_id, 1, channel="x", account="c")
    said = [_claim(store).account for _ in range(3)]
    assert said == ["b", "a", "c"]


def test_what_is_not_due_yet_is_not_claimed(store, row_id, frozen):
    frozen.advance(timedelta(seconds=-1))
    assert _claim(store) is None
    with store.reading() as unit:
        assert not outbox.pending(unit)


@pytest.mark.parametrize("rows", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_whoever_claims_passes_over_no_rows_of_others(store, row_id, rows):
    for place in ("a", "b"):
        _queue(store, row_id, rows // 2, account=place)
    store.write(lambda unit: unit.run("ANALYZE outbox"))  # as PostgreSQL does by itself in time
    with store.reading() as unit:
        asked = "EXPLAIN QUERY PLAN" if unit.dialect == "sqlite" else "EXPLAIN ANALYZE"
        plan = unit.rows(f"{asked} {outbox._DUE}", now=unit.now_us)
    reads = [str(tuple(line)) for line in plan if "outbox" in str(line) or " o " in str(line)]
    assert not [line for line in reads if "Seq Scan" in line or "SCAN o" in line]
    assert sum("ix_outbox_turn" in line for line in reads) >= 4


def test_a_row_is_settled_once(store, row_id):
    row = _claim(store)
    assert store.write(lambda unit: outbox.settle(unit, row, "sent"))
    assert not store.write(lambda unit: outbox.settle(unit, row, "failed"))
    assert _state(store, row_id) == "sent"


def test_a_row_is_settled_by_the_try_that_claimed_it_last(store, row_id):
    early = _claim(store)
    store.write(lambda unit: outbox.settle(unit, early, "queued"))
    late = _claim(store)
    assert not store.write(lambda unit: outbox.settle(unit, early, "failed"))
    assert store.write(lambda unit: outbox.settle(unit, late, "sent"))


@pytest.fixture
def given_up(store, row_id, frozen):
    """A row whose worker was so slow that it was taken for dead."""
    row = _claim(store)
    frozen.advance(timedelta(seconds=61))
    store.write(lambda unit: outbox.give_up(unit, row, "unknown", reason=outbox.DIED))
    return row


def test_a_worker_that_lives_after_all_says_what_came_of_its_try(store, given_up):
    assert store.write(lambda unit: outbox.settle(unit, given_up, "failed", reason="no mailbox"))


def test_a_worker_that_lives_after_all_and_does_not_know_either_says_nothing_new(store, given_up):
    assert not store.write(lambda unit: outbox.doubt(unit, given_up, "unknown", reason="line died"))


def test_a_worker_that_lives_after_all_goes_on(store, given_up):
    assert store.write(lambda unit: outbox.hold(unit, given_up, lease_us=LEASE))
    assert _state(store, given_up.id) == "sending"
    with store.reading() as unit:
        assert outbox.lost(unit) == []


def test_what_a_person_decided_meanwhile_stands(store, given_up):
    store.write(lambda unit: outbox.move(unit, given_up.id, ["unknown"], "cancelled"))
    assert not store.write(lambda unit: outbox.hold(unit, given_up, lease_us=LEASE))
    assert not store.write(lambda unit: outbox.settle(unit, given_up, "queued"))


def test_a_row_that_was_held_meanwhile_is_not_given_up(store, row_id, frozen):
    row = _claim(store)
    frozen.advance(timedelta(seconds=61))
    store.write(lambda unit: outbox.hold(unit, row, lease_us=LEASE))
    assert not store.write(lambda unit: outbox.give_up(unit, row, "unknown", reason=outbox.DIED))


def test_what_was_sent_does_not_go_out_again_though_it_was_queued_again(store, given_up):
    store.write(lambda unit: outbox.move(unit, given_up.id, ["unknown"], "queued"))
    assert store.write(lambda unit: outbox.found(unit, given_up.id, "far-1"))
    assert _claim(store) is None


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
