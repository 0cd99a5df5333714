"""A private Dovecot, whoever uses its mailboxes, and doors that read them.

The server runs with a configuration of its own on a loopback port, as nobody; no mailbox of this
machine is touched. A user of any name may log in, and has an empty mailbox of 20 MB.
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
from aiosmtpd.controller import Controller

from channels.email import Email, EmailOptions
from tests.fakes import FakeDoors

DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
PATIENCE = 60
LONG = timedelta(seconds=PATIENCE)

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
mail_plugins = quota
protocol imap {{
  mail_plugins = quota imap_quota
}}
plugin {{
  quota = maildir:all
  quota_rule = *:storage=20M
}}
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
                answer = line.append(folder, None, None, mail_of(number))
                assert answer[0] == "OK", answer

    def append(self, mail):
        with self._line() as line:
            return line.append("INBOX", None, None, mail)

    def pour(self, home, mails):
        """Lay many mails down at once, as a server that has delivered them; it knows them then."""
        new = home / "mail" / self.user / "new"
        for folder in ("cur", "new", "tmp"):
            (new.parent / folder).mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(mails):
            (new / f"{1_790_000_000 + number}.{number}.here").write_bytes(data)
        if os.getuid() == 0:
            person = pwd.getpwnam("nobody")
            for path in (new.parent, *new.parent.rglob("*")):
                os.chown(path, person.pw_uid, person.pw_gid)
        with self._line():
            pass

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


def mail_of(number):
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
    def secret(self, name, *otherwise):
        return {"imap_password": "made-up"}.get(name, *otherwise)


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
            thread.join(PATIENCE)
            return said

        return answer

    yield make
    for thread in threads:
        thread.join(PATIENCE)


class Postbox:
    """An aiosmtpd handler that keeps what it gets and answers what it is told to."""

    def __init__(self):
        self.kept = []
        self.greeted = []
        self.at_mail = "250 OK"
        self.at_rcpt = "250 OK"
        self.at_data = "250 kept"

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 - their name
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 - their name
        if self.at_mail.startswith("250"):
            envelope.mail_from = address or "<>"
        return self.at_mail

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - their name
        if self.at_rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - their name
        self.kept.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return self.at_data


@pytest.fixture
def postbox():
    box = Postbox()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", server_hostname="mail.example", port=port)
    controller.start()
    box.port = port
    yield box
    controller.stop()
