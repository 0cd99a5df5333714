"""X: mentions and direct messages in, by polling and by webhook; direct messages out.

Anybody may read a mention, so in public the desk only ever says: write to us privately. What only
X's own programs can open becomes a ticket that says so.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from channels.contract import (
    Answer,
    BadRequest,
    BadSignature,
    Batch,
    Channel,
    ChannelOptions,
    Event,
    Heard,
    Hook,
    Inbound,
    Limits,
    Outbound,
    Quota,
    Raw,
    Receipt,
    Refused,
    Unknown,
    Vault,
)
from channels.x import activity
from channels.x.sending import Line

_WEIGHT = 280
_PAGE = 100
#: Mentions reach back so many pages at most; X gives no more.
_MENTION_PAGES = 8
#: A challenge is answered with what also signs deliveries, so it must be one that no delivery could
#: be: those are JSON objects.
_CHALLENGE = re.compile(r"[A-Za-z0-9_+/=.-]{1,128}")
_SKEW = timedelta(minutes=2)


class XOptions(ChannelOptions):
    """One account. Its secrets: refresh_token (of the OAuth 2 authorisation, used once),
    consumer_secret (signs webhooks) and, for a confidential app, client_secret."""

    user_id: str = Field("", description="The account's own id, as digits.")
    client_id: str = Field("", description="The app's OAuth 2 client id.")
    base_url: str = Field("https://api.x.com", description="Where the API is; or a sandbox.")
    mentions: bool = Field(default=True, description="Public mentions become tickets too.")
    start: Literal["all", "now"] = Field(
        "all",
        description="What of an account that is not new is read at first: all that X still gives "
        "(messages of 30 days, the 800 newest mentions), or only what comes from now on.",
    )
    invite_zh: str = Field(
        "您好，我们已收到您的消息。为保护您的隐私，请通过私信联系我们。",
        description="What is answered in public, in Chinese; nothing else ever is.",
    )
    invite_en: str = Field(
        "Hello, we have seen your message. To protect your privacy, please write to us in a "
        "direct message.",
        description="The same in English.",
    )
    sends_per_quarter: int = Field(
        15, ge=1, description="Direct messages X lets the account send in 15 minutes."
    )
    sends_per_day: int = Field(1440, ge=1, description="And in 24 hours.")
    poll_seconds: int = Field(
        60, ge=1, description="How often to look; X allows 15 looks in 15 minutes."
    )

    @field_validator("invite_zh", "invite_en")
    @classmethod
    def _fits_a_post(cls, text: str) -> str:
        if weight(text) > _WEIGHT:
            raise ValueError(f"is longer than a post ({weight(text)} of {_WEIGHT})")
        return text

    def lacks(self) -> Mapping[str, str]:
        """Without its own id the account would take its own answers for somebody's messages."""
        found = {}
        if not (self.user_id.isascii() and self.user_id.isdecimal()):
            found["user_id"] = "is no account's id; write its digits, not its @name"
        if not self.client_id:
            found["client_id"] = "is not set; write the OAuth 2 client id of the app"
        return found

    def needs(self) -> Sequence[str]:
        """What signs pushes, and what the first token is renewed by."""
        return ("refresh_token", "consumer_secret")


def weight(text: str) -> int:
    """How much of a post's 280 a text takes: most scripts beyond Latin count twice."""
    return sum(
        1 if ord(letter) < 0x1100 or 0x2000 <= ord(letter) < 0x2038 else 2 for letter in text
    )


