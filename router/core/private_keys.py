"""Private keys of wallets in a text: hexadecimal, WIF, extended keys, PEM blocks.

64 hexadecimal digits are a key or a transaction's hash, and only the words around them tell. What
is called a transaction stays, everything else goes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from router.core.secret import Secret

_TOKEN = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{50,}(?![0-9A-Za-z])")
_HEX = re.compile(r"(?:0[xX])?([0-9A-Fa-f]+)")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PLACES = {digit: place for place, digit in enumerate(_BASE58)}
_EXTENDED = re.compile(r"[xyzYZtuvUV]prv[1-9A-HJ-NP-Za-km-z]{50,}")
_WIF = re.compile(r"(?:[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51}|6P[1-9A-HJ-NP-Za-km-z]{56})")
_STELLAR = re.compile(r"S[A-Z2-7]{55}")
_SOLANA = re.compile(r"[1-9A-HJ-NP-Za-km-z]{87,88}")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=\s>:,\-]*")

_KEY = re.compile(
    r"private|secret|\bpriv\b|\bwif\b|\bsk\b|私钥|私鑰|私匙|密钥|密鑰|秘钥|秘鑰|keystore"
    r"|(?<!public )(?<!public-)\bkey\b",
    re.IGNORECASE,
)
_NO_KEY = re.compile(
    r"\btx|transaction|hash|\bblock|explorer|sha-?256|checksum|signature|order|public"
    r"|交易|哈希|雜湊|杂凑|区块|區塊|订单|訂單|流水|单号|單號|公钥|公鑰|签名|簽名|转账记录|轉帳記錄",
    re.IGNORECASE,
)
# What is called a key outright is masked even when it is cut short or broken by a line's end.
_CALLED_KEY = re.compile(
    r"(?:private[ \-_]?key|secret[ \-_]?key|私[钥鑰匙]|[密秘][钥鑰])"
    r"[\s:：=是为為就如下is\"'“「(（]{0,12}"
    r"((?:0[xX])?[0-9A-Za-z+/]{16,}(?:\s[0-9A-Fa-f]{4,64}(?![0-9A-Za-z])){0,15}=*)",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 60, 16
#: What the first look searches for, besides long tokens.
CUES = ("private", "secret", "钥", "鑰", "私匙")


def find(text: str) -> Iterator[Secret]:
    """Every private key; hashes of transactions are left where they are."""
    yield from _pem(text)
    for called in _CALLED_KEY.finditer(text):
        if any(one.isdigit() for one in called[1]):
            yield Secret(called.start(1), called.end(1), "private_key")
    kept = -1
    for token in _TOKEN.finditer(text):
        doubt = _doubtful(token[0])
        if doubt is None:
            continue
        if doubt and _is_no_key(text, token.start(), token.end(), kept):
            kept = token.end()
            continue
        if not doubt or _reads_as_key(text, token):
            yield Secret(token.start(), token.end(), "private_key")


def _doubtful(token: str) -> bool | None:
    """False: surely a key. True: a key or a hash. None: neither."""
    if _EXTENDED.fullmatch(token) or (_WIF.fullmatch(token) and base58_holds(token)):
        return False
    digits = _HEX.fullmatch(token)
    if digits is not None:
        return True
    if _STELLAR.fullmatch(token) and any(one.isdigit() for one in token):
        return False
    return True if _SOLANA.fullmatch(token) or _WIF.fullmatch(token) else None


def _reads_as_key(text: str, token: re.Match[str]) -> bool:
    """64 digits need no word for it; other lengths (public keys, signatures) do."""
    digits = _HEX.fullmatch(token[0])
    if digits is None or len(digits[1]) == 64:
        return True
    return _KEY.search(text[max(0, token.start() - _BEFORE) : token.start()]) is not None


def _is_no_key(text: str, start: int, end: int, kept: int) -> bool:
    """Whether the nearest word about it, before it or else after it, says transaction."""
    before = text[max(0, start - _BEFORE, kept) : start]
    key = max((one.end() for one in _KEY.finditer(before)), default=-1)
    other = max((one.end() for one in _NO_KEY.finditer(before)), default=-1)
    after = text[end : end + _AFTER]
    if key >= 0 or other >= 0:
        return other > key and _KEY.search(after) is None
    if kept >= 0 and not any(one.isalnum() for one in text[kept:start]):
        return True  # one more in a list of transactions
    return _NO_KEY.search(after) is not None and _KEY.search(after) is None


def _pem(text: str) -> Iterator[Secret]:
    at = 0
    tail: re.Match[str] | None = None
    ended = False  # no end further on: looked for once, not once a head
    while head := _PEM.search(text, at):
        if not ended:
            tail = _PEM_END.search(text, head.end())
            ended = tail is None
        body = _PEM_BODY.match(text, head.end())
        at = tail.end() if tail and not ended else body.end() if body else head.end()
        yield Secret(head.start(), at, "private_key")


def base58_holds(token: str) -> bool:
    """Whether the last four bytes of a base58 text are the checksum of those before."""
    number = 0
    for digit in token:
        place = _PLACES.get(digit)
        if place is None:
            return False
        number = number * 58 + place
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    body, check = data[:-4], data[-4:]
    return hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4] == check
