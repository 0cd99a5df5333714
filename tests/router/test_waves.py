"""Waves from message to incident: campaigns and outages; once, whoever looks."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from router import outages, pipeline, sweeps, waves
from router.prepared import Terms
from router.store import incidents
from tests.campaign import TEXTS, replayed, variant
from tests.fakes import FakeDoor, FakeDoors

pytestmark = pytest.mark.one_database

MINUTE = timedelta(minutes=1)
WAVES = next(duty for duty in sweeps.DUTIES if duty.name == "waves")
#: Short, so that nobody takes it for a copy.
PENDING = "My transfer is pending"


@pytest.fixture
def door():
    return FakeDoor()


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


@pytest.fixture
def take(router, door):
    """Takes messages in, each by somebody else unless told."""

    def make(*texts, sender=None, **mail):
        raws = []
        for text in texts:
            number = len(door.inbox)
            who = sender or f"p{number}@mail.example"
            raws.append(door.arrives(text=text, **{"from": who, "subject": f"n{number}", **mail}))
        taken = pipeline.receive(router, door, raws, Terms(bulk=True))
        return [one.ticket_id for one in taken]

    return make


def rows(router, sql, **params):
    with router.store.reading() as unit:
        return list(unit.rows(sql, **params))


def opened(router):
    return rows(router, "SELECT * FROM incident ORDER BY id")


def tied(router):
    return {
        row.ticket_id: row.reason
        for row in rows(router, "SELECT ticket_id, reason FROM incident_ticket")
    }


def entries(router, ticket_id, code):
    found = rows(
        router,
        "SELECT params FROM entry WHERE ticket_id = :t AND code = :code ORDER BY id",
        t=ticket_id,
        code=code,
    )
    return [json.loads(row.params) for row in found]


def campaign(count, seed=1, text=TEXTS[1]):
    draw = random.Random(seed)
    return [variant(draw, text) for _ in range(count)]


# ---------------------------------------------------------------- campaigns


@pytest.mark.parametrize(
    ("variants", "others"), [(8, 150), pytest.param(12, 2600, marks=pytest.mark.slow)]
)
def test_a_replayed_campaign_is_linked_and_nothing_else_is(router, take, variants, others):
    said = replayed(21, variants, others)
    tickets = []
    for start in range(0, len(said), 100):
        tickets += take(*(text for text, _ in said[start : start + 100]))
    waves.sweep(router)
    linked = tied(router)
    of = dict(zip(tickets, (which for _, which in said), strict=True))
    assert sum(of[one] >= 0 for one in linked) / (35 * variants) >= 0.95
    by_incident = {}
    for row in rows(router, "SELECT incident_id, ticket_id FROM incident_ticket"):
        by_incident.setdefault(row.incident_id, set()).add(of[row.ticket_id])
    assert all(len(which) == 1 and which != {-1} for which in by_incident.values())


def test_five_senders_open_an_incident_and_each_ticket_says_why(router, take):
    tickets = take(*campaign(6))
    assert waves.sweep(router)
    (incident,) = opened(router)
    assert (incident.kind, incident.state, incident.opened_by) == ("campaign", "open", None)
    assert set(tied(router)) <= set(tickets)
    assert len(tied(router)) >= 5
    ticket = next(iter(tied(router)))
    (params,) = entries(router, ticket, "incident_joined")
    assert params == {"incident": str(incident.id), "reason": "similar"}


def test_four_senders_are_no_wave_however_often_they_write(router, take):
    for sender in ("a@m.example", "b@m.example", "c@m.example", "d@m.example"):
        take(*campaign(3), sender=sender)
    waves.sweep(router)
    assert opened(router) == []


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ([f"{n} words of mine, then https://pay-check.example/{n}" for n in range(5)], "host"),
        ([f"第{n}个人打来，号码 138 0013 8000，说法都不同" for n in range(5)], "phone"),
        ([f"to 0x52908400098527886E0F7030069857D2E4169EE7 {'x' * n}" for n in range(5)], "wallet"),
    ],
)
def test_the_same_trace_ties_messages_of_any_wording(router, take, texts, reason):
    tickets = take(*texts)
    waves.sweep(router)
    (incident,) = opened(router)
    assert tied(router) == dict.fromkeys(tickets, reason)
    assert json.loads(incident.signature)["shared"][0][0] == reason


def test_what_everybody_names_ties_nothing(router, take):
    take(*(f"{'so ' * n} I searched on https://www.google.com/{n}" for n in range(8)))
    waves.sweep(router)
    assert opened(router) == []


def test_the_desks_own_site_and_hotline_tie_nothing(assembled, door):
    router = assembled(
        doors=FakeDoors(door),
        desk={"hotline": "400-810-8888"},
        web={"public_url": "https://help.wallet.example"},
    )
    texts = [f"{'a ' * n} https://help.wallet.example/{n} or 4008108888" for n in range(8)]
    raws = [door.arrives(text=text, **{"from": f"q{n}@m.example"}) for n, text in enumerate(texts)]
    pipeline.receive(router, door, raws, Terms())
    waves.sweep(router)
    assert opened(router) == []


def test_machines_are_no_wave(router, take):
    take(*campaign(8), automatic="vacation")
    waves.sweep(router)
    assert opened(router) == []


def test_old_mail_that_is_imported_is_no_wave(router, door, frozen):
    sent = (frozen.now() - timedelta(days=30)).isoformat()
    raws = [
        door.arrives(text=text, sent_at=sent, **{"from": f"o{n}@m.example"})
        for n, text in enumerate(campaign(8))
    ]
    pipeline.receive(router, door, raws, Terms(old=True))
    waves.sweep(router)
    assert opened(router) == []


def test_senders_of_different_days_are_no_wave(router, take, frozen):
    for text in campaign(8):
        take(text)
        waves.sweep(router)
        frozen.advance(timedelta(hours=7))
    assert opened(router) == []


def test_who_comes_later_joins_the_same_incident(router, take, frozen):
    take(*campaign(6))
    waves.sweep(router)
    frozen.advance(timedelta(hours=1))
    (late,) = take(TEXTS[1])
    waves.sweep(router)
    assert len(opened(router)) == 1
    assert late in tied(router)


def test_a_closed_incident_stays_closed_until_five_new_people_write(router, take, frozen):
    take(*campaign(6))
    waves.sweep(router)
    (incident,) = opened(router)
    router.store.write(
        lambda unit: incidents.change(unit, incident.id, state="closed", closed_at=unit.now_us)
    )
    take(*campaign(3, seed=2))
    waves.sweep(router)
    assert len(opened(router)) == 1
    take(*campaign(6, seed=3))
    waves.sweep(router)
    assert [one.state for one in opened(router)] == ["closed", "open"]


def test_a_ticket_taken_out_is_not_put_back(router, take):
    take(*campaign(6))
    waves.sweep(router)
    (incident,) = opened(router)
    out = next(iter(tied(router)))
    router.store.write(lambda unit: incidents.leave_out(unit, incident.id, out))
    take(TEXTS[1])
    waves.sweep(router)
    assert tied(router)[out] == incidents.LEFT_OUT
    assert len(opened(router)) == 1


# ---------------------------------------------------------------- two processes, a restart


def test_another_process_reads_the_day_anew_and_opens_nothing_twice(router, take, frozen):
    tickets = take(*campaign(4))
    waves.sweep(router)
    waves._watches.pop(router.store)  # as after a restart
    tickets += take(*campaign(4, seed=2))
    waves.sweep(router)
    waves._watches.pop(router.store)
    take("something else entirely, and long enough to be compared with what others wrote before")
    waves.sweep(router)
    assert len(opened(router)) == 1
    assert len(entries(router, next(iter(tied(router))), "incident_joined")) == 1


def test_two_workers_that_look_at_the_same_time_open_one_incident(router, take):
    take(*campaign(8))
    write = router.store.write
    raced = []

    def late(work, *, bulk=False):
        """The second worker does all its work between the first one's reading and writing."""
        if not raced:
            raced.append(True)
            router.store.write = write
            waves._watches.pop(router.store, None)
            assert waves.sweep(router)
        return write(work, bulk=bulk)

    router.store.write = late
    try:
        assert not waves.sweep(router)
    finally:
        router.store.write = write
    assert len(opened(router)) == 1
    take("a later message that has nothing to do with it, but it is long enough to be looked at")
    assert waves.sweep(router)
    assert len(opened(router)) == 1


