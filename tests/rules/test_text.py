"""Folding: one spelling for all, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.text import fold


def wide(text: str) -> str:
    """Full-width letters, as Chinese keyboards write them."""
    return "".join("\u3000" if char == " " else chr(ord(char) + 0xFEE0) for char in text)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("MY PHONE", "my phone"),
        (wide("My Pin 123"), "my pin 123"),
        ("我的帳戶被盜了", "我的账户被盗了"),
        ("被 盗 了", "被盗了"),
        ("被\u200b盗", "被盗"),
        ("转-账-失-败", "转账失败"),
        ("pass\u00adword", "password"),
        ("didn\u2019t", "didn't"),
        ("café", "cafe"),
        ("٣ times", "3 times"),
        ("登陆帐号", "登录账号"),
        ("my  \t account", "my account"),
        ("my account was\nhacked yesterday", "my account was hacked yesterday"),
        ("line\r\nNext", "line\nnext"),
        ("", ""),
    ],
)
def test_what_people_write_has_one_spelling(written, folded):
    assert fold(written).text == folded


def test_a_new_paragraph_stays_a_new_paragraph():
    assert fold("It failed\nMy name is Ann").text == "it failed\nmy name is ann"


def test_words_apart_stay_apart():
    assert fold("账户 被盗").text == "账户 被盗"


@given(st.text())
def test_every_folded_character_comes_from_a_place_in_the_original(text):
    folded = fold(text)
    places = [folded.origin(at) for at in range(len(folded.text))]

    assert places == sorted(places)
    assert all(0 <= place < len(text) for place in places)


@given(
    st.text(alphabet="被盗 \u200b.-ab①ﬁ，。\t\r\n\uff21é"), st.integers(0, 30), st.integers(1, 10)
)
def test_the_span_of_folded_words_folds_to_the_same_words(text, start, length):
    folded = fold(text)
    end = min(start + length, len(folded.text))
    if start >= end:
        return

    low, high = folded.span(start, end)

    assert folded.text[start:end].replace(" ", "").strip() in fold(text[low:high]).text.replace(
        " ", ""
    )


@given(st.text())
def test_folding_twice_changes_nothing_more_for_plain_letters(text):
    once = fold(text).text
    if once.isascii():
        assert fold(once).text.split() == once.split()


def test_a_flood_of_ligatures_grows_no_more():
    assert len(fold("\ufdfa" * 20_000).text) <= 20_000
    assert fold("\ufb01ne " * 20).text == "fine " * 20
