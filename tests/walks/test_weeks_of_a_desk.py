"""Weeks of a desk on a frozen clock: every figure against a ledger of what people did.

Clocks change on the way, a night shift passes midnight, dates are closed and opened, tickets wait,
are opened again, merged, split, taken back, erased, and people leave the desk.
"""

import copy
import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from router import desk, escalate, pipeline, reports, retention, sweeps
from router.core.clock import to_us
from router.core.figures import Span, day_of
from router.core.rights import Who
from router.errors import RouterError
from router.prepared import Terms
from router.reports import asking, rows
from router.reports.words import Words
from router.store import acts, holding, people, splitting
from router.store.pages.reports import Cut, Period
from router.store.promises import calendar_days
from router.store.promises.calendar_days import Day
from tests.fakes import FakeDoor, FakeDoors
from tests.ledger import ANSWERS, BEGIN, BERLIN, CALENDARS, HOURS, LATER, ZONE, Ledger, Ticket

ALARM = "There is a payment I did not make, somebody hacked my account"
WORDS = ("My transfer is still pending since yesterday", "我忘记密码了，重置链接打不开", ALARM)
STEPS = int(os.environ.get("HELPDESK_STEPS", "700"))


class Desk:
    """The product and the ledger, told the same."""

    def __init__(self, router, frozen, door, seed):
        self.router, self.clock, self.door = router, frozen, door
        self.draw = Random(seed)
        sla = router.settings.sla
        kinds = (*ANSWERS, "resolution")
        self.ledger = Ledger({kind: getattr(sla, kind) for kind in kinds})
        self.number = 0
        self.go(0)

        def work(unit):
            # two of the same name: a name is nobody's id
            return [
                people.create_agent(unit, f"a{one}@desk.example", name, "manager", ["support"])
                for one, name in enumerate(("Li Wei", "Li Wei", "Mei", "Tom"))
            ]

        self.people = [
            Who(one, "", "manager", frozenset({1, 2})) for one in router.store.write(work)
        ]

    def go(self, minute):
        self.ledger.now = minute
        self.clock.set(BEGIN + timedelta(minutes=minute))

    def pass_(self, minutes):
        self.go(self.ledger.now + minutes)
        if minutes:
            escalate.sweep(self.router)
            self.ledger.sweep()
            self._released()

    def _released(self):
        """Who stayed silent has let go."""
        rows = unit_rows(
            self.router, "SELECT id FROM ticket WHERE assignee_id IS NULL AND id > :id", 0
        )
        for row in rows:
            ticket = self.ledger.tickets[row.id]
            if ticket.now[3]:
                ticket.told.append((self.ledger.now, (*ticket.now[:3], 0)))

    def look(self, ticket):
        with self.router.store.reading() as unit:
            row = unit.row("SELECT * FROM ticket WHERE id = :id", id=ticket.id)
        ticket.told.append(
            (self.ledger.now, (row.category, row.urgency, row.team_id, row.assignee_id or 0))
        )

    # what happens

    def arrives(self):
        self.number += 1
        sender, words = f"p{self.number}@mail.example", self.draw.choice(WORDS)
        raw = self.door.arrives(text=words, subject="Help", **{"from": sender})
        ticket_id = pipeline.receive(self.router, self.door, [raw], Terms())[0].ticket_id
        self.ledger.counts["messages"] += 1
        self._new(ticket_id, sender)

    def _new(self, ticket_id, sender):
        ticket = self.ledger.tickets[ticket_id] = Ticket(ticket_id, self.ledger.now)
        ticket.sender = sender
        self.look(ticket)
        ticket.said = ticket.now[0]
        for kind in ("first_response", "resolution"):
            self.ledger.start(ticket, kind)

    def writes(self, ticket):
        self.number += 1
        token = self.router.tokens.reply_token(ticket.id)
        mail = {"from": ticket.sender, "text": f"thing {self.number}", "tokens": [token]}
        taken = pipeline.receive(self.router, self.door, [self.door.arrives(**mail)], Terms())[0]
        self.ledger.counts["messages"] += 1
        if taken.ticket_id != ticket.id:  # that one was closed too long ago
            assert ticket.closed
            return self._new(taken.ticket_id, ticket.sender)
        if ticket.closed:
            ticket.closed = False
            ticket.reopened += 1
            self.ledger.counts["reopened"] += 1
        self.look(ticket)
        return self.ledger.heard(ticket)

    def reply(self, ticket, who):
        self.number += 1
        desk.reply(self.router, who, ticket.id, "It is on its way.", once=f"r{self.number}")
        self.look(ticket)
        self.ledger.meet(ticket, who.id, *ANSWERS)
        self.ledger.pause(ticket)
        ticket.answers += 1
        self.ledger.counts["answers"] += 1

    def close(self, ticket, who):
        desk.close(self.router, who, ticket.id)
        self.look(ticket)
        self.ledger.meet(ticket, who.id, *ANSWERS, "resolution")
        ticket.closed = True
        self.ledger.counts["closed"] += 1
        self.ledger.counts["one_touch"] += ticket.answers == 1 and not ticket.reopened

    def reopen(self, ticket, who):
        desk.reopen(self.router, who, ticket.id)
        self.look(ticket)
        self.ledger.heard(ticket)
        ticket.closed = False
        ticket.reopened += 1
        self.ledger.counts["reopened"] += 1

    def assign(self, ticket, who):
        other = self.draw.choice([None, *(one.id for one in self.people)])
        desk.assign(self.router, who, ticket.id, other)
        self.look(ticket)

    def urgency(self, ticket, who):
        desk.set_urgency(self.router, who, ticket.id, self.draw.choice(("P1", "P2", "P3", "P4")))
        self.look(ticket)
        self.ledger.retarget(ticket)

    def category(self, ticket, who):
        choice = (
            "transfer.pending",
            "security.compromised",
            "records.export",
            "login.password_reset",
        )
        was, new = ticket.now[0], self.draw.choice(choice)
        desk.set_category(self.router, who, ticket.id, new)
        self.look(ticket)
        if new != was and was == ticket.said:
            self.ledger.counts["misrouted"] += 1
            ticket.said = ""
        self.ledger.retarget(ticket)

    def team(self, ticket, who):
        desk.move_team(self.router, who, ticket.id, self.draw.choice((1, 2)))
        self.look(ticket)
        self.ledger.retarget(ticket)

    def wait(self, ticket, who):
        desk.wait_for(self.router, who, ticket.id, "bank")
        self.ledger.pause(ticket)

    def go_on(self, ticket, who):
        desk.go_on(self.router, who, ticket.id)
        self.ledger.resume(ticket)

    def spam(self, ticket, who):
        desk.spam(self.router, who, ticket.id)
        self.ledger.void(ticket)
        ticket.closed = ticket.gone = True

    def merge(self, ticket, who):
        kept = self.draw.choice([one for one in self.alive() if one is not ticket])
        rows = unit_rows(self.router, "SELECT id, state FROM ticket WHERE id > :id", 0)
        states = {row.id: row.state for row in rows}
        desk.merge(self.router, who, ticket.id, kept.id)
        self.look(kept)
        self.ledger.merge(ticket, kept)
        if states[ticket.id] in ("new", "open", "snoozed"):
            if states[kept.id] not in ("new", "open"):
                self.ledger.resume(kept)
        elif not ticket.closed and kept.closed:
            self.ledger.pause(kept)
        kept.closed = kept.closed and ticket.closed
        ticket.closed = ticket.gone = True
        ticket.into = kept
        for one in self.ledger.tickets.values():
            one.into = kept if one.into is ticket else one.into

    def split(self, ticket, who):
        with self.router.store.reading() as unit:
            said = splitting.messages(unit, ticket.id)
        heard = [one for one in said if one.direction == "in"]
        if len(heard) < 2 or ticket in (one.into for one in self.ledger.tickets.values()):
            return
        (row,) = unit_rows(
            self.router,
            "SELECT sender.value FROM identity sender WHERE id = :id",
            heard[-1].identity_id,
        )
        number = desk.split(self.router, who, ticket.id, [heard[-1].id])
        (found,) = unit_rows(self.router, "SELECT id FROM ticket WHERE number = :id", number)
        at = (datetime.fromtimestamp(heard[-1].seen_at / 1e6, UTC) - BEGIN) // timedelta(minutes=1)
        child = self.ledger.tickets[found.id] = Ticket(found.id, at)
        child.sender = row.value
        self.look(child)
        child.told[0] = (at, child.now)
        self.ledger.start(child, "first_response", at)
        self.ledger.start(child, "resolution", at)

    def erase(self, ticket, who):
        (row,) = unit_rows(self.router, "SELECT requester_id FROM ticket WHERE id = :id", ticket.id)
        retention.ask(self.router, row.requester_id, agent_id=who.id)
        while retention.sweep(self.router):
            pass
        for one in unit_rows(
            self.router, "SELECT id FROM ticket WHERE requester_id = :id", row.requester_id
        ):
            other = self.ledger.tickets[one.id]
            self.ledger.void(other)
            other.closed = other.gone = True

    def leaves(self):
        """Somebody leaves the desk; another one comes."""
        gone = self.people.pop(0)

        def work(unit):
            people.change(unit, gone.id, active=False)
            unit.flush()
            holding.release(unit, gone.id, by=None)
            return people.create_agent(unit, f"n{gone.id}@desk.example", "New", "manager", [])

        fresh = self.router.store.write(work)
        self.people.append(Who(fresh, "", "manager", frozenset()))
        for one in self.ledger.tickets.values():
            if not one.gone:
                self.look(one)

    def holiday(self):
        CALENDARS.dates[LATER] = []
        CALENDARS.count()
        number = (LATER - date(1970, 1, 1)).days

        def work(unit):
            calendar_days.replace(unit, "desk", [Day(number, "closed", (), "", "Mei")])
            calendar_days.ask_recount(unit, "desk")

        self.router.store.write(work)
        self.router.hours.follow(self.router.store)
        next(one for one in sweeps.DUTIES if one.name == "recount").work(self.router)

    # taken back

    def undone(self, act, ticket, who):
        """An act, and a minute later it was none."""
        ledger = self.ledger
        before = copy.deepcopy((ledger.tickets, ledger.counts))
        act(ticket, who)
        with self.router.store.reading() as unit:
            last = acts.last(unit, who.id, ticket.id)
        if last is None or last.at != to_us(self.clock.now()):
            return
        touched = [one for one, t in ledger.tickets.items() if t.told != before[0].get(one, t).told]
        self.pass_(1)
        desk.undo(self.router, who, last.batch)
        agents = {one: ledger.tickets[one].now[3] for one in touched}
        ledger.tickets, ledger.counts = before
        for one in touched:
            other = ledger.tickets[one]
            state = other.now
            other.told.append((ledger.now - 1, (*state[:3], agents[one])))
            self.look(other)
            assert other.now == state
        ledger.sweep()
        self._released()

    # a life

    def alive(self):
        return [one for one in self.ledger.tickets.values() if not one.gone]

    def step(self):
        self.pass_(self.draw.choice((1, 4, 17, 60, 61, 240)))
        acts_ = (
            *[self.reply] * 6, *[self.close] * 3, self.reopen, self.assign, self.assign,
            self.urgency, self.category, self.team, self.wait, self.go_on,
        )  # fmt: skip
        choice = self.draw.random()
        if choice < 0.2 or len(self.alive()) < 4:
            return self.arrives()
        ticket, who = self.draw.choice(self.alive()), self.draw.choice(self.people)
        if choice < 0.35:
            return self.writes(ticket)
        if choice < 0.42:
            return self.draw.choice((self.merge, self.split, self.spam, self.erase))(ticket, who)
        if choice < 0.56:
            return self.undone(self.draw.choice(acts_[:-3]), ticket, who)
        return self.draw.choice(acts_)(ticket, who)


