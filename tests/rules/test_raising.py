"""What the second reader may do: raise and sort, never calm."""

from hypothesis import given
from hypothesis import strategies as st

from rules.contract import UNSORTED, Urgency
from rules.engine import load
from rules.raising import Judged, Opinion, Raised, denied, raised

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
def test_what_is_urgent_but_no_incident_is_left_alone(opinion, score):
    assert raised(Judged("transfer.failed", Urgency.P1, score), opinion, KINDS) is None


def test_an_incident_takes_the_name_of_a_likelier_one():
    def name(score, named):
        opinion = Opinion("security.phishing", 0.99, "other.card", 0.0, named=named)
        before = Judged("security.compromised", Urgency.P1, score)
        after = raised(before, opinion, KINDS)
        return after and (after.category, after.urgency)

    phishing = ("security.phishing", Urgency.P1)
    assert [name(1.0, 0.5), name(1.0, 0.7)] == [None, phishing]
    assert [name(3.0, 0.6), name(3.0, 0.7)] == [None, phishing]


def test_a_guess_whose_group_is_in_doubt_sorts_nothing():
    opinion = Opinion("security.phishing", 0.1, "login.account_locked", 0.4, group=0.4)
    assert raised(Judged(UNSORTED, Urgency.P3, 0.0), opinion, KINDS) is None


def test_in_chinese_a_fee_named_by_the_way_gives_way_sooner():
    def becomes(chinese):
        opinion = Opinion("security.phishing", 0.1, "transfer.failed", 0.7, chinese=chinese)
        after = raised(Judged("other.fees", Urgency.P3, 1.0), opinion, KINDS)
        return after and after.category

    assert (becomes(False), becomes(True)) == (None, "transfer.failed")


def test_what_may_be_small_talk_is_not_sorted_among_matters_of_the_desk():
    def sorts(calm, idle):
        opinion = Opinion("security.phishing", 0.1, calm, 0.4, group=0.5, idle=idle)
        return raised(Judged(UNSORTED, Urgency.P3, 0.0), opinion, KINDS) is not None

    assert (sorts("transfer.how_to", 0.01), sorts("transfer.how_to", 0.2)) == (True, False)
    assert sorts("other.chitchat", 0.4)


def test_advice_needs_more_than_a_guess():
    def sorts(score):
        opinion = Opinion("security.phishing", 0.1, "security.advice", score)
        return raised(Judged(UNSORTED, Urgency.P3, 0.0), opinion, KINDS) is not None

    assert (sorts(0.4), sorts(0.6)) == (False, True)


def test_an_incident_that_was_denied_needs_more_than_sounding_like_one():
    def alarms(likely, denied):
        opinion = Opinion("security.compromised", likely, "other.account", 0.1)
        return raised(Judged(UNSORTED, Urgency.P3, 0.0, denied), opinion, KINDS) is not None

    assert (alarms(0.85, denied=False), alarms(0.85, denied=True)) == (True, False)
    assert alarms(0.95, denied=True)


def test_a_suspicion_of_the_rules_is_believed_when_the_reader_does_not_doubt_it():
    def becomes(likely, named=0.0):
        opinion = Opinion(
            "security.compromised", likely, "other.account", 0.1, named=named, chinese=True
        )
        before = Judged(UNSORTED, Urgency.P2, 0.0, suspected="security.phishing")
        return raised(before, opinion, KINDS)

    assert becomes(0.1) is None
    assert becomes(0.3) == Raised("security.phishing", Urgency.P1)
    assert becomes(0.9, named=0.9) == Raised("security.compromised", Urgency.P1)


def test_only_a_word_that_undoes_an_incident_is_a_denial():
    alarms = load().alarms
    stolen = "security.suspicious_transaction.zh-gone"
    assert denied([(stolen, "negated: 没有")], alarms)
    assert denied([("other.card.ordering", "settled: i found my card")], alarms)
    assert not denied([(stolen, "excluded: 手续费"), ("transfer.failed", "negated: not")], alarms)


def test_the_surer_the_rules_the_surer_the_reader_must_be():
    def rises(score, alarm):
        before = Judged("transfer.pending", Urgency.P2, score)
        opinion = Opinion("security.phishing", alarm, "transfer.pending", 0.0)
        return raised(before, opinion, KINDS) is not None

    assert (rises(1.0, 0.6), rises(3.0, 0.6), rises(3.0, 0.95)) == (True, False, True)


def test_a_script_that_talks_of_transfers_is_believed_sooner_than_another_alarm():
    def rises(threat):
        opinion = Opinion(threat, 0.75, "transfer.how_to", 0.1)
        return raised(Judged("transfer.how_to", Urgency.P3, 2.0), opinion, KINDS) is not None

    assert (rises("security.phishing"), rises("security.compromised")) == (True, False)


def test_what_may_be_a_private_message_must_sound_the_alarm_louder():
    def rises(category, idle):
        opinion = Opinion("security.phishing", 0.7, "other.chitchat", 0.1, idle=idle)
        return raised(Judged(category, Urgency.P3, 1.0), opinion, KINDS) is not None

    assert (rises(UNSORTED, 0.01), rises(UNSORTED, 0.1)) == (True, False)
    assert rises("transfer.how_to", 0.1)


def test_in_chinese_a_swindlers_plot_must_be_surer_than_another_incident_whatever_rules_heard():
    def rises(threat, category, score):
        opinion = Opinion(threat, 0.62, "other.chitchat", 0.1, chinese=True)
        return raised(Judged(category, Urgency.P3, score), opinion, KINDS) is not None

    for category, score in [(UNSORTED, 0.0), ("other.fees", 1.0), ("transfer.how_to", 2.0)]:
        assert rises("security.compromised", category, score)
        assert rises("security.freeze_request", category, score)
        assert not rises("security.phishing", category, score)


def test_a_plot_in_chinese_that_may_be_small_talk_must_be_surer_still():
    def rises(idle):
        opinion = Opinion("security.phishing", 0.75, "other.chitchat", 0.1, idle=idle, chinese=True)
        return raised(Judged(UNSORTED, Urgency.P3, 0.0), opinion, KINDS) is not None

    assert (rises(0.05), rises(0.2)) == (True, False)


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
