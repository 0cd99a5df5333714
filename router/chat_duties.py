"""What a chat needs when nobody writes in it: the hour at which the desk closes is told, and an
answer that nobody reads goes to the address that was left."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib import resources
from string import Template
from typing import Any

from router import chatting
from router.assemble import NO_DOMAIN, Router
from router.core.clock import to_us
from router.core.references import outgoing_id
from router.core.wording import LANGUAGES
from router.store import chats, outbox, timeline
from router.store.unit import Unit

#: Whoever wrote so lately is still there to be told that the desk closes.
_THERE = timedelta(hours=2)
#: A conversation that never held anything is dropped after so long.
_EMPTY = timedelta(days=1)
FOLLOW_UP = "follow_up"


def sweep(router: Router) -> int:
    """See to every chat; how many were told or written to."""
    accounts = [account for kind, account in router.doors if kind == chatting.KIND]
    done = sum(_tell_closed(router, one) + _follow_up(router, one) for one in accounts)
    empty = to_us(router.clock.now() - _EMPTY)
    with router.store.reading() as unit:
        any_empty = chats.any_empty(unit, empty)
    if any_empty:
        router.store.write(lambda unit: chats.forget_empty(unit, empty), bulk=True)
    return done


def _tell_closed(router: Router, account: str) -> int:
    """The desk has closed: whoever is in a chat is told when somebody is there again."""
    now = router.clock.now()
    hours = chatting.hours(router, account, now)
    if hours.open or hours.opens_at is None:
        return 0
    opens_at = to_us(hours.opens_at)
    with router.store.reading() as unit:
        rows = [
            row
            for row in chats.going_on(unit, account, to_us(now - _THERE))
            if row.notice_at != opens_at
        ]
    if rows:

        def work(unit: Unit) -> None:
            for row in rows:
                chats.tell_closed(unit, row.id, opens_at)

        router.store.write(work)
    return len(rows)


def _follow_up(router: Router, account: str) -> int:
    """Mail what was not read, with the way back to the conversation."""
    speaker = router.doors.speaker("email", chatting.KIND, account)
    if speaker is None:
        return 0
    waits = timedelta(minutes=chatting.door(router, account).options.follow_up_minutes)
    before = to_us(router.clock.now() - waits)
    with router.store.reading() as unit:
        rows = chats.not_read(unit, account, before)
    for row in rows:
        router.store.write(lambda unit: _mail(router, unit, row, speaker))  # noqa: B023  # run at once
    return len(rows)


def _mail(router: Router, unit: Unit, row: Any, speaker: tuple[str, str]) -> None:
    texts = chats.mailed(unit, row.id, row.upto)
    if not texts:
        return  # read meanwhile, or another process was here
    restored = row.at < router.restored_us  # then it may have been mailed before
    words = _words(row.language)
    token = router.tokens.chat_token(row.id, unit.now + chatting.LASTS)
    told = {
        "number": row.number,
        "desk": router.settings.desk.name(row.language),
        "answer": "\n\n".join(texts),
        "link": f"{router.settings.public_url}/chat/talk#{token}",
    }
    mail = router.doors.open(*speaker)
    reply_to = mail.reply_address(router.tokens.reply_token(row.ticket_id))
    name, signature = mail.signs(row.language)
    row_id = unit.new_id()
    outbox.queue(
        unit,
        id=row_id,
        ticket_id=row.ticket_id,
        purpose=FOLLOW_UP,
        once=f"chat:{row.id}:{row.upto}",
        channel=speaker[0],
        account=speaker[1],
        identity_id=row.contact_id,
        subject=Template(words["subject"]).substitute(told).strip(),
        text=Template(words["body"]).substitute(told).strip(),
        signature=signature,
        sender_name=name or told["desk"],
        rfc_id=outgoing_id(reply_to.rpartition("@")[2] or NO_DOMAIN),
        reply_to=reply_to,
        language=row.language,
        state="held" if restored else "queued",
        reason="restored" if restored else "",
    )
    if not restored:
        timeline.note(unit, row.ticket_id, "chat_mailed", count=len(texts))


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    folder = resources.files("router").joinpath("texts")
    return {
        one: tomllib.loads(folder.joinpath(f"chat.{one}.toml").read_text("utf-8"))
        for one in LANGUAGES
    }


def _words(language: str) -> Mapping[str, str]:
    known = _texts()
    if language in known:
        return known[language]
    return known["zh" if language.startswith("zh") else "en"]
