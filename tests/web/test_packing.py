"""Files of ours go out packed, pages never do."""

import gzip

import pytest

pytestmark = pytest.mark.one_database

PACKS = {"Accept-Encoding": "gzip, br"}


def test_a_file_is_packed_for_who_can_unpack_it(browser_of):
    browser = browser_of(None)
    plain = browser.get("/static/inbox.js", buffered=True)
    packed = browser.get("/static/inbox.js", headers=PACKS, buffered=True)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2


def test_a_packed_file_that_did_not_change_is_not_sent_again(browser_of):
    browser = browser_of(None)
    tag = browser.get("/static/inbox.js", headers=PACKS, buffered=True).headers["ETag"]
    asked = {"headers": {**PACKS, "If-None-Match": tag}, "buffered": True}
    again = browser.get("/static/inbox.js", **asked)
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "more", [{"Range": "bytes=0-9"}, {"Accept-Encoding": "identity, gzip;q=0"}]
)
def test_who_asks_for_a_piece_or_for_no_packing_gets_it(browser_of, more):
    asked = {"headers": {**PACKS, **more}, "buffered": True}
    answer = browser_of(None).get("/static/inbox.js", **asked)
    assert "Content-Encoding" not in answer.headers


def test_pages_are_not_packed(browser_of):
    page = browser_of("agent").get("/", headers=PACKS)
    assert "Content-Encoding" not in page.headers
