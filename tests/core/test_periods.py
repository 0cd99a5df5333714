"""Periods as people type them, and those that hold the same minutes."""

import pytest

from router.core.promises.periods import DAYS, clash, typed
from router.errors import Invalid

ALL_DAY = {day: [("00:00", "24:00")] for day in DAYS}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", ()),
        ("8:00-12:00, 14:00–22:00", (("08:00", "12:00"), ("14:00", "22:00"))),
        ("08：00—12：00、22:00~06:00；", (("08:00", "12:00"), ("22:00", "06:00"))),
    ],
)
def test_periods_are_read_as_people_type_them(text, read):
    assert typed(text, "mon") == read


@pytest.mark.parametrize("text", ["all day", "8-12", "08:00-", "08:00-12:00 and more"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(Invalid, match="bad_periods"):
        typed(text, "mon")


@pytest.mark.parametrize(
    ("week", "found"),
    [
        ({"mon": [("08:00", "12:00"), ("12:00", "14:00")]}, None),
        ({"mon": [("08:00", "12:00"), ("11:59", "14:00")]}, "mon"),
        ({"mon": [("22:00", "06:00")], "tue": [("06:00", "08:00")]}, None),
        ({"mon": [("22:00", "06:00")], "tue": [("05:00", "08:00")]}, "tue"),
        ({"sun": [("22:00", "06:00")], "mon": [("05:00", "08:00")]}, "mon"),
        ({"sun": [("22:00", "06:00")]}, None),
        (ALL_DAY, None),
    ],
)
def test_periods_of_the_same_minutes_are_found(week, found):
    said = clash(week)
    assert (said[0] if said else None) == found
