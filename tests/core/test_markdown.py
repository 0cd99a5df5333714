"""The little Markdown of articles: what it knows is read, whatever else is text, and none hangs."""

from time import process_time

import pytest

from router.core import markdown
from router.core.markdown import Block, Piece


def test_a_text_is_headings_steps_items_and_paragraphs():
    body = "## First\n1. One\n   and more\n2. Two\n\n3. Three\n\n- a\n* b\n\nThe end\nof it.\n"
    assert markdown.blocks(body) == [
        Block("heading", ("First",)),
        Block("steps", ("One and more", "Two", "Three")),
        Block("items", ("a", "b")),
        Block("text", ("The end of it.",)),
    ]


def test_a_line_is_cut_where_its_looks_change():
    assert markdown.pieces("Tap **Go** at [us](https://desk.example/(a)), `x`.") == [
        Piece("text", "Tap "),
        Piece("strong", "Go"),
        Piece("text", " at "),
        Piece("link", "us", "https://desk.example/(a)"),
        Piece("text", ", "),
        Piece("code", "x"),
        Piece("text", "."),
    ]


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "//evil.example", "/help/x"),
        *("http://desk.example", "https:desk.example", "vbscript:x", "mailto:a@b?body=x", "#x", ""),
    ],
)
def test_an_address_that_is_not_safe_is_no_link(address):
    line = f"[go]({address})"
    assert markdown.pieces(line) == [Piece("text", line)]
    assert markdown.bad_links(line) == [address]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://desk.example/a?b=1#c", "go (https://desk.example/a?b=1#c)"),
        ("mailto:help@desk.example", "go (help@desk.example)"),
        ("tel:+86-10-5555", "go (+86-10-5555)"),
    ],
)
def test_a_link_tells_its_address_where_nobody_can_press_it(address, told):
    assert markdown.plain(f"[go]({address})") == told
    assert markdown.bad_links(f"[go]({address})") == []


def test_steps_are_numbered_from_one_whatever_was_typed():
    assert markdown.steps("7. a\n7. **b**\n\ntext\n\n1. c") == "1. a\n2. b\n3. c"


@pytest.mark.parametrize("shape", ["[", "[a](", "**a", "`", "[a](x(", "1. ", "(", "# "])
def test_hostile_text_is_read_in_linear_time(shape):
    def seconds(size):
        begun = process_time()
        for _ in range(3):
            markdown.bad_links(shape * size)
            markdown.pieces(shape * size)
            markdown.blocks(shape * size)
        return process_time() - begun

    small, large = (min(seconds(size) for _ in range(3)) for size in (1500, 6000))
    assert large < 12 * small + 0.05  # CPU seconds; four times the work, not sixteen times
