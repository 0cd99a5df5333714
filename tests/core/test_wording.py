"""Acknowledgements: honest, in the requester's language, and never a word of theirs."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from router.core.wording import CASES, LANGUAGES, Situation, Wording, format_moment

WORDING = Wording.load()
GROUPS = ("login", "transfer", "records", "security", "other")
SITUATION = Situation(
    language="zh",
    group="transfer",
    security=False,
    open=True,
    number="WT-AB2C-DE3F",
    answer_by=datetime(2026, 11, 25, 1, 30, tzinfo=UTC),
    next_open=None,
    zone="Asia/Shanghai",
    desk_name="钱包客服",
    hotline="95000",
    status_url="https://help.example/s/1",
)
CLOSED = {"open": False, "next_open": datetime(2026, 11, 25, 0, 0, tzinfo=UTC)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("changes", [{}, CLOSED, {"security": True}, {"security": True, **CLOSED}])
def test_every_text_is_complete(language, group, changes):
    words = WORDING.acknowledgement(replace(SITUATION, language=language, group=group, **changes))
    assert words.case in CASES
    assert "$" not in words.subject + words.text
    for said in ("WT-AB2C-DE3F", "09:30", "95000", "https://help.example/s/1", "钱包客服"):
        assert said in words.text
    assert "\n\n\n" not in words.text
    assert re.search(r"助记词|助記詞|seed phrase", words.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_outside_hours_it_says_when_people_are_back(language):
    words = WORDING.acknowledgement(replace(SITUATION, language=language, **CLOSED))
    assert words.case == "closed"
    assert "08:00" in words.text


@pytest.mark.parametrize(
    ("language", "now"), [("zh", "立即冻结"), ("zh-Hant", "立即凍結"), ("en", "Freeze now")]
)
def test_security_says_freeze_first_by_day_and_by_night(language, now):
    for changes in ({}, CLOSED):
        words = WORDING.acknowledgement(
            replace(SITUATION, language=language, security=True, **changes)
        )
        assert words.case == "security"
        assert f"1. {now}" in words.text


def test_a_language_we_do_not_speak_is_answered_in_english():
    assert WORDING.acknowledgement(replace(SITUATION, language="fr")).text.startswith("Hello")


def test_a_kind_of_trouble_without_steps_gets_the_general_ones():
    assert WORDING.steps("en", "unheard of") == WORDING.steps("en", "other")


def test_lines_with_nothing_to_say_are_left_out():
    words = WORDING.acknowledgement(replace(SITUATION, language="en", hotline="", status_url=""))
    assert "call" not in words.text
    assert "Follow it here" not in words.text


def test_a_banner_comes_first_unless_a_secret_was_leaked():
    told = replace(SITUATION, language="en", banner="Transfers are slow today.")
    assert WORDING.acknowledgement(told).text.startswith("Transfers are slow today.\n\nHello")
    leaked = WORDING.acknowledgement(replace(told, secret=True, security=True))
    assert "Transfers are slow today." not in leaked.text


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh", "11月25日（周三）09:30"),
        ("zh-Hant", "11月25日（週三）09:30"),
        ("en", "Wed 25 Nov, 09:30"),
    ],
)
def test_a_moment_is_told_as_people_tell_it(language, expected):
    assert format_moment(SITUATION.answer_by, "Asia/Shanghai", language).startswith(expected)
