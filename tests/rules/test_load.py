"""Rule files: found by looking, faults all at once, in words a support lead understands."""

import gc
import weakref
from itertools import pairwise

import pytest

from rules.contract import Facts, Urgency
from rules.engine import RulesFault, compile_book, compile_files, load
from rules.entry import mandatory
from rules.lint import SHIPPED
from rules.load import read

GOOD = """
[[rule]]
id = "transfer.failed.blue_coins"
category = "transfer.failed"
urgency = "P2"
any = ["blue coins refused", "蓝币不行"]
match = ["blue coins refused again"]
no_match = ["blue sky"]
"""


#: A house in which faults are found as in ours, and sooner.
HOUSE = (
    """
[categories."other.unsorted"]
urgency = "P3"
en = "Unsorted"
zh = "未分类"
[categories."transfer.failed"]
urgency = "P2"
en = "Transfer failed"
zh = "转账失败"
[[rule]]
id = "transfer.failed.did-not-go"
category = "transfer.failed"
any = ["did not go"]
match = ["it did not go"]
no_match = ["it went"]
[words]
"""
    + "\n".join(f"{name} = {[name + str(n) for n in range(8)]}" for name in ("card", "fee", "txn"))
    + '\nphone = ["phone", "mobile", "handset", "cell", "tablet", "pad", "slab", "brick"]\n'
)


def faults_of(**files: str) -> list[str]:
    with pytest.raises(RulesFault) as caught:
        read([], {"house.toml": HOUSE, **{f"{name}.toml": text for name, text in files.items()}})
    return [f"{fault.file} {fault.rule} {fault.message}" for fault in caught.value.faults]


def small(**files: str):
    """The rules of the small house and these files."""
    return compile_files([], {"house.toml": HOUSE, **files})


def test_rules_that_somebody_holds_are_shared_not_compiled_again():
    held = small(a=GOOD)

    assert small(a=GOOD) is held
    assert small(a=GOOD.replace("blue coins", "red coins")) is not held
    assert small(b=GOOD) is not held  # a fault would name another file


def test_rules_that_nobody_holds_leave_no_trace():
    once = weakref.ref(small(a=GOOD.replace("blue coins", "lost coins")))
    gc.collect()

    assert once() is None


def test_a_file_dropped_in_a_folder_is_there(site):
    ruleset = load(extra=site(anything=GOOD))

    verdict = ruleset.judge(Facts(text="蓝币不行了"))

    assert [finding.rule for finding in verdict.findings] == ["transfer.failed.blue_coins"]
    assert (verdict.category, verdict.urgency) == ("transfer.failed", Urgency.P2)


def test_a_site_file_changes_the_version(ruleset, site):
    assert load(extra=site(anything=GOOD)).version != ruleset.version


def test_examples_that_a_rule_does_not_keep_are_told():
    wrong = GOOD.replace('["blue coins refused again"]', '["red coins refused"]')
    ruleset = small(a=wrong.replace('["blue sky"]', '["蓝币不行"]'))

    told = [fault.message for fault in ruleset.broken_examples()]

    assert len(told) == 2
    assert "does not find 'red coins refused'" in told[0]
    assert "finds '蓝币不行'" in told[1]


def test_the_house_rules_keep_all_their_examples(ruleset):
    assert ruleset.broken_examples() == []


def test_the_same_rules_have_the_same_version(ruleset):
    assert compile_book(read([SHIPPED])).version == ruleset.version


def test_a_site_may_bring_a_category_and_a_word_list(site):
    ruleset = load(
        extra=site(
            a="""
[categories."other.bees"]
urgency = "P4"
en = "Bees"
zh = "蜜蜂"
[words]
bee = ["bumblebee", "蜜蜂"]
[[rule]]
id = "other.bees.any"
category = "other.bees"
any = ["@bee"]
match = ["a bumblebee"]
no_match = ["a wasp"]
"""
        )
    )

    assert ruleset.judge(Facts(text="蜜蜂来了")).category == "other.bees"
    assert "other.bees" in ruleset.categories


def test_a_site_adds_words_to_a_house_list(site):
    ruleset = load(extra=site(a='[words]\nphone = ["pocketbrick"]\n'))

    assert ruleset.judge(Facts(text="I lost my pocketbrick")).is_security


def test_an_entry_of_a_word_list_may_be_a_term():
    listed = '[words]\nbeak = ["(grey|green) parrot", "@wing"]\nwing = ["owl"]\n'
    ruleset = small(a=listed + GOOD.replace('"blue coins refused", ', '"my @beak", '))

    for text in ("my green parrot", "my owl"):
        assert ruleset.judge(Facts(text=text)).findings
    assert not ruleset.judge(Facts(text="my parrot")).findings


DEEP = ["beak", *(f"w{number}" for number in range(400))]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('beak = ["(grey|green"]', "brackets"),
        ('beak = ["@wing"]', "no word list @wing"),
        ('beak = ["@wing"]\nwing = ["@beak"]', "holds itself"),
        (
            "\n".join(f'{name} = ["@{other}"]' for name, other in pairwise(DEEP)),
            "more than 20 deep",
        ),
    ],
)
def test_a_word_list_that_cannot_be_read_is_told_with_its_file(words, told):
    assert any(
        fault.startswith("a.toml words beak") and told in fault
        for fault in faults_of(a=f"[words]\n{words}\n")
    )


