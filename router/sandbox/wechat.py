"""WeChat's side: tokens, customer-service messages with their window, media, and encrypted pushes
that are tried three times within five seconds each."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from flask import Blueprint, Response, jsonify, request

from router.sandbox.calling import Call, Caller, Heard
from router.sandbox.ledger import Ledger

_TRIES, _PATIENCE = 3, 5.0
_HOURS_48 = 48 * 3600
_OUT_OF_SERVICE = "该公众号暂时无法提供服务，请稍后再试"
_LONGEST = 2048
_FIELD = r"<{0}>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</{0}>"
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(64)


@dataclass
class Account:
    """The official account, its made-up secrets, and what it knows of its followers."""

    appid: str = "wx00000000000000aa"
    app_secret: str = "sandbox-app-secret-0001"  # noqa: S105  # made up
    push_token: str = "sandboxtoken"  # noqa: S105  # made up
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    name: str = "gh_sandbox0001"
    as_json: bool = False
    mode: str = "secure"
    most: int = 5
    token: str = ""
    expires: float = 0.0
    wrote_at: dict[str, float] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)


class WeChat:
    """The platform with one account."""

    name = "wechat"

    def __init__(self, ledger: Ledger, hook: str, account: Account | None = None) -> None:
        self.ledger, self.account = ledger, account or Account()
        self.caller = Caller(ledger, self.name, hook)
        self.blueprint = self._routes()

    # ------------------------------------------------------------ a customer writes

    def write(self, openid: str, text: str, **more: str) -> Heard:
        """Somebody writes; what the desk answers in time is shown to them."""
        self.account.gone.discard(openid)
        self.account.wrote_at[openid] = self.ledger.now(self.name)
        self.account.sent[openid] = 0
        message_id = self.ledger.new_id()
        self.ledger.say(self.name, "in", "text", person=openid, text=text, id=message_id)
        fields = {"MsgType": "text", "Content": text, "MsgId": message_id, **more}
        return self._push(openid, fields)

    def picture(self, openid: str) -> Heard:
        """Somebody sends a picture."""
        return self.write(openid, "", MsgType="image", MediaId=f"media-{self.ledger.new_id()}")

    def film(self, openid: str) -> Heard:
        """Somebody sends a film, of which the platform will only say where it lies."""
        return self.write(openid, "", MsgType="video", MediaId=f"film-{self.ledger.new_id()}")

    def event(self, openid: str, event: str, key: str = "") -> Heard:
        """Somebody follows, leaves or clicks."""
        if event == "unsubscribe":
            self.account.gone.add(openid)
        self.ledger.say(self.name, "in", "event", person=openid, text=event)
        return self._push(openid, {"MsgType": "event", "Event": event, "EventKey": key})

    def _push(self, openid: str, fields: dict[str, str]) -> Heard:
        created = str(int(self.ledger.now(self.name)))
        whole = {
            "ToUserName": self.account.name,
            "FromUserName": openid,
            "CreateTime": created,
            **fields,
        }
        heard = self.caller.push(lambda: self._call(openid, whole), tries=_TRIES, timeout=_PATIENCE)
        self._show(openid, heard)
        return heard

    def _call(self, openid: str, fields: dict[str, str]) -> Call:
        account = self.account
        stamp, nonce = str(int(self.ledger.now(self.name))), str(secrets.randbelow(10**9))
        token = account.push_token
        if self.ledger.fault(self.name, "wrong_signature"):
            token = "another-token"  # noqa: S105  # the fault
        plain = json.dumps(fields, ensure_ascii=False) if account.as_json else _xml(fields)
        query = {
            "signature": _sign(token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": openid,
        }
        if account.mode == "plain":
            return Call(plain.encode(), {"Content-Type": "text/xml"}, query)
        inside = self.encrypt(plain.encode())
        outer = {"ToUserName": account.name, "Encrypt": inside}
        body = json.dumps(outer) if account.as_json else _xml(outer)
        signed = _sign(token, stamp, nonce, inside)
        query |= {"encrypt_type": "aes", "msg_signature": signed}
        return Call(body.encode(), {"Content-Type": "text/xml"}, query)

    def _show(self, openid: str, heard: Heard) -> None:
        """What the customer sees of the desk's answer."""
        if heard.status == 200 and heard.body in (b"success", b""):
            return
        text = self._reply(heard.body) if heard.status == 200 else None
        if text is None:
            self.ledger.say(self.name, "out", "fault", person=openid, text=_OUT_OF_SERVICE)
        else:
            self.ledger.say(self.name, "out", "passive", person=openid, text=text)

    def _reply(self, body: bytes) -> str | None:
        inside = body.decode("utf-8", "replace")
        if self.account.mode != "plain":
            sealed = _part(inside, "Encrypt")
            stamp, nonce = _part(inside, "TimeStamp"), _part(inside, "Nonce")
            if _part(inside, "MsgSignature") != _sign(
                self.account.push_token, stamp, nonce, sealed
            ):
                return None
            try:
                inside = self.decrypt(sealed).decode()
            except (ValueError, IndexError):
                return None
        return _part(inside, "Content").replace("]]]]><![CDATA[>", "]]>") or None

    # ------------------------------------------------------------ its envelope, written anew

    def _cipher(self) -> Cipher[modes.CBC]:
        key = base64.b64decode(self.account.aes_key + "=")
        return Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def encrypt(self, message: bytes) -> str:
        """The envelope of a message."""
        whole = secrets.token_bytes(16) + len(message).to_bytes(4, "big") + message
        whole += self.account.appid.encode()
        fill = 32 - len(whole) % 32
        worker = self._cipher().encryptor()
        return base64.b64encode(worker.update(whole + bytes([fill]) * fill)).decode()

    def decrypt(self, sealed: str) -> bytes:
        """The message of an envelope."""
        plain = self._cipher().decryptor().update(base64.b64decode(sealed))
        plain = plain[16 : -plain[-1]]
        length = int.from_bytes(plain[:4], "big")
        return plain[4 : 4 + length]

    # ------------------------------------------------------------ its API

    def _routes(self) -> Blueprint:
        routes = Blueprint("wechat", __name__, url_prefix="/wechat/cgi-bin")
        routes.add_url_rule("/stable_token", view_func=self._stable_token, methods=["POST"])
        routes.add_url_rule("/token", view_func=self._old_token)
        routes.add_url_rule("/message/custom/send", view_func=self._send, methods=["POST"])
        routes.add_url_rule("/media/get", view_func=self._media)
        routes.add_url_rule("/films/<name>", view_func=self._film)
        return routes

    def _stable_token(self) -> Response:
        asked = request.get_json(silent=True) or {}
        self.ledger.say(self.name, "call", "token", text=str(asked.get("force_refresh", False)))
        return self._token(asked.get("appid"), asked.get("secret"), asked.get("force_refresh"))

    def _old_token(self) -> Response:
        self.ledger.say(self.name, "call", "token", text="old")
        return self._token(request.args.get("appid"), request.args.get("secret"), renew=True)

    def _token(self, appid: object, secret: object, renew: object) -> Response:
        account, now = self.account, self.ledger.now(self.name)
        if fault := self._fault():
            return fault
        if appid != account.appid:
            return _code(40013)
        if secret != account.app_secret:
            return _code(40125)
        if renew or not account.token or account.expires - now < 300:
            account.token, account.expires = self.ledger.token(), now + 7200
        return jsonify(access_token=account.token, expires_in=int(account.expires - now))

    def _fault(self) -> Response | None:
        if status := self.ledger.fault(self.name, "status"):
            return Response("<html>made up</html>", int(status.value or 500))
        if self.ledger.fault(self.name, "page"):
            return Response("<html>made up</html>", mimetype="text/html")
        if self.ledger.fault(self.name, "busy"):
            return _code(-1)
        return _code(45009) if self.ledger.fault(self.name, "rate") else None

    def _good_token(self) -> bool:
        account = self.account
        right = request.args.get("access_token") == account.token != ""
        refused = self.ledger.fault(self.name, "refuse_token")
        return right and not refused and self.ledger.now(self.name) < account.expires

    def _send(self) -> Response:
        if not self._good_token():
            self.ledger.say(self.name, "call", "send", text="40001")
            return _code(40001)
        if fault := self._fault():
            return fault
        if b"\\u" in request.get_data():
            return _code(40033)
        asked: dict[str, Any] = request.get_json(force=True, silent=True) or {}
        openid, text = str(asked.get("touser", "")), str((asked.get("text") or {}).get("content"))
        if code := self._refused(openid, text):
            self.ledger.say(self.name, "call", "send", person=openid, text=str(code))
            return _code(code)
        self.account.sent[openid] = self.account.sent.get(openid, 0) + 1
        self.ledger.say(self.name, "out", "text", person=openid, text=text)
        if self.ledger.fault(self.name, "drop_after_accept"):
            return cut()
        return _code(0)

    def _refused(self, openid: str, text: str) -> int:
        account, now = self.account, self.ledger.now(self.name)
        wrote = account.wrote_at.get(openid)
        if wrote is None:
            return 40003
        if openid in account.gone or now - wrote > _HOURS_48:
            return 45015
        if account.sent.get(openid, 0) >= account.most:
            return 45047
        return 45002 if len(text.encode()) > _LONGEST else 0

    def _media(self) -> Response:
        if not self._good_token():
            return _code(40001)
        asked = request.args.get("media_id", "")
        self.ledger.say(self.name, "call", "media", text=asked)
        if asked.startswith("film-"):
            return jsonify(video_url=f"{request.host_url}wechat/cgi-bin/films/{asked}.mp4")
        return Response(_PICTURE, mimetype="image/png")

    def _film(self, name: str) -> Response:
        """A film, for whoever knows where it lies."""
        self.ledger.say(self.name, "call", "film", text=name)
        return Response(_FILM, mimetype="video/mp4")


def cut() -> Response:
    """An answer that breaks off before it is whole."""

    def broken() -> Any:
        yield b"{"
        raise ConnectionAbortedError("the line is cut, as the switch says")

    return Response(broken(), headers={"Content-Length": "100"})


def _code(code: int) -> Response:
    return jsonify(errcode=code, errmsg="ok" if code == 0 else "made up")


def _sign(*parts: str) -> str:
    joined = "".join(sorted(parts)).encode()
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def _xml(fields: dict[str, str]) -> str:
    def written(name: str, value: str) -> str:
        return value if name in ("CreateTime", "MsgId") else f"<![CDATA[{value}]]>"

    inside = "".join(f"<{name}>{written(name, value)}</{name}>" for name, value in fields.items())
    return f"<xml>{inside}</xml>"


def _part(text: str, name: str) -> str:
    if text.lstrip().startswith("{"):
        try:
            return str(json.loads(text).get(name, ""))
        except ValueError:
            return ""
    found = re.search(_FIELD.format(name), text, re.DOTALL)
    return found[1] if found else ""
