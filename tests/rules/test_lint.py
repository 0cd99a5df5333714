"""What lint finds in rules that can be read, one case at a time."""

from pathlib import Path

import pytest

from rules.engine import compile_book
from rules.lint import SHIPPED, Census, Limits, lint, unreadable
from rules.load import RulesFault, read

KINDS = """
[categories."other.unsorted"]
urgency = "P3"
en = "Unsorted"
zh = "未分类"
[categories."other.bees"]
urgency = "P3"
en = "Bees"
zh = "蜜蜂"
[categories."other.wasps"]
urgency = "P3"
en = "Wasps"
zh = "黄蜂"
[categories."security.stung"]
urgency = "P1"
en = "Stung"
zh = "被蜇"
[words]
negation = ["not", "没有"]
settled = ["is over now"]
insect = ["bee", "蜜蜂"]
"""


def entry(rule_id, *lines, category="other.bees", match=("a bee here",), no_match=("rain",)):
    quoted = [f'["{one}"]' for one in (*match, *no_match)]
    return "\n".join(
        [
            "[[rule]]",
            f'id = "{rule_id}"',
            f'category = "{category}"',
            *lines,
            f"match = {quoted[0]}",
            f"no_match = {quoted[1]}",
        ]
    )


BOTH = entry("bees.both", 'any = ["bee", "蜜蜂"]')


def told(*entries, census=None, limits=None):
    """(rule, code) of everything lint says of these rules, and the remarks themselves."""
    book = read([], {"kinds.toml": KINDS, "bees.toml": "\n".join(entries)})
    found = lint(book, compile_book(book), census, limits)
    return {(one.rule, one.code): dict(one.params) for one in found}


def test_our_own_rules_leave_nothing_to_mend():
    book = read([SHIPPED])
    assert lint(book, compile_book(book)) == []


def test_rules_that_are_well_have_no_remark():
    assert told(BOTH) == {}


def test_a_rule_whose_every_word_its_own_none_excludes_is_unreachable():
    gone = entry("bees.never", 'any = ["big bee", "大蜜蜂"]', 'none = ["@insect"]')
    found = told(BOTH, gone)
    assert found["bees.never", "unreachable"]["reason"].startswith("excluded")


def test_a_word_that_its_own_none_always_excludes_is_named():
    found = told(BOTH, entry("bees.b", 'any = ["hive", "bee swarm", "蜂巢"]', 'none = ["swarm"]'))
    assert found["bees.b", "dead_term"] == {"term": "bee swarm", "reason": "excluded: swarm"}


def test_a_pair_that_its_own_none_always_excludes_is_named():
    rule = entry(
        "bees.b", 'any = ["hive", "蜂巢"]', 'near = [["angry", "swarm", 9]]', 'none = ["swarm"]'
    )
    assert ("bees.b", "dead_term") in told(BOTH, rule)


def test_a_word_that_is_undone_only_beside_others_is_no_dead_word():
    found = told(entry("bees.b", 'any = ["bee", "蜜蜂"]', 'none = ["honey"]'))
    assert found == {}


def test_a_rule_that_another_one_says_already_is_named_with_that_one():
    found = told(BOTH, entry("bees.small", 'any = ["little bee", "小蜜蜂"]'))
    assert found["bees.small", "subsumed"]["other"] == "bees.both"


@pytest.mark.parametrize(
    "more",
    ['any = ["wasp", "bee", "蜜蜂"]', 'any = ["bee", "蜜蜂"]\nurgency = "P2"'],
    ids=["more words", "more urgent"],
)
def test_a_rule_that_says_more_than_another_is_not_subsumed(more):
    found = told(BOTH, entry("bees.zz", *more.split("\n"), match=("a bee here",)))
    assert ("bees.zz", "subsumed") not in found


@pytest.mark.parametrize(
    "condition", ['none = ["honey"]', 'all = ["garden|花园"]', 'when = { hours = "outside" }']
)
def test_a_rule_that_asks_for_more_covers_no_other(condition):
    narrow = entry("bees.aa", 'any = ["bee", "蜜蜂"]', condition, match=("a bee in the garden",))
    found = told(
        narrow, entry("bees.zz", 'any = ["little bee", "小蜜蜂"]', match=("a little bee",))
    )
    assert ("bees.zz", "subsumed") not in found


