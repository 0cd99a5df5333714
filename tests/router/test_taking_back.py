"""What agents did is taken back whole, and two of them never answer past each other."""

from datetime import timedelta

import pytest

from channels.contract import Attachment, Limits
from router import deliver, desk, escalate, pipeline, playbook
from router.core.rights import Who
from router.errors import Conflict, Invalid, NotFound
from router.prepared import Terms
from router.store import acts, merging, playbooks, tickets, writings
from router.store.promises import climbs
from router.writing import Letter
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

MEI = Who(id=1, name="Mei", role="agent", teams=frozenset({1}), locale="zh")
TOM = Who(id=3, name="Tom", role="agent", teams=frozenset({1}), locale="en")
LEAD = Who(id=2, name="Hua", role="lead", teams=frozenset({1, 2}), locale="zh")
ALARM = "There is a payment I did not make, my account was hacked"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door), deliver={"undo_seconds": 10}), MEI, TOM, LEAD)


@pytest.fixture
def arrives(router, door):
    def make(text="my transfer is pending", **mail):
        raw = door.arrives(text=text, subject="Transfer", **mail)
        return pipeline.receive(router, door, [raw], Terms())[0]

    return make


def _row(router, ticket_id):
    with router.store.reading() as unit:
        row = unit.row("SELECT * FROM ticket WHERE id = :id", id=ticket_id)
        return {name: getattr(row, name) for name in (*acts.COLUMNS, "messages", "due_at", "rank")}


def _whole(router, ticket_id):
    """All that an act may have changed."""
    with router.store.reading() as unit:
        sql = "SELECT * FROM sla_clock WHERE ticket_id = :id ORDER BY id"
        clocks = [tuple(row) for row in unit.rows(sql, id=ticket_id)]
        return _row(router, ticket_id), tickets.tags(unit, ticket_id), clocks


def _undo(router, who, ticket_id):
    with router.store.reading() as unit:
        batch = acts.last(unit, who.id, ticket_id).batch
    return desk.undo(router, who, batch)


def _seen(router, ticket_id):
    with router.store.reading() as unit:
        return tickets.heard(unit, ticket_id)


def _begun(router, who, ticket_id):
    with router.store.reading() as unit:
        return writings.of_ticket(unit, router.keys, who.id, ticket_id)


# ---------------------------------------------------------------- replies


def test_an_undone_reply_never_leaves_and_is_a_draft_again(router, door, arrives, frozen):
    ticket = arrives().ticket_id
    before = _whole(router, ticket)
    frozen.advance(timedelta(minutes=3))
    desk.reply(router, MEI, ticket, "It will arrive today.", once="r1", close=True)
    assert _row(router, ticket)["state"] == "closed"
    frozen.advance(timedelta(seconds=9))
    _undo(router, MEI, ticket)
    frozen.advance(timedelta(minutes=1))
    deliver.sweep(router)
    assert [one for one in door.sent if not one.automatic] == []
    assert _begun(router, MEI, ticket) == {"reply": "It will arrive today."}
    assert _whole(router, ticket) == before


def test_a_promise_that_only_a_slip_broke_is_not_broken_any_more(router, arrives, frozen):
    ticket = arrives().ticket_id
    frozen.advance(timedelta(minutes=40))
    before = _whole(router, ticket)
    desk.set_urgency(router, LEAD, ticket, "P1")
    frozen.advance(timedelta(seconds=5))
    escalate.sweep(router)
    with router.store.reading() as unit:
        assert climbs.running(unit, ticket)
    _undo(router, LEAD, ticket)
    assert _whole(router, ticket) == before
    with router.store.reading() as unit:
        assert climbs.running(unit, ticket) == []
    frozen.advance(timedelta(days=2))
    escalate.sweep(router)
    with router.store.reading() as unit:
        assert {one.reason for one in climbs.running(unit, ticket)} >= {"first_response_broken"}


def test_an_undone_reply_says_which_files_to_attach_again(router, door, arrives):
    door.limits = Limits(attachment_bytes=1000)
    ticket = arrives().ticket_id
    letter = Letter("see the paper", [Attachment("paper.pdf", "application/pdf", b"%PDF-1.7")])
    desk.reply(router, MEI, ticket, letter, once="1")
    _undo(router, MEI, ticket)
    with router.store.reading() as unit:
        sql = "SELECT params FROM entry WHERE ticket_id = :id AND code = 'files_dropped'"
        assert "paper.pdf" in unit.value(sql, id=ticket)


