"""Whether our own receiving server vouches for a sender (RFC 8601).

Anybody can write an Authentication-Results header, so one alone is read: the topmost, and only when
it carries the id that our own server signs with.
"""

import re
from collections.abc import Collection

from channels.contract import Verification
from channels.email.headers import Headers

_LONGEST = 8_000
_RESULT = re.compile(r"^\s*([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"(?<!\S)(header\.(?:from|d|i))\s*=\s*([^\s;]+)", re.IGNORECASE)
#: A quoted string, or what else decides where one or a comment ends.
_MARK = re.compile(r'"((?:[^"\\]|\\.)*+)"|\\.|[^"()\\]+|.', re.DOTALL)
_ROUND = re.compile(r"[()]")
#: What may stand in quotes and still be read; anything else there is the sender's own writing.
_PLAIN = re.compile(r"[A-Za-z0-9.@_-]+")
_ILLEGIBLE = "\0"


def verify(
    headers: Headers, sender: str, authserv_id: str, signed_by: Collection[str] = ()
) -> Verification:
    """The server's word on ``sender``, the one address of the From header.

    Nothing said, said by another server, or said about another domain is UNVERIFIED, unless a
    signature that we checked ourselves is the sender's domain's (``signed_by``). A server that says
    the sender failed has the last word.
    """
    if not sender or len(headers.values.get("from", ())) != 1:
        return Verification.UNVERIFIED
    domain = sender.rpartition("@")[2].lower()
    said = _said(headers, domain, authserv_id) if authserv_id else Verification.UNVERIFIED
    if said is Verification.UNVERIFIED and any(
        _aligned("dkim", {"header.d": signer.lower()}, domain) for signer in signed_by
    ):
        return Verification.VERIFIED
    return said


def _said(headers: Headers, domain: str, authserv_id: str) -> Verification:
    topmost = headers.raw("authentication-results")[:_LONGEST]
    server, *results = _bare(topmost).split(";")
    if server.split(" ")[0].strip().lower() != authserv_id.lower():
        return Verification.UNVERIFIED
    found = Verification.UNVERIFIED
    for written in results:
        result = _RESULT.match(written)
        if not result:
            continue
        method, outcome = result[1].lower(), result[2].lower()
        about: dict[str, str] = {}
        for name, value in _PROPERTY.findall(written):
            about.setdefault(name.lower(), value.lower())  # what follows the first is no result
        if method == "dmarc" and outcome == "fail":
            return Verification.FAILED
        if outcome == "pass" and _aligned(method, about, domain):
            found = Verification.VERIFIED
    return found


def _bare(text: str) -> str:
    """The header without its comments, what stands in quotes taken as one word.

    Nothing at all when a quote or a comment never ends, or one stands across the other's end: then
    what the sender wrote may stand outside of it, and no word of it is the server's for certain.
    """
    kept: list[str] = []
    depth = 0
    for mark in _MARK.finditer(text):
        word, quoted = mark[0], mark[1]
        if word == '"' or (depth and quoted is not None and _ROUND.search(quoted)):
            return ""
        if word == "(":
            depth += 1
        elif word == ")" and depth:
            depth -= 1
            kept.append(" ")
        elif not depth:
            kept.append(word if quoted is None else _legible(quoted))
    return "" if depth else "".join(kept).strip()


def _legible(quoted: str) -> str:
    return quoted if _PLAIN.fullmatch(quoted) else _ILLEGIBLE


def _aligned(method: str, about: dict[str, str], domain: str) -> bool:
    if method == "dmarc":
        return about.get("header.from", domain).rpartition("@")[2] == domain
    if method == "dkim":
        signer = about.get("header.d") or about.get("header.i", "").rpartition("@")[2]
        return bool(signer) and (
            domain == signer or ("." in signer and domain.endswith(f".{signer}"))
        )
    return False
