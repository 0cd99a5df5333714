"""Live updates: a stream where there is a place, an answer to polling elsewhere, no place lost."""

import json
import queue
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from router.errors import StoreDown
from router.store import people
from router.store.database import Store
from router.web import live
from router.web.live import Hub
from tests.fakes import FakeDoors
from tests.walks.conftest import serving
from tests.web.conftest import submitted

STREAMS = 3
PATIENCE = 30


@pytest.fixture
def router(assembled, door):
    return assembled(doors=FakeDoors(door), web={"streams": STREAMS, "threads": 8})


@pytest.fixture
def cookie(router, agents):
    secret = router.store.write(lambda unit: people.open_session(unit, agents["agent"], hours=1))
    return {"Cookie": f"desk={secret}"}


class Stream:
    """A browser's open stream."""

    def __init__(self, address, cookie, method):
        self._line = HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE)
        self._line.request(method, "/live", headers=cookie)
        self._answer = self._line.getresponse()
        self.status = self._answer.status

    def event(self):
        """The number of the next event; comments are passed over. None at the end."""
        number = None
        while line := self._answer.readline():
            name, _, value = line.decode().strip().partition(": ")
            if name == "id":
                number = int(value)
            if not name and number is not None:
                return number
        return None

    def close(self):
        self._answer.close()
        self._line.close()


@pytest.fixture
def listen(router, cookie):
    """Serves the desk; opens streams of it."""
    streams = []
    with serving(router, threads=8) as address:

        def make(method="GET"):
            streams.append(Stream(address, cookie, method))
            return streams[-1]

        yield make
        for stream in streams:
            stream.close()


@contextmanager
def another_program(store_url, frozen, ids):
    """A second program's way into the same database."""
    other = Store(store_url, clock=frozen, ids=ids)
    try:
        yield other
    finally:
        other.close()


def _settled(stream):
    """The number at which the stream stands still: the watcher's first look is an event too."""
    number = stream.event()
    return number or stream.event()


def test_a_commit_of_this_program_is_an_event(router, listen):
    stream = listen()
    before = _settled(stream)
    submitted(router, "My transfer is pending")
    assert stream.event() > before


def test_a_commit_of_another_program_is_an_event(listen, store_url, frozen, ids):
    stream = listen()
    before = _settled(stream)
    with another_program(store_url, frozen, ids) as other:
        other.write(lambda unit: people.create_agent(unit, "new@desk.example", "New", "agent", []))
    assert stream.event() > before


def test_an_event_tells_nothing_but_that_something_changed(listen, router):
    stream = listen()
    _settled(stream)
    submitted(router, "My transfer is pending")
    lines = {stream._answer.readline() for _ in range(4)}
    assert not any(b"transfer" in line or b"WT-" in line for line in lines)
    assert b"event: changed\n" in lines


def test_an_alarm_waits_for_no_calm(router, listen, monkeypatch):
    monkeypatch.setattr(live, "CALM", timedelta(minutes=1))
    stream = listen()
    before = _settled(stream)
    submitted(router, "My transfer is pending")
    submitted(router, "Somebody got into my wallet and is sending my money away!")
    assert stream.event() > before


def test_past_the_cap_a_page_is_told_to_poll_and_polling_answers(listen, browser_of):
    streams = [listen() for _ in range(STREAMS)]
    full = listen()
    assert [stream.status for stream in streams] == [200] * STREAMS
    assert full.status == 503
    assert int(full._answer.headers["Retry-After"]) > 0
    assert browser_of("agent").get("/live/state").status_code == 200


def test_without_streams_every_page_polls(assembled):
    hub = Hub(assembled(web={"streams": 0}))
    assert hub.enter(Line(), None) is None


def test_a_browser_that_goes_gives_its_place_back(router, agents, listen):
    streams = [listen() for _ in range(STREAMS)]
    assert listen().status == 503
    streams[0].close()
    pause = threading.Event()
    for _ in range(100):
        router.store.write(lambda unit: people.one_time_link(unit, agents["agent"], "enter", 1))
        again = listen()
        if again.status == 200:
            break
        pause.wait(0.02)
    assert again.status == 200


def test_the_stream_of_a_browser_that_is_signed_out_ends(router, agents, listen):
    stream = listen()
    _settled(stream)
    router.store.write(lambda unit: people.revoke(unit, agents["agent"]))
    while stream.event() is not None:
        pass
    assert listen().status == 403


def test_a_request_that_reads_nothing_keeps_no_place(listen):
    assert [listen("HEAD").status for _ in range(STREAMS + 1)] == [200] * (STREAMS + 1)
    assert listen().status == 200


class Line:
    """A browser's connection; what was sent is in its ledger."""

    def __init__(self, *, begun=True):
        self.begun, self.alive, self.ended = begun, True, False
        self.sent = queue.SimpleQueue()

    def send(self, data):
        self.sent.put(data.decode())

    def end(self):
        self.alive, self.ended = False, True

    def heard(self):
        """The next thing that was sent."""
        return self.sent.get(timeout=PATIENCE)


@pytest.fixture
def hub(router):
    made = Hub(router)
    yield made
    made.close()


def _told(event):
    return json.loads(event.partition("data: ")[2])


