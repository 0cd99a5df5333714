"""Splitting, spam, blocked senders, copies and what is passed on; each taken back whole."""

import json
from datetime import timedelta

import pytest

from router import deliver, desk, pipeline, reports
from router.core.rights import Who
from router.desk.copying import RULE
from router.errors import Conflict, Invalid, NotFound
from router.prepared import Terms
from router.store import acts, blocking, outbox, tickets, writings
from router.store.promises import clocks
from router.writing import Letter
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

MEI = Who(id=1, name="Mei", role="agent", teams=frozenset({1}), locale="zh")
ALARM = "There is a payment I did not make, my account was hacked"
BANK = "desk@bank.example"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door), deliver={"undo_seconds": 10}), MEI)


@pytest.fixture
def arrives(router, door):
    def make(text="my transfer is pending", **mail):
        raw = door.arrives(text=text, **{"subject": "Transfer", **mail})
        return pipeline.receive(router, door, [raw], Terms())[0]

    return make


def _ask(router, sql, **params):
    with router.store.reading() as unit:
        return unit.rows(sql, **params)


def _row(router, ticket_id):
    return _ask(router, "SELECT * FROM ticket WHERE id = :id", id=ticket_id)[0]


def _id(router, number):
    return _ask(router, "SELECT id FROM ticket WHERE number = :n", n=number)[0].id


def _promises(router, ticket_id):
    sql = "SELECT * FROM sla_clock WHERE ticket_id = :id ORDER BY id"
    return [tuple(row) for row in _ask(router, sql, id=ticket_id)]


def _codes(router, ticket_id):
    sql = "SELECT code FROM entry WHERE ticket_id = :id ORDER BY id"
    return [row.code for row in _ask(router, sql, id=ticket_id)]


def _undo(router, ticket_id):
    with router.store.reading() as unit:
        batch = acts.last(unit, MEI.id, ticket_id).batch
    return desk.undo(router, MEI, batch)


def _second(router, arrives, ticket, text="and I cannot log in, the password is wrong"):
    return arrives(text, tokens=[router.tokens.reply_token(ticket.ticket_id)])


# ---------------------------------------------------------------- two matters


def test_a_message_split_off_is_a_ticket_with_its_own_promises(router, arrives, frozen):
    ticket = arrives()
    frozen.advance(timedelta(minutes=5))
    second = _second(router, arrives, ticket)
    frozen.advance(timedelta(hours=1))
    number = desk.split(router, MEI, ticket.ticket_id, [second.message_id], "Log in")
    child = _row(router, _id(router, number))
    assert (child.subject, child.category, child.messages) == ("Log in", "login.account_locked", 1)
    assert _row(router, ticket.ticket_id).messages == 1
    begun = {
        row.kind: row.started_at
        for row in _ask(
            router, "SELECT kind, started_at FROM sla_clock WHERE ticket_id = :id", id=child.id
        )
    }
    written = _ask(router, "SELECT seen_at FROM message WHERE id = :id", id=second.message_id)
    assert begun == dict.fromkeys(("first_response", "resolution"), written[0].seen_at)
    assert "split_off" in _codes(router, ticket.ticket_id)
    assert "split_from" in _codes(router, child.id)


def test_the_subject_of_what_is_split_off_is_masked(router, arrives):
    ticket = arrives()
    second = _second(router, arrives, ticket)
    number = desk.split(
        router, MEI, ticket.ticket_id, [second.message_id], "card 4111 1111 1111 1111"
    )
    assert _row(router, _id(router, number)).subject == "card •••• 1111"


def test_a_secret_is_no_tag(router, arrives):
    ticket = arrives()
    with pytest.raises(Invalid, match="bad_tag"):
        desk.tag(router, MEI, ticket.ticket_id, "4111111111111111")


def test_an_answer_to_the_message_split_off_goes_to_the_new_ticket(router, arrives):
    ticket = arrives()
    second = arrives(
        "and I cannot log in",
        tokens=[router.tokens.reply_token(ticket.ticket_id)],
        message_id="<second@mail.example>",
    )
    number = desk.split(router, MEI, ticket.ticket_id, [second.message_id])
    later = arrives("still not", thread_ids=["<second@mail.example>"])
    assert later.ticket_id == _id(router, number)