def test_a_reply_that_has_left_cannot_be_undone(router, door, arrives, frozen):
    ticket = arrives().ticket_id
    desk.reply(router, MEI, ticket, "It will arrive today.", once="r1")
    frozen.advance(timedelta(seconds=11))
    deliver.sweep(router)
    with pytest.raises(Conflict, match="already_sent"):
        _undo(router, MEI, ticket)
    assert _row(router, ticket)["state"] == "waiting"


def test_of_two_replies_at_once_the_second_is_stopped(router, arrives):
    ticket = arrives().ticket_id
    seen = _seen(router, ticket)
    desk.reply(router, MEI, ticket, "It will arrive today.", once="r1", seen=seen)
    with pytest.raises(Conflict, match="overtaken"):
        desk.reply(router, TOM, ticket, "It was sent back.", once="r2", seen=seen)
    desk.reply(router, TOM, ticket, "P.S.", once="r2", seen=_seen(router, ticket))


def test_what_arrived_while_somebody_wrote_stops_the_reply(router, arrives):
    ticket = arrives().ticket_id
    seen = _seen(router, ticket)
    arrives("it has come, thank you", tokens=[router.tokens.reply_token(ticket)])
    with pytest.raises(Conflict, match="overtaken"):
        desk.reply(router, MEI, ticket, "It will arrive today.", once="r1", seen=seen)
    desk.note(router, MEI, ticket, "a note stops nobody", once="n1")
    desk.reply(router, MEI, ticket, "Fine.", once="r1", seen=_seen(router, ticket))


# ---------------------------------------------------------------- drafts


def test_a_draft_is_kept_sealed_and_goes_when_it_is_sent(router, arrives):
    ticket = arrives().ticket_id
    desk.keep_draft(router, MEI, ticket, "reply", "Dear Ann, canary-word")
    with router.store.reading() as unit:
        assert b"canary-word" not in unit.value("SELECT blob FROM draft")
    assert _begun(router, MEI, ticket) == {"reply": "Dear Ann, canary-word"}
    assert _begun(router, TOM, ticket) == {}
    desk.reply(router, MEI, ticket, "Dear Ann, canary-word", once="r1")
    assert _begun(router, MEI, ticket) == {}


def test_nobody_keeps_a_draft_on_a_ticket_of_another_team(router, arrives):
    alarm = arrives(ALARM, **{"from": "bo@mail.example"}).ticket_id
    with pytest.raises(NotFound):
        desk.keep_draft(router, MEI, alarm, "reply", "hello")


def test_a_draft_outlives_being_given_to_somebody_else(router, arrives):
    ticket = arrives().ticket_id
    desk.keep_draft(router, MEI, ticket, "note", "half a thought")
    desk.assign(router, LEAD, ticket, TOM.id)
    assert _begun(router, MEI, ticket) == {"note": "half a thought"}


# ---------------------------------------------------------------- everything else


@pytest.mark.parametrize(
    "verb",
    [
        lambda router, ticket: desk.close(router, MEI, ticket),
        lambda router, ticket: desk.assign(router, MEI, ticket, MEI.id),
        lambda router, ticket: desk.tag(router, MEI, ticket, "vip"),
        lambda router, ticket: desk.set_urgency(router, MEI, ticket, "P1"),
        lambda router, ticket: desk.set_category(router, MEI, ticket, "login.network"),
        lambda router, ticket: desk.move_team(router, LEAD, ticket, 2),
        lambda router, ticket: desk.snooze(
            router, MEI, ticket, router.clock.now() + timedelta(hours=2)
        ),
    ],
)
def test_what_was_done_is_undone_to_the_last_column(router, arrives, frozen, verb):
    ticket = arrives().ticket_id
    before = _whole(router, ticket)
    frozen.advance(timedelta(minutes=3))
    verb(router, ticket)
    assert _whole(router, ticket) != before or before[0]["state"] != "snoozed"
    with router.store.reading() as unit:
        who = LEAD if acts.last(unit, MEI.id, ticket) is None else MEI
    frozen.advance(timedelta(minutes=1))
    _undo(router, who, ticket)
    assert _whole(router, ticket) == before


def test_what_somebody_changed_since_is_not_undone(router, arrives):
    ticket = arrives().ticket_id
    desk.assign(router, MEI, ticket, MEI.id)
    desk.assign(router, TOM, ticket, TOM.id)
    with pytest.raises(Conflict, match="undo_overtaken"):
        _undo(router, MEI, ticket)
    assert _row(router, ticket)["assignee_id"] == TOM.id


