"""What becomes of every column when words are erased: the whole decision, read by whoever does it.

A column that is in none of these lists fails a test: whoever adds one decides what becomes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Open rows of the outbox end here, told why.
_OPEN = "state IN ('queued', 'sending', 'held', 'unknown')"
_CANCELLED = (
    f"reason = CASE WHEN {_OPEN} THEN 'erased' ELSE '' END, "
    f"state = CASE WHEN {_OPEN} THEN 'cancelled' ELSE state END"
)
_OUTBOX = (
    *("subject", "text", "signature", "sender_name", "rfc_id", "reply_to", "thread_ids"),
    "remote_id",
)


@dataclass(frozen=True, slots=True)
class Emptied:
    """Rows that stay without some of their words. ``where`` finds them by ``:ids``, ``also`` sets
    what else follows from it."""

    table: str
    where: str
    columns: tuple[str, ...] = ()
    also: str = ""
    #: Columns that ``also`` empties.
    more: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The statement; it takes ``ids`` and ``now``."""
        sets = ", ".join(filter(None, (*(f"{one} = ''" for one in self.columns), self.also)))
        return f'UPDATE "{self.table}" SET {sets} WHERE {self.where}'  # noqa: S608  # names of ours


@dataclass(frozen=True, slots=True)
class Dropped:
    """Rows that go as a whole."""

    table: str
    where: str

    @property
    def sql(self) -> str:
        """The statement; it takes ``ids``."""
        return f'DELETE FROM "{self.table}" WHERE {self.where}'  # noqa: S608  # names of ours


_FILES = "attachment_id IN (SELECT id FROM attachment WHERE message_id IN :ids)"
_VERDICTS = "verdict_id IN (SELECT id FROM verdict WHERE message_id IN :ids)"
#: Rows are found by their ticket, for there is no index of their messages.
_SENT = "ticket_id IN (SELECT ticket_id FROM message WHERE id IN :ids) AND message_id IN :ids"
_CHATS = "SELECT id FROM chat WHERE ticket_id IN :ids"

#: With the messages of these ids, in this order.
OF_MESSAGES: tuple[Emptied | Dropped, ...] = (
    Emptied(
        "message",
        "id IN :ids",
        (
            *("subject", "text", "rest", "html", "rfc_id", "thread_ids", "imitates", "fields"),
            *("masked", "defects"),
        ),
    ),
    Dropped("attachment_body", _FILES),
    Dropped("remote_file", _FILES),
    Dropped("attachment", "message_id IN :ids"),
    Emptied("verdict", "message_id IN :ids", ("near",)),
    Emptied("finding", _VERDICTS, ("because",), "start_char = 0, end_char = 0"),
    Emptied("reading", "message_id IN :ids", ("nearest",)),
    Dropped("masked_secret", "message_id IN :ids"),
    Dropped("unread", "message_id IN :ids"),
    Dropped("mention", "message_id IN :ids"),
    Emptied("outbox", _SENT, _OUTBOX, _CANCELLED, ("reason",)),
)

#: With the tickets of these ids. Entries and the ticket's own row are written beside it.
OF_TICKETS: tuple[Emptied | Dropped, ...] = (
    Emptied("outbox", "ticket_id IN :ids", _OUTBOX, _CANCELLED, ("reason",)),
    Dropped("participant", "ticket_id IN :ids"),
    Dropped("link", "ticket_id IN :ids OR other_id IN :ids"),
    Dropped("ticket_tag", "ticket_id IN :ids AND tag <> 'spam'"),
    Dropped("given_handle", "ticket_id IN :ids"),
    Dropped("ticket_trace", "ticket_id IN :ids"),
    Dropped("playbook_due", "ticket_id IN :ids"),
    Dropped("draft", "ticket_id IN :ids"),
    Dropped("act", "ticket_id IN :ids"),
    Dropped("snooze", "ticket_id IN :ids"),
    Dropped("notice", "ticket_id IN :ids"),
    Emptied(
        "climb", "ticket_id IN :ids AND ended_at IS NULL", (), "ended_at = :now, due_at = NULL"
    ),
    Emptied("call_back", "ticket_id IN :ids AND done_at IS NULL", (), "done_at = :now"),
    Emptied(
        "call",
        "ticket_id IN :ids",
        (
            *("number", "line", "queue", "choice", "hint", "agent", "recording", "transcript"),
            *("note", "wrap_up"),
        ),
        "due = FALSE",
    ),
    Emptied(
        "incident_ticket", "ticket_id IN :ids AND answered_at IS NULL", (), "answered_at = :now"
    ),
    Emptied(
        "gate",
        "ticket_id IN :ids",
        ("salt", "reason"),
        "state = CASE WHEN state = 'open' THEN 'aside' ELSE state END, "
        "ended_at = COALESCE(ended_at, :now)",
    ),
    Emptied(
        "outgoing_webhook",
        "ticket_id IN :ids",
        ("body", "reason"),
        "confirm_by = NULL, "
        "state = CASE WHEN state IN ('queued', 'sending') THEN 'cancelled' ELSE state END",
    ),
    Dropped("chat_event", f"conversation_id IN ({_CHATS})"),
    Dropped("chat", "ticket_id IN :ids"),
)

#: With the handles (identities) of these ids, wherever they stand.
OF_HANDLES: tuple[Emptied | Dropped, ...] = (
    Emptied(
        "outbox",
        f"identity_id IN :ids AND {_OPEN}",
        _OUTBOX,
        _CANCELLED,
        ("reason",),
    ),
    Dropped("participant", "identity_id IN :ids"),
    Dropped("blocked_sender", "identity_id IN :ids"),
    Dropped("reach", "identity_id IN :ids"),
    Dropped("given_handle", "identity_id IN :ids"),
    Emptied(
        "identity",
        "id IN :ids",
        ("name",),
        "kind = 'erased', value = CAST(id AS VARCHAR), verified = FALSE",
        ("kind", "value"),
    ),
)

