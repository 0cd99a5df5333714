"""X's side: rotating refresh tokens, direct messages newest first with page tokens, mentions,
posts, limits with their headers, and signed activity webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from flask import Blueprint, Response, jsonify, request

from router.sandbox.calling import Call, Caller, Heard
from router.sandbox.ledger import Ledger
from router.sandbox.wechat import cut

_QUARTER, _DAY, _MONTH = 900, 86_400, 30 * 86_400
_HEADER = "x-twitter-webhooks-signature"
_PATIENCE = 10.0
_LINK = re.compile(r"https?://[!-~]+|\b(?:[a-z0-9-]+\.)+example\b[!-~]*")


@dataclass
class Handle:
    """The desk's account, its made-up secrets, and what was written."""

    user_id: str = "7000000000000000001"
    client_id: str = "made-up-client"
    consumer_secret: str = "sandbox-consumer-secret-0001"  # noqa: S105  # made up
    #: Another one each time, so that a desk begins anew with it: what it got of the last is over.
    refresh_token: str = field(default_factory=lambda: f"sandbox-{secrets.token_hex(8)}")
    access: dict[str, float] = field(default_factory=dict)
    direct: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    refusing: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    calls: dict[str, list[float]] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=lambda: {"dm_read": 15, "dm_send": 15})


