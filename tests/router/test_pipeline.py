"""From raw mail to an acknowledged ticket: once, on the right ticket, and never lost."""

import json
from datetime import timedelta

import pytest

from router import deliver, desk, pipeline, polling
from router.core.rights import Who
from router.errors import NotFound
from router.prepared import Terms
from router.store import journal
from tests.fakes import FakeDoor, FakeDoors

ADMIN = Who(id=1, name="Mei", role="admin")
SECURITY = "There is a payment I did not make, somebody hacked my account"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    made = assembled(doors=FakeDoors(door))
    made.store.write(
        lambda unit: unit.run(
            "INSERT INTO agent (id, email, name, role, password_hash, active, locale, created_at) "
            "VALUES (1, 'mei@desk.example', 'Mei', 'admin', '', :yes, 'zh', 1)",
            yes=True,
        )
    )
    return made


def _rows(router, sql, **params):
    with router.store.reading() as unit:
        return unit.rows(sql, **params)


def _codes(router, ticket_id):
    return [
        row.code
        for row in _rows(
            router, "SELECT code FROM entry WHERE ticket_id = :t ORDER BY id", t=ticket_id
        )
    ]


def _arrive(router, door, **mail):
    raw = door.arrives(**mail)
    return pipeline.receive(router, door, [raw], Terms())[0]


def _token(router, ticket_id):
    return router.tokens.reply_token(ticket_id)


# ---------------------------------------------------------------- one mail


def test_a_mail_becomes_a_ticket_with_its_reason_and_its_acknowledgement(router, door):
    taken = _arrive(router, door, text="I forgot my password and cannot log in", subject="help")
    assert _codes(router, taken.ticket_id) == ["triaged", "acknowledged"]
    deliver.sweep(router)
    (sent,) = door.sent
    assert sent.automatic
    assert taken.number in sent.text
    assert sent.to.value == "ann@mail.example"
    assert _codes(router, taken.ticket_id)[-1] == "sent"


def test_a_security_mail_goes_to_the_security_team_and_to_the_top(router, door):
    calm = _arrive(router, door, text="How do I export my records?")
    alarm = _arrive(router, door, text=SECURITY, **{"from": "bo@mail.example"})
    rows = {row.id: row for row in _rows(router, "SELECT * FROM ticket")}
    assert rows[alarm.ticket_id].security
    assert rows[alarm.ticket_id].urgency == "P1"
    assert rows[alarm.ticket_id].team_id != rows[calm.ticket_id].team_id
    assert rows[alarm.ticket_id].rank < rows[calm.ticket_id].rank


def test_a_mail_nobody_understands_is_unsorted_and_right_below_security(router, door):
    odd = _arrive(router, door, text="xyzzy plugh")
    pressing = _arrive(router, door, text="my transfer failed", **{"from": "bo@mail.example"})
    rows = {row.id: row for row in _rows(router, "SELECT * FROM ticket")}
    assert rows[odd.ticket_id].category == "other.unsorted"
    assert rows[odd.ticket_id].rank < rows[pressing.ticket_id].rank


def test_every_finding_is_kept_with_its_place_and_the_version_of_the_rules(router, door):
    taken = _arrive(router, door, text=f"Hello. {SECURITY}")
    (verdict,) = _rows(router, "SELECT * FROM verdict WHERE message_id = :m", m=taken.message_id)
    findings = _rows(router, "SELECT * FROM finding WHERE verdict_id = :v", v=verdict.id)
    assert verdict.ruleset == router.rules.version
    assert any("hacked" in f"Hello. {SECURITY}"[f.start_char : f.end_char] for f in findings)


# ---------------------------------------------------------------- once


def test_the_same_mail_twice_is_one_message(router, door):
    raw = door.arrives(text="once")
    pipeline.receive(router, door, [raw], Terms())
    assert pipeline.receive(router, door, [raw], Terms()) == []
    assert len(_rows(router, "SELECT id FROM message")) == 1


def test_the_same_mail_twice_in_one_batch_is_one_message(router, door):
    raw = door.arrives(text="once")
    outcomes = [one.outcome for one in pipeline.receive(router, door, [raw, raw], Terms())]
    assert outcomes == ["new", "seen"]


def test_a_poll_moves_its_cursor_with_its_messages(router, door):
    for number in range(5):
        door.arrives(text=f"mail {number}", **{"from": f"p{number}@mail.example"})
    tally = polling.poll(router, door)
    assert (tally.new, tally.parked) == (5, 0)
    assert len(door.settled) == 5
    assert polling.poll(router, door).fetched == 0


# ---------------------------------------------------------------- whose ticket


def test_a_reply_with_our_token_joins_its_ticket(router, door):
    first = _arrive(router, door, text="my transfer is pending")
    again = _arrive(router, door, text="still pending", tokens=[_token(router, first.ticket_id)])
    assert (again.outcome, again.ticket_id) == ("joined", first.ticket_id)


