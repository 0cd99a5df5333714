"""The wallet's backend and an SMS provider, played: signed calls in, a confirmation out.

Every identity has an account here. Somebody whose address or number begins with ``locked`` or ends
in 7 is locked; what was frozen stays so until it is lifted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from router.sandbox.calling import Call, Caller, Heard
from router.sandbox.ledger import Ledger

#: A confirmation comes after so many seconds, and is tried so often.
_AFTER, _TRIES, _PATIENCE = 1.0, 3, 5.0
_TOLERANCE = 300
_DEVICES = ("iPhone 17", "Pixel 9", "Mate 80", "Xiaomi 16")


@dataclass
class Backend:
    """Its made-up secrets, and which accounts are frozen since when (seconds since 1970)."""

    secret: str = "whsec_c2FuZGJveC13YWxsZXQtYmFja2VuZC1zZWNyZXQ="  # noqa: S105  # made up
    sms_secret: str = "whsec_c2FuZGJveC1zbXMtcHJvdmlkZXItc2VjcmV0IQ=="  # noqa: S105  # made up
    frozen: dict[tuple[str, str], float] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)


class Wallet:
    """Both systems, under ``/wallet`` and ``/sms``."""

    name = "wallet"

    def __init__(self, ledger: Ledger, hook: str, backend: Backend | None = None) -> None:
        self.ledger, self.backend = ledger, backend or Backend()
        self.caller = Caller(ledger, self.name, hook)
        self.blueprint = Blueprint("wallet", __name__)
        self.blueprint.add_url_rule("/wallet", "wallet", self._wallet, methods=["POST"])
        self.blueprint.add_url_rule("/sms", "sms", self._sms, methods=["POST"])

    # ------------------------------------------------------------ what the desk calls

    def _wallet(self) -> Response | tuple[Response, int]:
        if fault := self.ledger.fault(self.name, "status"):
            return jsonify(error="made up"), int(fault.value)
        body = request.get_data()
        if not _genuine(self.backend.secret, body, self.ledger.now(self.name)):
            return jsonify(error="signature"), 401
        told = json.loads(body)
        what, data, message_id = told["type"], told["data"], request.headers["webhook-id"]
        self.ledger.say(self.name, "call", what, id=message_id, data=data)
        if what == "account.look_up":
            return jsonify(accounts=[self._account(one) for one in data["identities"]])
        if what in ("freeze.requested", "freeze.lift_requested"):
            self._act(what, data, message_id)
            return jsonify(status="accepted"), 202
        return jsonify(error="unknown type"), 422

    def _act(self, what: str, data: dict[str, Any], message_id: str) -> None:
        """Freeze or lift once a message id, and confirm it a moment later."""
        if message_id in self.backend.heard:
            return
        self.backend.heard.add(message_id)
        identity = (data["identity"]["kind"], data["identity"]["value"])
        if what == "freeze.requested":
            self.backend.frozen.setdefault(identity, self.ledger.now(self.name))
        else:
            self.backend.frozen.pop(identity, None)
        if not self.ledger.fault(self.name, "drop_after_accept"):
            word = "freeze.confirmed" if what == "freeze.requested" else "freeze.lift.confirmed"
            later = threading.Timer(_AFTER, self.confirm, (message_id, word))
            later.daemon = True
            later.start()

    def confirm(self, message_id: str, what: str = "freeze.confirmed") -> Heard:
        """Say to the desk that something it asked for was done."""
        return self.say(what, {"request_id": message_id})

    def say(self, what: str, data: dict[str, Any]) -> Heard:
        """One signed call to the desk."""
        moment = datetime.fromtimestamp(self.ledger.now(self.name), UTC).isoformat()
        body = json.dumps({"type": what, "timestamp": moment, "data": data}).encode()
        number = f"msg_{self.ledger.new_id()}"

        def make() -> Call:
            stamp = str(int(self.ledger.now(self.name)))
            secret = self.backend.secret
            if self.ledger.fault(self.name, "wrong_signature"):
                secret = self.backend.sms_secret
            return Call(
                body,
                {
                    "Content-Type": "application/json",
                    "webhook-id": number,
                    "webhook-timestamp": stamp,
                    "webhook-signature": f"v1,{_signature(secret, number, stamp, body)}",
                },
            )

        return self.caller.push(make, tries=_TRIES, timeout=_PATIENCE)

    def _account(self, identity: dict[str, str]) -> dict[str, Any]:
        known = (identity["kind"], identity["value"])
        number = int.from_bytes(hashlib.sha256(repr(known).encode()).digest()[:4])
        since = self.backend.frozen.get(known)
        locked = identity["value"].startswith("locked") or identity["value"].endswith("7")
        now = datetime.fromtimestamp(self.ledger.now(self.name), UTC)
        return {
            "identity": identity,
            "account": f"••{number % 10_000:04}",
            "state": "frozen" if since else "locked" if locked else "active",
            "last_login_at": (now - timedelta(minutes=number % 5000)).isoformat(),
            "device": _DEVICES[number % len(_DEVICES)],
            "frozen_at": datetime.fromtimestamp(since, UTC).isoformat() if since else None,
        }

    def _sms(self) -> Response | tuple[Response, int]:
        if fault := self.ledger.fault(self.name, "status"):
            return jsonify(error="made up"), int(fault.value)
        body = request.get_data()
        if not _genuine(self.backend.sms_secret, body, self.ledger.now(self.name)):
            return jsonify(error="signature"), 401
        told, message_id = json.loads(body), request.headers["webhook-id"]
        if message_id not in self.backend.heard:
            self.backend.heard.add(message_id)
            data = told["data"]
            self.ledger.say("phone", "out", "sms", person=data["to"], text=data["text"])
        return jsonify(status="accepted")


def _signature(secret: str, number: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    said = f"{number}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def _genuine(secret: str, body: bytes, now: float) -> bool:
    number = request.headers.get("webhook-id", "")
    stamp = request.headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(now - int(stamp)) > _TOLERANCE:
        return False
    wanted = f"v1,{_signature(secret, number, stamp, body)}"
    given = request.headers.get("webhook-signature", "")
    return hmac.compare_digest(wanted.encode(), given.encode())
