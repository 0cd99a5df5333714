"""``router due``: one question in, one answer out, and a clear word about what cannot be asked."""

import io
import json

import pytest

from router.terminal.reckoning import Reckoner, lines

DESK = {
    "zone": "Asia/Shanghai",
    "weekly": {day: [["08:00", "22:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "closed": ["2026-10-01"],
    "open": {"2026-10-10": [["10:00", "16:00"]]},
}
ASKED = {"id": "a", "calendar": DESK, "start": "2026-11-24T21:30:00+08:00", "minutes": 60}


def answer(**changes):
    return json.loads(Reckoner().answer(json.dumps(ASKED | changes).encode()))


def test_a_due_time_is_told_in_utc():
    assert answer() == {"id": "a", "due": "2026-11-25T00:30:00+00:00"}


def test_a_make_up_day_is_worked_in_its_own_hours():
    assert answer(start="2026-10-09T22:00:00+08:00", minutes=5)["due"].startswith(
        "2026-10-10T02:05"
    )


def test_what_open_says_of_a_date_outranks_closed():
    both = DESK | {"closed": ["2026-10-10"]}
    told = answer(calendar=both, start="2026-10-10T10:00:00+08:00", minutes=1)
    assert told["due"].startswith("2026-10-10T02:01")


def test_no_minutes_are_due_at_the_start_even_when_nobody_is_there():
    assert (
        answer(start="2026-11-24T23:00:30+08:00", minutes=0)["due"] == "2026-11-24T15:00:30+00:00"
    )


def test_a_start_with_seconds_counts_from_its_second():
    assert (
        answer(start="2026-11-24T21:59:30+08:00", minutes=2)["due"] == "2026-11-25T00:01:30+00:00"
    )


def test_pauses_may_overlap_and_come_in_any_order():
    pauses = [
        ["2026-11-24T14:00:00Z", "2026-11-25T02:00:00Z"],
        ["2026-11-24T13:40:00Z", "2026-11-24T15:00:00Z"],
    ]
    assert answer(pauses=pauses)["due"] == "2026-11-25T02:50:00+00:00"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"calendar": DESK | {"zone": "Mars/Base"}}, "zone"),
        ({"calendar": DESK | {"weekly": {"mon": [["8", "22:00"]]}}}, "weekly.mon"),
        ({"calendar": DESK | {"weekly": {"mo": []}}}, "weekly.mo"),
        ({"calendar": DESK | {"weekly": [], "open": []}}, "weekly"),
        ({"calendar": DESK | {"weekly": {"mon": "08:00"}}}, "calendar.weekly"),
        ({"calendar": DESK | {"closed": "2026-10-01"}}, "calendar.closed"),
        ({"calendar": DESK | {"closed": [1]}}, "closed"),
        ({"calendar": DESK | {"colsed": []}}, "calendar.colsed"),
        ({"calendar": None}, "calendar"),
        ({"start": "2026-11-24T21:30:00"}, "start"),
        ({"start": 5}, "start"),
        ({"minutes": -1}, "minutes"),
        ({"minutes": True}, "minutes"),
        ({"minutes": "60"}, "minutes"),
        ({"minutes": 10**9}, "hours"),
        ({"pauses": [["2026-11-24T14:00:00Z", "2026-11-24T13:00:00Z"]]}, "pauses[0]"),
        ({"pauses": [["2026-11-24T14:00:00Z", None]]}, "pauses[0]"),
        ({"pauses": {}}, "pauses"),
    ],
)
def test_what_cannot_be_asked_is_named(changes, named):
    told = answer(**changes)
    assert told["id"] == "a"
    assert told["error"].startswith(named)


@pytest.mark.parametrize("line", [b"{", b"[]", b"5", b"\xff\xfe", b'{"id": 1}', b"{} trailing"])
def test_a_line_that_is_no_question_is_answered_all_the_same(line):
    assert "error" in json.loads(Reckoner().answer(line))


def test_a_calendar_of_another_name_is_never_taken_for_it():
    other = DESK | {"zone": "Europe/Berlin"}
    reckoner = Reckoner()
    for _ in range(2):
        told = json.loads(
            reckoner.answer(
                json.dumps({"x": {"calendar": DESK}} | ASKED | {"calendar": other}).encode()
            )
        )
        assert told["due"] == "2026-11-24T14:30:00+00:00"
        assert answer() == json.loads(reckoner.answer(json.dumps(ASKED).encode()))


def test_lines_are_answered_in_their_order_however_they_come():
    asked = b"".join(json.dumps(ASKED | {"id": n}).encode() + b"\n" for n in range(3_000))
    told = io.BytesIO()
    lines(io.BufferedReader(io.BytesIO(asked + b"\n  \n" + asked.rstrip())), told)
    assert [json.loads(one)["id"] for one in told.getvalue().splitlines()] == [*range(3_000)] * 2
