"""May we write to somebody: windows, counts and quotas on plain values; and cutting long texts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from router.core.pieces import pieces
from router.core.reach import Allowed, Known, may

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
WECHAT = Allowed(reply_within=48 * HOUR, sends_per_message=5)
MESSENGER = Allowed(reply_within=24 * HOUR, human_within=7 * 24 * HOUR)
X = Allowed(quotas=((15, timedelta(minutes=15)), (1440, 24 * HOUR)))


def ago(span, **more):
    return Known(now=NOW, heard_at=NOW - span, **more)


def test_who_never_wrote_cannot_be_written_to_where_there_is_a_window():
    assert may(WECHAT, Known(now=NOW), human=True).code == "window"
    assert may(Allowed(), Known(now=NOW), human=True).ok


@pytest.mark.parametrize(
    ("known", "ok", "code", "remaining"),
    [
        (ago(HOUR), True, "", 5),
        (ago(HOUR, sends=4), True, "", 1),
        (ago(HOUR, sends=5), False, "count", 0),
        (ago(48 * HOUR), False, "window", None),
        (ago(HOUR, gone=True), False, "gone", None),
    ],
)
def test_a_window_of_48_hours_and_five_answers(known, ok, code, remaining):
    found = may(WECHAT, known, human=True)
    assert (found.ok, found.code, found.remaining) == (ok, code, remaining)


def test_a_click_opens_a_small_window_of_its_own():
    known = Known(now=NOW, opened_at=NOW, closes_at=NOW + timedelta(minutes=1), opened_left=3)
    assert may(WECHAT, known, human=True).remaining == 3


def test_after_a_day_only_what_a_person_wrote_may_go():
    assert may(MESSENGER, ago(25 * HOUR), human=True).late
    assert may(MESSENGER, ago(25 * HOUR), human=False).code == "window"
    assert may(MESSENGER, ago(8 * 24 * HOUR), human=True).code == "window"


def test_a_quota_says_when_again_and_keeps_room_for_people():
    sends = [NOW - timedelta(minutes=minute) for minute in range(10)]
    known = Known(now=NOW, account_sends=sends)
    machine = may(X, known, human=False)
    assert (machine.ok, machine.code, machine.again) == (False, "quota", NOW + 6 * HOUR / 60)
    assert may(X, known, human=True).quota_left == 5


@settings(max_examples=60, deadline=None)
@given(some.text(max_size=400), some.integers(1, 60), some.integers(4, 90))
def test_pieces_fit_and_lose_nothing_but_white_space(text, characters, size):
    cut = pieces(text, characters, size)
    assert all(len(one) <= characters for one in cut)
    assert all(len(one.encode("utf-8", "replace")) <= size for one in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())
