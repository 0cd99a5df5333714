"""The second reader: it learns from a bank, keeps what it learnt, and reads by meaning."""

import re
from dataclasses import replace

import numpy as np
import pytest

from router.terminal import explaining
from rules import bank, grams, meaning, reader
from rules.bank import Bank, Example
from rules.contract import Urgency
from rules.engine import load
from rules.load import RulesFault

SMALL = {
    "security.lost_or_stolen_device": (
        "我的手机丢了",
        "手机被偷了怎么办",
        "我手机刚丢了",
        "my phone was stolen on the bus",
        "I lost my phone yesterday",
        "a stolen phone, on the bus",
        "stolen on the bus: my bag and my phone",
    ),
    "records.export": (
        "怎么导出账单",
        "导出去年的流水",
        "流水怎么导出",
        "how do I export my statement",
        "I need my statement as a PDF",
        "export a statement",
    ),
    "other.chitchat": (
        "今天天气真好",
        "你吃饭了吗",
        "nice weather today",
        "how are you doing",
        "what nice weather, how are you",
        "how are you, nice to see you",
    ),
}
URGENCIES = {
    "security.lost_or_stolen_device": Urgency.P1,
    "records.export": Urgency.P3,
    "other.chitchat": Urgency.P4,
}


@pytest.fixture(scope="module")
def small():
    examples = [Example(name, text) for name, texts in SMALL.items() for text in texts]
    return Bank(tuple(sorted(examples, key=lambda one: (one.category, one.text))), "small")


@pytest.fixture(scope="module")
def speller(small):
    """Learnt by spelling alone."""
    return reader.learn(small, URGENCIES, None)


def test_it_tells_what_a_message_most_resembles(speller):
    lost, export = speller.read(["stolen! somebody took my phone", "请问怎么导出流水"])
    assert lost.threat == "security.lost_or_stolen_device"
    assert lost.alarm > 0.5
    assert export.calm == "records.export"
    assert export.alarm < 0.5


def test_it_knows_chinese_with_a_link_in_it_from_english_with_a_name_in_it(speller):
    chinese, english = speller.read(
        [
            "您的积分今日到期,请登录 points.example.cn/a 兑换",
            "please send 500 to 王小明 before Friday",
        ]
    )
    assert (chinese.chinese, english.chinese) == (True, False)


def test_it_says_how_likely_nobody_need_do_anything(speller):
    talk, lost = speller.read(["what nice weather, how are you doing", "my phone was stolen"])
    assert talk.idle > 0.5 > lost.idle


def test_its_reason_are_the_nearest_examples(speller):
    (opinion,) = speller.read(["my phone was stolen on the train"])
    assert opinion.near[0].text == "my phone was stolen on the bus"
    likeness = [one.likeness for one in opinion.near]
    assert likeness == sorted(likeness, reverse=True)


def test_a_full_category_does_not_drown_a_small_one(small):
    fuller = [
        Example("records.export", f"export my {kind} records of {year}")
        for kind in ("card", "wallet", "savings", "tax")
        for year in range(2010, 2026)
    ]
    (doubtful,) = reader.learn(small.joined(fuller), URGENCIES, None).read(["qqq zzz"])
    assert doubtful.alarm > 4 / 76


def test_learning_twice_gives_the_same_reader(small, speller):
    again = reader.learn(small, URGENCIES, None)
    assert np.array_equal(again.alone.runs, speller.alone.runs)
    assert np.array_equal(again.alone.beside, speller.alone.beside)


def test_what_was_learnt_and_what_was_kept_read_the_same(tmp_path, speller, monkeypatch):
    monkeypatch.setattr(reader.bank, "read", lambda: speller.bank)
    path = tmp_path / "reader.npz"
    kept = replace(speller, bank=bank.read().joined([]))
    reader.save(kept, path)
    found = reader.load(path)
    texts = ["my phone was stolen", "怎么导出", "天气"]
    for one, other in zip(kept.read(texts), found.read(texts), strict=True):
        assert replace(one, near=()) == replace(other, near=())


def test_what_was_learnt_from_other_examples_is_refused(tmp_path, speller, monkeypatch):
    monkeypatch.setattr(reader.bank, "read", lambda: speller.bank)
    path = tmp_path / "reader.npz"
    reader.save(replace(speller, bank=bank.read().joined([])), path)
    changed = speller.bank.joined([Example("other.chitchat", "hello there")])
    monkeypatch.setattr(reader.bank, "read", lambda: changed)
    with pytest.raises(ValueError, match="router rules learn"):
        reader.load(path)


def test_what_an_older_version_learnt_is_refused(tmp_path, speller, monkeypatch):
    monkeypatch.setattr(reader.bank, "read", lambda: speller.bank)
    path = tmp_path / "reader.npz"
    reader.save(replace(speller, bank=bank.read().joined([])), path)
    with np.load(path) as kept:
        older = {name: kept[name] for name in kept if not name.endswith("_beside")}
    np.savez_compressed(path, **older)
    with pytest.raises(ValueError, match="router rules learn"):
        reader.load(path)


