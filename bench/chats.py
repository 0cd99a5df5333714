"""How soon an agent sees what a visitor wrote, while many other chats are open: from its sending
until the ticket's pane, asked for when the desk says that something changed, holds it."""

import http.client
import json
import os
import queue
import random
import subprocess
import sys
import threading
import time

import figures
import hooks

from router.store.schema import migrate

_OPEN, _MESSAGES, _EVERY, _POLLERS = 300, 60, 1.1, 8
#: What the inbox waits after a change before it asks, in seconds: others may follow at once.
_SETTLE = 0.15
_CONFIG = """
data_dir = "{folder}/data"
key_file = "{folder}/desk.key"
[web]
port = {port}
[reader]
enabled = false
[acknowledge]
enabled = false
[channels.chat.bench]
sessions_per_minute = 100000
"""


class _Line:
    """One browser's connection."""

    def __init__(self, port, **headers):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = headers

    def ask(self, method, path, given=None):
        body = None if given is None else json.dumps(given)
        more = {"Content-Type": "application/json"} if body else {}
        self.http.request(method, path, body, {**self.headers, **more})
        answer = self.http.getresponse()
        return answer.status, answer.read()


def seen(given, folder):
    """p95 from visitor to agent with 300 chats open."""
    port = 20_000 + os.getpid() % 20_000
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(folder=folder, port=port))
    (folder / "data").mkdir()
    migrate(f"sqlite:///{folder}/data/router.sqlite3")
    cookie = hooks.signed_in(config, {})
    command = [sys.executable, "-m", "router", "serve", "--config", str(config)]
    desk = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    over = threading.Event()
    try:
        hooks.until_open(port)
        visitors = [_begun(port, number) for number in range(_OPEN)]
        threads = [
            threading.Thread(target=_poll, args=[port, visitors[one::_POLLERS], over])
            for one in range(_POLLERS)
        ]
        for thread in threads:
            thread.start()
        found = _written(port, visitors[0], cookie)
        over.set()
        for thread in threads:
            thread.join()
    finally:
        over.set()
        desk.terminate()
        desk.wait(30)
    figures.at_most(
        f"visitor to agent's screen, {_OPEN} chats open, p95 ms",
        round(figures.percentile(found, 0.95) * 1000, 1),
        300,
        median=round(figures.percentile(found, 0.5) * 1000, 1),
        of_it_the_page_waits=_SETTLE * 1000,
    )


def _begun(port, number):
    """The word of a conversation with one message in it, and its ticket's number."""
    line = _Line(port)
    told = json.loads(line.ask("POST", "/chat/v1/sessions", {})[1])
    line.headers["Authorization"] = f"Bearer {told['token']}"
    given = {"client_msg_id": f"bench-{number:06}", "text": f"my transfer {number} is pending"}
    assert line.ask("POST", "/chat/v1/messages", given)[0] == 200
    ticket = json.loads(line.ask("GET", "/chat/v1/messages?after=0")[1])["number"]
    line.http.close()
    return told["token"], ticket


def _poll(port, visitors, over):
    """So many widgets that have no stream: each asks again when the desk said."""
    line, chance = _Line(port), random.Random(7)
    due = [(time.monotonic() + chance.uniform(0, 5), word) for word, _ in visitors]
    while not over.is_set():
        due.sort()
        at, word = due.pop(0)
        over.wait(max(0, at - time.monotonic()))
        line.headers["Authorization"] = f"Bearer {word}"
        _, body = line.ask("GET", "/chat/v1/messages?after=2")
        due.append((time.monotonic() + json.loads(body)["again"], word))


def _written(port, visitor, cookie):
    """Seconds from each message's sending to its being on the screen."""
    word, ticket = visitor
    changes = queue.Queue()
    threading.Thread(target=_listen, args=[port, cookie, changes], daemon=True).start()
    writer, screen = _Line(port, Authorization=f"Bearer {word}"), _Line(port, Cookie=cookie)
    screen.headers["X-Part"] = "1"
    changes.get(timeout=30)
    found = []
    for number in range(_MESSAGES):
        text = f"screen test {number}."
        given = {"client_msg_id": f"screen-{number:06}", "text": text}
        began = time.perf_counter()
        threading.Thread(target=writer.ask, args=["POST", "/chat/v1/messages", given]).start()
        while True:
            changes.get(timeout=30)
            threading.Event().wait(_SETTLE)
            if text.encode() in screen.ask("GET", f"/ticket/{ticket}")[1]:
                break
        found.append(time.perf_counter() - began)
        threading.Event().wait(_EVERY)
    return found


def _listen(port, cookie, changes):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("GET", "/live", headers={"Cookie": cookie})
    answer = line.getresponse()
    while True:
        said = answer.readline()
        if not said:
            return
        if said.startswith(b"data:"):
            changes.put(said)
