"""The receiver's pulse: how long nobody could be called, and what was heard."""

from datetime import timedelta

import pytest

from router.receiver import Receiver
from router.store import channels, gaps


@pytest.fixture
def receiver(desk_router):
    return Receiver(desk_router)


def silences(router):
    with router.store.reading() as unit:
        return [(gap.until - gap.since) / 1_000_000 for gap in gaps.newest(unit)]


@pytest.mark.parametrize(("seconds", "kept"), [(2, []), (5, []), (6, [6.0])])
def test_a_silence_longer_than_five_seconds_is_kept(receiver, desk_router, frozen, seconds, kept):
    receiver.pulse()
    frozen.advance(timedelta(seconds=seconds))
    receiver.pulse()
    assert silences(desk_router) == kept


def test_what_was_heard_and_refused_is_counted_for_the_status_page(receiver, desk_router):
    for what in ("seen", "seen", "forged", "unreadable"):
        receiver.note("messenger", "main", what)
    receiver.pulse()
    with desk_router.store.reading() as unit:
        (state,) = channels.states(unit, [("messenger", "main")])
    assert (state.heard, state.forged, state.well) == (2, 2, True)
    assert state.heard_at is not None