def test_no_text_is_too_odd_to_be_read(speller):
    odd = ["", " ", "\x00", "\ud800", "🙂" * 3000, "a" * 100_000, "\n\n"]
    assert len(speller.read(odd)) == len(odd)


def dense(rows):
    return rows.times(np.eye(int(rows.places.max(initial=0)) + 1, dtype=np.float32))


def test_spelling_is_read_in_one_folding():
    learnt, _ = grams.learn(["手機丟了 phone", "手机丢了 phone", "x y z"])
    one, other = dense(learnt.read(["手機丟了 PHONE", "手机丢了 phone"]))
    assert one.any()
    assert np.allclose(one, other)


def test_no_two_runs_share_a_place():
    learnt, rows = grams.learn([f"{letter}{letter}" for letter in "abcdefgh"], least=1)
    table = dense(rows)
    assert len(learnt.common) == table.shape[1]
    blank = table.all(axis=0)  # the edges of every text
    assert (np.count_nonzero(table[:, ~blank], axis=0) == 1).all()


def test_a_run_that_nobody_taught_weighs_nothing():
    learnt, _ = grams.learn(["one two", "one two"])
    known, more = dense(learnt.read(["one two", "one two qqq"]))
    assert known.argmax() == more.argmax()
    assert len(learnt.read([])) == 0


def test_two_ways_of_reading_are_asked_and_neither_decides_alone(small):
    class Same:
        def encode(self, texts):
            return np.ones((len(texts), meaning.WIDTH), np.float32) / meaning.WIDTH**0.5

    both = reader.learn(small, URGENCIES, Same())
    text = ["my phone was stolen"]
    rows = both.spelling.read(text)
    odds = (both.alone.likely(rows) + both.together.likely(rows, Same().encode(text))) / 2
    alarming = both.categories.index("security.lost_or_stolen_device")
    assert both.read(text)[0].alarm == pytest.approx(float(odds[0, alarming]), abs=1e-6)


# ---------------------------------------------------------------- the bank that ships


def test_the_bank_is_large_and_every_category_has_its_share():
    shipped = bank.read(load().categories)
    counts = {}
    for one in shipped.examples:
        counts[one.category] = counts.get(one.category, 0) + 1
    assert len(shipped.examples) >= 6000
    assert min(counts.values()) >= 80
    assert set(counts) == set(load().categories) - {"other.unsorted"}


def test_the_bank_speaks_both_languages_in_every_category():
    examples = bank.read().examples
    for name in load().categories:
        texts = [one.text for one in examples if one.category == name]
        chinese = sum(bool(re.search("[\u4e00-\u9fff]", text)) for text in texts)
        assert not texts or 0.3 < chinese / len(texts) < 0.9, name


def test_a_file_of_no_category_is_a_fault(tmp_path):
    (tmp_path / "other.bees.txt").write_text("buzz\n", encoding="utf-8")
    with pytest.raises(RulesFault, match=r"other\.bees"):
        bank.read(["other.product"], tmp_path)


def test_one_text_in_two_categories_is_a_fault(tmp_path):
    for name in ("other.product", "other.service"):
        (tmp_path / f"{name}.txt").write_text("the same words\n", encoding="utf-8")
    with pytest.raises(RulesFault, match="the same words"):
        bank.read(["other.product", "other.service"], tmp_path)


# ---------------------------------------------------------------- the reader that ships


@pytest.fixture(scope="module")
def shipped():
    encoder = meaning.encoder(1)
    if encoder is None:
        pytest.skip("the extra `meaning` is not installed")
    return reader.load(encoder=encoder)


def test_what_ships_was_learnt_from_the_bank_that_ships(shipped):
    assert shipped.bank.version == bank.read().version
    assert set(shipped.categories) == {one.category for one in bank.read().examples}


@pytest.mark.parametrize(
    "text",
    [
        "nobody touched the tablet all night and at breakfast the savings pot was empty",
        "昨晚手机关机充电，早上一看钱包里一分都不剩",
        "部手機成晚喺我枕頭邊，點解啲錢會自己走咗",
    ],
)
def test_theft_without_a_telling_word_is_an_alarm(shipped, text):
    (opinion,) = shipped.read([text])
    assert opinion.alarm > 0.7


@pytest.mark.parametrize(
    "text", ["我的账户没有被盗", "My account was not hacked", "I found my card, it was in my coat"]
)
def test_a_denial_is_no_alarm(shipped, text):
    rules = load()
    (opinion,) = shipped.read([text])
    change = explaining.second_thoughts(rules, explaining.judge(rules, text), opinion)
    assert change is None or change.urgency is not Urgency.P1


@pytest.mark.parametrize(
    "text", ["what time do you open on Sundays", "请问周末几点开门", "thank you so much, solved"]
)
def test_ordinary_talk_is_no_alarm(shipped, text):
    (opinion,) = shipped.read([text])
    assert opinion.alarm < 0.2
