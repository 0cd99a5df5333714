"""The mailbox against a real Dovecot: woken by it, polite to it, patient with it.

The server runs with a configuration of its own on a loopback port, as nobody; no mailbox of this
machine is touched. A user of any name may log in, and has an empty mailbox.
"""

import contextlib
import getpass
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import pytest

from channels.contract import Transient
from channels.email import Email, EmailOptions, imap
from router import polling
from tests.fakes import FakeDoors

DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
PATIENCE = 10
LONG = timedelta(seconds=PATIENCE)

pytestmark = pytest.mark.skipif(DOVECOT is None, reason="no Dovecot on this machine")

CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
ssl = no
disable_plaintext_auth = no
passdb {{
  driver = static
  args = password=made-up
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


class Dovecot:
    """A private Dovecot that can be killed and started again."""

    def __init__(self, home):
        self.home = Path(home)
        name = "nobody" if os.getuid() == 0 else getpass.getuser()
        self._user = pwd.getpwnam(name)
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        (self.home / "dovecot.conf").write_text(
            CONFIG.format(
                home=home,
                user=name,
                group=grp.getgrgid(self._user.pw_gid).gr_name,
                uid=self._user.pw_uid,
                gid=self._user.pw_gid,
                port=self.port,
            )
        )
        if os.getuid() == 0:
            shutil.chown(self.home, self._user.pw_uid, self._user.pw_gid)
        self.start()

    def start(self):
        uid, gid = self._user.pw_uid, self._user.pw_gid
        lower = {"user": uid, "group": gid, "extra_groups": []} if os.getuid() == 0 else {}
        self._running = subprocess.Popen(
            [DOVECOT, "-F", "-c", self.home / "dovecot.conf"], start_new_session=True, **lower
        )
        pause = threading.Event()
        for _ in range(PATIENCE * 20):
            with (
                contextlib.suppress(OSError, imaplib.IMAP4.error),
                imaplib.IMAP4("127.0.0.1", self.port, timeout=PATIENCE),
            ):
                return
            pause.wait(0.05)
        pytest.fail(f"Dovecot does not start: {(self.home / 'log').read_text()}")

    def kill(self):
        """All of it, as when the power goes."""
        os.killpg(self._running.pid, signal.SIGKILL)
        self._running.wait()

    def stop(self):
        self._running.terminate()
        self._running.wait()


@pytest.fixture(scope="module")
def dovecot():
    folder = mkdtemp(prefix="imap-", dir="/tmp")  # socket paths must be short
    running = Dovecot(folder)
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


class Owner:
    """Whoever else uses the mailbox."""

    def __init__(self, port, user):
        self.user = user
        self._port = port

    @contextlib.contextmanager
    def _line(self, folder="INBOX", *, readonly=False):
        with imaplib.IMAP4("127.0.0.1", self._port, timeout=PATIENCE) as line:
            line.login(self.user, "made-up")
            line.select(folder, readonly=readonly)
            yield line

    def put(self, *numbers, folder="INBOX"):
        with self._line() as line:
            line.create(folder)
            for number in numbers:
                assert line.append(folder, None, None, _mail(number))[0] == "OK"

    def expunge(self, *uids):
        with self._line() as line:
            line.uid("STORE", ",".join(map(str, uids)), "+FLAGS", r"(\Deleted)")
            line.expunge()

    def drop(self, folder):
        with self._line() as line:
            assert line.delete(folder)[0] == "OK"

    def flags(self, folder="INBOX"):
        """The flags of every mail, as the server tells them without \\Recent."""
        with self._line(folder, readonly=True) as line:
            _, answers = line.uid("FETCH", "1:*", "(FLAGS)")
        told = [imaplib.ParseFlags(answer) for answer in answers if answer]
        return [tuple(flag for flag in flags if flag != rb"\Recent") for flags in told]


def _mail(number):
    return (
        f"From: lin{number}@p{number}.example\r\nTo: help@desk.example\r\n"
        f"Subject: mail {number}\r\nMessage-ID: <{number}@mail.example>\r\n\r\n"
        f"My transfer {number} is still pending.\r\n"
    ).encode()


_people = count()


@pytest.fixture
def owner(dovecot):
    return Owner(dovecot.port, f"lin{next(_people)}")


class Secrets:
    def secret(self, name):
        return {"imap_password": "made-up"}[name]


@pytest.fixture
def open_door(dovecot, owner):
    """Opens the mailbox as a desk does, with options of its own."""
    opened = []

    def make(**changed):
        options = EmailOptions(
            address="help@desk.example",
            imap_host="127.0.0.1",
            imap_port=dovecot.port,
            imap_user=owner.user,
            imap_tls="none",
            **changed,
        )
        opened.append(Email("support", options, Secrets()))
        return opened[-1]

    yield make
    for door in opened:
        door.close()


@pytest.fixture
def router_of(assembled):
    return lambda door: assembled(doors=FakeDoors(door))


def _subjects(router):
    with router.store.reading() as unit:
        rows = unit.rows("SELECT subject FROM message WHERE direction = 'in' ORDER BY id")
    return [row.subject for row in rows]


def _named(*numbers):
    return [f"mail {number}" for number in numbers]


def test_every_mail_becomes_a_message_and_stays_unread_where_it_is(owner, open_door, router_of):
    owner.put(1, 2, 3)
    door = open_door()
    router = router_of(door)
    assert polling.poll(router, door).new == 3
    assert _subjects(router) == _named(1, 2, 3)
    assert owner.flags() == [(), (), ()]
    assert polling.poll(router, door).fetched == 0


def test_what_is_committed_moves_to_the_folder_still_unread(owner, open_door, router_of):
    owner.put(1, 2)
    door = open_door(processed_folder="Done")
    router = router_of(door)
    polling.poll(router, door)
    assert owner.flags() == []
    assert owner.flags("Done") == [(), ()]
    owner.put(3)
    polling.poll(router, door)
    assert _subjects(router) == _named(1, 2, 3)
    assert owner.flags() == []
    assert len(owner.flags("Done")) == 3


@pytest.fixture
def waiting():
    """Lets a door wait in a thread; the word it came back with."""
    threads = []

    def make(door):
        idling, said = threading.Event(), []
        client = door._mailbox._opened()
        idle = client.idle
        client.idle = lambda: (idle(), idling.set())
        thread = threading.Thread(target=lambda: said.append(door.wait(LONG)), daemon=True)
        thread.start()
        threads.append(thread)
        assert idling.wait(PATIENCE)

        def answer():
            thread.join(PATIENCE / 2)
            return said

        return answer

    yield make
    for thread in threads:
        thread.join(PATIENCE)


def test_a_mail_that_arrives_wakes_the_door(owner, open_door, router_of, waiting):
    door = open_door()
    router = router_of(door)
    polling.poll(router, door)
    answer = waiting(door)
    owner.put(1)
    assert answer() == [True]
    assert polling.poll(router, door).new == 1


def test_a_door_that_is_closed_while_it_waits_comes_back(open_door, waiting):
    door = open_door()
    answer = waiting(door)
    door.close()
    assert answer() == [False]


def test_a_mail_that_was_there_before_the_waiting_is_not_slept_through(owner, open_door, router_of):
    door = open_door()
    router = router_of(door)
    polling.poll(router, door)
    owner.put(1)
    assert door.wait(LONG) is True


def test_after_the_server_was_killed_the_door_goes_on_where_it_was(
    dovecot, owner, open_door, router_of
):
    owner.put(1, 2)
    door = open_door()
    router = router_of(door)
    polling.poll(router, door)
    dovecot.kill()
    with pytest.raises(Transient):
        polling.poll(router, door)
    with pytest.raises(Transient):
        door.wait(LONG)
    dovecot.start()
    owner.put(3)
    tally = polling.poll(router, door)
    assert (tally.fetched, tally.new) == (1, 1)
    assert _subjects(router) == _named(1, 2, 3)


def test_a_door_whose_server_dies_while_it_waits_is_told(dovecot, open_door, waiting):
    door, told = open_door(), []
    wait = door._mailbox.wait

    def heard(timeout):
        try:
            return wait(timeout)
        except Transient:
            told.append("transient")

    door._mailbox.wait = heard
    answer = waiting(door)
    dovecot.kill()
    answer()
    dovecot.start()
    assert told == ["transient"]


def test_a_folder_made_anew_is_read_again_and_nothing_doubled(owner, open_door, router_of):
    owner.put(1, 2, 3, 4, folder="Desk")
    door = open_door(imap_folder="Desk")
    router = router_of(door)
    polling.poll(router, door)
    owner.drop("Desk")
    owner.put(2, 5, folder="Desk")
    _poll_through(router, door)
    assert _subjects(router) == _named(1, 2, 3, 4, 5)
    owner.put(6, folder="Desk")
    _poll_through(router, door)
    assert _subjects(router) == _named(1, 2, 3, 4, 5, 6)


def _poll_through(router, door):
    """As the worker does: a line that broke is opened again the next time."""
    for _ in range(3):
        with contextlib.suppress(Transient):
            polling.poll(router, door)


def test_lost_indices_are_read_again_and_nothing_doubled(dovecot, owner, open_door, router_of):
    owner.put(1, 2, 3)
    door = open_door()
    router = router_of(door)
    polling.poll(router, door)
    before = _validity(router)
    dovecot.kill()
    for found in (dovecot.home / "mail" / owner.user).glob("dovecot*"):
        found.unlink()
    (dovecot.home / "mail" / owner.user / "dovecot-uidvalidity").write_text(f"{before + 7:08x}")
    dovecot.start()
    owner.put(4)
    _poll_through(router, door)  # whether or not the server draws a new UIDVALIDITY now
    assert sorted(_subjects(router)) == _named(1, 2, 3, 4)


def _validity(router):
    with router.store.reading() as unit:
        return polling.journal.cursor(unit, "email", "support")["uidvalidity"]


def test_mails_that_go_in_the_middle_take_no_other_with_them(
    owner, open_door, router_of, monkeypatch
):
    monkeypatch.setattr(imap, "MOST_MAILS", 2)
    owner.put(1, 2, 3, 4, 5, 6, 7)
    door = open_door()
    router = router_of(door)
    settle, gone = door.settle, iter([(3, 5), (7,)])

    def and_somebody_deletes(items):
        settle(items)
        if uids := next(gone, None):
            owner.expunge(*uids)

    door.settle = and_somebody_deletes
    _poll_through(router, door)
    assert _subjects(router) == _named(1, 2, 4, 6)
    owner.put(8)
    _poll_through(router, door)
    assert _subjects(router) == _named(1, 2, 4, 6, 8)
