"""What an agent does: one commit each, within rights, on the timeline, with the clocks moved."""

from datetime import timedelta

import pytest

from router import deliver, desk, escalate, pipeline, sweeps
from router.core.rights import Who
from router.errors import Conflict, Invalid, NotAllowed, NotFound
from router.prepared import Terms
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

MEI = Who(id=1, name="Mei", role="agent", teams=frozenset({1}), locale="zh")
LEAD = Who(id=2, name="Hua", role="lead", teams=frozenset({1, 2}), locale="zh")


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door)), MEI, LEAD)


@pytest.fixture
def ticket(router, door):
    raw = door.arrives(
        text="my transfer is pending", subject="Transfer", message_id="<a@m.example>"
    )
    return pipeline.receive(router, door, [raw], Terms())[0].ticket_id


@pytest.fixture
def alarm(router, door):
    text = "There is a payment I did not make, my account was hacked"
    raw = door.arrives(text=text, **{"from": "bo@mail.example"})
    return pipeline.receive(router, door, [raw], Terms())[0].ticket_id


def _row(router, ticket_id):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM ticket WHERE id = :id", id=ticket_id)


def _codes(router, ticket_id):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT code FROM entry WHERE ticket_id = :t ORDER BY id", t=ticket_id)
        return [row.code for row in rows]


def _clocks(router, ticket_id):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT * FROM sla_clock WHERE ticket_id = :t", t=ticket_id)
        return {row.kind: row for row in rows}


def test_a_reply_goes_out_once_and_the_ticket_waits(router, door, ticket):
    deliver.sweep(router)
    desk.reply(router, MEI, ticket, "It will arrive today.", once="r1")
    desk.reply(router, MEI, ticket, "It will arrive today.", once="r1")
    deliver.sweep(router)
    replies = [one for one in door.sent if not one.automatic]
    assert [one.text for one in replies] == ["It will arrive today."]
    assert replies[0].subject == "Re: Transfer"
    assert replies[0].thread_ids[0] == "<a@m.example>"
    assert _row(router, ticket).state == "waiting"
    assert _row(router, ticket).assignee_id == MEI.id


def test_a_reply_meets_the_promise_and_stops_the_clock(router, ticket):
    desk.reply(router, MEI, ticket, "It will arrive today.", once="r1")
    clocks = _clocks(router, ticket)
    assert clocks["first_response"].met_at is not None
    assert clocks["resolution"].due_at is None
    assert clocks["resolution"].left_us > 0


def test_the_next_message_starts_the_next_promise(router, door, ticket):
    desk.reply(router, MEI, ticket, "It will arrive today.", once="r1")
    raw = door.arrives(text="nothing yet", tokens=[router.tokens.reply_token(ticket)])
    pipeline.receive(router, door, [raw], Terms())
    clocks = _clocks(router, ticket)
    assert clocks["next_response"].due_at is not None
    assert clocks["resolution"].due_at is not None
    assert _row(router, ticket).state in ("open", "new")


def test_a_note_never_leaves_the_desk(router, door, ticket):
    desk.note(router, MEI, ticket, "Sounds like the bank's night run.", once="n1")
    desk.note(router, MEI, ticket, "Sounds like the bank's night run.", once="n1")
    deliver.sweep(router)
    assert [one for one in door.sent if not one.automatic] == []
    assert _codes(router, ticket).count("noted") == 1


def test_a_card_number_an_agent_pastes_is_masked(router, ticket):
    desk.note(router, MEI, ticket, "card 4111 1111 1111 1111", once="n1")
    with router.store.reading() as unit:
        (text,) = [row.text for row in unit.rows("SELECT text FROM message WHERE direction='note'")]
    assert "4111 1111" not in text


def test_a_ticket_of_another_team_does_not_exist_for_an_agent(router, alarm):
    for verb in (
        lambda: desk.reply(router, MEI, alarm, "hello", once="x"),
        lambda: desk.close(router, MEI, alarm),
        lambda: desk.assign(router, MEI, alarm, MEI.id),
    ):
        with pytest.raises(NotFound):
            verb()
    desk.assign(router, LEAD, alarm, LEAD.id)


