"""The command line as an operator uses it: what it prints, what it keeps, how it ends."""

import json
import mailbox
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from email.message import EmailMessage
from io import BytesIO, StringIO, TextIOWrapper

import pytest

from router import cli, deliver, pipeline
from router import desk as actions
from router.assemble import assemble
from router.configuration import load
from router.core.clock import SystemClock
from router.core.ids import Ids
from router.core.rights import Who
from router.errors import Conflict
from router.prepared import Terms
from router.store import database, people, version
from router.store.database import Store
from router.store.promises import promise_versions
from router.store.schema import migrate as bring_up
from router.terminal import filling, serving, starting
from tests.fakes import FakeDoor, FakeDoors
from tests.pages import app_of

MAILS = 12


@dataclass
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


class Desk:
    """A desk in a folder of its own, and its operator."""

    def __init__(self, folder, monkeypatch, capsys):
        self.folder = folder
        self.config = folder / "config.toml"
        self.database = folder / "data" / "router.sqlite3"
        self._patch, self._heard = monkeypatch, capsys
        self.configure("")

    def configure(self, more):
        self.config.write_text(
            f'data_dir = "{self.folder / "data"}"\nkey_file = "{self.folder / "desk.key"}"\n{more}',
            encoding="utf-8",
        )

    def run(self, *words, given="", bare=False):
        """One command; ``bare`` ones take no --config."""
        told = [] if bare else ["--config", str(self.config)]
        self._patch.setattr(sys, "argv", ["router", *map(str, words), *told])
        self._patch.setattr(sys, "stdin", StringIO(given) if isinstance(given, str) else given)
        self._patch.setattr(sys, "excepthook", sys.excepthook)
        self._heard.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        heard = self._heard.readouterr()
        return Said(ended.value.code or 0, heard.out, heard.err)

    def rows(self, sql):
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()

    def assembled(self):
        return assemble(load(self.config, {}))


@pytest.fixture
def new(tmp_path, monkeypatch, capsys, shipped_rules):
    """A desk whose database was never made."""
    return Desk(tmp_path, monkeypatch, capsys)


@pytest.fixture
def desk(new, sqlite_template):
    new.database.parent.mkdir()
    shutil.copy(sqlite_template, new.database)
    return new


# ---------------------------------------------------------------- settings

CHANNEL = (
    '[channels.email.support]\naddress = "support@desk.example"\nimap_host = "imap.desk.example"\n'
)
PASSWORD = "ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP_PASSWORD"


def test_check_prints_what_is_in_force(desk, monkeypatch):
    desk.configure("[web]\nport = 9000\n")
    monkeypatch.setenv("ROUTER__WEB__HOST", "0.0.0.0")
    said = desk.run("check")
    assert said.code == 0
    assert said.out.startswith(f"# read from {desk.config}\n")
    assert "web.port = 9000\n" in said.out
    assert 'web.host = "0.0.0.0"\n' in said.out
    assert 'desk.name_zh = "钱包客服"\n' in said.out


def test_check_says_which_settings_the_pages_have_changed(desk):
    settings = load(desk.config, {})
    assert desk.run("migrate").code == 0
    store = Store(settings.database_url, clock=SystemClock(), ids=Ids(SystemClock()))
    own = settings.sla.model_dump(mode="json")
    own["first_response"]["P2"] = 60
    weeks = [{"begin": "2026-12-01", "weekly": {"mon": [["09:00", "10:00"]]}, "zone": "UTC"}]
    told = {"was": {}, "becomes": {}, "agent_id": None}
    try:
        store.write(lambda unit: promise_versions.put(unit, "policies", 0, own=own, **told))
        store.write(lambda unit: promise_versions.put(unit, "calendar:desk", 0, own=weeks, **told))
    finally:
        store.close()
    said = desk.run("check").out
    changed = "sla.first_response.P2 = 60  # changed in the pages; the file says 120\n"
    assert changed in said
    assert "# the database overrides hours (from 2026-12-01)\n" in said
    assert "# the database overrides sla\n" in said
    assert "the pages override hours (from 2026-12-01), sla" in desk.run("doctor").out


SHUT = '[hours]\nweekly = {}\n[hours.open]\n"2020-01-01" = [["08:00", "22:00"]]\n'


def test_check_says_that_no_opening_is_to_come(desk):
    desk.configure(SHUT)
    said = desk.run("check")
    assert said.code == 0
    assert "# desk: no opening to come" in said.out


def test_doctor_says_that_no_opening_is_to_come(desk):
    desk.configure(SHUT)
    said = desk.run("doctor")
    assert said.code == 1
    assert "✗ calendars: desk: no opening to come" in said.out


def test_check_prints_no_secret(desk, monkeypatch):
    desk.configure(CHANNEL)
    monkeypatch.setenv(PASSWORD, "made-up-secret")
    said = desk.run("check")
    assert said.code == 0
    assert "made-up-secret" not in said.out + said.err
    assert 'channels.email.support.imap_password = "••••"\n' in said.out


