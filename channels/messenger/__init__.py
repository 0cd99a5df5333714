"""Messenger of a Facebook page: signed webhooks in, the Send API out, by hand over HTTPS.

Our own id rides in each message's ``metadata`` and comes back in its echo, so a send of unknown
outcome settles itself. Lost webhooks are never sent again by the platform: conversations are polled
as well, and a message that came both ways has one id.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from pydantic import Field
from urllib3.exceptions import MaxRetryError, NewConnectionError

from channels.contract import (
    Answer,
    Attachment,
    BadRequest,
    BadSignature,
    Batch,
    Channel,
    ChannelOptions,
    Event,
    Handle,
    Heard,
    Hook,
    Inbound,
    Limits,
    Outbound,
    Raw,
    Receipt,
    Refused,
    Transient,
    Unknown,
    Vault,
    Verification,
    WindowClosed,
)
from channels.far_files import TIMEOUT, fetched, lies_at
from channels.messenger import answers, lookback, updates

_CHALLENGE = re.compile(r"[0-9]{1,40}")
#: A message of ours stands in the conversation at most so long before we say we made it.
_SKEW = timedelta(minutes=2)


class MessengerOptions(ChannelOptions):
    """One page. Its secrets: app_secret, page_token and verify_token (of our choice)."""

    page_id: str = Field("", description="The page's id.")
    app_id: str = Field("", description="The app's id: tells our own echoes from other people's.")
    base_url: str = Field(
        "https://graph.facebook.com", description="Where the Graph API is; or a sandbox."
    )
    version: str = Field("v25.0", description="Version of the Graph API.")
    human_agent: bool = Field(
        default=False,
        description="The app may use HUMAN_AGENT: people may answer for 7 days, not 24 hours.",
    )
    media_hosts: list[str] = Field(
        default_factory=lambda: ["fbcdn.net", "fbsbx.com", "facebook.com"],
        description="Hosts, with all below them, that files may be fetched from.",
    )
    poll_seconds: int = Field(
        300, ge=30, description="How often conversations are looked through for lost messages."
    )

    def lacks(self) -> Mapping[str, str]:
        """Without the app's id the echo of an answer of ours would be one by other hands."""
        told = {"page_id": "the page's id", "app_id": "the id of the app that the page is tied to"}
        return {
            name: f"is not set; write {what}"
            for name, what in told.items()
            if not getattr(self, name)
        }

    def needs(self) -> Sequence[str]:
        """What the page signs with, is written to by, and is asked for."""
        return ("app_secret", "page_token", "verify_token")


