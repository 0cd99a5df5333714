"""A door that keeps a ledger: what it was asked, what it was told to answer. No mock anywhere."""

import hashlib
import json
from collections import deque
from datetime import datetime

from channels import registry
from channels.contract import (
    Attachment,
    Batch,
    Bounce,
    Channel,
    ChannelOptions,
    Handle,
    Inbound,
    Limits,
    Raw,
    Receipt,
    Verification,
)


class FakeDoor(Channel):
    """Mail in JSON. ``inbox`` is what the far side holds, ``sent`` what it accepted, ``answers``
    what the next sends are answered with (an exception is raised)."""

    kind = "email"
    label_zh = "假信箱"
    label_en = "Fake mail"
    identity = "email"
    limits = Limits()

    def __init__(self, account="support"):
        super().__init__(account, ChannelOptions(), None)
        self.inbox = []
        self.sent = []
        self.answers = deque()
        self.settled = []
        self.parsed = []
        self.batch = 100

    def identify(self, data):
        return hashlib.sha256(data).hexdigest()

    def parse(self, raw):
        self.parsed.append(raw.remote_id)
        given = json.loads(raw.data)
        if given.get("poison"):
            raise ValueError("made-up poison 4111 1111 1111 1111")
        sent_at = given.get("sent_at")
        return [
            Inbound(
                kind=self.kind,
                account=self.account,
                remote_id=raw.remote_id,
                sender=Handle(
                    "email", given.get("from", "ann@mail.example"), given.get("name", "")
                ),
                text=given.get("text", ""),
                html=given.get("html", ""),
                subject=given.get("subject", ""),
                message_id=given.get("message_id", ""),
                thread_ids=tuple(given.get("thread_ids", ())),
                tokens=tuple(given.get("tokens", ())),
                automatic=given.get("automatic", ""),
                verification=Verification(given.get("verification", "unverified")),
                bounce=Bounce(**given["bounce"]) if "bounce" in given else None,
                source=given.get("source", ""),
                defects=tuple(given.get("defects", ())),
                sent_at=datetime.fromisoformat(sent_at) if sent_at else None,
                attachments=tuple(
                    Attachment(name, mime, text.encode())
                    for name, mime, text in given.get("attachments", ())
                ),
                size=len(raw.data),
            )
        ]

    def poll(self, cursor):
        place = cursor.get("place", 0)
        while place < len(self.inbox):
            items = self.inbox[place : place + self.batch]
            place += len(items)
            yield Batch(tuple(items), {"place": place}, more=place < len(self.inbox))

    def settle(self, items):
        self.settled += [raw.remote_id for raw in items]

    def speak(self, outbound):
        answer = self.answers.popleft() if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        self.sent.append(outbound)
        return Receipt(remote_id=f"far-{len(self.sent)}")

    def reply_address(self, token):
        return f"support+t.{token}@desk.example"

    def arrives(self, **mail):
        """Put a mail into the inbox; its raw form."""
        data = json.dumps({"n": len(self.inbox), **mail}).encode()
        raw = Raw(self.identify(data), data)
        self.inbox.append(raw)
        return raw


class FakeDoors:
    """The doors of a desk whose only channel is the fake one."""

    def __init__(self, door):
        self.door = door

    def __iter__(self):
        return iter([(self.door.kind, self.door.account)])

    def open(self, kind, account):
        return self.door

    def fresh(self, kind, account):
        return self.door

    def reader(self, kind, account):
        if kind == self.door.kind:
            return self.door
        return registry.channel(kind)(account, None, None)

    def speaker(self, handle_kind, kind, account):
        return (self.door.kind, self.door.account) if handle_kind == "email" else None

    def made_up(self, kind, account):
        return False

    def options(self, kind, account):
        return self.door.options

    def close(self):
        pass


class ManyDoors(FakeDoors):
    """The doors of a desk with several fake accounts; the first speaks for the desk."""

    def __init__(self, *doors):
        super().__init__(doors[0])
        self._doors = {(door.kind, door.account): door for door in doors}

    def __iter__(self):
        return iter(self._doors)

    def open(self, kind, account):
        return self._doors[kind, account]

    def reader(self, kind, account):
        return self._doors[kind, account]
