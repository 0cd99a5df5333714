"""Mail as programs write it, not as the standards wish: text, names and charsets come out right."""

from base64 import b64encode

import pytest

from channels.email.parameters import file_name
from channels.email.parse import parse_mail
from channels.email.plain import unflow

HEAD = b"From: Li <li@mail.example>\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
BITS = b"Content-Transfer-Encoding: 8bit\r\n"


def read(data):
    return parse_mail(data, account="desk")


def text_of(content_type, data):
    head = HEAD + BITS + f"Content-Type: {content_type}\r\n\r\n".encode()
    return read(head + data).text


def mixed(*parts):
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body + b"--b--\r\n"


def part(content_type, data, *headers):
    lines = [f"Content-Type: {content_type}".encode(), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + data


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("disposition", "content_type", "name"),
    [
        ('attachment; filename="a;b, c.pdf"; size=3', "", "a;b, c.pdf"),
        ("attachment; filename=plain.pdf", 'x/y; name="other.pdf"', "plain.pdf"),
        ("inline", "image/png; name=a.png", "a.png"),
        ("attachment; filename*=utf-8''%E8%BD%AC.pdf; filename=x.pdf", "", "转.pdf"),
        ("attachment; filename*0*=gb2312''%D7%AA; filename*1=%20.pdf", "", "转%20.pdf"),
        ("attachment; filename*1=b.pdf; filename*0=a", "", "ab.pdf"),
        ("attachment; filename*0*=utf-8''%E8%BD; filename*1*=%AC.pdf", "", "转.pdf"),
        ('attachment; filename="C:\\dir\\a\\"b.pdf"', "", 'C:\\dir\\a"b.pdf'),
        ('attachment; filename="cut', "", "cut"),
        ("attachment", "x/y", ""),
    ],
)
def test_a_files_name_is_read_however_it_is_written(disposition, content_type, name):
    assert file_name(disposition, content_type) == name


@pytest.mark.parametrize(
    ("content_type", "headers", "name"),
    [
        ("text/calendar; method=REQUEST", (), "invite.ics"),
        ("application/pkcs7-mime; smime-type=signed-data", (), "smime.p7m"),
        ("application/pkcs7-signature", (), "smime.p7s"),
        ("application/pgp-signature", (), "signature.asc"),
        ("message/delivery-status", (), "delivery-status.txt"),
        (
            "message/delivery-status",
            (b"Content-Description: Delivery report",),
            "Delivery report.txt",
        ),
        ("image/png", (b"Content-Description: =?utf-8?b?5Yet6K+B?=.png",), "凭证.png"),
        ("image/jpeg", (), "image.jpg"),
        ("made/up", (), "made.bin"),
    ],
)
def test_a_part_without_a_name_gets_one(content_type, headers, name):
    mail = read(mixed(part("text/plain", b"hi"), part(content_type, b"x", *headers)))
    assert [file.name for file in mail.attachments] == [name]


def test_an_encrypted_letter_is_kept_under_a_name():
    sealed = b"-----BEGIN PGP MESSAGE-----\r\nx\r\n-----END PGP MESSAGE-----"
    mail = read(
        mixed(
            part("application/pgp-encrypted", b"Version: 1"),
            part("application/octet-stream", sealed),
        )
    )
    assert [file.name for file in mail.attachments] == ["version.txt", "encrypted.asc"]


def test_a_long_name_is_cut_between_characters_and_keeps_its_end():
    name = "凭" * 200 + ".pdf"
    header = f"Content-Disposition: attachment; filename*=utf-8''{name}".encode()
    [file] = read(mixed(part("application/pdf", b"x", header))).attachments
    assert len(file.name.encode()) <= 240
    assert file.name.endswith("凭.pdf")


# --- text ---------------------------------------------------------------------------------------


def test_flowed_lines_are_one_paragraph_again():
    written = b"Hello, \r\nthis is one \r\nline.\r\n\r\n> quoted \r\n> too\r\n-- \r\nLi"
    assert text_of("text/plain; format=flowed", written) == (
        "Hello, this is one line.\n\n> quoted too\n-- \nLi"
    )


def test_flowed_chinese_has_no_spaces_in_it():
    written = "我的转账 \r\n没有到账。".encode()
    assert text_of("text/plain; charset=utf-8; format=flowed; delsp=yes", written) == (
        "我的转账没有到账。"
    )


def test_flowed_lines_of_another_depth_are_not_joined():
    assert unflow("> a \nb", delete_space=False) == "> a \nb"
    assert unflow(" >not quoted", delete_space=False) == ">not quoted"


UUENCODED = b"begin 644 note.txt\r\n#:&D*\r\n`\r\nend\r\n"


def test_a_file_written_into_the_text_becomes_a_file():
    mail = read(HEAD + b"\r\nSee the file.\r\n" + UUENCODED + b"Bye\r\n")
    assert mail.text.split() == ["See", "the", "file.", "Bye"]
    assert [(file.name, file.data) for file in mail.attachments] == [("note.txt", b"hi\n")]


def test_a_part_that_is_uuencoded_is_decoded():
    mail = read(mixed(part("text/plain", b"hi"), part("image/png; name=a.png", UUENCODED)))
    assert [(file.name, file.data) for file in mail.attachments] == [("a.png", b"hi\n")]


def test_words_that_only_begin_like_a_file_stay():
    text = "begin 644 times\nand then it failed\nend"
    assert read(HEAD + b"\r\n" + text.encode()).text == text


