"""A call centre's side: calls told by webhook, shaped as Twilio does or by Standard Webhooks, and
the recordings it keeps."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from router.sandbox.calling import Call, Caller, Heard
from router.sandbox.ledger import Ledger

_PATIENCE = 15.0
#: A second of silence: what every recording here holds.
_SILENCE = b"RIFF" + (36 + 8000).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
_SILENCE += (1).to_bytes(2, "little") * 2 + (8000).to_bytes(4, "little") * 2
_SILENCE += (1).to_bytes(2, "little") + (8).to_bytes(2, "little")
_SILENCE += b"data" + (8000).to_bytes(4, "little") + b"\x80" * 8000


@dataclass
class Provider:
    """The provider's made-up secrets."""

    auth_token: str = "sandboxauthtoken0001"  # noqa: S105  # made up
    account_sid: str = "AC00000000000000000000000000000001"
    secret: str = "whsec_c2FuZGJveC1zdGFuZGFyZC13ZWJob29rLXNlY3JldCE="  # noqa: S105  # made up
    ours: str = "+861000000000"


class Phone:
    """A provider that tells the desk of calls."""

    name = "phone"

    def __init__(self, ledger: Ledger, hook: str, provider: Provider | None = None) -> None:
        self.ledger, self.provider = ledger, provider or Provider()
        self.caller = Caller(ledger, self.name, hook)
        self.blueprint = Blueprint("phone", __name__, url_prefix="/phone")
        self.blueprint.add_url_rule("/recordings/<name>", view_func=self._recording)
        self.blueprint.add_url_rule("/2010-04-01/Accounts/<sid>/Calls.json", view_func=self._calls)
        #: Calls as the provider itself lists them, oldest first.
        self.calls: list[dict[str, str]] = []
        #: Where recordings are; told by whoever serves them.
        self.base = ""

    # ------------------------------------------------------------ somebody calls

    def missed(self, number: str, *, queue: str = "wallet-cn", choice: str = "") -> Heard:
        """Somebody called and nobody answered."""
        call_id = self._new("missed", number)
        keys = ["zh", choice] if choice else ["zh"]
        return self.ended(call_id, number, "missed", queue=queue, ivr_path=keys)

    def voicemail(self, number: str, transcript: str, *, call_id: str = "") -> Heard:
        """Somebody left a message after the tone; its recording and transcript come as one."""
        call_id = call_id or self._new("voicemail", number, transcript)
        self.ended(call_id, number, "voicemail")
        told = {"recording_url": f"{self.base}/recordings/{call_id}.wav", "transcript": transcript}
        return self.standard("call.voicemail", {**self._leg(call_id, number), **told})

    def answered(self, number: str, agent: str = "made-up agent") -> Heard:
        """Somebody called and talked with a person."""
        call_id = self._new("answered", number)
        return self.ended(call_id, number, "answered", agent=agent, answered_at=self._moment())

    def called_back(self, number: str, *, reached: bool = True) -> Heard:
        """The desk called this number from its own telephones."""
        call_id = f"acd-{self.ledger.new_id()}"
        what = "picked_up" if reached else "not_picked_up"
        self.ledger.say(self.name, "out", what, person=number, id=call_id)
        leg = {**self._leg(call_id, number), "direction": "outbound"}
        leg |= {"from": self.provider.ours, "to": number, "ended_at": self._moment()}
        leg["disposition"] = "answered" if reached else "missed"
        return self.standard("call.ended", leg)

    def noted(self, number: str, note: str, **more: Any) -> Heard:
        """An agent wrote something about an answered call into the call centre's own program."""
        call_id = self._new("noted", number, note)
        self.ended(call_id, number, "answered", answered_at=self._moment())
        told = {**self._leg(call_id, number), "notes": note, **more}
        return self.standard("call.noted", told)

    def ended(self, call_id: str, number: str, disposition: str, **more: Any) -> Heard:
        """A call of that id is over."""
        leg = {**self._leg(call_id, number), "ended_at": self._moment()}
        return self.standard("call.ended", {**leg, "disposition": disposition, **more})

    def _new(self, what: str, number: str, text: str = "") -> str:
        call_id = f"acd-{self.ledger.new_id()}"
        self.ledger.say(self.name, "in", what, person=number, id=call_id, text=text)
        return call_id

    def _moment(self, ago: float = 0) -> str:
        at = datetime.fromtimestamp(self.ledger.now(self.name), UTC) - timedelta(seconds=ago)
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _leg(self, call_id: str, number: str) -> dict[str, Any]:
        return {
            "call_id": call_id,
            "direction": "inbound",
            "from": number,
            "to": self.provider.ours,
            "started_at": self._moment(ago=20),
            "answered_at": None,
            "ended_at": None,
            "queue": None,
            "ivr_path": [],
            "agent": None,
            "recording_url": None,
            "transcript": None,
        }

    # ------------------------------------------------------------ how it is told

    def standard(self, what: str, data: Mapping[str, Any]) -> Heard:
        """One event as Standard Webhooks has it."""
        now = self.ledger.now(self.name)
        message_id = f"msg_{self.ledger.new_id()}"
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = json.dumps({"type": what, "timestamp": moment, "data": dict(data)}).encode()

        def make() -> Call:
            stamp = str(int(self.ledger.now(self.name)))
            key = base64.b64decode(self.provider.secret.removeprefix("whsec_"))
            if self.ledger.fault(self.name, "wrong_signature"):
                key = b"another"
            signed = f"{message_id}.{stamp}.".encode() + body
            digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            return Call(
                body,
                {
                    "Content-Type": "application/json",
                    "webhook-id": message_id,
                    "webhook-timestamp": stamp,
                    "webhook-signature": f"v1,{digest}",
                },
            )

        return self.caller.push(make, tries=2, timeout=_PATIENCE)

    def twilio(self, params: Mapping[str, str], *, path: str = "status", host: str = "") -> Heard:
        """One event as Twilio has it: a form, signed with the address it goes to; ``host`` signs
        for another one."""
        told = {"ApiVersion": "2010-04-01", "AccountSid": self.provider.account_sid, **params}
        caller = Caller(self.ledger, self.name, f"{self.caller.url}/{path}")
        url, token = caller.url, self.provider.auth_token
        if host:
            url = f"{host}/{url.partition('//')[2].partition('/')[2]}"
        if self.ledger.fault(self.name, "wrong_signature"):
            token = "another"  # noqa: S105  # the fault
        signed = url + "".join(f"{name}{told[name]}" for name in sorted(told))
        digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
        }
        body = urlencode(told).encode()
        return caller.push(lambda: Call(body, headers), tries=2, timeout=_PATIENCE)

    def at_night(self, number: str) -> tuple[str, Heard]:
        """Somebody calls a line whose voice address is the desk's; the call's id, and what the desk
        has it say."""
        call_id = f"CA{self.ledger.new_id():0>32}"
        self.ledger.say(self.name, "in", "call", person=number, id=call_id)
        return call_id, self.twilio(self.leg_of(call_id, number, "ringing"), path="voice")

    def spoken(self, call_id: str, number: str, heard: Heard) -> Heard:
        """The caller has left a message: what the desk has it do next, asked where it said or, if
        it said nothing, where it was asked before."""
        named = re.search(r' action="([^"]+)"', heard.body.decode())
        told = {"RecordingUrl": f"{self.base}/recordings/{call_id}.wav", "Digits": "1"}
        leg = self.leg_of(call_id, number, "in-progress", RecordingDuration="12", **told)
        return self.twilio(leg, path=named[1].rpartition("/")[2] if named else "voice")

    def leg_of(self, call_id: str, number: str, status: str, **more: str) -> dict[str, str]:
        """The fields of a status callback."""
        at = datetime.fromtimestamp(self.ledger.now(self.name), UTC)
        return {
            "CallSid": call_id,
            "From": number,
            "To": self.provider.ours,
            "CallStatus": status,
            "Direction": "inbound",
            "Timestamp": format_datetime(at),
            **more,
        }

    def recorded(self, call_id: str) -> Heard:
        """The recording of a call is ready, perhaps long after the call."""
        told = {
            "CallSid": call_id,
            "RecordingSid": f"RE{self.ledger.new_id():0>32}",
            "RecordingUrl": f"{self.base}/recordings/{call_id}.wav",
            "RecordingStatus": "completed",
            "RecordingDuration": "12",
            "RecordingSource": "RecordVerb",
        }
        return self.twilio(told, path="recording")

    def lost(
        self, number: str, status: str = "no-answer", seconds: int = 0, *, parent: str = ""
    ) -> str:
        """A call that was never reported, though the provider lists it, or the leg to an agent of
        the call ``parent``; its id."""
        call_id = f"CA{self.ledger.new_id():0>32}"
        self.ledger.say(self.name, "in", "lost", person=number, id=call_id)
        at = datetime.fromtimestamp(self.ledger.now(self.name), UTC)
        self.calls.append(
            {
                "sid": call_id,
                "parent_call_sid": parent,
                "from": self.provider.ours if parent else number,
                "to": number if parent else self.provider.ours,
                "status": status,
                "direction": "outbound-dial" if parent else "inbound",
                "duration": str(seconds),
                "start_time": format_datetime(at),
                "end_time": format_datetime(at + timedelta(seconds=seconds)),
            }
        )
        return call_id

    def _calls(self, sid: str) -> Response:
        """The list, newest first, a page at a time."""
        given, known = request.authorization, (self.provider.account_sid, self.provider.auth_token)
        if given is None or (given.username, given.password) != known or sid != known[0]:
            return Response("", 401)
        if self.ledger.fault(self.name, "rate"):
            return Response("", 429, {"Retry-After": "7"})
        if status := self.ledger.fault(self.name, "status"):
            return Response("", int(status.value or 503))
        size, page = int(request.args.get("PageSize", 50)), int(request.args.get("Page", 0))
        found = list(reversed(self.calls))[page * size : (page + 1) * size]
        more = f"{request.path.removeprefix('/phone')}?PageSize={size}&Page={page + 1}"
        last = (page + 1) * size >= len(self.calls)
        return jsonify(calls=found, next_page_uri=None if last else more)

    def _recording(self, name: str) -> Response:
        """A recording, for whoever has the account's token."""
        given = request.authorization
        known = (self.provider.account_sid, self.provider.auth_token)
        if given is None or (given.username, given.password) != known:
            return Response("", 401)
        self.ledger.say(self.name, "call", "recording", id=name)
        return Response(_SILENCE, mimetype="audio/wav")
