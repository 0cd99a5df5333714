"""The source of a mail: shown and handed out where it is kept, and each look is written down."""

import re

import pytest

from router import pipeline
from router.prepared import Terms
from tests.fakes import FakeDoors

pytestmark = pytest.mark.one_database


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door), intake={"keep_raw_days": 7})


@pytest.fixture
def source(router, door, browser_of):
    """The address of a mail's source, as its ticket tells it to a lead."""
    raw = door.arrives(text="My transfer is pending", subject="Transfer")
    number = pipeline.receive(router, door, [raw], Terms())[0].number
    return re.search(
        r'href="(/message/\d+/source)"', browser_of("lead").get(f"/ticket/{number}").text
    )[1]


def _looked(router):
    with router.store.reading() as unit:
        sql = (
            "SELECT action FROM audit WHERE action LIKE 'message.%' "
            "AND action <> 'message.taken' ORDER BY id"
        )
        return [row.action for row in unit.rows(sql)]


def test_a_lead_reads_the_source_and_takes_it_away_and_both_are_written_down(
    router, source, browser_of
):
    lead = browser_of("lead")
    page = lead.get(source)
    assert page.status_code == 200
    assert "My transfer is pending" in page.text
    with router.store.reading() as unit:
        assert f'href="/ticket/{unit.value("SELECT number FROM ticket")}">\u2039' in page.text
    file = lead.get(source.replace("/source", "/raw"))
    assert b"My transfer is pending" in file.data
    assert _looked(router) == ["message.headers_seen", "message.raw_taken"]


def test_an_agent_may_not_look_at_the_source(router, source, browser_of):
    assert browser_of("agent").get(source).status_code == 403
    assert _looked(router) == []
