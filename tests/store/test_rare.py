"""What is rare on a large desk is found by an index of its own, not by walking past the rest."""

from functools import partial
from itertools import product

import pytest

from router import seeding
from router.core.rights import Who
from router.store import pages
from router.store.pages import Filters

ADMIN = Who(id=1, name="Bench", role="admin")
MEI = Who(id=2, name="Mei", role="agent", teams=frozenset({1, 2}))


@pytest.fixture
def router(desk_router):
    for _ in seeding.seed(desk_router, 600):
        pass
    return desk_router


def _numbers(router, who, view="all", **filters):
    with router.store.reading() as unit:
        page = pages.list_tickets(unit, view=view, who=who, filters=Filters(**filters), cursor=None)
        return [line.number for line in page.rows]


def _pick(router, **columns):
    """Some of the tickets, changed; their numbers."""
    said = ", ".join(f"{name} = :{name}" for name in columns)

    def work(unit):
        rows = unit.rows("SELECT id, number FROM ticket WHERE standing = 1 ORDER BY id LIMIT 3")
        for row in rows:
            unit.run(f"UPDATE ticket SET {said} WHERE id = :id", id=row.id, **columns)
        return {row.number for row in rows}

    return router.store.write(work)


def test_the_few_that_are_parked_or_asleep_are_listed(router):
    for who in (ADMIN, MEI):
        assert set(_numbers(router, who, "parked")) == set()
        assert set(_numbers(router, who, "snoozed")) == set()
    some = _pick(router, parked=True, state="snoozed")
    for who in (ADMIN, MEI):
        assert set(_numbers(router, who, "parked")) == some
        assert set(_numbers(router, who, "snoozed")) == some


def test_a_category_and_its_group_are_listed_in_the_lists_own_order(router):
    rare = _pick(router, category="phishing.site")
    with router.store.reading() as unit:
        rows = unit.rows(
            "SELECT number FROM ticket WHERE category LIKE 'transfer.%' "
            "ORDER BY standing, rank, id LIMIT 50"
        )
    for who in (ADMIN, MEI):
        assert set(_numbers(router, who, category="phishing.site")) == rare
        assert set(_numbers(router, who, category="phishing")) == rare
        assert _numbers(router, who, category="phish") == []
        assert _numbers(router, who, category="transfer") == [row.number for row in rows]


def test_a_category_shows_an_agent_their_teams_alone(router):
    one_team = Who(id=3, name="Bo", role="agent", teams=frozenset({2}))
    assert _numbers(router, one_team, category="transfer") == []
    assert _numbers(router, one_team, category="security")
    assert _numbers(router, ADMIN, category="transfer", team="security") == []


def test_an_urgency_nobody_knows_holds_nothing(router):
    assert _numbers(router, ADMIN, urgency="P9") == []
    assert len(_numbers(router, ADMIN, urgency="P3")) == 50


@pytest.fixture
def planned(database_kind, request):
    """The desk where it is known how rows are looked for; for a skipped test none is made."""
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL plans by its own statistics")
    return request.getfixturevalue("router")


def _plan(router, look, *signs):
    """What it does, and how SQLite goes about its statements that hold one of these signs."""
    asked = []
    with router.store.reading() as unit:
        ask = unit.rows

        def listen(sql, /, **params):
            asked.append((sql, params))
            return ask(sql, **params)

        unit.rows = listen
        found = look(unit)
        walks = [(sql, known) for sql, known in asked if any(sign in sql for sign in signs)]
        return found, " ".join(
            str(row) for sql, known in walks for row in ask(f"EXPLAIN QUERY PLAN {sql}", **known)
        )


def test_no_list_of_the_rare_sorts_or_walks_the_desk(planned):
    for who, (view, filters, index) in product(
        (ADMIN, MEI),
        (
            ("parked", Filters(), "ix_ticket_parked_list"),
            ("snoozed", Filters(), "ix_ticket_snoozed_list"),
            ("all", Filters(category="phishing.site"), "ix_ticket_category_list"),
            ("all", Filters(channel="wechat"), "ix_ticket_channel_list"),
        ),
    ):
        look = partial(pages.list_tickets, view=view, who=who, filters=filters, cursor=None)
        _, plan = _plan(planned, look, "UNION ALL", "LIMIT")
        assert index in plan, (who, view, filters)
        assert "TEMP B-TREE" not in plan, (who, view, filters)


def test_the_newest_of_what_is_common_are_found_without_sorting_all_of_it(planned):
    for filters in (
        Filters(state="open", category="transfer"),
        Filters(state="open", channel="email"),
    ):
        look = partial(pages.search_tickets, who=ADMIN, filters=filters, cursor=None)
        page, plan = _plan(planned, look, "")
        assert page.rows, filters
        assert "TEMP B-TREE" not in plan, filters
