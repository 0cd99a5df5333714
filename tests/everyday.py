"""Everyday mail that holds no secret and much that looks like one, the same on every run.

Numbers in lists and tables, times, amounts, chats, recipes, and English full of words that stand in
a list of seed words. Nothing of it may be masked.
"""

import random
import tomllib
from pathlib import Path

from mnemonic import Mnemonic

SAID = tomllib.loads(
    (Path(__file__).parent / "recorded" / "secrets" / "everyday.toml").read_text("utf-8")
)
WORDS = Mnemonic("english").wordlist
_TURNS = 14


def _digits(source, count):
    return source.choice("123456789") + "".join(source.choices("0123456789", k=count - 1))


def _time(source):
    return f"{source.randrange(24):02}:{source.randrange(60):02}"


def _day(source):
    return f"20{source.randrange(19, 27)}-{source.randrange(1, 13):02}-{source.randrange(1, 29):02}"


def _amount(source):
    return f"{source.randrange(1, 99)},{source.randrange(1000):03}.{source.randrange(100):02}"


def _several(make, source, count, sign):
    return sign.join(make(source) for _ in range(count))


def orders(source):
    return "order numbers: " + _several(lambda it: _digits(it, 12), source, 5, ", ")


def phones(source):
    return "call one of " + _several(
        lambda it: f"1{3 + it.randrange(6)}{_digits(it, 9)}", source, 4, " / "
    )


def phones_in_groups(source):
    return _several(
        lambda it: f"13{it.randrange(10)}-{_digits(it, 4)}-{_digits(it, 4)}", source, 4, "\n"
    )


def timetable(source):
    return _several(lambda it: f"{_time(it)} | {_time(it)} | {_time(it)}", source, 6, "\n")


def times(source):
    return "the train leaves at " + _several(_time, source, 8, ", ")


def invoice(source):
    lines = [f"{n}. {_digits(source, 6)} x {n}  {_amount(source)}" for n in range(1, 7)]
    return "Invoice of " + _day(source) + "\n" + "\n".join(lines)


def tracking(source):
    return "tracking " + _several(
        lambda it: f"{_digits(it, 4)} {_digits(it, 4)} {_digits(it, 4)}", source, 1, ""
    )


def table(source):
    rows = [" | ".join(_digits(source, 4) for _ in range(4)) for _ in range(6)]
    return "\n".join(f"| {row} |" for row in rows)


def csv(source):
    rows = [",".join(_digits(source, 4) for _ in range(4)) for _ in range(8)]
    return "north,east,south,west\n" + "\n".join(rows)


def columns(source):
    rows = ["     ".join(_digits(source, 4) for _ in range(5)) for _ in range(6)]
    return "\n".join(rows)


def prices(source):
    return (
        "we paid " + _several(lambda it: str(it.randrange(1000, 9999)), source, 4, ", ") + " so far"
    )


def round_prices(source):
    return "/".join(str(source.randrange(10, 99) * 100) for _ in range(4))


def dates(source):
    return _several(lambda it: f"{_day(it)} {_time(it)}", source, 5, ", ")


def ids(source):
    return _several(
        lambda it: f"{it.randrange(100)}:{_digits(it, 8)}:{_digits(it, 5)}", source, 4, "\n"
    )


def scores(source):
    return "scores " + _several(lambda it: str(it.randrange(1, 6)), source, 16, ", ")


def chat(source):
    lines = source.sample(SAID["chat"], 8)
    return "\n".join(f"[{_time(source)}:{source.randrange(60):02}] Lin: {line}" for line in lines)


def chat_with_days(source):
    lines = source.sample(SAID["chat"], 8)
    return "\n".join(f"{_day(source)} {_time(source)} {line}" for line in lines)


def one_word_chat(source):
    """Short answers, of which many are words of the list, and some are not."""
    lines = source.sample(SAID["short"], 12)
    return "\n".join(f"[{_time(source)}] {source.choice(('Lin', 'Ann'))}: {line}" for line in lines)


def options(source):
    picked = source.sample(SAID["options"], 4)
    return " ".join(f"{letter}) {line}" for letter, line in zip("abcd", picked, strict=True))


def glossary(source):
    """Words with their meaning, as learners write them: fewer than the shortest phrase has."""
    return "\n".join(f"{source.choice(WORDS)}（{word}）" for word in source.sample(SAID["han"], 8))


def prose(source):
    """Sentences with many words of the list, the small words between them as people write."""
    picked = iter(source.sample(WORDS, 24))
    said = source.sample(SAID["frames"], 3)
    return " ".join(
        part.replace("{}", "%s") % tuple(next(picked) for _ in range(part.count("{}")))
        for part in said
    )


def shopping(source):
    return "shopping: " + ", ".join(source.sample(SAID["shopping"], 10))


def about_seeds(source):
    return source.choice(SAID["about"]) + " " + source.choice(SAID["chat"])


KINDS = {
    make.__name__.replace("_", " "): make
    for make in (
        *(orders, phones, phones_in_groups, timetable, times, invoice, tracking, table, csv),
        *(columns, prices, round_prices, dates, ids, scores, chat, chat_with_days),
        *(one_word_chat, options, glossary, prose, shopping, about_seeds),
    )
}


def mails():
    """``(kind, text)`` of every mail."""
    told = [
        (kind, make(random.Random(f"{kind} {turn}")))
        for kind, make in KINDS.items()
        for turn in range(_TURNS)
    ]
    return (
        told + [("letter", one) for one in SAID["letter"]] + [("calm", one) for one in SAID["calm"]]
    )
