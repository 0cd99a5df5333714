"""The reports: how long a month takes from what is kept, and whether what is kept is right.

Figures are made from happenings as the desk makes them, without the tickets around them: what a
report reads is the same. The proof has whole tickets: random histories, counted while they grow.
"""

import json
import math
import random
import sqlite3
import statistics
from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import desk
import figures
from pages import Browser

from router import reports as service
from router.core.cells import Cell, cells
from router.core.figures import Happening, Span, dated, day_of
from router.store.shapes import Entry, Identity, Message, Requester, SlaClock, Ticket

_ZONE = ZoneInfo("Asia/Shanghai")
_CHANNELS = ("email", "webform", "x", "wechat", "messenger", "chat", "phone")
_AGENTS, _DAYS = 60, 90
_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_ROUNDS = 15


def month(given, folder):
    """The SLA, load and quality report of a month, over HTTP, at many tickets."""
    router = desk.opened(folder / "reports")
    try:
        last = router.clock.now().astimezone(_ZONE).date().replace(day=1) - timedelta(days=1)
        kept = _filled(router, given.tickets, last)
        figures.told(f"figures kept at {given.tickets:,} tickets", kept)
        days = f"from={last.replace(day=1)}&to={last}"
        with desk.served(router) as address:
            browser = Browser(address, desk.session(router))
            for kind in ("sla", "load", "quality"):
                _timed(browser, f"/reports/{kind}?{days}", f"{kind} report of a month")
            _timed(browser, f"/reports/sla?from={dated(day_of(last) - 40)}&to={last}", "of 41 days")
            _timed(browser, f"/reports/sla?{days}&channel=wechat", "of a month and a channel")
    finally:
        router.close()


def _timed(browser, path, name):
    walls, cpus = [], []
    for _ in range(_ROUNDS):
        _, watch = browser.get(path)
        walls.append(watch.wall)
        cpus.append(watch.cpu)
    cpu = statistics.median(cpus) * 1e3
    figures.at_most(
        f"{name}, ms CPU, HTTP",
        round(cpu, 1),
        300,
        wall_ms=round(statistics.median(walls) * 1e3, 1),
        p95_wall_ms=round(figures.percentile(walls, 0.95) * 1e3, 1),
    )


def _filled(router, tickets, last):
    """Happenings of so many tickets over the days before, and their figures."""
    draw = random.Random(tickets)
    categories = sorted(router.rules.categories)
    path = router.settings.database_url.removeprefix("sqlite:///")
    tally, rows, number = Counter(), [], 0
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys=OFF")
    high = Span(last, last).moments(_ZONE)[1]
    marks = ", ".join("?" * (len(Happening._fields) + 2))
    for ticket in range(tickets):
        for one in _happened(draw, categories, high):
            number += 1
            rows.append((number, ticket, *one))
            tally.update(cells(one, _ZONE))
        if len(rows) > 100_000:
            connection.executemany(f"INSERT INTO happening VALUES ({marks})", rows)
            rows = []
    connection.executemany(f"INSERT INTO happening VALUES ({marks})", rows)
    marks = ", ".join("?" * (len(Cell._fields) + 1))
    connection.executemany(
        f"INSERT INTO figure VALUES ({marks})", [(*cell, n) for cell, n in sorted(tally.items())]
    )
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()
    return len(tally)


def _happened(draw, categories, high):
    """What happens to a ticket: answered, mostly in time, and mostly closed."""
    at = high - draw.randrange(_DAYS * 24) * _HOUR - draw.randrange(3600) * _SECOND
    place = min(int(draw.expovariate(0.2)), len(categories) - 1)
    category = categories[place]
    team = 2 if category.startswith("security.") else 1
    urgency = "P1" if team == 2 else ("P2", "P3", "P4")[place % 3]
    agent = draw.randrange(_AGENTS) + 1
    matter = (draw.choice(_CHANNELS), category, urgency, team)
    yield Happening("arrived", at, "", *matter, 0)
    yield Happening("acknowledged", at, "", *matter, 0, "open")
    yield from _promised(draw, "first_response", at, matter, agent)
    yield Happening("answered", at + _HOUR, "", *matter, agent)
    if draw.random() < 0.3:
        yield Happening("wrote", at + 2 * _HOUR, "", *matter, agent)
        yield from _promised(draw, "next_response", at + 2 * _HOUR, matter, agent)
    if draw.random() < 0.9:
        yield from _promised(draw, "resolution", at, matter, agent)
        yield Happening(
            "closed", at + 9 * _HOUR, "", *matter, agent, draw.choice(("one_touch", "other"))
        )
    else:
        yield Happening("open", at, "", *matter, draw.choice((0, agent)), "in_hand")


