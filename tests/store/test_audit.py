"""The audit log shows every line that was changed, taken out or moved."""

import pytest

from router.store import audit, timeline


@pytest.fixture
def sealed(store, keys):
    def fill(unit):
        for number in range(6):
            timeline.audit(unit, "agent:1", "ticket.view", f"ticket:{number}")

    store.write(fill)
    store.write(lambda unit: audit.seal(unit, keys, limit=4))
    store.write(lambda unit: audit.seal(unit, keys, limit=4))
    return store


def _broken(store, keys):
    with store.reading() as unit:
        return audit.verify(unit, keys)


def test_an_untouched_log_holds(sealed, keys):
    assert _broken(sealed, keys) is None


@pytest.mark.parametrize(
    ("tampering", "place"),
    [
        ("UPDATE audit SET subject = 'ticket:9' WHERE position = 3", 3),
        ("DELETE FROM audit WHERE position = 2", 2),
        ("UPDATE audit SET actor = 'agent:2' WHERE position = 6", 6),
    ],
)
def test_tampering_is_found_where_it_begins(sealed, keys, tampering, place):
    sealed.write(lambda unit: unit.run(tampering))
    assert _broken(sealed, keys) == place


def test_nothing_waits_once_all_is_sealed(sealed):
    with sealed.reading() as unit:
        assert not audit.pending(unit)
