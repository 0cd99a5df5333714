"""Pictures that came with a mail stand where it shows them, in a page of a size one can foresee."""

import base64
import re
import struct
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from tests.fakes import FakeDoors
from tests.router.mailroom import Mailroom, receive

pytestmark = pytest.mark.one_database


@pytest.fixture
def door():
    return Mailroom("help@desk.example")


@pytest.fixture
def shown(router, door, browser_of):
    """The page of a mail with this HTML and these pictures, by content id."""

    def page(html, **files):
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = "e@mail.example", "help@desk.example", "see"
        mail.set_content(html, subtype="html")
        for name, data in files.items():
            mail.add_related(data, "image", "png", cid=f"<{name}>", filename=f"{name}.png")
        taken = receive(router, door, mail.as_bytes())
        browser = browser_of("admin")
        files = browser.get(f"/ticket/{taken.number}").text
        return browser.get(f"/message/{taken.message_id}/html").text, files

    return page


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


def png(size=40, mark=b"\0"):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 1, 1)
    return head + mark * size


def _data(picture):
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def test_a_picture_stands_where_the_mail_shows_it(shown):
    page, _ = shown('<p>the screen: <img src="cid:a" alt="it"></p>', a=png())
    assert f'<img src="{_data(png())}" alt="it">' in page or (
        f'<img alt="it" src="{_data(png())}">' in page
    )


def test_a_content_id_in_text_in_a_link_or_beside_a_picture_stays_text(shown):
    page, _ = shown(
        '<p>write cid:a</p><a href="cid:a">cid:a</a><img src="cid:b" alt="cid:a">', a=png()
    )
    assert "base64" not in page
    assert "write cid:a" in page


def test_a_content_id_that_begins_like_another_is_its_own(shown):
    page, _ = shown('<img src="cid:a1"><img src="cid:a">', a=png(), a1=png(mark=b"1"))
    assert re.findall(r'src="([^"]*)"', page) == [_data(png(mark=b"1")), _data(png())]


def test_a_content_id_may_be_written_as_addresses_are(shown):
    page, _ = shown('<img src="CID:a%2Db">', **{"a-b": png()})
    assert _data(png()) in page


def test_a_thousand_names_of_one_picture_make_no_page_of_hundreds_of_megabytes(shown):
    page, files = shown("<p>" + '<img src="cid:a">cid:a ' * 1_000, a=png(240_000))
    assert len(page) < 5_000_000
    assert _data(png(240_000)) in page
    assert page.count("cid:a ") == 1_000
    assert "a.png" in files


def test_a_small_picture_is_shown_as_often_as_the_mail_says(shown):
    page, _ = shown('<p><img src="cid:a">look, a dot</p>' * 40, a=png())
    assert page.count(_data(png())) == 40


def test_what_calls_itself_a_picture_and_is_none_is_not_shown(shown):
    page, files = shown('<img src="cid:a">', a=b"<script>alert(1)</script>")
    assert "base64" not in page
    assert "a.png" in files