def test_nobody_undoes_what_another_did_nor_twice(router, arrives):
    ticket = arrives().ticket_id
    desk.close(router, MEI, ticket)
    with router.store.reading() as unit:
        batch = acts.last(unit, MEI.id, ticket).batch
    with pytest.raises(Conflict, match="undo_over"):
        desk.undo(router, TOM, batch)
    desk.undo(router, MEI, batch)
    with pytest.raises(Conflict, match="undo_over"):
        desk.undo(router, MEI, batch)


# ---------------------------------------------------------------- sleep


def test_a_ticket_wakes_at_its_hour(router, arrives, frozen):
    ticket = arrives().ticket_id
    desk.snooze(router, MEI, ticket, frozen.now() + timedelta(hours=2))
    assert _row(router, ticket)["state"] == "snoozed"
    frozen.advance(timedelta(hours=1, minutes=59))
    assert desk.wake(router) == 0
    frozen.advance(timedelta(minutes=1))
    assert desk.wake(router) == 1
    assert _row(router, ticket)["state"] == "open"
    assert desk.wake(router) == 0


def test_what_the_requester_writes_wakes_a_ticket_once(router, arrives, frozen):
    ticket = arrives().ticket_id
    desk.snooze(router, MEI, ticket, frozen.now() + timedelta(hours=2))
    arrives("still nothing", tokens=[router.tokens.reply_token(ticket)])
    assert _row(router, ticket)["state"] == "open"
    desk.close(router, MEI, ticket)
    frozen.advance(timedelta(hours=3))
    desk.wake(router)
    assert _row(router, ticket)["state"] == "closed"


def test_a_ticket_cannot_sleep_into_the_past(router, arrives, frozen):
    with pytest.raises(Invalid):
        desk.snooze(router, MEI, arrives().ticket_id, frozen.now() - timedelta(minutes=1))


# ---------------------------------------------------------------- one of two


def test_merging_brings_everything_over_and_later_mail_follows(router, door, arrives):
    kept, gone = arrives().ticket_id, arrives("my transfer, again").ticket_id
    desk.keep_draft(router, MEI, gone, "reply", "half an answer")
    desk.merge(router, MEI, gone, kept)
    assert _row(router, gone)["state"] == "closed"
    assert _row(router, kept)["messages"] == 2
    assert _begun(router, MEI, kept) == {"reply": "half an answer"}
    later = arrives("a third mail", tokens=[router.tokens.reply_token(gone)])
    assert later.ticket_id == kept
    with pytest.raises(Conflict, match="merged_away"):
        desk.reopen(router, MEI, gone)


def test_a_merge_is_undone_to_the_last_message(router, arrives, frozen):
    kept, gone = arrives().ticket_id, arrives("my transfer, again").ticket_id
    desk.tag(router, MEI, gone, "vip")
    before = _whole(router, kept), _whole(router, gone)
    frozen.advance(timedelta(minutes=3))
    desk.merge(router, MEI, gone, kept)
    _undo(router, MEI, gone)
    assert (_whole(router, kept), _whole(router, gone)) == before
    with router.store.reading() as unit:
        assert merging.into(unit, [gone]) == {}
        sql = "SELECT COUNT(*) FROM message WHERE ticket_id = :id"
        assert [unit.value(sql, id=one) for one in (kept, gone)] == [1, 1]
    later = arrives("a third mail", tokens=[router.tokens.reply_token(gone)])
    assert later.ticket_id == gone


@pytest.mark.parametrize("verb", ["merge", "reply"])
def test_nothing_is_owed_again_on_a_ticket_that_was_closed_since(router, arrives, frozen, verb):
    older = arrives().ticket_id
    frozen.advance(timedelta(minutes=3))
    ticket = arrives("my transfer, again").ticket_id
    if verb == "merge":
        desk.merge(router, MEI, older, ticket)
    else:
        desk.reply(router, MEI, ticket, "It is there now.", once="1")
    with router.store.reading() as unit:
        batch = acts.last(unit, MEI.id, ticket).batch
    desk.close(router, MEI, ticket)
    desk.undo(router, MEI, batch)
    assert _row(router, ticket)["state"] == "closed"
    with router.store.reading() as unit:
        assert acts.clocks(unit, ticket) == []


def test_a_merge_that_is_undone_when_its_ticket_should_have_woken_leaves_none_asleep_for_ever(
    router, arrives, frozen
):
    kept, gone = arrives().ticket_id, arrives("my transfer, again").ticket_id
    desk.snooze(router, MEI, gone, frozen.now() + timedelta(minutes=5))
    desk.merge(router, MEI, gone, kept)
    frozen.advance(timedelta(minutes=6))
    desk.wake(router)
    _undo(router, MEI, gone)
    assert _row(router, gone)["state"] == "snoozed"
    assert desk.wake(router) == 1
    assert _row(router, gone)["state"] == "open"


