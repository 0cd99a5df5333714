"""Renewing a token (RFC 6749, section 6), as Google, Microsoft and others want it for mailboxes."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import timedelta

from channels.contract import Refused, Token, Transient

#: The secrets' names in the vault.
REFRESH, CLIENT_SECRET = "oauth_refresh_token", "oauth_client_secret"  # names
_TIMEOUT = 20.0
_LONGEST = 100_000
_USUAL = 3600
_LOOPBACK = ("http://127.0.0.1:", "http://localhost:")


@dataclass(frozen=True, slots=True)
class Grant:
    """Where tokens are renewed, and for whom."""

    url: str
    client_id: str
    scope: str


def renew(grant: Grant, refresh: str, client_secret: str) -> Token:
    """A new token, with the word that renews it: the one before where the answer has none.

    Raises Refused when the provider takes our word no more, Transient else.
    """
    if not grant.url.startswith(("https://", *_LOOPBACK)):
        raise Refused("oauth_url must begin with https://", channel_fault=True)
    asked = {
        "grant_type": "refresh_token",
        "refresh_token": refresh,
        "client_id": grant.client_id,
        "client_secret": client_secret,
        "scope": grant.scope,
    }
    body = urllib.parse.urlencode({key: value for key, value in asked.items() if value}).encode()
    try:
        with urllib.request.urlopen(grant.url, body, timeout=_TIMEOUT) as answer:  # noqa: S310  # https, checked above
            said = json.loads(answer.read(_LONGEST))
    except urllib.error.HTTPError as fault:
        raise _at_answer(fault) from fault
    except (OSError, ValueError) as fault:
        raise Transient(f"no token could be asked for: {type(fault).__name__}") from fault
    access = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(access, str) or not access:
        raise Transient("the answer holds no token")
    seconds = said.get("expires_in", _USUAL)
    return Token(
        access,
        timedelta(seconds=int(seconds) if str(seconds).isdecimal() else _USUAL),
        str(said.get("refresh_token") or refresh),
    )


def _at_answer(fault: urllib.error.HTTPError) -> Refused | Transient:
    """A provider says 400 or 401 with a word when the grant is over; else it is in trouble."""
    with fault:
        try:
            said = json.loads(fault.read(_LONGEST)).get("error", "")
        except (OSError, ValueError, AttributeError):
            said = ""
    if fault.code in (400, 401, 403) and said not in ("temporarily_unavailable", "slow_down"):
        return Refused(f"the token is renewed no more: {said or fault.code}", channel_fault=True)
    return Transient(f"no token could be had: {fault.code} {said}")
