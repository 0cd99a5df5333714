"""Two worker processes on one database: everything is done, nothing twice, both take part.

The mail goes to a real SMTP server that lets nobody go on before both workers have called.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
from aiosmtpd.controller import Controller

from channels import webform
from channels.contract import Raw
from router import pipeline, sweeps
from router.assemble import FORM, assemble
from router.configuration import load
from router.core.clock import FrozenClock, SystemClock, monotonic
from router.prepared import Terms
from router.store import audit, counters, journal, outbox
from router.store.counters import VIEWS, Counted
from router.store.database import Store
from router.store.journal import Item
from router.store.promises import clocks
from router.worker import Worker
from tests.channels.imap_server import ImapServer

#: Ten days ago every promise was made that is broken now.
AGO = timedelta(days=10)
PATIENCE = 60


class Receiver:
    """What the far side accepted; ``together`` once two callers stood at its door at a time."""

    def __init__(self):
        self.taken = []
        self.together = asyncio.Event()
        self._callers = 0

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        self._callers += 1
        if self._callers == 2:
            self.together.set()
        await asyncio.wait_for(self.together.wait(), PATIENCE)
        self._callers -= 1
        self.taken.append(message_from_bytes(envelope.content)["To"])
        return "250 taken"


@pytest.fixture
def receiver():
    taking = Receiver()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        taking.port = free.getsockname()[1]
    controller = Controller(
        taking, hostname="127.0.0.1", server_hostname="mail.example", port=taking.port
    )
    controller.start()
    yield taking
    controller.stop()


@pytest.fixture
def mailbox():
    running = ImapServer()
    yield running
    running.stop()


@pytest.fixture
def config(tmp_path, store_url, mailbox, receiver):
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
[channels.email.support]
address = "support@desk.example"
imap_host = "127.0.0.1"
imap_port = {mailbox.port}
imap_tls = "none"
smtp_host = "127.0.0.1"
smtp_port = {receiver.port}
smtp_tls = "none"
smtp_per_minute = 0
""",
        encoding="utf-8",
    )
    (tmp_path / "data").mkdir()
    return path


def _mail(number, at):
    mail = EmailMessage()
    mail["From"] = f"person{number}@p{number % 97}.example"
    mail["To"] = "support@desk.example"
    mail["Subject"] = f"Transfer {number}"
    mail["Message-ID"] = f"<{number}@mail.example>"
    mail["Date"] = format_datetime(at)
    mail.set_content(f"My transfer {number} is still pending, please help.")
    return mail.as_bytes()


def _fill(config, mails, shipped_rules):
    """Mail of ten days ago, taken in and never answered."""
    past = SystemClock().now() - AGO
    router = assemble(load(config, {}), clock=FrozenClock(past), rules=shipped_rules)
    door = router.doors.reader("email", "support")
    try:
        raws = [_mail(number, past) for number in range(mails)]
        pipeline.receive(router, door, [Raw(door.identify(one), one) for one in raws], Terms())
    finally:
        router.close()


def _push(router, forms):
    """Forms that were journalled and answered, and that nobody has worked on yet."""
    now = router.clock.now()
    for number in range(forms):
        fields = {
            "idempotency_key": f"key {number}",
            "body": f"Form {number}: I forgot my password",
            "email": f"form{number}@f{number}.example",
        }
        data = webform.document(fields, [], received_at=now)
        item = Item(*FORM, router.doors.reader(*FORM).identify(data))
        sealed = router.keys.seal(data, journal.about(item))
        router.store.write(
            lambda unit, item=item, sealed=sealed: journal.put(
                unit, item, "received", sealed=sealed
            )
        )


