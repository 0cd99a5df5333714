"""Transfer encodings undone (RFC 2045, section 6), as senders write them.

Parsers drop what an encoding has no room for: raw bytes between quoted ones, the characters that
switch Japanese on, all after a stray sign. They are therefore given parts still encoded, their
encodings hidden from them, and what is written in them is undone here.
"""

import binascii
import re

from channels.email import plain
from channels.email.characters import base64_bytes

_NAME = b"content-transfer-encoding"
_HIDDEN = b"content.transfer-encoding"
NAME = _NAME.decode("ascii")
HIDDEN = _HIDDEN.decode("ascii")
_DOT = _HIDDEN.index(b".")
_SHOWN = re.compile(re.escape(_HIDDEN), re.IGNORECASE)
_TOKEN = re.compile(r"[a-z0-9_-]+")
_SOFT = re.compile(rb"=[ \t]+(?=\r?\n|\Z)")
#: A first line of several words, or of raw bytes: nobody encoded this, whatever its header says. A
#: longer word is a line of base64 whose end became a blank.
_PLAINLY = re.compile(rb"(?:[!-~]{1,60}[ \t]+){2}[!-~]|[ -~\t]*[\x80-\xff]{2}")
_FIRST = 400
_BASE64 = frozenset({"base64", "base-64", "b64", "base_64"})
_QUOTED = frozenset({"quoted-printable", "quoted_printable", "quotedprintable", "quoted", "qp"})
_UUENCODED = frozenset({"x-uuencode", "uuencode", "x-uue", "uue", "x-uu"})


def hidden(data: bytes, lower: bytes) -> bytes | None:
    """The mail with every such header called by another name of the same length; None when that
    name already stands in it. ``lower`` is the mail in small letters."""
    if _HIDDEN in lower:
        return None
    at = lower.find(_NAME)
    if at < 0:
        return data
    written = bytearray(data)
    while at >= 0:
        if at == 0 or lower[at - 1] in b"\r\n":
            written[at + _DOT] = ord(".")
        at = lower.find(_NAME, at + len(_NAME))
    return bytes(written)


def shown(data: bytes) -> bytes:
    """What stands in a part, its own headers by their real name again."""
    if b"." not in data or _HIDDEN not in data.lower():
        return data
    return _SHOWN.sub(lambda found: found[0].replace(b".", b"-"), data)


def undone(data: bytes, encoding: str) -> bytes:
    """The bytes that were encoded; as they are when the encoding is none or unknown."""
    if not encoding or not data:
        return data
    name = encoding.lower()
    if not name.isalnum() and (found := _TOKEN.search(name)):
        name = found[0]
    if name in _BASE64:
        return data if _PLAINLY.match(data[:_FIRST].lstrip()) else base64_bytes(data)
    if name in _QUOTED:
        return quoted(data)
    if name in _UUENCODED and (file := plain.uudecoded(data)):
        return file[1]
    return data


def quoted(data: bytes) -> bytes:
    """Quoted-printable; what is not encoded though it should be stays what it is."""
    if b"= " in data or b"=\t" in data:
        data = _SOFT.sub(b"=", data)
    return binascii.a2b_qp(data)