def unit_rows(router, sql, value):
    with router.store.reading() as unit:
        return unit.rows(sql, id=value)


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def lived(assembled, frozen, door, request):
    frozen.set(BEGIN)
    CALENDARS.dates.pop(LATER, None)
    CALENDARS.count()
    made = assembled(
        doors=FakeDoors(door),
        desk={"zone": str(ZONE)},
        hours=HOURS,
        calendars={"berlin": BERLIN},
        acknowledge={"enabled": False},
        deliver={"undo_seconds": 60},
    )
    steps, seed = request.param
    one = Desk(made, frozen, door, seed)
    for number in range(steps):
        if number == 60:
            one.holiday()
        if number == steps // 2:
            one.leaves()
        try:
            one.step()
        except RouterError:
            continue
    one.pass_(5)
    reports.sweep(made, timedelta(0))
    return one


@pytest.fixture
def told(lived):
    span = Span(date(2026, 10, 17), date(2026, 12, 15))
    period = Period(span, ZONE)
    with lived.router.store.reading() as unit:
        return {
            "sla": asking.sla(lived.router, unit, None, period),
            "load": asking.load(unit, None, period),
            "quality": asking.quality(unit, None, period),
            "tickets": list(
                rows.tickets(lived.router, Words(lived.router, unit, "en"), period, Cut(), None)
            ),
        }


