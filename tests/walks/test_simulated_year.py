"""A year of tickets on a virtual clock: every due time the desk wrote equals counting minutes.

The desk observes Chinese holidays and make-up working days. Tickets arrive at any minute; some are
answered and wait, some are written on again, some become more or less urgent. The oracle knows only
which minutes of the year somebody is there, and when each ticket stood still.
"""

import os
from bisect import bisect_left
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import pytest

from router import calendars, official
from router.core.clock import to_us
from router.core.promises.periods import dated
from router.settings import Settings
from router.store import batch
from router.store.promises import clocks

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS_OF_WORK = ("mon", "tue", "wed", "thu", "fri")
YEAR = datetime(2026, 1, 1, tzinfo=SHANGHAI)
MINUTES = 400 * 24 * 60
WEEK = {
    day: [("09:00", "12:00"), ("13:30", "18:00")] for day in ("mon", "tue", "wed", "thu", "fri")
}
SETTINGS = Settings(hours={"weekly": WEEK, "country": "CN"})
DAYS = {"@CN": (*official.days("CN", 2026), *official.days("CN", 2027))}
MINUTE = 60_000_000
#: How many tickets the slow proof makes; the whole year has 50,000.
YEARLY = int(os.environ.get("HELPDESK_YEAR", "5000"))


def worked():
    """For each minute from the year's beginning whether somebody is there, by hand."""
    off = {dated(one.day) for one in DAYS["@CN"] if one.kind == "off"}
    made_up = {dated(one.day) for one in DAYS["@CN"] if one.kind == "work"}
    found = bytearray()
    for number in range(MINUTES // 1440):
        date = YEAR.date() + timedelta(days=number)
        at_work = date in made_up or (date.weekday() < 5 and date not in off)
        day = bytearray(1440)
        if at_work:
            day[540:720] = b"\1" * 180
            day[810:1080] = b"\1" * 270
        found += day
    return found


PASSED = [0, *accumulate(worked())]
WALL = range(MINUTES + 1)


def due_by_hand(passed, start, promised, pauses):
    """The minute at which the promised minutes are over, counting none in a pause."""
    at = start
    for begin, end in pauses:
        counted = passed[begin] - passed[at]
        if counted >= promised:
            break
        promised -= counted
        at = end
    return bisect_left(passed, passed[at] + promised, at)


def moment(minute):
    return to_us(YEAR) + minute * MINUTE


def lives(draw, unit, policies, number):
    """One ticket's life; (draft, what the oracle expects of each of its clocks)."""
    start = draw.randrange(320 * 1440)
    draft = batch.Draft(
        id=unit.new_id(),
        number=f"Y{number}",
        subject="",
        requester_id=1,
        identity_id=1,
        channel="email",
        account="a",
        team_id=1,
        category="transfer.failed",
        urgency=draw.choice(("P1", "P2", "P3", "P3", "P4")),
        opened_at=moment(start),
        updated_at=moment(start),
        new=True,
    )
    expected = {}

    def go(minute):
        unit.now_us = moment(minute)
        unit.now = YEAR + timedelta(minutes=minute)

    go(start)
    for kind in ("first_response", "resolution"):
        clocks.start(unit, draft, kind, policies)
    pauses, at = [], start
    for _ in range(draw.randrange(4)):
        at += draw.randrange(1, 900)
        go(at)
        if draw.random() < 0.3:
            draft.urgency = draw.choice(("P2", "P3", "P4") if draft.urgency != "P1" else ("P1",))
            clocks.retarget(unit, draft, policies)
            continue
        clocks.pause(unit, draft, policies)
        back = at + draw.randrange(1, 5_000)
        go(back)
        clocks.resume(unit, draft, policies)
        pauses.append((at, back))
        at = back
    passed = WALL if draft.urgency == "P1" else PASSED
    for clock in draft.clocks:
        minutes = policies.minutes(clock.kind, draft.urgency)
        stood = pauses if clock.kind == "resolution" else []
        expected[clock.id] = moment(due_by_hand(passed, start, minutes, stood))
    return draft, expected


@pytest.mark.parametrize("tickets", [400, pytest.param(YEARLY, marks=pytest.mark.slow)])
def test_every_promised_time_of_a_year_equals_counting_its_minutes(store, tickets):
    policies, draw = calendars.policies(SETTINGS, DAYS), Random(2026)
    expected = {}
    store.write(_people)
    for low in range(0, tickets, 1_000):

        def work(unit, low=low):
            made = [
                lives(draw, unit, policies, number)
                for number in range(low, min(low + 1_000, tickets))
            ]
            batch.write(unit, [draft for draft, _ in made])
            return {key: due for _, told in made for key, due in told.items()}

        expected |= store.write(work)
    with store.reading() as unit:
        rows = unit.rows("SELECT id, due_at AS due FROM sla_clock")
    wrong = [(row.id, row.due) for row in rows if row.due != expected[row.id]]
    assert len(rows) == 2 * tickets
    assert wrong == []


def _people(unit):
    unit.run("INSERT INTO requester (id, name, language, created_at) VALUES (1, 'Ann', 'en', 1)")
    unit.run(
        "INSERT INTO identity (id, requester_id, kind, value, name, verified, created_at) "
        "VALUES (1, 1, 'email', 'ann@mail.example', '', :no, 1)",
        no=False,
    )
