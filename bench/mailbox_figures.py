"""A mailbox: what looking costs when nothing is new, and how soon an arrival is a ticket."""

import contextlib
import getpass
import grp
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time

import desk
import figures

from channels.email import Email
from router.worker import Worker
from tests.channels.imap_server import ImapServer

_HELD = (10, 100_000)
_ARRIVALS = 50
_LONGEST = 30
_MAIL = (
    "From: Lin <lin{n}@mail.example>\r\nTo: support@desk.example\r\nSubject: Help {n}\r\n"
    "Message-ID: <arrival{n}@mail.example>\r\n\r\nMy transfer {n} is still pending.\r\n"
)


class _Vault:
    def secret(self, name):
        return "made-up"


class _Counting(ImapServer):
    """Also counts what it sends."""

    sent = 0

    def _send(self, *lines):
        self.sent += sum(len(line) + 2 for line in lines)
        return super()._send(*lines)


def polling(given, folder):
    """Commands and bytes of a look at a mailbox with nothing new, whatever it holds."""
    costs = {}
    for held in _HELD:
        server = _Counting()
        server.mails = dict.fromkeys(range(1, held + 1), b"")
        options = Email.Options(
            address="support@desk.example", imap_host="127.0.0.1", imap_port=server.port
        )
        options = options.model_copy(update={"imap_tls": "none"})
        door = Email("bench", options, _Vault())
        cursor = {"uidvalidity": server.validity, "uid": held}
        list(door.poll(cursor))  # connects and logs in
        said, sent = len(server.said), server.sent
        assert list(door.poll(cursor)) == []
        costs[held] = {"commands": len(server.said) - said, "bytes": server.sent - sent}
        door.close()
        server.stop()
    few, many = (costs[held] for held in _HELD)
    value = many["commands"] / few["commands"]
    figures.at_most("commands to find nothing new, 100,000 held / 10", value, 1, few=few, many=many)


def arrival(given, folder):
    """From the server's knock, and from delivery into a real server, to a ticket one can read."""
    _scripted(folder / "scripted")
    if _which_dovecot():
        _dovecot(folder / "dovecot")


def _scripted(home):
    server = ImapServer()
    server.mails[1] = _mail(0)

    def deliver(number):
        assert server.idling.wait(_LONGEST)
        threading.Event().wait(0.05)  # so that the knock is not read together with "idling"
        server.mails[number + 1] = _mail(number)
        start = time.perf_counter()
        server.knock()
        return start

    try:
        _tell("knock of a server (IDLE) to visible", _arrivals(home, deliver, server.port))
    finally:
        server.stop()


def _dovecot(home):
    """A real server; it waits half a second itself before it tells anybody of a file."""
    port = _free_port()
    place = home / "server"
    user = "nobody" if os.geteuid() == 0 else getpass.getuser()  # it refuses to read mail as root
    group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    users = f"default_login_user = {user}\ndefault_internal_user = {user}" if os.geteuid() else ""
    for folder in ("cur", "new", "tmp"):
        (place / "mail" / folder).mkdir(parents=True)
    for folder in (place, *place.rglob("*")):
        shutil.chown(folder, user)
    home.parent.chmod(0o755)
    (place / "dovecot.conf").write_text(
        _DOVECOT.format(place=place, port=port, user=user, group=group, users=users)
    )
    server = subprocess.Popen(
        [_which_dovecot(), "-F", "-c", str(place / "dovecot.conf")], stderr=subprocess.DEVNULL
    )

    def deliver(number):
        threading.Event().wait(0.3)  # the desk has gone back to waiting
        draft = place / "mail" / "tmp" / f"{number}.desk"
        draft.write_bytes(_mail(number))
        start = time.perf_counter()
        draft.rename(place / "mail" / "new" / f"{number}.desk")
        witness.hears_exists()
        waits.append(time.perf_counter() - start)
        return start + waits[-1]

    waits = []
    try:
        _answering(port)
        witness = _Witness(port)
        times = _arrivals(home, deliver, port)
        own = round(figures.percentile(waits, 0.5) * 1e3)
        _tell("knock of Dovecot (IDLE) to visible", times, its_own_wait_ms=own)
    finally:
        server.terminate()
        server.wait(10)


class _Witness:
    """A second client that idles, to know when the server told of a mail."""

    def __init__(self, port):
        self._line = socket.create_connection(("127.0.0.1", port), _LONGEST)
        self._heard = self._line.makefile("rb")
        for said in (b"a LOGIN desk made-up", b"b EXAMINE INBOX", b"c IDLE"):
            self._line.sendall(said + b"\r\n")
        self._until(b"+ ")

    def hears_exists(self):
        self._until(b"EXISTS")

    def _until(self, sign):
        while sign not in (said := self._heard.readline())[:12]:
            assert said


_DOVECOT = """
protocols = imap
listen = 127.0.0.1
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/log
ssl = no
disable_plaintext_auth = no
{users}
mail_uid = {user}
first_valid_uid = 0
mail_location = maildir:{place}/mail
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
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={place}
}}
"""


def _which_dovecot():
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _free_port():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        return free.getsockname()[1]


def _answering(port):
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as line:
            if line.recv(4):
                return
        threading.Event().wait(0.05)
    raise TimeoutError("the IMAP server does not answer")


def _mail(number):
    return _MAIL.format(n=number).encode()


def _arrivals(home, deliver, port):
    """Seconds from each delivery until the message can be read by others."""
    router = desk.opened(home, imap_port=port, imap_tls="none", smtp_host="")
    committed = threading.Event()
    router.store.on_commit.append(committed.set)
    worker = Worker(router)
    worker.start()
    times = []
    try:
        for number in range(1, _ARRIVALS + 1):
            start = deliver(number)
            while not _there(router, f"<arrival{number}@mail.example>"):
                assert committed.wait(_LONGEST)
                committed.clear()
            times.append(time.perf_counter() - start)
    finally:
        worker.stop()
        router.close()
    return times


def _there(router, rfc_id):
    with router.store.reading() as unit:
        return unit.value("SELECT 1 FROM message WHERE rfc_id = :id", id=rfc_id)


def _tell(name, times, **more):
    figures.at_most(
        f"{name}, p99 ms",
        round(figures.percentile(times, 0.99) * 1e3),
        250,
        p50=round(figures.percentile(times, 0.5) * 1e3),
        arrivals=len(times),
        **more,
    )
