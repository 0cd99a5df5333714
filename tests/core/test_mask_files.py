"""Text files with a secret in them: a masked copy is kept, all else as it came."""

import base64
import json
import random

import pytest

from router.core.masking.secret_files import Budget, masked_copy
from tests import planted

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
HAN = planted.phrase("chinese_simplified", random.Random(7))


def _copy(data, name="notes.txt", mime="text/plain"):
    return masked_copy(name, mime, data, lambda value: f"<{value}>")


def _mail(body, encoding):
    return (
        "From: ann@mail.example\r\nSubject: my wallet\r\nMIME-Version: 1.0\r\n"
        'Content-Type: text/plain; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    ).encode() + body


def _rows(shape):
    return "".join(
        shape.format(n=n, word=word) for n, word in enumerate(PHRASE.split(), 1)
    ).encode()


BROKEN = PHRASE.replace("wave ", "wa=\r\nve ").encode()
KEYSTORE = planted.keystore(random.Random(1)).encode()
PEM = planted.pem(random.Random(1)).encode()


@pytest.mark.parametrize(
    ("name", "mime", "data"),
    [
        ("a.txt", "text/plain", f"x\n{PHRASE}\ny".encode()),
        ("a.txt", "text/plain", f"x\n{PHRASE}\ny".encode("utf-16")),
        ("a.txt", "text/plain", f"x\n{PHRASE}\ny".encode("utf-16-le")),
        ("a.txt", "", f"x\n{PHRASE}\ny".encode("utf-16-be")),
        ("词.txt", "text/plain", f"我的助记词：\n{' '.join(HAN)}\n".encode("utf-16-le")),
        ("a.csv", "text/csv", _rows("{n},{word}\r\n")),
        ("助记词.txt", "text/plain", f"我的助记词：{''.join(HAN)}".encode("gb18030")),
        ("a.json", "application/json", json.dumps({"words": PHRASE.split()}).encode()),
        ("a.json", "application/json", json.dumps({"助记词": HAN}).encode()),
        ("a.html", "text/html", _rows("<li><b>{word}</b></li>")),
        ("a.eml", "message/rfc822", _mail(base64.encodebytes(PHRASE.encode()), "base64")),
        ("a.eml", "message/rfc822", _mail(BROKEN, "quoted-printable")),
        ("UTC--2026-11-24--5290", "application/octet-stream", KEYSTORE),
        ("id_ec", "", PEM),
    ],
)
def test_a_secret_in_a_text_file_is_masked(name, mime, data):
    copy = _copy(data, name, mime)
    assert copy.kept
    assert "••••" in copy.data.decode()
    left = copy.data.decode().split()
    assert not {*PHRASE.split(), "".join(HAN)} & set(left)


def test_what_stands_around_a_secret_is_kept():
    copy = _copy(f"first line\n{PHRASE}\nlast line\n".encode())
    assert (copy.name, copy.mime, copy.data.decode()) == (
        "notes.txt",
        "text/plain",
        "first line\n••••\nlast line\n",
    )


def test_a_reading_that_is_not_the_file_itself_is_named_as_text():
    page = "<ul>" + "".join(f"<li>{word}</li>" for word in HAN) + "</ul>"
    cells = page.replace("</li><li>", "</li><!-- -- -- -- -- -- -- --><li>")
    copy = _copy(cells.encode(), "words.html", "text/html")
    assert (copy.name, copy.mime) == ("words.html.txt", "text/plain")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"date,amount\n2026-11-24,15.00\n",
        "我的转账一直没到账".encode("gb18030"),
        b"\x89PNG\r\n\x1a\n\0\0" + PHRASE.encode(),
        b"{broken \\u12",
        b"\xff\xfe\x00",
        b"\0" * 5000 + PHRASE.encode(),
        bytes(range(256)) * 20,
        b"\0\1\0\2" + PHRASE.encode(),
    ],
)
def test_a_file_without_a_readable_secret_stays_as_it_is(data):
    assert _copy(data) is None


def test_a_mail_that_is_nested_without_end_is_read_as_plain_text():
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n)
        for n in range(1_500)
    )
    assert _copy(deep, "a.eml", "message/rfc822") is None
    copy = _copy(deep + PHRASE.encode(), "a.eml", "application/octet-stream")
    assert b"winner" not in copy.data


def test_a_broken_mail_is_read_as_far_as_it_goes():
    broken = b"Content-Type: text/plain; charset=none-such\r\n\r\n" + PHRASE.encode()
    copy = _copy(broken, "a.eml", "message/rfc822")
    assert b"winner" not in copy.data


@pytest.mark.parametrize(
    "begins", [b"%PDF-1.4\n", b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"PK\x03\x04"]
)
def test_what_begins_like_a_picture_or_a_pdf_is_no_text(begins):
    assert _copy(begins + PHRASE.encode()) is None


def test_of_one_message_only_so_many_characters_are_read():
    budget = Budget(most=100)
    copies = [
        masked_copy(f"{n}.txt", "text/plain", PHRASE.encode(), lambda value: "print", budget)
        for n in range(3)
    ]
    assert [copy is not None for copy in copies] == [True, False, False]
    assert budget.short


def test_a_file_that_is_no_text_is_none_that_was_left_unread():
    budget = Budget(most=0)
    assert masked_copy("a.png", "image/png", b"\x89PNG\r\n\x1a\n\0\0", str, budget) is None
    assert not budget.short
    assert masked_copy("a.txt", "text/plain", b"hello", str, budget) is None
    assert budget.short


@pytest.mark.parametrize("charset", ["idna", "punycode", "undefined", "klingon"])
def test_a_charset_that_no_mail_has_hides_no_secret_in_one(charset):
    mail = _mail(base64.encodebytes(f"{PHRASE} é".encode()), "base64")
    copy = _copy(mail.replace(b"utf-8", charset.encode()), "a.eml", "message/rfc822")
    assert copy is not None
    assert b"sausage" not in copy.data
