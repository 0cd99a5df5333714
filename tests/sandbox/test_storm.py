"""Pushes of every platform, shuffled and doubled, at a server that is killed again and again: each
that was handed over is in the table, once (R7)."""

import hashlib
import hmac
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from base64 import b64encode

import pytest

from router.sandbox.ledger import Ledger
from router.sandbox.server import Sandbox
from router.store.schema import migrate

PUSHES = int(os.environ.get("HELPDESK_STORM", "2000"))
KILLS, LINES = min(20, PUSHES // 200), 8
CONFIG = """
data_dir = "{folder}/data"
key_file = "{folder}/desk.key"
[web]
port = {port}
[reader]
enabled = false
[acknowledge]
enabled = false
{channels}
"""


class Server:
    """`router web` in a process of its own, to be killed and begun again at the same port."""

    def __init__(self, config, port, secrets):
        self.command = [sys.executable, "-m", "router", "web", "--config", str(config)]
        self.port, self.environment = port, {**os.environ, **secrets}
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self.command, env=self.environment, stderr=subprocess.DEVNULL
        )

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _pushes(sandbox, count):
    """(path, body, headers, its row in the table) of so many pushes, a fifth of them doubles."""
    page, handle = sandbox.messenger.page, sandbox.x.handle
    made = []
    for number in range(count * 5 // 6):
        if number % 2:
            mid = f"m_storm_{number}"
            message = {"mid": mid, "text": f"转账 {number} 还没到账"}
            item = {"sender": {"id": str(number)}, "recipient": {"id": page.page_id}}
            item |= {"timestamp": 1795400000000 + number, "message": message}
            body = json.dumps({"object": "page", "entry": [{"messaging": [item]}]}).encode()
            digest = hmac.new(page.app_secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {"X-Hub-Signature-256": f"sha256={digest}"}
            made.append(("/hooks/messenger/sandbox", body, headers, ("messenger", mid)))
        else:
            event = {"type": "message_create", "id": str(2 * 10**18 + number)}
            event["message_create"] = {
                "sender_id": str(number + 1),
                "message_data": {"text": f"my transfer {number} is pending"},
            }
            payload = {"direct_message_events": [event]}
            data = {"event_type": "dm.received", "payload": payload}
            body = json.dumps({"data": data}).encode()
            digest = hmac.new(handle.consumer_secret.encode(), body, hashlib.sha256).digest()
            headers = {"x-twitter-webhooks-signature": f"sha256={b64encode(digest).decode()}"}
            made.append(("/hooks/x/sandbox", body, headers, ("x", f"dm:{event['id']}")))
    made += random.Random(7).sample(made, count - len(made))
    random.Random(11).shuffle(made)
    return made


@pytest.fixture
def server(tmp_path):
    sandbox = Sandbox(ledger=Ledger(lambda: 1795400000.0))
    port = _free_port()
    channels = "\n".join(
        f"[channels.{kind}.{account}]\n"
        + "\n".join(f"{name} = {json.dumps(value)}" for name, value in options.items())
        for kind, accounts in sandbox.channels().items()
        for account, options in accounts.items()
    )
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(folder=tmp_path, port=port, channels=channels))
    (tmp_path / "data").mkdir()
    migrate(f"sqlite:///{tmp_path}/data/router.sqlite3")
    secrets = {
        f"ROUTER__{name.upper().replace('.', '__')}": value
        for name, value in sandbox.secrets().items()
    }
    made = Server(config, port, secrets)
    made.sandbox = sandbox
    made.start()
    yield made
    made.kill()
    sandbox._server.close()


class Storm:
    """Lines that push what is left until every push was answered."""

    def __init__(self, waiting, port):
        self.waiting, self.port = list(waiting), port
        self.done, self.lock, self.pause = 0, threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self._line) for _ in range(LINES)]
        for thread in self.threads:
            thread.start()

    def until(self, count):
        while self.done < count:
            self.pause.wait(0.02)

    def _line(self):
        while True:
            with self.lock:
                if not self.waiting:
                    return
                path, body, headers, _ = self.waiting.pop()
            while self._status(path, body, headers) != 200:  # a platform tries until it is answered
                self.pause.wait(0.05)
            with self.lock:
                self.done += 1

    def _status(self, path, body, headers):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request("POST", path, body, headers)
            return line.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            line.close()


@pytest.mark.slow
@pytest.mark.skipif(
    "HELPDESK_STORM" not in os.environ,
    reason="slow proof of many minutes; HELPDESK_STORM says how many pushes (100000 are the whole)",
)
def test_every_push_that_was_answered_is_in_the_table_once(server, tmp_path):
    pushes = _pushes(server.sandbox, PUSHES)
    storm = Storm(pushes, server.port)
    for kill in range(1, KILLS + 1):
        storm.until(PUSHES * kill // (KILLS + 1))
        server.kill()
        server.start()
    for thread in storm.threads:
        thread.join()
    server.kill()
    table = sqlite3.connect(tmp_path / "data" / "router.sqlite3")
    rows = table.execute("SELECT kind, remote_id FROM journal").fetchall()
    messages = table.execute(
        "SELECT COUNT(*), COUNT(DISTINCT j.remote_id) FROM message m "
        "JOIN journal j ON j.message_id = m.id"
    ).fetchone()
    written = table.execute("SELECT COUNT(*) FROM message").fetchone()[0]
    table.close()
    assert len(rows) == len(set(rows))
    assert set(rows) == {one[3] for one in pushes}
    assert messages[0] == messages[1] == written
