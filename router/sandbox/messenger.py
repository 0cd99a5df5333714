"""Messenger's side: signed pushes with escaped letters, the Send API with its window, echoes that
carry our metadata back, and conversations to look through."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from router.sandbox.calling import Call, Caller, Heard
from router.sandbox.ledger import Ledger
from router.sandbox.wechat import cut

_TRIES, _PATIENCE = 3, 5.0
_DAY, _WEEK = 86_400, 7 * 86_400


@dataclass
class Page:
    """The page, its app's made-up secrets, and its conversations."""

    page_id: str = "1000000000000001"
    app_id: str = "3000000000000001"
    app_secret: str = "sandbox-app-secret-0001"  # noqa: S105  # made up
    page_token: str = "sandbox-page-token"  # noqa: S105  # made up
    verify_token: str = "sandbox-verify"  # noqa: S105  # made up
    wrote_at: dict[str, float] = field(default_factory=dict)
    talk: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    blocking: set[str] = field(default_factory=set)


class Messenger:
    """The platform with one page."""

    name = "messenger"

    def __init__(self, ledger: Ledger, hook: str, page: Page | None = None) -> None:
        self.ledger, self.page = ledger, page or Page()
        self.caller = Caller(ledger, self.name, hook)
        self.blueprint = self._routes()

    # ------------------------------------------------------------ a customer writes

    def write(self, psid: str, text: str, *, push: bool = True, **more: Any) -> Heard:
        """Somebody writes; without ``push`` the webhook is lost."""
        mid = f"m_{self.ledger.new_id()}"
        self.page.wrote_at[psid] = self.ledger.now(self.name)
        self.ledger.say(self.name, "in", "text", person=psid, text=text, id=mid)
        self._keep(psid, psid, self.page.page_id, mid, text)
        message: dict[str, Any] = {"mid": mid, **more}
        if text:
            message["text"] = text
        if not push:
            return Heard(0)
        return self._push(self._item(psid, self.page.page_id, message=message))

    def update(self, psid: str, **kind: Any) -> Heard:
        """Any other update."""
        return self._push(self._item(psid, self.page.page_id, **kind))

    def other_hands(self, psid: str, text: str) -> Heard:
        """Somebody answers from the platform's own inbox."""
        mid = f"m_{self.ledger.new_id()}"
        self._keep(psid, self.page.page_id, psid, mid, text)
        echo = {"mid": mid, "is_echo": True, "app_id": 26390203743090, "text": text}
        return self._push(self._item(self.page.page_id, psid, message=echo))

    def _item(self, sender: str, recipient: str, **kind: Any) -> dict[str, Any]:
        at = int(self.ledger.now(self.name) * 1000)
        return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": at, **kind}

    def _keep(self, psid: str, sender: str, to: str, mid: str, text: str) -> None:
        at = datetime.fromtimestamp(self.ledger.now(self.name), UTC)
        self.page.talk.setdefault(psid, []).append(
            {
                "id": mid,
                "created_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
                "from": {"id": sender},
                "to": {"data": [{"id": to}]},
                "message": text,
            }
        )

    def _push(self, *items: dict[str, Any]) -> Heard:
        at = int(self.ledger.now(self.name) * 1000)
        entries = [{"id": self.page.page_id, "time": at, "messaging": [one]} for one in items]
        body = json.dumps({"object": "page", "entry": entries}).replace("/", "\\/").encode()

        def make() -> Call:
            wrong = self.ledger.fault(self.name, "wrong_signature")
            secret = "another" if wrong else self.page.app_secret
            digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {
                "Content-Type": "application/json",
                "X-Hub-Signature-256": f"sha256={digest}",
            }
            return Call(body, headers)

        return self.caller.push(make, tries=_TRIES, timeout=_PATIENCE)

    # ------------------------------------------------------------ its API

    def _routes(self) -> Blueprint:
        routes = Blueprint("messenger", __name__, url_prefix="/messenger/<version>")
        routes.add_url_rule("/me", view_func=self._me)
        routes.add_url_rule("/app", view_func=self._app)
        routes.add_url_rule("/<page_id>/messages", view_func=self._send, methods=["POST"])
        routes.add_url_rule("/<page_id>/conversations", view_func=self._conversations)
        routes.add_url_rule("/<page_id>/messages", endpoint="read", view_func=self._messages)
        return routes

    def _refused(self, proof: object) -> Response | None:
        token = self.page.page_token
        wanted = hmac.new(self.page.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if request.headers.get("Authorization") != f"Bearer {token}" or proof != wanted:
            return _error(190, 460)
        if self.ledger.fault(self.name, "refuse_token"):
            return _error(190, 460)
        if self.ledger.fault(self.name, "rate"):
            return _error(613)
        if self.ledger.fault(self.name, "busy"):
            return _error(2)
        if status := self.ledger.fault(self.name, "status"):
            return Response("<html>made up</html>", int(status.value or 500))
        page = self.ledger.fault(self.name, "page")
        return Response("<html>made up</html>") if page else None

    def _app(self, version: str) -> Response:
        del version
        refused = self._refused(request.args.get("appsecret_proof"))
        return refused or jsonify(id=self.page.app_id)

    def _me(self, version: str) -> Response:
        del version
        refused = self._refused(request.args.get("appsecret_proof"))
        return refused or jsonify(id=self.page.page_id, name="made up")

    def _send(self, version: str, page_id: str) -> Response:
        del version
        asked: dict[str, Any] = request.get_json(force=True, silent=True) or {}
        if refused := self._refused(asked.get("appsecret_proof")):
            return refused
        psid = str((asked.get("recipient") or {}).get("id", ""))
        message = asked.get("message") or {}
        text, metadata = str(message.get("text", "")), str(message.get("metadata", ""))
        if page_id != self.page.page_id or psid not in self.page.wrote_at:
            return _error(100, 2018001)
        if psid in self.page.blocking:  # told like a trouble that passes
            self.ledger.say(self.name, "call", "send", person=psid, text="2")
            return _error(2)
        since = self.ledger.now(self.name) - self.page.wrote_at[psid]
        tagged = asked.get("messaging_type") == "MESSAGE_TAG" and asked.get("tag") == "HUMAN_AGENT"
        if since > (_WEEK if tagged else _DAY) or len(text) > 2000:
            return _error(10, 2018278)
        mid = f"m_{self.ledger.new_id()}"
        self._keep(psid, self.page.page_id, psid, mid, text)
        what = "tagged" if tagged else "text"
        self.ledger.say(self.name, "out", what, person=psid, text=text, id=mid, metadata=metadata)
        if self.ledger.fault(self.name, "drop_after_accept"):
            return cut()
        return jsonify(recipient_id=psid, message_id=mid)

    def echo(self, line: int) -> Heard:
        """Push the echo of a send, by its number in the ledger."""
        said = next(one for one in self.ledger.told(self.name, "out") if one.number == line)
        message = {
            "mid": said.id,
            "is_echo": True,
            "app_id": int(self.page.app_id),
            "metadata": said.more["metadata"],
            "text": said.text,
        }
        return self._push(self._item(self.page.page_id, said.person, message=message))

    def _conversations(self, version: str, page_id: str) -> Response:
        del version, page_id
        if refused := self._refused(request.args.get("appsecret_proof")):
            return refused
        wanted = request.args.get("user_id")
        found = [
            {"id": f"t_{psid}", "updated_time": talk[-1]["created_time"]}
            for psid, talk in self.page.talk.items()
            if wanted in (None, psid)
        ]
        return _paged(sorted(found, key=lambda one: one["updated_time"], reverse=True))

    def _messages(self, version: str, page_id: str) -> Response:
        del version
        if refused := self._refused(request.args.get("appsecret_proof")):
            return refused
        return _paged(list(reversed(self.page.talk.get(page_id.removeprefix("t_"), []))))


def _paged(found: list[dict[str, Any]]) -> Response:
    """A page of a list, and the word for the next one."""
    size = min(int(request.args.get("limit", 25)), 100)
    start = int((request.args.get("after") or "AFTER-0")[6:])
    shown, end = found[start : start + size], start + size
    paging: dict[str, Any] = {"cursors": {"before": f"AFTER-{start}", "after": f"AFTER-{end}"}}
    if end < len(found):
        paging["next"] = f"{request.base_url}?made-up"
    return jsonify(data=shown, **({"paging": paging} if shown else {}))


def _error(code: int, inner: int = 0) -> Response:
    error = {"message": "made up", "type": "OAuthException", "code": code, "fbtrace_id": "made-up"}
    response = jsonify(error={**error, **({"error_subcode": inner} if inner else {})})
    response.status_code = 400
    return response
