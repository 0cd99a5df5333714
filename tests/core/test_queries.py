"""What is typed to find tickets: filters among words, in both languages."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from router.core.mentions import named
from router.core.queries import parse

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("typed", "words", "filters"),
    [
        ("退款", "退款", {}),
        ("退款 from:ann@mail.example", "退款", {"sender": "ann@mail.example"}),
        ('from:"Ann Lee" is:open', "", {"sender": "Ann Lee", "state": "open"}),
        ("渠道：email 转账 失败", "转账 失败", {"channel": "email"}),
        ("urgency:p1", "", {"urgency": "P1"}),
        ("before:2026-11-01 x", "x", {"before": datetime(2026, 11, 1, tzinfo=ZONE)}),
        ("之后:2026-11", "", {"after": datetime(2026, 11, 1, tzinfo=ZONE)}),
    ],
)
def test_filters_are_taken_out_of_the_words(typed, words, filters):
    asked = parse(typed, ZONE)
    assert (asked.words, asked.filters) == (words, filters)


@pytest.mark.parametrize(
    "typed", ["http://a.example/x", "error:5", "before:yesterday", "before:2026-13-01", "12:30"]
)
def test_what_only_looks_like_a_filter_stays_a_word(typed):
    assert parse(typed, ZONE).words == typed
    assert parse(typed, ZONE).filters == {}


PEOPLE = {1: "林美", 2: "Tom", 3: "Tom Becker", 4: "Mei"}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@Tom Becker 请看", [3]),
        ("@tom, and @林美请看一下", [1, 2]),
        ("mei@mei.example", []),
        ("@Meinhard", []),
        ("nobody @ all", []),
    ],
)
def test_a_mention_is_an_at_and_a_whole_name(text, who):
    assert named(text, PEOPLE) == who


def test_a_name_that_several_have_names_all_of_them():
    assert named("@王伟 请看", {1: "王伟", 2: "Tom", 3: "王伟"}) == [1, 3]
