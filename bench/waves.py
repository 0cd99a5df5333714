"""The wave check at full size: two hundred thousand messages of one day, campaigns among them."""

import itertools
import os
import random
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import desk
import figures

from router.core.waves.clusters import Seen, Window
from router.core.waves.shingles import plain, sketch
from router.core.waves.traces import traces
from rules.text import fold
from tests.campaign import replayed, variant

_EXAMPLES = Path(__file__).resolve().parent.parent / "rules" / "examples"
_WORDS = re.compile(r"[a-zA-Z']+\s*|.")
_DAY = 86_400_000_000
_CAMPAIGNS, _VARIANTS = 50, 12


def full_window(given, folder):
    """Milliseconds a message, megabytes of the window, and campaigns found in it when full."""
    count = 200_000 if given.full else 40_000
    _replay()
    paths = os.pathsep.join((str(desk.ROOT), str(desk.ROOT / "bench")))
    command = [sys.executable, __file__, str(count)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": paths})


def _replay():
    """Thirty-five made-up texts in twelve variants each among 2,600 other messages."""
    said = replayed(1)
    window = Window(capacity=200_000, span_us=_DAY, likeness=0.4)
    numbers = [_take(window, step, text) for step, (text, _) in enumerate(said)]
    waves = [_in_wave(window, number) for number in numbers]
    campaign = [wave for wave, (_, which) in zip(waves, said, strict=True) if which >= 0]
    figures.at_least(
        "replayed campaign: messages linked", round(sum(campaign) / len(campaign), 3), 0.95
    )
    figures.at_most("replayed campaign: others in a wave", sum(waves) - sum(campaign), 0)


def _take(window, step, text):
    folded = fold(text).text
    return window.add(Seen(step, step, step), sketch(plain(folded)), traces(text, folded))


def _in_wave(window, number):
    group = window.group(number)
    return group is not None and len(group.senders) >= 5


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
        number = _take(window, step, text)
        times.append(time.process_time() - start)
        if campaign is not None:
            kept[number] = campaign
    grown = _resident() - before
    linked = sum(_in_wave(window, number) for number in kept)
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
