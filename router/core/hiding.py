"""Addresses that may be shown: without the password somebody wrote into them."""

from __future__ import annotations

import re

from router.core.masking.secret import HIDDEN

#: Up to the last @ before the path: a password may hold one by mistake.
_BEFORE_HOST = re.compile(r"(://[^/?#\s:@]*:)[^/?#\s]*(?=@)")
_IN_QUERY = re.compile(r"([?&](?:password|passwd|pwd|sslpassword)=)[^&#\s'\"]*", re.IGNORECASE)


def without_passwords(text: str) -> str:
    """The text with the passwords of all addresses in it hidden."""
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _BEFORE_HOST.sub(rf"\1{HIDDEN}", text))
