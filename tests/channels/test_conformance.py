"""What every door must do, whoever wrote it: this suite runs over each one that is found."""

import json
import random
from pathlib import Path

import pytest

from channels import registry
from channels.contract import Channel, ChannelError, Inbound, Raw

RECORDED = Path(__file__).parent.parent / "recorded"
KINDS = registry.kinds()


class NoSecrets:
    def secret(self, name):
        raise KeyError(name)


def door(kind):
    cls = registry.channel(kind)
    options = RECORDED / kind / "options.json"
    given = json.loads(options.read_text()) if options.exists() else {}
    return cls("desk", cls.Options(**given), NoSecrets())


def payloads():
    return [
        pytest.param(path, id=f"{path.parent.name}/{path.name}")
        for kind in KINDS
        for path in sorted((RECORDED / kind).glob("*"))
        if path.is_file()
        and path.name != "options.json"
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
