"""Messages are said once for all who look; nobody may see an old word, another's or too much."""

import re
from datetime import timedelta

import pytest

from router import pipeline
from router.core.rights import ROLES
from router.prepared import Terms
from tests.pages import app_of
from tests.web.conftest import ALARM, Browser, submitted

pytestmark = pytest.mark.one_database


@pytest.fixture
def talk(router, door):
    """A ticket with messages both ways and a note, one of them a mail with pictures from afar."""
    outcomes = []
    for text, extra in (
        ("My transfer is still pending since yesterday", {"message_id": "<1@m.example>"}),
        ("Is anybody there? My seed words are safe, I hope", {}),
        (ALARM, {"html": '<p><img src="https://far.example/a.png"></p>'}),
    ):
        told = {"from": "ann@m.example", "thread_ids": ["<1@m.example>"], **extra}
        raw = door.arrives(text=text, **told)
        outcomes += pipeline.receive(router, door, [raw], Terms())
    return outcomes[0]


def _plain(page):
    """The page without what is made anew for each look."""
    return re.sub(r'name="(csrf|once)" value="[^"]*"', "", page.text)


def _pane(browser, ticket, lang="en"):
    return browser.get(f"/ticket/{ticket.number}?lang={lang}", headers={"X-Part": "pane"})


def test_what_was_kept_for_others_says_what_it_would_say_anew(router, agents, browser_of, talk):
    looks = [(role, lang) for role in ROLES for lang in ("en", "zh")]
    browsers = {role: browser_of(role) for role in ROLES}
    for role, lang in looks:
        _pane(browsers[role], talk, lang)
    for role, lang in looks:
        fresh = app_of(router)
        try:
            reader = Browser(fresh, browsers[role].client.get_cookie("desk").value)
            kept, anew = _pane(browsers[role], talk, lang), _pane(reader, talk, lang)
        finally:
            fresh.extensions["hub"].close()
        assert kept.status_code == anew.status_code
        assert _plain(kept) == _plain(anew)
    whole = _pane(browsers["manager"], talk).text
    assert whole.count('class="split"') == whole.count('class="message in"') == 3
    assert 'class="as-sent"' in whole


def test_how_long_ago_a_message_was_is_told_at_each_look(browser_of, calm, frozen):
    reader = browser_of("manager")
    frozen.advance(timedelta(minutes=5))
    assert "5 min ago" in _pane(reader, calm).text
    frozen.advance(timedelta(minutes=1))
    assert "6 min ago" in _pane(reader, calm).text
    assert "5 min ago" not in _pane(reader, calm).text


def test_what_became_of_an_answer_is_seen_at_the_next_look(browser_of, calm, router):
    agent = browser_of("agent")
    agent.post(f"/ticket/{calm.number}/reply", {"text": "We are looking into it", "once": "1"})
    assert 'class="badge outbox-queued"' in _pane(agent, calm).text
    router.store.write(lambda unit: unit.run("UPDATE outbox SET state = 'sent'"))
    page = _pane(agent, calm).text
    assert 'class="badge outbox-queued"' not in page
    assert 'class="badge outbox-sent"' in page


def test_words_that_look_like_our_own_marks_stay_words(browser_of, router):
    odd = submitted(router, "<b>bold</b> {{ cut }} <0123456789abcdef0123456789abcdef> </article>")
    page = _pane(browser_of("manager"), odd).text
    assert "&lt;b&gt;bold&lt;/b&gt; {{ cut }} &lt;0123456789abcdef" in page
    assert "&lt;/article&gt;" in page


def test_what_was_erased_is_on_no_page_and_in_no_memory(browser_of, app, router, calm, frozen):
    reader = browser_of("manager")
    assert "since yesterday" in _pane(reader, calm).text
    router.store.write(lambda unit: unit.run("UPDATE message SET text = ''"))
    assert "since yesterday" not in _pane(reader, calm).text
    frozen.advance(timedelta(minutes=20))
    _pane(reader, calm)
    kept = app.extensions["conversation"]._kept._pieces
    assert kept
    assert not any("since yesterday" in repr((of, parts)) for of, parts in kept.items())


def test_a_mark_covers_the_whole_word_whose_stem_a_rule_saw(browser_of, router):
    asked = submitted(router, "Where are the transfers of yesterday?", subject="Transfers")
    page = _pane(browser_of("manager"), asked).text
    marks = re.findall(r"<mark[^>]*>([^<]*)</mark>", page)
    assert marks
    assert not [one for one in marks if one.lower().endswith("transfer")]
    assert any(one.lower().endswith("transfers") for one in marks)
