"""Presence and shifts on the pages."""

import pytest

from router.store import presence
from tests.fakes import FakeDoors

pytestmark = pytest.mark.one_database


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door), assignment={"mode": "load"})


def state(router, agent_id):
    with router.store.reading() as unit:
        return presence.of_agent(unit, agent_id)


def test_an_agent_says_that_they_are_here_and_steps_away(router, agents, browser_of):
    browser = browser_of("agent")
    assert "I am here" in browser.get("/?lang=en").text
    answer = browser.post("/presence", data={"state": "here", "back": "/outbox"})
    assert answer.headers["Location"] == "/outbox"
    assert state(router, agents["agent"]) == "here"
    assert "Step away" in browser.get("/?lang=en").text
    for back in ("//evil.example", "/\t/evil.example", "/\r/evil.example"):
        answer = browser.post("/presence", data={"state": "away", "back": back})
        assert answer.headers["Location"] == "/"
    assert state(router, agents["agent"]) == "away"


def test_a_lead_sets_shift_and_skills_of_their_own_people_only(router, agents, browser_of):
    browser, data = browser_of("lead"), {"state": "here", "shift": "desk"}
    page = f"/shifts/{agents['agent']}"
    assert browser.post(page, data={**data, "skills": "language:en"}).status_code == 303
    shown = browser.get("/shifts?lang=en").text
    assert "language:en" in shown
    assert "Manager" not in shown
    assert browser.post(f"/shifts/{agents['manager']}", data=data).status_code == 404
    for wrong in ({"skills": "english"}, {"shift": "noon"}, {"state": "gone"}):
        assert browser.post(page, data={**data, **wrong}).status_code == 400
