"""HTML letters as text: what a reader sees stands in it, whatever encloses it."""

from time import process_time

import pytest

from channels.email.markup import plain_text
from router.core.cutting.quoting import split_reply


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


@pytest.mark.parametrize(
    "line",
    ["<div><br></div>", "<div>&nbsp;</div>", "<div><span>&#160;</span></div>", "<div>\xa0 </div>"],
)
def test_an_empty_line_is_one_however_it_is_written(line):
    assert plain_text(f"<div>one</div>{line}<div>two</div>")[0] == "one\n\ntwo"
    footer = f"<div>Where is it?</div>{line}<div>来自华为手机</div>"
    assert split_reply(plain_text(footer)[0]).reply == "Where is it?"


def test_lines_of_a_letter_without_any_markup_stay_lines():
    assert plain_text("my card\nis &lt;lost&gt;")[0] == "my card\nis <lost>"


def test_many_ends_of_pages_are_read_in_linear_time():
    assert plain_text("</body>" * 40_000 + "help")[0] == "help"


@pytest.mark.parametrize(
    "hidden",
    [
        *('<div style="display:none !important">HID</div>', "<p STYLE='Display: None;'>HID</p>"),
        *("<div hidden>HID<b>HID</b></div>", '<div class="a" hidden="">HID</div>'),
        *('<div style="visibility:hidden">HID</div>', '<i style="font-size:0px;color:red">HID</i>'),
        *(
            '<p style="opacity:0">HID</p>',
            '<p style="mso-hide:all;max-height:0;overflow:hidden">HID</p>',
        ),
        '<div style="overflow:hidden; max-height:0px"><p>HID</p></div>',
    ],
)
def test_what_no_reader_shows_is_not_read(hidden):
    assert plain_text(f"<p>seen</p>{hidden}<p>too</p>")[0].split() == ["seen", "too"]


@pytest.mark.parametrize(
    "shown",
    [
        '<td style="font-size:0px"><div style="font-size:13px">SEEN</div></td>',
        *('<p style="mso-hide:all">SEEN</p>', '<p style="opacity:0.9;font-size:0.9em">SEEN</p>'),
        *(
            '<p title="a hidden b">SEEN</p>',
            '<p style="max-height:0">SEEN</p>',
            "<p>display:none SEEN",
        ),
        '<p class="hidden-xs" data-x="display:none">SEEN</p>',
    ],
)
def test_what_may_be_shown_is_read(shown):
    assert "SEEN" in plain_text(f"<table><tr>{shown}</tr></table>")[0]


@pytest.mark.parametrize(
    "piece",
    [
        "max-height:0;",
        '<p style="',
        "<p hidden ",
        '<p style="font-size:0">x',
        "<p style='display:none'>",
        "<div id=olk_src_body_section></div>",
        "<div><span>&nbsp;",
        "<span>&nbsp;</span>",
    ],
)
def test_hostile_styles_are_read_in_linear_time(piece):
    started = process_time()
    plain_text(f'<p style="{piece * (300_000 // len(piece))}">x</p>')
    plain_text(piece * (300_000 // len(piece)))
    assert process_time() - started < 15


@pytest.mark.parametrize(
    "piece",
    ["olk_src_body_section ", "x=olk_src_body_section<", 'id="signature ', "style='hidden "],
)
@pytest.mark.parametrize("tag", ["<div ", "<span ", "<blockquote "])
def test_a_tag_that_never_ends_is_read_in_linear_time(tag, piece):
    started = process_time()
    plain_text(f"<p>x</p>{tag}{piece * (290_000 // len(piece))}")
    assert process_time() - started < 3


PICTURE = f"data:image/png;base64,{'iVBORw0KGgo' * 60_000}"


@pytest.mark.parametrize(
    "heavy",
    [
        f'<img src="{PICTURE}">',
        f"<style>{'p.a{margin:0cm} ' * 40_000}</style>",
        f"<!--[if gte mso 9]><xml>{'<w:x/>' * 100_000}</xml><![endif]-->",
        f'<svg><path d="{"M0 0 " * 120_000}"/></svg>',
        f'<p style="{"a:b;" * 150_000}">',
    ],
    ids=["a picture", "a style sheet", "Outlook's comment", "a drawing", "a style"],
)
def test_what_takes_room_and_says_nothing_hides_no_text_below_it(heavy):
    text, cut = plain_text(f"<p>hello</p>{heavy}<p>my card was stolen</p>")
    assert text.split() == ["hello", "my", "card", "was", "stolen"]
    assert not cut


def test_text_below_ever_so_many_tags_is_read():
    assert plain_text("<b>" * 200_000 + "my card was stolen") == ("my card was stolen", True)


@pytest.mark.parametrize(
    "piece", ['<a href="', "<style>", "<style ", "<!--", "<p x", "<a " + "x" * 1_999]
)
def test_a_page_of_any_size_is_read_in_linear_time(piece):
    started = process_time()
    plain_text(piece * (3_000_000 // len(piece)))
    assert process_time() - started < 3
