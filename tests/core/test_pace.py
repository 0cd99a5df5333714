"""What is expected of the queue: honest, in service hours, and silent where nobody knows."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from router.core.promises.hours import DAYS, Calendar
from router.core.promises.pace import Pace, Queue, told

DESK = Calendar("Asia/Shanghai", {day: [("08:00", "22:00")] for day in DAYS})


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("queue", "now", "expected"),
    [
        (Queue(9, 98, 98.0), "24T12:00", "24T22:00"),  # one an hour, the tenth in the queue
        (Queue(9, 980, 98.0), "24T12:03", "24T13:10"),
        (Queue(0, 9_800, 98.0), "24T12:00", "24T12:20"),  # never less than a quarter of an hour
        (Queue(9, 980, 98.0), "24T21:30", "25T08:30"),
        (Queue(9, 980, 98.0), "24T23:00", "25T09:00"),
    ],
)
def test_the_queue_says_when_an_answer_comes(queue, now, expected):
    pace = Pace()
    pace.take({1: queue})
    assert pace.expected(1, DESK, at(now)) == at(expected)


@pytest.mark.parametrize("queue", [Queue(5, 19, 98.0), Queue(5, 100, 0.0)])
def test_without_history_nothing_is_expected(queue):
    pace = Pace()
    assert pace.expected(1, DESK, at("24T12:00")) is None
    pace.take({1: queue})
    assert pace.expected(1, DESK, at("24T12:00")) is None


def test_what_is_told_is_the_expectation_or_else_the_promise():
    now = at("24T12:00")
    assert told(now, None) == now
    assert told(now, now + timedelta(hours=1)) == now + timedelta(hours=1)