class Messenger(Channel):
    """The inbox of a page."""

    kind = "messenger"
    label_zh: ClassVar[str] = "Messenger"
    label_en: ClassVar[str] = "Messenger"
    identity = "messenger"
    own_people = True
    Options = MessengerOptions

    def __init__(self, account: str, options: MessengerOptions, vault: Vault) -> None:
        super().__init__(account, options, vault)
        self.limits = Limits(
            text=2000,
            reply_within=timedelta(hours=24),
            human_within=timedelta(days=7) if options.human_agent else None,
        )
        self._session = requests.Session()

    # ------------------------------------------------------------ in

    def receive(self, request: Hook) -> Heard:
        """The challenge, or a batch of updates."""
        if request.method == "GET":
            return Heard(answer=self._challenge(request.query))
        given = request.headers.get("x-hub-signature-256", "")
        secret = self.vault.secret("app_secret").encode()
        wanted = f"sha256={hmac.new(secret, request.body, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            raise BadSignature("not signed with the app's secret")
        items = [Raw(self.identify(one), one) for one in updates.items(request.body)]
        return Heard(tuple(items), Answer(body=b"EVENT_RECEIVED"))

    def _challenge(self, query: Mapping[str, str]) -> Answer:
        given, word = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
        wanted = self.vault.secret("verify_token")
        right = hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
        if not right or query.get("hub.mode") != "subscribe" or not _CHALLENGE.fullmatch(word):
            raise BadSignature("not the verify token")
        return Answer(body=word.encode("ascii"))

    def identify(self, data: bytes) -> str:
        """The platform's id of one update; the bytes' own hash where it has none."""
        try:
            item = updates.item(data)
        except BadRequest:
            return hashlib.sha256(data).hexdigest()
        return (updates.id_of(item) or hashlib.sha256(data).hexdigest())[:200]

    def meant_for(self, raw: Raw) -> bool:
        """Whether this page wrote or was written to."""
        try:
            item = updates.item(raw.data)
        except BadRequest:
            return True
        return self.options.page_id in (updates.party(item, one) for one in ("sender", "recipient"))

    def parse(self, raw: Raw) -> Sequence[Inbound]:
        """One message, or none when the update is something else."""
        item = updates.item(raw.data)
        words = updates.message_of(item)
        if words is None:
            return ()
        text, files = words
        return (
            Inbound(
                kind=self.kind,
                account=self.account,
                remote_id=raw.remote_id,
                sender=Handle(self.identity, updates.party(item, "sender")),
                text=text,
                sent_at=updates.moment(item.get("timestamp")),
                conversation=updates.party(item, "sender"),
                verification=Verification.VERIFIED,
                fields=updates.fields(item),
                attachments=files,
                size=len(raw.data),
            ),
        )

    def events(self, raw: Raw) -> Sequence[Event]:
        """Echoes, deliveries, reads, reactions, hand-overs and what the platform has decided."""
        item = updates.item(raw.data)
        message = item.get("message")
        at = updates.moment(item.get("timestamp"))
        if isinstance(message, dict) and message.get("is_echo"):
            ours = str(message.get("app_id", "")) == self.options.app_id
            return (
                Event(
                    "echo",
                    Handle(self.identity, updates.party(item, "recipient")),
                    remote_id=updates.word(message, "mid"),
                    message_id=updates.word(message, "metadata") if ours else "",
                    text=updates.word(message, "text"),
                    at=at,
                ),
            )
        policy = updates.policy(item)
        if policy is not None:
            blocked = policy.get("action") == "block"
            return (
                Event(
                    "stopped" if blocked else "policy", text=updates.word(policy, "reason"), at=at
                ),
            )
        names = [name for name in item if name not in ("sender", "recipient", "timestamp")]
        return (Event((names or ["nothing"])[0], at=at),)

    def unfit(self) -> Sequence[str]:
        """A sandbox, or a page without its secrets, is for trying out."""
        for name in ("app_secret", "page_token", "verify_token"):
            self.vault.secret(name)
        return tuple(self.options.trying_out())

    # ------------------------------------------------------------ looking for lost messages

    def poll(self, cursor: Mapping[str, Any]) -> Iterator[Batch]:
        """Messages of conversations that moved since; at first only the place is noted."""
        for found, place, more in lookback.look(self._get, self.options.page_id, cursor):
            raws = {raw.remote_id: raw for raw in map(self._as_pushed, found) if raw is not None}
            yield Batch(tuple(raws.values()), place, more=more)

    def settle(self, items: Sequence[Raw]) -> None:
        """Nothing is moved on the platform."""

    def _as_pushed(self, one: Mapping[str, Any]) -> Raw | None:
        """A polled message in the shape in which it would have been pushed; None for our own."""
        sender = one.get("from") if isinstance(one.get("from"), dict) else {}
        person = updates.word(sender, "id") if isinstance(sender, dict) else ""
        moment = updates.time(updates.word(one, "created_time"))
        if not person or person == self.options.page_id or moment is None:
            return None
        files = one.get("attachments")
        listed = files.get("data", []) if isinstance(files, dict) else []
        item = {
            "sender": {"id": person},
            "recipient": {"id": self.options.page_id},
            "timestamp": int(moment.timestamp() * 1000),
            "message": {
                "mid": updates.word(one, "id"),
                "text": updates.word(one, "message"),
                "attachments": [
                    updates.polled_file(file) for file in listed if isinstance(file, dict)
                ],
            },
        }
        data = updates.written(item)
        return Raw(self.identify(data), data)

    # ------------------------------------------------------------ out

    def speak(self, outbound: Outbound) -> Receipt:
        """One message with our id in it."""
        body: dict[str, Any] = {
            "recipient": {"id": outbound.to.value},
            "messaging_type": "RESPONSE",
            "message": {"text": outbound.text, "metadata": outbound.message_id},
        }
        if outbound.late:
            if outbound.automatic:
                raise WindowClosed("24 hours are over, and no machine may write after them")
            body |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        path = f"{self.options.page_id}/messages"
        said = self._called("POST", path, json={**body, **self._proof()})
        if not updates.word(said, "message_id"):
            raise Unknown("accepted, it seems, but without an id")
        return Receipt(updates.word(said, "message_id"))

    def look_up(self, outbound: Outbound) -> Receipt | None:
        """Whether this text stands in the conversation since it was made."""
        asked = {"platform": "messenger", "user_id": outbound.to.value, "fields": "id,updated_time"}
        said = self._get(f"{self.options.page_id}/conversations", asked)
        for one in said.get("data", ()):
            for message in lookback.messages(self._get, updates.word(one, "id"), ""):
                made = updates.time(updates.word(message, "created_time"))
                ours = (message.get("from") or {}).get("id") == self.options.page_id
                recent = made is not None and made >= outbound.created_at - _SKEW
                if ours and recent and updates.word(message, "message") == outbound.text:
                    return Receipt(updates.word(message, "id"))
        return None

    def fetch(self, remote: str) -> Attachment:
        """A file from the platform's own hosts, never from anywhere else."""
        schemes = ("https", urlsplit(self.options.base_url).scheme)
        if not lies_at(remote, self.options.media_hosts) or urlsplit(remote).scheme not in schemes:
            raise Refused("the file lies on a host that is not the platform's")
        return fetched(self._session, remote, "file")

    def log_in(self) -> str:
        """Ask whose the token is: another page's would send from there, and what another app sends
        is an answer by other hands."""
        found = updates.word(self._get("me", {"fields": "id,name"}), "id")
        if found != self.options.page_id:
            raise Refused(f"page_token is the page {found}'s; make one for page_id")
        app = updates.word(self._get("app", {"fields": "id"}), "id")
        if app != self.options.app_id:
            raise Refused(f"page_token is of the app {app}; write that one as app_id")
        return "the platform takes page_token and app_secret"

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    # ------------------------------------------------------------ the Graph API

    def _proof(self) -> dict[str, str]:
        token, secret = self.vault.secret("page_token"), self.vault.secret("app_secret")
        proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return {"appsecret_proof": proof}

    def _get(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._called("GET", path, params={**asked, **self._proof()})
        except Unknown as fault:
            raise Transient(str(fault)) from fault

    def _called(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        address = f"{self.options.base_url}/{self.options.version}/{path}"
        bearer = {"Authorization": f"Bearer {self.vault.secret('page_token')}"}
        try:
            answer = self._session.request(
                method, address, headers=bearer, timeout=TIMEOUT, allow_redirects=False, **given
            )
        except requests.ConnectTimeout as fault:
            raise Transient("no connection to the platform") from fault
        except requests.RequestException as fault:
            inner = fault.args[0] if fault.args else None
            if isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError):
                raise Transient("no connection to the platform") from fault
            raise Unknown(f"no answer from the platform: {type(fault).__name__}") from fault
        return answers.read(answer)
