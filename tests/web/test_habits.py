"""What people who work in an inbox all day are used to, and were let down by elsewhere."""

import re

import pytest

from tests.fakes import FakeDoors

pytestmark = pytest.mark.one_database

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
SECRET = "card 4111 1111 1111 1111"


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door))


def _box(page, kind):
    """The text that stands in the box for a reply or a note."""
    form = page.text[page.text.index(f'id="compose-{kind}"') :]
    return re.search(r"<textarea[^>]*>\s?(.*?)</textarea>", form, re.DOTALL)[1]


def test_no_key_of_the_desk_needs_alt(browser_of, mail):
    ticket, browser = mail(), browser_of("lead")
    for path in ("/", f"/ticket/{ticket.number}", "/reports/sla", "/rules"):
        page = browser.get(path).text
        keys = re.findall(r'aria-keyshortcuts="([^"]+)"', page)
        assert "accesskey" not in page
        assert not any(word in key for key in keys for word in ("Alt", "Option", "Meta"))


def test_the_other_language_keeps_what_was_begun(browser_of, mail):
    at, browser = f"/ticket/{mail().number}", browser_of("agent")
    browser.post(f"{at}/draft", {"kind": "reply", "text": "Dear Ann, your mo"})
    for language in ("en", "zh"):
        assert _box(browser.get(f"{at}?lang={language}"), "reply") == "Dear Ann, your mo"


def test_a_note_that_was_refused_is_still_a_note(browser_of, mail):
    at, browser = f"/ticket/{mail().number}", browser_of("agent")
    page = browser.post(f"{at}/note", {"text": f"they sent {SECRET}", "once": "n1"})
    assert page.status_code == 422
    assert "they sent" in _box(page, "note")
    assert _box(page, "reply") == ""


def test_no_rule_touches_and_no_acknowledgement_follows_what_an_agent_begins(router, browser_of):
    letter = {
        "channel": "email:support",
        "handle": "ann@mail.example",
        "name": "Ann",
        "subject": "About the payment",
        "text": "You wrote that somebody hacked your account: it is safe again.",
        "category": "transfer.pending",
        "team": "1",
        "once": "n1",
    }
    assert browser_of("agent").post("/new", letter).status_code == 303
    with router.store.reading() as unit:
        row = unit.row("SELECT category, security, state FROM ticket")
        kinds = [one.purpose for one in unit.rows("SELECT purpose FROM outbox")]
    assert (row.category, bool(row.security), row.state) == ("transfer.pending", False, "waiting")
    assert kinds == ["reply"]


def test_a_secret_in_the_name_of_whom_an_agent_writes_to_is_not_kept(router, browser_of):
    letter = {
        "channel": "email:support",
        "handle": "ann@mail.example",
        "name": "Ann, who lives in the old house at the far end of the quay, " + PHRASE,
        "subject": "About the payment",
        "text": "It is on its way.",
        "category": "transfer.pending",
        "team": "1",
        "once": "n2",
    }
    assert browser_of("agent").post("/new", letter).status_code == 303
    with router.store.reading() as unit:
        kept = [unit.value(f"SELECT name FROM {one}") for one in ("requester", "identity")]
    assert kept == ["Ann, who lives in the old house at the far end of the quay, ••••"] * 2


def test_a_promise_is_told_in_words_with_a_mark_and_a_moment(browser_of, mail, frozen):
    page = browser_of("agent").get(f"/ticket/{mail().number}?lang=en").text
    badge = re.search(r'<span class="badge due [a-z]+">(.*?)</span>\s', page, re.DOTALL)[1]
    assert re.search(r"\w+ \w+", re.sub(r"<[^>]+>", "", badge))
    assert "<time" in page
