"""Variants of one text are found; what people say in their own words is not one."""

import random

import pytest

from router.core.waves.clusters import Seen, Window
from router.core.waves.shingles import MOST, Near, likeness, plain, sketch
from rules.text import fold
from tests.campaign import TEXTS, ordinary, replayed, variant

DAY = 86_400_000_000


def kept(text):
    return sketch(plain(fold(text).text))


def window(capacity=200_000):
    return Window(capacity=capacity, span_us=DAY, likeness=0.4)


def groups_of(said):
    """Each message's group in a window where everybody is somebody else."""
    watched = window()
    numbers = [
        watched.add(Seen(step, step, step), kept(text)) for step, (text, _) in enumerate(said)
    ]
    return [watched.group(number) for number in numbers]


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))]
)
def test_a_campaign_among_other_messages_is_linked_and_nothing_else(seed):
    said = replayed(seed)
    groups = groups_of(said)
    waves = [group is not None and len(group.senders) >= 5 for group in groups]
    campaign = [wave for wave, (_, which) in zip(waves, said, strict=True) if which >= 0]
    assert len(campaign) == 35 * 12
    assert sum(campaign) / len(campaign) >= 0.95
    assert not any(wave for wave, (_, which) in zip(waves, said, strict=True) if which < 0)


def test_two_campaigns_are_two_waves():
    said = replayed(4, others=0)
    of = {}
    for group, (_, which) in zip(groups_of(said), said, strict=True):
        if group is not None and len(group.senders) >= 5:
            of.setdefault(id(group), set()).add(which)
    assert all(len(which) == 1 for which in of.values())


@pytest.mark.slow
def test_a_whole_day_of_ordinary_messages_holds_no_wave():
    groups = groups_of([(text, -1) for text in ordinary()])
    assert not [one for one in groups if one is not None and len(one.senders) >= 5]


def test_what_changes_from_copy_to_copy_does_not_count():
    one = "您的订单 8839201 已锁定，请在 https://a1.pay-check.example/x9 完成验证，客服编号 77"
    other = "您的订单 1120944，已锁定!请在 https://zz.other.example/q 完成验证 客服编号 4"
    assert plain(fold(one).text) == plain(fold(other).text)


def test_both_scripts_are_one_text():
    assert plain(fold("您的账户已被冻结").text) == plain(fold("您的帳戶已被凍結").text)


def test_short_lines_are_never_variants():
    assert kept("收不到验证码怎么办") is None
    assert kept("I cannot sign in to my account today") is None
    assert kept(TEXTS[0]) is not None
    assert kept(TEXTS[-1]) is not None


def test_likeness_is_the_share_of_what_both_have():
    one = kept("这是一段用来比较的文字" * 3 + "后面接着说一些别的事情没有重复的内容")
    assert likeness(set(one.shingles), one.shingles) == 1.0
    other = kept("完全不同的另外一封来信，讲的是导出账单和查看历史记录的步骤与问题在哪里")
    assert likeness(set(one.shingles), other.shingles) < 0.1


def test_long_texts_are_estimated_within_a_few_hundredths():
    draw = random.Random(5)
    text = " ".join(draw.sample([one for one in ordinary() if one.isascii()], 40))
    half = text[: len(text) // 2]
    whole, part = kept(text), kept(half)
    assert len(whole.shingles) == MOST
    exact = _jaccard(plain(fold(text).text), plain(fold(half).text))
    assert abs(likeness(set(whole.shingles), part.shingles) - exact) < 0.08


def _jaccard(one, other):
    first = {one[at : at + 3] for at in range(len(one) - 2)}
    second = {other[at : at + 3] for at in range(len(other) - 2)}
    return len(first & second) / len(first | second)


def test_a_forgotten_message_is_found_no_more():
    near = Near(likeness=0.4)
    near.add(1, kept(TEXTS[0]))
    near.forget(1)
    assert near.add(2, kept(TEXTS[0])) == []


@pytest.mark.slow
def test_a_slow_campaign_is_found_among_many():
    draw = random.Random(8)
    lines = [one for one in ordinary() if len(one) > 40]
    watched = window()
    numbers = []
    for step in range(2000):
        text = f"{draw.choice(lines)} {draw.choice(lines)} {step}"
        if step % 200 == 0:
            text = variant(draw, TEXTS[1])
        number = watched.add(Seen(step, step, step), kept(text))
        if step % 200 == 0:
            numbers.append(number)
    assert sum(watched.group(one) is not None for one in numbers) >= 9
