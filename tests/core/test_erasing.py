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


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("zhang@xn--55qx5d.example", "zhang@公司.example"),
        ("zhang@xn--55qx5d.example", "zhang@公司。example"),
        ("zhang@xn--55qx5d.example", "zhang@XN--55QX5D.example"),
        ("info@xn--mller-kva.example", "INFO@MÜLLER.example"),
        ("info@strasse.example", "info@straße.example"),
        ("info@xn--strae-oqa.example", "info@straße.example"),
        ("jörg@mail.example", "JÖRG@mail.example"),
        ("jörg@mail.example", "jo\u0308rg@mail.example"),
        ("иванов@почта.example", "ИВАНОВ@ПОЧТА.example"),
        ("boss@mail.example", "Boss@Mail.example"),
    ],
)
def test_an_address_is_found_as_people_write_it(kept, said):
    words = erasing.spellings([("email", kept)])
    assert erasing.without(f"Ask {said}, please", words) == "Ask …, please"


@pytest.mark.parametrize("said", ["jorg@mail.example", "jörg@mailxexample", "björg@mail.example"])
def test_another_address_is_not_taken_for_it(said):
    words = erasing.spellings([("email", "jörg@mail.example")])
    assert erasing.without(said, words) == said


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("ann@mail.example", ["ann@mail", "example"]),
        ("zhang@公司.example", ["zhang@公司", "example"]),
        ("Jörg@mail.example", ["j", "rg@mail", "example"]),
        ("boss@mail.example", ["bo", "@mail", "example"]),
        ("13800000000", ["13800000000"]),
        ("иванов", []),
    ],
)
def test_a_database_is_asked_for_what_is_written_in_one_way_only(word, parts):
    assert erasing.sure_parts(word) == parts


@pytest.mark.parametrize("domain", ["xn--", "xn--\u00fc", "xn--99999999999"])
def test_a_domain_that_decodes_to_nothing_is_left_as_it_is(domain):
    assert f"ann@{domain}.example" in erasing.spellings([("email", f"ann@{domain}.example")])
