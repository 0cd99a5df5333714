"""Two workers on two hosts, which are network namespaces with an address each: PostgreSQL is
reached over the network, the duties are shared, and each act happens once."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from datetime import timedelta

import pytest

from router import pipeline
from router.assemble import assemble
from router.configuration import load
from router.core.clock import SystemClock, monotonic, to_us
from router.prepared import Terms
from router.store import outbox
from router.store.promises import clocks
from tests.fakes import FakeDoor, FakeDoors

TICKETS = 150
PATIENCE = 120
#: Answers at the host's side of each wire, and hands on to the server's socket.
RELAY = """
import asyncio, sys
async def pump(reader, writer):
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    writer.close()
async def serve(reader, writer):
    far_reader, far_writer = await asyncio.open_unix_connection(sys.argv[1])
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
async def main():
    for address in sys.argv[2:]:
        await asyncio.start_server(serve, address, 15432)
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def hosts():
    """The namespace of the wire, and two at its ends: (name, the address at which it finds the
    wire). This machine's own network stays as it is, or else every browser of another test would
    break off what it loads."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("two hosts need root and ip; PostgreSQL on one host is tested elsewhere")
    wire, made = f"wire{uuid.uuid4().hex[:6]}", []
    try:
        _ip("netns", "add", wire)
        for number in (1, 2):
            name, end = f"desk{uuid.uuid4().hex[:6]}", f"end{number}"
            _ip("netns", "add", name)
            made.append((name, f"10.231.{number}.1"))
            pair = ("type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("-n", wire, "link", "add", end, *pair)
            _ip("-n", wire, "addr", "add", f"10.231.{number}.1/30", "dev", end)
            _ip("-n", wire, "link", "set", end, "up")
            _ip("-n", name, "addr", "add", f"10.231.{number}.2/30", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")
        yield wire, made
    finally:
        for name in (*(one for one, _ in made), wire):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.fixture
def relay(hosts, store_url):
    socket = store_url.partition("host=")[2].partition("&")[0].replace("%2F", "/")
    wire, made = hosts
    listening = [sys.executable, "-c", RELAY, f"{socket}/.s.PGSQL.5432", *(one for _, one in made)]
    running = subprocess.Popen(
        ["ip", "netns", "exec", wire, *listening],
        stdout=subprocess.PIPE,
    )
    assert running.stdout.readline() == b"ready\n"
    yield
    running.kill()
    running.wait()
    running.stdout.close()


def _config(folder, url):
    folder.mkdir()
    path = folder / "config.toml"
    path.write_text(
        f'data_dir = "{folder}/data"\nkey_file = "{folder.parent}/desk.key"\n'
        f'[database]\nurl = "{url}"\n[reader]\nenabled = false\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.slow
@pytest.mark.own_database
def test_two_hosts_share_the_duties_and_do_everything_once(
    hosts, relay, store_url, database_kind, tmp_path, shipped_rules
):
    if database_kind != "postgresql":
        pytest.skip("two hosts need PostgreSQL")
    router = assemble(load(_config(tmp_path / "here", store_url), {}), rules=shipped_rules)
    name = store_url.partition("?")[0].rpartition("/")[2]
    workers = [
        _worker(host, _config(tmp_path / host, f"postgresql://postgres@{address}:15432/{name}"))
        for host, address in hosts[1]
    ]
    try:
        _take_in(router)
        together = _wait(router)
    finally:
        for one in workers:
            one.send_signal(signal.SIGTERM)
        told = [one.communicate(timeout=PATIENCE)[1].decode() for one in workers]
    assert [one.returncode for one in workers] == [0, 0], told
    assert not any("Traceback" in said for said in told), told
    with router.store.reading() as unit:
        noted = unit.value("SELECT COUNT(*) FROM entry WHERE code = 'sla_breached'")
        ill = unit.value("SELECT COUNT(*) FROM health WHERE NOT ok")
    router.close()
    assert noted == TICKETS * 2
    assert ill == 0
    assert together == 2 * 2  # each takes the desk's own duties, and those of far sides


def _worker(host, config):
    return subprocess.Popen(
        ["ip", "netns", "exec", host, sys.executable, "-m", "router", "worker", "--config", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _take_in(router):
    """Tickets whose promises are over within some seconds."""
    door = FakeDoor()
    desk = type(router)(**{**router.__dict__, "doors": FakeDoors(door)})
    raws = [door.arrives(text="hello", **{"from": f"p{n}@m.example"}) for n in range(TICKETS)]
    pipeline.receive(desk, door, raws, Terms())
    soon = to_us(SystemClock().now() + timedelta(seconds=10))
    router.store.write(
        lambda unit: unit.run("UPDATE sla_clock SET due_at = :at, act_at = :at", at=soon)
    )
    router.store.write(lambda unit: unit.run("DELETE FROM outbox"))


def _wait(router):
    """Until nothing is left to do; how many workers were seen together."""
    pause, until, together = threading.Event(), monotonic() + PATIENCE, 0
    while monotonic() < until:
        with router.store.reading() as unit:
            seen = unit.value("SELECT COUNT(*) FROM procrastinate_workers")
            together = max(together, seen)
            left = unit.value("SELECT COUNT(*) FROM sla_clock WHERE breached_at IS NULL")
            if not left and not clocks.waiting(unit) and not outbox.pending(unit):
                break
        pause.wait(0.5)
    return together
