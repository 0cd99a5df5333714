"""Every rule keeps the examples its author wrote."""

import pytest

from rules.contract import UNSORTED, Facts
from rules.engine import load

RULES = load().rules


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_finds_its_own_examples(ruleset, rule):
    for example in rule.match:
        found = [finding.rule for finding in ruleset.judge(Facts(text=example)).findings]
        assert rule.id in found, example


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_leaves_its_counter_examples_alone(ruleset, rule):
    for example in rule.no_match:
        found = [finding.rule for finding in ruleset.judge(Facts(text=example)).findings]
        assert rule.id not in found, example


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_names_an_owner_and_two_examples_each_way(rule):
    assert rule.owner
    assert rule.since
    assert len(rule.match) >= 2
    assert len(rule.no_match) >= 2


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.category.startswith("security.")], ids=lambda r: r.id
)
def test_the_examples_of_security_rules_are_security_whatever_else_they_say(ruleset, rule):
    for example in rule.match:
        assert ruleset.judge(Facts(text=example)).is_security, example


def test_every_category_but_the_unsorted_one_can_be_reached(ruleset):
    reached = {rule.category for rule in RULES}

    assert reached | {UNSORTED} == set(ruleset.categories)


def test_every_category_has_a_name_in_both_languages(ruleset):
    for kind in ruleset.kinds.values():
        assert kind.en
        assert any("\u4e00" <= char <= "\u9fff" for char in kind.zh), kind.id


@pytest.mark.parametrize("group", ["security", "transfer", "login", "records", "other"])
def test_every_group_is_spoken_of_in_both_languages(group):
    examples = [ex for rule in RULES if rule.category.startswith(group) for ex in rule.match]

    assert any(example.isascii() for example in examples)
    assert any("\u4e00" <= char <= "\u9fff" for example in examples for char in example)
