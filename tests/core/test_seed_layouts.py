"""Seed phrases however they are laid out: what stands around the words counts for nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.masking import seed_layouts
from router.core.masking.redact import holds_secret, mask
from router.core.masking.secret import HIDDEN

WORDS = (
    *("legal", "winner", "thank", "year", "wave", "sausage"),
    *("worth", "useful", "legal", "winner", "thank", "yellow"),
)


@given(
    st.text(alphabet="a):.w1[12:03] 2024-<b>&nbsp;（海）\n=-第一个是", max_size=200), st.booleans()
)
def test_every_word_keeps_its_place(text, told):
    assert len(seed_layouts.bare(text, told=told)) == len(text)


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("a) legal b) winner", "legal winner"),
        ("II. legal III. winner", "legal winner"),
        ("w1: legal\nw2: winner", "legal winner"),
        ("[12:01:33] Lin: legal\n[24/11/26, 12:02] Ann: winner", "legal winner"),
        ("2024-01-01 legal\n2024-01-02 12:03 winner", "legal winner"),
        ("legal&nbsp;&#160;winner", "legal winner"),
        ("legal（合法） winner [赢家]", "legal winner"),
        ("第一个是legal，第二个是winner", "legal，winner"),
        ("一、legal\n第十二：winner", "legal winner"),
        ("一、二、三是数字", "一、二、三是数字"),
        ("I. think of it: a (good) word.", "think of it: a (good) word."),
    ],
)
def test_what_stands_around_words_is_blanked(written, left):
    told = seed_layouts.bare(written, told=True)
    assert told.replace("，   ", "，").split() == left.replace("，", "， ").split()


def test_a_row_of_one_sign_is_as_narrow_as_one():
    assert seed_layouts.narrowed(" \n" + "- " * 40 + "\n ") == "-"
    assert seed_layouts.narrowed("." * 40 + "=" * 40) == ".="


def test_a_phrase_in_two_pieces_goes_where_somebody_speaks_of_one():
    first, second = " ".join(WORDS[:6]), " ".join(WORDS[6:])
    told = f"{first}. And on the second card I have got these: {second}."
    assert mask(f"The seed: {told}").text == (
        f"The seed: {HIDDEN}. And on the second card I have got these: {HIDDEN}."
    )
    assert not holds_secret(told)
    assert not holds_secret(f"The seed: {first}. {'And so on and so on. ' * 20}{second}.")


def test_short_answers_in_a_chat_are_no_phrase():
    chat = "\n".join(f"[12:{n:02}] Lin: {word}" for n, word in enumerate(WORDS))
    assert not holds_secret(chat)
    assert holds_secret(f"the words of my wallet, seed first\n{chat}")
