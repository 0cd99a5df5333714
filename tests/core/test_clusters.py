"""Messages that belong together stay together, until they are too old."""

import pytest

from router.core.waves.clusters import Seen, Window

HOUR = 3_600_000_000
DAY = 24 * HOUR
HOST, PHONE = ("host", "pay-check.top"), ("phone", "13800138000")


@pytest.fixture
def window():
    return Window(capacity=1000, span_us=DAY, likeness=0.4)


def test_a_trace_ties_whatever_the_words(window):
    first = window.add(Seen(1, 11, 0), None, [HOST])
    assert window.group(first) is None
    second = window.add(Seen(2, 12, HOUR), None, [HOST])
    group = window.group(second)
    assert window.group(first) is group
    assert window.members(group) == [(1, 11, "host"), (2, 12, "host")]
    assert list(group.shared) == [HOST]


def test_groups_that_meet_become_one(window):
    one = [window.add(Seen(n, n, 0), None, [HOST]) for n in range(3)]
    other = [window.add(Seen(n, n, 0), None, [PHONE]) for n in range(10, 12)]
    assert window.group(one[0]) is not window.group(other[0])
    window.add(Seen(20, 20, 0), None, [HOST, PHONE])
    assert window.group(one[0]) is window.group(other[0])
    assert len(window.group(one[0]).senders) == 6


def test_one_sender_counts_once_and_shares_nothing_with_themselves(window):
    numbers = [window.add(Seen(n, 7, n), None, [HOST]) for n in range(6)]
    group = window.group(numbers[-1])
    assert len(group.senders) == 1
    assert not group.shared


def test_what_is_older_than_a_day_leaves_its_group(window):
    window.add(Seen(1, 1, 0), None, [HOST])
    window.add(Seen(2, 2, HOUR), None, [HOST])
    third = window.add(Seen(3, 3, DAY + 2), None, [HOST])
    assert [ticket for ticket, _, _ in window.members(window.group(third))] == [2, 3]
    last = window.add(Seen(4, 4, 3 * DAY), None, [HOST])
    assert window.group(last) is None


def test_no_more_than_its_capacity_is_kept():
    window = Window(capacity=50, span_us=DAY, likeness=0.4)
    for number in range(500):
        window.add(Seen(number, number, number), None, [HOST])
    assert len(window) == 50
    assert len(window.group(500).members) <= 50
