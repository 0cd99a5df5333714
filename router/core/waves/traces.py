"""Traces in a message that survive any rewording: where it leads, whom to call, where to pay.

Two messages that name the same host, telephone number or wallet belong together whatever else they
say. Hosts and numbers are read in the folded text, wallets in the text as it was written: upper and
lower case are part of an address.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

#: Kinds of traces; each is also the reason a ticket joins a wave for.
KINDS = ("host", "phone", "wallet", "file")

_LONGEST = 20_000
_MOST = 40
_ENDINGS = (
    "ai app asia au biz ca cc cfd click cloud club cn co com cyou de dev email eu exchange fit "
    "fr fun fyi global help hk icu id in info ink io jp kr link live loan ltd me mobi my net one "
    "online org ph pro pw ru run sbs sg shop site so space store support tech tel to today top tv "
    "tw uk us vip vn wallet wang website wiki win work world xin xyz"
)
#: What a web address may hold; Chinese writing ends it.
_INSIDE = r"[^\s<>\"'()\[\]{}|\\^`\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
#: A web address as people write it: with a scheme, or a name with a known ending.
URL = re.compile(
    rf"h(?:tt|xx)ps?://(?:{_INSIDE}|\[\.\])+"
    r"|(?<![a-z0-9@._-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.|\[\.\])){1,6}"
    rf"(?:{'|'.join(_ENDINGS.split())})(?![a-z0-9@-]|\.[a-z0-9])"
    rf"(?:[:/?#]{_INSIDE}*)?"
)
_HOST = re.compile(r"(?:h(?:tt|xx)ps?://)?(?:[^/?#@]*@)?([a-z0-9.\-\[\]]+)")
_PHONE = re.compile(
    r"(?<![\d.])(?:"
    r"(?:\+|00)[1-9]\d{0,2}[ -]?(?:\d[ -]?){6,12}\d"  # with its country
    r"|1[3-9]\d[ -]?\d{4}[ -]?\d{4}"  # a mobile number of the mainland
    r"|[48]00[ -]?\d{3,4}[ -]?\d{3,4}"  # a service number
    r"|0\d{2,3}[ -]\d{7,8}"  # a landline
    r")(?![\d.])"
)
_WALLET = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"0x[0-9a-fA-F]{40}"
    r"|(?:bc1|tb1|ltc1)[02-9ac-hj-np-z]{20,80}"
    r"|T[1-9A-HJ-NP-Za-km-z]{33}"
    r"|[13][1-9A-HJ-NP-Za-km-z]{25,34}"
    r")(?![0-9A-Za-z])"
)
_NOT_A_DIGIT = re.compile(r"\D")


def traces(text: str, folded: str) -> Iterator[tuple[str, str]]:
    """(kind, value) of what a message names, each once, in one spelling."""
    seen: set[tuple[str, str]] = set()
    for one in _all(text[:_LONGEST], folded[:_LONGEST]):
        if one not in seen and len(seen) < _MOST:
            seen.add(one)
            yield one


def _all(text: str, folded: str) -> Iterator[tuple[str, str]]:
    if "." in folded:
        for found in URL.finditer(folded):
            if host := host_of(found[0]):
                yield "host", host
    for found in _PHONE.finditer(folded):
        yield "phone", number_of(found[0])
    for found in _WALLET.finditer(text):
        wallet = found[0]
        if any(one.isdigit() for one in wallet):
            yield "wallet", wallet.lower() if wallet.startswith("0x") else wallet


def host_of(url: str) -> str:
    """The host a web address leads to, without its port and ``www.``; empty when there is none."""
    found = _HOST.match(url.lower())
    host = found[1].replace("[.]", ".").strip(".") if found else ""
    return host.removeprefix("www.") if "." in host else ""


def number_of(phone: str) -> str:
    """The digits of a telephone number, without the mainland's country code."""
    digits = _NOT_A_DIGIT.sub("", phone).removeprefix("00")
    return digits.removeprefix("86") if len(digits) > 11 else digits


def ignored(kind: str, value: str, known: Collection[str]) -> bool:
    """Whether a trace leads to one of these; of a host its subdomains too."""
    if kind != "host":
        return value in known
    labels = value.split(".")
    return any(".".join(labels[start:]) in known for start in range(len(labels)))
