"""The page of a requester: where it stands, what they may do there, and nothing of anybody else."""

import io
from datetime import timedelta

import pytest

from router import desk, pipeline
from router.core.clock import to_us
from router.core.rights import Who
from router.prepared import Terms
from router.store import tickets
from tests.fakes import FakeDoor
from tests.staff import staffed

pytestmark = pytest.mark.one_database

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
LEAD = Who(id=2, name="Hua", role="lead", teams=frozenset({1, 2}), locale="zh")


def opened(router, text="How can I export my records as PDF?", **mail):
    door = FakeDoor()
    raw = door.arrives(text=text, subject="private subject", **mail)
    ticket = pipeline.receive(router, door, [raw], Terms())[0].ticket_id
    token = router.tokens.status_token(ticket, router.clock.now() + timedelta(days=1))
    return ticket, f"/t/{token}"


def merged(router, **second):
    """Two tickets of which the second was merged into the first: their ids and the page of the
    second."""
    kept, _ = opened(router)
    gone, page = opened(router, "Where do I export my records as PDF?", **second)
    desk.merge(staffed(router, LEAD), LEAD, gone, kept)
    return kept, gone, page


def texts(router, ticket):
    with router.store.reading() as unit:
        sql = "SELECT text FROM message WHERE ticket_id = :t ORDER BY id"
        return [row.text for row in unit.rows(sql, t=ticket)]


def state(router, ticket):
    with router.store.reading() as unit:
        return unit.value("SELECT state FROM ticket WHERE id = :t", t=ticket)


def codes(router, ticket):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT code FROM entry WHERE ticket_id = :t ORDER BY id", t=ticket)
        return [row.code for row in rows]


def test_an_article_that_solves_it_closes_the_ticket_and_is_counted(router, browser_of):
    ticket, page = opened(router)
    browser = browser_of(None)
    shown = browser.get(page, headers={"Accept-Language": "en"}).text
    assert "Export your records" in shown
    assert "private subject" not in shown
    assert browser.post(f"{page}/solved", data={"article": "records-export"}).status_code == 303
    assert browser.post(f"{page}/solved", data={"article": "records-export"}).status_code == 303
    assert state(router, ticket) == "closed"
    with router.store.reading() as unit:
        used = unit.rows("SELECT article, what FROM article_use WHERE what = 'solved'")
        open_ones = unit.value(
            "SELECT COUNT(*) FROM sla_clock WHERE ticket_id = :t AND met_at IS NULL", t=ticket
        )
    assert [tuple(one) for one in used] == [("records-export", "solved")]
    assert open_ones == 0


def test_a_security_matter_is_never_closed_by_a_link(router, browser_of):
    ticket, page = opened(router, "There is a payment I did not make, my account was hacked")
    browser = browser_of(None)
    told = browser.post(f"{page}/solved").location
    assert state(router, ticket) != "closed"
    assert codes(router, ticket)[-1] == "solved_says_requester"
    assert "stays open" in browser.get(f"{told}&lang=en").text


def test_what_is_added_is_masked_judged_and_wakes_the_ticket(router, browser_of):
    ticket, page = opened(router)
    browser = browser_of(None)
    browser.post(f"{page}/solved")
    text = "My account was hacked, money is gone. My card is 4111 1111 1111 1111"
    answer = browser.post(f"{page}/add", data={"text": text, "once": "a"})
    assert answer.status_code == 303
    browser.post(f"{page}/add", data={"text": text, "once": "a"})
    with router.store.reading() as unit:
        texts = unit.rows(
            "SELECT text FROM message WHERE ticket_id = :t AND channel = 'webform'", t=ticket
        )
        row = unit.row("SELECT state, security, urgency FROM ticket WHERE id = :t", t=ticket)
    assert len(texts) == 1
    assert "4111" not in texts[0].text
    assert (row.state, bool(row.security), row.urgency) == ("open", True, "P1")


def test_a_seed_phrase_added_by_a_link_is_a_security_matter_at_once(router, browser_of):
    ticket, page = opened(router)
    words = "abandon ability able about above absent absorb abstract absurd abuse access accident"
    browser_of(None).post(f"{page}/add", data={"text": f"Here it is: {words}", "once": "a"})
    with router.store.reading() as unit:
        row = unit.row("SELECT security, urgency FROM ticket WHERE id = :t", t=ticket)
    assert (bool(row.security), row.urgency) == (True, "P1")
    assert "secret_received" in codes(router, ticket)
    assert words not in texts(router, ticket)[-1]


@pytest.mark.parametrize("block", [False, True])
def test_what_a_link_adds_to_spam_wakes_nobody(router, browser_of, block):
    ticket, page = opened(router)
    desk.spam(staffed(router, LEAD), LEAD, ticket, block=block)
    answer = browser_of(None).post(f"{page}/add", data={"text": "Buy more.", "once": "a"})
    assert answer.status_code == 303
    assert texts(router, ticket)[-1] == "Buy more."
    assert state(router, ticket) == "closed"
    with router.store.reading() as unit:
        row = unit.row("SELECT spam, due_at FROM ticket WHERE id = :t", t=ticket)
    assert (bool(row.spam), row.due_at) == (True, None)


