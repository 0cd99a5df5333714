"""The one process with everything on: how soon its first page, how much memory."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import desk
import figures

from router.store.schema import migrate
from tests.channels.imap_server import ImapServer

_STARTS = 5
_IDLE = 15
_LONGEST = 60


def serving(given, folder):
    """`router serve` with a mailbox: start to first page (best and median), and memory when it is
    idle again after a mail; without the second reader, an extra that has figures of its own."""
    server = ImapServer()
    server.put(1)
    config = folder / "config.toml"
    port = 20_000 + os.getpid() % 20_000
    config.write_text(_CONFIG.format(folder=folder, port=port, imap=server.port))
    (folder / "data").mkdir()
    migrate(f"sqlite:///{folder}/data/router.sqlite3")
    environment = {**os.environ, "ROUTER__CHANNELS__EMAIL__BENCH__IMAP_PASSWORD": "made-up"}
    command = [str(Path(sys.executable).with_name("router")), "serve", "--config", str(config)]
    times, cpus, held = [], [], {}
    try:
        for number in range(_STARTS):
            idle = number in (0, _STARTS - 1)  # the first one ever works out what the others read
            wall, cpu, held[number] = _one(command, environment, port, idle=idle)
            times.append(wall)
            cpus.append(cpu)
    finally:
        server.stop()
    figures.at_most(
        "cold start to first page, s (median)",
        round(sorted(times)[_STARTS // 2], 2),
        1.5,
        best=round(min(times), 2),
        cpu=round(min(cpus), 2),
    )
    figures.at_most(
        "idle memory of `router serve` with a mailbox, MiB",
        round(held[_STARTS - 1]),
        110,
        first_start_ever=round(held[0]),
    )


_CONFIG = """
data_dir = "{folder}/data"
key_file = "{folder}/desk.key"
[web]
port = {port}
[channels.email.bench]
address = "support@desk.example"
imap_host = "127.0.0.1"
imap_port = {imap}
imap_tls = "none"
[reader]
enabled = false
"""


def _one(command, environment, port, *, idle):
    """Seconds to the first page, processor seconds until then, MiB after a while."""
    start = time.perf_counter()
    running = subprocess.Popen(command, cwd=desk.ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        first_page(f"http://127.0.0.1:{port}/sign-in")
        wall = time.perf_counter() - start
        cpu = _cpu(running.pid)
        if idle:
            threading.Event().wait(_IDLE)
        return wall, cpu, resident(running.pid)
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(20)


def first_page(address, longest=_LONGEST):
    """Wait until the page answers 200."""
    pause = threading.Event()
    until = time.perf_counter() + longest
    while time.perf_counter() < until:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(address, timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        pause.wait(0.01)
    raise TimeoutError(address)


def _cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    """The memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
