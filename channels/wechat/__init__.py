"""WeChat Official Account: encrypted pushes in; passive replies and customer-service messages out.

A push is answered within five seconds with the acknowledgement, or with ``success``; anything else
would show the person who wrote that the account is out of service.
"""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from channels.contract import (
    Answer,
    Attachment,
    BadRequest,
    BadSignature,
    Channel,
    ChannelOptions,
    Event,
    Heard,
    Hook,
    Inbound,
    Limits,
    Outbound,
    Raw,
    Receipt,
    Vault,
)
from channels.wechat import envelope, pushes
from channels.wechat.sending import Line

#: A signature is taken for so long before and after its moment.
_SKEW = timedelta(seconds=300)
#: The platform waits five seconds; ours are spent by then.
_PATIENCE = timedelta(seconds=3.5)
_LONGEST = 256
_SUCCESS = Answer(body=b"success")
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class WeChatOptions(ChannelOptions):
    """One official account. Its secrets: app_secret, push_token, encoding_aes_key and, while keys
    are changed, previous_aes_key."""

    appid: str = Field("", description="The account's AppID (wx…).")
    mode: Literal["secure", "plain"] = Field(
        "secure",
        description="How pushes come; plain ones can be forged and are refused in public.",
    )
    base_url: str = Field(
        "https://api.weixin.qq.com", description="Where the platform's API is; or a sandbox."
    )
    kf_account: str = Field(
        "", description="The customer-service account shown as the sender; empty: the account."
    )
    welcome: str = Field("", description="What somebody who follows us is told; empty: nothing.")
    menu: dict[str, str] = Field(
        default_factory=dict, description="What is answered to a menu button, by its EventKey."
    )
    messages_per_window: int = Field(
        5, ge=1, description="Customer-service messages the platform allows after each of theirs."
    )
    text_bytes: int = Field(
        1800, ge=60, description="Longest text of one message in UTF-8 bytes; longer ones are cut."
    )
    media_hosts: list[str] = Field(
        default_factory=lambda: ["qq.com"],
        description="Hosts, with all below them, that films may be fetched from.",
    )

    def lacks(self) -> Mapping[str, str]:
        """Pushes are sealed for an AppID, and tokens are fetched for one."""
        return {} if self.appid else {"appid": "is not set; write the account's AppID (wx…)"}

    def needs(self) -> Sequence[str]:
        """Plain pushes are in no envelope."""
        sealed = () if self.mode == "plain" else ("encoding_aes_key",)
        return ("app_secret", "push_token", *sealed)


