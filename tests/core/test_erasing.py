"""What is left of the timeline's parameters, and of texts that name somebody."""

import json

import pytest

from router.core import erasing


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            {"category": "transfer.pending", "old": "P3"},
            {"category": "transfer.pending", "old": "P3"},
        ),
        ({"agent": "Mei Lin", "id": 7}, {"agent": "Mei Lin", "id": 7}),
        ({"tag": "ann"}, {"tag": "…"}),
        ({"reason": "she said so"}, {"reason": "…"}),
        ({"how": "ann@mail.example"}, {"how": "…"}),
        ({"names": ["passport of Ann.png"]}, {"names": []}),
        ({"kinds": ["card", "my own words"]}, {"kinds": ["card", "…"]}),
        ({"due": 1790000000000000, "close": True}, {"due": 1790000000000000, "close": True}),
    ],
)
def test_codes_numbers_and_colleagues_stay_and_words_go(given, kept):
    assert json.loads(erasing.kept_params(json.dumps(given))) == kept


def test_a_number_is_found_however_it_is_written():
    words = erasing.spellings([("phone", "+8613800000000")])
    for text in ("+8613800000000", "+86 138-0000-0000", "138 0000 0000", "13800000000"):
        assert not any(one.isdigit() for one in erasing.without(text, words).replace("+86 …", "…"))


def test_a_handle_is_found_whatever_its_case_and_others_stay():
    words = erasing.spellings([("email", "ann@mail.example"), ("x", "ann")])
    text = "Ann wrote from ANN@mail.example, not from joann@mail.example"
    assert erasing.without(text, words) == "Ann wrote from …, not from joann@mail.example"
    assert erasing.without("我的邮箱ann@mail.example。", words) == "我的邮箱…。"
    assert erasing.without('{"a": "x\\nann@mail.example"}', words) == '{"a": "x\\n…"}'


def test_a_handle_with_signs_of_patterns_is_taken_as_it_is():
    assert erasing.without("a.b+c@x", erasing.spellings([("email", "a.b+c@x")])) == "…"
    assert erasing.without("aXb+c@x", erasing.spellings([("email", "a.b+c@x")])) == "aXb+c@x"


def test_quoted_lines_are_known_again_and_short_ones_are_nobodys():
    known = erasing.lines_of("my whole sentence\nyes\n")
    assert known == {"my whole sentence"}
    text = "> > my whole sentence\nyes\nand mine"
    assert erasing.without_lines(text, known) == "…\nyes\nand mine"