def _worker(config):
    return subprocess.Popen(
        [sys.executable, "-m", "router", "worker", "--config", str(config)],
        env={**os.environ, "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD": "made-up"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _busy(router):
    with router.store.reading() as unit:
        return (
            outbox.pending(unit)
            or bool(unit.rows("SELECT id FROM outbox WHERE state = 'sending'"))
            or journal.pending(unit)
            or clocks.waiting(unit)
            or counters.pending(unit)
            or audit.pending(unit)
        )


def _both(config, router, mails, forms):
    """Start both, wait until there is nothing left to do, stop both politely."""
    running = [_worker(config), _worker(config)]
    pause = threading.Event()
    try:
        _push(router, forms)
        for _ in range(PATIENCE * 10 + mails):
            if not _busy(router):
                break
            pause.wait(0.1)
    finally:
        for one in running:
            one.send_signal(signal.SIGTERM)
        told = [one.communicate(timeout=PATIENCE)[1].decode() for one in running]
    assert [one.returncode for one in running] == [0, 0]
    assert not _busy(router)
    return told


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("mails", "forms"), [(80, 20), pytest.param(1500, 300, marks=pytest.mark.slow)]
)
def test_two_workers_do_everything_once(config, receiver, shipped_rules, mails, forms):
    _fill(config, mails, shipped_rules)
    router = assemble(load(config, {}), rules=shipped_rules)
    try:
        told = _both(config, router, mails, forms)
        assert receiver.together.is_set()
        assert not any("Traceback" in said for said in told), told
        _everybody_was_answered_once(router, receiver, mails, forms)
        _each_broken_promise_is_noted_once(router, mails)
        _the_counts_are_right(router, mails + forms)
        with router.store.reading() as unit:
            assert audit.verify(unit, router.keys) is None
            assert unit.value("SELECT COUNT(*) FROM health WHERE NOT ok") == 0
    finally:
        router.close()


def _everybody_was_answered_once(router, receiver, mails, forms):
    assert set(Counter(receiver.taken).values()) == {1}
    assert len(receiver.taken) == mails + forms
    with router.store.reading() as unit:
        states = unit.rows("SELECT state, COUNT(*) AS n FROM outbox GROUP BY state")
        kept = unit.value("SELECT COUNT(*) FROM message WHERE direction = 'in'")
        sent = unit.value("SELECT COUNT(*) FROM entry WHERE code = 'sent'")
    assert [(row.state, row.n) for row in states] == [("sent", mails + forms)]
    assert (kept, sent) == (mails + forms, mails + forms)


def _each_broken_promise_is_noted_once(router, mails):
    with router.store.reading() as unit:
        broken = unit.value("SELECT COUNT(*) FROM sla_clock WHERE breached_at IS NOT NULL")
        noted = unit.rows(
            "SELECT ticket_id, params, COUNT(*) AS n FROM entry WHERE code = 'sla_breached' "
            "GROUP BY ticket_id, params"
        )
    assert broken == mails * 2
    assert len(noted) == broken
    assert {row.n for row in noted} == {1}


def _the_counts_are_right(router, tickets):
    truth = Counter()
    with router.store.reading() as unit:
        rows = unit.rows("SELECT * FROM ticket")
        for row in rows:
            truth.update(
                Counted(
                    team_id=row.team_id,
                    assignee_id=row.assignee_id,
                    standing=row.standing,
                    security=bool(row.security),
                    unsorted=row.category == "other.unsorted",
                    parked=bool(row.parked),
                    snoozed=row.state == "snoozed",
                ).keys()
            )
        keys = {f"t{team}:{view}" for team in (1, 2) for view in VIEWS} | truth.keys()
        counted = counters.read(unit, keys)
    assert len(rows) == tickets
    assert {key: count for key, count in counted.items() if count} == truth


def test_a_worker_that_waits_at_a_mailbox_stops_at_once(
    config, mailbox, shipped_rules, monkeypatch
):
    monkeypatch.setenv("ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD", "made-up")
    router = assemble(load(config), rules=shipped_rules)
    worker = Worker(router)
    worker.start()
    assert mailbox.idling.wait(PATIENCE)
    began = monotonic()
    worker.stop()
    assert monotonic() - began < PATIENCE  # an idling mailbox would keep it for half an hour
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM health WHERE NOT ok") == 0
    router.close()


# ---------------------------------------------------------------- one at a time


@pytest.fixture
def other(assembled, store_url, frozen, ids):
    """A second program's router on the same database."""
    router = assembled()
    second = Store(store_url, clock=frozen, ids=ids)
    yield router, type(router)(**{**vars(router), "store": second})
    second.close()


def _duty(work, *, exclusive):
    every = timedelta(seconds=1)
    return sweeps.Duty("made-up", every, lambda _: True, work, exclusive=exclusive)


def test_an_exclusive_duty_is_left_alone_while_another_program_is_at_it(other, monkeypatch):
    first, second = other
    done = []

    def work(router):
        monkeypatch.setattr(sweeps, "OWNER", "another program")
        inner = _duty(lambda _: done.append("second"), exclusive=True)
        assert sweeps.tick(second, inner) is False
        monkeypatch.undo()
        done.append("first")

    assert sweeps.tick(first, _duty(work, exclusive=True)) is True
    assert done == ["first"]
    assert sweeps.tick(second, _duty(lambda _: done.append("second"), exclusive=True)) is True
    assert done == ["first", "second"]


def test_an_exclusive_duty_of_a_program_that_died_is_taken_over(other, frozen):
    first, second = other

    def dies(_):
        raise SystemExit

    duty = _duty(dies, exclusive=True)
    take = "UPDATE lease SET until = :until WHERE name = 'made-up'"
    with pytest.raises(SystemExit):
        sweeps.tick(first, duty)
    later = frozen.now() + timedelta(seconds=120)
    first.store.write(
        lambda unit: unit.run(take, until=int(later.timestamp() * 1_000_000))
    )  # as a killed program leaves it
    idle = _duty(lambda _: None, exclusive=True)
    assert sweeps.tick(second, idle) is False
    frozen.advance(timedelta(seconds=121))
    assert sweeps.tick(second, idle) is True


def test_other_duties_are_done_side_by_side(other):
    first, second = other
    done = []

    def work(_):
        assert sweeps.tick(second, _duty(lambda _: done.append("second"), exclusive=False))
        done.append("first")

    assert sweeps.tick(first, _duty(work, exclusive=False))
    assert done == ["second", "first"]


def test_duties_that_add_up_are_exclusive():
    assert {duty.name for duty in sweeps.DUTIES if duty.exclusive} >= {"fold", "seal", "purge"}
