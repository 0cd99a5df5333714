"""The plain version of a letter is read unless it only stands in for the other one."""

import pytest

from channels.email.parse import parse_mail

LETTER = "My seed phrase leaked, please freeze the account. " * 8


def read(plain, html):
    parts = (
        "From: li@mail.example\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{plain}\r\n"
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b--\r\n"
    )
    return parse_mail(parts.encode(), account="desk").text.strip()


@pytest.mark.parametrize(
    "plain",
    [
        *(
            "",
            ".",
            "--",
            "\u200b",
            "[image: logo]",
            "[cid:logo@1] ",
            "您的邮件客户端不支持HTML格式。",
        ),
        *("This message requires an HTML capable reader.", "Please view this email in a browser."),
        *("Your mail reader does not support HTML.", "请在浏览器中查看", "Message body"),
    ],
)
def test_a_text_that_stands_in_for_the_letter_is_not_read(plain):
    assert read(plain, f"<p>{LETTER}</p>") == LETTER.strip()


@pytest.mark.parametrize("plain", [".", "您的邮件客户端不支持HTML格式。"])
def test_not_even_for_a_short_letter(plain):
    assert read(plain, "<p>我的助记词泄露了</p>") == "我的助记词泄露了"


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("hi", "<p>hi</p>"),
        ("My coins were stolen.", "<p>Hello there</p>"),
        ("It says: HTML error. My coins were stolen.", "<p>It says: HTML error. My coins</p>"),
        ("我的币被盗了", "<div>我的</div><div>币被盗了</div>"),
        (
            "我的币被盗了",
            "<p>&#25105;&#30340;&#24065;&#34987;&#30423;&#20102;</p>" + "<p>x</p>" * 80,
        ),
        ("My coins were stolen", f"<p>My coins were stolen</p><p>{LETTER}</p>"),
        ("My browser is broken", '<img src="cid:a">'),
        (LETTER * 9, "<p>something else</p>"),
    ],
)
def test_any_other_plain_text_is_read(plain, html):
    assert read(plain, html) == plain.strip()
