"""X's API through tweepy: moved to ``base_url``, with time-outs, and never waiting inside a call.

The library has no time-outs of its own and would sleep through a rate limit; the mounted adapter
gives it the one and it is told not to do the other. Tokens are refreshed by hand: the library loses
the new pair when the scope's spelling changes.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import tweepy
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError

from channels.contract import ChannelError, Refused, Token, Transient, Unknown, Vault

_HOST = "https://api.twitter.com"
_TIMEOUT = (3.05, 20.0)
_WINDOW = timedelta(minutes=15)
_ANEW = "authorise the account again and set refresh_token to what that gives"

# At DEBUG the library writes bearer tokens into the log.
logging.getLogger("tweepy").setLevel(logging.INFO)


class _Adapter(HTTPAdapter):
    """Sends what is meant for the library's one host to ours, within a time."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: Any, **given: Any) -> Any:  # type: ignore[override]  # handed on
        request.url = request.url.replace(_HOST, self._base, 1)
        given["timeout"] = given.get("timeout") or _TIMEOUT
        return super().send(request, **given)


class Line:
    """One account's line to X."""

    def __init__(self, base_url: str, client_id: str, vault: Vault) -> None:
        """Nothing is asked of the platform yet."""
        self._base, self._client_id, self._vault = base_url.rstrip("/"), client_id, vault
        self._session = requests.Session()
        self._session.mount(_HOST, _Adapter(self._base))

    def read(self, call: Callable[[Any], Any]) -> dict[str, Any]:
        """Make a reading call; whatever keeps it from an answer is for later."""
        try:
            return self._with_token(call)
        except Unknown as fault:
            raise Transient(str(fault)) from fault

    def write(self, call: Callable[[Any], Any]) -> dict[str, Any]:
        """Make a writing call; without a clear answer nobody can know."""
        return self._with_token(call)

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _with_token(self, call: Callable[[Any], Any]) -> dict[str, Any]:
        seed, token = self._vault.secret("refresh_token"), ""
        for _ in range(2):
            token = self._vault.token("user", self._refreshed, seed=seed, stale=token)
            client = tweepy.Client(token, wait_on_rate_limit=False, return_type=dict)
            client.session.close()
            client.session = self._session
            try:
                said = _called(lambda: call(client))  # noqa: B023  # called before the next turn
            except tweepy.Unauthorized:
                continue
            return _good(said)
        raise Refused(f"X refuses our access; {_ANEW}", channel_fault=True)

    def _refreshed(self, renewal: str) -> Token:
        """A new pair; the old refresh token is used up by asking."""
        form = {"grant_type": "refresh_token", "refresh_token": renewal}
        secret = self._vault.secret("client_secret", "")
        login = (self._client_id, secret) if secret else None
        if login is None:
            form["client_id"] = self._client_id
        try:
            answer = self._session.post(
                f"{self._base}/2/oauth2/token", data=form, auth=login, timeout=_TIMEOUT
            )
            said = answer.json()
        except (requests.RequestException, ValueError) as fault:
            raise Transient(f"no token could be fetched: {type(fault).__name__}") from fault
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Transient(f"no token now ({answer.status_code})", after(answer))
        value = said.get("access_token") if isinstance(said, dict) else None
        if answer.status_code != 200 or not isinstance(value, str):
            raise Refused(f"X does not renew our access; {_ANEW}", channel_fault=True)
        lasts = timedelta(seconds=max(60, int(said.get("expires_in") or 7200)))
        return Token(value, lasts, str(said.get("refresh_token") or renewal))


def _called(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except tweepy.Unauthorized:
        raise
    except tweepy.HTTPException as fault:
        raise _meant(fault) from fault
    except requests.ConnectTimeout as fault:
        raise Transient("no connection to X") from fault
    except requests.RequestException as fault:
        inner = fault.args[0] if fault.args else None
        if isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError):
            raise Transient("no connection to X") from fault
        raise Unknown(f"no answer from X: {type(fault).__name__}") from fault
    except ValueError as fault:
        raise Unknown("an answer of X that nobody can read") from fault


def _good(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise Unknown("an answer of X without fields")
    if not said.get("data") and said.get("errors"):
        raise Refused(f"X refuses: {_told(said['errors'])}")
    return said


def _told(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(first.get("title") or first.get("detail") or "")[:200]


def _meant(fault: Any) -> ChannelError:
    status = fault.response.status_code
    said = f"X answered {status}: {'; '.join(map(str, fault.api_messages))[:200]}"
    if status == 402 or (status == 429 and "usage-capped" in fault.response.text):
        told = f"the money for X is used up ({status}); buy credits or raise the cap at X"
        return Refused(told, channel_fault=True)
    if status == 403 and "client-forbidden" in fault.response.text:
        told = "X does not let the app in (client-forbidden); give it a project that may do this"
        return Refused(told, channel_fault=True)
    if status == 429:
        return Transient(said, after(fault.response) or _WINDOW)
    return Unknown(said) if status >= 500 else Refused(said)


def after(answer: requests.Response) -> timedelta | None:
    """How long until the limit is lifted, by the platform's own clock."""
    try:
        reset = int(answer.headers["x-rate-limit-reset"])
        moment = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return None
    return timedelta(seconds=max(1, min(reset - moment + 1, 86_400)))
