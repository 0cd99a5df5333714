"""Pictures that stand in a page's own bytes are files like all others."""

from base64 import b64encode
from time import process_time
from urllib.parse import quote

import pytest

from channels.email.parse import parse_mail

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9
WRITTEN = b64encode(PNG).decode()
HEAD = (
    "From: Li <li@mail.example>\r\nSubject: look\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
)


def read(page):
    return parse_mail(f"{HEAD}{page}".encode(), account="desk")


@pytest.mark.parametrize(
    "picture",
    [
        f'<img src="data:image/png;base64,{WRITTEN}" alt="x">',
        f"<IMG alt=x SRC='data:image/png;base64,{WRITTEN}'>",
        f"<img src=data:image/png;base64,{WRITTEN} alt=x>",
        f'<img width="9" src="data:image/png;charset=utf-8;base64,{WRITTEN}">',
        f'<img src="data:image/png;base64,{quote(WRITTEN, safe="")}">',
        f'<img src="DATA:image/PNG;base64,\r\n{WRITTEN[:76]}\r\n{WRITTEN[76:]}">',
    ],
)
def test_a_picture_within_a_page_is_shown_as_a_file_that_came_with_it(picture):
    mail = read(f"<p>See this</p>{picture}<p>I did not pay it</p>")
    (file,) = mail.attachments
    assert (file.name, file.mime, file.data) == ("image.png", "image/png", PNG)
    assert f'"cid:{file.content_id}"' in mail.html
    assert "base64" not in mail.html
    assert mail.text.split() == ["See", "this", "I", "did", "not", "pay", "it"]


def test_one_picture_at_two_places_is_one_file():
    picture = f'<img src="data:image/png;base64,{WRITTEN}">'
    other = picture.replace(WRITTEN, b64encode(PNG + PNG).decode())
    mail = read(picture + other + picture)
    assert [file.name for file in mail.attachments] == ["image.png", "image1.png"]
    assert mail.html.count(mail.attachments[0].content_id) == 2


@pytest.mark.parametrize(
    "page",
    [
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">',
        f'<img src="data:text/html;base64,{WRITTEN}">',
        f'<a href="data:image/png;base64,{WRITTEN}">look</a>',
        f"<p>write src=data:image/png;base64,{WRITTEN[:60]} yourself</p>",
        '<img src="https://mail.example/data:image.png">',
    ],
)
def test_what_is_no_picture_of_the_page_stays_where_it_is(page):
    mail = read(page)
    assert (mail.html, mail.attachments) == (page, ())


@pytest.mark.parametrize(
    "piece",
    [
        "<img ",
        '<img src="data:',
        "<img a a a a ",
        f'<img src="data:image/png;base64,{"A" * 300}1">',
    ],
)
def test_pictures_without_end_are_read_in_linear_time(piece):
    started = process_time()
    times = 3_000_000 // len(piece)
    read(f"data:{piece * times}")
    read("".join(piece.replace("1", f"{one:08}") for one in range(times)))
    assert process_time() - started < 5