def test_what_was_answered_already_owes_no_first_answer(router, arrives, frozen):
    ticket = arrives()
    second = _second(router, arrives, ticket)
    frozen.advance(timedelta(minutes=1))
    answer = desk.reply(router, MEI, ticket.ticket_id, "Set a new one.", once="r")
    both = [second.message_id, answer]
    child = _id(router, desk.split(router, MEI, ticket.ticket_id, both))
    kinds = _ask(router, "SELECT kind FROM sla_clock WHERE ticket_id = :id", id=child)
    assert [row.kind for row in kinds] == ["resolution"]
    assert _row(router, child).state == "waiting"
    sent = _ask(router, "SELECT ticket_id FROM outbox WHERE message_id = :id", id=answer)
    assert sent[0].ticket_id == child


def test_an_alarm_split_off_stays_an_alarm(router, arrives):
    ticket = arrives()
    second = _second(router, arrives, ticket, ALARM)
    lead = Who(id=1, name="Mei", role="manager")
    child = _id(router, desk.split(router, lead, ticket.ticket_id, [second.message_id]))
    assert _row(router, child).security
    assert _row(router, child).urgency == "P1"


def test_nothing_and_everything_cannot_be_split_off(router, arrives):
    ticket, other = arrives(), arrives("another", **{"from": "bo@mail.example"})
    note = desk.note(router, MEI, ticket.ticket_id, "hm", once="n")
    for ids in ([], [note], [ticket.message_id]):
        with pytest.raises(Invalid):
            desk.split(router, MEI, ticket.ticket_id, ids)
    with pytest.raises(NotFound):
        desk.split(router, MEI, ticket.ticket_id, [other.message_id])


def test_a_split_is_undone_with_all_that_came_since(router, arrives):
    ticket = arrives()
    second = _second(router, arrives, ticket)
    before = _promises(router, ticket.ticket_id)
    child = _id(router, desk.split(router, MEI, ticket.ticket_id, [second.message_id]))
    token = router.tokens.reply_token(child)
    arrives("more of that", tokens=[token])
    _undo(router, ticket.ticket_id)
    assert _row(router, ticket.ticket_id).messages == 3
    assert _promises(router, ticket.ticket_id) == before
    assert (_row(router, child).state, _row(router, child).messages) == ("closed", 0)
    assert arrives("and more", tokens=[token]).ticket_id == ticket.ticket_id


# ---------------------------------------------------------------- spam


def test_spam_is_owed_nothing_and_wakes_nobody(router, arrives):
    ticket = arrives("buy watches").ticket_id
    desk.spam(router, MEI, ticket)
    row = _row(router, ticket)
    assert (row.state, bool(row.spam), row.due_at) == ("closed", True, None)
    arrives("buy more watches", tokens=[router.tokens.reply_token(ticket)])
    assert _row(router, ticket).state == "closed"
    arrives(ALARM, tokens=[router.tokens.reply_token(ticket)])
    row = _row(router, ticket)
    assert (row.state, bool(row.spam), bool(row.security)) == ("open", False, True)


def test_spam_is_undone_to_the_last_promise_or_reopened_for_good(router, arrives, frozen):
    ticket = arrives().ticket_id
    before = _promises(router, ticket)
    frozen.advance(timedelta(minutes=3))
    desk.spam(router, MEI, ticket)
    _undo(router, ticket)
    assert _promises(router, ticket) == before
    desk.spam(router, MEI, ticket)
    desk.reopen(router, MEI, ticket)
    with router.store.reading() as unit:
        assert tickets.tags(unit, ticket) == []
    assert not _row(router, ticket).spam


def test_a_promise_on_spam_counts_as_neither_kept_nor_broken(router, arrives, frozen):
    ticket = arrives().ticket_id
    desk.spam(router, MEI, ticket)
    frozen.advance(timedelta(days=3))
    reports.count(router, [ticket])
    whats = {row.what for row in _ask(router, "SELECT what FROM happening")}
    assert whats.isdisjoint(("kept", "broken", "late", "open"))


# ---------------------------------------------------------------- blocked senders


def test_a_blocked_sender_is_filed_unseen_and_unanswered(router, door, arrives, frozen):
    ticket = arrives().ticket_id
    desk.block(router, MEI, ticket)
    frozen.advance(timedelta(hours=1))
    deliver.sweep(router)
    told = len(door.sent)
    flood = arrives("me again", subject="Flood").ticket_id
    frozen.advance(timedelta(hours=1))
    deliver.sweep(router)
    assert (_row(router, flood).state, bool(_row(router, flood).spam)) == ("closed", True)
    assert len(door.sent) == told
    assert arrives("a neighbour", **{"from": "bo@mail.example"}).outcome == "new"


