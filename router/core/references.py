"""The references people see: ticket numbers to read over the telephone, and mail Message-IDs.

A number is drawn from the ticket's id by a MAC: nobody can count our tickets or guess the next one.
Its last character is a check. The alphabet has 31 characters, none of them like another; 31 is
prime, so a weighted sum catches every single wrong character and every swap of neighbours.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable

from router.core.keys import Keyring
from router.errors import Invalid

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
PREFIX = "WT"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_PRIME = len(ALPHABET)
_DRAWN = 9
_HALF = 5
_LONGEST_INPUT = 40
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212_.#]+")
_ID_LEFT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ID_RIGHT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def ticket_number(ticket_id: int, keys: Keyring) -> str:
    """``WT-7KQ2M-XF4TC``: 44 drawn bits and a check. The same id gives the same number only under
    the same key, so it is stored with the ticket."""
    left = int.from_bytes(keys.sign("ticket number", ticket_id.to_bytes(8, "big")), "big")
    values = []
    for _ in range(_DRAWN):
        left, value = divmod(left, _PRIME)
        values.append(value)
    values.append(_check(values))
    body = "".join([ALPHABET[value] for value in values])
    return f"{PREFIX}-{body[:_HALF]}-{body[_HALF:]}"


def normalise_number(text: str) -> str | None:
    """The number as we write it, however somebody typed it (case, spaces, full-width letters, no
    ``WT``); None when it is no number of ours or has a slip in it."""
    if len(text) > _LONGEST_INPUT:
        return None
    body = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    if len(body) == len(PREFIX) + _DRAWN + 1 and body.startswith(PREFIX):
        body = body.removeprefix(PREFIX)
    values = [_VALUE.get(character, -1) for character in body]
    if len(values) != _DRAWN + 1 or min(values) < 0 or values[-1] != _check(values[:-1]):
        return None
    return f"{PREFIX}-{body[:_HALF]}-{body[_HALF:]}"


def number_range(text: str) -> tuple[str, str] | None:
    """The first and the last number that begin like this, as somebody types them; None for what is
    no beginning of one. Without ``WT`` it takes the first half, for shorter ones are words too; a
    number whose own half begins like that is found with its ``WT`` before it."""
    if len(text) > _LONGEST_INPUT:
        return None
    body = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    least = _HALF
    if body.startswith(PREFIX) and len(body) > len(PREFIX):
        body, least = body.removeprefix(PREFIX), 2
    if not least <= len(body) <= _DRAWN or any(one not in _VALUE for one in body):
        return None
    first, last = (body.ljust(_DRAWN + 1, ALPHABET[end]) for end in (0, -1))
    return (
        f"{PREFIX}-{first[:_HALF]}-{first[_HALF:]}",
        f"{PREFIX}-{last[:_HALF]}-{last[_HALF:]}",
    )


def _check(values: Iterable[int]) -> int:
    """The check's own weight is -1: neighbours never weigh the same, and nothing weighs nothing."""
    return sum(weight * value for weight, value in enumerate(values, start=1)) % _PRIME


def outgoing_id(domain: str) -> str:
    """A new Message-ID of ours, ``<o.<128 drawn bits>@domain>``: it tells nobody which ticket it is
    of or how many there are, and who has not had the mail cannot answer it."""
    return message_id(f"o.{secrets.token_hex(16)}", domain)


def message_id(token: str, domain: str) -> str:
    """``<token@domain>`` (RFC 5322); raises Invalid where that would not be one Message-ID."""
    if not _ID_LEFT.fullmatch(token):
        raise Invalid("message_id", "bad_token", given=token)
    if not _ID_RIGHT.fullmatch(domain):
        raise Invalid("message_id", "bad_domain", given=domain)
    return f"<{token}@{domain}>"