def test_an_alarm_stays_one_whatever_it_is_merged_into(router, arrives):
    kept = arrives().ticket_id
    alarm = arrives(ALARM).ticket_id
    desk.merge(router, LEAD, alarm, kept)
    row = _row(router, kept)
    assert row["security"]
    assert row["urgency"] == "P1"


def test_an_alarm_stays_its_teams_whatever_it_is_merged_into(router, arrives):
    kept, alarm = arrives().ticket_id, arrives(ALARM).ticket_id
    desk.assign(router, LEAD, kept, MEI.id)
    before = _row(router, kept)
    desk.merge(router, LEAD, alarm, kept)
    row = _row(router, kept)
    assert (row["team_id"], row["assignee_id"]) == (_row(router, alarm)["team_id"], None)
    _undo(router, LEAD, alarm)
    assert _row(router, kept) == before


def _ringing(router, ticket_id):
    """The tasks of a ticket, and how many causes climb on it."""
    playbook.sweep(router)
    with router.store.reading() as unit:
        steps = [(one.step, one.state) for one in playbooks.tasks(unit, ticket_id)]
        return steps, len(climbs.running(unit, ticket_id))


def test_an_alarm_that_nobody_took_rings_on_where_it_is_merged_into(router, arrives, frozen):
    kept = arrives().ticket_id
    alarm = arrives(ALARM).ticket_id
    escalate.climb(router)
    steps, climbing = _ringing(router, alarm)
    assert steps
    assert climbing == 1
    desk.merge(router, LEAD, alarm, kept)
    frozen.advance(timedelta(minutes=10))
    escalate.climb(router)
    assert _ringing(router, kept) == (steps, 1)
    assert _ringing(router, alarm) == ([], 0)
    with router.store.reading() as unit:
        sql = "SELECT COUNT(*) FROM entry WHERE ticket_id = :id AND code = 'escalated'"
        assert [unit.value(sql, id=one) for one in (alarm, kept)] == [1, 1]
    escalate.acknowledge(router, LEAD, kept)
    assert _ringing(router, kept) == (steps, 0)


def test_an_alarm_merged_before_its_tasks_began_has_them_where_it_went(router, arrives):
    kept = arrives().ticket_id
    alarm = arrives(ALARM).ticket_id
    desk.merge(router, LEAD, alarm, kept)
    assert _ringing(router, kept)[0]


def test_tasks_that_both_tickets_have_are_not_doubled(router, arrives):
    kept, gone = arrives(ALARM).ticket_id, arrives(f"{ALARM}!").ticket_id
    steps, _ = _ringing(router, kept)
    desk.merge(router, LEAD, gone, kept)
    assert _ringing(router, kept) == (steps, 2)


def test_an_undone_merge_gives_tasks_and_alarm_back(router, arrives):
    kept = arrives().ticket_id
    alarm = arrives(ALARM).ticket_id
    before = _ringing(router, alarm)
    desk.merge(router, LEAD, alarm, kept)
    assert _ringing(router, alarm) == ([], 0)
    _undo(router, LEAD, alarm)
    assert _ringing(router, alarm) == before
    assert _ringing(router, kept) == ([], 0)


def test_a_ticket_of_another_team_cannot_be_merged_nor_linked(router, arrives):
    mine, alarm = arrives().ticket_id, arrives(ALARM, **{"from": "bo@mail.example"}).ticket_id
    for verb in (desk.merge, desk.link):
        with pytest.raises(NotFound):
            verb(router, MEI, mine, alarm)
        with pytest.raises(Invalid):
            verb(router, MEI, mine, mine)


def test_a_link_is_made_and_undone(router, arrives):
    one, other = arrives().ticket_id, arrives("another").ticket_id
    desk.link(router, MEI, one, other)
    _undo(router, MEI, one)
    with router.store.reading() as unit:
        assert [row.kind for row in unit.rows("SELECT kind FROM link")] == ["dismissed"]


# ---------------------------------------------------------------- mentions


def test_who_is_named_in_a_note_is_told_once(router, arrives):
    ticket = arrives().ticket_id
    desk.note(router, MEI, ticket, "@Tom please look; mei@desk.example @Mei", once="n1")
    with router.store.reading() as unit:
        assert [row.agent_id for row in unit.rows("SELECT agent_id FROM mention")] == [TOM.id]
