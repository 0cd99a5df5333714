"""Private keys as files hold them: PEM blocks, a wallet's keystore, a key's bytes in numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.core.masking.secret import Secret

KIND = "private_key"
#: What the first look searches for, besides the long rows of numbers.
CUES = ("private", "ciphertext")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=\s>:,\-]*")
_BRACE = re.compile(r"[{}]")
_SEALED = re.compile(r"ciphertext", re.IGNORECASE)
_DERIVED = re.compile(r"\bkdf|\bmac\b|scrypt|pbkdf2", re.IGNORECASE)
_NUMBERS = re.compile(r"\[\s*[0-9]{1,3}(?:\s*,\s*[0-9]{1,3}){31,127}\s*\]")
_SIZES = (32, 64, 96)


def pem(text: str) -> Iterator[Secret]:
    """From a key's head line to its end line, or as far as it reads like one."""
    at = 0
    tail: re.Match[str] | None = None
    ended = False  # no end further on: looked for once, not once a head
    while head := _PEM.search(text, at):
        if not ended:
            tail = _PEM_END.search(text, head.end())
            ended = tail is None
        body = _PEM_BODY.match(text, head.end())
        at = tail.end() if tail and not ended else body.end() if body else head.end()
        yield Secret(head.start(), at, KIND)


def keystore(text: str) -> Iterator[Secret]:
    """A wallet's key file: the whole object, for its password may stand in the same message."""
    if not _SEALED.search(text):
        return
    depth, first = 0, -1
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            if not depth:
                first = brace.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth and _holds_key(text[first : brace.end()]):
                yield Secret(first, brace.end(), KIND)
    if depth and _holds_key(text[first:]):  # cut short
        yield Secret(first, len(text), KIND)


def _holds_key(document: str) -> bool:
    return _SEALED.search(document) is not None and _DERIVED.search(document) is not None


def numbers(text: str) -> Iterator[Secret]:
    """A key's bytes as some wallets export them: a list of 32 or 64 numbers below 256."""
    for match in _NUMBERS.finditer(text):
        values = [int(one) for one in re.findall("[0-9]+", match[0])]
        if len(values) in _SIZES and max(values) < 256 and len(set(values)) > len(values) // 3:
            yield Secret(match.start(), match.end(), KIND)
