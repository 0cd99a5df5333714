"""WeChat's API through wechatpy, with our own time-outs, token keeping and one retry at most.

The library's own retry asks for tokens without end when the platform refuses them, and its token
call cannot be moved or timed: both are replaced here.
"""

import threading
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from channels.contract import (
    Attachment,
    Receipt,
    Refused,
    Token,
    Transient,
    Unknown,
    Vault,
    WindowClosed,
)
from channels.far_files import fetched, lies_at

_TIMEOUT = (3.05, 15.0)
_STALE = frozenset({40001, 40014, 42001})
_OURS = frozenset({40013, 40125, 40164, 89503, 50002, 48001, 40200})
#: A send tries so many tokens at most; the platform is asked for new ones twice at most.
_TOKENS, _ASKED = 4, 2
_LATER = {-1: None, 45009: timedelta(hours=1), 45011: timedelta(seconds=60)}
_LARGEST = 25 * 1024 * 1024


#: What whoever set the account up has to do about an error of the platform's.
_ADVICE = {
    40001: "the AppSecret is wrong or was reset; set app_secret to the one in the console",
    40013: "the platform knows no such AppID; compare appid with the console",
    40125: "the AppSecret is wrong or was reset; set app_secret to the one in the console",
    40164: "this server's address is not allowed; add it in the console (IP白名单)",
    40200: "the account is of a kind that may not do this; see the console (接口权限)",
    48001: "the account has no right to do this; see the console (接口权限)",
    50002: "the account is frozen; see the console",
    89503: "an administrator of the account has to confirm this server in WeChat",
}


class _Stale(Exception):  # it says what the token is
    """The platform does not take this token."""


class _Client(WeChatClient):  # type: ignore[misc]  # an untyped library
    """wechatpy's client, moved to ``base_url`` and fed with tokens from outside."""

    held = threading.local()

    def __init__(self, base_url: str, appid: str) -> None:
        self.API_BASE_URL = f"{base_url}/cgi-bin/"
        super().__init__(appid, "", timeout=_TIMEOUT, auto_retry=False)

    @property
    def access_token(self) -> str:
        return getattr(self.held, "token", "")


