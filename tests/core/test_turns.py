"""Whose turn it is."""

import pytest

from router.core.turns import Candidate, choose, skill

MEI = Candidate(1, "Mei", load=3, given_at=10)
TOM = Candidate(2, "Tom", load=1, given_at=30)
BO = Candidate(3, "Bo", load=2, given_at=20)
ALL = (MEI, TOM, BO)


def chosen(there=ALL, **changes):
    told = {"language": "zh", "category": "transfer.failed", "mode": "load", "most": 0, **changes}
    found = choose(there, **told)
    return found.name if found else None


@pytest.mark.parametrize(("mode", "name"), [("load", "Tom"), ("round_robin", "Mei"), ("off", None)])
def test_it_goes_by_load_or_by_turns_or_not_at_all(mode, name):
    assert chosen(mode=mode) == name


def test_who_has_enough_in_hand_gets_no_more():
    assert chosen(most=1) is None
    assert chosen(most=2) == "Tom"


def test_who_let_it_go_does_not_get_it_again():
    assert chosen(without={2}) == "Bo"
    assert chosen(without={1, 2, 3}) is None


def skilled(one, *words):
    return Candidate(one.agent_id, one.name, one.load, one.given_at, frozenset(words))


def test_who_speaks_other_languages_only_is_left_out_and_who_names_none_takes_any():
    english = skilled(TOM, "language:en")
    assert chosen((english, MEI)) == "Mei"
    assert chosen((english, MEI), language="en") == "Tom"
    assert chosen((english,)) is None
    assert chosen((english,), language="") == "Tom"


def test_traditional_chinese_is_read_by_who_reads_chinese():
    assert chosen((skilled(MEI, "language:zh"), TOM), language="zh-Hant") == "Mei"


@pytest.mark.parametrize("word", ["category:transfer", "category:transfer.failed"])
def test_who_is_skilled_in_the_matter_comes_first(word):
    assert chosen((TOM, skilled(MEI, word))) == "Mei"
    assert chosen((TOM, skilled(MEI, word)), category="login.other") == "Tom"


@pytest.mark.parametrize(
    ("text", "kept"),
    [(" Language:EN ", "language:en"), ("category:transfer", "category:transfer"), ("en", "")],
)
def test_a_skill_is_a_language_or_a_category(text, kept):
    assert skill(text) == kept
