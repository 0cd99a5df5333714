"""Whom a message says money went to: the payee as it was named, in one spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST = 20_000
_MOST = 10
_NAMED = re.compile(
    r"(?:收款(?:人|方|账户|账号|帐号|地址)|对方(?:账户|账号|帐号|昵称|名字)?|转给(?:了)?|打给(?:了)?"
    r"|payee|recipient|beneficiary|counterparty|(?:sent|transferred|paid)(?:\s+\S{1,20}){0,3}?\s+to)"
    r"(?:\s*(?:name|account|id|是|为|叫|is))?\s*[::=]?\s*[\"“「']?"
    r"([A-Za-z0-9@][A-Za-z0-9@._+-]{4,63})",
    re.IGNORECASE,
)


def counterparties(text: str) -> Iterator[str]:
    """Accounts that a text names as payees, each once, in small letters. A plain word is none: it
    must hold a digit or an @."""
    seen: set[str] = set()
    for found in _NAMED.finditer(text[:_LONGEST]):
        name = found[1].strip("._-+").lower()
        if len(name) > 4 and re.search(r"[\d@]", name) and name not in seen:
            seen.add(name)
            yield name
            if len(seen) == _MOST:
                return
