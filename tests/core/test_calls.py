"""What is known of a call: merged in any order, told once."""

import itertools
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from channels.contract import Call
from router.core.calls import covered, merged, notes, untold

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
RINGING = Call("1", 0, number="+8613800000000", started_at=AT)
MISSED = Call("1", 2, number="+8613800000000", outcome="missed", ended_at=AT + timedelta(minutes=1))
RECORDED = Call("1", outcome="voicemail", recording="https://a.example/1", transcript="请回电")
NOTED = Call("1", note="wants a call", wrap_up="transfer")


@pytest.mark.parametrize("order", list(itertools.permutations([RINGING, MISSED, RECORDED, NOTED])))
def test_reports_in_any_order_come_to_the_same_call(order):
    whole = reduce(merged, [*order, order[0]], None)
    assert (whole.stage, whole.outcome, whole.number) == (2, "voicemail", "+8613800000000")
    assert (whole.started_at, whole.ended_at) == (AT, AT + timedelta(minutes=1))
    assert (whole.recording, whole.transcript, whole.note) == (
        "https://a.example/1",
        "请回电",
        "wants a call",
    )


def test_a_call_that_only_a_machine_took_was_missed_until_a_message_is_there():
    night = Call("1", 0, unattended=True)
    ended = Call("1", 2, outcome="answered", answered_at=AT)
    assert merged(merged(None, night), ended).outcome == "missed"
    assert merged(merged(None, ended), night).outcome == "missed"
    assert reduce(merged, [night, ended, RECORDED], None).outcome == "voicemail"


def test_a_call_that_rang_at_a_desk_was_missed_unless_somebody_picked_up():
    rang = Call("1", 0, unattended=True)
    ended = Call("1", 2, outcome="answered")
    leg = Call("1", 1, agent="+861000000001", outcome="answered")
    assert reduce(merged, [rang, ended], None).outcome == "missed"
    for order in itertools.permutations([rang, ended, leg]):
        assert reduce(merged, order, None).outcome == "answered", order


def test_what_is_told_is_told_once_and_what_is_new_still_is():
    assert untold(RINGING, ()) == ()
    assert untold(MISSED, ()) == ("call",)
    assert untold(MISSED, ("call",)) == ()
    whole = merged(MISSED, RECORDED)
    assert untold(whole, ("call",)) == ("voicemail", "transcript")
    first = untold(merged(whole, NOTED), ("call", "voicemail", "transcript"))
    assert [word.partition("-")[0] for word in first] == ["note", "wrap"]
    later = merged(merged(whole, NOTED), Call("1", note="called again"))
    (word,) = untold(later, ("call", "voicemail", "transcript", *first))
    assert notes(later)[word] == "called again"


@pytest.mark.parametrize("outcome", ["answered", "failed", ""])
def test_nobody_is_called_back_after_a_call_that_was_heard(outcome):
    assert untold(Call("1", 2, outcome=outcome), ()) == ()


def test_a_call_of_ours_is_nobodys_missed_call():
    assert untold(Call("1", 2, inbound=False, outcome="missed"), ()) == ()


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "+8613800000000", "138****0000"),
        ("phone", "+14155550123", "+141****0123"),
        ("phone", "13800000000", "138****0000"),
        ("phone", "95588", "****"),
        ("email", "ann@mail.example", "ann@mail.example"),
        ("call", "desk:CA1", "–"),
        ("unknown", "email", "–"),
        ("wechat", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "#jWeS6o"),
        ("chat", "guest:n5rcbmy2ysea", "#y2ysea"),
    ],
)
def test_a_handle_is_shown_with_what_nobody_needs_covered(kind, value, shown):
    assert covered(kind, value) == shown
