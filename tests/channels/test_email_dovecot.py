"""The mailbox against a real Dovecot: woken by it, polite to it, patient with it."""

import contextlib

import pytest

from channels.contract import Receipt, Transient, Unknown
from channels.email import imap
from router import polling
from tests.channels.conftest import DOVECOT, LONG
from tests.channels.test_email_smtp import outbound

pytestmark = pytest.mark.skipif(DOVECOT is None, reason="no Dovecot on this machine")


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


def test_a_mail_among_those_sent_was_sent_and_one_that_is_not_proves_nothing(owner, open_door):
    owner.put(1, folder="Sent")
    door = open_door(sent_folder="Sent")
    assert door.look_up(outbound(message_id="<1@mail.example>")) == Receipt()
    with pytest.raises(Unknown):
        door.look_up(outbound(message_id="<2@mail.example>"))
    with pytest.raises(Unknown):
        open_door().look_up(outbound(message_id="<1@mail.example>"))


# --- a full server ------------------------------------------------------------------------------


def _fill(owner, megabytes=4):
    """Puts large mails in until the server takes no more of them; how many it took."""
    head = b"From: lin@mail.example\r\nTo: help@desk.example\r\nSubject: large\r\n"
    head += b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
    lines = (b"a" * 70 + b"\r\n") * (megabytes * 1024 * 1024 // 72)
    took = 0
    while owner.append(head + b"X-Number: %d\r\n\r\n" % took + lines)[0] == "OK":
        took += 1
    return took


@pytest.mark.slow
@pytest.mark.one_database
def test_a_full_mailbox_is_read_to_its_end_and_said_to_be_full(owner, open_door, router_of):
    owner.put(1)
    took = _fill(owner)  # and the mail after it, of 4 MB, was refused
    door = open_door(processed_folder="Done")
    router = router_of(door)
    tally = polling.poll(router, door)
    assert (tally.new, tally.parked) == (1 + took, 0)
    assert door.room().used > 0.8 * door.room().limit
    assert len(owner.flags("Done")) == 1 + took