def test_a_blocked_sender_in_danger_is_heard(router, arrives):
    desk.block(router, MEI, arrives().ticket_id)
    alarm = arrives(ALARM, subject="Help").ticket_id
    row = _row(router, alarm)
    assert (row.state, bool(row.security), bool(row.spam)) == ("new", True, False)


def test_blocking_is_undone_and_unblocking_too(router, arrives):
    ticket = arrives().ticket_id
    identity = _row(router, ticket).identity_id

    def blocked():
        with router.store.reading() as unit:
            return blocking.blocked(unit, identity)

    desk.spam(router, MEI, ticket, block=True)
    assert blocked()
    _undo(router, ticket)
    assert not blocked()
    desk.block(router, MEI, ticket)
    desk.unblock(router, MEI, ticket)
    assert not blocked()
    _undo(router, ticket)
    assert blocked()
    assert {"blocked", "unblocked"} <= set(_codes(router, ticket))


def test_who_sees_no_ticket_of_a_blocked_sender_does_not_see_them(router, arrives):
    desk.block(router, MEI, arrives().ticket_id)
    with router.store.reading() as unit:
        assert [row.value for row in blocking.listed(unit, MEI)] == ["ann@mail.example"]
        other = Who(id=9, name="Tom", role="agent", teams=frozenset({2}))
        assert list(blocking.listed(unit, other)) == []


# ---------------------------------------------------------------- third parties


def _copy(router, ticket, text="It was sent back.", to=(BANK,), once="c1"):
    return desk.reply(router, MEI, ticket, Letter(text, cc=to), once=once)


def _sent(router, door, frozen):
    frozen.advance(timedelta(seconds=11))
    deliver.sweep(router)
    return [one for one in door.sent if not one.automatic]


def test_a_copy_is_a_mail_of_its_own_and_the_requester_is_told(router, door, arrives, frozen):
    ticket = arrives().ticket_id
    _copy(router, ticket)
    answer, copy = _sent(router, door, frozen)
    assert (answer.to.value, copy.to.value) == ("ann@mail.example", BANK)
    assert BANK in answer.text
    assert "It was sent back." in copy.text
    assert "ann@mail.example" not in copy.text
    assert answer.reply_to
    assert not copy.reply_to


def test_a_third_party_takes_part_in_nothing(router, door, arrives, frozen):
    ticket = arrives().ticket_id
    _copy(router, ticket)
    copy = _sent(router, door, frozen)[1]
    answer = arrives("thank you", thread_ids=[copy.message_id], **{"from": BANK})
    assert answer.ticket_id != ticket
    links = _ask(router, "SELECT ticket_id, other_id FROM link")
    assert [tuple(row) for row in links] == [(answer.ticket_id, ticket)]


def test_the_copies_are_taken_back_with_their_answer(router, door, arrives, frozen):
    ticket = arrives().ticket_id
    _copy(router, ticket)
    _undo(router, ticket)
    assert _sent(router, door, frozen) == []
    with router.store.reading() as unit:
        assert writings.of_ticket(unit, router.keys, MEI.id, ticket) == {
            "reply": "It was sent back."
        }


def test_an_answer_one_copy_of_which_has_left_is_not_taken_back(router, door, arrives, frozen):
    ticket = arrives().ticket_id
    _copy(router, ticket)
    with router.store.reading() as unit:
        row = unit.value("SELECT id FROM outbox WHERE purpose = 'copy'")
    router.store.write(
        lambda unit: unit.run("UPDATE outbox SET attempts = 1 WHERE id = :id", id=row)
    )
    with pytest.raises(Conflict, match="already_sent"):
        _undo(router, ticket)
    assert len(_sent(router, door, frozen)) == 2


@pytest.mark.parametrize(
    "given", ["nonsense", "a@b", "a@b.example b@", " ".join(f"{n}@y.example" for n in range(6))]
)
def test_what_is_no_address_or_too_many_is_refused(router, given):
    with pytest.raises(Invalid):
        desk.addresses(router, given)


def test_addresses_are_read_as_people_separate_them(router):
    assert desk.addresses(router, " A@b.example\uff0cc@D.example;<a@b.example> ") == (
        "a@b.example",
        "c@d.example",
    )


