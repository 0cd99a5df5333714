"""What every door must do, whoever wrote it: this suite runs over each one that is found.

A door's folder of recorded payloads says the rest: ``options.json`` and ``secrets.json`` (made up),
a file a payload with its ``.expected.json``, ``hooks/`` (calls as its platform signs them, and what
of them is signed), ``speaks.json`` (what the platform answers to a send, and what that means).
"""

import ast
import importlib
import inspect
import json
import random
import socket
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import channels.contract
from channels import registry
from channels.contract import (
    BadRequest,
    BadSignature,
    Channel,
    ChannelError,
    Handle,
    Hook,
    Inbound,
    Limits,
    Listens,
    Outbound,
    Raw,
    Receipt,
    Speaks,
)
from tests.channels.far_side import FarSide

#: What doors may share of ours: the contract, the documents of our own pages, fetching files.
SHARED = ("channels.contract", "channels.documents", "channels.far_files")
RECORDED = Path(__file__).parent.parent / "recorded"
KINDS = registry.kinds()
NOT_PAYLOADS = ("options.json", "secrets.json", "speaks.json")


class Lent:
    """A vault in memory: the recorded secrets, and tokens fetched once."""

    def __init__(self, secrets):
        self.secrets = secrets
        self.tokens = {}

    def secret(self, name, default=None):
        return self.secrets[name] if default is None else self.secrets.get(name, default)

    def token(self, name, fetch, *, seed, stale=""):
        held = self.tokens.get(name)
        if held is None or held.value == stale:
            held = self.tokens[name] = fetch((held and held.renewal) or seed)
        return held.value


def _recorded(kind, name, otherwise):
    path = RECORDED / kind / name
    return json.loads(path.read_text("utf-8")) if path.exists() else otherwise


def door(kind, **options):
    cls = registry.channel(kind)
    given = {**_recorded(kind, "options.json", {}), **options}
    return cls("desk", cls.Options(**given), Lent(_recorded(kind, "secrets.json", {})))


def payloads():
    return [
        pytest.param(path, id=f"{path.parent.name}/{path.name}")
        for kind in KINDS
        for path in sorted((RECORDED / kind).glob("*"))
        if path.is_file()
        and path.name not in NOT_PAYLOADS
        and not path.name.endswith(".expected.json")
    ]


def said(inbound):
    """An Inbound as the expectation files write it."""
    people = ("to", "cc")
    plain = ("text", "subject", "html", "message_id", "locale", "category_hint", "automatic")
    lists = ("thread_ids", "tokens", "defects")
    bounce = inbound.bounce
    return {
        **{name: getattr(inbound, name) for name in plain},
        **{name: list(getattr(inbound, name)) for name in lists},
        **{name: [[p.kind, p.value, p.name] for p in getattr(inbound, name)] for name in people},
        "sender": [inbound.sender.kind, inbound.sender.value, inbound.sender.name],
        "sent_at": inbound.sent_at.isoformat() if inbound.sent_at else None,
        "conversation": inbound.conversation,
        "remote_id": inbound.remote_id,
        "verification": inbound.verification.value,
        "fields": dict(inbound.fields),
        "attachments": [[f.name, f.mime, len(f.data), f.content_id] for f in inbound.attachments],
        "bounce": bounce
        and {
            "recipients": list(bounce.recipients),
            "status": bounce.status,
            "permanent": bounce.permanent,
            "original_message_id": bounce.original_message_id,
        },
    }


def test_some_doors_are_found():
    assert {"email", "webform"} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_door_has_recorded_payloads(kind):
    assert [path for path in (RECORDED / kind).glob("*") if path.name not in NOT_PAYLOADS]


