"""The server itself: a free port, an honest source, threads for everybody, a clean end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from waitress import wasyncore

from channels.contract import Attachment
from router import form
from router.errors import RouterError
from router.store import people
from router.web import bodies, server
from router.web.server import Server
from router.web.suspicion import LARGEST_BODY
from tests.fakes import FakeDoors
from tests.pages import app_of
from tests.walks.conftest import serving

pytestmark = pytest.mark.one_database

PATIENCE = 30


def _ask(address, method, path, body=None, **headers):
    """One request over a line of its own; status, headers and text of the answer."""
    line = HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE)
    line.request(method, path, body, headers)
    answer = line.getresponse()
    said = answer.status, answer.headers, answer.read().decode()
    line.close()
    return said


@pytest.fixture
def stream():
    """Opens a stream; its answer."""
    lines = []

    def make(address, cookie):
        lines.append(HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE))
        lines[-1].request("GET", "/live", headers={"Cookie": cookie})
        return lines[-1].getresponse()

    yield make
    for line in lines:
        line.close()


# ---------------------------------------------------------------- the port


@pytest.fixture
def taken():
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def _closed(made):
    made._server.task_dispatcher.shutdown()
    made._server.close()


def test_a_server_that_is_told_to_stop_before_it_runs_does_not_run(app):
    made = Server(app, "127.0.0.1", 0, 4)
    try:
        made.stop()
        made.run()
    finally:
        _closed(made)


def test_a_taken_port_gives_way_to_the_next_free_one(app, taken):
    made = Server(app, "127.0.0.1", taken, 4)
    try:
        assert taken < int(made.url.rpartition(":")[2]) < taken + server._TRIES
        assert made.moved
    finally:
        _closed(made)


def test_when_every_port_is_taken_the_setting_is_named(app, taken, monkeypatch):
    monkeypatch.setattr(server, "_TRIES", 1)
    with pytest.raises(RouterError, match="ROUTER__WEB__PORT"):
        Server(app, "127.0.0.1", taken, 4)


def test_a_port_that_the_world_knows_is_not_changed(app, taken):
    with pytest.raises(RouterError, match="public_url leads there"):
        Server(app, "127.0.0.1", taken, 4, fixed=True)


def test_an_address_that_is_not_ours_is_told_as_it_is(app):
    with pytest.raises(RouterError, match=r"cannot listen on 192\.0\.2\.1:8080"):
        Server(app, "192.0.2.1", 8080, 4)


# ---------------------------------------------------------------- threads for everybody


def _form(address, frozen, number):
    page = _ask(address, "GET", "/contact")[2]
    hidden = {
        name: re.search(rf'name="{name}" value="([^"]*)"', page)[1]
        for name in ("form_ts", "idempotency_key")
    }
    frozen.advance(timedelta(seconds=30))
    given = {**hidden, "body": "My transfer is pending", "email": f"p{number}@m.example"}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return _ask(address, "POST", "/contact", urlencode(given), **kind)


def test_forms_and_health_are_answered_while_more_streams_are_open_than_there_are_threads(
    assembled, door, agents_of, frozen, stream
):
    router = assembled(doors=FakeDoors(door), web={"threads": 8, "streams": 100})
    cookie = agents_of(router)
    with serving(router, threads=8) as address:
        streams = [stream(address, cookie) for _ in range(40)]
        assert [one.status for one in streams] == [200] * 40
        assert [_form(address, frozen, number)[0] for number in range(3)] == [202] * 3
        assert _ask(address, "GET", "/healthz")[0] == 200
        for one in streams:
            one.close()


@pytest.fixture
def agents_of():
    """Signs an agent in; the cookie."""

    def make(router):
        def work(unit):
            agent_id = people.create_agent(unit, "a@desk.example", "A", "agent", ["support"])
            unit.flush()
            return people.open_session(unit, agent_id, hours=1)

        return f"desk={router.store.write(work)}"

    return make


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "账单.png",
            "attachment; filename=file.png; filename*=UTF-8''%E8%B4%A6%E5%8D%95.png",
        ),
        ("café.png", "attachment; filename=cafe.png; filename*=UTF-8''caf%C3%A9.png"),
        ('a"b;c.png', 'attachment; filename="a\\"b;c.png"'),
    ],
)
def test_a_file_is_had_under_its_name_in_any_script(assembled, door, agents_of, name, told):
    router = assembled(doors=FakeDoors(door))
    cookie = agents_of(router)
    fields = {"idempotency_key": "k", "body": "My transfer is pending", "email": "a@m.example"}
    file = Attachment(name, "image/png", b"\x89PNG\r\n\x1a\nfile")
    form.submit(router, fields, [file], source="203.0.113.9", spam=False)
    with router.store.reading() as unit:
        token = unit.value("SELECT token FROM attachment")
    with serving(router, threads=8) as address:
        line = HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE)
        line.request("GET", f"/attachment/{token}", headers={"Cookie": cookie})
        answer = line.getresponse()
        data, said = answer.read(), answer.headers["Content-Disposition"]
        line.close()
    assert (answer.status, data, said) == (200, file.data, told)


# ---------------------------------------------------------------- connections and the loop


@pytest.fixture
def served():
    """Serves an application that is given; the server."""
    running = []

    def make(application):
        app = Flask(__name__)
        app.wsgi_app = application
        made = Server(app, "127.0.0.1", 0, 4)
        thread = threading.Thread(target=made.run, daemon=True)
        thread.start()
        running.append((made._server, thread))
        return made

    yield make
    for inner, thread in running:
        inner.task_dispatcher.shutdown()
        inner.trigger.pull_trigger(lambda inner=inner: wasyncore.close_all(inner._map))
        thread.join(timeout=PATIENCE)


def _line(made):
    host, port = urlsplit(made.url).netloc.split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def _until(holds):
    pause = threading.Event()
    for _ in range(100 * PATIENCE):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it never came true")


def test_an_open_stream_is_not_looked_at_by_the_loop_until_it_has_ended(served):
    end = threading.Event()

    def application(_, start_response):
        start_response("200 OK", [("Content-Length", "8")])
        yield b"hello"
        end.wait(PATIENCE)
        yield b"bye"

    made = served(application)
    alone = len(made._server._map)
    with _line(made) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while not line.recv(4096).endswith(b"hello"):
            pass
        assert len(made._server.active_channels) == 1
        assert len(made._server._map) == alone
        end.set()
        while not line.recv(4096).endswith(b"bye"):
            pass
        _until(lambda: len(made._server._map) == alone + 1)
    _until(lambda: len(made._server._map) == alone and not made._server.active_channels)


class Keeper:
    """An application that keeps every connection it answers."""

    def __init__(self, *headers, breaks=False):
        self.lines, self._headers, self._breaks = [], headers, breaks

    def __call__(self, environ, start_response):
        self.lines.append(environ[server.HOLD]())
        if self._breaks:
            raise RuntimeError("broken on purpose")
        start_response("200 OK", list(self._headers))
        yield b"hello"


def _asked(line, version="1.1", end=b"hello\r\n"):
    line.sendall(f"GET / HTTP/{version}\r\nHost: x\r\n\r\n".encode())
    got = b""
    while not got.endswith(end):
        some = line.recv(4096)
        assert some, got
        got += some
    return got


def _rest(line):
    got = b""
    while some := line.recv(4096):
        got += some
    return got


@pytest.fixture
def hold(served):
    """Asks for an answer whose connection is kept; the server, the connection, both its ends."""
    lines = []

    def make(version="1.1", end=b"hello\r\n"):
        keeper = Keeper()
        made = served(keeper)
        alone = len(made._server._map)
        lines.append(_line(made))
        _asked(lines[-1], version, end)
        _until(lambda: keeper.lines[0].begun)
        _until(lambda: len(made._server._map) == alone)
        return made, keeper.lines[0], lines[-1]

    yield make
    for line in lines:
        line.close()


@pytest.mark.parametrize(
    ("version", "end", "rest"),
    [
        ("1.1", b"hello\r\n", b"5\r\nlater\r\n0\r\n\r\n"),
        ("1.0", b"hello", b"later"),
    ],
)
def test_a_held_connection_takes_no_thread_and_no_look_and_ends_when_told(hold, version, end, rest):
    made, held, line = hold(version, end)
    _until(lambda: made._server.task_dispatcher.active_count == 0)
    held.send(b"later")
    held.end()
    assert _rest(line) == rest
    _until(lambda: not made._server.active_channels and not held.alive)


def test_who_goes_from_a_held_connection_is_found_by_the_next_word(hold):
    made, held, line = hold()
    line.close()

    def gone():
        held.send(b"later")
        return not held.alive

    _until(gone)
    _until(lambda: not made._server.active_channels)


def test_who_does_not_read_a_held_connection_is_let_go_and_nobody_waits(hold):
    made, held, _ = hold()
    for _ in range(1000):
        held.send(bytes(100_000))
    assert not held.alive
    _until(lambda: not made._server.active_channels)


@pytest.mark.parametrize("how", ["whole", "broken"])
def test_an_answer_that_is_whole_or_broken_holds_nothing(served, how):
    keeper = Keeper(breaks=True) if how == "broken" else Keeper(("Content-Length", "5"))
    made = served(keeper)
    with _line(made) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        _rest(line)
    assert not keeper.lines[0].alive
    _until(lambda: not made._server.active_channels)


def test_who_reads_slowly_gets_all_of_a_long_answer(served):
    long = bytes(range(256)) * 40_000

    def application(_, start_response):
        start_response("200 OK", [("Content-Length", str(len(long)))])
        return (long[at : at + 100_000] for at in range(0, len(long), 100_000))

    with _line(served(application)) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        pause, got = threading.Event(), b""
        while some := line.recv(400_000):
            got += some
            pause.wait(0.002)
    assert got.partition(b"\r\n\r\n")[2] == long


def test_requests_that_come_at_once_on_one_connection_are_answered_in_turn(served):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "2")])
        return [environ["PATH_INFO"].encode()]

    with _line(served(application)) as line:
        wanted = [f"/{number}" for number in range(10)]
        asked = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in wanted)
        line.sendall(asked.encode())
        got = b""
        while got.count(b"HTTP/1.1") < 10 or not got.endswith(b"/9"):
            some = line.recv(4096)
            assert some
            got += some
    assert re.findall(r"/\d(?!\.)", got.decode()) == wanted


def test_who_leaves_in_the_middle_of_an_answer_leaves_nothing_behind(served):
    begun, ended = threading.Event(), threading.Event()

    def application(_, start_response):
        start_response("200 OK", [("Content-Length", str(10**9))])
        try:
            for _ in range(1000):
                yield bytes(10**6)
                begun.set()
        finally:
            ended.set()

    made = served(application)
    alone = len(made._server._map)
    with _line(made) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert begun.wait(PATIENCE)
    assert ended.wait(PATIENCE)
    _until(lambda: len(made._server._map) == alone and not made._server.active_channels)


# ---------------------------------------------------------------- who is the source


@pytest.fixture
def post_from(assembled, door):
    """Makes a desk behind so many proxies that takes two forms a minute from one source."""

    def make(proxies):
        router = assembled(
            doors=FakeDoors(door), web={"trusted_proxies": proxies, "form_per_minute": 2}
        )
        client = app_of(router).test_client()

        def post(number, forwarded):
            return client.post(
                "/api/v1/intake/webform",
                json={"body": "My transfer is pending", "email": f"p{number}@m{number}.example"},
                headers={"Idempotency-Key": str(number), "X-Forwarded-For": forwarded},
            ).status_code

        return post

    return make


def test_without_a_proxy_nobody_can_name_another_source(post_from):
    post = post_from(0)
    assert [post(n, f"198.51.100.{n}") for n in range(3)] == [202, 202, 429]


def test_behind_a_proxy_each_client_is_its_own_source(post_from):
    post = post_from(1)
    assert [post(n, f"198.51.100.{n}") for n in range(4)] == [202] * 4


def test_what_a_client_wrote_before_the_proxy_is_not_believed(post_from):
    post = post_from(1)
    assert [post(n, f"198.51.100.{n}, 203.0.113.5") for n in range(3)] == [202, 202, 429]


def test_behind_two_proxies_the_second_name_from_the_end_counts(post_from):
    post = post_from(2)
    assert [post(n, f"1.2.3.4, 198.51.100.{n}, 203.0.113.5") for n in range(3)] == [202] * 3
    assert [post(n, f"{n}.2.3.4, 192.0.2.7, 203.0.113.5") for n in (3, 4, 5)] == [202, 202, 429]


def test_a_header_shorter_than_the_chain_is_not_believed(post_from):
    post = post_from(2)
    assert [post(n, f"198.51.100.{n}") for n in range(3)] == [202, 202, 429]


# ---------------------------------------------------------------- the end


@pytest.fixture
def desk(tmp_path):
    """A desk of its own that is served by a real process; its address, a link, the process."""
    config = tmp_path / "config.toml"
    config.write_text(
        f'data_dir = "{tmp_path / "data"}"\nkey_file = "{tmp_path / "desk.key"}"\n'
        "[web]\nport = 0\nthreads = 8\nstreams = 4\n",
        encoding="utf-8",
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "router", "serve", "--config", str(config)],
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "ROUTER_CONFIG"},
    )
    try:
        said = ""
        while "Ctrl+C" not in said and (line := running.stderr.readline()):
            said += line
        assert "open at" in said, said
        yield running, re.search(r"open at (\S+)", said)[1], re.search(r"(/enter/\S+)", said)[1]
    finally:
        running.kill()
        running.wait()
        running.stderr.close()


@pytest.mark.slow
def test_a_polite_kill_ends_open_streams_and_the_desk_at_once(desk, stream):
    running, address, link = desk
    _, headers, _ = _ask(address, "POST", link)
    cookie = headers["Set-Cookie"].partition(";")[0]
    streams = [stream(address, cookie) for _ in range(4)]
    assert [one.status for one in streams] == [200] * 4
    readers = [threading.Thread(target=one.read, daemon=True) for one in streams]
    for reader in readers:
        reader.start()
    assert json.loads(_ask(address, "GET", "/healthz")[2])["ok"] is True
    running.send_signal(signal.SIGTERM)
    assert running.wait(PATIENCE) == 0
    for reader in readers:
        reader.join(1)
    assert not any(reader.is_alive() for reader in readers)
    assert "everything that was answered is committed" in running.stderr.read()


def test_a_body_that_no_page_takes_is_refused_before_it_is_kept(served):
    made = served(lambda _, start_response: start_response("200 OK", []) and [])
    with _line(made) as line:
        size = f"Content-Length: {LARGEST_BODY + 1}"
        line.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{size}\r\n\r\n".encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 413")


# ---------------------------------------------------------------- room for bodies

LARGE = 200_000


@pytest.fixture
def little_room(monkeypatch):
    """One large body at a time."""
    monkeypatch.setattr(bodies, "TOGETHER", LARGE + LARGE // 2)


def _reads(environ, start_response):
    start_response("200 OK", [("Content-Length", "6")])
    return [
        b"%6d" % len(environ["wsgi.input"].read()) if not environ[bodies.REFUSED] else b"  none"
    ]


def _posts(line, size, sent):
    line.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
    line.sendall(b"x" * sent)


def _answer(line):
    got = b""
    while len(got.partition(b"\r\n\r\n")[2]) < 6:
        some = line.recv(4096)
        assert some, got
        got += some
    return got.partition(b"\r\n\r\n")[2]


def test_a_large_body_beyond_the_cap_is_not_kept_while_small_ones_get_through(served, little_room):
    made = served(_reads)
    with _line(made) as first, _line(made) as second, _line(made) as small:
        _posts(first, LARGE, LARGE - 1)
        _until(lambda: made._server.bodies.held == LARGE - 1)
        for line, size, answer in ((second, LARGE, b"  none"), (small, 60_000, b" 60000")):
            _posts(line, size, size)
            assert _answer(line) == answer
        assert made._server.bodies.held == LARGE - 1
        first.sendall(b"x")
        assert _answer(first) == b"200000"
        _until(lambda: made._server.bodies.held == 0)
        _posts(second, LARGE, LARGE)  # on the same connection, once there is room
        assert _answer(second) == b"200000"


def test_bodies_that_never_said_how_large_they_are_have_the_same_cap(served, little_room):
    made = served(_reads)
    with _line(made) as first, _line(made) as second:
        _posts(first, LARGE, LARGE - 1)
        _until(lambda: made._server.bodies.held == LARGE - 1)
        second.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(4):
            second.sendall(b"C350\r\n" + b"x" * 50_000 + b"\r\n")
        second.sendall(b"0\r\n\r\n")
        assert _answer(second) == b"  none"
        assert made._server.bodies.held == LARGE - 1


def test_who_leaves_in_the_middle_of_a_large_body_makes_room(served, little_room):
    made = served(_reads)
    with _line(made) as first:
        _posts(first, LARGE, LARGE - 1)
        _until(lambda: made._server.bodies.held == LARGE - 1)
    _until(lambda: made._server.bodies.held == 0)


@pytest.mark.parametrize(
    ("path", "language", "said"),
    [
        ("/contact", "zh", "同时发来的文件太多"),
        ("/contact", "en", "Too many files are being sent"),
        ("/sign-in", "en", "Too many files are being sent"),
        ("/api/v1/messages", "en", '"detail":"Too many files are being sent'),
        ("/hooks/phone/line", "en", ""),
    ],
)
def test_who_finds_no_room_for_a_large_body_is_told_when_to_come_back(
    assembled, door, frozen, monkeypatch, path, language, said
):
    monkeypatch.setattr(bodies, "TOGETHER", 0)
    with serving(assembled(doors=FakeDoors(door))) as address:
        large = urlencode({"body": "x" * LARGE})
        status, headers, text = _ask(address, "POST", f"{path}?lang={language}", large)
        assert (status, headers["Retry-After"]) == (503, "30")
        assert said in text
        assert bool(text) == bool(said)
        assert _form(address, frozen, 1)[0] == 202
