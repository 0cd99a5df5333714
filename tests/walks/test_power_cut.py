"""The power goes twenty times while a thousand mails come in: nothing lost, nothing doubled.

A real IMAP server hands the mails over, a real SMTP server takes the acknowledgements, and the
worker is killed (SIGKILL) at random moments and started again.
"""

import contextlib
import imaplib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from email import message_from_bytes
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller

from router.assemble import assemble
from router.configuration import load
from router.core.clock import SystemClock, to_us
from router.store.schema import migrate

MAILS = 1000
KILLS = 20
LONGEST = 240
#: Seconds that a mail may be on its way when the power goes.
ON_THE_WAY = 5


class Ledger:
    """What the far side accepted."""

    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        self.taken.append(message_from_bytes(envelope.content))
        return "250 taken"


def _free_port():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        return free.getsockname()[1]


@pytest.fixture
def mailbox():
    port = _free_port()
    start = "from pymap.main import main; main()"
    options = ["--no-tls", "--no-service", "admin", "--no-service", "managesieve"]
    running = subprocess.Popen(
        [sys.executable, "-c", start, "--host", "127.0.0.1", "--port", str(port), *options]
        + ["dict", "--demo-data"],
        stderr=subprocess.DEVNULL,
    )
    pause = threading.Event()
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        pause.wait(0.1)
    with imaplib.IMAP4("127.0.0.1", port, timeout=30) as client:
        client.login("demouser", "demopass")
        client.create("Desk")
        for number in range(MAILS):
            client.append("Desk", "", imaplib.Time2Internaldate(SystemClock().now()), _mail(number))
    yield port
    running.terminate()
    running.wait(60)


def _mail(number):
    mail = EmailMessage()
    mail["From"] = f"Person {number} <person{number}@p{number % 97}.example>"
    mail["To"] = "support@desk.example"
    mail["Subject"] = f"Transfer {number}"
    mail["Message-ID"] = f"<{number}@mail.example>"
    if number % 20 == 0:
        mail["Auto-Submitted"] = "auto-replied"
    mail.set_content(f"My transfer {number} is still pending, please help.")
    return mail.as_bytes()


@pytest.fixture
def receiver():
    ledger = Ledger()
    controller = Controller(
        ledger, hostname="127.0.0.1", server_hostname="mail.example", port=_free_port()
    )
    controller.start()
    yield ledger, controller.port
    controller.stop()


@pytest.fixture
def config(tmp_path, store_url, mailbox, receiver):
    """A whole desk of its own in a folder; a second worker finds the same one there."""
    path = tmp_path / "config.toml"
    path.write_text(
        f"""
data_dir = "{tmp_path / "data"}"
key_file = "{tmp_path / "desk.key"}"
[reader]
enabled = false
[database]
url = "{store_url}"
[acknowledge]
per_domain_hour = 100000
total_hour = 100000
[deliver]
lease_seconds = 10
[channels.email.support]
address = "support@desk.example"
imap_host = "127.0.0.1"
imap_port = {mailbox}
imap_user = "demouser"
imap_folder = "Desk"
imap_tls = "none"
smtp_host = "127.0.0.1"
smtp_port = {receiver[1]}
smtp_tls = "none"
smtp_per_minute = 0
poll_seconds = 1
""",
        encoding="utf-8",
    )
    (tmp_path / "data").mkdir()
    migrate(store_url)
    return path


def _worker(config):
    environment = {
        **os.environ,
        "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD": "demopass",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "router", "worker", "--config", str(config)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_a_thousand_mails_survive_twenty_power_cuts(config, receiver, frozen):
    ledger, _ = receiver
    draw, pause = random.Random(20), threading.Event()
    cuts = []
    for _ in range(KILLS):
        worker = _worker(config)
        pause.wait(1.0 + draw.random() * 2.5)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        cuts.append(to_us(SystemClock().now()))
    worker = _worker(config)
    router = assemble(load(config, {}))
    try:
        for _ in range(LONGEST):
            if _settled(router):
                break
            pause.wait(1)
        else:
            pytest.fail(f"not settled: {_states(router)}")
    finally:
        worker.terminate()
        worker.wait(60)
    try:
        _nothing_lost(router)
        _nothing_doubled(router, ledger)
        _unknown_only_by_a_cut(router, cuts)
    finally:
        router.close()


def _rows(router, sql):
    with router.store.reading() as unit:
        return unit.rows(sql)


def _states(router):
    messages = _rows(router, "SELECT COUNT(*) AS n FROM message WHERE direction = 'in'")[0].n
    states = _rows(router, "SELECT state, COUNT(*) AS n FROM outbox GROUP BY state")
    return {"messages": messages, **{row.state: row.n for row in states}}


def _settled(router):
    states = _states(router)
    return states["messages"] >= MAILS and not states.get("queued") and not states.get("sending")


def _nothing_lost(router):
    numbers = [
        int(row.rfc_id.strip("<>").partition("@")[0])
        for row in _rows(router, "SELECT rfc_id FROM message WHERE direction = 'in'")
    ]
    assert sorted(numbers) == list(range(MAILS))
    assert _rows(router, "SELECT COUNT(*) AS n FROM ticket WHERE parked")[0].n == 0


def _nothing_doubled(router, ledger):
    received = Counter(mail["To"] for mail in ledger.taken)
    assert max(received.values()) == 1
    states = _states(router)
    automatic = len(range(0, MAILS, 20))
    unknown = states.get("unknown", 0)
    assert states.get("sent", 0) + unknown == MAILS - automatic
    assert len(ledger.taken) <= states.get("sent", 0) + unknown
    assert len(ledger.taken) >= states.get("sent", 0)


def _unknown_only_by_a_cut(router, cuts):
    """Whoever was marked ``sending`` when a cut came, and nobody else: one mail, or one for each of
    the four that a worker of a fleet sends at a time."""
    unknown = [
        row.tried_at for row in _rows(router, "SELECT tried_at FROM outbox WHERE state = 'unknown'")
    ]
    together = 1 if router.settings.database_url.startswith("sqlite") else 4
    for tried in unknown:
        assert any(0 <= cut - tried < ON_THE_WAY * 1_000_000 for cut in cuts)
    assert len(unknown) <= KILLS * together
