"""What docs/complaints.md promises is proven by tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROWS = re.findall(
    r"^\| (?!complaint|---)(.+?) \| (.+?) \| (.+?) \|$",
    (ROOT / "docs" / "complaints.md").read_text("utf-8"),
    re.MULTILINE,
)


@cache
def _tests(path):
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_a_complaint_names_a_test_that_exists_or_is_open(row):
    _, _, proof = row
    if proof.startswith("open: "):
        return
    named = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", proof)
    assert named, f"neither a test nor open: {proof}"
    assert named[2] in _tests(named[1])


def test_no_complaint_is_listed_twice_and_none_is_missing_a_row():
    page = (ROOT / "docs" / "complaints.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    assert len(ROWS) == len(lines) - page.count("| complaint |")
    assert len({complaint for complaint, _, _ in ROWS}) == len(ROWS)
