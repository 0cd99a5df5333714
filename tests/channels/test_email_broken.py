"""Mail whose headers lie about its body: another boundary, encoding, charset or line end."""

from base64 import b64encode, encodebytes
from time import process_time

import pytest

from channels.contract import Verification
from channels.email.characters import decode
from channels.email.dates import moment
from channels.email.parameters import file_name
from channels.email.parse import parse_mail

HEAD = "From: Li <li@mail.example>\r\nSubject: lost\r\nMIME-Version: 1.0\r\n"
PARTS = (
    "--abc\r\nContent-Type: text/plain\r\n\r\nhelp me\r\n"
    "--abc\r\nContent-Type: application/pdf; name=a.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--abc--\r\n"
)


def read(text):
    return parse_mail(text.encode(), account="desk")


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/mixed",
        "multipart/mixed; boundary=xyz",
        "multipart/mixed; boundary='abc'",
        "multipart/mixed; boundary=abc (made by a program)",
        'multipart/mixed; boundary="a\\bc"',
        "multipart/mixed\r\n boundary=abc",
    ],
)
def test_the_boundary_that_stands_in_a_mail_counts_not_the_one_it_tells(kind):
    mail = read(f"{HEAD}Content-Type: {kind}\r\n\r\n{PARTS}")
    assert mail.text.strip() == "help me"
    assert [(file.name, file.data) for file in mail.attachments] == [("a.pdf", b"hello")]


def test_parts_that_were_encoded_as_a_whole_are_taken_apart():
    whole = b64encode(PARTS.encode()).decode()
    kind = "Content-Type: multipart/mixed; boundary=abc\r\nContent-Transfer-Encoding: base64"
    assert read(f"{HEAD}{kind}\r\n\r\n{whole}").text.strip() == "help me"


@pytest.mark.parametrize(
    ("above", "kept"),
    [
        ("My money is gone.\r\n\r\n", True),
        ("This is a multi-part message in MIME format.\r\n", False),
        ('boundary="abc"\r\n\r\n', False),
    ],
)
def test_text_above_a_lost_boundary_is_kept_unless_it_speaks_to_programs(above, kept):
    text = read(f"{HEAD}Content-Type: multipart/mixed\r\n\r\n{above}{PARTS}").text
    assert ("My money is gone." in text) == kept
    assert text.strip().endswith("help me")


def test_lost_boundaries_within_lost_boundaries_end_somewhere():
    head = "".join(f"--{n}\r\nContent-Type: multipart/mixed\r\n\r\n" for n in range(40))
    assert read(f"{HEAD}Content-Type: multipart/mixed\r\n\r\n{head}help").text


@pytest.mark.parametrize("above", ["", "This is a multi-part message in MIME format.\r\n\r\n"])
def test_a_mail_of_parts_whose_header_was_lost_is_taken_apart(above):
    mail = read(f"From: li@mail.example\r\n\r\n{above}{PARTS}")
    assert mail.text.strip() == "help me"
    assert [file.name for file in mail.attachments] == ["a.pdf"]


@pytest.mark.parametrize(
    "text", [f"See what I got:\r\n{PARTS}", PARTS.replace("--abc--", ""), "--\r\nLi\r\n----\r\n"]
)
def test_words_that_only_resemble_parts_are_words(text):
    read_text = read(f"From: li@mail.example\r\n\r\n{text}").text
    assert read_text == text.replace("\r\n", "\n")


def test_a_page_that_is_called_plain_text_is_read_as_one():
    mail = read(f"{HEAD}Content-Type: text/plain\r\n\r\n<!DOCTYPE html><p>my card</p><p>lost</p>")
    assert mail.text.split() == ["my", "card", "lost"]
    assert mail.html.startswith("<!DOCTYPE html>")


def test_a_letter_in_rich_text_is_read():
    mail = read(f"{HEAD}Content-Type: text/rtf\r\n\r\n{{\\rtf1\\ansi my card\\par lost}}")
    assert mail.text.split() == ["my", "card", "lost"]


@pytest.mark.parametrize("end", ["\r", "\r\r\n"])
def test_lines_that_end_as_no_mails_do_are_lines(end):
    mail = read(
        f"{HEAD}Content-Type: multipart/mixed; boundary=abc\r\n\r\n{PARTS}".replace("\r\n", end)
    )
    assert (mail.sender.value, mail.subject) == ("li@mail.example", "lost")
    assert mail.text.strip() == "help me"
    assert [file.data for file in mail.attachments] == [b"hello"]


def test_lines_below_the_headers_are_text_though_no_empty_line_parts_them():
    assert read("Subject: lost\r\nmy money is gone\r\nplease help\r\n").text.split("\n") == [
        *("my money is gone", "please help", "")
    ]


@pytest.mark.parametrize("whole", ["my money is gone", "my money is gone\n\nplease help"])
def test_what_has_no_header_at_all_is_text(whole):
    assert read(whole).text == whole


@pytest.mark.parametrize("words", ["Hello, I have lost my phone.", "我的手机丢了"])
def test_words_that_are_called_base64_are_words(words):
    kind = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64"
    assert read(f"{HEAD}{kind}\r\n\r\n{words}\r\n").text.strip() == words


