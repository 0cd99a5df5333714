"""Lines are said once for all who look; nobody may see an old word or another's language."""

import re
from datetime import timedelta

import pytest

from router import desk
from router.core.rights import Who

pytestmark = pytest.mark.one_database


def _line(browser, lang="en"):
    page = browser.get(f"/?view=all&lang={lang}", headers={"X-Part": "rows"}).text
    return re.sub(r"<[^>]+>|\s+", " ", page[page.index('class="l-who"') :])


def test_time_that_passes_is_told_at_each_look(browser_of, calm, frozen):
    reader = browser_of("manager")
    assert "now" in _line(reader)
    frozen.advance(timedelta(minutes=5))
    first = _line(reader)
    assert "5 min ago" in first
    frozen.advance(timedelta(minutes=1))
    second = _line(reader)
    assert "6 min ago" in second
    assert re.findall(r"\d+ h \d+ min|\d+ min left", first) != re.findall(
        r"\d+ h \d+ min|\d+ min left", second
    )


def test_a_promise_that_was_broken_between_two_looks_says_so(browser_of, alarm, frozen):
    assert "left" in _line(browser_of("manager"))
    frozen.advance(timedelta(minutes=20))
    said = _line(browser_of("manager"))
    assert "late" in said
    assert "left" not in said


def test_what_changed_between_two_looks_is_seen_at_the_second(router, agents, browser_of, calm):
    reader = browser_of("manager")
    assert "Unassigned" in _line(reader)
    lead = Who(agents["lead"], "Lead", "lead", frozenset({1, 2}), "en")
    desk.assign(router, lead, calm.ticket_id, agents["agent"])
    assert "Unassigned" not in _line(reader)


def test_each_reader_is_told_in_their_own_language(browser_of, calm):
    reader = browser_of("manager")
    for lang, word in (("en", "Transfer"), ("zh", "转账"), ("en", "Transfer"), ("zh", "转账")):
        assert word in _line(reader, lang)