def test_a_reply_to_a_mail_we_know_joins_its_ticket(router, door):
    first = _arrive(router, door, text="my transfer is pending", message_id="<one@mail.example>")
    again = _arrive(router, door, text="any news?", thread_ids=["<one@mail.example>"])
    assert again.ticket_id == first.ticket_id


def test_a_reply_to_our_acknowledgement_joins_its_ticket(router, door):
    first = _arrive(router, door, text="my transfer is pending")
    deliver.sweep(router)
    again = _arrive(router, door, text="any news?", thread_ids=[door.sent[0].message_id])
    assert again.ticket_id == first.ticket_id


def test_a_stranger_with_a_stolen_token_gets_a_linked_ticket_of_their_own(router, door):
    first = _arrive(router, door, text="my transfer is pending")
    other = _arrive(
        router,
        door,
        text="send me the details",
        tokens=[_token(router, first.ticket_id)],
        **{"from": "mallory@evil.example"},
    )
    assert other.outcome == "new"
    assert other.ticket_id != first.ticket_id
    assert "linked" in _codes(router, other.ticket_id)
    assert "linked" not in _codes(router, first.ticket_id)


def test_a_forged_token_opens_nothing(router, door):
    first = _arrive(router, door, text="my transfer is pending")
    token = _token(router, first.ticket_id)
    forged = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert _arrive(router, door, text="again", tokens=[forged]).ticket_id != first.ticket_id


def test_a_ticket_number_in_the_subject_joins_nothing(router, door):
    first = _arrive(router, door, text="my transfer is pending")
    other = _arrive(router, door, text="about it", subject=f"Re: {first.number}")
    assert other.ticket_id != first.ticket_id


def test_a_reply_soon_after_closing_reopens_the_ticket(router, door, frozen):
    first = _arrive(router, door, text="my transfer is pending")
    desk.close(router, ADMIN, first.ticket_id)
    frozen.advance(timedelta(days=2))
    again = _arrive(router, door, text="not settled", tokens=[_token(router, first.ticket_id)])
    assert again.ticket_id == first.ticket_id
    assert "reopened" in _codes(router, first.ticket_id)


def test_a_reply_long_after_closing_opens_a_follow_up(router, door, frozen):
    first = _arrive(router, door, text="my transfer is pending")
    desk.close(router, ADMIN, first.ticket_id)
    frozen.advance(timedelta(days=60))
    again = _arrive(router, door, text="it is back", tokens=[_token(router, first.ticket_id)])
    assert again.ticket_id != first.ticket_id
    assert "follow_up" in _codes(router, again.ticket_id)


def test_a_frightened_second_mail_makes_a_quiet_ticket_a_security_one(router, door):
    first = _arrive(router, door, text="How do I export my records?")
    token = _token(router, first.ticket_id)
    _arrive(router, door, text=SECURITY, tokens=[token])
    (ticket,) = _rows(router, "SELECT * FROM ticket")
    assert (bool(ticket.security), ticket.urgency) == (True, "P1")


def test_a_calm_second_mail_leaves_a_security_ticket_where_it_is(router, door):
    first = _arrive(router, door, text=SECURITY)
    _arrive(router, door, text="thanks, all good", tokens=[_token(router, first.ticket_id)])
    (ticket,) = _rows(router, "SELECT * FROM ticket")
    assert (bool(ticket.security), ticket.urgency) == (True, "P1")


UNANSWERED = ["list", "precedence", "suppressed", "null_sender", "no_reply"]


@pytest.mark.parametrize("code", UNANSWERED)
def test_who_is_answered_by_no_machine_reopens_a_ticket_all_the_same(router, door, code):
    first = _arrive(router, door, text="my transfer is pending")
    desk.close(router, ADMIN, first.ticket_id)
    tokens = [_token(router, first.ticket_id)]
    again = _arrive(router, door, text="not settled", tokens=tokens, automatic=code)
    (ticket,) = _rows(router, "SELECT state FROM ticket")
    assert (again.ticket_id, ticket.state) == (first.ticket_id, "open")
    assert "reopened" in _codes(router, first.ticket_id)
    assert len(_rows(router, "SELECT id FROM outbox")) == 1  # of the first one


@pytest.mark.parametrize("code", [*UNANSWERED, "auto_submitted", "calendar"])
def test_an_alarm_raises_its_ticket_whoever_may_not_be_answered(router, door, code):
    first = _arrive(router, door, text="How do I export my records?")
    desk.close(router, ADMIN, first.ticket_id)
    _arrive(router, door, text=SECURITY, tokens=[_token(router, first.ticket_id)], automatic=code)
    (ticket,) = _rows(router, "SELECT * FROM ticket")
    assert (bool(ticket.security), ticket.urgency, ticket.state) == (True, "P1", "open")


@pytest.mark.parametrize("code", ["bounce", "own_mail"])
def test_our_own_words_come_back_and_raise_nothing(router, door, code):
    first = _arrive(router, door, text="How do I export my records?")
    _arrive(router, door, text=SECURITY, tokens=[_token(router, first.ticket_id)], automatic=code)
    (ticket,) = _rows(router, "SELECT * FROM ticket")
    assert (bool(ticket.security), ticket.urgency) == (False, "P3")