def test_an_agent_may_not_send_a_held_row_again(router, ticket):
    with router.store.reading() as unit:
        row_id = unit.value("SELECT id FROM outbox")
    with pytest.raises(NotAllowed):
        desk.retry_outbox(router, MEI, row_id)


def test_a_row_that_was_sent_cannot_be_cancelled(router, ticket):
    deliver.sweep(router)
    with router.store.reading() as unit:
        row_id = unit.value("SELECT id FROM outbox")
    with pytest.raises(Conflict):
        desk.cancel_outbox(router, LEAD, row_id)


def test_closing_meets_everything_and_reopening_starts_again(router, ticket):
    desk.close(router, MEI, ticket)
    assert all(clock.met_at for clock in _clocks(router, ticket).values())
    assert _row(router, ticket).standing == 2
    desk.reopen(router, MEI, ticket)
    assert _row(router, ticket).standing == 0
    assert [one for one in _codes(router, ticket) if one in ("closed", "reopened")] == [
        "closed",
        "reopened",
    ]


def test_a_persons_correction_outranks_the_rules(router, alarm):
    desk.set_category(router, LEAD, alarm, "transfer.pending")
    desk.set_urgency(router, LEAD, alarm, "P3")
    row = _row(router, alarm)
    assert (row.category, row.urgency, bool(row.security)) == ("transfer.pending", "P3", False)


def test_urgency_moves_the_promise(router, ticket):
    before = _clocks(router, ticket)["first_response"].due_at
    desk.set_urgency(router, MEI, ticket, "P1")
    assert _clocks(router, ticket)["first_response"].due_at < before


def test_tags_are_put_on_once_and_taken_off(router, ticket):
    desk.tag(router, MEI, ticket, "VIP customer")
    desk.tag(router, MEI, ticket, "vip-customer")
    assert _codes(router, ticket).count("tagged") == 1
    desk.untag(router, MEI, ticket, "vip-customer")
    with router.store.reading() as unit:
        assert unit.rows("SELECT tag FROM ticket_tag WHERE ticket_id = :t", t=ticket) == []


@pytest.mark.parametrize(
    ("verb", "field"),
    [
        (lambda r, t: desk.reply(r, MEI, t, "   ", once="x"), "text"),
        (lambda r, t: desk.reply(r, MEI, t, "x" * 60_000, once="x"), "text"),
        (lambda r, t: desk.tag(r, MEI, t, "<script>"), "tag"),
        (lambda r, t: desk.set_category(r, MEI, t, "no.such"), "category"),
        (lambda r, t: desk.set_urgency(r, MEI, t, "P9"), "urgency"),
        (lambda r, t: desk.assign(r, MEI, t, 999), "assignee"),
        (lambda r, t: desk.move_team(r, LEAD, t, 999), "team"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(router, ticket, verb, field):
    before = _codes(router, ticket)
    with pytest.raises(Invalid) as caught:
        verb(router, ticket)
    assert caught.value.field == field
    assert _codes(router, ticket) == before


def test_a_broken_promise_is_marked_once_and_rises(router, ticket, frozen):
    frozen.advance(timedelta(days=3))
    assert escalate.sweep(router) >= 1
    assert escalate.sweep(router) == 0
    assert "sla_breached" in _codes(router, ticket)


def test_every_act_leaves_a_line_in_the_audit_log(router, ticket):
    desk.close(router, MEI, ticket)
    with router.store.reading() as unit:
        lines = unit.rows("SELECT actor, action, subject FROM audit WHERE actor = 'agent:1'")
    assert [tuple(line) for line in lines] == [("agent:1", "ticket.close", f"ticket:{ticket}")]


@pytest.mark.parametrize("duty", sweeps.DUTIES, ids=lambda duty: duty.name)
def test_every_duty_can_be_ticked_at_any_time(router, ticket, duty):
    sweeps.tick(router, duty)
    sweeps.tick(router, duty)
