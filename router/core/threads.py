"""Which ticket a message belongs to, and the signed words that say so.

A token only *names* a ticket. To join it the sender must also take part in it: whoever was
forwarded a mail of ours holds its token and is still a stranger.

Tokens are lower-case base32 (letters and 2-7), so that a mail address carries them through servers
that change case; each kind is signed for its own purpose and cannot stand in for another.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from router.core.clock import EPOCH, from_us, to_us
from router.core.keys import Keyring

Kind = Literal["new", "append", "reopen", "follow_up", "linked"]
Trust = Literal["verified", "unverified", "failed"]

_ID = 8
_SECONDS = 5
_MICROSECONDS = 8
_MAC = 12
_SECOND = timedelta(seconds=1)
_REPLY, _STATUS, _FORM = "reply token", "status token", "form stamp"
_CHAT = "chat token"
_BROWSER = "browser token"
_EVIDENCE = {"token": 0, "message_id": 1, "conversation": 2}


class Tokens:
    """Makes and opens the signed words we hand out. What was not made here opens as None."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys

    def reply_token(self, ticket_id: int) -> str:
        """32 characters for the tag of a reply address; good for ever, for this ticket."""
        return self._make(_REPLY, ticket_id.to_bytes(_ID, "big"))

    def open_reply(self, token: str) -> int | None:
        """The ticket a reply token names; says nothing about who may use it."""
        body = self._open(_REPLY, token, _ID)
        return None if body is None else int.from_bytes(body, "big")

    def status_token(self, ticket_id: int, expires: datetime) -> str:
        """40 characters for a link that shows a ticket's state until ``expires``."""
        return self._dated(_STATUS, ticket_id, expires)

    def open_status(self, token: str, now: datetime) -> int | None:
        """The ticket a status link shows; None when it is forged or its time is over."""
        return self._undated(_STATUS, token, now)

    def chat_token(self, conversation_id: int, expires: datetime) -> str:
        """40 characters that let their holder read a conversation and write in it."""
        return self._dated(_CHAT, conversation_id, expires)

    def open_chat(self, token: str, now: datetime) -> int | None:
        """The conversation a token lets into; None when it is forged or its time is over."""
        return self._undated(_CHAT, token, now)

    def browser_token(self, agent_id: int, expires: datetime) -> str:
        """40 characters that say: somebody signed in as this agent by the browser that keeps it."""
        return self._dated(_BROWSER, agent_id, expires)

    def open_browser(self, token: str, now: datetime) -> int | None:
        """The agent a browser once signed in as; None when it is forged or its time is over."""
        return self._undated(_BROWSER, token, now)

    def form_stamp(self, now: datetime) -> str:
        """Says when a form was handed out, in a hidden field of it."""
        return self._make(_FORM, to_us(now).to_bytes(_MICROSECONDS, "big"))

    def form_age(self, stamp: str, now: datetime) -> timedelta | None:
        """How long ago the form was handed out, never negative; None when the stamp is forged."""
        body = self._open(_FORM, stamp, _MICROSECONDS)
        if body is None:
            return None
        return max(now - from_us(int.from_bytes(body, "big")), timedelta())

    def _dated(self, purpose: str, number: int, expires: datetime) -> str:
        until = (expires - EPOCH) // _SECOND
        return self._make(purpose, number.to_bytes(_ID, "big") + until.to_bytes(_SECONDS, "big"))

    def _undated(self, purpose: str, token: str, now: datetime) -> int | None:
        body = self._open(purpose, token, _ID + _SECONDS)
        if body is None or EPOCH + int.from_bytes(body[_ID:], "big") * _SECOND <= now:
            return None
        return int.from_bytes(body[:_ID], "big")

    def _make(self, purpose: str, body: bytes) -> str:
        signed = body + self._keys.sign(purpose, body, _MAC)
        return base64.b32encode(signed).decode().lower()

    def _open(self, purpose: str, token: str, size: int) -> bytes | None:
        """Sizes are multiples of five bytes, so that no two words decode to the same bytes."""
        if len(token) * 5 != (size + _MAC) * 8 or not token.isascii():
            return None
        try:
            signed = base64.b32decode(token, casefold=True)
        except binascii.Error:
            return None
        body, mac = signed[:size], signed[size:]  # padding makes it shorter; verify wants all
        return body if self._keys.verify(purpose, body, mac, _MAC) else None


# ---------------------------------------------------------------- which ticket


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ticket that a message names: by ``token``, by ``message_id`` or by ``conversation``.
    ``verified`` says that its requester's mail came with a sender our own receiver vouched for."""

    ticket_id: int
    how: str
    closed_at: datetime | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a message. ``reason`` is a code: what named the ticket, or why the message
    did not join (``closed_too_long``, ``not_a_participant``, ``failed_check`` …)."""

    kind: Kind
    ticket_id: int | None
    reason: str


def decide(
    candidates: Sequence[Candidate],
    *,
    sender_is_participant: Collection[int],
    now: datetime,
    reopen_days: int,
    trust: Trust = "unverified",
) -> Decision:
    """Join, reopen, follow up, link or open a new ticket.

    ``sender_is_participant`` holds the tickets the sender takes part in. Signed tokens outweigh
    quoted ids, those outweigh the platform's conversation; among equals the first named wins. A
    ticket that can still be joined outweighs one that was closed too long ago.

    ``trust`` is what our receiver says of the sender. A sender who failed its check takes part in
    nothing. One it does not vouch for joins the ticket of one it did only by the signed token,
    which nobody but its requester was sent; to quote the id of a mail is not enough.
    """
    ordered = sorted(candidates, key=lambda one: _EVIDENCE[one.how])
    own = [one for one in ordered if one.ticket_id in sender_is_participant]
    believed = [one for one in own if _believed(one, trust)]
    if own and not believed:
        reason = "failed_check" if trust == "failed" else "not_verified"
        return Decision("linked", own[0].ticket_id, reason)
    own = believed
    since = now - timedelta(days=reopen_days)
    for one in own:
        if one.closed_at is None:
            return Decision("append", one.ticket_id, one.how)
        if one.closed_at >= since:
            return Decision("reopen", one.ticket_id, one.how)
    if own:
        return Decision("follow_up", own[0].ticket_id, "closed_too_long")
    if ordered:
        return Decision("linked", ordered[0].ticket_id, "not_a_participant")
    return Decision("new", None, "")


def _believed(one: Candidate, trust: Trust) -> bool:
    """Whether the sender's word is good enough to join this ticket of theirs."""
    if trust == "failed":
        return False
    return trust == "verified" or one.how != "message_id" or not one.verified
