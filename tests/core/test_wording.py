"""Acknowledgements: honest, in the requester's language, and never a word of theirs."""

import re
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from router.core.wording import (
    ANY_LINK,
    ANY_NUMBER,
    CASES,
    LANGUAGES,
    Situation,
    Wording,
    format_moment,
)
from router.errors import SettingsFault

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
    desk = "錢包客服" if language == "zh-Hant" else "钱包客服"
    for said in ("WT-AB2C-DE3F", "09:30", "95000", "https://help.example/s/1", desk):
        assert said in words.text
    assert "\n\n\n" not in words.text
    assert re.search(r"助记词|助記詞|seed phrase", words.text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("open_now", [True, False])
def test_where_nobody_can_name_a_moment_none_is_named(language, open_now):
    unknown = {"answer_by": None, "next_open": None, "open": open_now}
    text = WORDING.acknowledgement(replace(SITUATION, language=language, **unknown)).text
    assert {"zh": "尚未确定", "zh-Hant": "尚未確定", "en": "cannot say yet"}[language] in text
    assert not re.search(r"\d\d:\d\d|no later than|前回[复覆]", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_security_names_no_opening_where_there_is_none(language):
    changes = {"security": True, "open": False, "next_open": None}
    text = WORDING.acknowledgement(replace(SITUATION, language=language, **changes)).text
    assert "09:30" in text
    assert not re.search(r"is back|恢复服务|恢復服務", text)


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


@pytest.mark.parametrize("changes", [{}, CLOSED, {"security": True}])
def test_the_desk_is_named_in_the_readers_characters(changes):
    words = WORDING.acknowledgement(replace(SITUATION, language="zh-Hant", **changes))
    assert words.subject.startswith("【錢包客服】")
    assert words.text.endswith("錢包客服\n")
    assert "钱包" not in words.subject + words.text


def test_a_language_we_do_not_speak_is_answered_in_english():
    assert WORDING.acknowledgement(replace(SITUATION, language="fr")).text.startswith("Hello")


def test_a_kind_of_trouble_without_steps_gets_the_general_ones():
    assert WORDING.steps("en", "unheard of") == WORDING.steps("en", "other")


def test_lines_with_nothing_to_say_are_left_out():
    words = WORDING.acknowledgement(replace(SITUATION, language="en", hotline="", status_url=""))
    assert "If it cannot wait, call" not in words.text
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


@pytest.mark.parametrize(
    ("language", "today", "tomorrow"),
    [
        ("zh", "今天（11月25日）09:30", "明天（11月26日）08:00"),
        ("zh-Hant", "今天（11月25日）09:30", "明天（11月26日）08:00"),
        ("en", "today, Wed 25 Nov, 09:30 (UTC+8)", "tomorrow, Thu 26 Nov, 08:00 (UTC+8)"),
    ],
)
def test_today_and_tomorrow_are_named_with_their_date(language, today, tomorrow):
    told = replace(
        SITUATION,
        language=language,
        open=False,
        now=datetime(2026, 11, 24, 17, 0, tzinfo=UTC),
        next_open=datetime(2026, 11, 26, 0, 0, tzinfo=UTC),
    )
    text = WORDING.acknowledgement(told).text
    assert today in text
    assert tomorrow in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_missing_facts_are_asked_in_one_list(language):
    told = replace(SITUATION, language=language, missing=("reference", "amount"))
    text = WORDING.acknowledgement(told).text
    assert sum(line.startswith("- ") for line in text.splitlines()) == 2
    assert "- " not in WORDING.acknowledgement(replace(told, missing=())).text


def _texts():
    return {"en": deepcopy(WORDING._texts["en"])}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t["en"]["open"].update(body="Hi $name"), r"open.body names \$name"),
        (lambda t: t["en"]["closed"].update(subject=""), "closed.subject is missing"),
        (lambda t: t["en"].pop("security"), "security.body is missing"),
        (lambda t: t["en"].update(status="$url"), r"status names \$url"),
        (lambda t: t["en"]["open"].update(body="costs $ 5"), "open.body has a \\$"),
    ],
)
def test_a_text_that_names_what_nobody_fills_in_is_refused_when_it_is_loaded(change, words):
    texts = _texts()
    change(texts)
    with pytest.raises(SettingsFault, match=words):
        Wording(texts)


@pytest.mark.parametrize("security", [False, True])
def test_words_for_many_tickets_become_those_of_one(security):
    own = replace(SITUATION, security=security)
    many = replace(own, number=ANY_NUMBER, status_url=ANY_LINK)
    made = WORDING.acknowledgement(many).about(own.number, own.status_url)
    assert made == WORDING.acknowledgement(own)
