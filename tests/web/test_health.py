"""Is everything well? The answer a machine acts on, and nothing private in it."""

from datetime import timedelta
from urllib.parse import urlsplit

import psycopg
import pytest

from channels.contract import Refused
from router import channel_watch, deliver, examining, pipeline, polling, sweeps
from router.errors import StoreDown
from router.prepared import Terms
from router.store import claims
from router.worker import Worker

DUTY = {duty.name: duty for duty in sweeps.DUTIES}


@pytest.fixture
def look(browser_of):
    """What a stranger is told: the status, and the answer."""

    def ask():
        answer = browser_of(None).get("/healthz")
        return answer.status_code, answer.json

    return ask


def _word(router, name, **said):
    router.store.write(lambda unit: claims.report(unit, name, **said))


def test_a_desk_that_never_worked_yet_is_well(look):
    assert look() == (200, {"ok": True, "ill": [], "parked": 0})


def test_a_desk_at_work_is_well(look, router):
    sweeps.tick(router, DUTY["beat"])
    _word(router, "poll:email:support", ok=True)
    assert look()[0] == 200


def test_a_desk_that_cannot_write_is_ill_at_once(look, router):
    def away(unit):
        raise StoreDown("the disk is full")

    with pytest.raises(StoreDown):
        router.store.write(away)
    status, answer = look()
    assert (status, answer["ill"]) == (503, ["database"])
    _word(router, "clock", ok=True)
    assert look()[0] == 200


def test_a_desk_whose_sends_fail_for_good_is_ill_and_says_how_many(look, router, door, monkeypatch):
    for number in range(8):
        door.answers.append(Refused(f"550 5.7.1 <p{number}@private.example>: denied"))
        raw = door.arrives(text="my transfer is pending", sender=f"p{number}@mail.example")
        pipeline.receive(router, door, [raw], Terms())
    router.store.write(lambda unit: unit.run("UPDATE outbox SET state = 'queued', due_at = 0"))
    deliver.sweep(router, limit=4)
    assert look()[0] == 200
    deliver.sweep(router)
    status, answer = look()
    assert status == 503
    assert answer["ill"] == ["sends: 8 of the last 8 sends failed: 550 5.7.1"]
    said = examining._sends(router)
    assert (said.ok, said.said.startswith("8 of the last 8 sends failed: 550 5.7.1")) == (
        False,
        True,
    )


def test_a_door_that_cannot_be_fetched_is_ill_by_name(look, router, door):
    worker = Worker(router)
    worker._tell(door, OSError("the line of pat@private.example broke"))
    status, answer = look()
    assert (status, answer["ok"]) == (503, False)
    assert answer["ill"] == ["poll:email:support"]
    assert "private" not in str(answer)


def test_a_door_that_recovers_is_well_again(look, router, door):
    worker = Worker(router)
    worker._tell(door, OSError("the line broke"))
    polling.poll(router, door)
    _word(router, "poll:email:support", ok=True)
    assert look()[0] == 200


def test_a_duty_that_raises_is_ill_by_name(look, router):
    def fails(_):
        raise ValueError("made up")

    duty = sweeps.Duty("made-up", timedelta(seconds=1), lambda _: True, fails)
    sweeps.attempt(router, duty)
    assert look() == (503, {"ok": False, "ill": ["sweep:made-up"], "parked": 0})


def test_a_duty_that_does_its_work_again_is_well_again(look, router):
    outcomes = iter([ValueError("made up"), None])

    def now_and_then(_):
        if fault := next(outcomes):
            raise fault

    duty = sweeps.Duty("made-up", timedelta(seconds=1), lambda _: True, now_and_then)
    sweeps.attempt(router, duty)
    assert look()[0] == 503
    sweeps.attempt(router, duty)
    assert look()[0] == 200


def test_a_worker_that_says_nothing_any_more_is_missed(look, router, frozen):
    sweeps.tick(router, DUTY["beat"])
    frozen.advance(timedelta(seconds=119))
    assert look()[0] == 200
    frozen.advance(timedelta(seconds=2))
    assert look() == (503, {"ok": False, "ill": ["worker"], "parked": 0})
    sweeps.tick(router, DUTY["beat"])
    assert look()[0] == 200


def test_parked_items_are_counted_and_the_desk_goes_on(look, router, door):
    raws = [door.arrives(poison=True), door.arrives(poison=True), door.arrives(text="hello")]
    pipeline.receive(router, door, raws, Terms())
    assert look() == (200, {"ok": True, "ill": [], "parked": 2})


@pytest.mark.own_database
def test_a_database_that_is_gone_is_the_reason(look, gone):
    gone()
    assert look() == (503, {"ok": False, "ill": ["database"], "parked": 0})


@pytest.fixture
def gone(router, store_url, tmp_path, request, database_kind):
    """Takes the database away."""

    def take():
        router.store.pool.close()
        if database_kind == "sqlite":
            (tmp_path / "router.sqlite3").unlink()
            (tmp_path / "router.sqlite3").mkdir()
            return
        name = urlsplit(store_url).path.strip("/")
        _ask(request.getfixturevalue("postgresql"), f"DROP DATABASE {name} WITH (FORCE)")

    return take


def _ask(uri, statement):
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement)


def test_a_damaged_database_is_the_reason(look, router, tmp_path, database_kind):
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL looks after its own files")
    router.store.close()
    (tmp_path / "router.sqlite3").write_bytes(b"this was a database once" * 1000)
    assert look() == (503, {"ok": False, "ill": ["database"], "parked": 0})


def test_those_who_run_the_desk_read_the_same_in_words(browser_of, router, door):
    Worker(router)._tell(door, OSError("the line broke"))
    pipeline.receive(router, door, [door.arrives(poison=True)], Terms())
    page = browser_of("manager").get("/status?lang=en").text
    assert "the line broke" in page
    assert browser_of(None).get("/status").status_code == 303


def test_a_stopped_channel_is_among_the_notices_of_those_who_lead(router, browser_of):
    router.store.write(
        lambda unit: claims.report(unit, "speaks:wechat:desk", ok=False, detail="stopped")
    )
    channel_watch.sweep(router)
    page = browser_of("manager").get("/notices?lang=en").text
    assert "A channel has stopped" in page
    assert "WeChat" in page
    assert "A channel has stopped" not in browser_of("agent").get("/notices?lang=en").text
