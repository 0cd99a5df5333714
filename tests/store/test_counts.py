"""Kept counts equal a recount, whatever happens to the tickets."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.store import counters
from router.store.counters import Counted

TICKETS = st.builds(
    Counted,
    team_id=st.integers(1, 2),
    assignee_id=st.none() | st.integers(1, 3),
    standing=st.integers(0, 2),
    security=st.booleans(),
    unsorted=st.booleans(),
    parked=st.booleans(),
)


@given(st.lists(st.lists(TICKETS, min_size=1, max_size=6), max_size=12))
def test_moves_add_up_to_a_recount(histories):
    moved: dict[str, int] = {}
    for history in histories:
        for before, after in zip([None, *history], history, strict=False):
            for key, delta in counters.move([(before, after)]).items():
                moved[key] = moved.get(key, 0) + delta
    recount: dict[str, int] = {}
    for history in histories:
        keys = history[-1].keys()
        for key in keys:
            recount[key] = recount.get(key, 0) + 1
    assert {key: value for key, value in moved.items() if value} == recount


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=5
)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=8))
def test_folding_never_changes_what_is_read(store, deltas):
    key = "t1:open"
    with store.reading() as unit:
        before = counters.read(unit, [key])[key]
    for delta in deltas:
        store.write(lambda unit, delta=delta: counters.append(unit, {key: delta}))
    store.write(lambda unit: counters.fold(unit, limit=3))
    with store.reading() as unit:
        assert counters.read(unit, [key])[key] == before + sum(deltas)


def test_a_count_nobody_kept_is_zero(store):
    with store.reading() as unit:
        assert counters.read(unit, ["t9:open"]) == {"t9:open": 0}
