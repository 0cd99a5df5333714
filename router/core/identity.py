"""Who a handle belongs to: one spelling for each address, number and network.

Two spellings of one mailbox must meet, and two mailboxes must never: whoever shares a spelling
with a requester shares that requester's tickets.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable

import idna

from router.core.masking import redact

_LONGEST_DOMAIN, _LONGEST_LABEL = 253, 63
_NAMED = re.compile(r"[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}")
_ENCODED = "xn--"
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
#: A name with nothing around it that would make it part of another.
_ALONE = r"(?<![\w.+-])%s(?![\w-])"
_SEEN_AS_ONE = (("rn", "m"), ("vv", "w"), ("ci", "d"))  # "cl" has become "ci" by then


#: What is read of a name. Masked before it is cut: half a phrase is none to a mask, and still half.
_NAME_READ, _NAME = 4000, 200


def called(name: str) -> str:
    """What somebody is called, as it may be kept: on one line, masked, and then cut."""
    return redact.mask(" ".join(name[:_NAME_READ].split())).text[:_NAME]


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
    # Lower case only: folding makes one letter of two that tell mailboxes apart (\u00df and ss).
    folded = unicodedata.normalize("NFC", local.lower())
    # A fold that ends in plain letters would hand over somebody else's mailbox.
    return f"{local if folded.isascii() and not local.isascii() else folded}{at}{_domain(domain)}"


def _domain(domain: str) -> str:
    """The domain as name servers are asked for it (IDNA2008, UTS 46 non-transitional). What is no
    domain by that stays as it was written, in small letters: it is answered to nobody else."""
    domain = domain.rstrip(".")
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii").rstrip(".")
    except UnicodeError:
        return unicodedata.normalize("NFC", domain.lower())


def written(address: str) -> str:
    """An address as people write it: the labels of its domain that are kept in ASCII (``xn--``) in
    their own letters. Whatever was encoded by another rule than ours is decoded all the same."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{'.'.join(_in_letters(label) for label in domain.split('.'))}"


def _in_letters(label: str) -> str:
    if not label.startswith(_ENCODED):
        return label
    try:
        return label.removeprefix(_ENCODED).encode("ascii").decode("punycode")
    except UnicodeError:
        return label


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
    """Which known address or domain a sender imitates, None when they are honest."""
    return Guarded(known).looks_like(address, name)


class Guarded:
    """Addresses and domains that senders may pretend to be. Made once, asked of every message."""

    def __init__(self, known: Iterable[str]) -> None:
        """Take the names; each is kept in its one spelling and as a hurried reader sees it."""
        plain = dict.fromkeys(normalise("email", one).removeprefix("@") for one in known if one)
        self._names = {one: _as_seen(one) for one in plain}
        self._alone = {one: re.compile(_ALONE % re.escape(one)) for one in plain}

    def looks_like(self, address: str, name: str = "") -> str | None:
        """Which known address or domain a sender imitates, None when they are honest.

        The address may be written in letters that look alike, or carry a known domain as its first
        labels; the display ``name`` may hold somebody's address. An address of, or under, a known
        domain imitates nobody.
        """
        plain = normalise("email", address)
        domain = domain_of(plain)
        if any(one in (plain, domain) or domain.endswith(f".{one}") for one in self._names):
            return None
        shown, shown_domain, called = _as_seen(plain), _as_seen(domain), name.casefold()
        for one, seen in self._names.items():
            target = shown if "@" in one else shown_domain
            if seen == target or self._stands(one, plain) or self._stands(one, called):
                return one
        return None

    def _stands(self, name: str, text: str) -> bool:
        """Whether a known name stands in the text as if it were the sender."""
        return name in text and self._alone[name].search(text) is not None

    def imitated(self, address: str, name: str) -> str:
        """As :meth:`looks_like`, or the address of somebody else that stands in the sender's name;
        empty when they are honest."""
        if "@" not in address:
            return ""
        if found := self.looks_like(address, name):
            return found
        if "@" not in name and "\uff20" not in name:
            return ""
        called = unicodedata.normalize("NFKC", name).casefold()
        named = _NAMED.search(called)
        domain = domain_of(address)
        if named is None or domain_of(named[0]) == domain:
            return ""
        return named[0][:_LONGEST_DOMAIN]


def _as_seen(name: str) -> str:
    """What a hurried reader sees."""
    if "xn--" in name:
        name = ".".join([_unpunycoded(label) for label in name.split(".")])
    seen = unicodedata.normalize("NFKD", name).casefold()
    if not seen.isascii():
        seen = "".join([one for one in seen if not _unseen(one)])
    seen = seen.translate(_SEEN_AS).replace("-", "")
    for pair, letter in _SEEN_AS_ONE:
        seen = seen.replace(pair, letter)
    return seen


def _unseen(one: str) -> bool:
    """Whether a character is a mark upon another, or is not shown at all (a joiner)."""
    return bool(unicodedata.combining(one)) or unicodedata.category(one) == "Cf"


def _unpunycoded(label: str) -> str:
    local, at, name = label.rpartition("@")
    if not name.startswith("xn--") or len(name) > _LONGEST_LABEL:
        return label
    try:  # as a reader's program might, whether it may stand in a domain or not
        return f"{local}{at}{name[4:].encode('ascii').decode('punycode')}"
    except UnicodeError:
        return label


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
