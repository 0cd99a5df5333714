"""A channel that stops is told once, and once more when it is back."""

from datetime import timedelta

import pytest

from router import channel_watch, notify
from router.store import channels, claims, notices, people
from tests.fakes import FakeDoor, FakeDoors

STOPPED, FETCH = "speaks:x:desk", "poll:email:support"
ROLES = ("agent", "lead", "manager", "admin")


@pytest.fixture
def router(assembled):
    router = assembled(doors=FakeDoors(FakeDoor()))

    def hire(unit):
        for role in ROLES:
            people.create_agent(unit, f"{role}@desk.example", role.title(), role, ["support"])

    router.store.write(hire)
    return router


@pytest.fixture
def say(router):
    """A channel's last word about itself."""

    def report(name, *, ok, detail=""):
        router.store.write(lambda unit: claims.report(unit, name, ok=ok, detail=detail))

    return report


@pytest.fixture
def told(router):
    """Whom the duty has told what, by the role of the agent."""

    def look():
        channel_watch.sweep(router)
        with router.store.reading() as unit:
            return [
                (row.role, row.code)
                for row in unit.rows(
                    "SELECT a.role, n.code FROM notice n JOIN agent a ON a.id = n.agent_id "
                    "ORDER BY n.id"
                )
            ]

    return look


def test_a_refused_channel_is_told_at_once_and_only_once(say, told):
    say(STOPPED, ok=False, detail="stopped")
    leading = [(role, "channel_stopped") for role in ("lead", "manager", "admin")]
    assert told() == leading
    say(STOPPED, ok=False, detail="stopped")
    assert told() == leading


def test_it_is_told_once_more_when_it_is_back_and_anew_when_it_stops_again(say, told, frozen):
    say(STOPPED, ok=False, detail="stopped")
    told()
    frozen.advance(timedelta(minutes=5))
    say(STOPPED, ok=True)
    codes = [code for _, code in told()]
    assert codes == ["channel_stopped"] * 3 + ["channel_back"] * 3
    assert [code for _, code in told()] == codes
    frozen.advance(timedelta(minutes=5))
    say(STOPPED, ok=False, detail="stopped")
    assert [code for _, code in told()] == [*codes, *["channel_stopped"] * 3]


def test_a_line_that_is_cut_and_mended_is_nobodys_business(say, told, frozen):
    say(FETCH, ok=False, detail="cannot_fetch")
    assert told() == []
    frozen.advance(timedelta(seconds=50))
    say(FETCH, ok=True)
    frozen.advance(timedelta(minutes=5))
    assert told() == []
    say(FETCH, ok=False, detail="cannot_fetch")
    frozen.advance(timedelta(seconds=60))
    assert len(told()) == 3


def test_nobody_has_work_while_every_channel_is_well(router, say):
    say(STOPPED, ok=True)
    with router.store.reading() as unit:
        assert not channels.pending(unit)
    say(STOPPED, ok=False, detail="stopped")
    with router.store.reading() as unit:
        assert channels.pending(unit)
    channel_watch.sweep(router)
    say(STOPPED, ok=True)
    with router.store.reading() as unit:
        assert channels.pending(unit)
    channel_watch.sweep(router)
    with router.store.reading() as unit:
        assert not channels.pending(unit)


def test_what_goes_outside_names_the_channel_and_its_trouble_and_nobody(assembled):
    router = assembled(notices={"ops": {}}, doors=FakeDoors(FakeDoor()))
    router.store.write(lambda unit: claims.report(unit, STOPPED, ok=False, detail="stopped"))
    channel_watch.sweep(router)
    (row,) = router.store.write(lambda unit: notices.claim(unit, 10, 1))
    title, body = notify.told(router, row)
    assert "X" in title
    assert "/status" in body
    assert "{" not in title + body
    router.store.write(lambda unit: claims.report(unit, STOPPED, ok=True))
    channel_watch.sweep(router)
    rows = router.store.write(lambda unit: notices.claim(unit, 10, 1))
    assert "channel_back" in {one.code for one in rows}


def test_a_channel_whose_plug_in_is_gone_is_told_by_its_kind(assembled):
    router = assembled(notices={"ops": {}}, doors=FakeDoors(FakeDoor()))
    gone = "speaks:carrier_pigeon:desk"
    router.store.write(lambda unit: claims.report(unit, gone, ok=False, detail="stopped"))
    channel_watch.sweep(router)
    (row,) = router.store.write(lambda unit: notices.claim(unit, 10, 1))
    assert "carrier_pigeon (desk)" in notify.told(router, row)[0]


def test_a_desk_that_wants_no_such_notices_gets_none(assembled):
    router = assembled(escalation={"chains": {}}, doors=FakeDoors(FakeDoor()))
    router.store.write(lambda unit: claims.report(unit, STOPPED, ok=False, detail="stopped"))
    channel_watch.sweep(router)
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM notice") == 0