#: What the router itself sent to handles of these ids, on whatever ticket.
SENT_TO = Emptied(
    "outbox",
    "id > :after AND id <= :upto AND identity_id IN :ids AND purpose NOT IN ('copy', 'forward')",
    _OUTBOX,
)

#: Free text of others, walked through for the handles of somebody who is erased. Each has an id.
WALKED: Mapping[str, tuple[str, ...]] = {
    "message": ("subject", "text", "rest", "html", "fields", "imitates"),
    "outbox": ("subject", "text", "reply_to", "reason"),
    "ticket": ("subject", "snippet", "conversation", "imitates"),
    "entry": ("params",),
    "call": ("transcript", "note", "hint", "number"),
    "notice": ("params", "error"),
    "incident": ("title", "signature", "answer_zh", "answer_en", "banner_zh", "banner_en"),
    "one_person": ("params",),
    "outgoing_webhook": ("body", "reason"),
    "macro": ("name", "text_zh", "text_en"),
    "saved_view": ("name", "query"),
    "ruleset": ("files", "note", "report"),
    "chat": ("handle", "name"),
    "report_order": ("error",),
}

#: Columns written by a statement of its own, beside those above.
BESIDE: Mapping[str, tuple[str, ...]] = {
    "requester": ("name", "language"),
    "ticket": ("subject", "snippet", "conversation", "imitates", "state"),
    "entry": ("params",),
    "journal": ("remote_id", "error", "trace", "key_id", "wrapped_key", "raw", "state"),
    "health": ("params",),
    "idempotency": ("key", "body_hash", "answer"),
    "erasure": ("key_id", "wrapped_key", "blob"),
}

_CODES = "a code of ours"
_DESK = "about the desk and its own people"
_COUNTED = "what reports count: codes, places and numbers"
_NUMBER = "a number drawn at random"

#: What stays, and why. ``*`` is every column of the table that is not named elsewhere.
KEPT: Mapping[str, Mapping[str, str]] = {
    "team": {"*": _DESK},
    "agent": {"*": _DESK},
    "session": {"*": _DESK},
    "one_time_token": {"*": _DESK},
    "second_step": {"*": _DESK},
    "recovery_code": {"*": _DESK},
    "agent_skill": {"*": _DESK},
    "presence": {"*": _DESK},
    "calendar_day": {"*": _DESK},
    "promise_version": {"*": _DESK},
    "article_edition": {"*": "what the desk tells everybody"},
    "setting": {"*": "what the desk decided about itself"},
    "lease": {"*": _DESK},
    "counter": {"*": _COUNTED},
    "counter_delta": {"*": _COUNTED},
    "happening": {"*": _COUNTED},
    "figure": {"*": _COUNTED},
    "sla_clock": {"*": _COUNTED},
    "article_use": {"*": _COUNTED},
    "feedback": {"*": "codes, and the names of rules"},
    "verdict": {"*": "codes, and the version of the rules"},
    "finding": {"*": "codes, and the names of rules"},
    "reading": {"*": "codes, and the version of the examples"},
    "task": {"*": "codes of the playbook"},
    "climb": {"*": _CODES},
    "incident_ticket": {"*": _CODES},
    "ticket_tag": {"tag": "only the tag of what was unwanted stays"},
    "audit": {"*": "ids and salted hashes; its chain must go on holding"},
    "budget": {"*": "salted hashes, gone after two days"},
    "cursor": {"*": "where to go on reading: places and numbers of the far side"},
    "platform_token": {"*": "sealed, the desk's own"},
    "send": {"*": "channel and account"},
    "ticket": {
        "number": "the ticket's own",
        "channel": _COUNTED,
        "account": _COUNTED,
        "category": _COUNTED,
        "urgency": _COUNTED,
        "language": _COUNTED,
        "verification": _CODES,
    },
    "message": {
        "direction": _COUNTED,
        "channel": _COUNTED,
        "account": _COUNTED,
        "verification": _CODES,
        "automatic": _CODES,
        "language": _COUNTED,
    },
    "entry": {"code": _COUNTED},
    "call": {
        "channel": _CODES,
        "account": _CODES,
        "call_id": f"{_NUMBER}, by which a late report of it is known and left out",
        "outcome": _COUNTED,
        "told": _CODES,
        "language": _CODES,
    },
    "one_person": {
        "state": _CODES,
        "evidence": _CODES,
        "moved": "ids",
    },
    "gate": {"*": _CODES},
    "incident": {"kind": _CODES, "state": _CODES, "category": _CODES},
    "outgoing_webhook": {"target": _DESK, "kind": _CODES, "once": "ids", "state": _CODES},
    "outbox": {
        "purpose": _CODES,
        "once": "ids and numbers drawn at random",
        "channel": _CODES,
        "account": _CODES,
        "language": _CODES,
        "wording": _CODES,
        "state": _CODES,
    },
    "journal": {"kind": _CODES, "account": _CODES},
    "health": {"name": _DESK, "detail": _CODES},
    "macro": {"word": _DESK, "key": _DESK, "does": _DESK},
    "ruleset": {"version": _DESK, "state": _CODES, "base": _DESK},
    "report_order": {
        "kind": _CODES,
        "every": _CODES,
        "target": _DESK,
        "form": _CODES,
    },
    "erasure": {"reason": _CODES, "step": _CODES, "counts": "numbers"},
}
