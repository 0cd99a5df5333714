"""Looking through a page's conversations for messages whose push was lost.

The platform lists conversations, and the messages in one, newest first and a page at a time; it
allows two calls a second. A look that would take too many calls stops and goes on at the next one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from channels.messenger import updates

Get = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
Found = Mapping[str, Any]

#: Conversations and messages of a page; pages of a conversation and calls of a look at most.
_CONVERSATIONS, _MESSAGES, _PAGES, _CALLS = 25, 50, 20, 40
_FIELDS = "id,created_time,from,to,message,attachments"


def look(
    get: Get, page_id: str, cursor: Mapping[str, Any]
) -> Iterator[tuple[list[Found], dict[str, Any], bool]]:
    """(messages, cursor, whether there is more) since the cursor; at first only the place."""
    since = str(cursor.get("updated", ""))
    seen = frozenset(map(str, cursor.get("seen", ())))
    top, after = str(cursor.get("top", since)), str(cursor.get("page", ""))
    calls, found = 0, []
    while calls < _CALLS:
        moved, after = _conversations(get, page_id, after, since)
        calls += 1
        top = max([top, *(updates.word(one, "updated_time") for one in moved)])
        for one in moved if since else ():
            listed = list(messages(get, updates.word(one, "id"), since))
            calls += 1 + len(listed) // _MESSAGES
            found += [said for said in listed if updates.word(said, "id") not in seen]
        if not after or not since:
            break
    newest = [updates.word(one, "id") for one in found if updates.word(one, "created_time") == top]
    newest += map(str, cursor.get("newest", ()))
    if after and since:
        yield found, {**cursor, "top": top, "page": after, "newest": newest}, True
        return
    known = [*seen, *newest] if top == since else newest
    place = {"updated": top, **({"seen": sorted(known)} if known else {})}
    if found or place != dict(cursor):
        yield found, place, False


def _conversations(get: Get, page_id: str, after: str, since: str) -> tuple[list[Found], str]:
    """One page of conversations that moved, and the word for the next page if it may hold more."""
    asked = {"platform": "messenger", "fields": "id,updated_time", "limit": _CONVERSATIONS}
    said = get(f"{page_id}/conversations", {**asked, **({"after": after} if after else {})})
    listed = [one for one in said.get("data", ()) if isinstance(one, dict)]
    moved: list[Found] = [
        one
        for one in listed
        if updates.word(one, "id") and updates.word(one, "updated_time") >= since
    ]
    return moved, _next(said) if moved and len(moved) == len(listed) else ""


def messages(get: Get, conversation: str, since: str) -> Iterator[Found]:
    """The messages of a conversation since then, oldest first; without a moment its newest page."""
    found: list[Found] = []
    after = ""
    for _ in range(_PAGES if since else 1):
        asked = {"fields": _FIELDS, "limit": _MESSAGES, **({"after": after} if after else {})}
        said = get(f"{conversation}/messages", asked)
        listed = [one for one in said.get("data", ()) if isinstance(one, dict)]
        fresh = [one for one in listed if updates.word(one, "created_time") >= since]
        found += fresh
        after = _next(said)
        if not after or len(fresh) < len(listed):
            break
    return iter(reversed(found))


def _next(said: Mapping[str, Any]) -> str:
    """The word for the next page; empty on the last."""
    paging = said.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return updates.word(cursors, "after") if isinstance(cursors, dict) else ""
