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

from router.errors import RouterError
from router.store import people
from router.web import server
from router.web.server import Server
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


def test_a_taken_port_gives_way_to_the_next_free_one(app, taken):
    made = Server(app, "127.0.0.1", taken, 4)
    try:
        assert taken < int(made.url.rpartition(":")[2]) < taken + server._TRIES
    finally:
        _closed(made)


def test_when_every_port_is_taken_the_setting_is_named(app, taken, monkeypatch):
    monkeypatch.setattr(server, "_TRIES", 1)
    with pytest.raises(RouterError, match="ROUTER__WEB__PORT"):
        Server(app, "127.0.0.1", taken, 4)


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


def test_forms_and_health_are_answered_while_every_stream_is_open(
    assembled, door, agents_of, frozen, stream
):
    router = assembled(doors=FakeDoors(door), web={"threads": 8, "streams": 100})
    cookie = agents_of(router)
    with serving(router, threads=8) as address:
        streams = [stream(address, cookie) for _ in range(8)]
        assert sorted(one.status for one in streams) == [200] * 4 + [503] * 4
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
