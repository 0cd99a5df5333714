"""Security first, whatever the order and whatever else is said or ruled."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rules.engine
from rules.contract import Facts, Rule, Urgency, When
from rules.engine import compile_book, load
from rules.load import Book, read

HOME = Path(rules.engine.__file__).parent
RULESET = load()
EXAMPLES = [text for rule in RULESET.rules for text in (*rule.match, *rule.no_match)]
ALARMS = [
    text
    for rule in RULESET.rules
    if rule.category.startswith("security.") and rule.urgency is Urgency.P1
    for text in rule.match
]


def disguised(text: str) -> str:
    """Its longer Latin words with a letter that only looks like one."""
    return " ".join(
        word.replace("o", "0").replace("e", "3") if len(word) > 5 else word
        for word in text.split(" ")
    )


#: Alarms that only the second view sees.
GUESSED = [
    written
    for text in ALARMS
    if (written := disguised(text)) != text
    and (verdict := RULESET.judge(Facts(written))).urgency is Urgency.P1
    and all(one.read_as for one in verdict.findings if one.category.startswith("security."))
]
ANYTHING = st.one_of(st.sampled_from(EXAMPLES), st.text(max_size=60))
CALM = sorted(name for name in RULESET.categories if not name.startswith("security."))


def verdicts(ruleset) -> list:
    return [replace(ruleset.judge(Facts(text=text)), ruleset="") for text in EXAMPLES]


def shuffled(book: Book, seed: int) -> Book:
    dice = random.Random(seed)
    rules = list(book.rules)
    kinds = list(book.kinds.items())
    dice.shuffle(rules)
    dice.shuffle(kinds)
    return replace(book, rules=rules, kinds=dict(kinds))


def test_the_order_of_rules_never_changes_a_verdict():
    expected = verdicts(RULESET)
    book = read([HOME])

    for seed in range(3):
        mixed = compile_book(shuffled(book, seed))
        assert mixed.version == RULESET.version
        assert verdicts(mixed) == expected


def test_the_names_and_order_of_files_never_change_a_verdict(tmp_path):
    files = sorted(HOME.glob("*.toml"))
    random.Random(7).shuffle(files)
    for number, file in enumerate(files):
        (tmp_path / f"{number:02}.toml").write_text(file.read_text("utf-8"), "utf-8")

    mixed = compile_book(read([tmp_path]))

    assert mixed.version == RULESET.version
    assert verdicts(mixed) == verdicts(RULESET)


@given(st.sampled_from(ALARMS), ANYTHING, ANYTHING)
def test_no_other_text_calms_an_alarm(alarm, before, after):
    verdict = RULESET.judge(Facts(text=f"{before}\n\n{alarm}\n\n{after}"))

    assert verdict.is_security
    assert verdict.urgency is Urgency.P1


def test_there_are_alarms_that_only_the_second_view_sees():
    assert len(GUESSED) >= 10


@given(st.sampled_from(GUESSED), ANYTHING, ANYTHING)
def test_no_other_text_calms_a_guessed_alarm(alarm, before, after):
    assert RULESET.judge(Facts(text=f"{before}\n\n{alarm}\n\n{after}")).urgency is Urgency.P1


@given(st.sampled_from(ALARMS), ANYTHING)
def test_no_subject_calms_an_alarm(alarm, subject):
    assert RULESET.judge(Facts(text=alarm, subject=subject)).urgency is Urgency.P1


def pieces(text: str) -> st.SearchStrategy[str]:
    cuts = [text[at : at + size] for size in (2, 4, 9) for at in range(len(text) - size + 1)]
    return st.sampled_from([cut for cut in cuts if cut.strip(" *|()@'") and len(cut.strip()) >= 2])


@st.composite
def added_rules(draw) -> tuple[str, Rule]:
    alarm = draw(st.sampled_from(ALARMS + GUESSED))
    plain = pieces(alarm.replace("(", "").replace(")", "").replace("@", "").replace("|", ""))
    rule = Rule(
        id="aaa.added",
        category=draw(st.sampled_from(CALM)),
        urgency=draw(st.sampled_from(Urgency)),
        any=tuple(draw(st.lists(plain, min_size=1, max_size=3))),
        none=tuple(draw(st.lists(plain, max_size=2))),
        when=draw(st.sampled_from([None, When(channel=("chat",)), When(hours="outside")])),
        floor=draw(st.sampled_from([None, Urgency.P1, Urgency.P2, Urgency.P3])),
        weight=draw(st.floats(0.1, 10)),
        negatable=draw(st.booleans()),
    )
    return alarm, rule


BOOK = read([HOME])


@settings(
    max_examples=settings.default.max_examples // 6,  # each compiles all rules
    suppress_health_check=[HealthCheck.too_slow],
)
@given(added_rules())
def test_no_added_rule_hides_an_alarm(added):
    alarm, rule = added
    ruleset = compile_book(replace(BOOK, rules=[*BOOK.rules, rule]))

    verdict = ruleset.judge(Facts(text=alarm, channel="chat"))

    assert verdict.is_security
    assert verdict.urgency is Urgency.P1


@given(st.sampled_from(EXAMPLES), ANYTHING, st.text(max_size=20))
def test_findings_stand_where_they_say(example, after, subject):
    facts = Facts(text=f"{example}\n\n{after}", subject=subject)
    whole = f"{subject}\n{facts.text}" if subject else facts.text

    for finding in RULESET.judge(facts).findings:
        part = facts.subject if finding.part == "subject" else facts.text
        assert whole[finding.start : finding.end] == finding.words
        assert part[finding.part_start :].startswith(finding.words)
        assert finding.words


@pytest.mark.parametrize("written", ["我 的 帳 號 被\u200b 盜 了", "MY  Account was\r\nHÄCKED"])
def test_the_words_shown_are_the_words_written(written):
    finding = RULESET.judge(Facts(text=written)).findings[0]

    assert finding.words in written
    assert finding.category == "security.compromised"
