"""Masking what nobody should ever have sent: cards, seed phrases, private keys, passwords, codes.

This runs before anything readable is written. It errs towards masking: a lost order number can be
asked for again, a stored seed phrase is a stolen wallet. Each kind has a cheap look first, so clean
text costs microseconds; every pattern is linear in the length of the text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import NamedTuple

_DOTS = "••••"


class Masked(NamedTuple):
    """The text without its secrets, and which kinds were found, each once."""

    text: str
    hits: tuple[str, ...]


def mask(text: str) -> Masked:
    """The text with every secret replaced by dots; masking twice changes nothing more."""
    hits: list[str] = []
    low = text.lower()
    for kind, look, hide in _KINDS:
        if not look(low):
            continue
        hidden = hide(text)
        if hidden != text:
            text = hidden
            hits.append(kind)
    return Masked(text, tuple(hits))


def holds_secret(text: str) -> bool:
    """Whether anything in it would be masked."""
    return bool(mask(text).hits)


# ---------------------------------------------------------------- cards and identity numbers

_CARD = re.compile(r"(?<![\d.])\d(?:[ \-\u00a0\u2010-\u2013.]?\d){12,18}(?!\d)")
_BRANDS = re.compile(
    r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|35|6(?:0|2|4[4-9]|5)|50|5[6-9]|81"
)
_IDENTITY = re.compile(
    r"(?<!\d)[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXxＸ](?!\d)"  # noqa: RUF001  # full width
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _card(match: re.Match[str]) -> str:
    digits = "".join(str(int(one)) for one in match[0] if one.isdigit())
    if _BRANDS.match(digits) and _luhn(digits):
        return f"{_DOTS} {digits[-4:]}"
    return match[0]


def _identity(match: re.Match[str]) -> str:
    body, last = match[0][:17], match[0][17]
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    expected = "10X98765432"[total % 11]
    given = "X" if last in "xXＸ" else str(int(last))  # noqa: RUF001  # full width
    return f"{_DOTS} {match[0][-4:]}" if given == expected else match[0]


# ---------------------------------------------------------------- seed phrases

#: Twelve words in a row of the length seed words have; prose nearly always has a shorter one.
_RUN = re.compile(
    r"(?<![A-Za-z])(?:[A-Za-z]{3,8}+(?![A-Za-z])[^A-Za-z]{1,6}+){11,}[A-Za-z]{3,8}+(?![A-Za-z])"
)
_WORD = re.compile(r"[A-Za-z]+")
_HAN_RUN = re.compile(r"(?:[\u4e00-\u9fff][\s,，、.;:\d]{1,5}+){11,}[\u4e00-\u9fff]")
_HAN_CLOSE = re.compile(
    r"((?:助[记記][词詞]|恢复短语|恢復短語|种子|種子)[^\n\u4e00-\u9fff]{0,6}[是为為]?[^\n\u4e00-\u9fff]{0,6})"
    r"([\u4e00-\u9fff]{12,24})"
)
_LETTERS = re.compile(r"[a-z]+")
_SEED_CONTEXT = re.compile(r"seed|phrase|mnemonic|recovery|助记词|助記詞|word", re.IGNORECASE)
_PHRASE = 12


@cache
def _list(name: str) -> frozenset[str]:
    """The words of a BIP-39 list, as the package ``mnemonic`` carries them."""
    file = resources.files("mnemonic").joinpath("wordlist", f"{name}.txt")
    return frozenset(file.read_text("utf-8").split())


def _seed_run(match: re.Match[str], *, slack: int) -> str:
    """Mask each stretch of at least twelve list words; ``slack`` words may be misspelt."""
    words = list(_WORD.finditer(match[0]))
    known = _list("english")
    spans: list[tuple[int, int]] = []
    first = 0
    while first + _PHRASE <= len(words):
        wrong = sum(one[0].lower() not in known for one in words[first : first + _PHRASE])
        if wrong > slack:
            first += 1
            continue
        last = first + _PHRASE
        while last < len(words) and words[last][0].lower() in known:
            last += 1
        spans.append((words[first].start(), words[last - 1].end()))
        first = last
    return _cut(match[0], spans)


def _cut(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = f"{text[:start]}{_DOTS}{text[end:]}"
    return text


def _may_hold_seed(low: str) -> bool:
    """A cheap look: enough list words, and nearly all of twelve neighbours among them."""
    words = _LETTERS.findall(low)
    if len(words) < _PHRASE:
        return False
    flags = [*map(_list("english").__contains__, words)]
    if sum(flags) < _PHRASE - 1:
        return False
    inside = sum(flags[:_PHRASE])
    best = inside
    for place in range(_PHRASE, len(flags)):
        inside += flags[place] - flags[place - _PHRASE]
        best = max(best, inside)
    return best >= _PHRASE - 1


def _may_hold_han_seed(low: str) -> bool:
    if low.isascii():
        return False
    if any(word in low for word in ("助记", "助記", "短语", "短語", "种子", "種子")):
        return True
    return sum(map(low.count, " \n,，、")) >= _PHRASE - 1  # full width


def _seeds(text: str) -> str:
    slack = 1 if _SEED_CONTEXT.search(text) else 0
    return _RUN.sub(lambda match: _seed_run(match, slack=slack), text)


def _han_run(match: re.Match[str]) -> str:
    characters = [one for one in match[0] if "\u4e00" <= one <= "\u9fff"]
    lists = _list("chinese_simplified") | _list("chinese_traditional")
    known = sum(one in lists for one in characters)
    return _DOTS if known >= len(characters) * 0.9 else match[0]


def _han_close(match: re.Match[str]) -> str:
    lists = _list("chinese_simplified") | _list("chinese_traditional")
    known = sum(one in lists for one in match[2])
    return match[1] + _DOTS if known == len(match[2]) else match[0]


def _han_seeds(text: str) -> str:
    return _HAN_CLOSE.sub(_han_close, _HAN_RUN.sub(_han_run, text))


# ---------------------------------------------------------------- private keys

_PEM = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,20000}"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_HEX = re.compile(r"(?<![0-9a-fA-F])(?:0[xX])?[0-9a-fA-F]{64}(?![0-9a-fA-F])")
_HEX_SPACED = re.compile(
    r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{4}[ \n]){15}[0-9a-fA-F]{4}(?![0-9a-fA-F])"
)
_EXTENDED = re.compile(r"(?<![0-9A-Za-z])[xyztuv]prv[1-9A-HJ-NP-Za-km-z]{90,120}")
_WIF = re.compile(r"(?<![0-9A-Za-z])[5KL9c][1-9A-HJ-NP-Za-km-z]{50,51}(?![0-9A-Za-z])")
_LONG = re.compile(r"[0-9a-z]{50}")
_PAIRS = re.compile(r"(?:[0-9a-f]{4}[ \n]){15}")
_ON_CHAIN = re.compile(
    r"tx|hash|block|transaction|交易|哈希|区块|區塊|单号|etherscan", re.IGNORECASE
)
_KEY_WORDS = re.compile(r"priv|key|secret|私钥|私鑰|密钥|密鑰", re.IGNORECASE)
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BEFORE = 40


def _may_hold_key(low: str) -> bool:
    return bool("private key" in low or _LONG.search(low) or _PAIRS.search(low))


def _hexadecimal(match: re.Match[str]) -> str:
    """A key and a transaction's hash look alike: only a clear word before it spares it."""
    before = match.string[max(0, match.start() - _BEFORE) : match.start()]
    if _ON_CHAIN.search(before) and not _KEY_WORDS.search(before):
        return match[0]
    return _DOTS


