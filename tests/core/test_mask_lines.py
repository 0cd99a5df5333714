"""``router mask``: a text as it would be stored, by lines for programs, or for one person."""

import json
from io import StringIO

from typer.testing import CliRunner

from router.cli import app
from router.terminal import explaining

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"


def _lines(given):
    told = StringIO()
    explaining.masked_lines(StringIO(given), told)
    return [json.loads(line) for line in told.getvalue().splitlines()]


def test_each_line_is_masked_and_names_what_was_taken_out():
    given = [
        {"id": 7, "text": f"seed {PHRASE} and card 4111111111111111"},
        {"id": "b", "text": "我的转账一直没到账"},
    ]
    first, second = _lines("\n".join(json.dumps(one) for one in given))
    assert (first["id"], first["text"]) == (7, "seed •••• and card •••• 1111")
    assert first["masked"] == ["seed_phrase", "card"]
    assert second == {"id": "b", "text": "我的转账一直没到账", "masked": []}


def test_a_line_that_cannot_be_read_is_told_without_its_words():
    (told,) = _lines(f'{{"id": 1, "txt": "{PHRASE}"}}\n\n')
    assert told == {"line": 1, "error": "not an object with a text"}


def test_the_command_masks_what_it_is_given():
    for words, given in (
        (["--jsonl"], json.dumps({"id": 1, "text": PHRASE})),
        ([PHRASE], ""),
        ([], PHRASE),
    ):
        done = CliRunner().invoke(app, ["mask", *words], input=given)
        assert done.exit_code == 0
        assert "••••" in done.stdout
        assert "winner" not in done.stdout
