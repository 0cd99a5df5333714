"""A door and a rule, one file each, dropped in: found, told and used, with no list extended."""

import importlib.util
import json
import re
import sys
import tomllib
from functools import partial
from inspect import signature
from pathlib import Path

import pytest

import channels
from channels import registry
from router import cli, desk, polling, sweeps
from router.assemble import assemble
from router.core.rights import Who
from router.rulebook import compiled
from router.store import people
from tests.channels import test_conformance
from tests.pages import app_of
from tests.web.conftest import Browser

DOOR = '''
"""Notes that pigeons carry: one file a note, sender on the first line."""

from pathlib import Path

from pydantic import Field

from channels.contract import (
    BadRequest, Batch, Channel, ChannelOptions, Handle, Inbound, Limits, Raw, Receipt,
)


class PigeonOptions(ChannelOptions):
    """One loft."""

    loft: str = Field("", description="The folder in which pigeons land.")
    crumbs: int = Field(7, ge=1, description="Crumbs for each pigeon.")


class Pigeon(Channel):
    """A loft with pigeons."""

    kind = "pigeon"
    label_zh = "信鸽"
    label_en = "Pigeon post"
    identity = "ring"
    limits = Limits(text=280)
    Options = PigeonOptions

    def parse(self, raw):
        """The first line is the pigeon's ring, the rest is the note."""
        try:
            ring, _, note = raw.data.decode().partition("\\n")
        except UnicodeDecodeError as fault:
            raise BadRequest("the rain washed this note away") from fault
        return [
            Inbound(
                kind=self.kind, account=self.account, remote_id=raw.remote_id,
                sender=Handle(self.identity, ring.strip(), "Pigeon keeper"), text=note,
                conversation=ring.strip(),
            )
        ]

    def poll(self, cursor):
        """Notes that landed since."""
        landed = sorted(Path(self.options.loft).glob("*.note"))[cursor.get("place", 0):]
        items = tuple(Raw(self.identify(one.read_bytes()), one.read_bytes()) for one in landed)
        if items:
            yield Batch(items, {"place": cursor.get("place", 0) + len(items)})

    def settle(self, items):
        """Pigeons need no settling."""

    def speak(self, outbound):
        """Fly back."""
        with (Path(self.options.loft) / "flown.json").open("a") as flown:
            flown.write(outbound.to.value + "|" + outbound.text.replace("\\n", " ") + "\\n")
        return Receipt(outbound.message_id)
'''
RULES = """
[categories."other.pigeons"]
urgency = "P2"
en = "Pigeon trouble"
zh = "信鸽问题"

[[rule]]
id = "other.pigeons.lost"
category = "other.pigeons"
any = ["pigeon is lost", "鸽子丢了"]
match = ["my pigeon is lost since Monday", "我的鸽子丢了"]
no_match = ["how do I feed my pigeon?", "鸽子吃什么"]
owner = "the loft"
since = "2026-11"
"""
pytestmark = pytest.mark.one_database

NOTE = "NL-2026-17\nHello desk, my pigeon is lost since Monday. What now?"


@pytest.fixture
def dropped(tmp_path, monkeypatch):
    """The door's file lies beside ours, its recorded note beside the recorded ones."""
    doors, recorded = tmp_path / "doors", tmp_path / "recorded" / "pigeon"
    doors.mkdir()
    recorded.mkdir(parents=True)
    (doors / "pigeon.py").write_text(DOOR, encoding="utf-8")
    (recorded / "note.txt").write_text(NOTE, encoding="utf-8")
    (recorded / "note.txt.expected.json").write_text(
        json.dumps([{"sender": ["ring", "NL-2026-17", "Pigeon keeper"], "subject": ""}])
    )
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(doors)])
    yield recorded.parent
    sys.modules.pop("channels.pigeon", None)


