"""Files of ours go out packed, pages never do."""

import gzip
import re

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


# ---------------------------------------------------------------- addresses


def _scripts(page):
    return re.findall(r'(?:src|href)="(/static/[^"]+\.js)"', page)


def test_a_page_of_the_inbox_names_every_module_at_once(browser_of):
    page = browser_of("agent").get("/").text
    named = {address.rpartition("/")[2] for address in _scripts(page)}
    assert {"inbox.js", "parts.js", "drafts.js", "keys.js", "snippets.js", "seats.js"} <= named


def test_what_a_module_imports_is_kept_as_long_as_the_module(browser_of):
    browser = browser_of("agent")
    addresses = _scripts(browser.get("/").text)
    (edition,) = {address.rpartition("/")[0] for address in addresses}
    for address in addresses:
        assert "immutable" in browser.get(address, buffered=True).headers["Cache-Control"]
    script = browser.get(f"{edition}/inbox.js", buffered=True).text
    for other in re.findall(r'"\./(\w+\.js)"', script):
        answer = browser.get(f"{edition}/{other}", buffered=True)
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("place", ["", "@0000000000/"])
def test_a_file_without_our_edition_is_asked_for_again(browser_of, place):
    answer = browser_of(None).get(f"/static/{place}inbox.js", buffered=True)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", ["../lines.py", "%2e%2e/lines.py", "none.js", "@x/../lines.py"])
def test_nothing_but_our_files_is_given_out(browser_of, path):
    assert browser_of(None).get(f"/static/{path}").status_code == 404