def test_two_processes_at_once_open_one_incident(router, assembled, door, take):
    take(*campaign(8))
    other, start = assembled(doors=FakeDoors(door)), threading.Barrier(2)

    def work(one):
        start.wait()
        return waves.sweep(one)

    with ThreadPoolExecutor(2) as pool:
        turns = list(pool.map(work, (router, other)))
    assert any(turns)
    assert len(opened(router)) == 1
    for one in (router, other):
        take("another message that is long enough to be compared with what was there before it")
        assert waves.sweep(one)
    assert len(opened(router)) == 1


def test_what_was_found_when_it_was_not_our_turn_is_told_at_the_next(router, take):
    take(*campaign(8))
    with router.store.reading() as unit:
        seen = incidents.turn(unit)
    write = router.store.write

    def late(work, *, bulk=False):
        write(lambda unit: incidents.take_turn(unit, seen, 1))
        router.store.write = write
        return write(work, bulk=bulk)

    router.store.write = late
    assert not waves.sweep(router)
    assert opened(router) == []
    assert waves.sweep(router)
    assert len(opened(router)) == 1


def test_the_duty_has_work_only_while_there_are_new_messages(router, take):
    assert not sweeps.tick(router, WAVES)
    take("one message")
    assert sweeps.tick(router, WAVES)
    assert not sweeps.tick(router, WAVES)