def _wif(match: re.Match[str]) -> str:
    number = 0
    for character in match[0]:
        number = number * 58 + _ALPHABET.index(character)
    raw = number.to_bytes(40, "big").lstrip(b"\0")
    body, check = raw[:-4], raw[-4:]
    good = hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4] == check
    return _DOTS if good else match[0]


def _private_keys(text: str) -> str:
    for pattern in (_PEM, _EXTENDED, _HEX_SPACED):
        text = pattern.sub(_DOTS, text)
    return _WIF.sub(_wif, _HEX.sub(_hexadecimal, text))


# ---------------------------------------------------------------- passwords and one-time codes

_PASSWORD = re.compile(
    r"((?:pass ?word|pass ?code|passphrase|\bpwd|\bpin(?: code| number)?|密码|密碼|口令)"
    r"(?: for [a-z ]{1,20}| of [a-z ]{1,20})?\s{0,3}"
    r"(?P<link>[:：=]|is\b|was\b|是|为|為|\s)[:：\s\"'“‘]{0,3})"  # noqa: RUF001
    r"(?P<secret>[!-~]{4,64})",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"((?P<what>code|otp|passcode|token|验证码|驗證碼|校验码|动态码|動態碼|动态密码|短信码)"
    r"[^\d•\n]{0,14})(?P<digits>\d{3}[ -]?\d{3}|\d{4,8})(?!\d)",
    re.IGNORECASE,
)
_CODE_AFTER = re.compile(
    r"(?<!\d)(\d{4,8})(?=[^\d•\n]{1,12}"
    r"(?:(?:verification|security|login|sms) code|otp\b|验证码|驗證碼))",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"(?:error|zip|post|postal|country|area|bank|sort|swift|promo|coupon|invite|referral|status|"
    r"qr|source|reason|response|http|exit|错误|錯誤|邮政|区号|优惠|邀请|错误代)\s{0,3}\Z",
    re.IGNORECASE,
)
_SECRET_WORDS = ("pass", "pin", "pwd", "code", "otp", "token", "密码", "密碼", "口令", "码", "碼")
_FOUR_DIGITS = re.compile(r"\d{4}|\d{3}[ -]\d{3}")
_HARD = re.compile(r"\d|[^\w\s.,;:!?'\"()-]")