def _promised(draw, kind, at, matter, agent):
    seconds = int(math.exp(draw.gauss(8, 1.2)))
    end = at + seconds * _SECOND
    spans = (seconds * 2 // 3, seconds)
    if draw.random() < 0.92:
        yield Happening("kept", end, kind, *matter, agent, "", *spans)
    else:
        yield Happening(
            "broken", at + _HOUR, kind, *matter, agent, draw.choice(("in_hand", "unassigned"))
        )
        yield Happening("late", end, kind, *matter, agent, "", *spans)


# ---------------------------------------------------------------- the proof


def recount(given, folder):
    """Random histories, counted while they grow, against a recount from their own rows."""
    router = desk.opened(folder / "recount")
    many = given.tickets // 2
    try:
        draw = random.Random(7)
        router.store.write(_people)
        with figures.Stopwatch() as watch:
            for first in range(0, many, 1000):
                router.store.write(lambda unit, first=first: _tickets(unit, draw, first))
                service.sweep(router, timedelta(0))
                router.store.write(lambda unit, first=first: _go_on(unit, draw, first))
                service.sweep(router, timedelta(0))
        figures.told(f"{many:,} histories made and counted twice, ms each", watch.wall / many * 1e3)
        figures.at_most(
            f"figures that differ after {many:,} histories", len(service.differing(router)), 0
        )
    finally:
        router.close()


def _people(unit):
    unit.put(Requester, id=1, created_at=1)
    unit.put(Identity, id=1, requester_id=1, kind="email", value="a@b.example", created_at=1)
    for number in range(2, 6):
        unit.run(
            "INSERT INTO agent (id, email, name, role, password_hash, active, locale, created_at) "
            "VALUES (:id, :email, :name, 'agent', '', :yes, '', 1)",
            id=number,
            email=f"{number}@desk.example",
            name=f"Agent {number}",
            yes=True,
        )


def _tickets(unit, draw, first):
    for number in range(first, first + 1000):
        at = unit.now_us - draw.randrange(1, 60 * 24) * _HOUR
        ticket = 10**6 + number
        category, urgency = draw.choice(
            (("transfer.pending", "P3"), ("security.compromised", "P1"))
        )
        unit.put(
            Ticket, id=ticket, number=f"B-{number}", requester_id=1, identity_id=1,
            channel=draw.choice(_CHANNELS), account="x", team_id=draw.choice((1, 2)),
            assignee_id=draw.choice((None, 2, 3)), state="open", standing=draw.choice((0, 0, 1, 2)),
            category=category, urgency=urgency, opened_at=at, updated_at=at,
        )  # fmt: skip
        for one in range(draw.randint(1, 3)):
            unit.put(
                Message, id=unit.new_id(), ticket_id=ticket, direction="in", channel="email",
                arrived_at=at + one * _HOUR, seen_at=at + one * _HOUR,
            )  # fmt: skip
        for kind in ("first_response", "resolution"):
            unit.put(
                SlaClock, id=unit.new_id(), ticket_id=ticket, kind=kind, policy="standard",
                calendar=draw.choice(("desk", "always")), minutes=60, started_at=at,
                due_at=at + draw.randrange(1, 30) * _HOUR,
                met_at=draw.choice((None, at + draw.randrange(40) * _HOUR)),
                breached_at=draw.choice((None, None, at + 30 * _HOUR)),
            )  # fmt: skip
        _write(unit, draw, ticket, at, draw.randint(1, 8))


def _write(unit, draw, ticket, at, many):
    """Some entries, as the desk writes them."""
    for _ in range(many):
        at += draw.randrange(1, 10) * _HOUR
        code, params = draw.choice(_ENTRIES)
        agent = draw.choice((None, 2, 3, 4))
        told = json.dumps(params) if params else ""
        unit.put(
            Entry, id=unit.new_id(), ticket_id=ticket, at=at, code=code, params=told, agent_id=agent
        )  # fmt: skip


_MATTERS = (("transfer.pending", "P3"), ("security.compromised", "P1"))
_ENTRIES = (
    ("triaged", {"category": "transfer.pending", "urgency": "P3", "rules": []}),
    ("replied", {}),
    ("closed", {}),
    ("reopened", {}),
    ("assigned", {"agent": "Agent 3", "id": 3}),
    ("assigned", {"agent": "Agent 2"}),
    ("unassigned", {}),
    ("team", {"team": "security", "was": "support"}),
    ("category", {"old": "transfer.pending", "new": "login.password_reset"}),
    ("urgency", {"old": "P3", "new": "P2"}),
    ("ack_held", {"reason": "budget_gap"}),
    ("send_failed", {"error": "x"}),
    ("sla_paused", {"kind": "resolution", "reason": "third_party"}),
)


def _go_on(unit, draw, first):
    """A third of them goes on: more entries, other people, promises decided, closed or not."""
    for number in draw.sample(range(first, first + 1000), 333):
        ticket = 10**6 + number
        _write(unit, draw, ticket, unit.now_us - 50 * _HOUR, draw.randint(1, 4))
        unit.later(
            "UPDATE ticket SET standing = :standing, assignee_id = :agent, urgency = :urgency "
            "WHERE id = :id",
            standing=draw.choice((0, 1, 2)),
            agent=draw.choice((None, 4, 5)),
            urgency=draw.choice(("P1", "P2", "P3")),
            id=ticket,
        )
        unit.later(
            "UPDATE sla_clock SET met_at = :at WHERE ticket_id = :id AND met_at IS NULL",
            at=unit.now_us - draw.randrange(50) * _HOUR,
            id=ticket,
        )
