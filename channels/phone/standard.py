"""Reports of any call centre by Standard Webhooks: our own open contract."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from channels.contract import BadRequest, BadSignature, Call, Hook
from channels.phone import told
from channels.phone.told import Fact, Habits

_TOLERANCE = timedelta(minutes=5)
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_STAGES = {"call.started": 0, "call.answered": 1, "call.ended": 2, "call.voicemail": 2}
_OUTCOMES = {
    "answered": "answered",
    "missed": "missed",
    "busy": "busy",
    "failed": "failed",
    "voicemail": "voicemail",
    "abandoned_in_queue": "abandoned",
    "abandoned": "abandoned",
}


def check(request: Hook, secrets: Sequence[str]) -> None:
    """Raise BadSignature unless one of the secrets signed this very body, just now."""
    number, stamp, given = (request.headers.get(name, "") for name in _HEADERS)
    if not number or not given or not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 16):
        raise BadSignature("not signed")
    if abs(request.received_at.timestamp() - int(stamp)) > _TOLERANCE.total_seconds():
        raise BadSignature("signed too long ago, or in the future")
    content = f"{number}.{stamp}.".encode("utf-8", "replace") + request.body
    wanted = [
        base64.b64encode(hmac.new(key(one), content, hashlib.sha256).digest()) for one in secrets
    ]
    right = False
    for one in given.split(" ")[:16]:
        version, _, signature = one.partition(",")
        for digest in wanted:
            same = hmac.compare_digest(signature.encode("utf-8", "replace"), digest)
            right |= same and version == "v1"
    if not right:
        raise BadSignature("not signed with our secret")


def key(secret: str) -> bytes:
    """The bytes that a secret stands for; raises BadSignature where it stands for none."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise BadSignature(
            "signing_secret is no base64 after whsec_; copy it from the call centre"
        ) from fault


def answer(*, duplicate: bool) -> bytes:
    """What the call centre is told."""
    return json.dumps({"accepted": True, "duplicate": duplicate}).encode()


def read(body: bytes) -> Mapping[str, Any]:
    """The event; raises BadRequest for what cannot be one."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise BadRequest("not JSON") from fault
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        raise BadRequest("not an event")
    data = given.get("data")
    if not isinstance(data, dict):
        raise BadRequest("not an event")
    if {"form", "cdr", "telling"} & given.keys():
        raise BadRequest("not an event: words of our own")
    told.call_id(data, "call_id")
    return given


def fact(given: Mapping[str, Any], habits: Habits) -> Fact:
    """The call that an event tells of."""
    what, data = told.word(given, "type"), given.get("data")
    if not isinstance(data, dict):
        raise BadRequest("not an event")
    call_id = told.call_id(data, "call_id")
    at = told.moment(told.word(given, "timestamp"))
    if what == "call.noted":
        return Fact(
            f"{call_id}:noted:{told.digest(data)}", _call(data, call_id, 0, "", habits), at=at
        )
    if what not in _STAGES:
        return Fact(f"{call_id}:{what[:60]}:{told.digest(data)}", code="unknown_event", at=at)
    outcome = _OUTCOMES.get(told.word(data, "disposition").lower(), "")
    if what == "call.voicemail":
        outcome = "voicemail"
    if what == "call.ended" and not outcome:
        outcome = "answered" if data.get("answered_at") else "missed"
    call = _call(data, call_id, _STAGES[what], outcome, habits)
    return Fact(f"{call_id}:{what.removeprefix('call.')}", call, at=at)


def _call(data: Mapping[str, Any], call_id: str, stage: int, outcome: str, habits: Habits) -> Call:
    path = data.get("ivr_path")
    keys = (
        [str(one) for one in path if isinstance(one, str | int)] if isinstance(path, list) else []
    )
    choice = "/".join(keys)[:40]
    inbound = told.word(data, "direction") != "outbound"
    theirs, ours = ("from", "to") if inbound else ("to", "from")
    return Call(
        id=call_id,
        stage=stage,
        inbound=inbound,
        number=told.number(told.word(data, theirs), habits.region),
        line=told.number(told.word(data, ours), habits.region),
        queue=told.word(data, "queue"),
        choice=choice,
        hint=next((one for key in reversed(keys) if (one := told.hint(key, habits.choices))), ""),
        agent=told.word(data, "agent"),
        outcome=outcome,
        started_at=told.moment(told.word(data, "started_at")),
        answered_at=told.moment(told.word(data, "answered_at")),
        ended_at=told.moment(told.word(data, "ended_at")),
        recording=told.word(data, "recording_url", 1000),
        transcript=told.text(data, "transcript"),
        note=told.text(data, "notes"),
        wrap_up=told.word(data, "wrap_up_code", 60),
        language=told.word(data, "language", 12),
    )