def test_what_is_passed_on_holds_no_note_and_no_way_in(router, door, arrives, frozen):
    ticket = arrives("my transfer 8831 is pending").ticket_id
    desk.note(router, MEI, ticket, "canary-note", once="n")
    frozen.advance(timedelta(minutes=1))
    desk.reply(router, MEI, ticket, "We ask the bank.", once="r")
    passing = desk.Passing((BANK,), "Please look for this.", "all")
    desk.forward(router, MEI, ticket, passing, once="f")
    mail = next(one for one in _sent(router, door, frozen) if one.to.value == BANK)
    assert mail.text.startswith("Please look for this.")
    assert "8831" in mail.text
    assert "We ask the bank." in mail.text
    assert "canary-note" not in mail.text
    assert router.tokens.reply_token(ticket) not in f"{mail.text}{mail.reply_to}"


def test_files_are_passed_on_when_asked(router, door, arrives, frozen):
    ticket = arrives(attachments=[["slip.txt", "text/plain", "paid"]]).ticket_id
    passing = desk.Passing((BANK,), "See the slip.", files=True)
    desk.forward(router, MEI, ticket, passing, once="f")
    mail = _sent(router, door, frozen)[0]
    assert [(one.name, one.data) for one in mail.attachments] == [("slip.txt", b"paid")]


def test_passing_on_twice_by_a_double_click_is_once(router, door, arrives, frozen):
    ticket = arrives().ticket_id
    passing = desk.Passing((BANK,), "Please look.")
    first = desk.forward(router, MEI, ticket, passing, once="f")
    assert desk.forward(router, MEI, ticket, passing, once="f") == first
    assert len(_sent(router, door, frozen)) == 1


def test_waiting_for_a_third_party_stops_the_resolution_alone(router, arrives):
    ticket = arrives().ticket_id
    passing = desk.Passing((BANK,), "Please look.", wait=True)
    desk.forward(router, MEI, ticket, passing, once="f")
    with router.store.reading() as unit:
        number = unit.value("SELECT number FROM ticket WHERE id = :id", id=ticket)
        still = {row.kind: row.due_at is None for row in clocks.of_ticket(unit, number)}
        reason = unit.value("SELECT params FROM entry WHERE code = 'sla_paused'")
    assert still == {"first_response": False, "resolution": True}
    assert _row(router, ticket).state == "new"  # an answer is still owed, so it stays in sight
    assert json.loads(reason)["reason"] == "third_party"


def test_what_was_passed_on_is_taken_back_into_its_own_draft(router, door, arrives, frozen):
    ticket = arrives().ticket_id
    before = _promises(router, ticket)
    passing = desk.Passing((BANK, "b@c.example"), "Please look.", wait=True)
    desk.forward(router, MEI, ticket, passing, once="f")
    _undo(router, ticket)
    assert _sent(router, door, frozen) == []
    with router.store.reading() as unit:
        begun = writings.of_ticket(unit, router.keys, MEI.id, ticket)
        row = outbox.said_once(unit, "forward:1.f:0")
    assert begun == {"forward": "Please look."}
    assert RULE.strip() in row.text
    assert _promises(router, ticket) == before


# ---------------------------------------------------------------- many at once


@pytest.mark.parametrize(
    ("what", "value", "shown"),
    [("spam", None, ("closed", True)), ("reopen", None, ("open", False))],
)
def test_many_are_spam_or_open_again_in_one_go(router, arrives, what, value, shown):
    ids = [arrives(f"matter {n}", subject=f"S{n}").ticket_id for n in range(3)]
    if what == "reopen":
        desk.bulk(router, MEI, ids, "close", None)
    batch, done = desk.bulk(router, MEI, ids, what, value)
    assert done == 3
    assert {(_row(router, one).state, bool(_row(router, one).spam)) for one in ids} == {shown}
    assert desk.undo(router, MEI, batch) == 3


def test_a_tag_is_taken_off_many(router, arrives):
    ids = [arrives(f"matter {n}", subject=f"S{n}").ticket_id for n in range(2)]
    desk.bulk(router, MEI, ids, "tag", "VIP")
    assert desk.bulk(router, MEI, ids, "untag", "vip")[1] == 2
    with router.store.reading() as unit:
        assert [tickets.tags(unit, one) for one in ids] == [[], []]
