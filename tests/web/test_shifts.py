"""Presence and shifts on the pages."""

import re

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


def shown(browser, agent_id):
    """What somebody's form holds as it is shown."""
    form = browser.get("/shifts").text.split(f'action="/shifts/{agent_id}"')[1].split("</form>")[0]
    return dict(re.findall(r'name="(was_\w+)" value="([^"]*)"', form))


def test_who_stepped_away_meanwhile_is_not_called_back_by_a_lead(router, agents, browser_of):
    agent, lead = browser_of("agent"), browser_of("lead")
    agent.post("/presence", data={"state": "here"})
    page = f"/shifts/{agents['agent']}"
    data = {"state": "here", "shift": "", **shown(lead, agents["agent"])}
    agent.post("/presence", data={"state": "away"})
    assert lead.post(page, {**data, "skills": "language:zh，language:en"}).status_code == 303
    assert state(router, agents["agent"]) == "away"
    assert "language:en language:zh" in lead.get("/shifts").text


def test_skills_that_are_none_can_be_mended_where_they_were_typed(router, agents, browser_of):
    lead, page = browser_of("lead"), f"/shifts/{agents['agent']}"
    data = {"state": "here", "shift": "desk", "skills": "english category:transfer"}
    answer = lead.post(f"{page}?lang=en", data)
    assert answer.status_code == 400
    assert 'value="english category:transfer"' in answer.text
    assert "Skills are words like" in answer.text
    assert state(router, agents["agent"]) == "away"