@pytest.mark.parametrize(
    ("spellings", "told"),
    [
        ('[spellings]\n"被盗" = "贝刀"', "list of words in quotes"),
        ('[spellings]\n"被盗" = ["贝"]', "two characters or more"),
        ("spellings = 3", "must be a table"),
    ],
)
def test_spellings_that_cannot_be_read_are_told(spellings, told):
    assert any(told in fault for fault in faults_of(a=spellings))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("broken[(]bee|wasp", ("broken", "wasp")),
        ("x[]|]broken", ("broken",)),
        ("[^]]broken", ("broken",)),
        (r"\p{Han}broken", ("broken",)),
        (r"[[:digit:]]broken|\[wasp", ("broken", "wasp")),
        (r"\Qbee|wasp\Ebroken", ("broken",)),
        ("x[(]|y", ()),
    ],
)
def test_what_a_pattern_cannot_do_without_is_read_past_its_brackets(pattern, words):
    assert mandatory(pattern) == words


def test_a_site_pattern_runs_where_its_word_stands():
    ruleset = small(a=GOOD.replace("any =", 'regex = ["zz-\\\\d{4} broken"]\nany ='))

    assert ruleset.judge(Facts(text="code ZZ-1234 BROKEN")).category == "transfer.failed"
    assert ruleset.judge(Facts(text="code zz-12 broken")).category != "transfer.failed"


def test_all_of_a_rule_must_stand_somewhere():
    ruleset = small(a=GOOD.replace("any =", 'all = ["monday|tuesday"]\nany ='))

    assert not ruleset.judge(Facts(text="blue coins refused")).findings
    assert ruleset.judge(Facts(text="blue coins refused. On Tuesday.")).findings


def test_near_terms_must_be_near_and_in_one_sentence():
    near = GOOD.replace("any =", 'near = [["grey", "goose|geese", 10]]\nany =')
    ruleset = small(a=near)

    assert ruleset.judge(Facts(text="grey old goose")).findings
    assert ruleset.judge(Facts(text="geese, all grey")).findings
    assert not ruleset.judge(Facts(text="grey and so very old a goose")).findings
    assert not ruleset.judge(Facts(text="it is grey. Goose")).findings
    assert ruleset.judge(Facts(text="grey at my.goose.org")).findings


def test_languages_in_which_nobody_speaks_are_refused():
    faults = faults_of(
        bees="""[categories."other.bees"]
urgency = "P3"
en = "Bees"
zh = "蜜蜂"
confirm = ["fr"]
"""
    )
    assert any('confirm names languages: ["zh"], ["en"] or both' in fault for fault in faults)


def test_every_fault_of_every_file_is_told_at_once():
    faults = faults_of(
        broken="[[rule]\n",
        typos=GOOD.replace("category =", "categroy ="),
        worse=GOOD.replace("blue_coins", "two").replace("P2", "P9"),
    )

    assert any(fault.startswith("broken.toml") and "TOML" in fault for fault in faults)
    assert any("did you mean 'category'?" in fault for fault in faults)
    assert any("worse.toml transfer.failed.two urgency must be one of" in f for f in faults)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('category = "transfer.failed"', 'category = "transfer.faild"', "did you mean"),
        ('category = "transfer.failed"', 'category = "other.unsorted"', "choose another"),
        ('category = "transfer.failed"', "", "has no category"),
        ('id = "transfer.failed.blue_coins"', "", "has no id"),
        ("match = [", "watch = [", "did you mean"),
        ('no_match = ["blue sky"]', "", "needs examples; write no_match"),
        ("any = [", 'none = ["x y"]\nmatchless = [', "says nothing to look for"),
        ("any = [", 'any = "', "TOML"),
        ('any = ["blue', 'any = [7, "blue', "list of words in quotes"),
        ('any = ["blue', 'any = ["x", "blue', "too short"),
        ('any = ["blue', 'any = ["(a|b", "blue', "brackets"),
        ('any = ["blue', 'any = ["lost @fone", "blue', "no word list @fone"),
        ('any = ["blue', 'any = ["@fee@phone@card@txn", "blue', "more than"),
        ("any = [", 'near = [["a b", 3]]\nany = [', "near is not readable"),
        ("any = [", 'near = [["a b", "c d", 900]]\nany = [', "near is not readable"),
        ("any = [", 'regex = ["(?=a)bcd"]\nany = [', "not RE2: invalid perl operator"),
        ("any = [", 'regex = ["[ab]+.*"]\nany = [', "no plain word"),
        ("any = [", 'regex = ["abc|[0-9]+"]\nany = [', "no plain word"),
        ("any = [", "weight = -1\nany = [", "weight must be"),
        ("any = [", 'negatable = "no"\nany = [', "negatable must be"),
        ("any = [", "owner = 3\nany = [", "owner must be"),
        ("[[rule]]", "[rule]", "two brackets"),
        ("[[rule]]", "[rules]\n[[rule]]", "did you mean 'rule'?"),
        ("[[rule]]", '[words]\nbee = "x"\n[[rule]]', "list of words"),
        ("[[rule]]", '[categories.bees]\nurgency = "P1"\n[[rule]]', "group.kind"),
        (
            "[[rule]]",
            '[categories."other.b"]\nurgency = "P1"\nen = "B"\n[[rule]]',
            "both languages",
        ),
        ("transfer.failed.blue_coins", "transfer.failed.did-not-go", "already used in"),
    ],
)
def test_a_fault_names_its_file_and_says_what_to_write(old, new, told):
    faults = faults_of(mine=GOOD.replace(old, new, 1))

    assert all(fault.startswith("mine.toml") for fault in faults)
    assert any(told in fault for fault in faults), faults


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(RulesFault, match="does not exist"):
        load(extra=tmp_path / "nowhere")


def test_a_fault_reads_as_one_line(site):
    with pytest.raises(RulesFault, match=r"^mine\.toml: transfer\.failed\.blue_coins: "):
        load(extra=site(mine=GOOD.replace("P2", "P7")))