def test_of_two_rules_that_say_the_same_the_later_name_is_one_too_many():
    found = told(BOTH, entry("bees.again", 'any = ["蜜蜂", "bee"]'))
    assert ("bees.both", "subsumed") in found
    assert ("bees.again", "subsumed") not in found


def test_a_rule_whose_words_always_raise_an_alarm_never_decides():
    alarm = entry("stung.any", 'any = ["bee", "蜜蜂"]', category="security.stung")
    found = told(alarm, entry("bees.big", 'any = ["big bee", "大蜜蜂"]', match=("a big bee",)))
    assert found["bees.big", "outranked"]["other"] == "stung.any"


def test_a_term_said_twice_in_one_list_is_named():
    found = told(entry("bees.b", 'any = ["bee", "bees|蜜蜂", "bees"]'))
    assert found["bees.b", "duplicate"] == {"term": "bees", "other": "bees|蜜蜂", "list": "any"}


def test_two_spellings_of_one_word_are_said_twice():
    found = told(entry("bees.b", 'any = ["账户蜜蜂", "賬戶蜜蜂", "bee"]'))
    assert ("bees.b", "duplicate") in found


def test_a_way_said_twice_in_one_side_of_a_pair_is_named():
    found = told(BOTH, entry("bees.n", 'near = [["bee|wasp|bee", "garden|花园", 9]]'))
    assert found["bees.n", "duplicate"]["list"] == "near"


def test_a_word_that_two_rules_of_one_category_say_is_named():
    found = told(BOTH, entry("bees.more", 'any = ["bee", "hive", "蜂巢"]'))
    assert found["bees.more", "duplicate_across"] == {"term": "bee", "other": "bees.both"}


def test_an_example_that_two_categories_claim_is_a_contradiction():
    wasp = entry("wasps.a", 'any = ["bee here", "黄蜂"]', category="other.wasps")
    assert ("wasps.a", "claimed") in told(BOTH, wasp)


def test_an_example_that_is_decided_otherwise_is_a_contradiction():
    alarm = entry(
        "stung.by", 'any = ["stung", "被蜇"]', category="security.stung", match=("I was stung",)
    )
    found = told(alarm, entry("bees.both", 'any = ["bee", "蜜蜂"]', match=("a bee stung me",)))
    assert found["bees.both", "decided"]["category"] == "security.stung"


def test_a_weak_rule_may_be_outvoted_on_its_own_example():
    alarm = entry(
        "stung.by", 'any = ["stung", "被蜇"]', category="security.stung", match=("I was stung",)
    )
    weak = entry("bees.w", 'any = ["bee", "蜜蜂"]', "weight = 0.5", match=("a bee stung me",))
    assert ("bees.w", "decided") not in told(alarm, weak)


@pytest.mark.parametrize(("words", "missing"), [('["bee"]', "zh"), ('["蜜蜂"]', "en")])
def test_a_category_that_speaks_one_language_lacks_a_sibling(words, missing):
    match = "a bee here" if missing == "zh" else "一只蜜蜂"
    found = told(entry("bees.one", f"any = {words}", match=(match,)))
    assert found["bees.one", "sibling"] == {"category": "other.bees", "language": missing}


def test_another_rule_of_the_category_may_speak_the_other_language():
    english = entry("bees.en", 'any = ["bee"]')
    assert told(english, entry("bees.zh", 'any = ["蜜蜂"]', match=("一只蜜蜂",))) == {}


def test_a_broken_example_is_told():
    found = told(entry("bees.both", 'any = ["bee", "蜜蜂"]', match=("a wasp",)))
    assert "does not find 'a wasp'" in found["bees.both", "example"]["message"]


