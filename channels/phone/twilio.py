"""Reports as Twilio sends them: forms, signed with the address they go to."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from xml.sax.saxutils import escape, quoteattr

from channels.contract import BadRequest, BadSignature, Call, Hook
from channels.phone import told
from channels.phone.told import Fact, Habits

_STAGES = {"queued": 0, "initiated": 0, "ringing": 0, "in-progress": 1}
_ENDED = {
    "completed": "answered",
    "busy": "busy",
    "failed": "failed",
    "no-answer": "missed",
    "canceled": "abandoned",
}
_PORTS = {"http": 80, "https": 443}
_MOST_FIELDS = 200
#: The longest message a caller may leave at night, in seconds.
_LONGEST_MESSAGE = 120


# ---------------------------------------------------------------- the signature


def check(request: Hook, tokens: Sequence[str], public_url: str) -> None:
    """Raise BadSignature unless one of the tokens signed this request to this address."""
    given = request.headers.get("x-twilio-signature", "").encode("utf-8", "replace")
    signed = "" if _is_json(request) or request.method == "GET" else _fields(request)
    right = False
    for token in tokens:
        for url in _urls(request, public_url):
            made = hmac.new(token.encode(), (url + signed).encode("utf-8", "replace"), hashlib.sha1)
            right |= hmac.compare_digest(base64.b64encode(made.digest()), given)
    if _is_json(request):
        body = hashlib.sha256(request.body).hexdigest().encode()
        right &= hmac.compare_digest(request.query.get("bodySHA256", "").encode(), body)
    if not right:
        raise BadSignature("not signed with the account's token")


def _is_json(request: Hook) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


def _fields(request: Hook) -> str:
    """Names and values without anything between them; a pair that comes twice counts once."""
    return "".join(f"{name}{value}" for name, value in sorted(set(_pairs(request.body))))


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError as fault:
        raise BadRequest("not a form") from fault


def base_of(request: Hook, public_url: str) -> str:
    """Scheme and host as the provider calls them. What it was told is believed only where the
    settings say nothing, which is not allowed where the public reaches us."""
    return public_url.rstrip("/") or f"http://{request.headers.get('host', '')}"


def _urls(request: Hook, public_url: str) -> Iterator[str]:
    """The address as it is written, and with its default port as some write it."""
    base = base_of(request, public_url)
    path = f"{request.path}?{request.raw_query}" if request.raw_query else request.path
    yield f"{base}{path}"
    parts = urlsplit(base)
    if ":" not in parts.netloc and parts.scheme in _PORTS:
        yield f"{parts.scheme}://{parts.netloc}:{_PORTS[parts.scheme]}{path}"


# ---------------------------------------------------------------- what it says


def document(request: Hook, *, night: bool) -> bytes:
    """What is written down: the fields as they came, and whether no person has answered yet: the
    call goes to our voicemail, or rings at a desk that will tell."""
    if _is_json(request):
        try:
            fields = json.loads(request.body)
        except (ValueError, RecursionError) as fault:
            raise BadRequest("not JSON") from fault
    else:
        raw = request.body if request.method == "POST" else request.raw_query.encode("latin-1")
        fields = {name: values[-1] for name, values in _parsed(raw).items()}
    if not isinstance(fields, dict):
        raise BadRequest("not a report of a call")
    told.call_id(fields, "CallSid")
    written = json.dumps({"form": fields, "night": night}, ensure_ascii=False, sort_keys=True)
    return written.encode("utf-8", "replace")


def _parsed(raw: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(raw.decode("utf-8"), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as fault:
        raise BadRequest("not a form") from fault


def fact(given: Mapping[str, Any], habits: Habits) -> Fact:
    """The call that a form tells of."""
    form = given["form"]
    if not isinstance(form, dict):
        raise BadRequest("not a form")
    call_id = told.call_id(form, "CallSid")
    if told.word(form, "RecordingSid"):
        return _recording(form, call_id)
    if told.word(form, "ParentCallSid"):
        return _leg(form, call_id, habits)
    status = told.word(form, "CallStatus").lower()
    if status not in _STAGES and status not in _ENDED:
        return Fact(f"{call_id}:{told.digest(form)}", code="unknown_status")
    key = f"{call_id}:{status}:{told.word(form, 'SequenceNumber')}"
    return Fact(key, _call(form, call_id, status, habits, night=given.get("night") is True))


def _call(
    form: Mapping[str, Any], call_id: str, status: str, habits: Habits, *, night: bool
) -> Call:
    inbound = told.word(form, "Direction").startswith("inbound") or not told.word(form, "Direction")
    theirs, ours = ("From", "To") if inbound else ("To", "From")
    at = told.moment(told.word(form, "Timestamp"))
    seconds = told.word(form, "CallDuration")
    ended = status in _ENDED
    length = timedelta(seconds=min(int(seconds), 86_400) if seconds.isdecimal() else 0)
    choice = told.word(form, "Digits") or told.word(form, "SpeechResult")
    answered = status == "completed" and at is not None
    return Call(
        id=call_id,
        stage=2 if ended else _STAGES[status],
        inbound=inbound,
        number=told.number(told.word(form, theirs), habits.region),
        line=told.number(told.word(form, ours), habits.region),
        choice=choice[:40],
        hint=told.hint(choice, habits.choices),
        outcome=_ENDED.get(status, ""),
        unattended=night,
        started_at=None if ended else at,
        answered_at=at - length if answered and at is not None else None,
        ended_at=at if ended else None,
    )


def _leg(form: Mapping[str, Any], call_id: str, habits: Habits) -> Fact:
    """The leg to an agent's telephone: once somebody is there, the caller was heard."""
    status, parent = told.word(form, "CallStatus").lower(), told.call_id(form, "ParentCallSid")
    key = f"{parent}:leg:{call_id}:{status}"
    if status not in ("in-progress", "completed"):
        return Fact(key, code="leg")
    agent = told.number(told.word(form, "To"), habits.region) or "agent"
    return Fact(key, Call(id=parent, stage=1, agent=agent, outcome="answered"))