@pytest.mark.parametrize("kind", KINDS)
def test_a_door_has_a_name_in_both_languages(kind):
    cls = registry.channel(kind)
    assert issubclass(cls, Channel)
    assert cls.kind == kind
    assert cls.identity
    assert cls.label_en.isascii()
    assert cls.label_en.strip()
    assert cls.label_zh.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_says_what_it_is_for(kind):
    options = registry.channel(kind).Options
    told = {name: field.description for name, field in options.model_fields.items()}
    told.pop("enabled", None)
    assert all(told.values()), told


@pytest.mark.parametrize("path", payloads())
def test_a_recorded_payload_reads_as_expected(path):
    expected = json.loads(path.with_name(f"{path.name}.expected.json").read_text())
    opened = door(path.parent.name)
    data = path.read_bytes()
    read = [said(one) for one in opened.parse(Raw(opened.identify(data), data))]
    assert len(read) == len(expected)
    for got, wanted in zip(read, expected, strict=True):
        assert {name: got[name] for name in wanted} == wanted


@pytest.mark.parametrize("path", payloads())
def test_the_same_bytes_read_the_same_on_replay(path):
    data = path.read_bytes()
    first, second = door(path.parent.name), door(path.parent.name)
    assert first.identify(data) == second.identify(data)
    raw = Raw(first.identify(data), data)
    assert first.parse(raw) == second.parse(raw)


def hostile(kind):
    yield from (b"", b"\0", b"\n\n\n", b"{}", b"[]", b"null", b"<xml>", b"\xff" * 5_000)
    yield b"[" * 100_000
    yield b"From: " + b"<" * 50_000
    chance = random.Random(7)
    for path in sorted((RECORDED / kind).glob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        for _ in range(25):
            broken = bytearray(data[: chance.randrange(len(data) + 1)])
            for _ in range(chance.randrange(1, 20)):
                if broken:
                    broken[chance.randrange(len(broken))] = chance.randrange(256)
            yield bytes(broken)


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_bytes_raise_nothing_but_a_channel_error(kind):
    opened = door(kind)
    for data in hostile(kind):
        assert opened.identify(data) == opened.identify(data)
        try:
            read = opened.parse(Raw(opened.identify(data), data))
        except ChannelError:
            continue
        for inbound in read:
            assert isinstance(inbound, Inbound)
            json.dumps(said(inbound), ensure_ascii=False).encode()
            for event in opened.events(Raw(opened.identify(data), data)) if not read else ():
                assert event.code


# ---------------------------------------------------------------- what it may lean on


def _files(kind):
    module = importlib.import_module(registry.channel(kind).__module__)
    path = Path(inspect.getfile(module))
    return sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]


@pytest.mark.parametrize("kind", KINDS)
def test_a_door_reads_no_clock_and_knows_nothing_else_of_ours(kind):
    own = registry.channel(kind).__module__
    for path in _files(kind):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("now", "utcnow", "today", "monotonic", "perf_counter")
            if isinstance(node, ast.Import):
                assert not {"time", "router", "rules"} & {one.name for one in node.names}, path
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("channels"):
                assert node.module in SHARED or node.module.startswith(own), path
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] not in ("time", "router", "rules")


@pytest.mark.parametrize("kind", KINDS)
def test_a_door_says_what_its_platform_allows(kind):
    opened = door(kind)
    assert isinstance(opened.limits, Limits)
    assert 0 < opened.largest <= 26 * 1024 * 1024
    if isinstance(opened, Listens):
        assert list((RECORDED / kind / "hooks").glob("*.json"))
        assert opened.identity
    if isinstance(opened, Speaks) and "base_url" in type(opened).Options.model_fields:
        assert (RECORDED / kind / "speaks.json").exists()


# ---------------------------------------------------------------- being called


def hooks(kind):
    for path in sorted((RECORDED / kind / "hooks").glob("*.json")):
        yield json.loads(path.read_text("utf-8"))


