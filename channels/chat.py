"""Live chat: what a visitor writes in our own widget, and the word of the wallet's server about who
they are.

The widget is served by the web. Here is what a message may hold (``check``), the bytes that are
journalled (``document``), how they are read again, and how a signed token is checked. What is sent
to a chat stands on a page of ours once it is written down, so to speak is only to say so.
"""

import base64
import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import Field

from channels.contract import (
    Attachment,
    BadRequest,
    BadSignature,
    Channel,
    ChannelOptions,
    Handle,
    Inbound,
    Limits,
    Outbound,
    Raw,
    Receipt,
    Verification,
)
from channels.documents import attachments, clean, file_name, moment, read, sniffed, word

_DOCUMENT = "chat message"
#: Characters of one message, files of one, and bytes of one file and of all.
LONGEST = 4_000
MOST_FILES, MOST_BYTES, MOST_BYTES_TOGETHER = 5, 10 * 1024 * 1024, 25 * 1024 * 1024
_WORDS = {"name": 80, "email": 254, "phone": 40}
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_EMAIL = re.compile(r"[^\s@<>\"',;:\\()\[\]]{1,64}@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_][\w-]+")
_PHONE = re.compile(r"\+?[0-9](?:[ ().\-]{0,2}[0-9]){5,14}")
#: A token may last so long, and clocks may differ by so much.
_LASTS, _SKEW = timedelta(minutes=5), timedelta(seconds=30)
_HEX = re.compile(r"[0-9a-f]{64}")
_LONGEST_TOKEN = 4096
_LONGEST_WORD = 128


class ChatOptions(ChannelOptions):
    """One widget. Its secret: identity_key, where user ids are proven by HMAC-SHA256."""

    origins: list[str] = Field(
        default_factory=list,
        description="Sites that may embed the widget (https://wallet.example); our own pages may.",
    )
    identity_public_key: str = Field(
        "", description="PEM of the key the wallet's server signs tokens with (EdDSA or RS256)."
    )
    identity_audience: str = Field(
        "helpdesk-chat", description="The audience that those tokens must name."
    )
    sessions_per_minute: int = Field(
        60, ge=1, description="Conversations begun a minute from one network."
    )
    follow_up_minutes: int = Field(
        3, ge=1, description="An answer not read for so long goes to the address that was left."
    )
    agent_names: bool = Field(
        default=True, description="Tell visitors the names of those who answer them."
    )
    demo_page: bool = Field(
        default=False, description="Serve a made-up page of the wallet that embeds the widget."
    )

    def lacks(self) -> Mapping[str, str]:
        """A key that is none would turn every visitor into a guest."""
        if not self.identity_public_key or _key_of(self.identity_public_key) is not None:
            return {}
        told = "is no public key for EdDSA or RS256; write -----BEGIN PUBLIC KEY----- and so on"
        return {"identity_public_key": told}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who the wallet's server says it is. ``once`` names the token, which works one time; a bare
    proof of a user id has none. ``name`` is whole: masked before it is cut."""

    user: str
    name: str = ""
    once: str = ""


class Chat(Channel):
    """The widget on the wallet's site and in its app."""

    kind = "chat"
    label_zh: ClassVar[str] = "在线客服"
    label_en: ClassVar[str] = "Live chat"
    identity = "chat"
    own_people = True
    limits = Limits(attachment_bytes=20 * 1024 * 1024, live=True)
    Options = ChatOptions

    # ------------------------------------------------------------ in

    def parse(self, raw: Raw) -> Sequence[Inbound]:
        """One document, one message. Raises BadRequest for bytes that are no document of ours."""
        given = read(raw.data, _DOCUMENT)
        verified = given.get("verified") is True
        name = _word(given, "name")
        told = {one: _word(given, one) for one in ("email", "phone") if _word(given, one)}
        return (
            Inbound(
                kind=self.kind,
                account=self.account,
                remote_id=raw.remote_id,
                sender=Handle(self.identity, _word(given, "handle"), name),
                text=_word(given, "text"),
                sent_at=moment(_word(given, "received_at")),
                conversation=_word(given, "conversation"),
                verification=Verification.VERIFIED if verified else Verification.UNVERIFIED,
                locale=_word(given, "locale"),
                fields=told,
                attachments=attachments(given.get("attachments", [])),
                size=len(raw.data),
            ),
        )

    def identify(self, data: bytes) -> str:
        """The conversation and the client's id of the message."""
        try:
            given = read(data, _DOCUMENT)
            return remote_id(_word(given, "conversation"), _word(given, "client_msg_id"))
        except BadRequest:
            return super().identify(data)

    # ------------------------------------------------------------ out

    def speak(self, outbound: Outbound) -> Receipt:
        """Nothing leaves the house: it is seen from the commit on that calls it sent."""
        return Receipt(outbound.message_id)

    def look_up(self, outbound: Outbound) -> Receipt | None:
        """What was not called sent was not seen, so it certainly was not."""
        del outbound
        return None

    def unfit(self) -> Sequence[str]:
        """A page to play with, and sites that anybody on the way could change."""
        found = ["demo_page is only for trying out"] if self.options.demo_page else []
        return found + [
            f"origins: {origin} does not begin with https://"
            for origin in self.options.origins
            if urlsplit(origin).scheme != "https"
        ]

    # ------------------------------------------------------------ who it is

    def vouched(self, token: str, now: datetime) -> Visitor:
        """Who a token of the wallet's server speaks of: a JWT (EdDSA or RS256), or
        ``USER.HMAC-SHA256 in hex``. Raises BadSignature for everything else."""
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise BadSignature("not a token of the wallet's server")
        user, _, proof = token.rpartition(".")
        if not _HEX.fullmatch(proof) and self.options.identity_public_key:
            return self._of_jwt(token, now)
        key = self.vault.secret("identity_key", "")
        wanted = hmac.new(key.encode(), user.encode(), hashlib.sha256).hexdigest()
        if not key or not user or not hmac.compare_digest(proof.encode(), wanted.encode()):
            raise BadSignature("not a token of the wallet's server")
        return Visitor(user[:_LONGEST_WORD])

    def _of_jwt(self, token: str, now: datetime) -> Visitor:
        signed, _, signature = token.rpartition(".")
        head, _, body = signed.partition(".")
        try:
            algorithm = json.loads(_unpacked(head)).get("alg")
            if not _checks(self.options.identity_public_key, algorithm)(
                _unpacked(signature), signed.encode()
            ):
                raise BadSignature("not signed by the wallet's server")
            claims = json.loads(_unpacked(body))
            user, once = claims["sub"], claims["jti"]
            until = datetime.fromtimestamp(claims["exp"], UTC)
            heard = claims["aud"]
            name = claims.get("name", "")
        except (
            *(ValueError, KeyError, TypeError, AttributeError),
            *(OverflowError, OSError, RecursionError, UnsupportedAlgorithm),
        ) as fault:
            raise BadSignature(f"not a token we can read: {type(fault).__name__}") from fault
        meant = heard if isinstance(heard, list) else [heard]
        words = (user, once, name)
        if self.options.identity_audience not in meant or not _short(words) or not (user and once):
            raise BadSignature("the token is for somebody else")
        if not now - _SKEW < until <= now + _LASTS + _SKEW:
            raise BadSignature("the token's time is over, or it lasts too long")
        return Visitor(user, clean(name), once)