def test_a_long_day_is_read_in_slices(router, take):
    take(*campaign(8))
    for _ in range(4):
        waves.sweep(router, limit=2)
    assert len(opened(router)) == 1


# ---------------------------------------------------------------- outages


WEEK = timedelta(weeks=1)


@pytest.fixture
def weeks(take, frozen):
    """Three weeks went by, and at this hour few people wrote."""
    frozen.advance(-timedelta(hours=1))
    for week in range(3):
        take(*(f"{PENDING} {week} {n}" for n in range(2)))
        frozen.advance(WEEK)
    frozen.advance(timedelta(hours=1))


def test_an_outage_is_found_within_ten_minutes(router, take, frozen, weeks):
    began = frozen.now()
    number = 0
    while not opened(router) and frozen.now() - began < timedelta(hours=1):
        frozen.advance(MINUTE / 2)
        number += 1
        take(f"{PENDING} number {number}")
        sweeps.tick(router, WAVES)
    (incident,) = opened(router)
    assert frozen.now() - began <= 10 * MINUTE
    assert (incident.kind, incident.category) == ("outage", "transfer")
    assert json.loads(incident.signature) == {"channel": "email"}
    assert set(tied(router).values()) == {"rate"}
    assert len(tied(router)) >= 16


def test_tickets_of_a_running_outage_join_it(router, take, frozen, weeks):
    for minute in range(20):
        frozen.advance(MINUTE)
        take(*(f"{PENDING} at {minute} by {n}" for n in range(3)))
        sweeps.tick(router, WAVES)
    assert len(opened(router)) == 1
    assert len(tied(router)) >= 50


def test_a_closed_outage_is_not_opened_again_by_the_same_burst(router, take, frozen, weeks):
    for minute in range(20):
        frozen.advance(MINUTE)
        take(*(f"{PENDING} at {minute} by {n}" for n in range(3)))
        sweeps.tick(router, WAVES)
        for one in opened(router):
            router.store.write(
                lambda unit, one=one: incidents.change(
                    unit, one.id, state="closed", closed_at=unit.now_us
                )
            )
    assert len(opened(router)) == 1


def test_what_is_usual_at_this_hour_is_no_outage(router, take, frozen):
    for week in range(3):
        for step in range(12):
            take(*(f"{PENDING} {week} {step} {n}" for n in range(10)))
            frozen.advance(5 * MINUTE)
        frozen.advance(WEEK - 60 * MINUTE)
    frozen.advance(20 * MINUTE)
    for minute in range(12):
        frozen.advance(MINUTE)
        take(*(f"{PENDING} {minute} {n}" for n in range(2)))
        sweeps.tick(router, WAVES)
    assert opened(router) == []


@pytest.mark.parametrize("steps", [75, pytest.param(300, marks=pytest.mark.slow)])
def test_quiet_weeks_give_no_alarm(router, take, frozen, steps):
    draw = random.Random(5)
    for step in range(steps):
        frozen.advance(timedelta(hours=2.24))
        take(*(f"{PENDING} {step} {n}" for n in range(draw.choice((0, 1, 1, 2, 3)))))
        sweeps.tick(router, WAVES)
    assert opened(router) == []


def test_one_person_who_writes_twenty_lines_is_no_outage(router, take, frozen, weeks):
    for minute in range(12):
        frozen.advance(MINUTE)
        take(*(f"{PENDING} {minute} {n}" for n in range(3)), sender="ann@mail.example")
        sweeps.tick(router, WAVES)
    assert opened(router) == []


def test_a_desk_that_has_just_begun_cannot_know_what_is_usual(router, take, frozen):
    for minute in range(12):
        frozen.advance(MINUTE)
        take(*(f"{PENDING} {minute} {n}" for n in range(3)))
        sweeps.tick(router, WAVES)
    assert opened(router) == []


def test_a_desk_of_one_day_is_judged_by_its_busiest_hour(router, take, frozen):
    take(*(f"{PENDING} first {n}" for n in range(3)))
    frozen.advance(timedelta(hours=14))
    take(*(f"{PENDING} then {n}" for n in range(24)))
    frozen.advance(timedelta(hours=6))
    with router.store.reading() as unit:
        assert outages.usual(unit, frozen.now(), "transfer", "email") == pytest.approx(25 / 12)
