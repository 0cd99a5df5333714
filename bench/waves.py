"""The wave check at full size: two hundred thousand messages of one day, campaigns among them."""

import itertools
import random
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import figures

from router.core.clusters import Seen, Window
from router.core.shingles import plain, sketch
from router.core.traces import traces
from rules.text import fold

_EXAMPLES = Path(__file__).resolve().parent.parent / "rules" / "examples"
_WORDS = re.compile(r"[a-zA-Z']+\s*|.")
_DAY = 86_400_000_000
_LETTERS = "的一是不了在人有我他这中大来上国个到说们abcdefghijklmnopqrstuvwxyz"
_CAMPAIGNS, _VARIANTS = 50, 12


def full_window(given, folder):
    """Milliseconds a message, megabytes of the window, and campaigns found in it when full."""
    count = 200_000 if given.full else 40_000
    command = [sys.executable, __file__, str(count)]
    subprocess.run(command, check=True)


class Speech:
    """Made-up messages in the manner of our own examples: each word follows one it did there."""

    def __init__(self, draw):
        self._draw, self._after = draw, {}
        for path in sorted(_EXAMPLES.glob("*.txt")):
            for line in path.read_text("utf-8").splitlines():
                if line and not line.startswith("#"):
                    words = _WORDS.findall(line)
                    for word, following in itertools.pairwise([*words, ""]):
                        self._after.setdefault(word, []).append(following)
        self._all = list(self._after)

    def say(self, length=200):
        """A text of so many characters."""
        said, size, word = [], 0, ""
        while size < length:
            word = self._draw.choice(self._after.get(word) or self._all)
            said.append(word)
            size += len(word)
        return "".join(said)[:length]


def variant(draw, text):
    """A text with one character in twelve changed, left out or put in."""
    said = []
    for letter in text:
        if draw.random() >= 1 / 12:
            said.append(letter)
            continue
        said.append(draw.choice((draw.choice(_LETTERS), "", letter + draw.choice(_LETTERS))))
    return "".join(said)


def _main(count):
    draw = random.Random(20261124)
    speech = Speech(draw)
    texts = [speech.say() for _ in range(_CAMPAIGNS)]
    places = draw.sample(range(count), _CAMPAIGNS * _VARIANTS)
    campaign_at = {place: number % _CAMPAIGNS for number, place in enumerate(places)}
    before = _resident()
    window = Window(capacity=200_000, span_us=_DAY, likeness=0.4)
    times, kept = [], {}
    for step in range(count):
        campaign = campaign_at.get(step)
        text = speech.say() if campaign is None else variant(draw, texts[campaign])
        start = time.process_time()
        folded = fold(text).text
        number = window.add(Seen(step, step, step), sketch(plain(folded)), traces(text, folded))
        times.append(time.process_time() - start)
        if campaign is not None:
            kept[number] = campaign
    grown = _resident() - before
    linked = 0
    for number in kept:
        group = window.group(number)
        linked += group is not None and len(group.senders) >= 5
    name = f"wave check in a window of {count:,}"
    figures.at_most(
        f"{name}, ms a message",
        round(sum(times) / count * 1e3, 3),
        2,
        p99=round(figures.percentile(times, 0.99) * 1e3, 2),
        last_tenth=round(sum(times[-count // 10 :]) / (count // 10) * 1e3, 3),
    )
    figures.at_most(f"{name}, MiB", round(grown), 300)
    figures.at_least(
        f"{name}, campaign messages linked",
        round(linked / len(kept), 3),
        0.95,
        campaigns=_CAMPAIGNS,
        variants=_VARIANTS,
    )


def _resident():
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(one for one in status.read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    _main(int(sys.argv[1]))