@pytest.mark.parametrize("declared", ["us-ascii", "iso-8859-1"])
@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("转账失败了，钱没有到，怎么办？", "gb18030"),
        ("Деньги не пришли на счёт, помогите", "koi8_r"),
        ("送金できないのですが、確認してください", "cp932"),
    ],
)
def test_another_alphabet_called_latin_is_read(declared, text, codec):
    assert decode(text.encode(codec), declared)[0] == text


@pytest.mark.parametrize(
    "text",
    ["Überweisung schlägt fehl, Größe ändern", "«»«»«»«» ¡¡¡¡¡", "a\xa0\xa0\xa0\xa0\xa0\xa0b é"],
)
def test_latin_stays_latin(text):
    assert decode(text.encode("latin-1"), "iso-8859-1")[0] == text


@pytest.mark.parametrize("declared", ["gb2312", "big5", "shift_jis"])
def test_text_that_was_cut_in_its_last_character_keeps_all_others(declared):
    assert decode("金送金送".encode(declared)[:-1], declared)[0] == "金送金"


@pytest.mark.parametrize(
    ("declared", "text"),
    [("gbk", "转账没到"), ("big5", "轉帳沒到"), ("euc-kr", "송금이 안"), ("shift_jis", "送金が届")],
)
def test_a_byte_that_was_broken_spoils_no_other_of_a_short_letter(declared, text):
    data = text.encode(declared)
    assert decode(data + b"\xff ok 1 " + data, declared)[0].count(text) == 2


@pytest.mark.parametrize("name", ["朱镕基", "张玥", "刘珺", "黄晓赟", "吴昕旻", "訾琳"])
def test_a_rare_character_of_a_name_does_not_hide_that_a_letter_is_chinese(name):
    for text in (
        f"我叫{name},密码忘了",
        f"您好,我是{name}",
        f"{name}的卡丢了",
        f"{name}:转账500元没到",
    ):
        assert decode(text.encode("gb18030"))[0] == text
        assert decode(text.encode("gb18030"), "utf-8")[0] == text


@pytest.mark.parametrize(
    "text",
    [
        *("Café für déjà vu", "Müller & Söhne grüßt", "¿Qué pasó, señor?", "±5 °C, É"),
        *("ÄÖÜ äöü ß", "naïve façade – “ok”", "Ærø Ødegård Åse", "Überweisung über 500 €, bitte"),
    ],
)
def test_latin_without_a_charset_stays_latin(text):
    assert decode(text.encode("cp1252"))[0] == text


def test_big5_may_have_what_windows_added_to_it():
    for text in ("帳單是 5€ 沒錯", "帳單是 5€ 沒錯," + "請儘快處理我的轉帳" * 10):
        assert decode(text.encode("cp950"), "big5")[0] == text


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf16_whose_order_nothing_tells_is_read(order):
    text = "Hello, 我的转账没有到账 500"
    assert decode(text.encode(f"utf-16-{order}"), "utf-16")[0] == text


def test_lines_of_base64_that_became_one_are_base64():
    text = "我的转账没有到账，请查一下。" * 9
    lines = encodebytes(text.encode()).decode().split()
    kind = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64"
    assert read(f"{HEAD}{kind}\r\n\r\n{' '.join(lines)}").text == text


@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
def test_japanese_without_a_charset_is_not_taken_for_chinese(codec):
    text = "送金できないのですが、確認してください"
    assert decode(text.encode(codec))[0] == text


@pytest.mark.parametrize(
    ("disposition", "content_type"),
    [
        ('attachment; name="a.pdf"', "x/y"),
        ("attachment", 'x/y; filename="a.pdf"'),
        ('filename="a.pdf"', "x/y"),
        ('attachment; filename=""', 'x/y; name="a.pdf"'),
        ('attachment; filename="a.pdf" (a bill)', "x/y"),
    ],
)
def test_a_files_name_may_stand_where_another_belongs(disposition, content_type):
    assert file_name(disposition, content_type) == "a.pdf"


def test_encoded_words_of_a_name_that_nothing_parts_are_read():
    words = "=?gbk?Q?=D7=AA?==?gbk?B?1cs=?==?gbk?Q?.pdf?="
    part = f'Content-Type: x/y\r\nContent-Disposition: attachment; filename="{words}"\r\n\r\nx'
    head = f"{HEAD}Content-Type: multipart/mixed; boundary=abc\r\n\r\n"
    mail = read(f"{head}--abc\r\n{part}\r\n--abc--\r\n")
    assert [file.name for file in mail.attachments] == ["转账.pdf"]


@pytest.mark.parametrize(
    "written",
    [
        "05.03.2026 06:07:08",
        "Thu, 5 Mar 126 06:07:08 +0000",
    ],
)
def test_a_date_of_programs_that_know_no_standard_is_read(written):
    assert str(moment(written)) == "2026-03-05 06:07:08+00:00"


def test_a_date_before_there_was_mail_is_none():
    assert moment("0001-01-01 00:00:00 +0000 UTC") is None