def remote_id(conversation: str, client_msg_id: str) -> str:
    """The identity of a message for ever: the same however often it is sent."""
    return hashlib.sha256(f"{conversation}\0{client_msg_id}".encode()).hexdigest()


def check(given: Mapping[str, str], files: Sequence[Attachment]) -> list[tuple[str, str]]:
    """What keeps a message from being taken, as (field, code); an empty list when nothing does."""
    wrong = []
    text = clean(given.get("text", ""))
    if not text and not files:
        wrong.append(("text", "required"))
    if len(text) > LONGEST:
        wrong.append(("text", "too_long"))
    if not _KEY.fullmatch(given.get("client_msg_id", "")):
        wrong.append(("client_msg_id", "required"))
    if len(files) > MOST_FILES:
        wrong.append(("attachments", "too_many_files"))
    sizes = [len(file.data) for file in files]
    if sum(sizes) > MOST_BYTES_TOGETHER or any(size > MOST_BYTES for size in sizes):
        wrong.append(("attachments", "file_too_big"))
    if not all(sniffed(file.data) for file in files):
        wrong.append(("attachments", "bad_file_type"))
    return wrong + check_contact(given)


def check_contact(given: Mapping[str, str]) -> list[tuple[str, str]]:
    """The same for what a visitor leaves to be reached by; nothing left is nothing wrong."""
    wrong = [
        (name, "too_long")
        for name, most in _WORDS.items()
        if len(clean(given.get(name, ""))) > most
    ]
    email, phone = clean(given.get("email", "")), clean(given.get("phone", ""))
    if email and not _EMAIL.fullmatch(email):
        wrong.append(("email", "bad_email"))
    if phone and not _PHONE.fullmatch(unicodedata.normalize("NFKC", phone)):
        wrong.append(("phone", "bad_phone"))
    return wrong


def document(
    given: Mapping[str, str], files: Sequence[Attachment], *, verified: bool, received_at: datetime
) -> bytes:
    """The bytes to journal: cleaned, and in one spelling."""
    names = ("conversation", "client_msg_id", "handle", "name", "locale", "text", "email", "phone")
    told: dict[str, Any] = {name: clean(given.get(name, "")) for name in names}
    told["verified"] = verified
    told["received_at"] = received_at.astimezone(UTC).isoformat()
    told["attachments"] = [
        {
            "name": file_name(file.name),
            "mime": sniffed(file.data),
            "data_b64": base64.b64encode(file.data).decode("ascii"),
        }
        for file in files
    ]
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


# ---------------------------------------------------------------- reading


def _key_of(pem: str) -> Ed25519PublicKey | RSAPublicKey | None:
    """The key of the wallet's server, or None where it is none that we can check with."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PublicKey | RSAPublicKey) else None


def _checks(pem: str, algorithm: object) -> Callable[[bytes, bytes], bool]:
    """What tells a right signature from a wrong one; the key decides how, not the token."""
    key = _key_of(pem)

    def right(signature: bytes, signed: bytes) -> bool:
        try:
            if isinstance(key, Ed25519PublicKey) and algorithm == "EdDSA":
                key.verify(signature, signed)
            elif isinstance(key, RSAPublicKey) and algorithm == "RS256":
                key.verify(signature, signed, PKCS1v15(), SHA256())
            else:
                return False
        except InvalidSignature:
            return False
        return True

    return right


def _unpacked(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _short(words: Sequence[object]) -> bool:
    return all(isinstance(one, str) and len(one) <= _LONGEST_WORD for one in words)


def _word(given: Mapping[str, Any], name: str) -> str:
    return clean(word(given, name))
