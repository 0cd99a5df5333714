"""A quick look never overlooks what the pattern itself would find."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.core import facts
from router.core.glances import Glanced
from router.core.masking import seed_layouts, seeds

GLANCED = {
    **facts._SHAPES,
    "cue": seeds._CUE,
    "told": seed_layouts._MAYBE_TOLD,
    "label": seed_layouts._TOLD,
    "item": seed_layouts._MAYBE_ITEM,
}
PIECES = st.sampled_from(
    [
        *(
            "订单号",
            "AB12345678",
            "昨天",
            "10:30",
            "\uff11\uff10:\uff13\uff10",
            "100元",
            "\u20ac 5",
            "\u0663\u0664 usd",
        ),
        *(
            "iPhone",
            "\u0131phone",
            "\u0130os",
            "v 2.1",
            "版本 3",
            "WI-FI",
            "3g",
            "5G网",
            "助记词",
            "Seed",
        ),
        *(
            "12 words",
            "第三个词是",
            "the 2nd =",
            "word no. 4 is",
            "\u017feed",
            "order no: X_9-y\u00e9z",
        ),
        *(" ", "\n", "\u2003", "\uff0c", "é", "_", "-", ".", "x", "7", "\u0085", "\x1c", "一二万"),
    ]
)


@pytest.mark.parametrize("name", GLANCED)
@given(parts=st.lists(PIECES | st.text(max_size=3), max_size=12))
@example(parts=["P\u0131N", "\u0131OS"])
@example(parts=["订单10:30中"])
def test_it_finds_what_the_pattern_finds_and_where(name, parts):
    text = "".join(parts)
    glanced, plain = GLANCED[name], GLANCED[name].pattern.search(text)
    found = glanced.search(text)
    assert (found and found.span()) == (plain and plain.span())
    assert glanced.found(text) or plain is None


def test_a_pattern_that_it_cannot_loosen_is_refused_at_once():
    with pytest.raises(Exception, match="perl operator"):
        Glanced(r"a(?=b)")


def test_it_pays_no_heed_to_case():
    assert Glanced("abc").search("xABC").span() == (1, 4)
    assert re.fullmatch("abc", "ABC") is None