def _recording(form: Mapping[str, Any], call_id: str) -> Fact:
    """A recording is there; only one that a caller left to the machine is a voicemail."""
    status = told.word(form, "RecordingStatus").lower()
    key = f"{call_id}:{told.word(form, 'RecordingSid', 64)}:{status}"
    if status != "completed":
        return Fact(key, code="recording_absent")
    left = told.word(form, "RecordingSource") in ("", "RecordVerb")
    return Fact(
        key,
        Call(
            id=call_id,
            outcome="voicemail" if left else "",
            recording=told.word(form, "RecordingUrl", 1000),
            transcript=told.text(form, "TranscriptionText"),
        ),
        at=told.moment(told.word(form, "RecordingStartTime")),
    )


# ---------------------------------------------------------------- what a caller hears


def through(number: str, callback: str) -> bytes:
    """Put the call through, and be told whether anybody picks up; without a number the provider
    goes on as it is set up."""
    told_of = f'statusCallbackEvent="answered completed" statusCallback={quoteattr(callback)}'
    inside = f"<Dial><Number {told_of}>{escape(number)}</Number></Dial>" if number else ""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'.encode()


#: What happens once a message is left. A provider that is told of no address to ask then asks for
#: the voicemail again: the caller hears all of it anew, and leaves silence behind.
GOODBYE = b'<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>'


def voicemail(spoken: Sequence[tuple[str, str]], callback: str, after: str) -> bytes:
    """Say that nobody is there, and record; ``after`` is asked what then."""
    says = "".join(
        f"<Say language={quoteattr(language)}>{escape(words)}</Say>" for language, words in spoken
    )
    record = (
        f'<Record maxLength="{_LONGEST_MESSAGE}" action={quoteattr(after)} '
        f"recordingStatusCallback={quoteattr(callback)}/>"
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{says}{record}</Response>'.encode()
