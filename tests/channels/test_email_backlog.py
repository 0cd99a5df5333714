"""Ten thousand mails in front of one that cannot wait; and what a mailbox held before."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from time import monotonic, process_time

import pytest

from router import backfilling, polling
from router.core.rights import Who
from router.store import pages
from router.store.pages import Filters
from tests.channels.conftest import DOVECOT, mail_of

pytestmark = pytest.mark.skipif(DOVECOT is None, reason="no Dovecot on this machine")

BOSS = Who(id=1, name="Bo", role="admin")
ALARM = "=?utf-8?q?Somebody_hacked_my_account_and_stole_my_money?="


def _alarm(number):
    return mail_of(number).replace(f"Subject: mail {number}".encode(), f"Subject: {ALARM}".encode())


def _poured(many, *, alarm):
    return [_alarm(number) if number == alarm else mail_of(number) for number in range(many)]


def _security(router):
    with router.store.reading() as unit:
        return pages.list_tickets(
            unit, view="security", who=BOSS, filters=Filters(), cursor=None
        ).rows


def _messages(router):
    with router.store.reading() as unit:
        return unit.value("SELECT COUNT(*) FROM message")


def test_what_its_subject_makes_urgent_is_taken_out_of_a_backlog_first(
    dovecot, owner, open_door, router_of
):
    owner.pour(dovecot.home, _poured(260, alarm=120))
    door = open_door()
    router = router_of(door)
    at_first = []
    settle = door.settle
    door.settle = lambda items: (
        at_first.append((len(items), len(_security(router)))),
        settle(items),
    )
    tally = polling.poll(router, door)
    assert at_first[0] == (1, 1)
    assert (tally.new, tally.seen, _messages(router)) == (260, 0, 260)


def test_a_short_backlog_is_simply_read(dovecot, owner, open_door, router_of):
    owner.pour(dovecot.home, _poured(20, alarm=7))
    door = open_door()
    assert list(door.skim({}, lambda _: True)) == []
    assert polling.poll(router_of(door), door).new == 20


@pytest.mark.slow
def test_an_alarm_among_ten_thousand_mails_is_a_ticket_before_the_first_page_is_settled(
    dovecot, owner, open_door, router_of, capsys
):
    owner.pour(dovecot.home, _poured(10_000, alarm=4_321))
    door = open_door()
    router = router_of(door)
    seen = []
    polling._urgent(router, "made warm, as in a desk that runs")
    begun, spent = monotonic(), process_time()

    class Enough(Exception):
        pass

    def look(items):
        seen.append((monotonic() - begun, process_time() - spent))
        raise Enough

    door.settle = look
    with contextlib.suppress(Enough):
        polling.poll(router, door)
    assert len(_security(router)) == 1
    with capsys.disabled():
        sys.stdout.write(
            "\nan alarm among 10,000 waited {:.1f} s, {:.1f} of our own work\n".format(*seen[0])
        )


def test_how_full_and_how_late_a_mailbox_is_stands_on_the_status_page(
    dovecot, owner, open_door, router_of
):
    owner.pour(dovecot.home, [mail_of(0) + b"x" * 20_000_000])
    door = open_door()
    router = router_of(door)
    polling.poll(router, door)
    with router.store.reading() as unit:
        row = unit.row("SELECT ok, detail, params FROM health WHERE name LIKE 'mailbox:%'")
    assert (bool(row.ok), row.detail) == (False, "mailbox_full")
    assert '"limit": 20480' in row.params


# ---------------------------------------------------------------- what was there before


def test_a_desk_that_begins_now_leaves_the_past_to_a_back_fill(
    dovecot, owner, open_door, router_of
):
    owner.pour(dovecot.home, _poured(120, alarm=None))
    door = open_door(start="now")
    router = router_of(door)
    assert polling.poll(router, door).fetched == 0
    owner.put(500)
    assert polling.poll(router, door).new == 1
    outlook = backfilling.dry_run(router, door, None, again=False)
    assert (outlook.total, outlook.known, outlook.unreadable) == (121, 1, 0)
    assert _messages(router) == 1
    done = list(backfilling.take(router, door, None, again=False))
    assert (done[-1].total, done[-1].tally.new, done[-1].tally.seen) == (121, 120, 1)
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(*) FROM outbox") == 1
    assert polling.poll(router, door).fetched == 0


def test_a_back_fill_that_was_stopped_goes_on_where_it_was(dovecot, owner, open_door, router_of):
    owner.pour(dovecot.home, _poured(250, alarm=None))
    door = open_door()
    router = router_of(door)
    first = backfilling.take(router, door, None, again=False)
    for _ in range(2):  # the empty batch that counts, and one of mails
        next(first)
    first.close()
    assert _messages(router) == 100
    rest = list(backfilling.take(router, door, None, again=False))
    assert rest[0].total == 150
    assert _messages(router) == 250


@pytest.mark.slow
def test_ten_thousand_mails_are_filled_in_though_the_filler_is_killed(
    dovecot, owner, open_door, settings_of, router_of
):
    owner.pour(dovecot.home, _poured(10_000, alarm=None))
    router = router_of(open_door())
    settings = router.settings
    environ = {
        **os.environ,
        "ROUTER__DATA_DIR": settings.data_dir,
        "ROUTER__KEY_FILE": settings.key_file,
        "ROUTER__DATABASE__URL": settings.database.url,
        "ROUTER__CHANNELS__EMAIL__SUPPORT__ADDRESS": "help@desk.example",
        "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_HOST": "127.0.0.1",
        "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PORT": str(dovecot.port),
        "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_USER": owner.user,
        "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_TLS": "none",
        "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD": "made-up",
    }
    command = [sys.executable, "-m", "router", "backfill", "support"]
    pause = threading.Event()
    for wanted in (1_000, 4_000, 7_000):
        with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as filler:
            while _messages(router) < wanted and filler.poll() is None:
                pause.wait(0.05)
            filler.send_signal(signal.SIGKILL)
    assert _messages(router) < 10_000
    subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
    assert _messages(router) == 10_000
    with router.store.reading() as unit:
        assert unit.value("SELECT COUNT(DISTINCT subject) FROM message") == 10_000