class WeChat(Channel):
    """An official account of the desk."""

    kind = "wechat"
    label_zh: ClassVar[str] = "微信"
    label_en: ClassVar[str] = "WeChat"
    identity = "wechat"
    own_people = True
    Options = WeChatOptions

    def __init__(self, account: str, options: WeChatOptions, vault: Vault) -> None:
        super().__init__(account, options, vault)
        self.limits = Limits(
            text_bytes=options.text_bytes,
            reply_within=timedelta(hours=48),
            sends_per_message=options.messages_per_window,
            passive_within=timedelta(seconds=6),
        )
        self._line = Line(options.base_url, options.appid, vault, options.media_hosts)

    # ------------------------------------------------------------ in

    def receive(self, request: Hook) -> Heard:
        """The URL check, or one push."""
        if request.method == "GET":
            self._check_time(request)
            self._check(request, request.query.get("signature", ""))
            return Heard(answer=Answer(body=request.query.get("echostr", "").encode()))
        data, _ = self._opened(request)
        raw = Raw(pushes.identify(data), data, received_at=request.received_at)
        try:
            push = pushes.read(data)
        except BadRequest:
            return Heard((raw,), _SUCCESS)  # signed, so kept; a person will see it
        if push.get("MsgType") != "event":
            waiting = Answer(body=b"success", wait_for_acknowledgement=_PATIENCE)
            return Heard((raw,), waiting)
        return Heard((raw,), self.passive(request, self._said_to(push)))

    def _said_to(self, push: Mapping[str, str]) -> str:
        event = push.get("Event", "").lower()
        if event == "subscribe":
            return str(self.options.welcome)
        if event == "click":
            return str(self.options.menu.get(push.get("EventKey", ""), ""))
        return ""

    def _check_time(self, request: Hook) -> None:
        given = request.query.get("timestamp", "")
        try:
            moment = int(given) if given.isascii() and len(given) <= 12 else -1
        except ValueError:
            moment = -1
        if abs(request.received_at.timestamp() - moment) > _SKEW.total_seconds():
            raise BadSignature("signed too long ago, or in the future")

    def _check(self, request: Hook, given: str, *more: str) -> None:
        words = [request.query.get(name, "") for name in ("timestamp", "nonce")]
        if not all(words) or any(len(word) > _LONGEST for word in (*words, given)):
            raise BadSignature("the query lacks its signature")
        if not envelope.signed(given, self.vault.secret("push_token"), *words, *more):
            raise BadSignature("signed with another token")

    def _opened(self, request: Hook) -> tuple[bytes, str]:
        """The push itself and the key that opened it ("" in plain mode); raises BadSignature."""
        self._check_time(request)
        if self.options.mode == "plain":
            self._check(request, request.query.get("signature", ""))
            return request.body, ""
        inside = pushes.encrypted(request.body)
        self._check(request, request.query.get("msg_signature", ""), inside)
        return envelope.decrypt(inside, self._keys(), self.options.appid)

    def _keys(self) -> list[str]:
        keys = (
            self.vault.secret("encoding_aes_key"),
            self.vault.secret("previous_aes_key", ""),
        )
        return [key for key in keys if key]

    def parse(self, raw: Raw) -> Sequence[Inbound]:
        """One message, or none when the push is an event."""
        read = pushes.message(raw, kind=self.kind, account=self.account)
        return () if read is None else (read,)

    def events(self, raw: Raw) -> Sequence[Event]:
        """What an event says."""
        return pushes.events(raw, kind=self.kind)

    def identify(self, data: bytes) -> str:
        """The platform's id of a push."""
        return pushes.identify(data)

    def unfit(self) -> Sequence[str]:
        """Plain mode and a sandbox are for trying out."""
        found = []
        if self.options.mode == "plain":
            found.append(
                "mode is plain, so anybody could forge pushes; write secure, and choose 安全模式 "
                "in the platform's console"
            )
        found += self.options.trying_out()
        for name in self.options.needs():
            self.vault.secret(name)
        return found

    # ------------------------------------------------------------ out

    def passive(self, request: Hook, text: str) -> Answer:
        """The answer that carries a text; ``success`` when there is none."""
        if not text:
            return _SUCCESS
        data, key = self._opened(request)
        push = pushes.read(data)
        moment = str(int(request.received_at.timestamp()))
        fields = {
            "ToUserName": push.get("FromUserName", ""),
            "FromUserName": push.get("ToUserName", ""),
            "CreateTime": moment,
            "MsgType": "text",
            "Content": text,
        }
        written = _json if pushes.is_json(data) else _xml
        if not key:
            return _answer(written(fields))
        nonce = secrets.token_hex(8)
        inside = envelope.encrypt(written(fields), key, self.options.appid)
        token = self.vault.secret("push_token")
        sealed = {
            "Encrypt": inside,
            "MsgSignature": envelope.signature(token, moment, nonce, inside),
            "TimeStamp": moment,
            "Nonce": nonce,
        }
        return _answer((_json if pushes.is_json(request.body) else _xml)(sealed))

    def speak(self, outbound: Outbound) -> Receipt:
        """One customer-service message."""
        return self._line.send(outbound.to.value, outbound.text, self.options.kf_account)

    def fetch(self, remote: str) -> Attachment:
        """A picture, a voice message or a film somebody sent."""
        return self._line.media(remote)

    def log_in(self) -> str:
        """Ask for the token in force; and whether pushes could be opened."""
        if self.options.mode != "plain":
            for key in self._keys():
                envelope.encrypt(b"", key, self.options.appid)
        self._line.log_in()
        return "the platform takes app_secret; keys of pushes have their shape"

    def close(self) -> None:
        """Let go of the connection."""
        self._line.close()


def _answer(body: bytes) -> Answer:
    json_like = body[:1] == b"{"
    return Answer(body=body, mime="application/json" if json_like else "application/xml")


def _json(fields: Mapping[str, str]) -> bytes:
    numbers = {"CreateTime", "TimeStamp"}
    typed = {name: int(one) if name in numbers else one for name, one in fields.items()}
    return json.dumps(typed, ensure_ascii=False).encode("utf-8", "replace")


def _xml(fields: Mapping[str, str]) -> bytes:
    lines = [f"<{name}>{_cdata(name, value)}</{name}>" for name, value in fields.items()]
    return f"<xml>{''.join(lines)}</xml>".encode("utf-8", "replace")


def _cdata(name: str, value: str) -> str:
    if name in ("CreateTime", "TimeStamp"):
        return value
    safe = _UNWANTED.sub("", value).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{safe}]]>"
