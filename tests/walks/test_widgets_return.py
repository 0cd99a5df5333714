"""A thousand open chats when the desk is killed and started again: each gets what it missed and
says what it had to say, once. How long that takes is told, never judged: machines differ."""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from router import chatting, desk
from router.assemble import assemble
from router.configuration import load
from router.core.rights import Who
from router.store import people
from router.store.schema import migrate
from tests.chats import say

pytestmark = pytest.mark.slow

WIDGETS = int(os.environ.get("HELPDESK_WIDGETS", "1000"))
CONFIG = """
data_dir = "{folder}/data"
key_file = "{folder}/desk.key"
[web]
port = {port}
[reader]
enabled = false
[acknowledge]
enabled = false
[channels.chat.site]
sessions_per_minute = 1000000
"""


@pytest.fixture
def config(tmp_path):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    (tmp_path / "data").mkdir()
    migrate(f"sqlite:///{tmp_path}/data/router.sqlite3")
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(folder=tmp_path, port=port))
    return path, port


@pytest.fixture
def router(config):
    made = assemble(load(config[0], {}))
    yield made
    made.close()


@pytest.fixture
def start(config):
    running = []

    def make():
        command = [sys.executable, "-m", "router", "web", "--config", str(config[0])]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        running.append(process)
        pause = threading.Event()
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", config[1]), timeout=1).close()
            except OSError:
                pause.wait(0.05)
            else:
                return process
        pytest.fail("the desk does not start")

    yield make
    for process in running:
        process.kill()
        process.wait()


class Widget:
    """One browser: the word, the last number, what it still has to say, and what it was told."""

    def __init__(self, number, row, word, port):
        self.number, self.row, self.word, self.port = number, row, word, port
        self.seqs = [1, 2]
        self.told = []
        self.lines = []

    async def ask(self, head, body=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.lines.append(writer)  # a browser keeps its connections
        asked = f"{head} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.word}\r\n"
        if body:
            asked += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        else:
            asked += f"Last-Event-ID: {self.seqs[-1]}\r\n"
        writer.write(asked.encode() + b"\r\n" + body)
        await writer.drain()
        return reader

    async def come_back(self, last):
        """One stream, until it has told the answer that was missed."""
        reader = await self.ask("GET /chat/v1/stream")
        while not self.told or self.told[-1] != last:
            line = (await reader.readline()).decode()
            if not line:
                raise ConnectionError("the line was cut")
            if line.startswith("id: "):
                self.seqs.append(int(line[4:]))
            if line.startswith("data: ") and '"from":"agent"' in line:
                self.told.append(json.loads(line[6:])["text"])

    async def say(self):
        given = {"client_msg_id": f"after-{self.number:06}", "text": f"I am back, {self.number}"}
        reader = await self.ask("POST /chat/v1/messages", json.dumps(given).encode())
        return (await reader.readline()).split()[1] == b"200"

    async def live(self, answer, chance):
        await asyncio.sleep(chance.uniform(2, 10))  # as the desk asked: not all at once
        await self.come_back(answer)
        for _ in range((self.number % 5 == 0) + (self.number % 25 == 0)):  # some say it twice
            while not await self.say():  # noqa: ASYNC110  # the desk says when to come back
                await asyncio.sleep(1)


def _agent(router):
    def work(unit):
        return people.create_agent(unit, "mei@desk.example", "林美", "agent", ["support"])

    number = router.store.write(work)
    with router.store.reading() as unit:
        return Who(number, "林美", "agent", frozenset(people.team_ids(unit).values()))


async def _everybody(widgets):
    chance = random.Random(7)
    try:
        await asyncio.gather(*(one.live(f"answer {one.number}", chance) for one in widgets))
    finally:
        for line in [line for one in widgets for line in one.lines]:
            line.close()


def test_a_thousand_widgets_come_back_after_a_restart(router, start, config, capsys):
    widgets, agent = [], _agent(router)
    for number in range(WIDGETS):
        _, word = chatting.begin(router, "site", proof="", language="en", source="::1")
        row = chatting.enter(router, word)
        say(router, row, f"my transfer {number} is pending")
        widgets.append(Widget(number, row, word, config[1]))
    first = start()
    first.send_signal(signal.SIGKILL)
    first.wait()
    for one in widgets:
        ticket = chatting.enter(router, one.word).ticket_id
        desk.reply(router, agent, ticket, f"answer {one.number}", once=f"a{one.number}")
    start()

    began = monotonic()
    with ThreadPoolExecutor(1) as own:  # a browser's proof may have left a loop in this thread
        own.submit(lambda: asyncio.run(_everybody(widgets))).result()
    took = monotonic() - began

    for one in widgets:
        assert one.told == [f"answer {one.number}"]
        assert one.seqs == list(range(1, len(one.seqs) + 1))
    with router.store.reading() as unit:
        said = unit.rows("SELECT text FROM message WHERE text LIKE 'I am back%'")
        gaps = unit.value(
            "SELECT COUNT(*) FROM chat c WHERE c.seq <> "
            "(SELECT COUNT(*) FROM chat_event e WHERE e.conversation_id = c.id)"
        )
    assert sorted(row.text for row in said) == sorted(
        f"I am back, {number}" for number in range(0, WIDGETS, 5)
    )
    assert gaps == 0
    with capsys.disabled():
        sys.stdout.write(f"\n{WIDGETS} widgets were back after {took:.1f} s\n")