@pytest.mark.parametrize("when", ['channel = "chat"', 'sender = "known"', "repeat_minutes = 9"])
def test_an_example_need_not_say_what_words_cannot(when):
    conditioned = entry("bees.both", 'any = ["bee", "蜜蜂"]', f"when = {{ {when} }}")
    assert ("bees.both", "example") not in told(conditioned)


def test_an_example_of_a_rule_about_amounts_names_one():
    conditioned = entry("bees.both", 'any = ["bee", "蜜蜂"]', "when = { amount_over = 5 }")
    assert "when: amount_over" in told(conditioned)["bees.both", "example"]["message"]


def test_a_rule_that_found_nothing_stored_is_a_hint_and_stops_nobody():
    book = read([], {"kinds.toml": KINDS, "bees.toml": BOTH})
    (remark,) = lint(book, compile_book(book), Census(messages=300, calm=300))
    assert (remark.code, remark.hint) == ("never", True)


def test_a_tag_that_nothing_bears_is_a_hint_and_stops_nobody():
    tagged = entry("bees.both", 'any = ["bee", "蜜蜂"]', 'when = { tagged = ["vip", "vpi"] }')
    book = read([], {"kinds.toml": KINDS, "bees.toml": tagged})
    census = Census(messages=300, calm=300, fired={"bees.both": 1}, tags=frozenset({"vip"}))
    (remark,) = lint(book, compile_book(book), census)
    assert (remark.code, dict(remark.params), remark.hint) == ("unborne", {"tag": "vpi"}, True)


@pytest.mark.parametrize(("count", "wide"), [(60, False), (61, True)])
def test_a_rule_that_fires_on_too_many_calm_messages_is_too_wide(count, wide):
    census = Census(300, 300, {"bees.both": count}, {"bees.both": count})
    assert (("bees.both", "wide") in told(BOTH, census=census)) is wide


def test_an_alarm_may_fire_on_far_fewer_calm_messages():
    alarm = entry(
        "stung.any", 'any = ["stung", "被蜇"]', category="security.stung", match=("stung",)
    )
    census = Census(300, 300, {"stung.any": 7}, {"stung.any": 7})
    assert told(alarm, census=census)["stung.any", "wide"] == {"share": "2.3", "limit": "2"}


def test_a_few_messages_say_nothing_about_width():
    census = Census(100, 100, {"bees.both": 90}, {"bees.both": 90})
    assert ("bees.both", "wide") not in told(BOTH, census=census)
    assert ("bees.both", "wide") in told(BOTH, census=census, limits=Limits(enough=50))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("regex = ['(a+)+']", "regex"),
        ("regex = ['bee(?=s)']", "regex"),
        ('any = ["bee"]\nweight = 99', "broken"),
    ],
    ids=["no word", "look-around", "weight"],
)
def test_what_the_loader_refuses_is_told_like_the_rest(line, code):
    with pytest.raises(RulesFault) as refused:
        read([], {"kinds.toml": KINDS, "bees.toml": entry("bees.b", line)})
    (remark,) = unreadable(refused.value)
    assert (remark.file, remark.rule, remark.code) == ("bees.toml", "bees.b", code)


def test_the_shipped_rules_are_never_unreachable(shipped_rules):
    book = read([Path(__file__).parents[2] / "rules"])
    codes = {one.code for one in lint(book, shipped_rules)}
    assert codes.isdisjoint({"unreachable", "subsumed", "outranked", "claimed", "sibling"})


def test_of_the_files_asked_for_everything_is_told_and_of_others_nothing():
    twice = {
        f"{name}.toml": entry(
            f"{name}.any",
            f'any = ["{name}", "{name}"]',
            category=f"other.{name}s",
            match=(f"a {name} here",),
        )
        for name in ("bee", "wasp")
    }
    book = read([], {"kinds.toml": KINDS, **twice})
    rules = compile_book(book)
    found = lint(book, rules)

    assert {one.file for one in found} == set(twice)
    assert {one.code for one in found} == {"duplicate", "sibling"}
    assert lint(book, rules, files=["wasp.toml"]) == [
        one for one in found if one.file == "wasp.toml"
    ]
