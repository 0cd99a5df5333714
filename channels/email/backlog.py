"""What waits in a mailbox: looked over by its subjects before it is read, and what is there of old.

Reading ten thousand mails takes minutes. Their subjects are there in a second, so whoever wrote
"somebody took my money" is seen before the letters ahead of theirs have been read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from channels.contract import Batch
from channels.email import headers, imap

#: A backlog of fewer than this is read at once, subjects and all.
LONG = 2 * imap.MOST_MAILS
#: Subjects of one look: the newest come first, and what is urgent among them is taken at once.
_TOGETHER = 500
_SUBJECT = "BODY.PEEK[HEADER.FIELDS (SUBJECT)]"
_ANSWER = b"BODY[HEADER.FIELDS (SUBJECT)]"
_NUMBER = re.compile(r"\d+")
_REPLY = re.compile(r"^\s*(?:re|aw|回复|答复)\s*[:\uff1a]\s*", re.IGNORECASE)


def skim(
    mailbox: imap.Mailbox, cursor: Mapping[str, Any], urgent: Callable[[str], bool]
) -> Iterator[Batch]:
    """The urgent ones of a long backlog, newest first; the cursor stays where it was."""
    with mailbox.folder() as (client, validity, upcoming):
        last = int(cursor.get("uid", 0)) if cursor.get("uidvalidity") == validity else 0
        uids = imap.news(client, last) if upcoming > last + LONG else []
    if len(uids) < LONG:
        return
    known: dict[str, bool] = {}
    while uids:
        uids, look = uids[:-_TOGETHER], uids[-_TOGETHER:]
        with mailbox.folder() as (client, now, _):
            if now != validity:
                return
            chosen = list(_subjects(client, look, urgent, known))
            sizes = imap.sizes_of(client, chosen) if chosen else {}
            items = tuple(imap.fetched(client, chosen, sizes))
        if items:
            yield Batch(items, dict(cursor), more=True, waiting=len(uids))


def _subjects(
    client: Any, uids: list[int], urgent: Callable[[str], bool], known: dict[str, bool]
) -> Iterator[int]:
    """The uids whose subject is urgent; subjects that differ in numbers alone are judged once."""
    for uid, answer in client.fetch(uids, [_SUBJECT]).items():
        subject = _REPLY.sub("", headers.read(answer.get(_ANSWER, b"")).text("subject"))[:500]
        alike = _NUMBER.sub("0", subject)
        if alike not in known:
            known[alike] = urgent(subject)
        if known[alike]:
            yield uid


def history(
    mailbox: imap.Mailbox, cursor: Mapping[str, Any], since: date | None
) -> Iterator[Batch]:
    """Everything the folder holds now, oldest first, from where the cursor stands. The first batch
    is empty and tells how many there are."""
    with mailbox.folder() as (client, validity, _):
        last = int(cursor.get("uid", 0)) if cursor.get("uidvalidity") == validity else 0
        found = client.search(["SINCE", since]) if since else client.search()
        uids = sorted(uid for uid in found if uid > last)
    place = {"uidvalidity": validity, "uid": last}
    yield Batch((), place, more=bool(uids), waiting=len(uids))
    while uids:
        with mailbox.folder() as (client, now, _):
            if now != validity:
                return
            sizes = imap.sizes_of(client, uids[: imap.MOST_MAILS])
            chosen = imap.chosen_of(uids, sizes)
            items = tuple(imap.fetched(client, chosen, sizes))
        uids = uids[len(chosen) :]
        place = {"uidvalidity": validity, "uid": chosen[-1]}
        yield Batch(items, place, more=bool(uids), waiting=len(uids))
