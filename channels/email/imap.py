"""A mailbox over IMAP: what is new since the cursor, and a knock when something arrives.

The cursor is ``{uidvalidity, uid}``. It says only where to go on reading; a mail that is fetched
twice is recognised by its remote id. One thread reads; ``close`` may come from any other.
"""

import contextlib
import imaplib
import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from channels.contract import Batch, Raw, Refused, Room, Transient
from channels.email.parse import CUT_HEADER, remote_id

MOST_MAILS = 100
MOST_BYTES = 8 * 1024 * 1024
LARGEST_MAIL = 35 * 1024 * 1024
_TIMEOUT = 60.0
_LONGEST_IDLE = timedelta(minutes=9)
#: A knock that comes with the server's "idling" is only heard when the idling ends, so the first
#: one ends soon.
_FIRST_IDLE = timedelta(seconds=1)
_CLIENT = {"name": "helpdesk-router"}
#: Bytes as the libraries quote them in what they raise.
_UNREAD = re.compile(r":? ?[\[(]*b(?:'.*'|\".*\").*", re.DOTALL)
_BROKEN = (OSError, imaplib.IMAP4.error, IMAPClientError, ValueError, LookupError, TypeError)


@dataclass(frozen=True, slots=True)
class Box:
    """Where the mailbox is, and as whom it is opened."""

    host: str
    port: int
    user: str
    folder: str
    tls: Literal["tls", "starttls", "none"]
    processed_folder: str
    poll_every: timedelta
    auth: Literal["password", "xoauth2", "oauthbearer"] = "password"
    start: Literal["all", "now"] = "all"


