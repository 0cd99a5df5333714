"""A signature that a program marks in HTML goes; what somebody wrote around or into it stays."""

from time import process_time

import pytest

from channels.email.markup import plain_text
from router.core.cutting.quoting import split_reply

CARD = "Ann Lee<br>Head of Ops, Example Ltd<br>+44 20 7946 0100"
LETTER = "<div>Please look at it again.</div><div><br></div>"
BOXES = (
    *('<div class="gmail_signature">{}</div>', '<div id="Signature"><div>{}</div></div>'),
    *('<pre class="moz-signature">-- <br>{}</pre>', '<div name="messageSignatureSection">{}</div>'),
    *(
        '<div class="protonmail_signature_block">{}</div>',
        "<div id='ntes-pcmac-signature'>{}</div>",
    ),
    *('<div class="__aliyun_signature_wrap">{}</div>', '<a class="xm_write_card">{}</a>'),
    *('<div id="Zm-_Id_-Sgn">{}</div>', '<table class="x lark-mail-signature"><tr><td>{}</table>'),
    *("<div id=ms-outlook-mobile-signature>{}</div>", '<div class="ydp1signature">{}</div>'),
    '<span class="gmail_signature_prefix">-- </span><br><div class="gmail_signature">{}</div>',
)
HISTORY = (
    "",
    '<blockquote type="cite"><p>Which one?</p><p>Tell us.</p></blockquote>',
    (
        '<hr><div id="divRplyFwdMsg"><b>From:</b> H &lt;h@w.example&gt;<br><b>Sent:</b> Monday<br>'
        "<b>To:</b> Ann<br><b>Subject:</b> Re: x</div><div>Which one?</div>"
    ),
    "<div>------------------ 原始邮件 ------------------</div><div>发件人: h@w.example</div>",
    (
        "<div>&nbsp;</div><div><includetail><!--<![endif]--></includetail></div>"
        "<div>------------------ 原始邮件 ------------------</div><div>发件人: h@w.example</div>"
    ),
)


def reply(html):
    return split_reply(plain_text(html)[0], thread_ids=("<o.1@desk.example>",)).reply


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("below", HISTORY)
def test_a_marked_signature_at_the_end_goes(box, below):
    html = f"<html><head><style>p {{}}</style></head><body>{LETTER}{box.format(CARD)}{below}</body>"
    assert reply(html) == "Please look at it again."


@pytest.mark.parametrize("box", BOXES)
def test_what_is_written_below_a_signature_keeps_it(box):
    told = reply(f"{LETTER}{box.format(CARD)}<p>My coins were stolen.</p>")
    assert "My coins were stolen." in told
    assert "Please look" in told


@pytest.mark.parametrize("box", BOXES)
def test_who_writes_into_the_box_of_his_signature_is_read(box):
    for above in ("", "<style>p {}</style>", "<div>Hello,</div>"):
        assert "stolen" in reply(above + box.format("My coins were stolen, freeze my account."))
    assert "stolen" in reply(LETTER + box.format("My coins were stolen, freeze my account.<br>Ann"))


def test_a_word_of_a_style_or_an_address_marks_nothing():
    html = '<a href="https://w.example/signature">Ann Lee</a><p>verify this signature</p>'
    assert "-- " not in plain_text(f"{LETTER}{html}")[0]


def test_a_mark_of_ours_in_somebodys_text_is_no_delimiter():
    assert "--" not in plain_text(f"{LETTER}<p>\ue002</p><p>stolen</p>")[0]
    text = f"<p>\ue002</p>{LETTER}<div class=signature>{CARD}</div>"
    assert plain_text(text)[0].count("-- ") == 1


@pytest.mark.parametrize(
    "piece",
    ["<div class=signature>", "<div class=signature></div>", "<p>x", "class=", "<div id=' "],
)
def test_hostile_html_is_read_in_linear_time(piece):
    started = process_time()
    plain_text("<p>a</p>" + piece * (300_000 // len(piece)))
    assert process_time() - started < 15
