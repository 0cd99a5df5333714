"""The door of the chat: who the wallet's server says it is, and what a message may hold."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from channels.chat import LONGEST, Chat, ChatOptions, check, check_contact
from channels.contract import Attachment, BadSignature
from tests.chats import ChatDoors, Lent, token

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\nmade up"


@pytest.fixture(scope="module")
def chat():
    return ChatDoors().chat


def test_a_token_of_the_wallets_server_says_who_it_is(chat):
    visitor = chat.vouched(token(NOW), NOW)

    assert (visitor.user, visitor.name, visitor.once) == ("w-4711", "林晓雨", "once-1")


def test_an_rsa_key_works_as_well():
    key = rsa.generate_private_key(65537, 2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    chat = Chat("site", ChatOptions(identity_public_key=pem), Lent())

    class Signer:
        def sign(self, data):
            return key.sign(data, padding.PKCS1v15(), SHA256())

    assert chat.vouched(token(NOW, key=Signer(), head={"alg": "RS256"}), NOW).user == "w-4711"


def _stranger():
    return token(NOW, key=Ed25519PrivateKey.generate())


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(_stranger, id="another key"),
        pytest.param(lambda: token(NOW, head={"alg": "none"}), id="no algorithm"),
        pytest.param(lambda: token(NOW, head={"alg": "HS256"}), id="another algorithm"),
        pytest.param(lambda: token(NOW, aud="shop"), id="for somebody else"),
        pytest.param(lambda: token(NOW - timedelta(minutes=6)), id="over"),
        pytest.param(lambda: token(NOW + timedelta(hours=1)), id="lasts too long"),
        pytest.param(lambda: token(NOW, exp="soon"), id="no time"),
        pytest.param(lambda: token(NOW, exp=10**30), id="no such time"),
        pytest.param(lambda: token(NOW, jti=""), id="no number"),
        pytest.param(lambda: token(NOW, sub=7), id="no user"),
        pytest.param(lambda: token(NOW)[:-2], id="cut"),
        pytest.param(lambda: token(NOW).replace(".", "..", 1), id="another form"),
        pytest.param(lambda: "签名.签名.签名", id="other letters"),
        pytest.param(lambda: "a.b.c", id="nothing"),
        pytest.param(lambda: "." * 5000, id="endless"),
    ],
)
def test_any_other_token_is_refused(chat, given):
    with pytest.raises(BadSignature):
        chat.vouched(given(), NOW)


def test_a_user_id_with_its_hmac_is_believed(chat):
    proof = hmac.new(b"made-up identity key", b"w.47", hashlib.sha256).hexdigest()

    assert chat.vouched(f"w.47.{proof}", NOW).user == "w.47"
    with pytest.raises(BadSignature):
        chat.vouched(f"w.48.{proof}", NOW)
    with pytest.raises(BadSignature):
        chat.vouched(f".{proof}", NOW)


def test_without_keys_nobody_is_vouched_for():
    class Empty:
        def secret(self, name, default=None):
            return default

    chat = Chat("site", ChatOptions(), Empty())
    proof = hmac.new(b"", b"w-47", hashlib.sha256).hexdigest()

    for given in (token(NOW), f"w-47.{proof}"):
        with pytest.raises(BadSignature):
            chat.vouched(given, NOW)


def test_a_message_is_within_its_limits_or_says_which_it_breaks():
    def wrong(text="hello", key="made-up-1", files=(), **more):
        return check({"text": text, "client_msg_id": key, **more}, list(files))

    assert wrong() == []
    assert wrong("字" * LONGEST) == []
    assert wrong("字" * 10_000) == [("text", "too_long")]
    assert wrong(" \u202e ") == [("text", "required")]
    assert wrong("", files=[Attachment("a.png", "image/png", PNG)]) == []
    assert wrong(key="no") == [("client_msg_id", "required")]
    assert wrong(files=[Attachment("a.exe", "image/png", b"MZ")]) == [
        ("attachments", "bad_file_type")
    ]
    large = Attachment("a.png", "image/png", PNG + bytes(10 * 1024 * 1024))
    assert wrong(files=[large]) == [("attachments", "file_too_big")]
    assert wrong(files=[Attachment("a.png", "", PNG)] * 6) == [("attachments", "too_many_files")]
    assert wrong(email="ann@") == [("email", "bad_email")]
    assert check_contact({"phone": "call me"}) == [("phone", "bad_phone")]


def test_what_is_only_for_trying_out_is_not_fit_for_the_public():
    options = ChatOptions(demo_page=True, origins=["http://wallet.example"])

    assert len(Chat("site", options, Lent()).unfit()) == 2
    assert list(ChatDoors(origins=["https://wallet.example"]).chat.unfit()) == []
