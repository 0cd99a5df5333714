"""The mailbox over real lines: a scripted server that misbehaves, and pymap, which does not."""

import contextlib
import imaplib
import re
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from channels.contract import Polls, Refused, Speaks, Transient, Waits
from channels.email import Email, EmailOptions, imap
from channels.email.parse import remote_id
from tests.channels.imap_server import MAIL, ImapServer

LONG = timedelta(seconds=30)


class Secrets:
    def secret(self, name):
        return {"imap_password": "demopass"}[name]


def email(port, **changed):
    given = {"address": "help@desk.example", "imap_host": "127.0.0.1", "imap_tls": "none"}
    options = EmailOptions(**(given | {"imap_port": port, "imap_user": "demouser"} | changed))
    return Email("desk", options, Secrets())


@pytest.fixture
def server():
    running = ImapServer()
    yield running
    running.stop()


@pytest.fixture
def door(server):
    opened = email(server.port)
    yield opened
    opened.close()


def subjects(batches):
    return [raw.data.split(b"\r\n")[1] for batch in batches for raw in batch.items]


def test_the_door_polls_waits_and_speaks(door):
    assert isinstance(door, Polls)
    assert isinstance(door, Waits)
    assert isinstance(door, Speaks)


def test_a_first_poll_brings_everything_oldest_first(server, door):
    server.put(3, 1, 2)
    (batch,) = door.poll({})
    assert [raw.settle for raw in batch.items] == ["1", "2", "3"]
    assert batch.cursor == {"uidvalidity": 7, "uid": 3}
    assert batch.items[0].received_at == datetime(2026, 2, 3, 1, 15, tzinfo=UTC)
    assert batch.items[0].remote_id == remote_id(MAIL % (1, 1))


def test_an_unread_mail_stays_unread(server, door):
    server.put(1)
    list(door.poll({}))
    assert not any("BODY[]" in said for said in server.said)
    assert any("BODY.PEEK[]" in said for said in server.said)


def test_nothing_new_costs_one_question(server, door):
    server.put(1, 2)
    (batch,) = door.poll({})
    server.said.clear()
    assert list(door.poll(batch.cursor)) == []
    assert [said.split(" ")[0] for said in server.said] == ["EXAMINE"]


def test_only_what_came_since_is_fetched(server, door):
    server.put(1, 2)
    assert subjects(door.poll({"uidvalidity": 7, "uid": 1})) == [b"Subject: mail 2"]


def test_another_uidvalidity_starts_over(server, door):
    server.put(1, 2)
    (batch,) = door.poll({})
    server.validity = 8
    (again,) = door.poll(batch.cursor)
    assert [raw.remote_id for raw in again.items] == [raw.remote_id for raw in batch.items]
    assert again.cursor == {"uidvalidity": 8, "uid": 2}


def test_an_old_server_that_tells_less_is_asked_once_more(server, door):
    server.tells_uidnext = False
    server.put(1, 2)
    (batch,) = door.poll({})
    assert len(batch.items) == 2
    server.said.clear()
    assert list(door.poll(batch.cursor)) == []
    assert [said.split(" ")[0] for said in server.said] == ["EXAMINE", "STATUS"]


def test_mails_of_a_folder_that_is_no_more_are_not_moved(server):
    server.put(1, 2)
    door = email(server.port, processed_folder="Done")
    (batch,) = door.poll({})
    server.hang_up()
    server.validity = 8
    with pytest.raises(Transient):
        door.settle(batch.items)  # finds the line broken
    door.settle(batch.items)
    assert server.moved == []
    door.close()


def test_many_mails_come_in_batches_whose_cursors_can_be_kept(server, door):
    server.put(*range(1, 251))
    batches = list(door.poll({}))
    assert [len(batch.items) for batch in batches] == [100, 100, 50]
    assert [batch.more for batch in batches] == [True, True, False]
    assert [batch.cursor["uid"] for batch in batches] == [100, 200, 250]


def test_large_mails_come_in_smaller_batches(server, door):
    server.put(1, 2, 3)
    server.sizes = {1: 5_000_000, 2: 5_000_000, 3: 100}
    assert [len(batch.items) for batch in door.poll({})] == [1, 2]


def test_of_a_mail_too_large_the_headers_come(server, door):
    server.put(1)
    server.sizes = {1: imap.LARGEST_MAIL + 1}
    (batch,) = door.poll({})
    (inbound,) = door.parse(batch.items[0])
    assert (inbound.subject, inbound.text) == ("mail 1", "")
    assert "too_large" in inbound.defects


def test_a_line_cut_in_mid_mail_is_tried_again_on_a_new_line(server, door):
    server.put(1)
    server.cut_in_mail = True
    with pytest.raises(Transient):
        list(door.poll({}))
    server.cut_in_mail = False
    assert subjects(door.poll({})) == [b"Subject: mail 1"]


@pytest.mark.parametrize("understates", range(1, 120, 7))
def test_a_mail_longer_than_its_server_says_is_told_of_without_its_words(server, understates):
    phrase = "abandon " * 11 + "about"
    server.mails[1] = b"From: lin@mail.example\r\n\r\nmy phrase\r\n" + f"{phrase}\r\n".encode()
    server.understates = understates
    door = email(server.port)
    with pytest.raises(Transient) as told:
        list(door.poll({}))
    door.close()
    assert str(told.value).startswith("mailbox on 127.0.0.1: ")
    assert not {"abandon", "about", "phrase"} & set(re.findall(r"[a-z]+", str(told.value)))


