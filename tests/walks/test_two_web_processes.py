"""Two processes that serve the pages of one desk: who reads, writes and types is seen on both, and
of one that is killed nothing stays."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from router.assemble import assemble
from router.configuration import load
from router.core.clock import FrozenClock, SystemClock
from router.store import people
from router.store.database import Store
from router.web.room import GONE, VISITOR_GONE

pytestmark = [pytest.mark.own_database, pytest.mark.one_database]

CONFIG = """
data_dir = "{folder}/data"
key_file = "{folder}/desk.key"
[database]
url = "{url}"
[reader]
enabled = false
[acknowledge]
enabled = false
[channels.chat.site]
"""
PATIENCE = 60


class Line:
    """A browser at one of the processes."""

    def __init__(self, port, **headers):
        self.port, self.headers, self.csrf = port, headers, ""

    def ask(self, method, path, body=None, kind="application/json"):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        line.request(method, path, body, {**self.headers, "Content-Type": kind})
        answer = line.getresponse()
        text = answer.read().decode()
        line.close()
        assert answer.status in (200, 204), (answer.status, path, text)
        return text

    def sit(self, number, doing):
        """What the page at a ticket says of who else is there."""
        if not self.csrf:
            self.csrf = re.search(r'name="csrf" value="([^"]+)"', self.ask("GET", "/me"))[1]
        body = f"csrf={self.csrf}&doing={doing}"
        return self.ask(
            "POST", f"/ticket/{number}/here?lang=en", body, "application/x-www-form-urlencoded"
        )

    def said(self, path, told):
        return self.ask("POST", path, json.dumps(told))


@pytest.fixture
def config(tmp_path, store_url):
    (tmp_path / "data").mkdir()
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(folder=tmp_path, url=store_url))
    return path


@pytest.fixture
def cookies(config):
    """Of Mei and Bo, who are signed in."""
    router = assemble(load(config, {}))

    def work(unit):
        made = [
            people.create_agent(unit, f"{name.lower()}@desk.example", name, "agent", ["support"])
            for name in ("Mei", "Bo")
        ]
        unit.flush()
        return [people.open_session(unit, one, hours=1) for one in made]

    secrets = router.store.write(work)
    router.close()
    return [f"desk={one}" for one in secrets]


@pytest.fixture
def desks(config, cookies):
    """Two processes; (port, process)."""
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    command = [sys.executable, "-m", "router", "web", "--config", str(config)]
    running = [
        subprocess.Popen(
            command,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "ROUTER__WEB__PORT": str(port)},
        )
        for port in ports
    ]
    for port in ports:
        _until_open(port)
    yield list(zip(ports, running, strict=True))
    for one in running:
        one.kill()
        one.wait()


def _until_open(port):
    pause = threading.Event()
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            pause.wait(0.05)
        else:
            return
    pytest.fail("a process does not start")


@pytest.fixture
def visitor(desks):
    """A chat at the first process, and its ticket's number."""
    line = Line(desks[0][0])
    told = json.loads(line.said("/chat/v1/sessions", {}))
    line.headers["Authorization"] = f"Bearer {told['token']}"
    line.said("/chat/v1/messages", {"client_msg_id": "first-0001", "text": "my transfer waits"})
    line.number = json.loads(line.ask("GET", "/chat/v1/messages?after=0"))["number"]
    return line


def test_who_is_there_is_seen_on_both_and_gone_with_a_killed_one(
    desks, cookies, visitor, store_url, ids
):
    (here, killed), (there, _) = desks
    mei, bo = Line(here, Cookie=cookies[0]), Line(there, Cookie=cookies[1])
    number = visitor.number

    mei.sit(number, "writing")
    assert 'class="seat writing"' in bo.sit(number, "reading")
    assert "Mei" in bo.ask("GET", "/?view=all&lang=en").partition('class="l-seat"')[2][:200]
    assert 'class="seat reading"' in mei.sit(number, "reading")

    seen = f"/ticket/{number}/visitor?lang=en"
    assert "typing" not in bo.ask("GET", seen)
    visitor.said("/chat/v1/typing", {"on": True})
    assert "typing" in bo.ask("GET", seen)

    elsewhere = Line(there, **visitor.headers)
    assert _hears_typing(elsewhere, lambda: mei.sit(number, "writing"))
    assert json.loads(elsewhere.ask("GET", "/chat/v1/messages?after=9"))["typing"] is True

    killed.send_signal(signal.SIGKILL)
    killed.wait(PATIENCE)
    assert 'class="seat writing"' in bo.sit(number, "reading")  # nobody can know yet
    assert _left_behind(store_url, ids) == []


def _hears_typing(visitor, act):
    """Whether an open stream is told that somebody at the desk types."""
    line = http.client.HTTPConnection("127.0.0.1", visitor.port, timeout=PATIENCE)
    line.request("GET", "/chat/v1/stream", headers=visitor.headers)
    answer = line.getresponse()
    while answer.readline().strip() != b"event: state":
        pass
    act()
    while (said := answer.readline()) and said.strip() != b"event: typing":
        pass
    found = b'{"on":true}' in answer.readline()
    line.close()
    return found


def _left_behind(store_url, ids):
    """Who would be shown when everybody's time is over."""
    clock = FrozenClock(SystemClock().now() + max(GONE, VISITOR_GONE) + timedelta(seconds=1))
    store = Store(store_url, clock=clock, ids=ids)
    try:
        return store.seats.all()
    finally:
        store.close()
