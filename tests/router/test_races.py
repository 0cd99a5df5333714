"""Two processes at the same moment: the later one sees what the earlier one did."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from channels.contract import Receipt, Refused, Unknown
from router import desk, escalate, hourbook, pipeline, settling, sweeps
from router.core.clock import to_us
from router.core.rights import Who
from router.desk import acting, changing
from router.errors import StoreBusy
from router.prepared import Terms
from router.store import batch, budgets, chats, claims, counters, database, outbox, snoozes
from router.store.budgets import Allowance
from tests.chats import ChatDoors, begun, say
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

MEI = Who(7, "Mei", "admin")
QUIET = {"per_address_gap_minutes": 0}


class Talk(FakeDoor):
    """A platform that says which conversation a message belongs to."""

    def parse(self, raw):
        return [replace(one, conversation="ann") for one in super().parse(raw)]


class TwoMailboxes(FakeDoors):
    """Two accounts of one desk."""

    def __init__(self, *doors):
        super().__init__(doors[0])
        self.all = {(door.kind, door.account): door for door in doors}

    def __iter__(self):
        return iter(self.all)

    def open(self, kind, account):
        return self.all[kind, account]

    def reader(self, kind, account):
        return self.all[kind, account]

    def speaker(self, _handle_kind, kind, account):
        return kind, account


@pytest.fixture
def meanwhile(database_kind):
    """``with meanwhile(router, first): second()`` – the first transaction has done its work and
    ends only when the second waits for it, or is over."""
    if database_kind == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite has one writer")

    @contextmanager
    def begun(router, first):
        written, over = threading.Event(), threading.Event()

        def also(_unit):
            written.set()
            _until_somebody_waits(router, over)

        one = threading.Thread(target=first, args=[also])
        one.start()
        assert written.wait(20)
        try:
            yield
        finally:
            over.set()
            one.join(20)
            assert not one.is_alive()

    return begun


@pytest.fixture
def crossing(database_kind, monkeypatch):
    """``crossing(router, ticket_ids, first, second)`` – somebody has these tickets in hand until
    all others wait, each of whom began when the one before it waited. Whoever then waits for one
    that waits for them fails at once."""
    if database_kind == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite has one writer")
    monkeypatch.setattr(database, "RACES", 1)

    def cross(router, ticket_ids, *others):
        held, over = threading.Event(), threading.Event()

        def holds(unit):
            batch.load(unit, ticket_ids)
            held.set()
            assert over.wait(20)

        with ThreadPoolExecutor(len(others) + 1) as threads:
            holding = threads.submit(router.store.write, holds)
            assert held.wait(20)
            begun = []
            for number, other in enumerate(others, 1):
                begun.append(threads.submit(other))
                _until_somebody_waits(router, over, number)
            over.set()
            for one in (holding, *begun):
                one.result(20)

    return cross


def _until_somebody_waits(router, over, number=1):
    for _ in range(500):
        with router.store.reading() as unit:
            if number <= unit.value(
                "SELECT COUNT(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a "
                "ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()"
            ):
                return
        if over.wait(0.02):
            return


def _ticket(router, ticket_id):
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM ticket WHERE id = :id", id=ticket_id)


def _count(router, what):
    with router.store.reading() as unit:
        return unit.value(f"SELECT COUNT(*) FROM {what}")


def _opened(router, door):
    raw = door.arrives(text="my transfer is pending", message_id="<one@mail.example>")
    return pipeline.receive(router, door, [raw], Terms())[0].ticket_id


def _follows(door, text):
    return door.arrives(text=text, thread_ids=["<one@mail.example>"])


def _taker(router, door, raw):
    return lambda also: pipeline.receive(router, door, [raw], Terms(), also=also)


def test_an_alarm_that_comes_beside_a_calm_message_stays(assembled, frozen, meanwhile):
    door = FakeDoor()
    router = assembled(doors=FakeDoors(door))
    ticket_id = _opened(router, door)
    alarm = _follows(door, "my wallet was hacked, somebody is stealing my money")
    calm = _follows(door, "thank you for looking into it")
    with meanwhile(router, _taker(router, door, alarm)):
        pipeline.receive(router, door, [calm], Terms())
    ticket = _ticket(router, ticket_id)
    assert (ticket.security, ticket.urgency, ticket.messages) == (True, "P1", 3)
    with router.store.reading() as unit:
        assert sum(counters.alarms(unit).values()) == 1


def test_what_an_agent_did_while_a_message_came_in_stays(assembled, frozen, meanwhile):
    door = FakeDoor()
    router = staffed(assembled(doors=FakeDoors(door)), MEI)
    ticket_id = _opened(router, door)

    def assigns(also):
        def work(unit):
            draft = acting.take(unit, MEI, "assign", ticket_id)
            draft.assignee_id = MEI.id
            batch.write(unit, [draft])
            also(unit)

        router.store.write(work)

    raw = _follows(door, "and another thing")
    with meanwhile(router, assigns):
        pipeline.receive(router, door, [raw], Terms())
    ticket = _ticket(router, ticket_id)
    assert (ticket.assignee_id, ticket.messages) == (MEI.id, 2)


def test_a_mail_to_two_mailboxes_polled_at_once_is_one_ticket(assembled, frozen, meanwhile):
    support, billing = FakeDoor("support"), FakeDoor("billing")
    router = assembled(doors=TwoMailboxes(support, billing), acknowledge=QUIET)
    _opened(router, support)  # somebody we know: the unique handle would hold the two apart
    frozen.advance(timedelta(days=60))
    mail = support.arrives(text="to both of your mailboxes")
    with meanwhile(router, _taker(router, support, mail)):
        pipeline.receive(router, billing, [mail], Terms())
    assert (_count(router, "ticket"), _count(router, "message"), _count(router, "outbox")) == (
        2,
        2,
        2,
    )


def test_two_messages_of_a_new_conversation_are_one_ticket(assembled, frozen, meanwhile):
    door = Talk()
    router = assembled(doors=FakeDoors(door), acknowledge=QUIET)
    _opened(router, door)
    router.store.write(lambda unit: unit.run("UPDATE ticket SET conversation = 'an older one'"))
    frozen.advance(timedelta(days=60))
    first, second = door.arrives(text="hello"), door.arrives(text="my transfer is stuck")
    with meanwhile(router, _taker(router, door, first)):
        pipeline.receive(router, door, [second], Terms())
    assert (_count(router, "ticket"), _count(router, "message")) == (2, 3)


def test_a_budget_holds_for_all_who_spend_of_it_at_once(assembled, frozen, meanwhile):
    router = assembled()
    last = Allowance("form", "form:x", 60, 1)
    spent = []

    def first(also):
        def work(unit):
            spent.append(budgets.spend(unit, [last]))
            also(unit)

        router.store.write(work)

    with meanwhile(router, first):
        spent.append(router.store.write(lambda unit: budgets.spend(unit, [last])))
    assert spent == [None, last]


def test_two_who_fold_the_same_deltas_count_them_once(assembled, frozen, meanwhile):
    router = assembled()
    router.store.write(lambda unit: counters.append(unit, {"t1:open": 5}))

    def first(also):
        router.store.write(lambda unit: (counters.fold(unit), also(unit)))

    with meanwhile(router, first):
        router.store.write(counters.fold)
    with router.store.reading() as unit:
        assert counters.read(unit, ["t1:open"]) == {"t1:open": 5}


def test_what_is_mailed_of_a_chat_is_not_mailed_again_with_what_came_since(
    assembled, frozen, meanwhile
):
    router = staffed(assembled(doors=ChatDoors()), MEI)
    row, _ = begun(router)
    say(router, row, "hello", email="lin@mail.example")
    ends = []
    for words in ("One.", "Two."):
        with router.store.reading() as unit:
            ticket_id = chats.find(unit, row.id).ticket_id
        desk.reply(router, MEI, ticket_id, words, once=words)
        with router.store.reading() as unit:
            ends.append(chats.events(unit, row.id, 0)[-1].seq)

    def mails(also):
        router.store.write(lambda unit: (chats.mailed(unit, row.id, ends[0]), also(unit)))

    with meanwhile(router, mails):
        texts = router.store.write(lambda unit: chats.mailed(unit, row.id, ends[1]))
    assert texts == ["Two."]


def test_a_duty_that_takes_long_is_done_by_nobody_else(assembled, frozen, monkeypatch):
    router, taken, renewed = assembled(), [], threading.Event()
    monkeypatch.setattr(sweeps, "RENEWED_EVERY", timedelta(milliseconds=10))

    nearly = sweeps.LEASE - timedelta(seconds=1)

    def long(_router):
        frozen.advance(nearly)
        renewed.clear()
        router.store.on_commit.append(renewed.set)
        assert renewed.wait(20)
        frozen.advance(nearly)
        taken.append(
            router.store.write(
                lambda unit: claims.take(unit, "long", "other", lease_us=120_000_000)
            )
        )

    sweeps.tick(router, sweeps.Duty("long", timedelta(1), lambda _: True, long, exclusive=True))
    assert taken == [False]


def test_nobody_takes_a_duty_while_its_holder_writes_however_long_the_disk_takes(
    assembled, frozen, meanwhile
):
    router, ended = assembled(), []

    def slow(also):
        def writes(unit):
            frozen.advance(2 * sweeps.LEASE)
            also(unit)
            ended.append("written")

        def work(_router):
            router.store.write(writes)

        sweeps.tick(router, sweeps.Duty("slow", timedelta(1), lambda _: True, work, exclusive=True))

    take = partial(claims.take, name="slow", owner="other", lease_us=1)
    with meanwhile(router, slow):
        assert router.store.write(take)
        ended.append("taken")
    assert ended == ["written", "taken"]


def _clocks(router, ticket_id, kind="first_response"):
    with router.store.reading() as unit:
        return unit.row(
            "SELECT * FROM sla_clock WHERE ticket_id = :id AND kind = :kind",
            id=ticket_id,
            kind=kind,
        )


def test_a_promise_that_is_given_anew_while_its_old_calendar_is_recounted_keeps_the_new_one(
    assembled, frozen, meanwhile
):
    door = FakeDoor()
    router = staffed(assembled(doors=FakeDoors(door)), MEI)
    ticket_id = _opened(router, door)
    shorter = assembled(hours={"weekly": {"tue": [["10:00", "10:01"]]}}).policies

    def alarms(also):
        def work(unit):
            draft = acting.take(unit, MEI, "categorise", ticket_id)
            changing.categorise(router, unit, draft, MEI, "security.compromised")
            changing.urge(router, unit, draft, MEI, "P1")
            batch.write(unit, [draft])
            unit.flush()
            also(unit)

        router.store.write(work)

    was = _clocks(router, ticket_id)
    with meanwhile(router, alarms):
        hourbook.recount(router.store, shorter, was.calendar)
    now = _clocks(router, ticket_id)
    assert now.calendar != was.calendar
    assert now.due_at == now.started_at + now.minutes * 60_000_000
    assert _ticket(router, ticket_id).due_at == now.due_at


@pytest.mark.parametrize(
    ("sweep", "moment"),
    [
        (escalate.sweep, "UPDATE sla_clock SET act_at = 1, due_at = 1"),
        (escalate.climb, "UPDATE climb SET due_at = 1"),
        (desk.wake, "INSERT INTO snooze (ticket_id, until, agent_id) SELECT id, 1, 7 FROM ticket"),
    ],
)
def test_what_is_due_on_a_ticket_in_somebodys_hands_comes_at_the_next_look(
    assembled, frozen, meanwhile, sweep, moment
):
    """Each had what the other needed next, and the database threw one of them out."""
    door, ended = FakeDoor(), []
    router = staffed(assembled(doors=FakeDoors(door)), MEI)
    raw = door.arrives(text="my wallet was hacked, somebody is stealing my money")
    ticket_id = pipeline.receive(router, door, [raw], Terms())[0].ticket_id
    router.store.write(lambda unit: unit.run(moment))

    def tags(also):
        def work(unit):
            draft = acting.take(unit, MEI, "tag", ticket_id)
            also(unit)
            batch.write(unit, [draft])

        router.store.write(work)
        ended.append("act")

    with meanwhile(router, tags):
        assert sweep(router) == 0
        ended.append("sweep")
    assert ended == ["sweep", "act"]
    assert sweep(router) > 0


def test_a_ticket_that_is_sent_to_sleep_anew_as_its_time_comes_sleeps_on(
    assembled, frozen, meanwhile
):
    door = FakeDoor()
    router = staffed(assembled(doors=FakeDoors(door)), MEI)
    ticket_id = _opened(router, door)
    desk.snooze(router, MEI, ticket_id, frozen.now() + timedelta(hours=1))
    frozen.advance(timedelta(hours=1))
    later = to_us(frozen.now() + timedelta(hours=1))

    def sleeps(also):
        def work(unit):
            draft = acting.take(unit, MEI, "snooze", ticket_id)
            changing.snooze_in_hand(unit, draft, MEI, later)
            batch.write(unit, [draft])
            also(unit)

        router.store.write(work)

    with meanwhile(router, sleeps):
        desk.wake(router)
    assert _ticket(router, ticket_id).state == "snoozed"
    with router.store.reading() as unit:
        assert snoozes.until(unit, ticket_id) == later


def test_an_answer_that_has_left_waits_for_its_ticket_before_it_holds_the_conversation(
    assembled, frozen, meanwhile
):
    router = staffed(assembled(doors=ChatDoors(), deliver={"undo_seconds": 0}), MEI)
    talk, _ = begun(router)
    say(router, talk, "my transfer is pending")
    with router.store.reading() as unit:
        ticket_id = unit.value("SELECT id FROM ticket")
    desk.reply(router, MEI, ticket_id, "It is there now.", once="1")
    row = router.store.write(lambda unit: outbox.claim(unit, lease_us=60_000_000))
    found = []

    def holds(also):
        def work(unit):
            acting.take(unit, MEI, "tag", ticket_id)
            also(unit)
            found.append(unit.value("SELECT id FROM chat FOR UPDATE SKIP LOCKED"))

        router.store.write(work)

    with meanwhile(router, holds):
        settling.sent(router, row, Receipt())
    assert found == [talk.id]


def _two(router, door):
    """Two tickets of one requester, in the order of their ids."""
    raws = [door.arrives(text="hello", message_id=f"<{n}@mail.example>") for n in ("a", "b")]
    return [pipeline.receive(router, door, [raw], Terms())[0].ticket_id for raw in raws]


def test_two_who_tie_the_same_tickets_the_other_way_round_wait_in_one_order(
    assembled, frozen, crossing
):
    door = FakeDoor()
    router = staffed(assembled(doors=FakeDoors(door), acknowledge=QUIET), MEI)
    one, other = _two(router, door)
    crossing(
        router,
        [one],
        lambda: desk.link(router, MEI, one, other),
        lambda: desk.link(router, MEI, other, one),
    )
    assert _count(router, "link WHERE kind = 'related'") == 1


def test_a_mail_to_a_merged_ticket_waits_in_the_order_of_those_who_change_both(
    assembled, frozen, crossing
):
    door = FakeDoor()
    router = staffed(assembled(doors=FakeDoors(door), acknowledge=QUIET), MEI)
    kept, gone = both = _two(router, door)
    desk.merge(router, MEI, gone, kept)
    token = router.tokens.reply_token(gone)
    raw = door.arrives(text="and another thing", tokens=[token])
    crossing(
        router,
        [kept],
        lambda: desk.bulk(router, MEI, both, "tag", "seen"),
        lambda: pipeline.receive(router, door, [raw], Terms()),
    )
    assert _ticket(router, kept).messages == 3


@pytest.mark.parametrize("fault", [None, Unknown("cut"), Refused("no such address")])
def test_what_came_of_a_send_waits_for_a_merge_before_it_holds_its_row(
    assembled, frozen, crossing, fault
):
    door = FakeDoor()
    router = staffed(assembled(doors=FakeDoors(door), deliver={"undo_seconds": 0}), MEI)
    gone, kept = _two(router, door)
    router.store.write(lambda unit: unit.run("DELETE FROM outbox"))
    desk.reply(router, MEI, gone, "It is there now.", once="1")
    row = router.store.write(lambda unit: outbox.claim(unit, lease_us=60_000_000))

    def settles():
        if fault is None:
            settling.sent(router, row, Receipt())
        else:
            settling.settle(router, row, fault)

    crossing(router, [kept], lambda: desk.merge(router, MEI, gone, kept), settles)
    with router.store.reading() as unit:
        settled = outbox.find(unit, row.id)
    assert settled.ticket_id == kept
    assert settled.state != "sending"


def test_who_loses_every_race_is_told_that_the_desk_is_busy_not_that_it_is_away(
    assembled, frozen, database_kind
):
    if database_kind == "sqlite":
        pytest.skip("needs PostgreSQL: SQLite has one writer")
    router = assembled()
    thrown_out = "DO $$ BEGIN RAISE EXCEPTION 'made up' USING ERRCODE = '40P01'; END $$"
    with pytest.raises(StoreBusy):
        router.store.write(lambda unit: unit.run(thrown_out))
    assert not router.store.outage.lasts
