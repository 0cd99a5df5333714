"""Corrections: what people make of the router's decisions, kept and counted."""

import pytest

from router import desk, pipeline
from router.core.clock import to_us
from router.core.rights import Who
from router.prepared import Terms
from router.store import feedback
from tests.fakes import FakeDoor, FakeDoors
from tests.staff import staffed

HUA = Who(id=11, name="Hua", role="lead", teams=frozenset({1}))
ADA = Who(id=13, name="Ada", role="admin")
ALARM = "There is a payment I did not make, my account was hacked"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return staffed(assembled(doors=FakeDoors(door)), HUA, ADA)


@pytest.fixture
def arrives(router, door):
    def make(text):
        raw = door.arrives(text=text, **{"from": f"p{len(door.inbox)}@mail.example"})
        return pipeline.receive(router, door, [raw], Terms())[0].ticket_id

    return make


def kept(router):
    with router.store.reading() as unit:
        return unit.rows("SELECT * FROM feedback ORDER BY id")


def report(router, who=ADA):
    with router.store.reading() as unit:
        return feedback.misroutes(unit, who, to_us(router.clock.now()) - 86_400_000_000)


def test_a_correction_is_kept_with_the_rules_that_had_decided(router, arrives):
    ticket = arrives("my transfer is still pending since yesterday")
    desk.set_category(router, ADA, ticket, "transfer.how_to")
    (row,) = kept(router)
    assert (row.what, row.old, row.new) == ("category", "transfer.pending", "transfer.how_to")
    assert row.ruleset == router.rules.version
    assert "transfer.pending.waiting" in row.rules


def test_so_is_a_correction_of_the_urgency(router, arrives):
    ticket = arrives("my transfer is still pending since yesterday")
    desk.set_urgency(router, ADA, ticket, "P3")
    (row,) = kept(router)
    assert (row.what, row.old, row.new) == ("urgency", "P2", "P3")
    assert "transfer.pending.waiting" in row.rules


def test_what_a_person_had_set_is_nobody_elses_rule(router, arrives):
    ticket = arrives("my transfer is still pending since yesterday")
    desk.set_category(router, ADA, ticket, "transfer.failed")
    desk.set_category(router, HUA, ticket, "transfer.how_to")
    assert kept(router)[1].rules == ""


def test_what_no_rule_decided_is_a_correction_without_rules(router, arrives):
    desk.set_category(router, ADA, arrives("qwertz uiop"), "transfer.how_to")
    (row,) = kept(router)
    assert (row.old, row.rules) == ("other.unsorted", "")


def test_choosing_what_it_is_already_corrects_nothing(router, arrives):
    ticket = arrives("my transfer is still pending since yesterday")
    desk.set_category(router, ADA, ticket, "transfer.pending")
    assert kept(router) == []


def test_the_report_counts_what_was_taken_for_what(router, arrives):
    for _ in range(2):
        ticket = arrives("my transfer is still pending since yesterday")
        desk.set_category(router, ADA, ticket, "transfer.how_to")
    arrives("my transfer is still pending since yesterday")
    told = report(router)
    assert (told.decided, told.corrected) == (3, 2)
    assert told.confusion == (("transfer.pending", "transfer.how_to", 2),)
    figures = {one.rule: one for one in told.rules}
    waiting = figures["transfer.pending.waiting"]
    assert (waiting.found, waiting.overruled) == (3, 2)
    assert waiting.precision == pytest.approx(1 / 3)
    assert [one.new for one in told.newest] == ["transfer.how_to"] * 2


def test_a_correction_that_was_taken_back_is_none(router, arrives):
    ticket = arrives("my transfer is still pending since yesterday")
    desk.set_category(router, ADA, ticket, "transfer.how_to")
    desk.set_category(router, ADA, ticket, "transfer.pending")
    told = report(router)
    assert (told.corrected, told.confusion) == (0, ())
    assert all(one.overruled == 0 for one in told.rules)
    assert len(told.newest) == 2


def test_what_counts_is_the_routers_word_and_peoples_last_one(router, arrives):
    ticket = arrives("my transfer is still pending since yesterday")
    desk.set_category(router, ADA, ticket, "transfer.how_to")
    desk.set_category(router, ADA, ticket, "transfer.failed")
    assert report(router).confusion == (("transfer.pending", "transfer.failed", 1),)


def test_a_lead_counts_only_the_tickets_of_their_teams(router, arrives):
    alarm, calm = arrives(ALARM), arrives("my transfer is still pending since yesterday")
    desk.set_category(router, ADA, alarm, "security.phishing")
    desk.set_category(router, ADA, calm, "transfer.how_to")
    assert report(router).corrected == 2
    told = report(router, HUA)
    assert (told.decided, told.corrected) == (1, 1)
    assert [one.new for one in told.newest] == ["transfer.how_to"]
    assert not any(one.category.startswith("security.") for one in told.rules)


def test_peoples_last_word_is_the_label_of_a_ticket(router, arrives):
    ticket = arrives(ALARM)
    desk.set_category(router, ADA, ticket, "other.chitchat")
    desk.set_category(router, ADA, ticket, "security.phishing")
    with router.store.reading() as unit:
        assert feedback.labels(unit) == {ticket: "security.phishing"}
