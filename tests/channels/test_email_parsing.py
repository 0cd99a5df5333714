"""Mail as programs write it, not as the standards wish: text, names and charsets come out right."""

from base64 import b64encode
from time import process_time

import pytest

from channels.email import charsets
from channels.email.characters import words
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


def names_of(data):
    return [file.name for file in read(data).attachments]


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
        ("attachment filename=a.pdf", "", "a.pdf"),
        ("attachment; filename='a.pdf'", "", "a.pdf"),
        ("attachment; filename*=%E8%BD%AC.pdf", "", "转.pdf"),
        ("attachment; filename*=utf-8''\"%E8%BD%AC.pdf\"", "", "转.pdf"),
        ("attachment; filename=gbk''%D7%AA.pdf", "", "转.pdf"),
        ('attachment; filename="%E8%BD%AC.pdf"', "", "转.pdf"),
        ('attachment; filename="100%25 off.pdf"', "", "100%25 off.pdf"),
        ('attachment; filename="50%E8 off.pdf"', "", "50%E8 off.pdf"),
        ("attachment; filename*=iso-8859-1''%3F%3F.pdf", 'x/y; name="转账.pdf"', "转账.pdf"),
        ("attachment; filename=what?.pdf", 'x/y; name="other.pdf"', "what?.pdf"),
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


def test_a_part_without_a_name_may_say_where_it_lay():
    lay = b"Content-Location: file:///C:/shots/error.png?x=1"
    assert names_of(mixed(part("image/png", b"x", lay))) == ["error.png"]


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream"])
def test_a_file_called_text_is_known_by_how_it_begins(kind):
    mail = read(mixed(part("text/plain", b"hi"), part(kind, b"\x89PNG\r\n\x1a\n...")))
    assert (mail.text.strip(), mail.html) == ("hi", "")
    assert [file.name for file in mail.attachments] == ["image.png"]


def test_parts_without_names_get_different_ones():
    photos = [part("image/jpeg", data) for data in (b"a", b"b", b"c")]
    assert names_of(mixed(*photos)) == ["image.jpg", "image1.jpg", "image2.jpg"]


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


@pytest.mark.parametrize(
    ("kind", "piece"),
    [("plain", b"begin 644 a\n"), ("enriched", b"<param>"), ("enriched", b"<comment>")],
)
def test_text_that_only_begins_like_files_or_commands_is_read_in_linear_time(kind, piece):
    started = process_time()
    head = HEAD + b"Content-Type: text/" + kind.encode() + b"\r\n\r\n"
    read(head + piece * (2_000_000 // len(piece)) + b"x\nend\n")
    assert process_time() - started < 3


def test_a_line_of_spaces_may_end_the_headers():
    head = HEAD + b"Content-Type: text/plain; charset=utf-8\r\n"
    quoted = b"Content-Transfer-Encoding: quoted-printable\r\n \r\n=E4=BD=A0=E5=A5=BD\r\n"
    assert read(head + quoted).text.strip() == "你好"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?B?6L2s6LSm?=", "转账"),
        ("=?utf-8?B?6L2s6L?= =?utf-8?B?Sm?=", "转账"),
        ("=?utf-8?B?6L2s6LSmMQ?= =?utf-8?B?6L2s?=", "转账1转"),
        ("=?gbk?B?1cu7pyA?= =?gbk?B?16rVyyA?= =?gbk?B?yqew3CE?=", "账户 转账 失败!"),
        ('=?"utf-8"?Q?=E8=BD=AC?=', "转"),
        ("Re:=?utf-8?Q?=E8=BD=AC?=!", "Re:转!"),
        ("=?utf-8?Q?what? now?=", "what? now"),
        ("=?utf-8*zh?B?6L2s?=", "转"),
        ("=??B?6L2s?=", "转"),
        ("=?utf-8?B?6L2s6LSm", "转账"),
        ("=?utf-8?Q?=E8=BD=AC=E8=B4=A6?", "转账"),
        ("1 =? 2", "1 =? 2"),
    ],
)
def test_encoded_words_are_read_as_they_are_written(written, read):
    assert words(written) == read


def test_text_right_below_the_headers_is_read():
    mail = read(b"From: li@mail.example\r\nSubject: frozen\r\nPlease help me.\r\n\r\nLi")
    assert (mail.subject, mail.text) == ("frozen", "Please help me.\n\nLi")


def test_a_mail_that_went_through_an_editor_has_its_first_header():
    mail = read(b"\xef\xbb\xbfFrom: li@mail.example\r\nSubject: x\r\n\r\nhi")
    assert (mail.sender.value, mail.subject, mail.text) == ("li@mail.example", "x", "hi")


def test_a_header_line_that_is_broken_is_not_the_beginning_of_the_text():
    mail = read(b"From: li@mail.example\r\nReceived: from a\r\nby b\r\nSubject: x\r\n\r\nhi")
    assert (mail.subject, mail.text) == ("x", "hi")


