"""Who a handle belongs to: one spelling for each address, number and network.

Two spellings of one mailbox must meet, and two mailboxes must never: whoever shares a spelling
with a requester shares that requester's tickets.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable

_LONGEST_DOMAIN = 253
_AFTER_DOMAIN = " .\t\r\n"
_DIGITS = frozenset("0123456789")
#: Letters of other scripts, and digits, that a hurried reader takes for these Latin letters.
_SEEN_AS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455"  # Cyrillic
    "\u04bb\u0501\u051b\u051d\u043c\u0442\u043a\u043d"
    "\u03b1\u03b5\u03b9\u03bf\u03c1\u03c5\u03bd\u03ba\u03c4"  # Greek
    "\u0131\u0142\u0261\u0251\u0237"  # Latin with something missing or added
    "l0135",
    "aeopcyxijshdqwmtkhaeiopuvktiigajioies",
)
_SEEN_AS_ONE = (("rn", "m"), ("vv", "w"), ("ci", "d"))  # "cl" has become "ci" by then


def normalise(kind: str, value: str) -> str:
    """The one spelling of a handle in its identity space; the same however often it is applied."""
    if kind == "email":
        return _address(value)
    if kind == "phone":
        return _number(value)
    return value.strip()


def _address(value: str) -> str:
    value = value.strip().rstrip(_AFTER_DOMAIN)
    if value.isascii():
        return value.lower()
    local, at, domain = unicodedata.normalize("NFC", value).rpartition("@")
    folded = unicodedata.normalize("NFC", local.casefold())
    # A fold that ends in plain letters would hand over somebody else's mailbox.
    return f"{local if folded.isascii() and not local.isascii() else folded}{at}{_domain(domain)}"


def _domain(domain: str) -> str:
    domain = domain.casefold().rstrip(".")
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return domain
    try:
        return domain.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return domain


def _number(value: str) -> str:
    plain = unicodedata.normalize("NFKC", value).strip()
    digits = "".join([character for character in plain if character in _DIGITS])
    if not digits:
        return plain
    if plain.startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") and len(digits) > 2 else digits


def domain_of(address: str) -> str:
    """The domain of a mail address in its one spelling; empty where there is none."""
    _, at, domain = normalise("email", address).rpartition("@")
    return domain if at else ""


def looks_like(address: str, known: Iterable[str], name: str = "") -> str | None:
    """Which known address or domain a sender imitates, None when they are honest.

    The address may be written in letters that look alike, or carry a known domain as its first
    labels; the display ``name`` may hold somebody's address. An address of, or under, a known
    domain imitates nobody.
    """
    plain = normalise("email", address)
    domain = domain_of(plain)
    names = [normalise("email", one).removeprefix("@") for one in known]
    if any(one in (plain, domain) or domain.endswith(f".{one}") for one in names):
        return None
    shown, shown_domain, called = _as_seen(plain), _as_seen(domain), name.casefold()
    for one in names:
        target = shown if "@" in one else shown_domain
        if _as_seen(one) == target or _holds(plain, one) or _holds(called, one):
            return one
    return None


def _as_seen(name: str) -> str:
    """What a hurried reader sees."""
    labels = [_unpunycoded(label) for label in name.split(".")]
    seen = unicodedata.normalize("NFKD", ".".join(labels)).casefold()
    seen = "".join([one for one in seen if not unicodedata.combining(one)])
    seen = seen.translate(_SEEN_AS).replace("-", "")
    for pair, letter in _SEEN_AS_ONE:
        seen = seen.replace(pair, letter)
    return seen


def _unpunycoded(label: str) -> str:
    local, at, name = label.rpartition("@")
    if not name.startswith("xn--"):
        return label
    try:
        return f"{local}{at}{name.encode('ascii').decode('idna')}"
    except UnicodeError:
        return label


def _holds(text: str, name: str) -> bool:
    """Whether a known name stands in the text as if it were the sender."""
    return bool(re.search(rf"(?<![\w.+-]){re.escape(name)}(?![\w-])", text))


def network_of(ip: str) -> str:
    """Whom to count requests against: an IPv4 address, or the /64 that an IPv6 guest is given."""
    try:
        address = ipaddress.ip_address(ip.strip().partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