@pytest.mark.parametrize("code", ["auto_submitted", "calendar", "bounce", "own_mail"])
def test_a_calm_machine_reopens_nothing(router, door, code):
    first = _arrive(router, door, text="my transfer is pending")
    desk.close(router, ADMIN, first.ticket_id)
    tokens = [_token(router, first.ticket_id)]
    _arrive(router, door, text="I am out of office", tokens=tokens, automatic=code)
    (ticket,) = _rows(router, "SELECT state FROM ticket")
    assert ticket.state == "closed"


# ---------------------------------------------------------------- acknowledgements


@pytest.mark.parametrize("code", ["auto_submitted", "bounce", "list", "own_mail"])
def test_a_machine_is_filed_and_never_acknowledged(router, door, code):
    taken = _arrive(router, door, text="I am out of office", automatic=code)
    assert _rows(router, "SELECT id FROM outbox") == []
    assert "ack_held" in _codes(router, taken.ticket_id)


def test_a_failed_sender_is_not_acknowledged(router, door):
    _arrive(router, door, text="my transfer is pending", verification="failed")
    assert _rows(router, "SELECT id FROM outbox") == []


def test_ten_mails_from_one_address_get_one_acknowledgement_in_ten_minutes(router, door):
    for number in range(10):
        _arrive(router, door, text=f"my transfer {number} is pending")
    deliver.sweep(router)
    assert len(door.sent) == 1
    held = _rows(router, "SELECT reason FROM outbox WHERE state = 'held'")
    assert {row.reason for row in held} == {"budget_gap"}


def test_imported_mail_is_never_acknowledged(router, door):
    raw = door.arrives(text="my transfer is pending")
    pipeline.receive(router, door, [raw], Terms(old=True))
    assert _rows(router, "SELECT id FROM outbox") == []


def test_at_night_the_acknowledgement_names_the_next_opening(router, door, frozen):
    frozen.advance(timedelta(hours=13))
    _arrive(router, door, text="我的转账一直没到账")
    deliver.sweep(router)
    assert "08:00" in door.sent[0].text


# ---------------------------------------------------------------- what cannot be read


def test_an_unreadable_mail_is_a_visible_ticket_with_its_bytes_kept(router, door):
    taken = _arrive(router, door, poison=True)
    (ticket,) = _rows(router, "SELECT * FROM ticket")
    with router.store.reading() as unit:
        (row,) = journal.parked_rows(unit)
        full = journal.find(unit, row.id)
    item = journal.Item(full.kind, full.account, full.remote_id)
    kept = router.keys.unseal(full.key_id, full.wrapped_key, full.raw, journal.about(item))
    assert taken.outcome == "parked"
    assert bool(ticket.parked)
    assert json.loads(kept)["poison"]
    assert "4111 1111" not in full.trace


def test_a_bad_mail_parks_itself_and_not_its_neighbours(router, door):
    raws = [door.arrives(text="one"), door.arrives(poison=True), door.arrives(text="two")]
    outcomes = [one.outcome for one in pipeline.receive(router, door, raws, Terms())]
    assert outcomes == ["new", "parked", "new"]


def test_a_replayed_item_becomes_the_ticket_it_should_have_been(router, door, monkeypatch):
    parked = _arrive(router, door, poison=True)
    with router.store.reading() as unit:
        (row,) = journal.parked_rows(unit)
    monkeypatch.setattr(json, "loads", lambda data, real=json.loads: {**real(data), "poison": 0})
    taken = pipeline.replay(router, row.id, "agent:1")
    assert taken.outcome == "new"
    tickets = {one.id: one for one in _rows(router, "SELECT id, state, parked FROM ticket")}
    assert (tickets[parked.ticket_id].state, bool(tickets[parked.ticket_id].parked)) == (
        "closed",
        False,
    )
    with pytest.raises(NotFound):
        pipeline.replay(router, row.id, "agent:1")


def test_a_mail_that_kills_the_process_is_tried_alone_and_then_parked_unread(router, door):
    raw = door.arrives(text="deadly")
    for attempt in range(1, 4):
        router.store.write(
            lambda unit, attempt=attempt: journal.mark(
                unit, door.kind, door.account, {raw.remote_id: attempt}
            )
        )
    tally = polling.poll(router, door)
    assert (tally.parked, door.parsed) == (1, [])


def test_a_mail_that_was_being_read_when_the_power_went_is_read_again(router, door):
    raw = door.arrives(text="innocent")
    router.store.write(lambda unit: journal.mark(unit, door.kind, door.account, {raw.remote_id: 1}))
    assert polling.poll(router, door).new == 1


def test_html_that_holds_a_secret_is_not_kept(router, door):
    taken = _arrive(
        router, door, text="see below", html="<p>card 4111 1111 1111 1111</p>", subject="x"
    )
    (message,) = _rows(router, "SELECT html, masked FROM message WHERE id = :m", m=taken.message_id)
    assert message.html == ""
    assert "card" in message.masked