class X:
    """The platform with one account."""

    name = "x"

    def __init__(self, ledger: Ledger, hook: str, handle: Handle | None = None) -> None:
        self.ledger, self.handle = ledger, handle or Handle()
        self.caller = Caller(ledger, self.name, hook)
        self.blueprint = self._routes()

    # ------------------------------------------------------------ somebody writes

    def write(self, user_id: str, text: str, *, name: str = "", push: bool = False) -> Heard:
        """A direct message; without ``push`` it is only there to be fetched."""
        event = self._dm(user_id, text)
        self.handle.names[user_id] = name or self.handle.names.get(user_id, f"user {user_id[-4:]}")
        self.ledger.say(self.name, "in", "dm", person=user_id, text=text, id=event["id"])
        if not push:
            return Heard(0)
        pushed = {
            "type": "message_create",
            "id": event["id"],
            "created_timestamp": str(int(self.ledger.now(self.name) * 1000)),
            "message_create": {
                "target": {"recipient_id": self.handle.user_id},
                "sender_id": user_id,
                "message_data": {"text": event["text"], "entities": event["entities"]},
            },
        }
        users = {user_id: {"data": {"id": user_id, "name": self.handle.names[user_id]}}}
        return self.activity("dm.received", {"direct_message_events": [pushed], "users": users})

    def mention(self, user_id: str, text: str, *, name: str = "") -> str:
        """A public post that names the account."""
        self.handle.names[user_id] = name or f"user {user_id[-4:]}"
        post_id = self.ledger.new_id()
        self.ledger.say(self.name, "in", "mention", person=user_id, text=text, id=post_id)
        said, entities = self._wrapped(text)
        self.handle.mentions.append(
            {
                "id": post_id,
                "text": html.escape(said, quote=False),
                "entities": entities,
                "author_id": user_id,
                "conversation_id": post_id,
                "created_at": self._moment(),
                "edit_history_tweet_ids": [post_id],
            }
        )
        return post_id

    def encrypted(self, user_id: str) -> Heard:
        """A message that only X's own programs can open."""
        self.ledger.say(self.name, "in", "encrypted", person=user_id)
        return self.activity("chat.received", {"sender_id": user_id})

    def activity(self, event_type: str, payload: dict[str, Any]) -> Heard:
        """Push one event of the X Activity API."""
        number = -int(self.ledger.new_id())
        data = {
            "event_uuid": str(number),
            "filter": {"user_id": self.handle.user_id},
            "event_type": event_type,
            "payload": payload,
        }
        body = json.dumps({"data": data}).encode()

        def make() -> Call:
            wrong = self.ledger.fault(self.name, "wrong_signature")
            secret = "another" if wrong else self.handle.consumer_secret
            return Call(body, {"Content-Type": "application/json", _HEADER: _sign(secret, body)})

        return self.caller.push(make, tries=1, timeout=_PATIENCE)

    def challenge(self) -> bool:
        """Whether the desk answers the challenge as it should."""
        word = self.ledger.token()
        heard = self.caller.once(Call(b"", query={"crc_token": word}), _PATIENCE, "GET")
        wanted = {"response_token": _sign(self.handle.consumer_secret, word.encode())}
        try:
            return heard.status == 200 and bool(json.loads(heard.body) == wanted)
        except ValueError:
            return False

    def _dm(self, sender: str, text: str, to: str = "") -> dict[str, Any]:
        pair = sorted([sender, to or self.handle.user_id], key=int)
        said, entities = self._wrapped(text)
        event = {
            "id": self.ledger.new_id(),
            "event_type": "MessageCreate",
            "text": said,
            "entities": entities,
            "sender_id": sender,
            "dm_conversation_id": "-".join(pair),
            "created_at": self._moment(),
        }
        self.handle.direct.append(event)
        return event

    def _wrapped(self, text: str) -> tuple[str, dict[str, Any]]:
        """A text as it is kept, with short links in the place of all others, and what they are."""
        urls: list[dict[str, str]] = []

        def short(found: re.Match[str]) -> str:
            urls.append({"url": f"https://t.co/{self.ledger.new_id()}", "expanded_url": found[0]})
            return urls[-1]["url"]

        return _LINK.sub(short, text), {"urls": urls}

    def _moment(self) -> str:
        at = datetime.fromtimestamp(self.ledger.now(self.name), UTC)
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"

    # ------------------------------------------------------------ its API

    def _routes(self) -> Blueprint:
        routes = Blueprint("x", __name__, url_prefix="/x/2")
        add = routes.add_url_rule
        add("/oauth2/token", view_func=self._token, methods=["POST"])
        add("/users/me", view_func=self._me)
        add("/dm_events", view_func=self._events)
        add("/dm_conversations/with/<person>/dm_events", view_func=self._events_with)
        add("/dm_conversations/with/<person>/messages", view_func=self._send, methods=["POST"])
        add("/users/<user_id>/mentions", view_func=self._mentions)
        add("/tweets", view_func=self._post, methods=["POST"])
        return routes

    def _token(self) -> Response:
        handle, form = self.handle, request.form
        self.ledger.say(self.name, "call", "token")
        right = form.get("client_id", handle.client_id) == handle.client_id
        if form.get("grant_type") != "refresh_token" or not right:
            return _problem(400, "invalid_request")
        if form.get("refresh_token") != handle.refresh_token:
            return _problem(400, "invalid_grant")
        handle.refresh_token, access = self.ledger.token(), self.ledger.token()
        handle.access = {access: self.ledger.now(self.name) + 7200}
        return jsonify(
            token_type="bearer",  # noqa: S106  # the standard's word
            expires_in=7200,
            access_token=access,
            refresh_token=handle.refresh_token,
            scope="dm.read dm.write tweet.read users.read offline.access",
        )

    def _refused(self, limit: str) -> Response | None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        now = self.ledger.now(self.name)
        refused = self.ledger.fault(self.name, "refuse_token")
        if refused or self.handle.access.get(given, 0) < now:
            return _problem(401, "Unauthorized")
        if status := self.ledger.fault(self.name, "status"):
            return _problem(int(status.value or 503), "made up")
        if self.ledger.fault(self.name, "page"):
            return Response("<html>made up</html>")
        calls = self.handle.calls.setdefault(limit, [])
        recent = [at for at in calls if at > now - _QUARTER]
        most = self.handle.limits.get(limit, 300)
        forced = self.ledger.fault(self.name, "rate")
        daily = limit == "dm_send" and len([at for at in calls if at > now - _DAY]) >= 1440
        if forced or daily or len(recent) >= most:
            response = jsonify(errors=[{"code": 88, "message": "Rate limit exceeded"}])
            response.status_code = 429
            reset = (recent[0] if recent else now) + _QUARTER
            response.headers["x-rate-limit-limit"] = str(most)
            response.headers["x-rate-limit-remaining"] = "0"
            response.headers["x-rate-limit-reset"] = str(int(reset))
            response.headers["Date"] = formatdate(now, usegmt=True)
            return response
        calls.append(now)
        return None

    def _me(self) -> Response:
        known = {"id": self.handle.user_id, "name": "made up", "username": "made_up"}
        return self._refused("me") or jsonify(data=known)

    def _events(self) -> Response:
        return self._refused("dm_read") or self._page(self.handle.direct)

    def _events_with(self, person: str) -> Response:
        if refused := self._refused("dm_read_with"):
            return refused
        theirs = [one for one in self.handle.direct if person in one["dm_conversation_id"]]
        return self._page(theirs)

    def _page(self, events: list[dict[str, Any]]) -> Response:
        """Newest first, 30 days back; the sender only where it was asked for; no list when none."""
        size = int(request.args.get("max_results", 100))
        token = request.args.get("pagination_token") or "PAGE-000000000000"
        if token in self.handle.expired:
            self.ledger.say(self.name, "call", "refused", text=token)
            return _problem(400, "Invalid Request")
        start = int(token[5:])
        since = self.ledger.now(self.name) - _MONTH
        recent = [one for one in reversed(events) if _stamp(one["created_at"]) > since]
        shown = recent[start : start + size]
        asked = request.args.get("expansions", ""), request.args.get("dm_event.fields", "")
        hidden = {"sender_id"} if "sender_id" not in asked[0] else set()
        hidden |= {"entities"} if "entities" not in asked[1] else set()
        data = [{name: value for name, value in one.items() if name not in hidden} for one in shown]
        users = sorted({one["sender_id"] for one in shown})
        meta: dict[str, Any] = {"result_count": len(shown)}
        if start + size < len(recent):
            meta["next_token"] = f"PAGE-{start + size:012d}"
        named = [{"id": one, "name": self.handle.names.get(one, one)} for one in users]
        found = {"data": data, "includes": {"users": named}} if data else {}
        return jsonify({**found, "meta": meta})

    def _send(self, person: str) -> Response:
        if refused := self._refused("dm_send"):
            return refused
        if person in self.handle.refusing:
            return _problem(403, "Forbidden")
        text = str((request.get_json(silent=True) or {}).get("text", ""))
        if not text:
            return _problem(400, "Invalid Request")
        event = self._dm(self.handle.user_id, text, person)
        self.ledger.say(self.name, "out", "dm", person=person, text=text, id=event["id"])
        if self.ledger.fault(self.name, "drop_after_accept"):
            return cut()
        said = {"dm_conversation_id": event["dm_conversation_id"], "dm_event_id": event["id"]}
        return _created(said)

    def _mentions(self, user_id: str) -> Response:
        if refused := self._refused("mentions"):
            return refused
        del user_id
        since = int(request.args.get("since_id") or 0)
        found = [one for one in reversed(self.handle.mentions) if int(one["id"]) > since]
        if not found:
            return jsonify(meta={"result_count": 0})
        users = [
            {"id": one["author_id"], "name": self.handle.names[one["author_id"]]} for one in found
        ]
        ids = {"newest_id": found[0]["id"], "oldest_id": found[-1]["id"]}
        return jsonify(
            data=found, includes={"users": users}, meta={"result_count": len(found), **ids}
        )

    def _post(self) -> Response:
        if refused := self._refused("posts"):
            return refused
        asked = request.get_json(silent=True) or {}
        answered = (asked.get("reply") or {}).get("in_reply_to_tweet_id")
        summoned = next((one for one in self.handle.mentions if one["id"] == answered), None)
        if summoned is None:
            return _problem(403, "Forbidden")
        post_id, text = self.ledger.new_id(), str(asked.get("text", ""))
        person = summoned["author_id"]
        self.ledger.say(self.name, "out", "post", person=person, text=text, id=post_id)
        return _created({"id": post_id, "text": text})


def _created(data: dict[str, Any]) -> Response:
    response = jsonify(data=data)
    response.status_code = 201
    return response


def _problem(status: int, title: str) -> Response:
    response = jsonify(title=title, detail="made up", type="about:blank", status=status)
    response.status_code = status
    return response


def _sign(secret: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return f"sha256={base64.b64encode(digest).decode()}"


def _stamp(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()
