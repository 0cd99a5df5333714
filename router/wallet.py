"""The wallet's own backend, as the desk calls it: what an account's state is, and the calls that go
out signed. What was looked up is kept in this process's memory for a set time and nowhere else.
"""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from router import configuration
from router.core import standard_webhooks
from router.errors import Conflict, Fault, SettingsFault
from router.settings import PREFIX, Settings

#: Whom calls go to, and the secret each is signed with.
WALLET, SMS = "wallet", "sms"
_SECRETS = {WALLET: "wallet.secret", SMS: "gate.sms_secret"}
#: Seconds until a connection stands, and until an answer is there.
_PATIENCE = (3.0, 8.0)
_LONGEST_ANSWER = 64 * 1024
_LONGEST_WORD = 80
#: Looks remembered at most.
_MOST = 500
STATES = ("active", "locked", "frozen", "closed")

Handle = tuple[str, str]


class Answer(NamedTuple):
    """What the far side said: the HTTP status, and the JSON object in the body if it was one."""

    status: int
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """The state of an account as the wallet tells it. Moments are None where it says none."""

    handle: Handle
    number: str
    state: str
    last_login_at: datetime | None
    device: str
    frozen_at: datetime | None


class Look(NamedTuple):
    """What one agent saw, and when."""

    at: datetime
    accounts: tuple[Account, ...]


class Silent(OSError):
    """The far side could not be reached, or its answer was cut or no answer."""


@cache
def _library() -> Any:
    """``requests``, where there is anything to call; its errors are OSErrors."""
    return importlib.import_module("requests")


@cache
def _faults() -> tuple[type[Exception], ...]:
    """What a call may raise. While a body is read it is the library below that raises, and its
    errors are not OSErrors."""
    return OSError, importlib.import_module("urllib3.exceptions").HTTPError


class Wallet:
    """The wallet's systems. Shared by threads."""

    def __init__(self, settings: Settings) -> None:
        """Know where they are; nothing is called yet."""
        self._urls = {WALLET: settings.wallet.url, SMS: settings.gate.sms_url}
        self._lent: dict[str, str] = {}
        self._looks_on = settings.wallet.look_up
        self._kept_for = timedelta(seconds=settings.wallet.cache_seconds)
        self._looks: dict[tuple[int, int], Look] = {}
        self._lock = threading.Lock()

    def join(self, urls: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        """Play with the sandbox: what it plays is reached there from now on."""
        self._urls = {**self._urls, **urls}
        self._lent = {**self._lent, **secrets}

    def on(self, target: str) -> bool:
        """Whether there is anything to call."""
        return bool(self._urls[target])

    def check_fit(self) -> None:
        """Raise SettingsFault where calls are to be made that nobody could sign."""
        for target, url in self._urls.items():
            if url:
                self.secret(target)

    @property
    def looks(self) -> bool:
        """Whether accounts can be looked up."""
        return self._looks_on and self.on(WALLET)

    def secret(self, target: str) -> str:
        """What calls to and from it are signed with; raises SettingsFault when it is not set or no
        secret of Standard Webhooks."""
        name = _SECRETS[target]
        found = self._lent.get(name)
        if found is None and (given := configuration.secret(name)) is not None:
            found = given.get_secret_value()
        where = f"environment {PREFIX}{name.upper().replace('.', '__')}"
        if not found:
            raise SettingsFault([Fault(where, f"is not set; calls to {target} are signed with it")])
        try:
            standard_webhooks.key_of(found)
        except ValueError as fault:
            raise SettingsFault([Fault(where, str(fault))]) from fault
        return found

    def call(self, target: str, message_id: str, body: bytes, now: datetime) -> Answer:
        """One signed call. Raises Silent, or SettingsFault when it cannot be signed."""
        signed = standard_webhooks.headers(
            self.secret(target), message_id, int(now.timestamp()), body
        )
        try:
            with _library().post(
                self._urls[target],
                data=body,
                headers={"Content-Type": "application/json", **signed},
                timeout=_PATIENCE,
                allow_redirects=False,
                stream=True,
            ) as answer:
                text = answer.raw.read(_LONGEST_ANSWER, decode_content=True)
                return Answer(answer.status_code, _object(text))
        except _faults() as fault:
            raise Silent(type(fault).__name__) from fault

    # ------------------------------------------------------------ looking up

    def look(
        self, who_id: int, ticket_id: int, handles: Iterable[Handle], now: datetime, message_id: str
    ) -> Look:
        """Ask for the accounts behind these handles and remember it for this agent and ticket.

        Raises Conflict ``wallet_silent`` when nothing can be learnt now.
        """
        wanted = [{"kind": kind, "value": value} for kind, value in handles]
        body = json.dumps(
            {
                "type": "account.look_up",
                "timestamp": now.isoformat(),
                "data": {"identities": wanted},
            }
        ).encode()
        try:
            answer = self.call(WALLET, message_id, body, now)
        except Silent as fault:
            raise Conflict("wallet_silent") from fault
        if not 200 <= answer.status < 300:
            raise Conflict("wallet_silent")
        look = Look(now, tuple(_accounts(answer.said)))
        with self._lock:
            self._forget(now)
            if self._kept_for and len(self._looks) < _MOST:
                self._looks[who_id, ticket_id] = look
        return look

    def seen(self, who_id: int, ticket_id: int, now: datetime) -> Look | None:
        """What this agent saw on this ticket a moment ago."""
        with self._lock:
            self._forget(now)
            return self._looks.get((who_id, ticket_id))

    def knows(self, who_id: int, ticket_id: int, handle: Handle, now: datetime) -> bool:
        """Whether the wallet said just now that an account has this handle."""
        look = self.seen(who_id, ticket_id, now)
        return look is not None and any(one.handle == handle for one in look.accounts)

    def _forget(self, now: datetime) -> None:
        over = [key for key, one in self._looks.items() if now - one.at >= self._kept_for]
        for key in over:
            del self._looks[key]


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, or nested too deep to be read
        return {}
    return found if isinstance(found, dict) else {}


def _accounts(said: Mapping[str, Any]) -> Iterable[Account]:
    """What we understand of an answer, and nothing else of it."""
    listed = said.get("accounts")
    for one in listed[:20] if isinstance(listed, list) else ():
        identity = one.get("identity") if isinstance(one, dict) else None
        if not isinstance(identity, dict):
            continue
        state = _word(one, "state")
        yield Account(
            handle=(_word(identity, "kind"), str(identity.get("value", ""))[:320]),
            number=_word(one, "account"),
            state=state if state in STATES else "",
            last_login_at=_moment(_word(one, "last_login_at")),
            device=_word(one, "device"),
            frozen_at=_moment(_word(one, "frozen_at")),
        )


def _word(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value[:_LONGEST_WORD] if isinstance(value, str) else ""


def _moment(given: str) -> datetime | None:
    """A moment in ISO 8601; one without a zone is taken as UTC, one that is none is left out."""
    with suppress(ValueError):
        at = datetime.fromisoformat(given)
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return None
