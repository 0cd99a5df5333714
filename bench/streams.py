"""Three hundred agents who look at one desk: what that takes, and how soon all know of an alarm."""

import http.client
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import threading
import time

import desk
import figures
import hooks
from process import resident

from router.assemble import assemble
from router.configuration import load
from router.store import people
from router.store.schema import migrate

_AGENTS, _ALARMS, _PAUSE = 300, 20, 2.0
_MIB, _SOON_MS = 250, 300
_CONFIG = """
data_dir = "{folder}/data"
key_file = "{folder}/desk.key"
[web]
port = {port}
streams = 320
form_per_minute = 100000
form_per_hour = 100000
form_per_address_hour = 100000
[reader]
enabled = false
[acknowledge]
enabled = false
"""
_FORM = {
    "name": "Ann",
    "body": "Somebody got into my wallet and is sending my money away right now!",
}


def open_together(given, folder):
    """Memory with all streams open; from an alarm's sending until it is on each screen."""
    port = 20_000 + os.getpid() % 20_000
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(folder=folder, port=port))
    (folder / "data").mkdir()
    migrate(f"sqlite:///{folder}/data/router.sqlite3")
    cookies = _agents(config)
    command = [sys.executable, "-m", "router", "web", "--config", str(config)]
    serving = subprocess.Popen(command, cwd=desk.ROOT, stderr=subprocess.DEVNULL)
    try:
        hooks.until_open(port)
        before = resident(serving.pid)
        screens = Screens(port, cookies)
        threading.Event().wait(3)
        found = [_alarm(port, number, screens) for number in range(_ALARMS)]
        held = resident(serving.pid)
        screens.close()
    finally:
        serving.terminate()
        serving.wait(30)
    figures.at_most(
        f"memory with {_AGENTS} streams open, MiB", round(held), _MIB, before=round(before)
    )
    times = [time for alarm in found for time in alarm]
    figures.at_most(
        f"a security message on {_AGENTS} screens, p95 ms",
        round(figures.percentile(times, 0.95) * 1e3),
        _SOON_MS,
        median=round(figures.percentile(times, 0.5) * 1e3),
        slowest=round(max(times) * 1e3),
    )


def _agents(config):
    router = assemble(load(config, {}))

    def work(unit):
        numbers = [
            people.create_agent(
                unit, f"agent{n}@desk.example", f"Agent {n}", "agent", ["support", "security"]
            )
            for n in range(_AGENTS)
        ]
        unit.flush()
        return [people.open_session(unit, number, hours=1) for number in numbers]

    cookies = router.store.write(work)
    router.close()
    return cookies


class Screens:
    """So many open streams, read by one thread, and how many alarms each has been told of."""

    def __init__(self, port, cookies):
        self._select = selectors.DefaultSelector()
        self.told, self.at, self._rest = {}, {}, {}
        for number, cookie in enumerate(cookies):
            line = socket.create_connection(("127.0.0.1", port))
            asked = f"GET /live HTTP/1.1\r\nHost: desk\r\nCookie: desk={cookie}\r\n\r\n"
            line.sendall(asked.encode())
            self._select.register(line, selectors.EVENT_READ, number)
            self.told[number], self._rest[number] = 0, b""

    def read_until(self, alarms, patience):
        """Listen until every screen shows so many alarms; when each came to."""
        until = time.perf_counter() + patience
        self.at = {number: 0.0 for number, told in self.told.items() if told >= alarms}
        while len(self.at) < len(self.told) and time.perf_counter() < until:
            for key, _ in self._select.select(0.5):
                self._take(key.data, key.fileobj.recv(65_536), alarms)
        missing = len(self.told) - len(self.at)
        assert not missing, f"{missing} screens were not told"
        return self.at

    def _take(self, number, data, alarms):
        assert data, "a stream was cut"
        *lines, self._rest[number] = (self._rest[number] + data).split(b"\n")
        for line in lines:
            if found := _ALARM.search(line):
                self.told[number] = int(found[1])
        if self.told[number] >= alarms:
            self.at.setdefault(number, time.perf_counter())

    def close(self):
        """Leave."""
        for key in list(self._select.get_map().values()):
            key.fileobj.close()
        self._select.close()


#: What a stream says of the security messages that its reader may see.
_ALARM = re.compile(rb'^data: .*"security": (\d+)')


def _alarm(port, number, screens):
    """Seconds until each screen knew."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps(_FORM | {"email": f"ann{number}@mail.example"})
    began = time.perf_counter()
    line.request("POST", "/api/v1/intake/webform", body, {"Content-Type": "application/json"})
    answer = line.getresponse()
    said = answer.read()
    assert answer.status in (200, 201, 202), (answer.status, said)
    line.close()
    times = [at - began for at in screens.read_until(number + 1, 30).values()]
    threading.Event().wait(_PAUSE)
    return times