def test_a_change_before_the_answer_is_out_is_told_right_after_it(router, hub):
    late, other = Line(begun=False), Line()
    hub.enter(late, None)
    hub.enter(other, None)
    submitted(router, "My transfer is pending")
    assert "event: changed" in other.heard()
    assert late.sent.empty()
    late.begun = True
    assert "event: changed" in late.heard()


def test_an_alarm_is_told_to_those_who_may_see_it(router, agents, hub):
    with router.store.reading() as unit:
        teams = people.team_ids(unit)
    readers = {"all": None, "security": {teams["security"]}, "support": {teams["support"]}}
    lines = {name: Line() for name in readers}
    for name, line in lines.items():
        hub.enter(line, readers[name])
    submitted(router, "Somebody got into my wallet and is sending my money away!")
    while _told(said := lines["all"].heard())["security"] == 0:
        pass
    told = {name: _same(line, said) for name, line in lines.items() if name != "all"}
    assert {name: _told(one)["security"] for name, one in told.items()} == {
        "security": 1,
        "support": 0,
    }


@pytest.mark.parametrize("how", ["revoked", "deactivated"])
def test_who_is_signed_out_hears_of_nothing_more(router, agents, hub, how):
    secret = router.store.write(lambda unit: people.open_session(unit, agents["agent"], hours=1))
    gone, other = Line(), Line()
    hub.enter(gone, None, people.digest(secret))
    hub.enter(other, None)
    if how == "revoked":
        router.store.write(lambda unit: people.revoke(unit, agents["agent"]))
    else:
        router.store.write(lambda unit: people.change(unit, agents["agent"], active=False))
    submitted(router, "Somebody got into my wallet and is sending my money away!")
    while _told(other.heard())["security"] == 0:
        pass
    assert gone.ended
    while not gone.sent.empty():
        assert _told(gone.heard())["security"] == 0


def test_who_is_signed_in_goes_on_hearing(router, agents, hub):
    secret = router.store.write(lambda unit: people.open_session(unit, agents["agent"], hours=1))
    line = Line()
    hub.enter(line, None, people.digest(secret))
    submitted(router, "Somebody got into my wallet and is sending my money away!")
    while _told(line.heard())["security"] == 0:
        pass
    assert not line.ended


def _same(line, said):
    """What this line was told of the same change."""
    while (own := line.heard()).partition("\n")[0] != said.partition("\n")[0]:
        pass
    return own


def test_the_first_word_of_the_first_stream_knows_of_an_alarm(router, hub):
    submitted(router, "Somebody got into my wallet and is sending my money away!")
    assert _told(hub.enter(Line(), None))["security"] == 1


def test_a_line_on_which_nothing_happens_has_a_beat(hub, monkeypatch):
    monkeypatch.setattr(live, "BEAT", timedelta(0))
    line = Line()
    hub.enter(line, None)
    while "event: changed" in (said := line.heard()):
        pass
    assert said == ": still here\n\n"


def test_a_stream_ends_by_itself_and_gives_its_place_back(assembled, monkeypatch):
    monkeypatch.setattr(live, "LONGEST", timedelta(0))
    hub = Hub(assembled(web={"streams": 1}))
    line = Line()
    assert hub.enter(line, None)
    pause = threading.Event()
    for _ in range(100 * PATIENCE):
        if line.ended:
            break
        pause.wait(0.01)
    assert hub.enter(Line(), None)
    hub.close()


class Away:
    """Seats that cannot be reached."""

    def pulse(self):
        raise StoreDown("away")

    def close(self):
        pass


def test_where_nobody_knows_who_is_there_changes_are_told_all_the_same(router):
    router.store.seats.close()
    router.store.seats = Away()
    hub = Hub(router)
    line = Line()
    hub.enter(line, None)
    assert "event: changed" in line.heard()
    hub.close()


def test_the_more_pages_are_open_the_longer_they_take_turns(assembled):
    hub = Hub(assembled(web={"streams": 50}))
    turns = [_told(hub.enter(Line(), None))["turns"] for _ in range(50)]
    hub.close()
    assert (turns[0], turns[-1]) == (20, 1000)


def test_a_hub_that_stops_ends_every_stream_and_takes_no_more(hub):
    line = Line()
    assert hub.enter(line, None)
    hub.close()
    assert line.ended
    assert hub.enter(Line(), None) is None


def test_a_server_that_cannot_hold_a_line_lets_pages_poll(browser_of):
    answer = browser_of("agent").get("/live")
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)


def test_asking_again_costs_nothing_while_nothing_changes(browser_of, router):
    browser = browser_of("agent")
    first = browser.get("/live/state")
    tag = first.headers["ETag"]
    again = browser.get("/live/state", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    submitted(router, "My transfer is pending")
    after = browser.get("/live/state", headers={"If-None-Match": tag})
    assert after.status_code == 200
    assert after.headers["ETag"] != tag


def test_asking_again_sees_what_another_program_did(browser_of, store_url, frozen, ids):
    browser = browser_of("agent")
    tag = browser.get("/live/state").headers["ETag"]
    with another_program(store_url, frozen, ids) as other:
        other.write(lambda unit: people.create_agent(unit, "new@desk.example", "New", "agent", []))
    assert browser.get("/live/state", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("path", ["/live", "/live/state"])
def test_a_stranger_hears_nothing(browser_of, path):
    assert browser_of(None).get(path).status_code == 403