EMPTY = (
    "--abc\r\nContent-Type: text/plain; charset={charset}\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\n"
    "转账失败\r\n--abc\r\nContent-Type: application/pdf\r\n"
    'Content-Disposition: attachment; filename="a.pdf"\r\n\r\n\r\n--abc--\r\n'
)


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "us-ascii", "big5"])
def test_an_empty_file_does_not_spoil_the_text_beside_it(charset):
    codec = {"gb2312": "gbk"}.get(charset, "utf-8")
    head = f"{HEAD}Content-Type: multipart/mixed; boundary=abc\r\n\r\n"
    whole = (head + EMPTY.format(charset=charset)).encode(codec)
    mail = parse_mail(whole, account="desk")
    assert mail.text.strip() == "转账失败"
    assert [(file.name, file.data) for file in mail.attachments] == [("a.pdf", b"")]


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("Деньги", "gb2312"),
        ("账户 naïve", "shift_jis"),
        ("naïve Grüße, Größe", "gbk"),
        ("€", "windows-1251"),
        ("naïve", "iso-8859-15"),
    ],
)
def test_utf8_that_is_called_another_charset_is_utf8(text, declared):
    assert decode(text.encode(), declared)[0] == text


@pytest.mark.parametrize("text", ["客服您好", "行学小续", "请尽快处理，谢谢！", "转账"])
def test_chinese_that_is_called_chinese_stays_it(text):
    assert decode(text.encode("gb18030"), "gb2312")[0] == text


@pytest.mark.parametrize("charset", ["utf-8", "", "gbk", "x-unknown"])
def test_halves_of_pairs_in_utf8_are_joined(charset):
    smile = "😀".encode("utf-16-be")
    halves = b"".join(
        chr(int.from_bytes(smile[at : at + 2], "big")).encode("utf-8", "surrogatepass")
        for at in (0, 2)
    )
    text = "您好，请查询一下我的账户".encode() + halves
    assert decode(text, charset)[0] == "您好，请查询一下我的账户😀"
    assert "\ud83d" not in decode(b"a" + halves[:3] + b"b", charset)[0]


# --- more of everything than a mail needs -------------------------------------------------------

CROWD = ",\r\n ".join(f"Somebody <somebody{one}@mail.example>" for one in range(8_000))
MANY = "".join(f"X-Hop-{one}: here\r\n" for one in range(3_000))
WHOLE = f"{HEAD}Content-Type: multipart/mixed; boundary=abc\r\n"


@pytest.mark.parametrize(
    "head",
    [
        f"To: {CROWD}\r\n{WHOLE}",
        f"{WHOLE}To: {CROWD}\r\n",
        f"{MANY}{WHOLE}",
        f"Received: {'from a by b ' * 40_000}\r\n{WHOLE}",
    ],
    ids=["thousands of people first", "thousands of people last", "lines of 3,000 hops", "a hop"],
)
def test_a_mail_under_ever_so_many_headers_is_read(head):
    mail = read(f"{head}\r\n{PARTS}")
    assert (mail.sender.value, mail.subject) == ("li@mail.example", "lost")
    assert mail.text.strip() == "help me"
    assert [file.data for file in mail.attachments] == [b"hello"]
    assert "headers_cut" in mail.defects


def test_a_second_sender_below_ever_so_many_headers_makes_the_first_unsure():
    passed = "Authentication-Results: mx; dmarc=pass header.from=mail.example\r\n"
    once = f"{passed}{MANY}{WHOLE}"
    asked = {"account": "desk", "authserv_id": "mx"}
    sure = parse_mail(f"{once}\r\n{PARTS}".encode(), **asked)
    unsure = parse_mail(f"{once}From: a@mail.example\r\n\r\n{PARTS}".encode(), **asked)
    assert (sure.verification, unsure.verification) == (
        Verification.VERIFIED,
        Verification.FAILED,
    )


@pytest.mark.parametrize(
    "piece", ["a:b\n", "nothing\n", " \n", "To: a\n", "subject: a\n b\n", ":", "a: \r"]
)
def test_headers_without_end_are_read_in_linear_time(piece):
    started = process_time()
    read(f"X: y\n{piece * (4_500_000 // len(piece))}\n\n{HEAD}")
    assert process_time() - started < 5


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_of_a_text_without_end_only_what_is_kept_is_decoded(kind):
    piece = b"\x1b$B-!\x1b(B"  # two bytes of Windows' own, the slowest to read
    head = f"{HEAD}Content-Type: {kind}; charset=iso-2022-jp\r\n\r\n".encode()
    started = process_time()
    mail = parse_mail(head + piece * 3_000_000, account="desk")
    assert process_time() - started < 3
    assert mail.text.startswith("①①①")
    assert "text_cut" in mail.defects


def test_a_short_letter_below_pictures_of_megabytes_is_read_whole():
    pictures = "".join(
        f'<img src="data:image/png;base64,{one:04}{"iVBO" * 100_000}">' for one in range(9)
    )
    mail = read(f"{HEAD}Content-Type: text/html\r\n\r\n{pictures}<p>help me</p>")
    assert (mail.text.strip(), len(mail.attachments), mail.defects) == ("help me", 9, ())
