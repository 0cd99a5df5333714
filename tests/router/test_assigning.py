"""Tickets that are nobody's go to people who are there."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router import assigning, desk, escalate, pipeline, sweeps
from router.core.clock import from_us
from router.core.rights import Who
from router.prepared import Terms
from router.store import people, presence
from tests.fakes import FakeDoor, FakeDoors


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


class Desk:
    """A desk with people who say that they are here."""

    def __init__(self, router, door):
        self.router, self.door = router, door

    def joins(self, name, teams=("support",), skills=(), **columns):
        def work(unit):
            email = f"{name}@desk.example"
            agent_id = people.create_agent(unit, email, name, "agent", list(teams))
            unit.flush()
            presence.put(unit, agent_id, **{"state": "here", **columns})
            presence.set_skills(unit, agent_id, skills)
            people.open_session(unit, agent_id, hours=100)
            return agent_id

        return self.router.store.write(work)

    def arrives(self, text="My transfer is pending", who="ann", **mail):
        raw = self.door.arrives(text=text, **{"from": f"{who}@mail.example", **mail})
        return pipeline.receive(self.router, self.door, [raw], Terms())[0].ticket_id

    def whose(self, ticket):
        with self.router.store.reading() as unit:
            return unit.value(
                "SELECT a.name FROM ticket t JOIN agent a ON a.id = t.assignee_id WHERE t.id = :t",
                t=ticket,
            )


@pytest.fixture
def made(assembled):
    def make(**assignment):
        door = FakeDoor()
        settings = {"mode": "round_robin", **assignment}
        night = {"serves": [], "weekly": {"tue": [("22:00", "06:00")]}}
        router = assembled(doors=FakeDoors(door), assignment=settings, calendars={"night": night})
        return Desk(router, door)

    return make


def test_tickets_go_by_turns_within_the_team_and_say_so(made):
    place = made()
    place.joins("Mei")
    place.joins("Tom")
    place.joins("Sec", teams=("security",))
    tickets = [place.arrives(who=who) for who in ("ann", "bo", "cy", "di")]
    assert assigning.sweep(place.router) == 4
    whose = [place.whose(one) for one in tickets]
    assert sorted(whose) == ["Mei", "Mei", "Tom", "Tom"]
    assert whose[0] != whose[1]
    with place.router.store.reading() as unit:
        codes = unit.rows("SELECT agent_id FROM entry WHERE code = 'assigned'")
    assert [row.agent_id for row in codes] == [None] * 4


def test_who_has_least_in_hand_is_next(made):
    place = made(mode="load")
    mei, _ = place.joins("Mei"), place.joins("Tom")
    who = Who(mei, "Mei", "agent", frozenset({1, 2}))
    first = place.arrives()
    desk.assign(place.router, who, first, mei)
    second = place.arrives(who="bo")
    assigning.sweep(place.router)
    assert place.whose(second) == "Tom"


@pytest.mark.parametrize(
    ("columns", "moment", "given"),
    [
        ({"state": "away"}, "24T10:00", 0),
        ({"shift": "night"}, "24T10:00", 0),
        ({"shift": "night"}, "24T23:00", 1),
        ({"shift": "desk"}, "24T10:00", 1),
    ],
)
def test_only_who_is_here_and_in_their_shift_gets_anything(made, frozen, columns, moment, given):
    frozen.set(at(moment))
    place = made()
    place.joins("Mei", **columns)
    place.arrives()
    assert assigning.sweep(place.router) == given


def test_who_was_not_seen_for_a_while_gets_nothing(made, frozen):
    place = made()
    place.joins("Mei")
    frozen.advance(timedelta(minutes=31))
    place.arrives()
    assert assigning.sweep(place.router) == 0


def test_a_language_nobody_there_speaks_stays_in_sight(made):
    place = made()
    place.joins("Mei", skills=["language:zh"])
    english, chinese = place.arrives(), place.arrives("转账失败了，钱没到账", who="bo")
    assigning.sweep(place.router)
    assert (place.whose(english), place.whose(chinese)) == (None, "Mei")


def test_who_let_it_go_for_silence_does_not_get_it_back(made, frozen):
    place = made(idle_minutes=0)
    place.joins("Mei")
    ticket = place.arrives()
    assigning.sweep(place.router)
    assert place.whose(ticket) == "Mei"
    with place.router.store.reading() as unit:
        sql = "SELECT act_at FROM sla_clock WHERE kind = 'first_response'"
        frozen.set(from_us(unit.value(sql)))
    escalate.sweep(place.router)
    assert assigning.sweep(place.router) == 0
    place.joins("Tom")
    assigning.sweep(place.router)
    assert place.whose(ticket) == "Tom"


def test_nobody_is_asked_where_it_is_switched_off(made):
    place = made(mode="off")
    place.joins("Mei")
    place.arrives()
    assert assigning.sweep(place.router) == 0


def test_the_duty_does_it(made):
    place = made()
    place.joins("Mei")
    ticket = place.arrives()
    duty = next(one for one in sweeps.DUTIES if one.name == "assign")
    assert sweeps.tick(place.router, duty)
    assert place.whose(ticket) == "Mei"
    assert not sweeps.tick(place.router, duty)
