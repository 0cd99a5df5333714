"""Cutting a text into messages: nothing is lost, all fit, and no sign is cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.pieces import pieces

FAMILY = "👩\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize("sign", [FAMILY, "👍🏽", "🇨🇳", "é̂", "❤\ufe0f", "नि", "字"])
@pytest.mark.parametrize("before", range(8))
def test_no_sign_of_several_letters_is_cut_in_two(sign, before):
    found = pieces("x" * before + sign * 60, size=120)
    assert "".join(found) == "x" * before + sign * 60
    assert all(len(one.encode()) <= 120 for one in found)
    assert all(one.removeprefix("x" * before) == sign * one.count(sign) for one in found)


@given(st.text(alphabet=f"a字。, \n{FAMILY}🇨🇳🏽", max_size=200), st.integers(4, 40))
def test_every_piece_fits_and_only_white_space_at_the_cuts_is_left_out(text, size):
    found = pieces(text, characters=size, size=size)
    assert all(len(one.encode()) <= size for one in found)
    assert "".join("".join(found).split()) == "".join(text.split())