@pytest.fixture
def config(tmp_path, store_url, dropped):
    """A desk with a loft, and a folder with one rule of its own."""
    for name in ("loft", "rules"):
        (tmp_path / name).mkdir()
    (tmp_path / "loft" / "1.note").write_text(NOTE, encoding="utf-8")
    (tmp_path / "rules" / "pigeons.toml").write_text(RULES, encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text(
        f"""
data_dir = "{tmp_path / "data"}"
key_file = "{tmp_path / "desk.key"}"
[reader]
enabled = false
[database]
url = "{store_url}"
[deliver]
undo_seconds = 0
[rules]
folder = "{tmp_path / "rules"}"
[channels.pigeon.roof]
loft = "{tmp_path / "loft"}"
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def ruled(shipped_rules):
    """Ours and the loft's rules: what is held is compiled once, whoever asks for it."""
    return shipped_rules, compiled({"pigeons.toml": RULES})


@pytest.fixture
def router(config, frozen, ruled):
    made = assemble(cli.configuration.load(config, {}), clock=frozen)
    yield made
    made.close()


@pytest.fixture
def landed(router):
    """The first note, fetched as the worker does."""
    tally = polling.poll(router, router.doors.open("pigeon", "roof"))
    assert (tally.fetched, tally.new, tally.parked) == (1, 1, 0)
    with router.store.reading() as unit:
        return unit.row("SELECT * FROM ticket")


@pytest.fixture
def app(router):
    made = app_of(router)
    yield made
    made.extensions["hub"].close()


@pytest.fixture
def manager(app, router):
    """A signed-in manager's browser."""

    def work(unit):
        agent_id = people.create_agent(unit, "m@desk.example", "Mo", "manager", ["support"])
        unit.flush()
        return people.open_session(unit, agent_id, hours=1)

    return Browser(app, router.store.write(work))


def test_its_note_becomes_a_ticket_with_the_new_category(landed, router):
    assert (landed.channel, landed.account) == ("pigeon", "roof")
    assert (landed.category, landed.urgency) == ("other.pigeons", "P2")
    with router.store.reading() as unit:
        (finding,) = unit.rows("SELECT * FROM finding WHERE rule = 'other.pigeons.lost'")
    assert finding.category == "other.pigeons"


def test_a_note_that_cannot_be_read_is_parked_under_its_name(landed, router, tmp_path):
    (tmp_path / "loft" / "2.note").write_bytes(b"\xff\xfe\xff")
    tally = polling.poll(router, router.doors.open("pigeon", "roof"))
    assert tally.parked == 1


def test_the_answer_flies_back_by_the_same_door(landed, router, tmp_path):
    def work(unit):
        return people.create_agent(unit, "x@desk.example", "Mo", "admin", ["support"])

    who = Who(router.store.write(work), "Mo", "admin", frozenset({landed.team_id}), "en")
    desk.reply(router, who, landed.id, "We found your pigeon.", once="one")
    sweeps.attempt(router, next(duty for duty in sweeps.DUTIES if duty.name == "deliver"))
    flown = (tmp_path / "loft" / "flown.json").read_text().splitlines()
    assert all(line.startswith("NL-2026-17|") for line in flown)
    assert any("We found your pigeon." in line for line in flown)


@pytest.mark.parametrize(
    ("language", "door", "category"),
    [("zh", "信鸽", "信鸽问题"), ("en", "Pigeon post", "Pigeon trouble")],
)
def test_its_names_stand_in_the_inbox_and_its_filters(landed, manager, language, door, category):
    page = manager.get(f"/?lang={language}").text
    assert f'<option value="pigeon">{door}</option>' in page
    assert re.search(rf'<option value="other\.pigeons"[^>]*>\s*{category}', page)
    narrowed = manager.get("/?channel=pigeon&category=other.pigeons").text
    assert landed.number in narrowed
    assert landed.number not in manager.get("/?channel=email").text
    ticket = manager.get(f"/ticket/{landed.number}").text
    assert door in ticket
    assert category in ticket


def test_naming_a_door_does_not_load_it(dropped):
    assert registry.labels("pigeon") == ("信鸽", "Pigeon post")
    assert "channels.pigeon" not in sys.modules


def test_every_door_of_ours_is_named_as_its_class_says():
    for kind in registry.kinds():
        door = registry.channel(kind)
        assert registry.labels(kind) == (door.label_zh, door.label_en)


def test_a_door_that_works_its_name_out_is_loaded_for_it(dropped):
    path = dropped.parent / "doors" / "pigeon.py"
    path.write_text(DOOR.replace('label_en = "Pigeon post"', 'label_en = "Pigeon " + "mail"'))
    assert registry.labels("pigeon") == ("信鸽", "Pigeon mail")


@pytest.fixture
def router_command(monkeypatch, capsys):
    """Runs ``router …``; its exit code and what it printed."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["router", *map(str, words)])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        heard = capsys.readouterr()
        return ended.value.code or 0, heard.out + heard.err

    return run


def test_its_options_stand_in_the_reference(dropped, router_command):
    code, told = router_command("check", "--reference")
    assert code == 0
    assert "Pigeon post (信鸽): one table an account, [channels.pigeon.NAME]." in told
    assert '# The folder in which pigeons land.\n# loft = ""' in told
    assert "# crumbs = 7" in told
    tomllib.loads(told)


def test_its_options_are_checked_like_any(config, router_command):
    code, told = router_command("check", "--config", config)
    assert code == 0
    assert "channels.pigeon.roof.loft" in told
    config.write_text(config.read_text() + "lotf = 'x'\ncrumbs = 0\n")
    code, told = router_command("check", "--config", config)
    assert code == 2
    assert "did you mean loft?" in told
    assert "crumbs" in told


def test_its_rule_explains_itself(config, tmp_path, router_command, ruled):
    code, told = router_command("explain", "--rules", tmp_path / "rules", "my pigeon is lost")
    assert code == 0
    for word in ("P2", "Pigeon trouble", "other.pigeons.lost", "pigeon is lost"):
        assert word in told


def test_a_rule_file_with_a_fault_is_told_in_words(config, tmp_path, router_command):
    broken = RULES.replace("other.pigeons.lost", "other.pigeons.gone").replace("any = [", "ayn = [")
    (tmp_path / "rules" / "broken.toml").write_text(broken, encoding="utf-8")
    for words in (
        ["explain", "--rules", tmp_path / "rules", "hello"],
        ["worker", "--config", config],
    ):
        code, told = router_command(*words)
        assert code == 2
        assert "broken.toml" in told
        assert "ayn" in told
        assert "Traceback" not in told


# ---------------------------------------------------------------- the conformance suite


def _checks(dropped, monkeypatch):
    """The suite, looked up anew as a test run does, and its checks of the pigeon."""
    spec = importlib.util.spec_from_file_location("conformance_again", test_conformance.__file__)
    suite = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(suite)
    ours = suite.RECORDED
    monkeypatch.setattr(suite, "RECORDED", dropped)
    notes = [one.values[0] for one in suite.payloads() if one.values[0].is_relative_to(dropped)]
    assert ours != dropped
    assert "pigeon" in suite.KINDS
    for name, check in vars(suite).items():
        for mark in getattr(check, "pytestmark", ()) if name.startswith("test_") else ():
            if mark.name == "parametrize":
                for value in ["pigeon"] if mark.args[0] == "kind" else notes:
                    yield name, partial(_run, check, value), mark.args[0]


def _run(check, value):
    """One check, with what it asks for besides the door."""
    with pytest.MonkeyPatch.context() as patched:
        given = {"monkeypatch": patched} if "monkeypatch" in signature(check).parameters else {}
        check(value, **given)


def test_the_conformance_suite_runs_over_it(dropped, monkeypatch):
    ran = {}
    for name, check, of in _checks(dropped, monkeypatch):
        check()
        ran[name] = of
    every = {name for name in vars(test_conformance) if name.startswith("test_")}
    assert every - ran.keys() == {"test_some_doors_are_found"}
    assert set(ran.values()) == {"kind", "path"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('label_zh = "信鸽"', 'label_zh = ""'),
        ('description="The folder in which pigeons land."', 'description=""'),
        ("except UnicodeDecodeError as fault", "except KeyError as fault"),
        ('ring.strip(), "Pigeon', 'str(id(raw)), "Pigeon'),
        ("from pathlib import Path", "import time\nfrom pathlib import Path"),
        ("from pydantic import Field", "from channels import registry\nfrom pydantic import Field"),
    ],
    ids=["no name", "silent option", "raises at bytes", "never the same", "a clock", "the others"],
)
def test_the_conformance_suite_refuses_a_door_that_breaks_a_promise(
    dropped, monkeypatch, right, wrong
):
    path = Path(dropped.parent / "doors" / "pigeon.py")
    assert right in DOOR
    path.write_text(DOOR.replace(right, wrong), encoding="utf-8")
    failed = 0
    for _, check, _of in _checks(dropped, monkeypatch):
        try:
            check()
        except Exception:  # noqa: BLE001  # whatever a check raises, it refuses
            failed += 1
    assert failed
