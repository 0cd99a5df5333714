"""Chains of people: who is told, when it climbs on, and what stops it."""

import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import pytest

from router import desk, escalate, notify, pipeline
from router.core.rights import Who
from router.errors import Conflict, NotFound
from router.prepared import Terms
from router.store import notices
from router.store.promises import climbs
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

MEI = Who(id=1, name="Mei", role="agent", teams=frozenset({2}), locale="zh")
LIN = Who(id=4, name="Lin", role="agent", teams=frozenset({1}), locale="zh")
PEOPLE = (
    MEI,
    Who(id=2, name="Hua", role="lead", teams=frozenset({2})),
    Who(id=3, name="Bo", role="manager"),
    LIN,
    Who(id=5, name="Tao", role="lead", teams=frozenset({1})),
)
STOLEN = "There is a payment I did not make, my account was hacked"


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


class Ledger(ThreadingHTTPServer):
    """The far side of a notice: keeps what it was posted, answers what it is told to; ``meanwhile``
    is what else happens while it does."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posts, self.answers, self.meanwhile = [], [], lambda: None


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.server.posts.append(json.loads(self.rfile.read(size)))
        self.server.meanwhile()
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def ledger():
    server = Ledger()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door, ledger, monkeypatch):
    address = f"json://127.0.0.1:{ledger.server_port}/desk"
    monkeypatch.setenv("ROUTER__NOTICES__ONCALL__SECRET", address)
    return staffed(assembled(doors=FakeDoors(door), notices={"oncall": {}}), *PEOPLE)


def takes(router, door, text=STOLEN, **mail):
    return pipeline.receive(router, door, [door.arrives(text=text, **mail)], Terms())[0].ticket_id


def told(router):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT agent_id, target FROM notice ORDER BY id")
        return [row.agent_id or row.target for row in rows]


def codes(router, ticket):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT code FROM entry WHERE ticket_id = :t ORDER BY id", t=ticket)
        return [row.code for row in rows]


def test_a_security_message_at_three_in_the_night_is_told_at_once(router, door, ledger, frozen):
    frozen.set(at("25T03:00"))
    takes(router, door, **{"from": "ann.secret@mail.example"})
    escalate.climb(router)
    notify.sweep(router)
    assert told(router) == [1, 2, "oncall"]
    (post,) = ledger.posts
    assert "P1" in post["title"]
    assert "/ticket/" in post["message"]
    assert "ann.secret" not in json.dumps(post)
    assert "payment" not in json.dumps(post)


def test_it_climbs_until_a_person_takes_it(router, door, frozen):
    ticket = takes(router, door)
    escalate.climb(router)
    frozen.advance(timedelta(minutes=4))
    assert escalate.climb(router) == 0
    frozen.advance(timedelta(minutes=1))
    assert escalate.climb(router) == 1
    assert told(router)[3:] == [2, "oncall"]
    escalate.acknowledge(router, MEI, ticket)
    frozen.advance(timedelta(hours=5))
    assert escalate.climb(router) == 0
    with router.store.reading() as unit:
        assert unit.value("SELECT assignee_id FROM ticket WHERE id = :t", t=ticket) == 1
    assert codes(router, ticket)[-2:] == ["escalation_taken", "assigned"]
    with pytest.raises(Conflict):
        escalate.acknowledge(router, MEI, ticket)


def test_nobody_takes_what_is_not_theirs_to_see(router, door):
    ticket = takes(router, door)
    with pytest.raises(NotFound):
        escalate.acknowledge(router, LIN, ticket)


def test_a_chain_that_nobody_answers_ends_after_its_repeats_and_says_so(router, door, frozen):
    ticket = takes(router, door)
    for _ in range(20):
        escalate.climb(router)
        frozen.advance(timedelta(minutes=15))
    assert codes(router, ticket).count("escalated") == 6
    assert codes(router, ticket).count("escalation_exhausted") == 1


def test_an_answer_stops_the_chain(router, door, frozen):
    ticket = takes(router, door)
    escalate.climb(router)
    frozen.advance(timedelta(minutes=1))
    desk.reply(router, MEI, ticket, "We froze it.", once="1")
    frozen.advance(timedelta(hours=1))
    escalate.climb(router)
    assert codes(router, ticket).count("escalated") == 1


def test_nothing_is_shown_to_climb_on_a_ticket_that_needs_nobody_any_more(router, door, frozen):
    answered, closed, left = (
        takes(router, door, STOLEN, **{"from": f"{name}@mail.example"}) for name in ("a", "b", "c")
    )
    escalate.climb(router)
    frozen.advance(timedelta(minutes=1))
    desk.reply(router, MEI, answered, "We froze it.", once="1")
    desk.close(router, MEI, closed)
    with router.store.reading() as unit:
        assert [bool(climbs.running(unit, one)) for one in (answered, closed, left)] == [
            False,
            False,
            True,
        ]
        rests = {row.number: bool(row.rests) for row in notices.of_agent(unit, MEI.id)}
    assert sorted(rests.values()) == [False, True, True]


def test_a_broken_promise_is_told_to_the_assignee_and_the_lead_in_service_hours(
    router, door, frozen
):
    ticket = takes(router, door, "my transfer is pending")
    desk.assign(router, LIN, ticket, 4)
    frozen.set(at("24T22:30"))
    escalate.sweep(router)
    escalate.climb(router)
    assert told(router) == []
    frozen.set(at("25T08:00"))
    escalate.climb(router)
    assert told(router) == [4, 5]


def test_whoever_is_silent_until_the_warning_lets_the_ticket_go(router, door, frozen):
    ticket = takes(router, door, "my transfer is pending")
    desk.assign(router, LIN, ticket, 4)
    frozen.advance(timedelta(minutes=90))
    escalate.sweep(router)
    assert codes(router, ticket)[-1] == "released"
    with router.store.reading() as unit:
        assert unit.value("SELECT assignee_id FROM ticket WHERE id = :t", t=ticket) is None


def test_a_notice_that_is_refused_is_tried_again_and_then_given_up(router, door, ledger, frozen):
    takes(router, door)
    escalate.climb(router)
    ledger.answers = [500] * 6
    states = []
    for _ in range(8):
        notify.sweep(router)
        with router.store.reading() as unit:
            states.append(
                unit.value("SELECT state FROM notice WHERE target = 'oncall' ORDER BY id LIMIT 1")
            )
        frozen.advance(timedelta(hours=2))
    assert states[0] == "queued"
    assert states[-1] == "failed"
    assert len(ledger.posts) == 6


def test_a_notice_without_an_address_fails_visibly_and_harms_no_other(
    router, door, monkeypatch, ledger
):
    monkeypatch.delenv("ROUTER__NOTICES__ONCALL__SECRET")
    takes(router, door)
    escalate.climb(router)
    notify.sweep(router)
    with router.store.reading() as unit:
        assert unit.value("SELECT error FROM notice WHERE target = 'oncall'") == "no_address"
        assert notices.unseen(unit, 1) == 1
    assert ledger.posts == []


def test_a_notice_that_cannot_be_worded_is_a_try_of_its_own_and_harms_no_other(
    router, door, ledger, frozen
):
    router.store.write(lambda unit: notices.tell(unit, "odd", "no such code", [], ["oncall"]))
    frozen.advance(timedelta(seconds=1))
    takes(router, door)
    escalate.climb(router)
    notify.sweep(router)
    assert len(ledger.posts) == 1
    for _ in range(8):
        frozen.advance(timedelta(hours=2))
        notify.sweep(router)
    with router.store.reading() as unit:
        row = unit.row("SELECT state, error FROM notice WHERE code = 'no such code'")
    assert (row.state, row.error) == ("failed", "fault")


def test_two_workers_send_each_notice_once_however_long_posts_take(router, ledger, frozen):
    for account in range(9):
        named = {"channel": "email", "account": f"desk {account}"}
        router.store.write(
            lambda unit, named=named: notices.tell(
                unit, named["account"], "channel_stopped", [], ["oncall"], **named
            )
        )

    def meanwhile():
        frozen.advance(timedelta(seconds=10))
        if len(ledger.posts) == 7:
            notify.sweep(router)

    ledger.meanwhile = meanwhile
    notify.sweep(router)
    titles = [post["title"] for post in ledger.posts]
    assert len(titles) == len(set(titles)) == 9


def test_what_an_agent_was_told_is_shown_until_they_have_seen_it(router, door):
    takes(router, door)
    escalate.climb(router)
    with router.store.reading() as unit:
        (row,) = notices.of_agent(unit, 1)
    assert (row.code, row.seen_at) == ("security", None)
    router.store.write(lambda unit: notices.seen(unit, 1, row.id, row.id))
    with router.store.reading() as unit:
        assert notices.unseen(unit, 1) == 0


def test_two_causes_climb_by_themselves_and_one_person_takes_both(router, door, frozen):
    ticket = takes(router, door)
    escalate.climb(router)
    frozen.advance(timedelta(minutes=16))
    escalate.sweep(router)
    escalate.climb(router)
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM climb WHERE acknowledged_at IS NULL") == 2
    escalate.acknowledge(router, MEI, ticket)
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM climb WHERE acknowledged_at IS NULL") == 0
