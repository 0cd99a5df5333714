"""WeChat's signature and its AES envelope, written out: what the security of the door hangs on.

Encrypted text is base64 of AES-256-CBC over 16 random bytes, the length of the message (4 bytes,
big-endian), the message and the AppID, padded to blocks of 32.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from channels.contract import BadSignature

_KEY = re.compile(r"[A-Za-z0-9]{43}")
_BLOCK = 32
_RANDOM, _LENGTH = 16, 4


def signature(*parts: str) -> str:
    """SHA-1 of the sorted parts, as WeChat signs its URLs and envelopes."""
    whole = "".join(sorted(parts)).encode("utf-8", "replace")
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest()


def signed(given: str, *parts: str) -> bool:
    """Whether this is the signature of the parts; compared as bytes, in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), signature(*parts).encode())


def decrypt(encrypted: str, keys: Sequence[str], appid: str) -> tuple[bytes, str]:
    """The message, and which key opened it. Raises BadSignature for anything not meant for us."""
    try:
        data = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise BadSignature("the envelope is no base64") from fault
    if not data or len(data) % _BLOCK:
        raise BadSignature("the envelope has no whole blocks")
    for key in keys:
        message = _opened(data, key, appid)
        if message is not None:
            return message, key
    raise BadSignature("the envelope opens under none of our keys")


def encrypt(message: bytes, key: str, appid: str, *, random: bytes = b"") -> str:
    """The envelope of a message; ``random`` is for comparing with known vectors."""
    head = random or secrets.token_bytes(_RANDOM)
    whole = head + len(message).to_bytes(_LENGTH, "big") + message + appid.encode()
    padding = _BLOCK - len(whole) % _BLOCK
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(
        encryptor.update(whole + bytes([padding]) * padding) + encryptor.finalize()
    ).decode("ascii")


def _cipher(key: str) -> "Cipher[modes.CBC]":
    if not _KEY.fullmatch(key):
        raise BadSignature("an EncodingAESKey has 43 letters and digits; copy it from the console")
    secret = base64.b64decode(f"{key}=")
    return Cipher(algorithms.AES(secret), modes.CBC(secret[:16]))


def _opened(data: bytes, key: str, appid: str) -> bytes | None:
    decryptor = _cipher(key).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    padding = plain[-1]
    if not 1 <= padding <= _BLOCK:
        return None
    body = plain[_RANDOM:-padding]
    length = int.from_bytes(body[:_LENGTH], "big")
    message, whose = body[_LENGTH : _LENGTH + length], body[_LENGTH + length :]
    if len(message) != length or not hmac.compare_digest(whose, appid.encode()):
        return None
    return message
