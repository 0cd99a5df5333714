"""Managers see what is erased when, take out what is kept of somebody, and erase them."""

import io
import re
import zipfile
from datetime import timedelta

import pytest

from router import retention
from router.store import readings
from rules.raising import Near, Opinion
from tests.web.conftest import submitted

ADDRESS = "ann.canary@mail.example"


@pytest.fixture
def taken(router):
    return submitted(router, "My canary transfer is pending", email=ADDRESS, subject="canary")


@pytest.fixture
def place(router, taken):
    """The address of Ann's page."""
    with router.store.reading() as unit:
        number = unit.value("SELECT requester_id FROM ticket WHERE number = :n", n=taken.number)
    return f"/person/{number}"


def finish(router):
    while retention.sweep(router):
        pass


def test_a_manager_finds_the_way_from_a_ticket_and_an_agent_does_not(browser_of, taken, place):
    assert place in browser_of("manager").get(f"/ticket/{taken.number}").text
    assert place not in browser_of("agent").get(f"/ticket/{taken.number}").text


def test_somebody_is_found_by_a_number_or_an_address(browser_of, taken, place):
    browser = browser_of("manager")
    for words in (taken.number, taken.number.lower(), ADDRESS.upper()):
        answer = browser.get("/person", query_string={"q": words})
        assert answer.headers["Location"] == place
    answer = browser.get("/person", query_string={"q": "nobody@mail.example"})
    assert answer.status_code == 404
    assert "nobody@mail.example" in answer.text


def test_the_preview_says_what_goes_and_what_stays_in_both_languages(browser_of, taken, place):
    browser = browser_of("manager")
    for language, goes, stays in (("zh", "将抹除", "将保留"), ("en", "What goes", "What stays")):
        page = browser.get(f"{place}?lang={language}").text
        assert goes in page
        assert stays in page
        assert ADDRESS in page
        assert taken.number in page


def test_without_the_word_nothing_is_erased(router, browser_of, place):
    answer = browser_of("admin").post(f"{place}/erase", {"word": "yes"})
    assert answer.status_code == 422
    with router.store.reading() as unit:
        assert not retention.pending(unit)


@pytest.mark.parametrize("word", ["erase", " ERASE ", "抹除"])
def test_the_word_of_either_language_is_taken(router, browser_of, place, word):
    answer = browser_of("admin").post(f"{place}/erase", {"word": word})
    assert answer.headers["Location"] == place
    finish(router)
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM message WHERE text <> ''") == 0


def test_a_second_click_says_that_it_was_done(browser_of, place):
    browser = browser_of("admin")
    browser.post(f"{place}/erase", {"word": "erase"})
    assert browser.post(f"{place}/erase", {"word": "erase"}).status_code == 409


def test_no_page_shows_an_erased_person_any_more(router, browser_of, taken, place):
    browser = browser_of("admin")
    browser.post(f"{place}/erase", {"word": "erase"})
    finish(router)
    pages = (
        *("/", "/?view=all", "/?view=closed", "/outbox", "/audit", "/retention", "/reports"),
        *(place, f"/ticket/{taken.number}", "/?q=canary", f"/?q={ADDRESS}", "/status"),
    )
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        shown = re.sub(r'value="[^"]*"|href="[^"]*"', "", answer.text)  # what the reader typed
        assert "canary transfer" not in shown, path
        assert "ann.canary" not in shown.replace(f">{ADDRESS}<", "") or "q=" in path, path


def test_an_erased_ticket_says_so_and_offers_no_answer(router, browser_of, taken, place):
    browser = browser_of("admin")
    browser.post(f"{place}/erase", {"word": "erase"})
    finish(router)
    page = browser.get(f"/ticket/{taken.number}?lang=en").text
    assert "What was written here was erased." in page
    assert "The person was erased: what was written here is gone" in page
    assert 'id="compose-reply"' not in page
    assert "no longer promised" in page
    assert "kept</span>" not in page
    assert browser.post(f"/ticket/{taken.number}/note", {"text": "x"}).status_code == 409


def test_what_is_kept_is_taken_out_as_a_file_and_that_is_in_the_audit_log(
    router, browser_of, place
):
    browser = browser_of("manager")
    answer = browser.post(f"{place}/file.zip", {"notes": "1"})
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert ADDRESS in archive.read("person.json").decode()
    assert "downloaded what is kept about" in browser.get("/audit?lang=en").text


def test_the_page_of_retention_tells_what_is_in_force_and_what_was_erased(
    router, browser_of, place
):
    browser = browser_of("manager")
    assert "forever" in browser.get("/retention?lang=en").text
    browser.post(f"{place}/erase", {"word": "erase"})
    assert "% done" in browser.get("/retention?lang=en").text
    finish(router)
    page = browser.get("/retention?lang=en").text
    assert "a person, asked for by Manager" in page
    assert "Done" in page


def test_the_requesters_own_page_is_gone_with_them(router, browser_of, taken, place, frozen):
    token = router.tokens.status_token(taken.ticket_id, frozen.now() + timedelta(days=9))
    assert browser_of(None).get(f"/t/{token}").status_code == 200
    browser_of("admin").post(f"{place}/erase", {"word": "erase"})
    finish(router)
    assert browser_of(None).get(f"/t/{token}").status_code == 404


def test_a_ticket_that_the_second_reader_read_still_opens_when_its_words_are_erased(
    router, browser_of, taken, place
):
    near = (Near("transfer.pending", "my money has not arrived", 0.9),)
    read = Opinion("security.compromised", 0.1, "transfer.pending", 0.9, near)

    def work(unit):
        one = taken.message_id
        readings.keep(unit, one, read, bank="bank", raised=False, urgency="P3")

    router.store.write(work)
    browser = browser_of("admin")
    assert browser.get(f"/ticket/{taken.number}").status_code == 200
    browser.post(f"{place}/erase", {"word": "erase"})
    finish(router)
    assert browser.get(f"/ticket/{taken.number}").status_code == 200