def test_a_refused_login_is_a_fault_of_the_channel(server, door):
    server.accepts = False
    with pytest.raises(Refused) as refused:
        list(door.poll({}))
    assert refused.value.channel_fault


def test_nobody_listening_is_tried_again():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Transient):
        list(email(port).poll({}))


def test_a_provider_that_wants_to_know_who_we_are_is_told(server, door):
    server.put(1)
    list(door.poll({}))
    names = [said.split(" ")[0] for said in server.said]
    assert names.index("ID") < names.index("EXAMINE")


def test_committed_mail_is_moved_where_it_was_asked_for(server):
    server.put(1, 2)
    door = email(server.port, processed_folder="Done")
    (batch,) = door.poll({})
    assert server.moved == []
    door.settle(batch.items)
    assert server.moved == ['UID MOVE 1,2 "Done"']
    door.close()


def test_without_a_folder_nothing_is_touched(server, door):
    server.put(1)
    (batch,) = door.poll({})
    server.said.clear()
    door.settle(batch.items)
    assert server.said == []


def waiting(door, timeout=LONG):
    """A thread in ``wait``, and where its answer will be."""
    heard = []

    def wait():
        try:
            heard.append(door.wait(timeout))
        except Transient as error:
            heard.append(error)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread, heard


def test_a_knock_ends_the_waiting(server, door):
    thread, heard = waiting(door)
    assert server.idling.wait(5)
    server.knock()
    thread.join(5)
    assert heard == [True]


def test_a_mail_that_came_before_the_waiting_ends_it_at_once(server, door):
    server.put(1)
    list(door.poll({}))
    server.put(2)
    assert door.wait(LONG) is True
    assert "IDLE" not in server.said


def test_a_removed_mail_is_no_knock(server, door):
    thread, heard = waiting(door, timedelta(seconds=1))
    assert server.idling.wait(5)
    server.knock(b"* 1 EXPUNGE\r\n")
    thread.join(5)
    assert heard == [False]


def test_waiting_ends_when_its_time_is_over(server, door):
    assert door.wait(timedelta(milliseconds=20)) is False
    assert server.said[-1] == "DONE"


def test_after_a_wait_the_same_line_is_polled(server, door):
    door.wait(timedelta(milliseconds=1))
    server.put(1)
    assert subjects(door.poll({})) == [b"Subject: mail 1"]
    assert sum(said.startswith("LOGIN") for said in server.said) == 1


def test_a_line_cut_while_idle_is_tried_again(server, door):
    thread, heard = waiting(door)
    assert server.idling.wait(5)
    server.hang_up()
    thread.join(5)
    assert isinstance(heard[0], Transient)
    server.put(1)
    assert subjects(door.poll({})) == [b"Subject: mail 1"]


def test_closing_ends_the_waiting(server, door):
    thread, heard = waiting(door)
    assert server.idling.wait(5)
    door.close()
    thread.join(5)
    assert heard == [False]


def test_a_server_that_cannot_knock_is_looked_at_now_and_then(server):
    server.capabilities = "IMAP4rev1"
    door = email(server.port, poll_seconds=1)
    assert door.wait(timedelta(milliseconds=10)) is False
    thread, heard = waiting(door)
    thread.join(5)
    assert heard == [True]
    door.close()


def test_closing_ends_the_waiting_for_a_server_that_cannot_knock(server):
    server.capabilities = "IMAP4rev1"
    door = email(server.port)
    thread, heard = waiting(door)
    door.close()
    thread.join(5)
    assert heard == [False]


def test_the_reply_address_carries_the_token_back():
    door = email(1)
    address = door.reply_address("abc")
    data = f"From: a@b.example\r\nTo: {address}\r\n\r\n".encode()
    assert address == "help+t.abc@desk.example"
    assert [one.tokens for one in door.parse(imap.Raw("id", data))] == [("abc",)]
    assert email(1, address="").reply_address("abc") == ""


@pytest.fixture(scope="module")
def pymap():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    options = ["--no-tls", "--no-service", "admin", "--no-service", "managesieve"]
    start = "from pymap.main import main; main()"
    command = [sys.executable, "-c", start, "--host", "127.0.0.1", "--port", str(port)]
    running = subprocess.Popen(
        [*command, *options, "dict", "--demo-data"], stderr=subprocess.DEVNULL
    )
    arrived = threading.Event()
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        arrived.wait(0.1)
    yield port
    running.terminate()
    running.wait(5)


def test_a_real_server_hands_over_what_was_put_into_it(pymap):
    door = email(pymap, processed_folder="Done")
    *_, last = door.poll({})
    mail = MAIL % (900, 900)
    with imaplib.IMAP4("127.0.0.1", pymap, timeout=10) as client:
        client.login("demouser", "demopass")
        client.append("INBOX", "", imaplib.Time2Internaldate(0), mail)
    (batch,) = door.poll(last.cursor)
    assert [raw.data for raw in batch.items] == [mail]
    door.settle(batch.items)
    assert list(door.poll(batch.cursor)) == []
    with imaplib.IMAP4("127.0.0.1", pymap, timeout=10) as client:
        client.login("demouser", "demopass")
        assert client.select("Done", readonly=True) == ("OK", [b"1"])
    door.close()