def test_check_tells_all_faults_at_once_with_their_places(desk, monkeypatch):
    desk.configure(
        "[web]\nprot = 1\n[desk]\nzone = 'Mars'\n[sla]\nresolution = { P1 = 0 }\n"
        "[channels.email.support]\nadress = 'x'\nimap_password = 'made-up-secret'\n"
    )
    monkeypatch.setenv("ROUTER__WEB__HSOT", "x")
    said = desk.run("check")
    assert said.code != 0
    assert said.out == ""
    for place, word in (
        (f"{desk.config}:4: ", "web.port"),
        (f"{desk.config}:6: ", "Asia/Shanghai"),
        (f"{desk.config}:8: ", "sla.resolution"),
        (f"{desk.config}:10: ", "address"),
        (f"{desk.config}:11: ", PASSWORD),
        ("environment ROUTER__WEB__HSOT: ", "web.host"),
    ):
        assert any(place in line and word in line for line in said.err.splitlines())
    assert "made-up-secret" not in said.err


def test_every_command_tells_the_faults_and_does_nothing(new):
    new.configure("[web]\nprot = 1\n")
    for words in (["migrate"], ["doctor"], ["demo"], ["user", "a@desk.example"], ["serve"]):
        said = new.run(*words)
        assert said.code != 0
        assert f"{new.config}:4: " in said.out + said.err
    assert not new.database.exists()


def test_the_reference_is_the_file_that_ships(desk):
    reference = desk.run("check", "--reference", bare=True)
    desk.config.write_text(reference.out, encoding="utf-8")
    assert reference.code == 0
    assert desk.run("check").code == 0


# ---------------------------------------------------------------- the database


def test_migrate_makes_the_database_and_says_its_revision(new):
    first, again = new.run("migrate"), new.run("migrate")
    assert (first.code, again.code) == (0, 0)
    assert str(version.HEAD) in first.out
    assert new.rows("SELECT COUNT(*) FROM ticket") == [(0,)]


OLDER = "0022"


@pytest.fixture
def older(new):
    """A desk whose database an earlier version made."""
    (new.folder / "data").mkdir()
    bring_up(f"sqlite:///{new.database}", revision=OLDER)
    return new


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_what_brings_an_older_database_up_says_from_where_to_where(older, monkeypatch, command):
    monkeypatch.setattr(serving, "serve", lambda router, *, work: router.close())
    said = older.run(command)
    assert said.code == 0
    assert f"revision {OLDER} → {version.HEAD}" in said.out + said.err
    assert older.rows("SELECT version_num FROM alembic_version") == [(version.HEAD,)]


@pytest.mark.parametrize(
    "words",
    [
        ("user", "mei@desk.example"),
        ("import", "old"),
        ("backfill", "support"),
        ("demo",),
        ("rules", "learn"),
        ("worker",),
        ("replay",),
    ],
)
def test_no_other_command_changes_an_older_database(older, words):
    _told(older.run(*words), OLDER, "make a backup, then run `router migrate`")
    assert older.rows("SELECT version_num FROM alembic_version") == [(OLDER,)]


def test_user_says_which_port_its_link_is_for(desk):
    assert "took another port" in desk.run("user", "mei@desk.example").err
    desk.configure('[web]\npublic_url = "https://help.desk.example"\n')
    said = desk.run("user", "mei@desk.example").err
    assert "https://help.desk.example/enter/" in said
    assert "another port" not in said


@pytest.mark.parametrize("email", ["", "mei", " "])
def test_a_person_without_an_address_is_not_made(desk, email):
    said = desk.run("user", email)
    assert said.code == 2
    assert "write name@desk.example" in said.err
    assert desk.rows("SELECT 1 FROM agent") == []


def test_an_address_in_capitals_is_the_same_person(desk):
    for email in ("Mei@Desk.example", " mei@desk.example"):
        assert desk.run("user", email).code == 0
    assert desk.rows("SELECT email FROM agent") == [("mei@desk.example",)]


def test_user_makes_the_desk_where_there_is_none_yet(new):
    said = new.run("user", "mei@desk.example", "--role", "admin")
    assert said.code == 0
    assert new.rows("SELECT email FROM agent") == [("mei@desk.example",)]


@pytest.mark.parametrize("words", [("doctor",), ("replay",), ("web",), ("worker",), ("check",)])
def test_a_command_that_only_looks_makes_no_folder(new, words):
    new.run(*words)
    assert not (new.folder / "data").exists()


def _told(said, *words):
    """One fault, told in a few lines with what to do, and nothing that is secret."""
    assert said.code == 2
    assert len(said.err.splitlines()) <= 3
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err


@pytest.mark.parametrize("command", ["migrate", "serve", "user"])
@pytest.mark.parametrize("host", ["127.0.0.1:1", "nowhere.invalid"])
def test_a_database_server_that_cannot_be_reached_is_one_line(new, monkeypatch, command, host):
    monkeypatch.setenv("ROUTER__DATABASE__URL", f"postgresql://desk:made-up-pw@{host}/desk")
    words = ("user", "mei@desk.example") if command == "user" else (command,)
    said = new.run(*words)
    _told(said, "database", host.partition(":")[0])
    assert "made-up-pw" not in said.err


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_damaged_database_is_one_line(desk, command):
    desk.database.write_bytes(b"this was a database once" * 1000)
    _told(desk.run(command), "not a database", "router restore")


