"""Telling widgets what happens in their conversation, and the desk who is there and types.

A stream holds a thread, so there are few: a widget without a place is told what there is and when
to come back. Who is there and who types is known to every web process through the room.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from router import chatting
from router.assemble import Router
from router.core.clock import from_us, monotonic
from router.store import chats
from router.web.live import BEAT, LONGEST, Hub
from router.web.room import Room

#: The browser comes back after so long when a stream ends; not all of them at once.
_RETRY_MS = (2_000, 10_000)
#: That somebody types is told again so often.
_AGAIN = 4.0
#: Polling widgets: each waits so many seconds at least and at most, and longer the more there are.
_POLL, _SLOWEST, _POLLS_A_SECOND = 2.0, 15.0, 50
#: Places that one conversation may take: nobody needs more tabs of it than that.
_TABS = 2


class Talks:
    """The conversations whose visitors this process serves; may be shared by threads."""

    def __init__(self, router: Router, hub: Hub, room: Room) -> None:
        self._router, self._hub, self._room = router, hub, room
        web = router.settings.web
        self._places = min(web.chat_streams, web.threads // 2)
        self._lock = threading.Lock()
        #: When a visitor was last heard of by this process.
        self._heard: dict[int, float] = {}
        self._watched: Counter[int] = Counter()
        self._seqs: dict[int, int] = {}
        self._looked = -1

    # ------------------------------------------------------------ who is there

    def heard_of(self, conversation: int, *, types: bool | None = None) -> None:
        """The visitor is there; ``types`` says whether they are typing, where that is known."""
        now = monotonic()
        with self._lock:
            self._heard[conversation] = now
            if len(self._heard) > 10_000:
                self._heard = {at: one for at, one in self._heard.items() if one > now - _SLOWEST}
        self._room.visit(conversation, types=types)

    def is_here(self, conversation: int) -> bool:
        """Whether the visitor has their widget open."""
        return self._room.is_visited(conversation)

    def types(self, conversation: int) -> bool:
        """Whether the visitor is typing."""
        return self._room.types(conversation)

    # ------------------------------------------------------------ places

    def enter(self, conversation: int) -> bool:
        """Take a place among the streams; False when all are taken."""
        with self._lock:
            full = self._watched.total() >= self._places or self._watched[conversation] >= _TABS
            if full or self._hub.over:
                return False
            self._watched[conversation] += 1
            self._looked = -1
        self._hub.watch()
        return True

    def leave(self, conversation: int) -> None:
        """Give the place back."""
        with self._lock:
            self._watched[conversation] -= 1
            if self._watched[conversation] <= 0:
                del self._watched[conversation]

    def again(self) -> float:
        """In how many seconds a widget without a place shall ask again."""
        since = monotonic() - _SLOWEST
        with self._lock:
            many = sum(heard > since for heard in self._heard.values())
        wait = min(_SLOWEST, max(_POLL, many / _POLLS_A_SECOND))
        return round(wait * random.uniform(0.8, 1.2), 1)  # noqa: S311  # no secret

    # ------------------------------------------------------------ what happens

    def state(self, row: Any, after: int) -> dict[str, Any]:
        """Everything a widget shows of a conversation, as ``row`` says it is: what happened after
        a number, whether the desk types, the hours."""
        return {
            "conversation_id": str(row.id),
            "events": self._events(row, after),
            "seq": row.seq,
            "read": row.desk_seq,
            "reachable": row.contact_id is not None or bool(row.verified),
            "number": row.number or "",
            "ended": row.ended_at is not None,
            "typing": self._typing(row),
            "service_hours": self.hours(row.account),
            "again": self.again(),
        }

    def hours(self, account: str) -> dict[str, Any]:
        """The service hours, with our own time beside them: the visitor's clock may be wrong."""
        now = self._router.clock.now()
        hours = chatting.hours(self._router, account, now)
        return {
            "now": now.isoformat(),
            "open": hours.open,
            "closes_at": hours.closes_at.isoformat() if hours.closes_at else None,
            "opens_at": hours.opens_at.isoformat() if hours.opens_at else None,
        }

    def wait(self, row: Any, after: int, patience: timedelta) -> dict[str, Any]:
        """As :meth:`state`, once there is something new or patience is over. The place must have
        been taken."""
        until = monotonic() + patience.total_seconds()
        while not self._hub.over and (left := until - monotonic()) > 0:
            mark = self._hub.mark()
            if self._come(row.id) > after:
                break
            self._hub.wait(mark, left)
        return self.state(self._fresh(row), after)

    def stream(self, row: Any, after: int, *, placed: bool) -> Iterator[str]:
        """Server-sent events from a number on. Without a place: what there is, and when to ask
        again."""
        low, high = _RETRY_MS
        yield f"retry: {random.randint(low, high)}\n\n"  # noqa: S311  # no secret
        mark = self._hub.mark()
        state = self.state(row, after)
        yield _loose("state", {key: value for key, value in state.items() if key != "events"})
        yield from _told(state["events"])
        if not placed:
            yield _loose("poll", {"again": state["again"]})
            return
        after = max([after, *(one["seq"] for one in state["events"])])
        yield from self._going_on(row, after, mark)

    def _going_on(self, row: Any, after: int, mark: tuple[int, int]) -> Iterator[str]:
        until, typing, opened = monotonic() + LONGEST.total_seconds(), False, None
        while not self._hub.over and monotonic() < until:
            said = False
            if self._come(row.id) > after:
                row = self._fresh(row)
                events = self._events(row, after)
                yield from _told(events)
                after = max([after, *(one["seq"] for one in events)])
                said = bool(events)
            now_typing = self._typing(row)
            if now_typing or typing:
                yield _loose("typing", {"on": bool(now_typing)})
                said = True
            typing = bool(now_typing)
            hours = self.hours(row.account)
            if opened not in (None, hours["open"]):
                yield _loose("hours", hours)
            opened = hours["open"]
            if not said:
                yield ": still here\n\n"
            self.heard_of(row.id)
            self._hub.wait(mark, _AGAIN if typing else BEAT.total_seconds())
            mark = self._hub.mark()

    def _come(self, conversation: int) -> int:
        """How far the conversation has come: one look at the database for all streams and each
        change of it."""
        version = self._hub.version
        with self._lock:
            if version != self._looked:
                with self._router.store.reading() as unit:
                    self._seqs = chats.latest(unit, list(self._watched))
                self._looked = version
            return self._seqs.get(conversation, 0)

    def _typing(self, row: Any) -> bool:
        return row.ticket_id is not None and bool(self._room.writes(row.ticket_id))

    def _fresh(self, row: Any) -> Any:
        with self._router.store.reading() as unit:
            return chats.find(unit, row.id) or row

    def _events(self, row: Any, after: int) -> list[dict[str, Any]]:
        if row.seq <= after:
            return []
        with self._router.store.reading() as unit:
            rows = chats.events(unit, row.id, after)
            files = chats.files(unit, [one.message_id for one in rows if one.message_id])
        door = chatting.door(self._router, row.account)
        named = door.options.agent_names
        return [_shown(one, files.get(one.message_id, []), named=named) for one in rows]