def decided(ledger):
    """(kind, kept or broken, category, urgency, team, agent) of every promise that was decided."""
    for ticket in ledger.tickets.values():
        for one in ticket.promises:
            if one.broken is not None:
                yield ticket, one, "broken", ticket.was(one.broken)
            elif one.met is not None:
                yield ticket, one, "kept", (*ticket.was(one.met)[:3], one.doer)


LIVES = [
    (90, 1),
    *(pytest.param((STEPS, seed), marks=pytest.mark.slow) for seed in range(2, 6)),
]


@pytest.mark.parametrize("lived", LIVES, indirect=True)
def test_every_figure_is_what_people_did(lived, told):
    ledger, sla = lived.ledger, told["sla"]
    for place, side in enumerate(("category", "urgency", "team_id", "agent_id")):
        expected, found = Counter(), Counter()
        for _, one, what, state in decided(ledger):
            expected[state[place], one.kind, what] += 1
        for value, scores in sla.by[side].items():
            for kind, score in scores.items():
                found[value, kind, "kept"] += score.kept
                found[value, kind, "broken"] += score.broken
        assert +found == +expected, side
    days = Counter()
    for _, one, what, _ in decided(ledger):
        at = BEGIN + timedelta(minutes=one.broken if what == "broken" else one.met)
        days[day_of(at.astimezone(ZONE).date()), what] += 1
    for day, kept, broken in sla.days:
        assert (kept, broken) == (days[day, "kept"], days[day, "broken"])
    _times(ledger, told["tickets"])
    _counts(ledger, told)