def test_an_alarm_added_to_spam_is_seen_as_by_mail(router, browser_of):
    ticket, page = opened(router)
    desk.spam(staffed(router, LEAD), LEAD, ticket, block=True)
    text = "My account was hacked, there is a payment I did not make"
    browser_of(None).post(f"{page}/add", data={"text": text, "once": "a"})
    with router.store.reading() as unit:
        row = unit.row("SELECT state, spam, security FROM ticket WHERE id = :t", t=ticket)
        tagged = tickets.tags(unit, ticket)
    assert (row.state, bool(row.spam), bool(row.security)) == ("open", False, True)
    assert tickets.SPAM not in tagged


@pytest.mark.parametrize("text", ["", "   ", "x" * 5_001])
def test_what_cannot_be_added_comes_back_with_its_text(router, browser_of, text):
    _, page = opened(router)
    answer = browser_of(None).post(f"{page}/add", data={"text": text})
    assert answer.status_code == 400
    assert text in answer.text


def test_too_much_in_an_hour_is_told_and_not_lost(router, browser_of):
    _, page = opened(router)
    browser = browser_of(None)
    answers = [browser.post(f"{page}/add", data={"text": f"word {n}"}) for n in range(8)]
    assert [one.status_code for one in answers] == [303] * 6 + [429] * 2
    assert "word 7" in answers[-1].text


def test_another_text_from_the_same_page_is_another_message(router, browser_of):
    ticket, page = opened(router)
    browser = browser_of(None)
    for text in ("It is about March.", "And about April.", "And about April."):
        assert browser.post(f"{page}/add", data={"text": text, "once": "a"}).status_code == 303
    assert texts(router, ticket)[1:] == ["It is about March.", "And about April."]


def test_a_screenshot_is_added_with_words_or_without(router, browser_of):
    ticket, page = opened(router)
    browser = browser_of(None)
    assert 'enctype="multipart/form-data"' in browser.get(page).text
    for text in ("", "Here it is."):
        chosen = {"text": text, "once": "a", "attachments": (io.BytesIO(PNG), "screen.png")}
        assert browser.post(f"{page}/add", data=chosen).status_code == 303
    with router.store.reading() as unit:
        sql = "SELECT COUNT(*) FROM attachment a JOIN message m ON m.id = a.message_id "
        assert unit.value(f"{sql} WHERE m.ticket_id = :t", t=ticket) == 2


def test_a_file_that_may_not_be_added_is_told_and_the_text_is_kept(router, browser_of):
    ticket, page = opened(router)
    chosen = {"text": "my words", "attachments": (io.BytesIO(b"MZ program"), "screen.png")}
    answer = browser_of(None).post(f"{page}/add?lang=en", data=chosen)
    assert answer.status_code == 400
    for said in ("my words", "Only PNG, JPEG and PDF", "choose your files again"):
        assert said in answer.text
    assert len(texts(router, ticket)) == 1


def test_what_is_added_long_after_the_end_opens_a_ticket_that_its_page_follows(
    router, browser_of, frozen
):
    ticket, _ = opened(router)
    late = timedelta(days=15)
    page = f"/t/{router.tokens.status_token(ticket, router.clock.now() + 2 * late)}"
    browser = browser_of(None)
    browser.post(f"{page}/solved")
    frozen.advance(late)
    answer = browser.post(f"{page}/add", data={"text": "It is back.", "once": "a"})
    again = browser.post(f"{page}/add", data={"text": "It is back.", "once": "a"})
    with router.store.reading() as unit:
        new = unit.row("SELECT id, number, state FROM ticket ORDER BY id DESC LIMIT 1")
    assert (state(router, ticket), texts(router, new.id)) == ("closed", ["It is back."])
    for one in (answer, again):
        assert new.number in browser.get(one.location).text


def test_what_is_added_belongs_to_whom_the_link_was_made_for(router, browser_of):
    ticket, page = opened(router)
    browser_of(None).post(f"{page}/add", data={"text": "It is about March.", "once": "a"})
    with router.store.reading() as unit:
        rows = unit.rows("SELECT DISTINCT identity_id FROM message WHERE ticket_id = :t", t=ticket)
        assert unit.value("SELECT COUNT(*) FROM identity") == len(rows) == 1
        assert unit.value("SELECT COUNT(*) FROM outbox") == 1
    assert codes(router, ticket).count("added_by_link") == 1


def test_one_tap_says_how_it_was_and_the_last_word_counts(router, browser_of):
    ticket, page = opened(router)
    browser = browser_of(None)
    assert browser.post(f"{page}/rate", data={"score": "good"}).status_code == 303
    browser.post(f"{page}/solved")
    for word in ("poor", "good", "brilliant"):
        browser.post(f"{page}/rate", data={"score": word})
    with router.store.reading() as unit:
        rows = unit.rows("SELECT ticket_id, score FROM satisfaction")
    assert [tuple(row) for row in rows] == [(ticket, 5)]


