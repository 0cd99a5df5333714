"""What twelve mail programs write around a reply: 120 made-up mails, ten for each program.

Those of odd number were written before the marks were tuned and not looked at meanwhile.
"""

import tomllib
from pathlib import Path

import pytest

from channels.email.markup import plain_text
from router.core.cutting.quoting import split_reply

RECORDED = Path(__file__).parent.parent / "recorded" / "replies"


def replies():
    return [
        pytest.param(reply, id=f"{path.stem} {number}, {reply['about']}")
        for path in sorted(RECORDED.glob("*.toml"))
        for number, reply in enumerate(tomllib.loads(path.read_text("utf-8"))["reply"], start=1)
    ]


def lines(text):
    return [line.rstrip() for line in text.strip().split("\n") if line.strip()]


def test_there_are_ten_replies_of_each_of_twelve_programs():
    counted = [
        len(tomllib.loads(path.read_text("utf-8"))["reply"]) for path in RECORDED.glob("*.toml")
    ]
    assert counted == [10] * 12


@pytest.mark.parametrize("reply", replies())
def test_what_was_written_stays_and_the_rest_goes(reply):
    text = reply["raw"] if "raw" in reply else plain_text(reply["html"])[0]
    assert lines(split_reply(text, thread_ids=("<o.1@desk.example>",)).reply) == lines(
        reply["reply"]
    )
