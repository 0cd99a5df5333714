"""What a door is lent and what binds it: its options, its secrets and tokens, how much it may send
and its source can hold.

:mod:`channels.contract` hands all of it on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class Quota:
    """The platform lets one account send so often in so long a time, whoever asks."""

    sends: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """What the platform allows. ``None`` means no limit.

    ``text`` counts characters and ``text_bytes`` UTF-8 bytes of one message; a longer text goes out
    as several. ``reply_within`` is how long after the requester's last message we may answer,
    ``human_within`` the same for what a person wrote, ``sends_per_message`` how many answers each
    message of theirs allows, ``attachment_bytes`` how much of files goes with one (0: no files).
    ``passive_within``: the acknowledgement can ride on the answer to the webhook, if it is there by
    then. ``live``: a conversation of the moment on pages of our own; what is sent is seen as soon
    as it is written down, and waits for nobody to take it back.
    """

    text: int | None = None
    text_bytes: int | None = None
    reply_within: timedelta | None = None
    human_within: timedelta | None = None
    sends_per_message: int | None = None
    quotas: tuple[Quota, ...] = ()
    passive_within: timedelta | None = None
    attachment_bytes: int = 0
    live: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``limit`` sends in any stretch of ``seconds``."""

    seconds: int
    limit: int


@dataclass(frozen=True, slots=True)
class Room:
    """How full a source is, in kilobytes; a limit of 0 is unknown."""

    used: int = 0
    limit: int = 0


@runtime_checkable
class HasRoom(Protocol):
    """A door whose source can be full."""

    def room(self) -> Room:
        """How full it was when last looked at."""
        ...


class ChannelOptions(BaseModel):
    """Settings of one channel; a subclass a channel. The field's ``description`` is the docs."""

    # An id that is all digits is a number where nobody put it into quotes.
    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, coerce_numbers_to_str=True
    )

    enabled: bool = True
    team: str = Field(
        "",
        description="The team whose queue its tickets join, but for security; empty: support. Its "
        "own service hours are a calendar that serves it ([calendars]).",
    )
    language: Literal["", "zh", "en"] = Field(
        "", description="The language of who writes here when their own is not known."
    )

    def lacks(self) -> Mapping[str, str]:
        """Options without which an account cannot work, each with what to write there."""
        return {}

    def needs(self) -> Sequence[str]:
        """The names of the secrets that an account set up so cannot do without."""
        return ()

    def trying_out(self) -> Sequence[str]:
        """That ``base_url``, where there is one, leads to a sandbox."""
        if str(getattr(self, "base_url", "https://")).startswith("https://"):
            return ()
        return ("base_url is a sandbox's; leave it out where the public reaches the desk",)


@dataclass(frozen=True, slots=True)
class Token:
    """A token from a platform: how long it lasts, and the word that renews it where they rotate."""

    value: str
    lasts: timedelta
    renewal: str = ""


class Vault(Protocol):
    """Secrets and tokens, lent to a channel by the router."""

    def secret(self, name: str, default: str | None = None) -> str:
        """The secret of that name for this channel; raises when it is not set and must be."""
        ...

    def token(self, name: str, fetch: Callable[[str], Token], *, seed: str, stale: str = "") -> str:
        """The token in force, the same in every process; ``fetch`` is called by one at a time.

        ``fetch`` is given the renewal word of the last token, ``seed`` at first and whenever the
        seed has changed. ``stale`` is a token that was just refused: unless somebody has renewed it
        meanwhile, it is fetched anew.
        """
        ...
