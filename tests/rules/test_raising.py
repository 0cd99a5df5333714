"""What the second reader may do: raise and sort, never calm."""

from hypothesis import given
from hypothesis import strategies as st

from rules.contract import UNSORTED, Urgency
from rules.engine import load
from rules.raising import Judged, Opinion, raised

KINDS = load().kinds
ALARMS = sorted(name for name, kind in KINDS.items() if kind.urgency is Urgency.P1)
CALM = sorted(set(KINDS) - set(ALARMS) - {UNSORTED})

judged = st.builds(
    Judged,
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(list(Urgency)),
    st.floats(0, 9),
)
opinions = st.builds(
    Opinion,
    st.sampled_from(ALARMS),
    st.floats(0, 1),
    st.sampled_from(CALM),
    st.floats(0, 1),
)


@given(judged, opinions)
def test_no_urgency_ever_falls(before, opinion):
    after = raised(before, opinion, KINDS)
    assert after is None or after.urgency <= before.urgency


@given(judged, opinions)
def test_no_security_finding_gives_way_to_a_calm_one(before, opinion):
    after = raised(before, opinion, KINDS)
    if before.category.startswith("security.") and after is not None:
        assert after.category in ALARMS


@given(opinions, st.floats(0, 9))
def test_what_is_urgent_already_is_left_alone(opinion, score):
    assert raised(Judged("transfer.failed", Urgency.P1, score), opinion, KINDS) is None


def test_the_surer_the_rules_the_surer_the_reader_must_be():
    def rises(score, alarm):
        before = Judged("transfer.pending", Urgency.P2, score)
        opinion = Opinion("security.phishing", alarm, "transfer.pending", 0.0)
        return raised(before, opinion, KINDS) is not None

    assert (rises(1.0, 0.85), rises(3.0, 0.85), rises(3.0, 0.95)) == (True, False, True)


def test_an_unsorted_message_becomes_what_it_most_resembles():
    opinion = Opinion("security.phishing", 0.1, "login.account_locked", 0.6)
    after = raised(Judged(UNSORTED, Urgency.P3, 0.0), opinion, KINDS)
    assert (after.category, after.urgency) == ("login.account_locked", Urgency.P2)


def test_a_wish_for_a_freeze_that_no_rule_heard_must_be_surer():
    def rises(threat, alarm):
        opinion = Opinion(threat, alarm, "other.product", 0.0)
        return raised(Judged(UNSORTED, Urgency.P3, 0.0), opinion, KINDS) is not None

    assert rises("security.compromised", 0.75)
    assert not rises("security.freeze_request", 0.75)
    assert rises("security.freeze_request", 0.95)
