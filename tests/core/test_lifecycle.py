"""States, legal moves, and the order of the list."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.lifecycle import STANDING, after, rank
from router.errors import Conflict

EVENTS = ("message_in", "reply", "close", "reopen", "snooze", "wake")
LEGAL = {
    ("new", "message_in"): "new",
    ("open", "message_in"): "open",
    ("waiting", "message_in"): "open",
    ("snoozed", "message_in"): "open",
    ("closed", "message_in"): "open",
    ("new", "reply"): "waiting",
    ("open", "reply"): "waiting",
    ("waiting", "reply"): "waiting",
    ("snoozed", "reply"): "waiting",
    ("new", "close"): "closed",
    ("open", "close"): "closed",
    ("waiting", "close"): "closed",
    ("snoozed", "close"): "closed",
    ("closed", "reopen"): "open",
    ("new", "snooze"): "snoozed",
    ("open", "snooze"): "snoozed",
    ("waiting", "snooze"): "snoozed",
    ("snoozed", "snooze"): "snoozed",
    ("snoozed", "wake"): "open",
}
MOVES = sorted(product(STANDING, EVENTS))
moments = st.none() | st.integers(0, 2**57)
URGENCIES = ("P1", "P2", "P3", "P4")


@pytest.mark.parametrize(("state", "event"), sorted(LEGAL))
def test_a_legal_move_leads_where_it_should(state, event):
    assert after(state, event) == LEGAL[state, event]


@pytest.mark.parametrize(("state", "event"), [one for one in MOVES if one not in LEGAL])
def test_an_illegal_move_is_a_conflict_that_says_which(state, event):
    with pytest.raises(Conflict) as refusal:
        after(state, event)
    assert refusal.value.code == "illegal_move"
    assert refusal.value.params == {"state": state, "event": event}


@pytest.mark.parametrize("state", sorted(STANDING))
def test_what_a_requester_writes_always_puts_the_ticket_before_a_person(state):
    assert STANDING[after(state, "message_in")] == 0


urgencies = st.sampled_from(URGENCIES)


def secure(urgency, due, *, unsorted=False):
    return rank(security=True, urgency=urgency, unsorted=unsorted, due_at_us=due)


def vague(urgency, due):
    return rank(security=False, urgency=urgency, unsorted=True, due_at_us=due)


def plain(urgency, due):
    return rank(security=False, urgency=urgency, unsorted=False, due_at_us=due)


bands = st.sampled_from((secure, vague, plain))


@given(urgencies, urgencies, moments, moments, st.booleans())
def test_security_is_above_everything_else(urgency, other, due, other_due, unsorted):
    top = secure(urgency, due, unsorted=unsorted)
    assert top < vague(other, other_due)
    assert top < plain(other, other_due)


@given(urgencies, urgencies, moments, moments)
def test_what_nobody_could_sort_is_right_below_security(urgency, other, due, other_due):
    assert secure(other, other_due) < vague(urgency, due) < plain(other, other_due)


@given(moments, moments, st.sampled_from((secure, plain)))
def test_the_more_urgent_comes_first_whenever_it_is_due(due, other_due, band):
    for urgent, calm in pairwise(URGENCIES):
        assert band(urgent, due) < band(calm, other_due)


@given(urgencies, bands, st.integers(0, 2**57))
def test_among_equals_the_first_due_comes_first_and_no_promise_last(urgency, band, due):
    ranks = [band(urgency, one) for one in (due, due + 1, None)]
    assert ranks == sorted(set(ranks))


@given(urgencies, bands, st.none() | st.integers())
def test_a_rank_fits_its_column(urgency, band, due):
    assert 0 <= band(urgency, due) < 2**63