def _shown(row: Any, files: list[Any], *, named: bool) -> dict[str, Any]:
    """One event as the widget gets it."""
    told: dict[str, Any] = {"seq": row.seq, "type": row.code, "at": from_us(row.at).isoformat()}
    if row.params:
        told |= json.loads(row.params)
    if isinstance(told.get("opens_at"), int):
        told["opens_at"] = from_us(told["opens_at"]).isoformat()
    if row.code == "agent_joined":
        told["name"] = row.agent if named else ""
    if row.code == "message":
        visitor = row.once.startswith("in:")
        told["from"] = "visitor" if visitor else "agent" if row.message_id else "desk"
        told["text"] = row.text
        told["message_id"] = str(row.message_id or "")
        if visitor:
            told["client_msg_id"] = row.once.removeprefix("in:")
        elif row.message_id and named:
            told["name"] = row.agent or ""
        told["files"] = [
            {"token": one.token, "name": one.name, "mime": one.mime, "size": one.size}
            for one in files
        ]
    return told


def _told(events: list[dict[str, Any]]) -> Iterator[str]:
    for one in events:
        yield f"id: {one['seq']}\nevent: {one['type']}\ndata: {_json(one)}\n\n"


def _loose(name: str, told: dict[str, Any]) -> str:
    """What has no number: it is true now, and of no use later."""
    return f"event: {name}\ndata: {_json(told)}\n\n"


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
