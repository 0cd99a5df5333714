"""A made-up phishing campaign: texts nobody ever sent, and variants as evaders make them."""

import random
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "rules" / "examples"
_LETTERS = "的一是不了在人有我他这中大来上国个到说们abcdefghijklmnopqrstuvwxyz"

#: One made-up text a line.
TEXTS = tuple((Path(__file__).parent / "recorded" / "campaign.txt").read_text("utf-8").splitlines())


def variant(draw, text):
    """A text with one character in twelve changed, left out or put in."""
    said = []
    for letter in text:
        if draw.random() >= 1 / 12:
            said.append(letter)
        else:
            said.append(draw.choice((draw.choice(_LETTERS), "", letter + draw.choice(_LETTERS))))
    return "".join(said)


def replayed(seed, variants=12, others=2600):
    """(text, which of TEXTS or -1) in a shuffled order, the same for the same seed."""
    draw = random.Random(seed)
    said = [
        (variant(draw, text), place) for place, text in enumerate(TEXTS) for _ in range(variants)
    ]
    said += [(text, -1) for text in draw.sample(ordinary(), others)]
    draw.shuffle(said)
    return said


def ordinary():
    """What people write on any day: the lines of our own examples."""
    found = {}
    for path in sorted(EXAMPLES.glob("*.txt")):
        lines = path.read_text("utf-8").splitlines()
        found |= dict.fromkeys(line for line in lines if line and not line.startswith("#"))
    return list(found)
