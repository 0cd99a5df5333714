"""Every act moves the clocks as it is defined to, and says so on the timeline."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router import desk, escalate, pipeline
from router.core.clock import to_us
from router.core.rights import Who
from router.prepared import Terms
from router.store import acts, batch
from router.store.database import Store
from router.store.promises import clocks
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

LEAD = Who(id=2, name="Hua", role="lead", teams=frozenset({1, 2}), locale="zh")


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def desk_of(assembled, door):
    def make(**sections):
        return staffed(assembled(doors=FakeDoors(door), **sections), LEAD)

    return make


def takes(router, door, text="my transfer is pending", **mail):
    return pipeline.receive(router, door, [door.arrives(text=text, **mail)], Terms())[0].ticket_id


def clocks_of(router, ticket):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT * FROM sla_clock WHERE ticket_id = :t ORDER BY id", t=ticket)
        return {row.kind: row for row in rows}


def entries(router, ticket, code):
    with router.store.reading() as unit:
        rows = unit.rows(
            "SELECT params FROM entry WHERE ticket_id = :t AND code = :c ORDER BY id",
            t=ticket,
            c=code,
        )
        return [json.loads(row.params) for row in rows]


def change(router, work, *tickets):
    def job(unit):
        drafts = batch.load(unit, tickets)
        work(unit, *(drafts[one] for one in tickets))
        batch.write(unit, drafts.values())

    router.store.write(job)


def test_waiting_for_the_requester_stops_the_resolution_and_their_answer_lets_it_go_on(
    desk_of, door, frozen
):
    router = desk_of()
    ticket = takes(router, door, message_id="<a@m.example>")
    before = clocks_of(router, ticket)["resolution"]
    frozen.set(at("24T12:00"))
    desk.reply(router, LEAD, ticket, "Which one?", once="1")
    paused = clocks_of(router, ticket)["resolution"]
    assert (paused.due_at, paused.act_at) == (None, None)
    assert paused.left_us == (before.minutes - 120) * 60_000_000
    frozen.set(at("26T09:00"))
    takes(router, door, "the second one", thread_ids=["<a@m.example>"])
    gone_on = clocks_of(router, ticket)["resolution"]
    open_between = router.policies.hours.open_us(to_us(at("24T12:00")), to_us(at("26T09:00")))
    assert router.policies.hours.open_us(before.due_at, gone_on.due_at) == open_between
    assert entries(router, ticket, "sla_paused") == [{"kind": "resolution", "reason": "requester"}]
    assert entries(router, ticket, "sla_resumed")[0]["due"] == gone_on.due_at


def test_a_promise_that_was_broken_does_not_pause(desk_of, door, frozen):
    router = desk_of()
    ticket = takes(router, door)
    frozen.advance(timedelta(days=20))
    escalate.sweep(router)
    desk.reply(router, LEAD, ticket, "At last.", once="1")
    assert clocks_of(router, ticket)["resolution"].paused_at is None
    assert entries(router, ticket, "sla_paused") == []


def test_a_promise_that_is_over_does_not_pause_before_anybody_noticed(desk_of, door, frozen):
    router = desk_of()
    ticket = takes(router, door)
    due = clocks_of(router, ticket)["resolution"].due_at
    frozen.advance(timedelta(days=20))
    desk.reply(router, LEAD, ticket, "At last.", once="1")
    escalate.sweep(router)
    clock = clocks_of(router, ticket)["resolution"]
    assert (clock.due_at, clock.paused_at) == (due, None)
    assert clock.breached_at == to_us(frozen.now())


def test_another_urgency_counts_anew_from_the_start_less_the_time_it_stood_still(
    desk_of, door, frozen
):
    router = desk_of()
    ticket = takes(router, door, message_id="<a@m.example>")
    begun = clocks_of(router, ticket)["resolution"].started_at
    desk.reply(router, LEAD, ticket, "Which one?", once="1")
    frozen.advance(timedelta(hours=3))
    desk.set_urgency(router, LEAD, ticket, "P3")
    waits = clocks_of(router, ticket)["resolution"]
    assert (waits.minutes, waits.due_at) == (4200, None)
    assert waits.left_us == 4200 * 60_000_000
    takes(router, door, "the second one", thread_ids=["<a@m.example>"])
    row = clocks_of(router, ticket)["resolution"]
    assert row.due_at == router.policies.hours.after_us(begun, (4200 + 180) * 60_000_000)
    assert [one["kind"] for one in entries(router, ticket, "sla_retargeted")] == ["resolution"]


def test_what_becomes_a_security_matter_counts_every_hour_from_its_start(desk_of, door, frozen):
    frozen.set(at("24T21:00"))
    router = desk_of()
    ticket = takes(router, door)
    frozen.set(at("24T23:00"))
    desk.set_category(router, LEAD, ticket, "security.compromised")
    row = clocks_of(router, ticket)["first_response"]
    assert row.calendar == "always"
    assert row.due_at == to_us(at("24T21:00")) + row.minutes * 60_000_000


def test_another_team_brings_its_own_policy_and_hours(desk_of, door):
    router = desk_of(
        sla={"policies": [{"name": "night", "team": ["security"], "first_response": 5}]},
        calendars={"night": {"weekly": {"tue": [["20:00", "04:00"]]}, "serves": ["team:security"]}},
    )
    ticket = takes(router, door)
    desk.move_team(router, LEAD, ticket, 2)
    row = clocks_of(router, ticket)["first_response"]
    assert (row.policy, row.calendar, row.minutes) == ("night", "night", 5)
    assert row.due_at == to_us(at("24T20:05"))


def test_a_policy_that_is_gone_leaves_its_promises_as_they_were_made(desk_of, door, assembled):
    router = desk_of(
        sla={"policies": [{"name": "fast", "first_response": 7, "calendar": "odd"}]},
        calendars={"odd": {"weekly": {"sun": [["08:00", "09:00"]]}}},
    )
    ticket = takes(router, door, message_id="<a@m.example>")
    made = clocks_of(router, ticket)["first_response"]
    later = assembled(doors=FakeDoors(door))
    takes(later, door, "and?", thread_ids=["<a@m.example>"])
    kept = clocks_of(later, ticket)["first_response"]
    assert kept.due_at == made.due_at
    assert kept.act_at is not None


def test_merging_keeps_the_earliest_start_and_breaks_nothing(desk_of, door, frozen):
    router = desk_of()
    first = takes(router, door)
    begun = clocks_of(router, first)["first_response"].started_at
    frozen.advance(timedelta(hours=1))
    second = takes(router, door, "another", **{"from": "bo@m.example"})
    change(
        router,
        lambda unit, gone, kept: clocks.merged(unit, gone, kept, router.policies),
        first,
        second,
    )
    row = clocks_of(router, second)["first_response"]
    assert row.started_at == begun
    assert row.due_at == router.policies.hours.after_us(begun, row.minutes * 60_000_000)
    ended = clocks_of(router, first)["first_response"]
    assert (ended.act_at, ended.breached_at) == (None, None)
    frozen.advance(timedelta(days=30))
    assert escalate.sweep(router) == 2


def test_splitting_promises_a_new_ticket_from_when_it_was_written(desk_of, door, frozen):
    router = desk_of()
    parent = takes(router, door)
    written = router.clock.now()
    frozen.advance(timedelta(hours=2))
    child = takes(router, door, "another", **{"from": "bo@m.example"})

    def work(unit, one, other):
        clocks.meet(unit, other, clocks.ANSWERS)
        other.clocks = []
        owed = ("first_response", to_us(written))
        clocks.split(unit, one, other, router.policies, to_us(written), owed)

    change(router, work, parent, child)
    assert clocks_of(router, child)["first_response"].started_at == to_us(written)


def test_reopening_promises_an_answer_and_a_resolution_anew(desk_of, door, frozen):
    router = desk_of()
    ticket = takes(router, door)
    desk.close(router, LEAD, ticket)
    frozen.advance(timedelta(hours=2))
    desk.reopen(router, LEAD, ticket)
    with router.store.reading() as unit:
        open_ones = unit.rows(
            "SELECT kind, started_at FROM sla_clock WHERE ticket_id = :t AND met_at IS NULL",
            t=ticket,
        )
    now = to_us(router.clock.now())
    assert {(row.kind, row.started_at) for row in open_ones} == {
        ("next_response", now),
        ("resolution", now),
    }


def test_a_promise_that_waited_for_its_requester_is_not_broken_by_a_merge(desk_of, door, frozen):
    router = desk_of()
    first = takes(router, door, message_id="<a@m.example>")
    frozen.advance(timedelta(hours=1))
    desk.reply(router, LEAD, first, "Which one?", once="1")
    frozen.advance(timedelta(days=9))
    other = takes(router, door, "the second one", **{"from": "ann@work.example"})
    written, hours = to_us(frozen.now()), router.policies.hours
    frozen.advance(timedelta(hours=1))
    now = to_us(frozen.now())
    for gone, kept, until in ((first, other, written), (other, first, now)):
        desk.merge(router, LEAD, gone, kept)
        escalate.sweep(router)
        resolution = clocks_of(router, kept)["resolution"]
        stood = hours.open_us(to_us(at("24T11:00")), until)
        used = hours.open_us(resolution.started_at, now)
        left = hours.open_us(now, resolution.due_at)
        assert used - stood + left == resolution.minutes * 60_000_000
        assert (resolution.breached_at, resolution.paused_at) == (None, None)
        with router.store.reading() as unit:
            batch_id = acts.last(unit, LEAD.id, kept).batch
        desk.undo(router, LEAD, batch_id)


def test_a_promise_that_was_broken_is_broken_once_after_a_merge(desk_of, door, frozen):
    router = desk_of()
    first = takes(router, door)
    frozen.advance(timedelta(days=2))
    escalate.sweep(router)
    before = clocks_of(router, first)
    assert before["first_response"].breached_at is not None
    other = takes(router, door, "the second one", **{"from": "ann@work.example"})
    desk.merge(router, LEAD, first, other)
    frozen.advance(timedelta(seconds=1))
    escalate.sweep(router)
    assert clocks_of(router, first)["first_response"].breached_at is None
    assert clocks_of(router, other)["first_response"].breached_at is not None
    with router.store.reading() as unit:
        batch_id = acts.last(unit, LEAD.id, first).batch
    desk.undo(router, LEAD, batch_id)
    assert clocks_of(router, first) == before
    assert clocks_of(router, other)["first_response"].breached_at is None


def test_a_promise_that_was_broken_is_still_where_the_kept_ticket_has_time_left(
    desk_of, door, frozen
):
    router = desk_of()
    kept = takes(router, door)
    desk.reply(router, LEAD, kept, "Which one?", once="1")
    frozen.advance(timedelta(days=20))
    gone = takes(router, door, "the second one", **{"from": "ann@work.example"})
    frozen.advance(timedelta(days=20))
    escalate.sweep(router)
    before = clocks_of(router, gone)
    desk.merge(router, LEAD, gone, kept)
    frozen.advance(timedelta(seconds=1))
    escalate.sweep(router)
    assert clocks_of(router, kept)["resolution"].breached_at is None
    assert clocks_of(router, gone)["resolution"] == before["resolution"]
    assert [one["kind"] for one in entries(router, gone, "sla_merged")] == ["first_response"]
    with router.store.reading() as unit:
        batch_id = acts.last(unit, LEAD.id, gone).batch
    desk.undo(router, LEAD, batch_id)
    assert clocks_of(router, gone) == before


def test_nothing_runs_on_a_closed_ticket_that_a_waiting_one_was_merged_into(desk_of, door, frozen):
    router = desk_of()
    closed, waits = takes(router, door), takes(router, door, **{"from": "ann@work.example"})
    desk.close(router, LEAD, closed)
    desk.reply(router, LEAD, waits, "Which one?", once="1")
    desk.merge(router, LEAD, waits, closed)
    with router.store.reading() as unit:
        assert unit.value("SELECT state FROM ticket WHERE id = :id", id=closed) == "waiting"
    frozen.advance(timedelta(days=90))
    escalate.sweep(router)
    assert entries(router, closed, "sla_breached") == []


# ---------------------------------------------------------------- warnings and breaches


def test_a_promise_warns_at_its_fractions_and_breaks_at_its_minute(desk_of, door, frozen):
    router = desk_of(sla={"warn": [0.5, 0.75]})
    ticket = takes(router, door)
    row = clocks_of(router, ticket)["first_response"]
    seen = []
    for minute in range(row.minutes + 1):
        if escalate.sweep(router):
            seen.append(minute)
        frozen.advance(timedelta(minutes=1))
    assert seen == [row.minutes // 2, row.minutes * 3 // 4, row.minutes]
    warned = entries(router, ticket, "sla_warned")
    assert [one["percent"] for one in warned] == [50, 75]
    assert entries(router, ticket, "sla_breached") == [
        {"kind": "first_response", "due": row.due_at}
    ]


def test_after_downtime_only_the_last_warning_is_given_and_a_breach_silences_it(
    desk_of, door, frozen
):
    router = desk_of(sla={"warn": [0.1, 0.2, 0.3]})
    ticket = takes(router, door)
    row = clocks_of(router, ticket)["first_response"]
    frozen.advance(timedelta(minutes=row.minutes * 0.35))
    escalate.sweep(router)
    assert [one["percent"] for one in entries(router, ticket, "sla_warned")] == [30]
    frozen.advance(timedelta(days=30))
    escalate.sweep(router)
    assert escalate.sweep(router) == 0
    assert len(entries(router, ticket, "sla_warned")) == 1
    assert len(entries(router, ticket, "sla_breached")) == 2


def test_a_clock_that_is_set_back_breaks_nothing_twice(desk_of, door, frozen):
    router = desk_of()
    ticket = takes(router, door)
    frozen.advance(timedelta(days=30))
    escalate.sweep(router)
    frozen.advance(timedelta(days=-30))
    desk.set_urgency(router, LEAD, ticket, "P1")
    frozen.advance(timedelta(days=31))
    escalate.sweep(router)
    assert len(entries(router, ticket, "sla_breached")) == 2


def test_an_acknowledgement_is_no_first_response(desk_of, door):
    router = desk_of()
    ticket = takes(router, door)
    assert clocks_of(router, ticket)["first_response"].met_at is None
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM outbox WHERE purpose = 'acknowledgement'") == 1


def test_two_workers_act_on_each_moment_once(desk_of, door, store_url, frozen, ids):
    router = desk_of()
    for number in range(8):
        takes(router, door, **{"from": f"p{number}@m.example"})
    frozen.advance(timedelta(days=30))
    others = [Store(store_url, clock=frozen, ids=ids) for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda n: escalate.sweep(replace(router, store=others[n % 2])), range(4))
        )
    for one in others:
        one.close()
    with router.store.reading() as unit:
        noted = unit.value("SELECT COUNT(*) FROM entry WHERE code = 'sla_breached'")
    assert sum(done) == noted == 16