def _password(match: re.Match[str]) -> str:
    """After a colon anything is a password; after "is" only what does not look like a word."""
    secret = match["secret"]
    core = secret.rstrip(".,;!?\"'”’)")  # noqa: RUF001  # closing quotes
    told = match["link"] in (":", "：", "=")  # full width
    if len(core) < 4 or core.lower().startswith(("http://", "https://")):
        return match[0]
    if not _HARD.search(core) and not (told and not core.isalpha()):
        mixed = core != core.lower() and core != core.capitalize() and core != core.upper()
        if not mixed:
            return match[0]
    return f"{match[1]}{_DOTS}{secret[len(core) :]}"


def _code(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 16) : match.start()]
    if match["what"].lower() == "code" and _NOT_SECRET.search(before):
        return match[0]
    return match[1] + _DOTS


def _may_tell_secret(low: str) -> bool:
    return any(word in low for word in _SECRET_WORDS)


def _may_tell_code(low: str) -> bool:
    return _may_tell_secret(low) and _FOUR_DIGITS.search(low) is not None


def _secrets_told(text: str) -> str:
    return _PASSWORD.sub(_password, text)


def _codes(text: str) -> str:
    return _CODE_AFTER.sub(_DOTS, _CODE.sub(_code, text))


_Look = Callable[[str], object]


def _ids(text: str) -> str:
    return _IDENTITY.sub(_identity, text)


def _cards(text: str) -> str:
    return _CARD.sub(_card, text)


_KINDS: tuple[tuple[str, _Look, Callable[[str], str]], ...] = (
    ("private_key", _may_hold_key, _private_keys),
    ("seed_phrase", _may_hold_seed, _seeds),
    ("seed_phrase", _may_hold_han_seed, _han_seeds),
    ("id_card", _IDENTITY.search, _ids),
    ("card", _CARD.search, _cards),
    ("password", _may_tell_secret, _secrets_told),
    ("one_time_code", _may_tell_code, _codes),
)
