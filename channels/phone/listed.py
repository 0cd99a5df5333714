"""Calls whose reports were lost, out of a Twilio-shaped provider's own list.

The list is newest first, a page at a time. A look goes back to the newest call of the last one, and
some hours further, for a call that went on then has ended since; what was told before changes
nothing.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from channels.phone import told

Get = Callable[[str, Mapping[str, str]], Mapping[str, Any]]

#: How far behind the newest known call is looked again.
_AGAIN = timedelta(hours=4)
_PAGES, _SIZE = 20, 200
_BEGINNING = datetime(1970, 1, 2, tzinfo=UTC)


def look(
    get: Get, account_sid: str, cursor: Mapping[str, Any], *, through: bool = False
) -> Iterator[tuple[list[bytes], dict[str, Any]]]:
    """(items, cursor) since the last look; at first only the place is noted. ``through``: calls are
    put through by us, so one without a leg to somebody was answered by nobody."""
    place = told.moment(str(cursor.get("listed", "")))
    first = told.moment(str(cursor.get("listed_from", "")))
    path = path_of(account_sid)
    asked = {"PageSize": str(_SIZE)}
    if place is not None:
        asked["StartTime>"] = (place - _AGAIN).strftime("%Y-%m-%d")
    items: list[bytes] = []
    newest = place
    for _ in range(_PAGES):
        said = get(path, asked)
        rows = [one for one in said.get("calls") or () if isinstance(one, dict)]
        moments = [at for one in rows if (at := _started(one)) is not None]
        newest = max([one for one in (newest, *moments) if one is not None], default=None)
        if place is not None:
            since = max(place - _AGAIN, first or place)
            fresh = [one for one in rows if (_started(one) or place) > since]
            items += [_item(one, through=through) for one in fresh]
        path, asked = told.word(said, "next_page_uri", 2000), {}
        behind = place is None or (moments and min(moments) < place - _AGAIN)
        if not path.startswith("/") or behind:
            break
    known = (newest or _BEGINNING).isoformat()  # of an empty list every later call is new
    kept = {"listed_from": known, **cursor, "listed": known}
    if items or kept != dict(cursor):
        yield items, kept


def path_of(account_sid: str) -> str:
    """Where the provider lists the calls of an account."""
    return f"/2010-04-01/Accounts/{account_sid}/Calls.json"


def _started(row: Mapping[str, Any]) -> datetime | None:
    return told.moment(told.word(row, "start_time"))


def _item(row: Mapping[str, Any], *, through: bool) -> bytes:
    """A row of the list in the shape in which the call, or its leg, would have been reported."""
    ended = told.moment(told.word(row, "end_time")) or _started(row)
    form = {
        "CallSid": told.word(row, "sid"),
        "ParentCallSid": told.word(row, "parent_call_sid"),
        "From": told.word(row, "from"),
        "To": told.word(row, "to"),
        "CallStatus": told.word(row, "status"),
        "Direction": told.word(row, "direction"),
        "CallDuration": told.word(row, "duration"),
        "Timestamp": format_datetime(ended) if ended is not None else "",
    }
    alone = through and form["Direction"].startswith("inbound")
    return json.dumps({"form": form, "night": alone}, sort_keys=True).encode()