def test_what_is_added_by_the_link_of_a_merged_ticket_comes_to_the_one_that_was_kept(
    router, browser_of
):
    kept, gone, page = merged(router)
    answer = browser_of(None).post(f"{page}/add", data={"text": "It is about March.", "once": "a"})
    assert answer.status_code == 303
    assert texts(router, kept)[-1] == "It is about March."
    assert texts(router, gone) == []
    assert state(router, gone) == "closed"
    assert codes(router, gone)[-1] == "merged"


def test_the_link_of_a_merged_ticket_tells_how_the_kept_one_stands(router, browser_of):
    kept, _, page = merged(router)
    browser = browser_of(None)
    shown = browser.get(f"{page}?lang=en").text
    assert "We have received it" in shown
    assert "It is settled" not in shown
    browser.post(f"{page}/solved")
    browser.post(f"{page}/rate", data={"score": "good"})
    assert state(router, kept) == "closed"
    with router.store.reading() as unit:
        rated = unit.rows("SELECT ticket_id, score FROM satisfaction")
    assert [tuple(row) for row in rated] == [(kept, 5)]


def test_a_code_asked_for_before_a_merge_is_typed_at_the_link_that_asked(router, browser_of):
    kept, _ = opened(router)
    gone, page = opened(router, "Where do I export my records as PDF?")
    desk.open_gate(staffed(router, LEAD), LEAD, gone, "phone")
    later = router.clock.now() + timedelta(minutes=10)
    with_code = "UPDATE gate SET sends = 1, salt = 'made-up', way = 'mail', expires_at = :at"
    router.store.write(lambda unit: unit.run(with_code, at=to_us(later)))
    desk.merge(router, LEAD, gone, kept)
    browser = browser_of(None)
    assert f'action="{page}/code"' in browser.get(page).text
    assert browser.post(f"{page}/code", data={"code": "000000"}).status_code == 422
    assert codes(router, kept)[-1] == "gate_code_wrong"


@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_the_link_of_a_ticket_merged_into_a_strangers_says_only_that(router, browser_of, tongue):
    kept, _, page = merged(router, **{"from": "bo@mail.example"})
    with router.store.reading() as unit:
        number = unit.value("SELECT number FROM ticket WHERE id = :t", t=kept)
    shown = browser_of(None).get(f"{page}?lang={tongue}").text
    assert {"zh": "一并处理", "en": "together with another"}[tongue] in shown
    assert number not in shown
    assert "<form" not in shown


def test_the_link_of_a_ticket_merged_into_a_strangers_writes_nowhere(router, browser_of):
    kept, gone, page = merged(router, **{"from": "bo@mail.example"})
    before = [(texts(router, one), codes(router, one)) for one in (kept, gone)]
    browser = browser_of(None)
    answer = browser.post(f"{page}/add", data={"text": "It is about March.", "once": "a"})
    assert answer.status_code == 409
    assert "It is about March." in answer.text
    for path, data in (("solved", {}), ("rate", {"score": "good"}), ("code", {"code": "1"})):
        assert browser.post(f"{page}/{path}", data=data).location == page
    assert [(texts(router, one), codes(router, one)) for one in (kept, gone)] == before
    assert (state(router, kept), state(router, gone)) == ("new", "closed")


@pytest.mark.parametrize("path", ["", "/add", "/solved", "/rate"])
def test_a_link_that_is_over_or_forged_does_nothing(router, browser_of, frozen, path):
    _, page = opened(router)
    browser = browser_of(None)
    forged = f"{page[:-2]}aa{path}"
    frozen.advance(timedelta(days=2))
    for wanted in (f"{page}{path}", forged):
        answer = browser.get(wanted) if not path else browser.post(wanted, data={"text": "x"})
        assert answer.status_code == 404


@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_every_article_is_a_page_in_both_languages(router, browser_of, tongue):
    browser = browser_of(None)
    shelf = browser.get(f"/help?lang={tongue}").text
    for name, article in router.articles.by_name.items():
        title = article.told(tongue).title
        assert title in shelf.replace("&#39;", "'")
        assert title in browser.get(f"/help/{name}?lang={tongue}").text.replace("&#39;", "'")
    assert browser.get("/help/unheard-of").status_code == 404


def test_the_form_offers_articles_about_what_was_chosen(browser_of):
    page = browser_of(None).get("/contact?about=records&lang=en").text
    assert "/help/records-export" in page
    assert "/help/login-reset" not in page


@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_every_case_of_the_acknowledgement_is_previewed_in_three_languages(browser_of, tongue):
    page = browser_of("lead").get(f"/acknowledgements?category=login.network&lang={tongue}").text
    assert page.count('class="letter"') == 15
    assert "WT-EXAM-PLE2" in page
    assert "Wi-Fi or mobile data" in page
    assert "行動數據" in page
    assert browser_of("lead").get("/acknowledgements?category=nonsense").status_code == 200