class Mailbox:
    """One connection, opened when it is needed and again after it broke."""

    def __init__(self, box: Box, password: Callable[..., str]) -> None:
        """``password`` lends the password or token; told the one just refused, another token."""
        self.room = Room()
        self._box = box
        self._password = password
        self._client: IMAPClient | None = None
        self._upcoming: int | None = None
        self._validity: int | None = None
        self._fetched: int | None = None
        self._stopping = threading.Event()
        self._bell: socket.socket | None = None
        self._hanging = threading.Lock()

    # --- reading ----------------------------------------------------------------------------------

    def poll(self, cursor: Mapping[str, Any]) -> Iterator[Batch]:
        """What is new, oldest first. Costs the same in a full mailbox as in an empty one."""
        client = self._opened()
        with self._unbroken():
            validity, upcoming = self._look(client)
            self._fetched = validity
            known = cursor.get("uidvalidity") == validity
            last = int(cursor.get("uid", 0)) if known else 0
            begun = {"from": cursor["from"]} if "from" in cursor else {}
            if not cursor and self._box.start == "now":
                begun = {"from": _newest(client, upcoming)}
                last = upcoming - 1
            since = date.fromisoformat(begun["from"]) if begun and not known and last == 0 else None
            uids = news(client, last, since) if upcoming > last + 1 else []
            self._upcoming = max(upcoming, uids[-1] + 1) if uids else upcoming
        if begun and not cursor:
            yield Batch((), {"uidvalidity": validity, "uid": last, **begun})
        while uids:
            with self._unbroken():
                sizes = sizes_of(client, uids[:MOST_MAILS])
                chosen = chosen_of(uids, sizes)
                items = tuple(fetched(client, chosen, sizes))
            uids = uids[len(chosen) :]
            last = chosen[-1]
            place = {"uidvalidity": validity, "uid": last, **begun}
            yield Batch(items, place, more=bool(uids), waiting=len(uids))

    @contextlib.contextmanager
    def folder(self) -> Iterator[tuple[IMAPClient, int, int]]:
        """The folder opened anew: the line, UIDVALIDITY and UIDNEXT; what breaks is Transient."""
        client = self._opened()
        with self._unbroken():
            validity, upcoming = self._look(client)
            self._fetched = validity
            yield client, validity, upcoming

    def holds(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID is in the folder."""
        with self.folder() as (client, _, _):
            return bool(client.search(["HEADER", "Message-ID", message_id]))

    def _look(self, client: IMAPClient) -> tuple[int, int]:
        """UIDVALIDITY and UIDNEXT of the folder, opened anew each time: of one that stays open
        Dovecot tells what it was, even when it has been deleted and made again.
        """
        answer = client.select_folder(self._box.folder, readonly=not self._box.processed_folder)
        if not {b"UIDVALIDITY", b"UIDNEXT"} <= answer.keys():  # a server of before RFC 3501
            answer = client.folder_status(self._box.folder, ["UIDVALIDITY", "UIDNEXT"])
        self._validity = int(answer[b"UIDVALIDITY"])
        return self._validity, int(answer[b"UIDNEXT"])

    def settle(self, items: Sequence[Raw]) -> None:
        """Move what is committed into the processed folder, if there is one."""
        uids = [int(item.settle) for item in items if item.settle.isdecimal()]
        if not uids or not self._box.processed_folder:
            return
        client = self._opened()
        if self._validity != self._fetched:
            return  # another folder stands there now; its uids are other mails
        with self._unbroken():
            _move(client, uids, self._box.processed_folder)

    # --- waiting ----------------------------------------------------------------------------------

    def wait(self, timeout: timedelta) -> bool:
        """True when the server knocked, or when it cannot knock and it is time to look."""
        try:
            return self._waited(timeout)
        except Transient:
            if self._stopping.is_set():
                return False
            raise

    def _waited(self, timeout: timedelta) -> bool:
        client = self._opened()
        with self._unbroken():
            if client.has_capability("IDLE"):
                if self._upcoming is not None and self._look(client)[1] != self._upcoming:
                    return True
                timeout = min(timeout, _LONGEST_IDLE)
                return self._idle(client, min(timeout, _FIRST_IDLE)) or (
                    timeout > _FIRST_IDLE and self._idle(client, timeout - _FIRST_IDLE)
                )
        patience = min(timeout, self._box.poll_every)
        stopped = self._stopping.wait(patience.total_seconds())
        return not stopped and self._box.poll_every <= timeout

    def _idle(self, client: IMAPClient, timeout: timedelta) -> bool:
        woken, bell = socket.socketpair()
        with self._hanging:
            self._bell = bell
        try:
            client.idle()
            patience = 0 if self._stopping.is_set() else timeout.total_seconds()
            ready, _, _ = select.select([client.socket(), woken], [], [], patience)
            if self._stopping.is_set():
                return False
            heard = client.idle_check(timeout=0) if ready else []
            _, rest = client.idle_done()
            return any(_is_news(answer) for answer in (*heard, *rest))
        finally:
            with self._hanging:
                self._bell = None
                woken.close()
                bell.close()
                if self._stopping.is_set():
                    self._drop()

    # --- the connection ---------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the connection; a thread in ``wait`` comes back at once, and lets go itself."""
        self._stopping.set()
        with self._hanging:
            if self._bell is None:
                self._drop()
            else:
                self._bell.send(b"\0")

    def _opened(self) -> IMAPClient:
        if self._client is None and not self._stopping.is_set():
            password = self._password()
            with self._unbroken():
                self._client = self._let_in(password)
        with self._hanging:
            client = self._client
            if client is None or self._stopping.is_set():
                self._drop()
                raise Transient("the mailbox is closed")
        return client

    def _let_in(self, password: str) -> IMAPClient:
        """Logged in; a token that is refused is renewed once."""
        try:
            return self._connected(password)
        except Refused:
            if self._box.auth == "password":
                raise
        return self._connected(self._password(password))

    def _connected(self, password: str) -> IMAPClient:
        box = self._box
        context = ssl.create_default_context()
        client = IMAPClient(
            box.host,
            port=box.port,
            ssl=box.tls == "tls",
            ssl_context=context if box.tls == "tls" else None,
            timeout=_TIMEOUT,
        )
        try:
            client.normalise_times = False
            if box.tls == "starttls":
                client.starttls(context)
            _log_in(client, box, password)
            if client.has_capability("ID"):  # some providers let nobody in who has not said it
                with contextlib.suppress(IMAPClientError):
                    client.id_(_CLIENT)
            self._look(client)
            if client.has_capability("QUOTA"):
                with contextlib.suppress(IMAPClientError):
                    self.room = _room(client, box.folder)
        except BaseException:
            _shut(client)
            raise
        return client

    @contextlib.contextmanager
    def _unbroken(self) -> Iterator[None]:
        """Whatever breaks the line is Transient; the next use opens a new one."""
        try:
            yield
        except _BROKEN as error:
            self._drop()
            raise Transient(f"mailbox on {self._box.host}: {_told(error)}") from error
        except Refused:
            self._drop()
            raise

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            _shut(client)


def _shut(client: IMAPClient) -> None:
    with contextlib.suppress(*_BROKEN):
        client.shutdown()


def _told(error: Exception) -> str:
    """What broke the line, without what could not be read: where a server miscounts a mail, that is
    the mail. What it refuses a command with is its own word."""
    said = str(error)
    return said if " command error: " in said else _UNREAD.sub("", said)


def _room(client: IMAPClient, folder: str) -> Room:
    """The fullest of the folder's quotas."""
    _, quotas = client.get_quota_root(folder)
    found = [(one.usage, one.limit) for one in quotas if one.resource == "STORAGE" and one.limit]
    used, limit = max(found, key=lambda one: one[0] / one[1], default=(0, 0))
    return Room(used, limit)


def _log_in(client: IMAPClient, box: Box, password: str) -> None:
    try:
        if box.auth == "xoauth2":
            client.oauth2_login(box.user, password)
        elif box.auth == "oauthbearer":
            client.oauthbearer_login(box.user, password)
        else:
            client.login(box.user, password)
    except LoginError as error:
        if "unavailable" in str(error).lower():
            raise
        raise Refused(f"the mailbox refuses our login: {error}", channel_fault=True) from error


# --- what is new --------------------------------------------------------------------------------


def news(client: IMAPClient, last: int, since: date | None = None) -> list[int]:
    """The uids after the last one, in order. The range alone would also find the last itself."""
    found = client.search(["SINCE", since] if since else ["UID", f"{last + 1}:*"])
    return sorted(uid for uid in found if uid > last)


def _newest(client: IMAPClient, upcoming: int) -> str:
    """The day the newest mail came, or long ago when there is none: where a folder that was made
    anew is read again from."""
    newest = client.search(["UID", f"{max(upcoming - 1, 1)}:*"])
    answers = client.fetch(newest, ["INTERNALDATE"]) if newest else {}
    days = [one[b"INTERNALDATE"].date() for one in answers.values() if b"INTERNALDATE" in one]
    return max(days, default=date(1970, 1, 1)).isoformat()


def sizes_of(client: IMAPClient, uids: list[int]) -> dict[int, int]:
    """How many bytes each has, as the server counts."""
    answers = client.fetch(uids, ["RFC822.SIZE"])
    return {uid: int(answer.get(b"RFC822.SIZE", 0)) for uid, answer in answers.items()}


def chosen_of(uids: list[int], sizes: Mapping[int, int]) -> list[int]:
    """As many as one commit should hold; at least one, however large."""
    chosen: list[int] = []
    total = 0
    for uid in uids[:MOST_MAILS]:
        total += min(sizes.get(uid, 0), LARGEST_MAIL)
        if chosen and total > MOST_BYTES:
            break
        chosen.append(uid)
    return chosen


def fetched(client: IMAPClient, uids: list[int], sizes: Mapping[int, int]) -> Iterator[Raw]:
    """The mails themselves, unread as they were; one that is gone meanwhile is left out."""
    whole = [uid for uid in uids if 0 <= sizes.get(uid, -1) <= LARGEST_MAIL]
    large = [uid for uid in uids if sizes.get(uid, 0) > LARGEST_MAIL]
    answers: dict[int, Any] = {}
    if whole:
        answers.update(client.fetch(whole, ["BODY.PEEK[]", "INTERNALDATE"]))
    if large:
        answers.update(client.fetch(large, ["BODY.PEEK[HEADER]", "INTERNALDATE"]))
    for uid in uids:
        answer = answers.get(uid, {})
        data = answer.get(b"BODY[]")
        if data is None and (head := answer.get(b"BODY[HEADER]")) is not None:
            data = f"{CUT_HEADER}: {sizes[uid]}\r\n".encode() + head
        if data is not None:
            received = answer.get(b"INTERNALDATE")
            yield Raw(remote_id(data), data, _moment(received), str(uid))


def _moment(received: datetime | None) -> datetime | None:
    if received is None:
        return None
    return received.astimezone(UTC) if received.tzinfo else received.replace(tzinfo=UTC)


def _move(client: IMAPClient, uids: list[int], folder: str) -> None:
    if not client.folder_exists(folder):
        client.create_folder(folder)
    if client.has_capability("MOVE"):
        client.move(uids, folder)
        return
    client.copy(uids, folder)
    client.delete_messages(uids)
    if client.has_capability("UIDPLUS"):  # a bare EXPUNGE would remove others' mail too
        client.uid_expunge(uids)


def _is_news(answer: Any) -> bool:
    return isinstance(answer, tuple) and len(answer) > 1 and answer[1] in (b"EXISTS", b"RECENT")
