"""Work grows with the length of a message, never faster. Counted in lines run, not in seconds."""

import sys

import pytest

from rules.amounts import amounts
from rules.contract import Facts

HOSTILE = [
    "not hacked ",
    "card lost ",
    "lost lost card card ",
    "i did not make a payment ",
    "found it but not found it ",
    "没有被盗",
    "被 盗 ",
    "卡不见了找到了没找到",
    "is my account is my account ",
    "a\u200b",
    "ﬁ①㎏",
    "((((",
    "a" * 11 + " ",
    " \t",
    "转账失败手续费",
    "my card not in the post ",
    "h a c k e d ",
    "h.a.c.k.e.d ",
    "hakced ",
    "h4ck3d ",
    "a" * 40,
    "a b c d ",
    "a.b.c.d.",
    "盗★刷",
    "被dao了",
    "what if my card ",
]


def lines_run(work) -> int:
    count = 0

    def step(*_):
        nonlocal count
        count += 1
        return step

    sys.settrace(step)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize("pattern", HOSTILE)
def test_four_times_the_text_is_about_four_times_the_work(ruleset, pattern):
    ruleset.judge(Facts(text=pattern))
    short = lines_run(lambda: ruleset.judge(Facts(text=pattern * 150)))
    long = lines_run(lambda: ruleset.judge(Facts(text=pattern * 600)))

    assert long <= 5 * short + 500


@pytest.mark.parametrize("pattern", ["$1,234.56 ", "三万五千", "1,", "12", "千万", "u", "$ "])
def test_sums_of_money_are_read_in_linear_work(pattern):
    short = lines_run(lambda: amounts(pattern * 500))
    long = lines_run(lambda: amounts(pattern * 2000))

    assert long <= 5 * short + 500


def test_a_very_long_message_is_judged(ruleset):
    verdict = ruleset.judge(Facts(text="nothing of interest here. " * 20_000 + "I was hacked"))

    assert verdict.is_security


def test_one_endless_clause_is_judged(ruleset):
    text = "not hacked and " * 5_000 + "my phone was stolen"

    assert ruleset.judge(Facts(text=text)).is_security