def call(given, **changes):
    values = {
        "method": given["method"],
        "path": given.get("path", "/hooks"),
        "query": dict(given.get("query", {})),
        "headers": dict(given.get("headers", {})),
        "body": given["body"].encode("utf-8"),
        "remote_addr": "203.0.113.9",
        "received_at": datetime.fromisoformat(given["received_at"]),
        "raw_query": given.get("raw_query", ""),
        **changes,
    }
    return Hook(**values)


def _no_sockets(monkeypatch):
    def refuse(*_args, **_kinds):
        raise AssertionError("this may not open a socket")

    monkeypatch.setattr(socket, "socket", refuse)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_repeated_has_the_same_ids_and_opens_no_socket(kind, monkeypatch):
    opened = door(kind)
    _no_sockets(monkeypatch)
    for given in hooks(kind):
        first, second = opened.receive(call(given)), opened.receive(call(given))
        assert [raw.remote_id for raw in first.items] == given["remote_ids"]
        assert [raw.remote_id for raw in second.items] == given["remote_ids"]
        assert 200 <= first.answer.status < 300
        if "answer" in given:
            assert first.answer.body.decode() == given["answer"]
        for raw in first.items:
            assert opened.identify(raw.data) == raw.remote_id
            assert opened.parse(raw) or opened.events(raw)


def forgeries(given):
    """The call with each signed part changed, cut or made of other letters."""
    for part in given["signed_by"]:
        where, _, name = part.partition(":")
        if where == "body":
            body = bytearray(given["body"].encode("utf-8"))
            middle = given.get("flip", len(body) // 2)
            body[middle] ^= 1
            yield {"body": bytes(body)}
            yield {"body": b""}
            continue
        held = dict(given["query"] if where == "query" else given["headers"])
        field = "query" if where == "query" else "headers"
        for value in (
            None,
            "",
            "0",
            held[name][:-1],
            held[name] + "0",
            "签名",
            "\udcff",
            "A" * 9000,
        ):
            changed = {key: one for key, one in held.items() if key != name}
            yield {field: changed if value is None else {**changed, name: value}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_call_yields_nothing(kind):
    opened = door(kind)
    for given in hooks(kind):
        for forged in forgeries(given):
            with pytest.raises((BadSignature, BadRequest)):
                opened.receive(call(given, **forged))


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_call_too_long_ago_is_refused_where_its_moment_is_signed(kind):
    opened = door(kind)
    for given in hooks(kind):
        if given.get("moment_is_signed"):
            late = datetime(2030, 1, 1, tzinfo=UTC)
            with pytest.raises(BadSignature):
                opened.receive(call(given, received_at=late))


# ---------------------------------------------------------------- sending


def outbound(kind, table, **changes):
    values = {
        "account": "desk",
        "to": Handle(*table.get("to", (registry.channel(kind).identity, "somebody"))),
        "text": "您好 hello 😀",
        "message_id": "<made-up@desk.example>",
        "created_at": datetime(2026, 11, 24, tzinfo=UTC),
        **{
            name: value
            for name, value in table.items()
            if name in ("conversation", "automatic", "late")
        },
        **changes,
    }
    return Outbound(**values)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_platform_answers_means_what_the_contract_says(kind, monkeypatch):
    table = _recorded(kind, "speaks.json", {"answers": []})
    called = set()
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **kinds: called.add(host) or real(host, *more, **kinds),
    )
    for case in table["answers"]:
        with FarSide(case["replies"]) as far_side:
            opened = door(kind, base_url=far_side.url)
            given = case.get("outbound", {})
            try:
                got = opened.speak(outbound(kind, {**table, **given}))
            except ChannelError as fault:
                got = fault
            finally:
                opened.close()
        wanted = (
            Receipt if case["gives"] == "Receipt" else getattr(channels.contract, case["gives"])
        )
        assert type(got) is wanted, (case["name"], got)
        if "after" in case:
            assert got.after.total_seconds() == case["after"], case["name"]
        if "channel_fault" in case:
            assert got.channel_fault is case["channel_fault"], case["name"]
        assert called <= {urlsplit(far_side.url).hostname}