def test_text_right_below_the_headers_of_a_part_is_read():
    parts = b"--b\r\nContent-Type: text/plain\r\nPlease help me.\r\n--b--"
    head = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    assert read(head + parts).text.strip() == "Please help me."


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        ("quoted-printable", "=E8=BD=AC账".encode(), "转账"),
        ("Quoted_Printable", b"one=  \r\ntwo=3D", "onetwo="),
        ("quoted-printable", b"\x1b$B4A;z\x1b(B", "漢字"),
        ("base64", b"6L2s6LSm Li4=\r\n-- \r\nno more", "转账.."),
        ("base64", b64encode("转账".encode() + b"!") + b"\r\n" + b64encode(b"no."), "转账!no."),
        ("base64 ", b64encode("转账".encode()).rstrip(b"="), "转账"),
        ("8bit; x", "转账".encode(), "转账"),
    ],
)
def test_a_transfer_encoding_is_undone_however_it_was_done(encoding, data, text):
    head = HEAD + f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    assert read(head + data).text == text


def test_a_file_ends_where_its_sender_ended_it():
    coded = b"Content-Transfer-Encoding: quoted-printable"
    mail = read(mixed(part("text/csv; name=a.csv", b"1,2\r\n3,4=\r\n", coded)))
    assert [file.data for file in mail.attachments] == [b"1,2\r\n3,4"]


def test_what_a_customer_writes_about_encodings_stays():
    words = "Content-Transfer-Encoding: base64 is what it said."
    assert read(mixed(part("text/plain", words.encode()))).text.strip() == words


def test_a_mail_within_is_kept_as_it_came():
    inner = b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64encode(b"hi")
    mail = read(mixed(part("message/rfc822", inner)))
    assert [file.data for file in mail.attachments] == [inner]
    assert mail.text.endswith("hi")


@pytest.mark.parametrize("kind", ["text", "text/plain charset=utf-8", "text/markdown", "x-unknown"])
def test_a_kind_that_is_none_is_plain_text(kind):
    mail = read(HEAD + f"Content-Type: {kind}\r\n\r\n转账".encode())
    assert (mail.text, mail.attachments) == ("转账", ())


def test_enriched_text_is_read_without_its_commands():
    enriched = b"<bold>Please</bold>\r\nhelp<param>red</param>\r\n\r\nme <<now>."
    assert text_of("text/enriched", enriched) == "Please help\nme <now>."


def test_a_page_within_a_page_is_a_file():
    pages = part("text/html", b"<p>one</p>") + b"\r\n--b\r\n" + part("text/html", b"<p>two</p>")
    mail = read(mixed(pages).replace(b"multipart/mixed", b"multipart/related"))
    assert (mail.text.strip(), [file.data for file in mail.attachments]) == ("one", [b"<p>two</p>"])


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
        ("", "轉帳沒有到帳，請幫我查一下。".encode("big5"), "轉帳沒有到帳，請幫我查一下。"),
        ("", "Перевод не дошел".encode("koi8-r"), "Перевод не дошел"),
        ("", "Перевод не дошел".encode("cp1251"), "Перевод не дошел"),
        ("", "Überweisung für Müller".encode("cp1252"), "Überweisung für Müller"),
        ("utf-8", "转账没有到账".encode() + b"\xe8", "转账没有到账\ufffd"),
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


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        *(("GB_2312-80", "gb18030"), ("windows-936", "gb18030"), ("x-gbk", "gb18030")),
        *(("Big5-HKSCS", "big5hkscs"), ("cp950", "big5hkscs"), ("UTF8MB4", "utf-8")),
        *(("iso_8859-1:1987", "cp1252"), ("ANSI_X3.4-1968", "cp1252"), ("latin-9", "latin9")),
        *(("cp-1251", "cp1251"), ("win1251", "cp1251"), ("ISO8859-15", "iso8859_15")),
        *(("iso-2022-jp-ms", "iso2022_jp_ext"), ("windows-31J", "cp932"), ("x-euc-jp", "euc_jp")),
        *(("ks_c_5601-1989", "cp949"), ("utf-16le", "utf-16-le"), ("tis-620", "cp874")),
        *(("idna", ""), ("unicode_escape", ""), ("zlib", ""), ("8bit", ""), ("iso-8859-99", "")),
    ],
)
def test_a_charset_is_known_by_any_of_its_names(declared, codec):
    assert charsets.codec(declared) == codec


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
    parts = mixed(part("text/plain", b"Sorry."), report, part("message/rfc822", INNER))
    mail = read(parts.replace(b"multipart/mixed", b"multipart/report"))
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
        ("tim@a.example bob@b.example", "tim@a.example", ""),
        ("li @ mail . example", "li@mail.example", ""),
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


def test_all_below_outlooks_mark_is_history():
    markup = '<p>new</p><div id="OLK_SRC_BODY_SECTION"><p>old</p></div><p>older</p>'
    assert html(markup) == "new\n\n> old\n>\n> older\n>"


def test_an_indented_paragraph_gets_none():
    assert ">" not in html('<p>a</p><blockquote style="border: none">b</blockquote><p>c</p>')
    assert ">" not in html("<p>a</p><blockquote>b</blockquote><p>c</p>")


def test_a_forward_in_a_box_gets_none():
    box = "<div>---------- Forwarded message ---------</div><p>Pay now</p>"
    assert ">" not in html(f"<p>see</p><blockquote type=cite>{box}</blockquote>")


def test_chinese_words_are_not_torn_apart_by_their_markup():
    assert html("<div><span>转</span><b>账</b><span>失败</span></div>") == "转账失败"
