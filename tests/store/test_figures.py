"""What is kept for the reports equals a recount from the tickets' own rows, whatever happened."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest

from router import desk, escalate, form, reports, retention, seeding
from router.core.cells import Cell
from router.core.ids import first_at
from router.core.rights import Who
from router.errors import RouterError
from router.store import figures, people, splitting
from router.store.figures import Place
from tests.fakes import FakeDoor, FakeDoors

NONE = timedelta(0)
#: How many tickets have a history in the large proof; 100000 are the whole.
HISTORIES = int(os.environ.get("HELPDESK_HISTORIES", "1000"))
WORDS = (
    "My transfer is still pending since yesterday",
    "There is a payment I did not make, somebody hacked my account",
    "我忘记密码了，重置链接打不开",
)


@pytest.fixture
def router(assembled):
    return assembled(doors=FakeDoors(FakeDoor()))


@pytest.fixture
def staff(router):
    def work(unit):
        return [
            people.create_agent(unit, f"{name}@desk.example", name, "lead", ["support", "security"])
            for name in ("Mei", "Tom")
        ]

    return [Who(one, "", "lead", frozenset({1, 2})) for one in router.store.write(work)]


def _write(router, words, who):
    fields = {
        "idempotency_key": f"{words}{who}", "locale": "en", "body": words, "subject": "Help",
        "email": f"{who}@mail.example", "name": "Ann",
    }  # fmt: skip
    return form.submit(router, fields, [], source="203.0.113.9", spam=False).ticket_id


def _acts(router, draw, staff, ticket, number):
    who, other = draw.choice(staff), draw.choice([None, *(one.id for one in staff)])
    return draw.choice(
        (
            lambda: desk.reply(router, who, ticket, "It is on its way.", once=f"r{number}"),
            lambda: desk.close(router, who, ticket),
            lambda: desk.reopen(router, who, ticket),
            lambda: desk.assign(router, who, ticket, other),
            lambda: desk.set_urgency(router, who, ticket, draw.choice(("P1", "P2", "P3"))),
            lambda: desk.set_category(
                router, who, ticket, draw.choice(("transfer.pending", "security.compromised"))
            ),
            lambda: desk.move_team(router, who, ticket, draw.choice((1, 2))),
            lambda: escalate.sweep(router),
            lambda: reports.sweep(router, NONE),
        )
    )


def _live(router, frozen, staff, seed, steps):
    """A random history of some tickets, with the figures kept now and then."""
    draw = Random(seed)
    tickets = [_write(router, draw.choice(WORDS), f"p{seed}-{one}") for one in range(3)]
    for number in range(steps):
        frozen.advance(timedelta(minutes=draw.choice((1, 7, 90, 700))))
        try:
            _acts(router, draw, staff, draw.choice(tickets), f"{seed}.{number}")()
        except RouterError:
            continue  # closed twice, reopened while open: what a person cannot do either
    frozen.advance(timedelta(minutes=1))
    reports.sweep(router, NONE)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_kept_equals_a_recount(router, frozen, staff, seed):
    _live(router, frozen, staff, seed, 25)
    assert reports.differing(router) == []


def _happened(router, what):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT * FROM happening WHERE what = :w ORDER BY at, id", w=what)
        return [(row.ticket_id, row.kind, row.category, row.urgency, row.agent_id) for row in rows]


def test_a_merge_changes_no_figure_of_what_was_before_it(router, frozen, staff):
    calm, alarm = _write(router, WORDS[0], "a"), _write(router, WORDS[1], "b")
    desk.set_urgency(router, staff[0], calm, "P3")
    frozen.advance(timedelta(minutes=5))
    desk.reply(router, staff[0], calm, "It is on its way.", once="r")
    reports.sweep(router, NONE)
    kept = _happened(router, "kept")
    assert kept == [(calm, "first_response", "transfer.pending", "P3", staff[0].id)]
    frozen.advance(timedelta(minutes=1))
    desk.merge(router, staff[0], alarm, calm)
    reports.sweep(router, NONE)
    assert _happened(router, "kept") == kept
    assert _happened(router, "open")[0][2:4] == ("security.compromised", "P1")


def _arrivals(router):
    with router.store.reading() as unit:
        hours = unit.rows(
            "SELECT n FROM figure WHERE what = 'hour' AND grain = 'd' AND kind = 'arrivals'"
        )
        return sum(row.n for row in hours)


def test_a_message_is_one_arrival_whatever_ticket_it_comes_to_belong_to(router, frozen, staff):
    one, other = _write(router, WORDS[0], "a"), _write(router, WORDS[2], "b")
    frozen.advance(timedelta(minutes=5))
    desk.merge(router, staff[0], other, one)
    reports.sweep(router, NONE)
    assert _arrivals(router) == 2
    frozen.advance(timedelta(minutes=5))
    with router.store.reading() as unit:
        ids = [row.id for row in splitting.messages(unit, one)]
    desk.split(router, staff[0], one, ids[1:])
    reports.sweep(router, NONE)
    assert _arrivals(router) == 2


def test_who_takes_an_alarm_is_told_by_their_id_for_names_are_not_one_persons(router, frozen):
    def work(unit):
        return [
            people.create_agent(unit, f"{place}@desk.example", "Li Wei", "lead", ["security"])
            for place in ("north", "south")
        ]

    first, _ = router.store.write(work)
    alarm = _write(router, WORDS[1], "b")
    escalate.climb(router)
    escalate.acknowledge(router, Who(first, "Li Wei", "lead", frozenset({2})), alarm)
    frozen.advance(timedelta(hours=2))
    escalate.sweep(router)
    reports.sweep(router, NONE)
    assert {agent for *_, agent in _happened(router, "broken")} == {first}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_what_is_kept_equals_a_recount_many_times(router, frozen, staff, seed):
    _live(router, frozen, staff, seed, 120)
    assert reports.differing(router) == []


@pytest.mark.slow
@pytest.mark.one_database
def test_figures_of_many_histories_equal_a_recount(router, frozen, staff):
    """Of each ticket of a large desk something happens at some time, while figures are kept."""
    for _ in seeding.seed(router, HISTORIES):
        pass
    draw = Random(HISTORIES)
    with router.store.reading() as unit:
        tickets = [row.id for row in unit.rows("SELECT id FROM ticket ORDER BY id")]
    draw.shuffle(tickets)
    done = 0
    for number, ticket in enumerate(tickets):
        frozen.advance(timedelta(seconds=draw.choice((1, 60, 600))))
        try:
            _acts(router, draw, staff, ticket, str(number))()
            done += 1
        except RouterError:
            continue
        if number % 1000 == 0:
            reports.sweep(router, NONE)
    assert done > HISTORIES / 2
    frozen.advance(timedelta(minutes=1))
    reports.sweep(router, NONE)
    assert reports.differing(router) == []


def _erase_somebody(router):
    """Of the people of a history the first two are erased, whatever state their tickets are in."""
    with router.store.reading() as unit:
        found = unit.rows("SELECT DISTINCT requester_id AS id FROM ticket ORDER BY 1 LIMIT 2")
    for row in found:
        row_id = retention.ask(router, row.id, agent_id=None)
        while not retention.is_done(router, row_id):
            retention.sweep(router)


def _decided(router):
    """What was counted but for what is open now: an erased ticket is not."""
    with router.store.reading() as unit:
        return {cell: n for cell, n in figures.kept(unit).items() if cell.what != "open"}


@pytest.mark.parametrize(
    "seed", [3, 4, *(pytest.param(one, marks=pytest.mark.slow) for one in range(200, 210))]
)
def test_no_figure_changes_when_people_are_erased(router, frozen, staff, seed):
    _live(router, frozen, staff, seed, 60)
    before = _decided(router)
    _erase_somebody(router)
    frozen.advance(timedelta(minutes=1))
    reports.sweep(router, NONE)
    assert _decided(router) == before
    assert reports.differing(router) == []
    assert list(reports.rebuild(router))[-1] == 3
    assert _decided(router) == before


def test_a_rebuild_gives_the_same(router, frozen, staff):
    _live(router, frozen, staff, 9, 15)
    with router.store.reading() as unit:
        before = figures.kept(unit)
    assert before
    assert list(reports.rebuild(router))[-1] == 3
    with router.store.reading() as unit:
        assert figures.kept(unit) == before


def test_counting_twice_changes_nothing(router, frozen, staff):
    _live(router, frozen, staff, 5, 12)
    with router.store.reading() as unit:
        ids = figures.every_ticket(unit, 0, 10)
    assert reports.count(router, ids) == 0


def test_a_wrong_count_is_found(router, frozen, staff):
    _live(router, frozen, staff, 5, 5)
    router.store.write(lambda unit: unit.run("UPDATE figure SET n = n + 1 WHERE what = 'arrived'"))
    assert {cell.what for cell in reports.differing(router)} == {"arrived"}


def test_what_was_just_written_settles_first(router, frozen, staff):
    _write(router, WORDS[0], "ann")
    reports.sweep(router)
    with router.store.reading() as unit:
        assert figures.kept(unit) == {}
    frozen.advance(timedelta(minutes=1))
    reports.sweep(router)
    with router.store.reading() as unit:
        assert figures.kept(unit)
        assert not figures.pending(unit)


def test_a_row_whose_commit_came_late_is_counted_within_the_hour(router, frozen, staff):
    _write(router, WORDS[0], "late")
    frozen.advance(timedelta(minutes=5))

    def passed(unit):
        newest = first_at(unit.now)
        figures.move(unit, Place(newest, newest, newest, unit.now_us))

    router.store.write(passed)
    reports.sweep(router)
    assert reports.differing(router)
    frozen.advance(timedelta(hours=1))
    with router.store.reading() as unit:
        assert figures.pending(unit)
    reports.sweep(router)
    assert reports.differing(router) == []


def test_a_desk_without_tickets_has_no_figures(router):
    reports.sweep(router)
    assert reports.differing(router) == []
    assert list(reports.rebuild(router)) == []


def test_cells_that_differ_are_named():
    one, other = Cell("kept", "d", 1), Cell("kept", "d", 2)
    assert figures.differences({one: 1}, {one: 1, other: 2}) == [other]


def test_two_who_count_the_same_tickets_at_once_count_them_once(router, frozen, staff):
    for number in range(4):
        _write(router, WORDS[0], f"p{number}")
    frozen.advance(timedelta(minutes=1))
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(reports.sweep, router, NONE) for _ in range(3)]:
            done.result()
    assert reports.differing(router) == []
