"""A desk with a chat, and the words its wallet's server would say."""

import base64
import json
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from channels.chat import Chat, ChatOptions
from router import chatting
from tests.fakes import FakeDoor, FakeDoors

#: The made-up key of the wallet's server.
KEY = Ed25519PrivateKey.from_private_bytes(b"made-up key of the wallet, 32 b.")
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class Lent:
    """A vault that holds one secret."""

    def secret(self, name, default=None):
        return {"identity_key": "made-up identity key"}.get(name, default)


class ChatDoors(FakeDoors):
    """A chat, and a mailbox that keeps a ledger."""

    def __init__(self, **options):
        super().__init__(FakeDoor())
        given = {"identity_public_key": PUBLIC, **options}
        self.chat = Chat("site", ChatOptions(**given), Lent())

    def __iter__(self):
        return iter([("chat", "site"), (self.door.kind, self.door.account)])

    def open(self, kind, account):
        return self.chat if kind == "chat" else self.door

    def reader(self, kind, account):
        return self.chat if kind == "chat" else super().reader(kind, account)

    def speaker(self, handle_kind, kind, account):
        return ("chat", "site") if handle_kind == "chat" else super().speaker(handle_kind, "", "")


def _packed(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(now, *, key=KEY, head=None, **changes):
    """What the wallet's server signs for one of its users."""
    claims = {
        "sub": "w-4711",
        "aud": "helpdesk-chat",
        "jti": "once-1",
        "name": "林晓雨",
        "exp": int((now + timedelta(minutes=4)).timestamp()),
        **changes,
    }
    parts = (head or {"alg": "EdDSA", "typ": "JWT"}, claims)
    signed = ".".join(_packed(json.dumps(one).encode()) for one in parts)
    return f"{signed}.{_packed(key.sign(signed.encode()))}"


def begun(router, proof="", source="203.0.113.9"):
    """A new conversation, and the word that lets into it."""
    _, word = chatting.begin(router, "site", proof=proof, language="zh", source=source)
    return chatting.enter(router, word), word


def say(router, row, text, key="made-up-0001", files=(), **left):
    """The visitor writes."""
    given = {"client_msg_id": key, "text": text, **left}
    return chatting.say(router, row, given, list(files), source="203.0.113.9")