class X(Channel):
    """An account of the desk."""

    kind = "x"
    label_zh: ClassVar[str] = "X（推特）"
    label_en: ClassVar[str] = "X"
    identity = "x"
    own_people = True
    Options = XOptions

    def __init__(self, account: str, options: XOptions, vault: Vault) -> None:
        super().__init__(account, options, vault)
        self.limits = Limits(
            text=10_000,
            quotas=(
                Quota(options.sends_per_quarter, timedelta(minutes=15)),
                Quota(options.sends_per_day, timedelta(hours=24)),
            ),
        )
        self._line = Line(options.base_url, options.client_id, vault)

    # ------------------------------------------------------------ in

    def receive(self, request: Hook) -> Heard:
        """The challenge, or the events of one delivery."""
        secret = self.vault.secret("consumer_secret").encode()
        if request.method == "GET":
            word = request.query.get("crc_token", "")
            if not _CHALLENGE.fullmatch(word):
                raise BadRequest("a challenge without its word")
            said = json.dumps({"response_token": _signature(secret, word.encode())})
            return Heard(answer=Answer(body=said.encode(), mime="application/json"))
        given = request.headers.get("x-twitter-webhooks-signature", "")
        wanted = _signature(secret, request.body)
        if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            raise BadSignature("not signed with the consumer secret")
        return Heard(tuple(activity.pushed(request.body)))

    def meant_for(self, raw: Raw) -> bool:
        """Whether this account wrote or was written to, where an event says so."""
        parties = activity.parties(raw.data)
        return not parties or self.options.user_id in parties

    def parse(self, raw: Raw) -> Sequence[Inbound]:
        """One message, or none when the event is something else."""
        own = self.options.user_id
        found = activity.message(raw, kind=self.kind, account=self.account, own=own)
        return () if found is None else (found,)

    def events(self, raw: Raw) -> Sequence[Event]:
        """What an event says that is no message."""
        return activity.events(raw, kind=self.kind, own=self.options.user_id)

    def identify(self, data: bytes) -> str:
        """The platform's id of an event."""
        return activity.identify(data)

    def unfit(self) -> Sequence[str]:
        """A sandbox, or an app without its secrets, is for trying out."""
        for name in ("refresh_token", "consumer_secret"):
            self.vault.secret(name)
        return tuple(self.options.trying_out())

    # ------------------------------------------------------------ looking

    def poll(self, cursor: Mapping[str, Any]) -> Iterator[Batch]:
        """Direct messages back to the one we know, then mentions since the one we know."""
        if not cursor and self.options.start == "now":
            yield Batch((), self._newest())
            return
        place = dict(cursor)
        for batch in self._direct_messages(place):
            place = dict(batch.cursor)
            yield batch
        if self.options.mentions:
            yield from self._mentions(place)

    def settle(self, items: Sequence[Raw]) -> None:
        """Nothing is moved on the platform."""

    def _newest(self) -> dict[str, Any]:
        """A cursor behind all there is."""
        pages = {"dm": lambda client: self._dm_page(client, None)}
        if self.options.mentions:
            pages["mention"] = lambda client: self._mention_page(client, None, None)
        place = {}
        for name, page in pages.items():
            listed = self._line.read(page).get("data") or ()
            place[name] = str(max((_id(one) for one in listed), default=0))
        return place

    def _direct_messages(self, place: dict[str, Any]) -> Iterator[Batch]:
        """Newest first, a page at a time; a look that was cut short goes on where it stopped."""
        known, page, top = (
            int(place.get("dm", 0)),
            place.get("dm_page"),
            int(place.get("dm_top", 0)),
        )
        anew = False
        while True:
            try:
                said = self._line.read(partial(self._dm_page, page=page))
            except Refused as fault:
                if page is None or anew or fault.channel_fault:
                    raise
                page, anew = None, True  # the word for it is too old: from the newest again, once
                continue
            listed = [one for one in said.get("data") or () if isinstance(one, dict)]
            fresh = [one for one in listed if _id(one) > known]
            top = max([top, *map(_id, fresh)])
            includes = said.get("includes") or {}
            raws = [
                activity.written("dm", one, users=includes.get("users", []))
                for one in reversed(fresh)
                if activity.word(one, "sender_id") != self.options.user_id
                and activity.word(one, "event_type") in ("", "MessageCreate")
            ]
            page = (said.get("meta") or {}).get("next_token")
            ended = not page or len(fresh) < len(listed)
            moved = {**place, "dm": str(max(known, top))} if ended else dict(place)
            for name in ("dm_page", "dm_top"):
                moved.pop(name, None)
            if not ended:
                moved |= {"dm_page": page, "dm_top": str(top)}
            if raws or moved != place:
                yield Batch(tuple(raws), moved, more=not ended)
            if ended:
                return
            place = moved

    def _dm_page(self, client: Any, page: Any) -> Any:
        return client.get_direct_message_events(
            max_results=_PAGE,
            dm_event_fields=[
                *("created_at", "dm_conversation_id", "attachments", "entities", "event_type")
            ],
            expansions=["sender_id", "attachments.media_keys"],
            user_fields=["name", "username"],
            pagination_token=page,
            user_auth=False,
        )

    def _mentions(self, place: dict[str, Any]) -> Iterator[Batch]:
        since, page = place.get("mention"), None
        raws: list[Raw] = []
        newest = str(since or "0")
        for _ in range(_MENTION_PAGES):
            said = self._line.read(partial(self._mention_page, since=since, page=page))
            listed = [one for one in said.get("data") or () if isinstance(one, dict)]
            users = (said.get("includes") or {}).get("users", [])
            raws += [activity.written("post", one, users=users) for one in listed]
            newest = max([newest, *(activity.word(one, "id") for one in listed)], key=_number)
            page = (said.get("meta") or {}).get("next_token")
            if not page:
                break
        if raws:
            yield Batch(tuple(reversed(raws)), {**place, "mention": newest})

    def _mention_page(self, client: Any, since: Any, page: Any) -> Any:
        return client.get_users_mentions(
            self.options.user_id,
            since_id=None if since == "0" else since,
            max_results=_PAGE,
            pagination_token=page,
            tweet_fields=["created_at", "conversation_id", "author_id", "entities"],
            expansions=["author_id"],
            user_fields=["name", "username"],
            user_auth=False,
        )

    # ------------------------------------------------------------ out

    def speak(self, outbound: Outbound) -> Receipt:
        """A direct message; the acknowledgement of a mention is the public invitation."""
        if outbound.automatic and outbound.conversation.startswith("mention:"):
            return self._invite(outbound)
        said = self._line.write(
            lambda client: client.create_direct_message(
                participant_id=outbound.to.value, text=outbound.text, user_auth=False
            )
        )
        found = activity.word(said.get("data"), "dm_event_id")
        if not found:
            raise Unknown("accepted, it seems, but without an id")
        return Receipt(found)

    def _invite(self, outbound: Outbound) -> Receipt:
        chinese = outbound.locale.startswith("zh")
        text = self.options.invite_zh if chinese else self.options.invite_en
        posts = [one.removeprefix("post:") for one in outbound.thread_ids if "post:" in one]
        answered = posts[0] if posts else outbound.conversation.removeprefix("mention:")
        said = self._line.write(
            lambda client: client.create_tweet(
                text=text, in_reply_to_tweet_id=answered, user_auth=False
            )
        )
        return Receipt(activity.word(said.get("data"), "id"))

    def look_up(self, outbound: Outbound) -> Receipt | None:
        """Whether this text stands in the conversation since it was made."""
        if outbound.automatic and outbound.conversation.startswith("mention:"):
            raise Unknown("public answers are not looked up")
        said = self._line.read(
            lambda client: client.get_direct_message_events(
                participant_id=outbound.to.value,
                dm_event_fields=["created_at", "event_type"],
                expansions=["sender_id"],
                max_results=_PAGE,
                user_auth=False,
            )
        )
        for one in said.get("data") or ():
            ours = activity.word(one, "sender_id") == self.options.user_id
            made = _moment(activity.word(one, "created_at"))
            recent = made is not None and made >= outbound.created_at - _SKEW
            if ours and recent and activity.written_as(activity.word(one, "text"), outbound.text):
                return Receipt(activity.word(one, "id"))
        return None

    def log_in(self) -> str:
        """Ask whose our access is: another account's would take its own answers for messages."""
        said = self._line.read(lambda client: client.get_me(user_auth=False))
        found = activity.word(said.get("data"), "id")
        if found != self.options.user_id:
            raise Refused(f"our access is the account {found}'s; authorise that of user_id")
        return "X takes our access"

    def close(self) -> None:
        """Let go of the connection."""
        self._line.close()


def _signature(secret: bytes, body: bytes) -> str:
    digest = hmac.new(secret, body, hashlib.sha256).digest()
    return f"sha256={base64.b64encode(digest).decode('ascii')}"


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdigit() else 0


def _id(event: Mapping[str, Any]) -> int:
    return _number(activity.word(event, "id"))


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None