def test_a_line_of_spaces_may_end_the_headers():
    head = HEAD + b"Content-Type: text/plain; charset=utf-8\r\n"
    quoted = b"Content-Transfer-Encoding: quoted-printable\r\n \r\n=E4=BD=A0=E5=A5=BD\r\n"
    assert read(head + quoted).text.strip() == "你好"


def test_a_line_of_spaces_within_a_folded_header_does_not_end_them():
    mail = read(b"Subject: a\r\n \r\n\tb\r\nFrom: li@mail.example\r\n\r\nhi")
    assert (mail.sender.value, mail.text) == ("li@mail.example", "hi")


@pytest.mark.parametrize(
    ("declared", "data", "text"),
    [
        ("windows-1251", "Перевод".encode(), "Перевод"),
        ("iso-8859-7", "Έλα".encode(), "Έλα"),
        ("windows-1251", "Перевод".encode("cp1251"), "Перевод"),
        ("gb2312", "联通".encode("gb18030"), "联通"),
        ("iso-2022-jp", "送金です".encode("cp932"), "送金です"),
        ("iso-2022-jp", b"\x1b$By_\x1b(B", "\ufa0f"),
        (
            "utf-8",
            "转账没有到账。\n".encode() + "北风公司".encode("gb18030"),
            "转账没有到账。\n北风公司",
        ),
        ("utf-8", "转账没有到账。".encode("gb18030"), "转账没有到账。"),
        ("klingon", "转账没有到账。".encode("gb18030"), "转账没有到账。"),
    ],
)
def test_a_lying_charset_is_seen_through(declared, data, text):
    assert text_of(f"text/plain; charset={declared}", data) == text


def test_two_texts_of_an_alternative_are_both_kept():
    body = b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b\r\n\r\none\r\n--b--"
    head = HEAD + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    assert read(head + body).text.split() == ["one", "two"]


def test_a_multipart_whose_boundary_never_comes_shows_its_text():
    assert "words" in read(HEAD + b"Content-Type: multipart/mixed; boundary=q\r\n\r\nwords").text


# --- mails within the mail ----------------------------------------------------------------------

INNER = (
    b"From: Bank <win@prize.example>\r\nSubject: =?utf-8?b?5Yet6K+B?=\r\n\r\nPay the fee first.\r\n"
)


def test_a_forwarded_mail_is_a_file_and_its_words_stand_below():
    mail = read(mixed(part("text/plain", b"Is it you?"), part("message/rfc822", INNER)))
    assert mail.text == (
        "Is it you?\n\n---------- Forwarded message ----------\n"
        "From: Bank <win@prize.example>\nSubject: 凭证\n\nPay the fee first."
    )
    assert [file.name for file in mail.attachments] == ["凭证.eml"]


def test_what_a_report_sends_back_is_not_taken_for_words_of_its_sender():
    report = part(
        "message/delivery-status", b"Action: failed\r\nFinal-Recipient: rfc822; a@b.example"
    )
    mail = read(mixed(part("text/plain", b"Sorry."), report, part("message/rfc822", INNER)))
    assert mail.bounce.recipients == ("a@b.example",)
    assert "fee" not in mail.text


def test_mails_within_mails_are_followed_a_few_steps_only():
    data = INNER
    for _ in range(30):
        data = HEAD + b"Content-Type: message/rfc822\r\n\r\n" + data
    assert read(data).text.count("Forwarded message") <= 3


# --- people -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "address", "name"),
    [
        ("=?utf-8?q?Li=2C_Wei?= <li@mail.example>", "li@mail.example", "Li, Wei"),
        ("=?iso-8859-1?Q?M=FCller,=20Eva?= <eva@mail.example>", "eva@mail.example", "Müller, Eva"),
        ("Wei (li@mail.example)", "li@mail.example", "Wei"),
        ("MAILER-DAEMON (Mail Delivery System)", "", "Mail Delivery System"),
        ("a=b@mail.example", "a=b@mail.example", ""),
    ],
)
def test_a_sender_is_read_as_it_is_written(header, address, name):
    sender = read(b"From: " + header.encode() + b"\r\n\r\nhi").sender
    assert (sender.value, sender.name) == (address, name)


# --- quotations in HTML -------------------------------------------------------------------------


def html(markup):
    encoded = b64encode(markup.encode())
    head = HEAD + b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
    return read(head + b"\r\n" + encoded).text


def test_a_cited_block_gets_quote_marks():
    markup = "<p>new</p><blockquote type=cite><p>a</p><p>b</p></blockquote><p>more</p>"
    assert html(markup) == "new\n\n> a\n>\n> b\n>\n\nmore"
    assert html("<p>new</p><blockquote type=cite>old</blockquote>") == "new\n\n> old\n>"


def test_an_indented_paragraph_gets_none():
    assert ">" not in html('<p>a</p><blockquote style="border: none">b</blockquote><p>c</p>')
    assert ">" not in html("<p>a</p><blockquote>b</blockquote><p>c</p>")


def test_a_forward_in_a_box_gets_none():
    box = "<div>---------- Forwarded message ---------</div><p>Pay now</p>"
    assert ">" not in html(f"<p>see</p><blockquote type=cite>{box}</blockquote>")


def test_chinese_words_are_not_torn_apart_by_their_markup():
    assert html("<div><span>转</span><b>账</b><span>失败</span></div>") == "转账失败"