@pytest.mark.parametrize("command", ["migrate", "serve", "replay"])
def test_a_database_of_a_newer_program_is_left_alone(desk, command):
    with closing(sqlite3.connect(desk.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    _told(desk.run(command), "9999", "newer")
    assert desk.rows("SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_data_folder_that_is_none_is_one_line(new, command):
    (new.folder / "data").write_text("a file")
    _told(new.run(command), "data_dir", str(new.folder / "data"))


def test_a_disk_that_is_full_at_the_first_start_is_one_line(new):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        said = new.run("migrate")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    _told(said, "database")
    assert new.run("migrate").code == 0


def test_a_mailbox_that_cannot_be_reached_is_one_line_of_backfill(desk, monkeypatch):
    desk.configure(
        f'{LIVE.replace("imap.desk.example", "127.0.0.1")}imap_port = 1\nimap_tls = "none"\n'
    )
    monkeypatch.setenv(PASSWORD, "made-up-secret")
    _told(desk.run("backfill", "support"), "127.0.0.1")


def test_check_shows_no_password_of_an_address_and_warns_of_one_in_the_file(desk):
    desk.configure(
        '[database]\nurl = "postgresql://desk:made-up-pw@127.0.0.1:1/desk?sslmode=disable"\n'
    )
    said = desk.run("check")
    assert 'database.url = "postgresql://desk:••••@127.0.0.1:1/desk?sslmode=disable"' in said.out
    assert "ROUTER__DATABASE__URL_FILE" in said.out
    assert "made-up-pw" not in said.out + said.err


def test_a_worker_on_a_database_that_was_never_made_says_what_to_run(new):
    said = new.run("worker")
    assert said.code == 2
    assert "router migrate" in said.err
    assert "Traceback" not in said.err


def test_doctor_finds_a_healthy_desk_well(new):
    new.run("migrate")
    said = new.run("doctor")
    assert said.code == 0
    assert "✗" not in said.out
    assert said.out.count("✓") == 13


def test_doctor_says_what_is_ill_and_what_to_do(desk):
    _park(desk)
    desk.configure(CHANNEL)
    with closing(sqlite3.connect(desk.database)) as connection, connection:
        connection.execute(
            "INSERT INTO health (name, ok, at, since, detail, params) "
            "VALUES ('poll:email:support', 0, 1, 1, 'cannot_fetch', 'no route'), "
            "('clock', 1, 1, 1, '', '')"
        )
    said = desk.run("doctor")
    assert said.code == 1
    ill = [line for line in said.out.splitlines() if line.startswith("✗")]
    assert len(ill) == 4
    assert any(
        "secrets: environment ROUTER__CHANNELS__EMAIL__SUPPORT__IMAP" in line for line in ill
    )
    assert any("parked items: 1 items wait" in line and "router replay" in line for line in ill)
    assert any("channels: poll:email:support" in line and "no route" in line for line in ill)
    assert any("worker: silent" in line and "router worker" in line for line in ill)


def test_doctor_tries_every_secret_a_channel_or_a_notice_needs(desk, monkeypatch):
    desk.configure(f"{LIVE}smtp_user = 'mei'\n[notices.group]\n")
    for name in ("IMAP_PASSWORD", "SMTP_PASSWORD"):
        said = desk.run("doctor")
        assert (said.code, f"SUPPORT__{name}: is not set" in said.out) == (1, True)
        monkeypatch.setenv(f"ROUTER__CHANNELS__EMAIL__SUPPORT__{name}", "made-up-secret")
    said = desk.run("doctor")
    assert (said.code, "ROUTER__NOTICES__GROUP__SECRET is not set" in said.out) == (1, True)
    monkeypatch.setenv("ROUTER__NOTICES__GROUP__SECRET", "json://made-up.example")
    said = desk.run("doctor")
    assert said.code == 0
    assert "made-up" not in said.out


def test_doctor_logs_in_where_it_is_asked_to(desk, monkeypatch):
    server = "127.0.0.1"
    desk.configure(
        f'[channels.email.support]\naddress = "a@desk.example"\nimap_host = "{server}"\n'
        'imap_port = 9\nimap_tls = "none"\n'
    )
    monkeypatch.setenv(PASSWORD, "made-up-secret")
    assert desk.run("doctor").code == 0
    said = desk.run("doctor", "--login")
    assert said.code == 1
    assert "✗ email.support: mailbox on 127.0.0.1: [Errno 111]" in said.out


def test_doctor_says_when_the_database_takes_no_writes(desk, monkeypatch):
    desk.run("doctor")
    monkeypatch.setattr(database, "_READING_WAITS", 0)  # five seconds of doing nothing
    with closing(sqlite3.connect(desk.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = desk.run("doctor")
    assert said.code == 1
    assert "✗ database: another process holds the database" in said.out


def test_doctor_looks_at_a_host_without_a_data_folder(desk):
    elsewhere = desk.folder / "elsewhere.sqlite3"
    desk.database.rename(elsewhere)
    desk.database.parent.rmdir()
    desk.configure(f'[database]\nurl = "sqlite:///{elsewhere}"\n')
    said = desk.run("doctor")
    assert (said.code, said.err) == (0, "")
    assert "✓ disk: " in said.out


def test_doctor_says_when_there_is_no_database(new):
    said = new.run("doctor")
    assert said.code == 1
    assert "router migrate" in said.out


def test_doctor_says_when_the_key_is_gone(desk):
    desk.run("doctor")
    (desk.folder / "desk.key").unlink()
    said = desk.run("doctor")
    assert said.code == 1
    assert "desk.key" in said.out
    assert not (desk.folder / "desk.key").exists()


def test_doctor_says_when_the_database_is_damaged(desk):
    desk.database.write_bytes(b"this was a database once" * 1000)
    said = desk.run("doctor")
    assert said.code == 1
    assert "✗" in said.out
    assert "Traceback" not in said.out + said.err


# ---------------------------------------------------------------- backups


def _tickets(desk):
    return desk.rows("SELECT COUNT(*) FROM ticket")[0][0]


def test_a_backup_of_an_open_desk_is_one_file_for_its_owner_alone(desk):
    desk.run("demo", "--tickets", "20")
    copy, other = desk.folder / "copy.sqlite3", desk.folder / "other.sqlite3"
    router = desk.assembled()
    try:
        mei = ("mei@desk.example", "Mei", "lead", [])
        router.store.write(lambda unit: people.create_agent(unit, *mei))
        assert desk.run("backup", copy).code == 0
    finally:
        router.close()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in desk.folder.glob("copy*")] == ["copy.sqlite3"]
    copy.rename(other)
    with closing(sqlite3.connect(other)) as line:
        assert line.execute("SELECT COUNT(*) FROM ticket").fetchone() == (20,)
        assert line.execute("SELECT email FROM agent").fetchall() == [("mei@desk.example",)]
    _told(desk.run("backup", other), "File exists")


def test_a_restored_desk_is_what_the_copy_holds_and_sends_nothing_twice(desk):
    copy = desk.folder / "copy.sqlite3"
    desk.run("demo", "--tickets", "20")
    with closing(sqlite3.connect(desk.database)) as line, line:
        line.execute("PRAGMA foreign_keys=OFF")
        for number, state in enumerate(("queued", "sending", "sent", "failed", "unknown")):
            line.execute(
                "INSERT INTO outbox (id, ticket_id, purpose, once, channel, account, identity_id, "
                "subject, text, signature, sender_name, rfc_id, reply_to, thread_ids, language, "
                "wording, state, reason, attempts, due_at, leased_until, created_at, remote_id, "
                "parts_sent) SELECT ?, id, 'reply', ?, 'email', 'support', identity_id, '', '', "
                "'', '', '', '', '', '', '', ?, '', 0, 0, 0, 0, '', 0 FROM ticket LIMIT 1",
                (number, str(number), state),
            )
    desk.run("backup", copy)
    desk.run("demo", "--tickets", "300")
    assert _tickets(desk) == 320
    with closing(sqlite3.connect(desk.database)) as line:
        line.execute("PRAGMA journal_mode=WAL")
        line.execute("UPDATE ticket SET subject = 'written last'")
        line.commit()
        stale = {end: desk.database.with_name(f"router.sqlite3{end}") for end in ("-wal", "-shm")}
        kept = {end: one.read_bytes() for end, one in stale.items()}
    for end, data in kept.items():  # as a crash leaves them
        stale[end].write_bytes(data)
    said = desk.run("restore", copy)
    assert said.code == 0, said.err
    assert "2 messages are held" in said.out
    assert _tickets(desk) == 20
    assert desk.rows("SELECT state, reason FROM outbox ORDER BY id") == [
        ("held", "restored"),
        ("held", "restored"),
        ("sent", ""),
        ("failed", ""),
        ("unknown", ""),
    ]
    (before,) = desk.database.parent.glob("router.sqlite3.replaced-??????????????*[0-9]")
    with closing(sqlite3.connect(before)) as line:
        assert line.execute("SELECT COUNT(*) FROM ticket").fetchone() == (320,)
    assert desk.run("doctor").code == 0


def test_a_desk_that_is_open_is_not_restored_under_its_feet(desk):
    copy = desk.folder / "copy.sqlite3"
    desk.run("demo", "--tickets", "2")
    desk.run("backup", copy)
    desk.run("demo", "--tickets", "2")
    router = desk.assembled()
    try:
        with router.store.reading() as unit:
            people.anybody(unit)
        _told(desk.run("restore", copy), "in use", "stop the desk")
        assert _tickets(desk) == 4
    finally:
        router.close()
    assert desk.run("restore", copy).code == 0
    assert _tickets(desk) == 2


def test_a_copy_that_is_none_of_this_desk_is_refused_and_nothing_changes(desk):
    copy = desk.folder / "copy.sqlite3"
    desk.run("demo", "--tickets", "2")
    desk.run("backup", copy)
    _told(desk.run("restore", desk.folder / "gone"), "there is no file")
    (desk.folder / "junk").write_bytes(b"this was a database once" * 1000)
    _told(desk.run("restore", desk.folder / "junk"), "no database of a desk")
    torn = bytearray(copy.read_bytes())
    torn[8192:40960] = b"\0" * 32768
    (desk.folder / "torn").write_bytes(torn)
    assert desk.run("restore", desk.folder / "torn").code == 2
    with closing(sqlite3.connect(copy)) as line, line:
        line.execute("UPDATE setting SET value = 'another' WHERE key = 'master_key'")
    _told(desk.run("restore", copy), "is not the key of", "another")
    with closing(sqlite3.connect(copy)) as line, line:
        line.execute("UPDATE alembic_version SET version_num = '9999'")
    _told(desk.run("restore", copy), "9999", "newer")
    assert _tickets(desk) == 2
    assert list(desk.database.parent.glob("*replaced*")) == []


def test_a_database_restored_by_other_means_is_held_by_itself(desk):
    desk.run("demo")
    with closing(sqlite3.connect(desk.database)) as line, line:
        line.execute("UPDATE outbox SET state = 'queued'")
        line.execute(
            "INSERT INTO health (name, ok, at, since, detail, params) "
            "VALUES ('clock', 1, 4102444800000000, 1, '', '')"
        )
    _told(desk.run("restore", "--hold-only"), "a worker is at work")
    with closing(sqlite3.connect(desk.database)) as line, line:
        line.execute("UPDATE health SET at = 1")
    said = desk.run("restore", "--hold-only")
    assert said.code == 0
    held = desk.rows("SELECT COUNT(*) FROM outbox WHERE state = 'held' AND reason = 'restored'")
    assert f"{held[0][0]} messages are held" in said.out
    assert desk.run("restore").code == 2


# ---------------------------------------------------------------- rules and mail files


def test_explain_says_why(desk):
    said = desk.run("explain", "--", "My account was hacked and I lost my phone", bare=True)
    assert said.code == 0
    assert re.match(r" P1 .*security\.\w+", said.out)
    assert "“" in said.out


def test_explain_answers_line_by_line_and_survives_a_bad_one(desk):
    given = [
        json.dumps(
            {"id": 1, "text": "I forgot my password", "channel": "email", "subject": "Help"}
        ),
        "not json",
        json.dumps({"id": 3, "text": "我的账户被盗了"}),
    ]
    told = "\n".join(given) + "\n\n"
    said = desk.run("explain", "--jsonl", "--reader", "rules", given=told, bare=True)
    first, bad, last = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 0
    assert (first["id"], first["category"]) == (1, "login.password_reset")
    finding = first["findings"][0]
    assert {"rule", "words", "start", "end"} <= finding.keys()
    assert bad["line"] == 2
    assert "error" in bad
    assert last["category"].startswith("security.")
    assert last["urgency"] == "P1"


def test_explain_takes_the_tags_of_the_ticket_by_option_and_by_line(desk):
    rules = desk.folder / "watched"
    rules.mkdir()
    (rules / "watched.toml").write_text(
        '[[rule]]\nid = "site.watched"\ncategory = "other.service"\nany = ["bronze parrot"]\n'
        'when = { tagged = "vip" }\nmatch = ["the bronze parrot"]\nno_match = ["a wasp"]\n'
    )
    command = ("explain", "--rules", str(rules), "--reader", "rules")
    line = {"id": 1, "text": "the bronze parrot"}
    given = "\n".join(json.dumps(one) for one in (line, line | {"tags": ["vip"]}))
    lines = desk.run(*command, "--jsonl", given=given, bare=True).out.splitlines()
    found = [[one["because"] for one in json.loads(line)["findings"]] for line in lines]
    assert found == [[], ["ticket: vip"]]
    said = desk.run(*command, "--tag", "vip", "--", line["text"], bare=True)
    assert "because the ticket bears the tag “vip”" in " ".join(said.out.split())


def test_explain_judges_the_text_as_the_desk_does_masked(desk):
    text = "my seed phrase is " + "abandon " * 11 + "about"
    given = json.dumps({"id": 1, "text": text})
    said = desk.run("explain", "--jsonl", "--reader", "rules", given=given, bare=True)
    assert said.code == 0
    assert "abandon abandon" not in said.out


def test_parse_mail_answers_line_by_line_also_for_a_file_that_is_not_there(desk):
    good = desk.folder / "good.eml"
    good.write_bytes(_mail(1))
    (desk.folder / "junk.eml").write_bytes(b"\xff\x00" * 500)
    names = [good, desk.folder / "gone.eml", desk.folder, desk.folder / "junk.eml"]
    given = "\n".join(map(str, names))
    said = desk.run("parse-mail", "--jsonl", given=given, bare=True)
    read, gone, folder, junk = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 0
    assert read["subject"] == "Transfer 1"
    assert "still pending" in read["reply_text"]
    assert "gone.eml" in gone["error"]
    assert "error" in folder
    assert junk


# ---------------------------------------------------------------- people


#: Lines that are nothing, and one behind them that is.
BROKEN = (
    b'{"id": 1, "text": "\xff half a byte"}\n\nnot json\n[1]\n{"id": 2, "text": null}\n'
    b'{"id": 3, "text": ' + b"[" * 5000 + b"]" * 5000 + b"}\n"
    b'{"id": 4, "text": "\\ud800 half a letter"}\n{"id": 5, "text": "x", "tags": 5}\n'
    b'{"id": 6, "text": "there is a payment I did not make"}\n'
)


class Terminal(TextIOWrapper):
    """A stream that is as strict as a terminal of that encoding."""

    def __init__(self, encoding, given=b""):
        super().__init__(BytesIO(given), encoding=encoding, errors="strict")


@pytest.mark.parametrize(
    "words", [("explain", "--jsonl", "--reader", "rules"), ("mask", "--jsonl")]
)
def test_a_broken_line_is_answered_and_stops_no_other(desk, monkeypatch, words):
    given, told = Terminal("utf-8", BROKEN), Terminal("utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", told)
        assert desk.run(*words, given=given, bare=True).code == 0
    told.flush()
    said = [json.loads(line) for line in told.buffer.getvalue().splitlines()]
    errors = {one["line"] for one in said if "error" in one}
    assert errors == ({3, 4, 5, 6, 8} if words[0] == "explain" else {3, 4, 5, 6})
    assert [one["id"] for one in said if "id" in one and one["id"] != 5] == [1, 4, 6]


def test_what_a_terminal_cannot_show_is_told_all_the_same(desk, monkeypatch):
    told = Terminal("latin-1")
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", told)
        assert desk.run("check").code == 0
    told.flush()
    assert b"\\u94b1\\u5305" in told.buffer.getvalue()


def test_parse_mail_goes_on_past_paths_that_are_none(desk):
    good = desk.folder / "one.eml"
    good.write_bytes(b"Subject: hello\n\nbody")
    said = desk.run("parse-mail", "--jsonl", given=f"\n/no\0path\n{good}\n", bare=True)
    first, second = map(json.loads, said.out.splitlines())
    assert "error" in first
    assert second["subject"] == "hello"
    assert desk.run("parse-mail", bare=True).code == 2


def test_user_prints_a_link_that_signs_in_once(desk):
    said = desk.run("user", "mei@desk.example", "--name", "Mei", "--role", "lead")
    link = re.search(r"(/enter/\S+)", said.err)[1]
    router = desk.assembled()
    app = app_of(router)
    try:
        browser = app.test_client()
        assert browser.get(link).status_code == 200
        entered = browser.post(link)
        assert entered.status_code in (302, 303)
        assert browser.get("/me").status_code == 200
        assert app.test_client().post(link).status_code == 404
    finally:
        app.extensions["hub"].close()
        router.close()


def test_a_known_person_gets_another_link_and_no_other_role(new):
    first = new.run("user", "mei@desk.example", "--role", "lead")
    again = new.run("user", "Mei@desk.example", "--role", "admin")
    assert (first.code, again.code) == (0, 0)
    assert "is here as lead and stays it" in again.err
    assert new.rows("SELECT email, role FROM agent") == [("mei@desk.example", "lead")]
    assert new.rows("SELECT COUNT(*) FROM one_time_token") == [(2,)]


@pytest.mark.parametrize(
    ("words", "told"), [(["--role", "king"], "admin"), (["--team", "nobody"], "nobody")]
)
def test_a_person_of_no_known_role_or_team_is_not_made(desk, words, told):
    said = desk.run("user", "mei@desk.example", *words)
    assert said.code == 2
    assert told in said.err
    assert desk.rows("SELECT * FROM agent") == []


# ---------------------------------------------------------------- old mail


def _mail(number):
    mail = EmailMessage()
    mail["From"] = f"Person {number} <p{number}@p{number % 7}.example>"
    mail["To"] = "support@desk.example"
    mail["Subject"] = f"Transfer {number}"
    mail["Message-ID"] = f"<{number}@mail.example>"
    mail.set_content(f"My transfer {number} is still pending.\n\nFrom here I am lost.\n")
    return mail.as_bytes()


def _eml(folder, count):
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:04}.eml").write_bytes(_mail(number))
    return folder


def _mbox(path, count):
    with closing(mailbox.mbox(path)) as box:
        for number in range(count):
            box.add(_mail(number))
    return path


def _maildir(path, count):
    with closing(mailbox.Maildir(path)) as box:
        for number in range(count):
            added = mailbox.MaildirMessage(_mail(number))
            added.set_subdir("cur" if number % 2 else "new")
            box.add(added)
    return path


SHAPES = {"eml": _eml, "mbox": _mbox, "maildir": _maildir}


@pytest.mark.parametrize("shape", SHAPES)
def test_import_takes_each_mail_once_and_answers_nobody(desk, shape):
    source = SHAPES[shape](desk.folder / "old", MAILS)
    first = desk.run("import", source)
    assert first.code == 0
    assert f"{MAILS} mails read: {MAILS} new tickets" in first.err
    assert "mails/s" in first.err
    again = desk.run("import", source)
    assert again.code == 0
    assert f"0 new tickets, 0 joined one, {MAILS} were here before" in again.err
    assert _numbers(desk) == list(range(MAILS))
    assert desk.rows("SELECT COUNT(*) FROM outbox WHERE state = 'queued'") == [(0,)]


def test_the_same_mails_in_another_shape_are_the_same_mails(desk):
    for shape, make in SHAPES.items():
        assert desk.run("import", make(desk.folder / shape, MAILS)).code == 0
    assert _numbers(desk) == list(range(MAILS))


def test_import_walks_folders_of_maildirs_and_says_what_it_left_out(desk):
    old = desk.folder / "old"
    old.mkdir()
    for name, numbers in (("inbox", range(3)), (".Sent", range(3, 5)), ("team/丰", range(5, 8))):
        for part in ("cur", "new", "tmp"):
            (old / name / part).mkdir(parents=True)
        with closing(mailbox.Maildir(old / name, create=False)) as box:
            for number in numbers:
                box.add(_mail(number))
    _eml(old / "more", 1)
    (old / "more" / "list.xlsx").write_bytes(b"PK")
    (old / "inbox" / "dovecot-uidlist").write_bytes(b"3 V1 N9")
    (old / "more" / "notes").write_bytes(b"hello")
    said = desk.run("import", old)
    assert said.code == 0
    assert "9 mails read: 8 new tickets" in said.err
    assert "3 files were left out as no mail, such as" in said.err
    assert _numbers(desk) == list(range(8))


def test_import_goes_past_what_cannot_be_read_and_lists_it(desk, monkeypatch):
    old = _eml(desk.folder / "old", 3)
    (old / "0001.eml").unlink()
    (old / "0001.eml").symlink_to(desk.folder / "gone")
    box = _maildir(old / "box", 2)
    next((box / "cur").iterdir()).unlink()
    (box / "cur" / "9").symlink_to(desk.folder / "gone")
    shut = old / "shut"
    shut.mkdir()
    scandir = os.scandir

    def asked(path):  # a superuser may read whatever has no rights
        if str(path) == str(shut):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", asked)
    said = desk.run("import", old)
    assert said.code == 1
    assert "3 mails read" in said.err
    assert "3 could not be read:" in said.err
    for one in (old / "0001.eml", box / "cur" / "9", shut):
        assert f"{one}: " in said.err
    assert "Traceback" not in said.err


def test_import_of_nothing_says_so(desk):
    (desk.folder / "empty").mkdir()
    for path in (desk.folder / "empty", desk.folder / "nowhere"):
        said = desk.run("import", path)
        assert said.code == 2
        assert "Traceback" not in said.err
        assert str(path) in said.err


def _numbers(desk):
    return sorted(
        int(row[0].strip("<>").partition("@")[0]) for row in desk.rows("SELECT rfc_id FROM message")
    )


def _imported(desk):
    return desk.rows("SELECT COUNT(*) FROM message")[0][0]


@pytest.mark.slow
def test_an_import_that_was_killed_goes_on_where_it_was(desk):
    many = 500
    source = _eml(desk.folder / "old", many)
    desk.configure("[intake]\nbatch = 1\n")
    running = subprocess.Popen(
        [sys.executable, "-m", "router", "import", source, "--config", desk.config],
        stderr=subprocess.PIPE,
        env={**os.environ, "ROUTER_CONFIG": ""},
        text=True,
    )
    pause = threading.Event()
    while _imported(desk) < 20 and running.poll() is None:
        pause.wait(0.005)
    running.send_signal(signal.SIGKILL)
    _, said = running.communicate()
    kept = _imported(desk)
    assert 20 <= kept < many, said
    desk.configure("")
    said = desk.run("import", source)
    assert f"{many - kept} new tickets, 0 joined one, {kept} were here before" in said.err
    assert _numbers(desk) == list(range(many))
    assert desk.rows("SELECT COUNT(*) FROM ticket") == [(many,)]
    assert desk.run("doctor").code == 0


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system knows no `nice`")
def test_old_mail_is_taken_in_behind_other_work_of_the_machine(desk, monkeypatch):
    before, meanwhile = os.getpriority(os.PRIO_PROCESS, 0), []

    def importing(*_):
        meanwhile.append(os.getpriority(os.PRIO_PROCESS, 0))
        return True

    monkeypatch.setattr(filling, "import_mail", importing)
    assert desk.run("import", desk.folder).code == 0
    assert meanwhile == [before + 10]


# ---------------------------------------------------------------- parked items and the demo


def _park(desk):
    """One item that could not be read when it came; the mail's door can read it now."""
    router = desk.assembled()
    door = FakeDoor()
    broken = FakeDoors(door)
    try:
        raw = door.arrives(poison=True, text="please help")
        pipeline.receive(router, broken.open("email", "support"), [raw], Terms())
    finally:
        router.close()


def test_replay_lists_what_is_parked(desk):
    assert "0 parked" in desk.run("replay").err
    _park(desk)
    said = desk.run("replay")
    assert said.code == 0
    assert "email.support  ValueError" in said.err
    assert "1 parked" in said.err


@pytest.mark.parametrize("by", ["number", "all"])
def test_replay_sends_a_parked_item_through_once(desk, by):
    _park(desk)
    number = re.search(r"^(\d+)  email", desk.run("replay").err, re.MULTILINE)[1]
    word = number if by == "number" else "--all"
    said = desk.run("replay", word)
    assert said.code == 0
    assert f"{number}: went through" in said.err
    assert desk.rows("SELECT COUNT(*) FROM message WHERE direction = 'in'") == [(1,)]
    states = Counter(row for (row,) in desk.rows("SELECT state FROM ticket"))
    assert states == {"closed": 1, "new": 1}
    again = desk.run("replay", number)
    assert again.code == 2
    assert "no parked item" in again.err


LIVE = f'{CHANNEL}smtp_host = "smtp.desk.example"\n'


@pytest.mark.parametrize("words", [("demo",), ("demo", "--tickets", "3")])
def test_a_desk_that_is_in_use_is_not_filled_with_made_up_tickets(desk, words):
    desk.configure(LIVE)
    said = desk.run(*words)
    assert (said.code, "email.support is on" in said.err) == (2, True)
    desk.configure("")
    assert desk.run("import", _eml(desk.folder / "old", 1)).code == 0
    said = desk.run(*words)
    assert (said.code, "tickets that are not made up" in said.err) == (2, True)
    assert desk.rows("SELECT COUNT(*) FROM ticket") == [(1,)]
    assert desk.rows("SELECT COUNT(*) FROM agent") == [(0,)]


@pytest.mark.parametrize("tickets", ["0", "-5"])
def test_so_many_made_up_tickets_are_at_least_one(desk, tickets):
    said = desk.run("demo", "--tickets", tickets)
    assert said.code == 2
    assert desk.rows("SELECT COUNT(*) FROM ticket") == [(0,)]


def test_nothing_of_the_demo_is_ever_sent_whatever_is_set_up_later(desk):
    desk.run("demo")
    held = desk.rows("SELECT DISTINCT state, reason, channel FROM outbox")
    assert held == [("held", "made_up", "")]
    desk.configure(LIVE)
    router = desk.assembled()
    try:
        with router.store.reading() as unit:
            grace = replace(_admin(unit), teams=frozenset(people.team_ids(unit).values()))
        ((row, ticket),) = desk.rows(
            "SELECT o.id, o.ticket_id FROM outbox o JOIN ticket t ON t.id = o.ticket_id "
            "WHERE t.state = 'new' LIMIT 1"
        )
        with pytest.raises(Conflict, match="made_up"):
            actions.retry_outbox(router, grace, row)
        actions.reply(router, grace, ticket, "we look into it", once="another")
        assert deliver.sweep(router) == 0
    finally:
        router.close()
    held = desk.rows("SELECT DISTINCT state, reason, channel FROM outbox")
    assert held == [("held", "made_up", "")]


def test_a_desk_that_goes_live_with_made_up_tickets_is_told_so_at_its_start(desk, capsys):
    desk.run("demo")
    for more, told in (("", ""), (LIVE, "holds made-up tickets")):
        desk.configure(more)
        router = desk.assembled()
        try:
            starting.first_run(router)
        finally:
            router.close()
        said = capsys.readouterr().err
        assert (told in said, said.count("made-up")) == (True, 1 if told else 0)


def test_a_desk_with_imported_mail_is_not_taken_for_an_empty_one(desk, capsys):
    assert desk.run("import", _eml(desk.folder / "old", 1)).code == 0
    router = desk.assembled()
    try:
        starting.first_run(router)
    finally:
        router.close()
    assert desk.rows("SELECT COUNT(*) FROM ticket") == [(1,)]


def _admin(unit):
    agent_id = people.listed(unit)[0].id
    return Who(id=agent_id, name="Grace", role="admin", teams=frozenset(), locale="en")


def test_the_demo_loads_once(desk):
    first = desk.run("demo")
    count = int(re.search(r"(\d+) made-up tickets were added", first.err)[1])
    assert count > 5
    assert desk.rows("SELECT COUNT(*) FROM ticket") == [(count,)]
    assert desk.run("demo").err.startswith("0 made-up tickets were added")
    assert desk.rows("SELECT COUNT(*) FROM ticket") == [(count,)]
    assert desk.rows("SELECT COUNT(*) FROM agent") == [(3,)]


def test_a_demo_that_was_stopped_in_the_midst_goes_on_at_the_next_start(desk, monkeypatch):
    whole, arrive = starting.story.fill, starting.story._received

    def stopped(router, kind, number, data, source=""):
        if number == 3:
            raise KeyboardInterrupt
        return arrive(router, kind, number, data, source)

    router = desk.assembled()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(starting.story, "_received", stopped)
            with pytest.raises(KeyboardInterrupt):
                starting.first_run(router)
        assert desk.rows("SELECT COUNT(*) FROM ticket") == [(3,)]
        starting.first_run(router)
        count = desk.rows("SELECT COUNT(*) FROM ticket")
        assert whole(router) == 0
        starting.first_run(router)
    finally:
        router.close()
    assert desk.rows("SELECT COUNT(*) FROM ticket") == count
    assert desk.rows("SELECT 1 FROM setting WHERE key = 'demo_filling'") == []


def test_ctrl_c_says_that_what_was_committed_stays(desk, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(filling, "demo", stopped)
    said = desk.run("demo")
    assert (said.code, said.out) == (130, "")
    assert said.err == "\nrouter: stopped; what was committed stays, run it again to go on\n"


def test_who_presses_ctrl_c_again_ends_nothing_halfway(monkeypatch, capsys):
    stopped, ended = [], []
    monkeypatch.setattr(starting.os, "_exit", ended.append)
    with starting.until_told(lambda: stopped.append(1)):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert (stopped, ended) == ([1], [])
        assert "ends first" in capsys.readouterr().err
        signal.raise_signal(signal.SIGINT)
        assert (stopped, ended) == ([1], [130])


def test_who_changes_no_schema_does_not_hold_what_would(desk):
    code = (
        "import sys; from pathlib import Path; from router.terminal import commands, serving; "
        f"commands.opened(Path({str(desk.config)!r}), 'RAISE').close(); "
        "print(sorted({'alembic', 'procrastinate'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
