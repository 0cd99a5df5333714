"""The speed of triage, in one run: `make bench-triage`.

    python bench/triage.py [--messages 2000] [--rules 500,10000]

Rule sets are grown from our own rules' vocabulary: phrases, pairs of terms within a distance, and
some patterns. Messages are cut from our own examples, half Chinese, half English, 200 characters
each; the mail is 100,000 bytes of the same. Times are processor time of one thread, so that
neighbours on the machine do not count. The plain loop tries each of the same rules with one `re`
pattern on the same folded text.
"""

import argparse
import random
import re
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

import figures  # noqa: E402

from rules.contract import Facts, Rule  # noqa: E402
from rules.engine import compile_book  # noqa: E402
from rules.lint import SHIPPED  # noqa: E402
from rules.load import read  # noqa: E402
from rules.terms import bare  # noqa: E402
from rules.text import fold  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
LENGTH = 200
MAIL = 100_000
LOOP_SAMPLE = 60


def vocabulary(book):
    """Single words of the shipped rules, Latin and Chinese, longest lists first."""
    found = set()
    for rule in book.rules:
        sides = [side for pair in rule.near for side in pair[:2]]
        for string in book.lexicon.expand([*rule.any, *sides]):
            found |= {word for word in bare(string).split() if len(word) > 1 and "*" not in word}
    latin = sorted(word for word in found if word.isascii() and len(word) > 3 and word.isalpha())
    chinese = sorted(word for word in found if not word.isascii())
    return latin, chinese


def grown(book, count, dice):
    """The shipped rules and as many made-up ones as are missing to ``count``."""
    latin, chinese = vocabulary(book)
    kinds = sorted(name for name in book.kinds if name != "other.unsorted")
    rules = list(book.rules[:count])
    for number in range(count - len(rules)):
        words = dice.choice((latin, chinese))
        between = " " if words is latin else ""
        phrase = between.join(dice.sample(words, 2))
        shape = number % 10
        rules.append(
            Rule(
                id=f"bench.{number}",
                category=dice.choice(kinds),
                urgency=book.kinds["other.unsorted"].urgency,
                any=tuple(between.join(dice.sample(words, 2)) for _ in range(4))
                if shape < 6
                else (),
                near=(("|".join(dice.sample(words, 3)), "|".join(dice.sample(words, 3)), 20),)
                if 6 <= shape < 9
                else (),
                regex=(f"{phrase}.{{0,20}}{dice.choice(words)}",) if shape == 9 else (),
                none=tuple(dice.sample(words, 1)),
            )
        )
    return compile_book(
        type(book)(rules=rules, kinds=book.kinds, words=book.words, lexicon=book.lexicon)
    )


def messages(count, dice):
    """Texts of 200 characters, alternately Chinese and English."""
    lines = [
        line.replace("\\n", "\n")
        for path in sorted((ROOT / "rules" / "examples").glob("*.txt"))
        for line in path.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    pools = [
        [line for line in lines if not line.isascii()],
        [line for line in lines if line.isascii()],
    ]
    made = []
    for number in range(count):
        text = ""
        while len(text) < LENGTH:
            text += dice.choice(pools[number % 2]) + " "
        made.append(text[:LENGTH])
    return made


def timed(judge, texts):
    """Processor seconds of each text."""
    spent = []
    for text in texts:
        begun = time.thread_time_ns()
        judge(text)
        spent.append((time.thread_time_ns() - begun) / 1e9)
    return spent


def plain_loop(ruleset, book):
    """Every rule as one `re` pattern, tried in order."""
    patterns = [re.compile("|".join(_ways(rule, book))) for rule in ruleset.rules]

    def judge(text):
        folded = fold(text).text
        return [number for number, one in enumerate(patterns) if one.search(folded)]

    return judge


def _ways(rule, book):
    any_of = rule.any or (rule.all[:1] if not rule.near and not rule.regex else ())
    if any_of:
        yield _either(any_of, book)
    for one, other, gap in rule.near:
        first, second = _either([one], book), _either([other], book)
        yield f"{first}.{{0,{gap}}}{second}|{second}.{{0,{gap}}}{first}"
    yield from rule.regex


def _either(terms, book):
    strings = sorted(book.lexicon.expand(terms), key=len, reverse=True)
    return f"(?:{'|'.join(re.escape(bare(string)) for string in strings)})"


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=2000)
    asked.add_argument("--rules", default="500,10000")
    given = asked.parse_args()
    dice = random.Random(20261125)
    book = read([SHIPPED])
    texts = messages(given.messages, dice)
    mail = "\n".join(messages(MAIL // LENGTH, dice)).encode()[:MAIL].decode(errors="ignore")
    for count in map(int, given.rules.split(",")):
        begun = time.process_time()
        ruleset = grown(book, count, random.Random(count))
        figures.told(f"{count:,} rules: compile, s", round(time.process_time() - begun, 2))
        measure(count, ruleset, book, texts, mail)


def measure(count, ruleset, book, texts, mail):
    def judge(text):
        return ruleset.judge(Facts(text=text))

    timed(judge, texts[:200])
    spent = timed(judge, texts)
    rate = len(spent) / sum(spent)
    name = f"{count:,} rules"
    if count <= 500:
        figures.at_most(f"{name}: p50, ms", round(figures.percentile(spent, 0.5) * 1e3, 3), 0.5)
        figures.at_most(f"{name}: p99, ms", round(figures.percentile(spent, 0.99) * 1e3, 3), 3)
        figures.told(f"{name}: messages/s", round(rate))
        best = min(timed(judge, [mail] * 5))
        figures.at_most(f"{name}: a mail of 100 kB, ms", round(best * 1e3, 1), 50)
        loop = timed(plain_loop(ruleset, book), texts[:LOOP_SAMPLE])
        ratio = (sum(loop) / len(loop)) * rate
        figures.at_least(f"{name}: against a loop over re, times", round(ratio, 1), 20)
    else:
        figures.at_least(f"{name}: messages/s", round(rate), 1000)
        figures.told(f"{name}: p50, ms", round(figures.percentile(spent, 0.5) * 1e3, 3))
        figures.told(f"{name}: p99, ms", round(figures.percentile(spent, 0.99) * 1e3, 3))


if __name__ == "__main__":
    main()
