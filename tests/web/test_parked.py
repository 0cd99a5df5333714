"""The parked items: shown to those who may act on them, and sent through again."""

import re
from datetime import timedelta

import pytest

from router import pipeline, reports
from router.prepared import Terms

pytestmark = pytest.mark.one_database


@pytest.fixture
def parked(router, door):
    raw = door.arrives(poison=True, text="please help", subject="Lost")
    return pipeline.receive(router, door, [raw], Terms())[0]


@pytest.fixture
def mended(door):
    """From now on the door reads what it could not read before."""

    def mend():
        read = door.parse

        def parse(raw):
            return read(type(raw)(raw.remote_id, raw.data.replace(b'"poison": true', b'"ok": 1')))

        door.parse = parse

    return mend


def _replay(page):
    return re.search(r"/parked/\d+/replay", page.text)[0]


def test_a_parked_item_is_listed_with_its_error_and_its_ticket(parked, browser_of):
    page = browser_of("lead").get("/parked").text
    assert "ValueError" in page
    assert parked.number in page


def test_only_those_who_run_the_desk_read_the_traceback(parked, browser_of):
    assert "made-up poison" not in browser_of("lead").get("/parked").text
    page = browser_of("manager").get("/parked").text
    assert "made-up poison" in page
    assert "4111 1111 1111 1111" not in page


def test_an_agent_may_not_open_the_page(parked, browser_of):
    assert browser_of("agent").get("/parked").status_code == 403


def test_what_can_be_read_now_goes_through_and_leaves_the_list(parked, mended, browser_of, router):
    lead = browser_of("lead")
    address = _replay(lead.get("/parked"))
    mended()
    answer = lead.post(address, follow_redirects=True)
    assert answer.status_code == 200
    (number,) = re.findall(r"through=([\w-]+)", answer.request.full_path)
    assert number in answer.text
    assert parked.number not in answer.text
    assert "please help" in lead.get(f"/ticket/{number}").text


def test_nobody_is_said_to_have_answered_what_was_sent_through_again(
    parked, mended, browser_of, router
):
    lead = browser_of("lead")
    mended()
    lead.post(_replay(lead.get("/parked")))
    reports.sweep(router, timedelta(0))
    with router.store.reading() as unit:
        assert unit.rows("SELECT what FROM happening WHERE what IN ('kept', 'broken')") == []


def test_what_still_fails_stays_and_the_reader_is_told(parked, browser_of):
    lead = browser_of("lead")
    answer = lead.post(_replay(lead.get("/parked")))
    assert answer.status_code == 409
    assert parked.number in lead.get("/parked").text


def test_a_lead_of_another_team_neither_sees_nor_replays_it(parked, browser_of, router):
    address = _replay(browser_of("manager").get("/parked"))
    team = "UPDATE ticket SET team_id = (SELECT id FROM team WHERE key = 'security')"
    router.store.write(lambda unit: unit.run(team))
    lead = browser_of("lead")
    assert parked.number not in lead.get("/parked").text
    assert lead.post(address).status_code == 404


def test_nothing_parked_is_good_news(browser_of):
    assert 'class="empty"' in browser_of("lead").get("/parked").text
