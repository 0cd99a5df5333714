"""HTML letters as text: what a reader sees stands in it, whatever encloses it."""

import pytest

from channels.email.markup import plain_text


@pytest.mark.parametrize(
    "below",
    [
        "my card was stolen",
        "<div>my card was stolen</div>",
        "<html><head><style>p{}</style></head><body>my card was stolen</body></html>",
        " \n<br>my card was stolen",
    ],
)
def test_what_stands_below_the_end_of_a_page_is_read(below):
    text, _ = plain_text(f"<html><body><p>hello</p></body></html>{below}")
    assert text.split() == ["hello", "my", "card", "was", "stolen"]


def test_a_page_that_ends_where_it_should_gains_nothing():
    assert plain_text("<html><body>hello</body> </html>\n <!-- x -->")[0] == "hello"


@pytest.mark.parametrize(
    "markup",
    [
        "one<hr>two",
        "<center>one</center>two",
        "<dl><dt>one</dt><dd>two</dd></dl>",
        "<form>one</form>two",
        "<section>one</section>two",
    ],
)
def test_blocks_stand_on_lines_of_their_own(markup):
    assert plain_text(markup)[0] == "one\ntwo"


def test_lines_of_a_letter_without_any_markup_stay_lines():
    assert plain_text("my card\nis &lt;lost&gt;")[0] == "my card\nis <lost>"


def test_many_ends_of_pages_are_read_in_linear_time():
    assert plain_text("</body>" * 40_000 + "help")[0] == "help"