class Line:
    """One account's line to the platform."""

    def __init__(
        self, base_url: str, appid: str, vault: Vault, media_hosts: Collection[str] = ()
    ) -> None:
        """Nothing is asked of the platform yet."""
        self._base, self._appid, self._vault = base_url.rstrip("/"), appid, vault
        self._client = _Client(self._base, appid)
        self._media_hosts, self._films = media_hosts, requests.Session()

    def send(self, openid: str, text: str, kf_account: str) -> Receipt:
        """One customer-service message; raises Transient, Refused, WindowClosed or Unknown."""
        said = self._with_token(
            lambda: self._client.message.send_text(openid, text, kf_account or None)
        )
        if not isinstance(said, dict) or said.get("errcode") != 0:
            raise Unknown("the platform's answer was none of its own")
        return Receipt(detail="ok")

    def media(self, media_id: str) -> Attachment:
        """A file somebody sent; raises Transient or Refused."""
        try:
            said = self._with_token(lambda: self._client.media.download(media_id))
        except Unknown as fault:
            raise Transient(str(fault)) from fault
        if isinstance(said, dict) and isinstance(said.get("video_url"), str):
            return self._film(said["video_url"])
        if not isinstance(said, requests.Response):
            raise Refused("the platform has no such file any more")
        if len(said.content) > _LARGEST:
            raise Refused("the file is too large")
        mime = said.headers.get("Content-Type", "").partition(";")[0].strip()
        return Attachment("", mime or "application/octet-stream", said.content)

    def _film(self, address: str) -> Attachment:
        """A film, of which the platform only says where it lies: on a host of its own, and as its
        own documents say without TLS."""
        if urlsplit(address).scheme not in ("http", "https") or not lies_at(
            address, self._media_hosts
        ):
            raise Refused("the film lies on a host that is not the platform's")
        return fetched(self._films, address, "film")

    def log_in(self) -> None:
        """Ask for the token in force, which changes nothing; raises Transient or Refused."""
        self._stable_token(self._vault.secret("app_secret"), insist=False)

    def close(self) -> None:
        """Let go of the connections."""
        self._films.close()
        self._client._http.close()  # noqa: SLF001  # the library offers no other way

    def _with_token(self, call: Callable[[], Any]) -> Any:
        """Make the call with the token in force; a refused one is renewed, then the channel stops.

        What another process renewed meanwhile costs nothing; we ask twice at most, the second time
        insisting.
        """
        secret, asked, token = self._vault.secret("app_secret"), [0], ""

        def fetch(_: str) -> Token:
            asked[0] += 1
            return self._stable_token(secret, insist=asked[0] > 1)

        for _ in range(_TOKENS):
            fresh = self._vault.token("access", fetch, seed=secret, stale=token)
            if fresh == token and asked[0] < _ASKED:
                continue
            token = fresh
            self._client.held.token = token
            try:
                return _called(call)
            except _Stale:
                if asked[0] >= _ASKED:
                    break
        raise Refused(
            "the platform refuses every token of ours; look whether another program fetches tokens "
            "for this account, and whether app_secret is the one in the console",
            channel_fault=True,
        )

    def _stable_token(self, secret: str, *, insist: bool) -> Token:
        asked = {"grant_type": "client_credential", "appid": self._appid, "secret": secret}
        try:
            answer = requests.post(
                f"{self._base}/cgi-bin/stable_token",
                json={**asked, "force_refresh": insist},
                timeout=_TIMEOUT,
            )
            said = answer.json()
        except (requests.RequestException, ValueError) as fault:
            raise Transient(f"no token could be fetched: {type(fault).__name__}") from fault
        if not isinstance(said, dict):
            raise Transient("no token could be fetched: an answer without fields")
        if said.get("errcode") in (-1, 45009, 45011):
            raise Transient(f"no token now: {said.get('errcode')}", _LATER[said["errcode"]])
        if not isinstance(said.get("access_token"), str):
            told = _told(said.get("errcode"))
            raise Refused(f"the platform gives us no token: {told}", channel_fault=True)
        lasts = timedelta(seconds=max(60, int(said.get("expires_in") or 7200) - 300))
        return Token(said["access_token"], lasts)


def _called(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except WeChatClientException as fault:
        raise _meant(fault) from fault
    except requests.ConnectTimeout as fault:
        raise Transient("no connection to the platform") from fault
    except requests.ConnectionError as fault:
        reason = getattr(fault.args[0], "reason", None) if fault.args else None
        if isinstance(fault.args[0], MaxRetryError) and isinstance(reason, NewConnectionError):
            raise Transient("no connection to the platform") from fault
        raise Unknown("the line broke before the platform's answer") from fault
    except requests.RequestException as fault:
        raise Unknown(f"no answer from the platform: {type(fault).__name__}") from fault


def _meant(fault: Any) -> Exception:
    """What an error of the platform means (its table in the contract)."""
    code = fault.errcode
    if code is None:
        return _answered(getattr(fault.response, "status_code", 0))
    said = _told(code)
    if code in _STALE:
        return _Stale(said)
    if code in _LATER:
        return Transient(said, _LATER[code])
    if code in (45015, 45047):
        return WindowClosed(said)
    return Refused(said, channel_fault=code in _OURS)


def _told(code: object) -> str:
    advice = _ADVICE.get(code) if isinstance(code, int) else None
    return f"errcode {code}: {advice}" if advice else f"errcode {code}"


def _answered(status: int) -> Exception:
    if status == 503:
        return Transient("the platform is busy (503)")
    if status >= 500:
        return Unknown(f"the platform answered {status}")
    return Refused(f"the platform answered {status}", channel_fault=True)
