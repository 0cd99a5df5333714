"""The settings of who somebody is: the identity gate, and the wallet's own backend."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from router.promise_settings import Section

Purpose = Literal["unlock", "unfreeze", "phone", "password"]

_HERE = ("127.0.0.1", "localhost", "::1")


def _gated() -> dict[str, Purpose]:
    return {"login.account_locked": "unlock"}


def _reachable(url: str) -> str:
    """An address that may be called: https, or this very machine."""
    parts = urlsplit(url)
    if url and not (
        parts.hostname
        and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE))
    ):
        message = "must begin with https://, for what is sent there is about people's money"
        raise ValueError(message)
    return url.rstrip("/")


class GateSettings(Section):
    """The identity gate: who somebody is, before an account is changed for them. Codes go out by
    mail, or by SMS through a provider's webhook (its signing secret, whsec_…, is
    ROUTER__GATE__SMS_SECRET)."""

    categories: dict[str, Purpose] = Field(
        default_factory=_gated,
        description="A ticket of such a category cannot be closed as done before its gate is "
        "passed or set aside.",
    )
    code_minutes: int = Field(10, ge=1, le=60, description="A code is good for so many minutes.")
    tries: int = Field(5, ge=1, le=10, description="Wrong tries before a code is spent.")
    codes: int = Field(3, ge=1, le=10, description="Codes a gate at most.")
    codes_day: int = Field(6, ge=1, description="Codes to one address or number in 24 hours.")
    known_hours: int = Field(
        24,
        ge=0,
        description="An address is on file once it has been ours for so long, or at once when the "
        "wallet's backend knows it.",
    )
    sms_url: str = Field("", description="Where SMS are handed over (https://…); empty: no SMS.")
    sms_secret: SecretStr | None = Field(None, exclude=True, description="Only in the environment.")

    _sms_url = field_validator("sms_url")(_reachable)


class WalletSettings(Section):
    """The wallet's own backend, asked and told by signed calls (Standard Webhooks). The secret
    both sides sign with, whsec_…, is ROUTER__WALLET__SECRET."""

    url: str = Field("", description="Where it takes calls (https://…); empty: there is none.")
    look_up: bool = Field(
        default=True, description="Let agents look up the state of a requester's account."
    )
    cache_seconds: int = Field(
        120, ge=0, le=900, description="What was looked up is kept in memory for so long."
    )
    freeze: Literal["verified", "always", "never"] = Field(
        "verified",
        description="Ask for a freeze at once when its sender is verified, always, or only when "
        "an agent does.",
    )
    confirm_minutes: int = Field(
        3, ge=1, description="Somebody is told when a request is not confirmed within so long."
    )
    secret: SecretStr | None = Field(None, exclude=True, description="Only in the environment.")

    _url = field_validator("url")(_reachable)
