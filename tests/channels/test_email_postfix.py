"""A whole road of mail on loopback: our desk, a real Postfix, a far server that refuses, the report
back into a real Dovecot, and the row it is about."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from tempfile import mkdtemp

import pytest

from channels.email.parse import parse_mail
from router import deliver, desk, polling
from router.core.rights import Who
from tests.channels.conftest import DOVECOT, PATIENCE
from tests.staff import staffed

ADMIN = Who(id=1, name="Mei", role="admin")
POSTFIX = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.one_database,
    pytest.mark.skipif(POSTFIX is None, reason="no Postfix on this machine"),
    pytest.mark.skipif(os.getuid() != 0, reason="Postfix starts as root only"),
    pytest.mark.skipif(DOVECOT is None, reason="no Dovecot on this machine"),
]

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
daemon_directory = {daemons}
maillog_file = {home}/log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mx.desk.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
recipient_delimiter = +
disable_dns_lookups = yes
smtp_host_lookup = native
transport_maps = inline:{{ mail.example=smtp:[127.0.0.1]:{far} }}
virtual_mailbox_domains = desk.example
virtual_mailbox_base = {mailboxes}
virtual_mailbox_maps = inline:{{ help@desk.example={user}/ }}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
queue_run_delay = 1s
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
scache    unix  - - n - 1 scache
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


def _free_port():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        return free.getsockname()[1]


@pytest.fixture
def postfix(dovecot, owner, postbox):
    """A private Postfix between the desk, its Dovecot mailbox and the far server; its port."""
    owner.put(0)
    owner.expunge("1:*")
    home = Path(mkdtemp(prefix="smtp-", dir="/tmp"))
    home.chmod(0o755)
    port, person = _free_port(), pwd.getpwnam("nobody")
    given = {"home": home, "port": port, "far": postbox.port, "user": owner.user}
    given |= {"uid": person.pw_uid, "gid": person.pw_gid, "mailboxes": dovecot.home / "mail"}
    given |= {"daemons": "/usr/lib/postfix/sbin"}
    for folder in ("etc", "queue", "data"):
        (home / folder).mkdir()
    shutil.chown(home / "data", "postfix")
    (home / "etc" / "main.cf").write_text(MAIN.format(**given))
    (home / "etc" / "master.cf").write_text(MASTER.format(**given))
    running = subprocess.Popen(
        [POSTFIX, "-c", home / "etc", "start-fg"],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if not _listens(port):
        pytest.fail(f"Postfix does not start: {(home / 'log').read_text()}")
    yield port
    subprocess.run([POSTFIX, "-c", home / "etc", "stop"], capture_output=True, check=False)
    running.wait()
    shutil.rmtree(home, ignore_errors=True)


def _listens(port):
    pause = threading.Event()
    for _ in range(PATIENCE * 10):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as line:
            return line.recv(3) == b"220"
        pause.wait(0.1)
    return False


@pytest.fixture
def reply(owner, open_door, router_of, postfix):
    """Opens the desk and hands Postfix a reply to Lin, who wrote to it."""

    def make(**options):
        door = open_door(smtp_host="127.0.0.1", smtp_port=postfix, smtp_tls="none", **options)
        router = router_of(door)
        staffed(router, ADMIN)
        head = "From: Lin <lin@mail.example>\r\nTo: help@desk.example\r\nSubject: transfer\r\n\r\n"
        owner.append(f"{head}My transfer is still pending.\r\n".encode())
        polling.poll(router, door)
        (ticket,) = _rows(router, "SELECT id FROM ticket")
        desk.reply(router, ADMIN, ticket.id, "It is on its way.", once="a")
        deliver.sweep(router)
        return router, door

    return make


def _rows(router, text, **given):
    with router.store.reading() as unit:
        return unit.rows(text, **given)


def _sent(router):
    (row,) = _rows(router, "SELECT state, reason, rfc_id FROM outbox WHERE purpose = 'reply'")
    return row


def _until(done):
    pause = threading.Event()
    for _ in range(PATIENCE * 10):
        if done():
            return
        pause.wait(0.1)
    pytest.fail("it never came")


@pytest.mark.parametrize("tags", [False, True])
def test_a_refusal_far_away_turns_the_reply_red_and_the_ticket_is_ours_again(reply, postbox, tags):
    postbox.at_rcpt = "550 5.1.1 no such user here"
    router, door = reply(return_tags=tags)
    assert _sent(router).state == "sent"
    _until(lambda: polling.poll(router, door).fetched)
    assert _sent(router).state == "failed"
    assert _sent(router).reason.startswith("5.1.1 ")
    assert "no such user here" in _sent(router).reason
    assert [row.state for row in _rows(router, "SELECT state FROM ticket")] == ["open"]


def test_what_the_far_server_gets_is_what_we_wrote_and_comes_back_to_its_own_address(
    reply, postbox
):
    router, _ = reply(return_tags=True)
    own_id = _sent(router).rfc_id
    _until(lambda: len(postbox.kept) == 2)
    mails = [
        (sender, people, parse_mail(data, account="")) for sender, people, data in postbox.kept
    ]
    ((sender, people, mail),) = [one for one in mails if one[2].message_id == own_id]
    assert people == ["lin@mail.example"]
    assert (
        sender == f"help+b.{own_id.strip('<>').partition('@')[0].removeprefix('o.')}@desk.example"
    )
    assert "It is on its way." in mail.text
