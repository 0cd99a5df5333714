"""From raw mail to an acknowledged ticket: once, on the right ticket, and never lost."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from channels.contract import Event, Handle
from router import (
    deliver,
    desk,
    escalate,
    hourbook,
    parking,
    pipeline,
    polling,
    signals,
    sweeps,
)
from router.core.clock import to_us
from router.core.keys import Keyring
from router.core.promises import sla
from router.core.rights import Who
from router.errors import Conflict, KeyMissing, NotFound
from router.prepared import Terms
from router.store import journal
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

ADMIN = Who(id=1, name="Mei", role="admin")
SECURITY = "There is a payment I did not make, somebody hacked my account"


class Telling(FakeDoor):
    """Some of what comes is no message but says that somebody is gone; ``broken``, it cannot be
    read."""

    broken = False

    def parse(self, raw):
        return [] if json.loads(raw.data).get("gone") else super().parse(raw)

    def events(self, raw):
        if self.broken:
            message = "an event nobody foresaw"
            raise ValueError(message)
        return [Event("gone", person=Handle("email", json.loads(raw.data)["gone"]))]


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door)), ADMIN)


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


def _push(router, door, **mail):
    """Journal an item as a webhook does; it is answered, and nobody has read it yet."""
    raw = door.arrives(**mail)
    item = journal.Item(door.kind, door.account, raw.remote_id)
    sealed = router.keys.seal(raw.data, journal.about(item))
    router.store.write(lambda unit: journal.receive(unit, router.keys, item, sealed))


def _journal(router):
    rows = _rows(router, "SELECT state, attempts, error FROM journal ORDER BY id")
    return [(row.state, row.attempts, row.error) for row in rows]


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


@pytest.fixture
def shut(assembled, door, frozen):
    """A desk whose last service hours are over: nobody entered others."""
    hours = {"weekly": {}, "open": {"2026-11-20": [("08:00", "22:00")]}}
    return assembled(doors=FakeDoors(door), hours=hours)


def test_a_desk_without_any_opening_to_come_takes_in_what_it_is_sent(shut, door):
    taken = _arrive(shut, door, text="我的转账一直没到账")
    deliver.sweep(shut)
    escalate.sweep(shut)
    assert taken.outcome == "new"
    assert "尚未确定" in door.sent[0].text
    rows = _rows(shut, "SELECT due_at, breached_at FROM sla_clock")
    assert {(row.due_at, row.breached_at) for row in rows} == {(sla.NEVER, None)}


def test_an_alarm_at_a_desk_without_any_opening_rings_and_is_promised_an_answer(shut, door, frozen):
    taken = _arrive(shut, door, text="我的账户被盗了，有一笔不是我转的")
    assert escalate.climb(shut) == 1
    (row,) = _rows(shut, f"SELECT security, due_at FROM ticket WHERE id = {taken.ticket_id}")
    assert row.security
    assert row.due_at <= to_us(frozen.now() + timedelta(hours=1))


def test_what_a_desk_without_any_opening_promised_is_counted_once_it_has_hours(
    shut, door, frozen, assembled
):
    _arrive(shut, door, text="我的转账一直没到账")
    hourbook.recount(shut.store, assembled().policies, "desk")
    (row,) = _rows(shut, "SELECT due_at FROM sla_clock WHERE kind = 'first_response'")
    assert row.due_at < to_us(frozen.now() + timedelta(days=7))


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


# ---------------------------------------------------------------- what was pushed


def test_a_pushed_item_whose_seal_is_broken_is_parked_and_not_its_neighbours(router, door):
    _push(router, door, text="one")
    _push(router, door, text="two")
    router.store.write(
        lambda unit: unit.run(
            "UPDATE journal SET raw = :other WHERE id = (SELECT MIN(id) FROM journal)",
            other=b"these bytes were sealed by nobody at all",
        )
    )
    pipeline.journalled(router)
    assert _journal(router) == [("parked", 1, "SealBroken"), ("done", 1, "")]
    assert len(_rows(router, "SELECT id FROM ticket WHERE parked")) == 1


def test_a_pushed_item_of_a_channel_that_is_gone_is_parked_and_not_its_neighbours(router, door):
    gone = FakeDoor()
    gone.kind = "carrier_pigeon"
    _push(router, gone, text="one")
    _push(router, door, text="two")
    pipeline.journalled(router)
    assert _journal(router) == [("parked", 1, "KeyError"), ("done", 1, "")]


def test_an_item_whose_key_is_elsewhere_is_left_to_whoever_has_it(router, door):
    elsewhere = replace(router, keys=Keyring.ephemeral())
    _push(elsewhere, door, text="sealed under a newer key")
    _push(router, door, text="sealed under ours", **{"from": "bo@mail.example"})
    for _ in range(5):
        pipeline.journalled(router)
    assert _journal(router) == [("received", 0, ""), ("done", 1, "")]
    pipeline.journalled(elsewhere)
    assert _journal(router)[0] == ("done", 1, "")


def test_items_whose_key_is_elsewhere_keep_no_others_waiting(router, door):
    elsewhere = replace(router, keys=Keyring.ephemeral())
    for number in range(20):
        _push(elsewhere, door, text=f"sealed under a newer key {number}")
    _push(router, door, text="sealed under ours")
    assert pipeline.journalled(router) == 1


def test_a_key_that_is_not_here_is_told_until_nothing_waits_for_it(router, door):
    duty = next(one for one in sweeps.DUTIES if one.name == "keys")
    elsewhere = replace(router, keys=Keyring.ephemeral())
    _push(elsewhere, door, text="sealed under a newer key")
    with pytest.raises(KeyMissing, match=elsewhere.keys.current):
        sweeps.tick(router, duty)
    pipeline.journalled(elsewhere)
    sweeps.tick(router, duty)


# ---------------------------------------------------------------- what is sent through again


@pytest.fixture
def only_parked(router):
    """The journal row of the one parked item."""

    def find():
        with router.store.reading() as unit:
            (row,) = journal.parked_rows(unit)
            return row

    return find


@pytest.fixture
def telling(assembled):
    """A desk whose only parked item says that Ann is gone."""
    door = Telling()
    router = assembled(doors=FakeDoors(door))
    _arrive(router, door, text="hello")
    _push(router, door, gone="ann@mail.example")
    door.broken = True
    pipeline.journalled(router)
    door.broken = False
    return router


def test_a_replayed_item_that_is_no_message_is_acted_on_and_its_placeholder_closed(telling):
    ((row_id, ticket_id),) = _rows(
        telling, "SELECT id, ticket_id FROM journal WHERE state = 'parked'"
    )
    taken = pipeline.replay(telling, row_id, "agent:1")
    assert (taken.outcome, taken.ticket_id) == ("event", ticket_id)
    (ticket,) = _rows(telling, "SELECT state, parked FROM ticket WHERE id = :t", t=ticket_id)
    assert (ticket.state, bool(ticket.parked)) == ("closed", False)
    assert _codes(telling, ticket_id)[-1] == "replayed_event"
    assert _journal(telling)[-1] == ("done", 1, "")
    assert len(_rows(telling, "SELECT 1 FROM reach WHERE gone")) == 1


@pytest.fixture
def outrun(frozen):
    """Two workers who both have all pushed items in hand, for the first was slower than its
    lease; each does its work when it is called."""

    def begin(router):
        def claim(unit):
            return journal.claim(unit, router.keys, lease_us=1, limit=10)

        first = router.store.write(claim)
        frozen.advance(timedelta(seconds=1))
        second = router.store.write(claim)
        return [partial(pipeline.again, router, *rows) for rows in (first, second)]

    return begin


def test_what_a_pushed_item_says_is_heeded_once_though_a_lease_was_outrun(
    assembled, outrun, monkeypatch
):
    door = Telling()
    router = assembled(doors=FakeDoors(door))
    _push(router, door, gone="ann@mail.example")
    heeded = []
    monkeypatch.setattr(signals, "note", lambda *given: heeded.append(given))
    for work in outrun(router):
        work()
    assert len(heeded) == 1


def test_what_cannot_be_read_is_parked_once_though_a_lease_was_outrun(router, door, outrun):
    _push(router, door, poison=True)
    for work in outrun(router):
        work()
    assert len(_rows(router, "SELECT id FROM ticket")) == 1


def test_an_event_that_still_cannot_be_read_stays_parked(telling):
    telling.doors.door.broken = True
    (row,) = _rows(telling, "SELECT id FROM journal WHERE state = 'parked'")
    with pytest.raises(Conflict, match="still_fails"):
        pipeline.replay(telling, row.id, "agent:1")
    assert _journal(telling)[-1][0] == "parked"


def test_a_replay_goes_through_with_its_placeholder_or_not_at_all(
    router, door, only_parked, monkeypatch
):
    _arrive(router, door, poison=True)
    row_id = only_parked().id
    monkeypatch.setattr(json, "loads", lambda data, real=json.loads: {**real(data), "poison": 0})
    with monkeypatch.context() as broken:
        broken.setattr(parking, "unpark", lambda *_: 1 // 0)
        with pytest.raises(Conflict, match="still_fails"):
            pipeline.replay(router, row_id, "agent:1")
    assert only_parked().id == row_id
    assert _rows(router, "SELECT id FROM message") == []
    pipeline.replay(router, row_id, "agent:1")
    assert _rows(router, "SELECT id FROM ticket WHERE parked") == []


def test_a_replay_of_what_does_not_open_says_so_and_changes_nothing(router, door, only_parked):
    _arrive(router, door, poison=True)
    router.store.write(lambda unit: unit.run("UPDATE journal SET raw = :other", other=b"x" * 40))
    with pytest.raises(Conflict, match="still_fails"):
        pipeline.replay(router, only_parked().id, "agent:1")
    assert len(_rows(router, "SELECT id FROM ticket")) == 1


def test_a_new_ticket_and_one_that_is_opened_again_are_taken_in_together(
    router, door, frozen, caplog
):
    door.arrives(text="my transfer is pending", message_id="<one@mail.example>")
    (first,) = pipeline.receive(router, door, door.inbox, Terms())
    desk.assign(router, ADMIN, first.ticket_id, ADMIN.id)
    desk.close(router, ADMIN, first.ticket_id)
    raws = [
        door.arrives(text="I forgot my password", **{"from": "bo@mail.example"}),
        door.arrives(text="it is still pending", thread_ids=["<one@mail.example>"]),
    ]
    taken = pipeline.receive(router, door, raws, Terms())
    assert [one.outcome for one in taken] == ["new", "joined"]
    assert caplog.records == []
