"""One person who writes again: raised one step, tied as suggested, never merged, never calmed."""

import json

import pytest

from router import desk, form, pipeline, repeats, waves
from router.core.rights import Who
from router.errors import Conflict, NotFound
from router.prepared import Terms
from router.store import people
from tests.fakes import FakeDoor, FakeDoors

PENDING = "My transfer is pending"
HOW = "How do I change my e-mail address?"
ALARM = "There is a payment I did not make, my account was hacked"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def lead(router):
    """Hua leads the support team only."""
    agent = router.store.write(
        lambda unit: people.create_agent(unit, "hua@desk.example", "Hua", "lead", ["support"])
    )
    return Who(id=agent, name="Hua", role="lead", teams=frozenset({1}), locale="zh")


@pytest.fixture
def mail(router, door):
    def make(text, sender="ann@mail.example", **more):
        raw = door.arrives(text=text, **{"from": sender, **more})
        return pipeline.receive(router, door, [raw], Terms())[0].ticket_id

    return make


@pytest.fixture
def filled(router):
    def make(text, **fields):
        given = {"idempotency_key": text, "body": text, "locale": "en", **fields}
        return form.submit(router, given, [], source="203.0.113.9", spam=False).ticket_id

    return make


def row(router, sql, **params):
    with router.store.reading() as unit:
        return unit.row(sql, **params)


def ticket(router, ticket_id):
    return row(router, "SELECT * FROM ticket WHERE id = :id", id=ticket_id)


def links(router):
    with router.store.reading() as unit:
        return list(unit.rows("SELECT * FROM link ORDER BY id"))


def entries(router, ticket_id, code):
    with router.store.reading() as unit:
        found = unit.rows(
            "SELECT params FROM entry WHERE ticket_id = :t AND code = :code",
            t=ticket_id,
            code=code,
        )
        return [json.loads(one.params) for one in found]


def test_writing_again_about_something_else_raises_one_step(router, mail):
    first, second = mail(PENDING), mail(HOW)
    before = ticket(router, second)
    assert before.urgency == "P3"
    waves.sweep(router)
    after = ticket(router, second)
    assert after.urgency == "P2"
    assert after.due_at < before.due_at
    assert entries(router, second, "urgency") == [
        {"old": "P3", "new": "P2", "reason": "repeat_contact"}
    ]
    (link,) = links(router)
    assert (link.ticket_id, link.other_id, link.kind) == (second, first, "suggested")
    assert ticket(router, first).messages == 1


def test_the_first_ticket_stays_as_it_was(router, mail):
    first = mail(PENDING)
    urgency = ticket(router, first).urgency
    mail(HOW)
    waves.sweep(router)
    assert ticket(router, first).urgency == urgency


def test_an_urgent_ticket_stays_urgent(router, mail):
    mail(PENDING)
    second = mail(ALARM)
    waves.sweep(router)
    assert ticket(router, second).urgency == "P1"
    assert len(links(router)) == 1


def test_after_a_day_it_is_no_repeat(router, mail, frozen):
    mail(PENDING)
    frozen.advance(waves.SPAN * 1.1)
    second = mail(HOW)
    waves.sweep(router)
    assert ticket(router, second).urgency == "P3"
    assert links(router) == []


def test_a_second_message_on_the_same_ticket_is_no_repeat(router, mail):
    first = mail(HOW)
    mail("nothing yet", tokens=[router.tokens.reply_token(first)])
    waves.sweep(router)
    assert ticket(router, first).urgency == "P3"
    assert links(router) == []


def test_the_form_and_the_mailbox_are_one_person(router, mail, filled):
    filled(PENDING, email="ann@mail.example")
    second = mail(HOW)
    waves.sweep(router)
    assert ticket(router, second).urgency == "P2"


def test_a_number_left_in_one_form_is_known_in_the_next(router, filled):
    filled(PENDING, email="ann@mail.example", phone="+86 138 0013 8000")
    second = filled(HOW, phone="13800138000")
    waves.sweep(router)
    assert ticket(router, second).urgency == "P2"
    (link,) = links(router)
    assert link.kind == "suggested"


def test_each_pair_is_raised_once_whoever_looks(router, mail):
    mail(PENDING)
    second = mail(HOW)
    for _ in range(3):
        waves.sweep(router)
        waves._watches.clear()
    assert ticket(router, second).urgency == "P2"
    assert len(links(router)) == 1


def test_what_a_person_lowered_again_stays_so(router, mail, lead):
    mail(PENDING)
    second = mail(HOW)
    waves.sweep(router)
    desk.set_urgency(router, lead, second, "P4")
    waves._watches.clear()
    mail("one more line", tokens=[router.tokens.reply_token(second)])
    waves.sweep(router)
    assert ticket(router, second).urgency == "P4"


def test_a_setting_of_no_hours_switches_it_off(assembled, door):
    router = assembled(doors=FakeDoors(door), waves={"repeat_hours": 0})
    for text in (PENDING, HOW):
        pipeline.receive(router, door, [door.arrives(text=text)], Terms())
    waves.sweep(router)
    assert links(router) == []


# ---------------------------------------------------------------- a person's word


@pytest.fixture
def suggested(router, mail):
    first, second = mail(PENDING), mail(HOW)
    waves.sweep(router)
    (link,) = links(router)
    return first, second, link.id


@pytest.mark.parametrize("accept", [True, False])
def test_a_suggestion_is_decided_once_and_told_on_both_tickets(router, suggested, lead, accept):
    first, second, link = suggested
    repeats.decide(router, lead, first, link, accept=accept)
    assert links(router)[0].kind == ("related" if accept else "dismissed")
    code = "suggestion_accepted" if accept else "suggestion_dismissed"
    assert entries(router, first, code) == [{"number": ticket(router, second).number}]
    assert entries(router, second, code) == [{"number": ticket(router, first).number}]
    with pytest.raises(Conflict):
        repeats.decide(router, lead, first, link, accept=True)
    said = row(router, "SELECT actor FROM audit WHERE action = :a", a=f"ticket.{code}")
    assert said.actor == f"agent:{lead.id}"


def test_a_dismissed_suggestion_does_not_come_back(router, suggested, lead):
    _, second, link = suggested
    repeats.decide(router, lead, second, link, accept=False)
    waves._watches.clear()
    waves.sweep(router)
    assert [one.kind for one in links(router)] == ["dismissed"]


def test_who_cannot_see_one_of_the_two_decides_nothing(router, mail, lead):
    mail(PENDING)
    second = mail(ALARM)
    waves.sweep(router)
    (link,) = links(router)
    with pytest.raises(NotFound):
        repeats.decide(router, lead, link.other_id, link.id, accept=True)
    with pytest.raises(NotFound):
        repeats.decide(router, lead, second, link.id + 1, accept=True)