def _times(ledger, lines):
    """The service minutes of the file, ticket by ticket."""
    header = rows.heads()
    found = {line[0]: dict(zip(header, line, strict=True)) for line in lines}
    numbers = {}
    for ticket, one, what, _ in decided(ledger):
        numbers.setdefault(ticket.id, Counter())[one.kind, what] += 1
        if one.met is not None:
            end = one.met if one.paused is None else min(one.met, one.paused)
            numbers[ticket.id][one.kind, "used"] += one.used(end)
            numbers[ticket.id][one.kind, "wall"] += one.met - one.start
    assert len(found) == len(numbers)
    total = Counter()
    for line in found.values():
        for kind in (*ANSWERS, "resolution"):
            total[kind, "kept"] += line[f"{kind}_kept"]
            total[kind, "broken"] += line[f"{kind}_broken"]
            total[kind, "used"] += line[f"{kind}_service_minutes"] or 0
            total[kind, "wall"] += line[f"{kind}_wall_minutes"] or 0
    assert +total == +sum(numbers.values(), Counter())


def _counts(ledger, told):
    quality, load = told["quality"], told["load"]
    expected = {one: ledger.counts[one] for one in ("closed", "one_touch", "reopened", "misrouted")}
    expected["arrived"] = len(ledger.tickets)
    assert {one: quality.now[one] for one in expected} == expected
    assert sum(load.hours.get("arrivals", {}).values()) == ledger.counts["messages"]
    assert sum(load.hours.get("answers", {}).values()) == ledger.counts["answers"]
    held = Counter(one.now[3] for one in ledger.tickets.values() if not one.closed)
    shown = {one: n["in_hand"] + n["waiting"] for one, n in load.agents.items()}
    assert Counter(shown) == held
