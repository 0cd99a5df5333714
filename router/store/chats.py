"""Conversations in our own widget: what happened in each, numbered without a gap.

An event gets its number in the commit that makes it true, under the conversation's own row, so
whoever asks for what came after a number misses nothing and sees nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from router.store.shapes import Chat, ChatEvent
from router.store.unit import Unit

#: Of what a person wrote, everything; of an acknowledgement, the words that went out.
_EVENTS = (
    "SELECT e.seq, e.code, e.at, e.once, e.params, e.message_id, m.direction, "
    "COALESCE(m.text, o.text, '') AS text, a.name AS agent "
    "FROM chat_event e LEFT JOIN message m ON m.id = e.message_id "
    "LEFT JOIN outbox o ON o.id = e.outbox_id "
    "LEFT JOIN agent a ON a.id = COALESCE(e.agent_id, m.agent_id) "
    "WHERE e.conversation_id = :id AND e.seq > :after ORDER BY e.seq LIMIT :limit"
)
#: A conversation with the ticket it has become.
_FOUND = (
    "SELECT c.*, t.number, t.state AS ticket_state, t.assignee_id, t.security, a.name AS agent "
    "FROM chat c LEFT JOIN ticket t ON t.id = c.ticket_id "
    "LEFT JOIN agent a ON a.id = t.assignee_id WHERE "
)


def begin(unit: Unit, **columns: Any) -> int:
    """A new conversation that holds nothing yet; its id."""
    number = columns.pop("id", None) or unit.new_id()
    unit.put(Chat, id=number, created_at=unit.now_us, heard_at=unit.now_us, **columns)
    return int(number)


def find(unit: Unit, conversation: int) -> Any:
    """The conversation with its ticket's number, state and agent, or None."""
    return unit.row(_FOUND + "c.id = :id", id=conversation)


def of_ticket(unit: Unit, ticket_id: int) -> Any:
    """The conversation that a ticket is, or None."""
    return unit.row(_FOUND + "c.ticket_id = :id ORDER BY c.id DESC LIMIT 1", id=ticket_id)


def of_person(unit: Unit, account: str, handle: str) -> int | None:
    """The conversation that somebody we know has open, on whatever device they began it."""
    found: int | None = unit.value(
        "SELECT MAX(id) FROM chat WHERE account = :account AND handle = :handle "
        "AND ended_at IS NULL",
        account=account,
        handle=handle,
    )
    return found


def latest(unit: Unit, conversations: Collection[int]) -> dict[int, int]:
    """How far each of these has come."""
    if not conversations:
        return {}
    rows = unit.rows("SELECT id, seq FROM chat WHERE id IN :ids", ids=list(conversations))
    return {row.id: row.seq for row in rows}


def events(unit: Unit, conversation: int, after: int, limit: int = 200) -> list[Any]:
    """What happened after a number, in order."""
    return list(unit.rows(_EVENTS, id=conversation, after=after, limit=limit))


def files(unit: Unit, message_ids: Collection[int]) -> dict[int, list[Any]]:
    """The files of these messages."""
    found: dict[int, list[Any]] = {}
    if message_ids:
        for row in unit.rows(
            "SELECT message_id, token, name, mime, size FROM attachment WHERE message_id IN :ids "
            "ORDER BY id",
            ids=list(message_ids),
        ):
            found.setdefault(row.message_id, []).append(row)
    return found


def file(unit: Unit, conversation: int, token: str) -> Any:
    """A sealed file of this conversation, or None: nobody else's."""
    return unit.row(
        "SELECT f.name, f.mime, f.token, b.key_id, b.wrapped_key, b.blob FROM attachment f "
        "JOIN attachment_body b ON b.attachment_id = f.id "
        "JOIN chat_event e ON e.message_id = f.message_id "
        "WHERE f.token = :token AND e.conversation_id = :id",
        token=token,
        id=conversation,
    )


def said(unit: Unit, conversation: int, once: str) -> Any:
    """The event of that word (seq, message_id, digest), or None."""
    return unit.row(
        "SELECT seq, message_id, digest FROM chat_event "
        "WHERE conversation_id = :id AND once = :once",
        id=conversation,
        once=once,
    )


def note(unit: Unit, conversation: int, code: str, **columns: Any) -> int | None:
    """Write down what happened, as the next number; None when its ``once`` was here before.

    The conversation is held until the commit, so numbers follow each other as commits do.
    """
    moved = unit.run("UPDATE chat SET seq = seq + 1 WHERE id = :id", id=conversation)
    once = columns.get("once", "")
    if not moved:
        return None
    if once and said(unit, conversation, once) is not None:
        unit.run("UPDATE chat SET seq = seq - 1 WHERE id = :id", id=conversation)
        return None
    seq = int(unit.value("SELECT seq FROM chat WHERE id = :id", id=conversation))
    unit.put(ChatEvent, conversation_id=conversation, seq=seq, code=code, at=unit.now_us, **columns)
    return seq


# ---------------------------------------------------------------- what happens


def heard(
    unit: Unit, conversation: int, *, once: str, digest: str, ticket: Any, notice_at: int
) -> None:
    """The visitor's message is on its ticket (``ticket_id``, ``message_id``, ``number``).

    ``notice_at`` is when somebody will be there again, 0 while somebody is; it is told once.
    """
    row = find(unit, conversation)
    seq = note(
        unit, conversation, "message", once=once, digest=digest, message_id=ticket.message_id
    )
    if row is None or seq is None:
        return
    unit.run(
        "UPDATE chat SET ticket_id = :ticket, heard_at = :now, visitor_seq = :seq, "
        "ended_at = NULL WHERE id = :id",
        ticket=ticket.ticket_id,
        now=unit.now_us,
        seq=seq,
        id=conversation,
    )
    if row.ticket_id != ticket.ticket_id:
        params = json.dumps({"number": ticket.number})
        note(unit, conversation, "ticket_opened", once=f"ticket:{ticket.ticket_id}", params=params)
    if notice_at:
        tell_closed(unit, conversation, notice_at)


def tell_closed(unit: Unit, conversation: int, opens_at: int) -> None:
    """Nobody is there until then: said once for each closing."""
    params = json.dumps({"opens_at": opens_at})
    note(unit, conversation, "offline_notice", once=f"closed:{opens_at}", params=params)
    unit.run("UPDATE chat SET notice_at = :at WHERE id = :id", at=opens_at, id=conversation)


def place(unit: Unit, conversation: str, identity_id: int) -> int | None:
    """Where what is written on a ticket is to stand: in its own conversation, or the last one that
    its requester had; None when there is none."""
    if conversation.isdecimal():
        return int(conversation)
    found: int | None = unit.value(
        "SELECT MAX(c.id) FROM chat c JOIN identity i ON i.value = c.handle "
        "WHERE i.id = :id AND i.kind = 'chat'",
        id=identity_id,
    )
    return found


def show(unit: Unit, conversation: int, outbox_id: int, message_id: int | None) -> None:
    """What went into the outbox is sent: from this commit on it stands in the conversation. Who
    writes there has joined it."""
    writer = unit.value("SELECT agent_id FROM message WHERE id = :id", id=message_id or 0)
    if writer is not None:
        _join(unit, conversation, writer)
    note(
        unit,
        conversation,
        "message",
        once=f"out:{outbox_id}",
        message_id=message_id,
        outbox_id=None if message_id else outbox_id,
    )


def joined(unit: Unit, ticket_id: int, agent_id: int) -> None:
    """An agent has taken the ticket; whoever waits in its conversation sees them come."""
    row = of_ticket(unit, ticket_id)
    if row is not None:
        _join(unit, row.id, agent_id)


def _join(unit: Unit, conversation: int, agent_id: int) -> None:
    here = unit.value(
        "SELECT agent_id FROM chat_event WHERE conversation_id = :id AND code = 'agent_joined' "
        "ORDER BY seq DESC LIMIT 1",
        id=conversation,
    )
    if here != agent_id:
        note(unit, conversation, "agent_joined", agent_id=agent_id)


def closed(unit: Unit, ticket_id: int) -> None:
    """The matter is closed; its conversation says so and stays readable."""
    row = of_ticket(unit, ticket_id)
    if row is not None and row.ended_at is None:
        end(unit, row.id, "desk")


def end(unit: Unit, conversation: int, by: str) -> None:
    """One side (``desk`` or ``visitor``) has ended it; a further message begins it again."""
    note(unit, conversation, "closed", params=json.dumps({"by": by}))
    unit.run("UPDATE chat SET ended_at = :now WHERE id = :id", now=unit.now_us, id=conversation)


def last_answer(unit: Unit, conversation: int) -> int | None:
    """The number of the newest answer a person gave, or None."""
    found: int | None = unit.value(
        "SELECT MAX(e.seq) FROM chat_event e JOIN message m ON m.id = e.message_id "
        "WHERE e.conversation_id = :id AND m.direction = 'out'",
        id=conversation,
    )
    return found


def unread(unit: Unit, ticket_id: int) -> bool:
    """Whether the visitor of this ticket wrote something that nobody at the desk has seen."""
    return bool(
        unit.value(
            "SELECT 1 FROM chat c JOIN chat_event e ON e.conversation_id = c.id "
            "JOIN message m ON m.id = e.message_id "
            "WHERE c.ticket_id = :id AND e.seq > c.desk_seq AND m.direction = 'in' LIMIT 1",
            id=ticket_id,
        )
    )


def seen(unit: Unit, ticket_id: int) -> None:
    """Somebody at the desk has looked at all of it."""
    row = of_ticket(unit, ticket_id)
    if row is None:
        return
    upto = unit.value(
        "SELECT MAX(e.seq) FROM chat_event e JOIN message m ON m.id = e.message_id "
        "WHERE e.conversation_id = :id AND m.direction = 'in'",
        id=row.id,
    )
    if upto and upto > row.desk_seq:
        unit.run("UPDATE chat SET desk_seq = :upto WHERE id = :id", upto=upto, id=row.id)
        note(unit, row.id, "read", params=json.dumps({"upto": int(upto)}))


def read(unit: Unit, conversation: int, seq: int) -> bool:
    """The visitor has seen so much; False when that was known."""
    return bool(
        unit.run(
            "UPDATE chat SET visitor_seq = :seq WHERE id = :id AND visitor_seq < :seq "
            "AND seq >= :seq",
            seq=seq,
            id=conversation,
        )
    )


def reached_by(unit: Unit, conversation: int, contact_id: int) -> bool:
    """The address the visitor wants to be answered at when they have gone; False when known."""
    return bool(
        unit.run(
            "UPDATE chat SET contact_id = :contact WHERE id = :id "
            "AND (contact_id IS NULL OR contact_id <> :contact)",
            contact=contact_id,
            id=conversation,
        )
    )


# ---------------------------------------------------------------- what must be seen to


def going_on(unit: Unit, account: str, since_us: int, limit: int = 500) -> list[Any]:
    """Conversations with a ticket in which somebody wrote since then, and that nobody ended."""
    return list(
        unit.rows(
            "SELECT id, notice_at FROM chat "
            "WHERE ended_at IS NULL AND heard_at > :since AND ticket_id IS NOT NULL "
            "AND account = :account ORDER BY heard_at LIMIT :limit",
            account=account,
            since=since_us,
            limit=limit,
        )
    )


def pending(unit: Unit) -> bool:
    """Whether there is any conversation at all."""
    return bool(unit.value("SELECT 1 FROM chat LIMIT 1"))


def not_read(unit: Unit, account: str, before_us: int, limit: int = 50) -> list[Any]:
    """What people wrote, from the oldest of it to ``upto``, that visitors who left an address have
    not read since before then; the newest of it was written ``at``."""
    return list(
        unit.rows(
            "SELECT c.id, c.ticket_id, c.contact_id, t.number, t.language, MAX(e.seq) AS upto, "
            "MAX(e.at) AS at "
            "FROM chat c JOIN ticket t ON t.id = c.ticket_id "
            "JOIN chat_event e ON e.conversation_id = c.id "
            "JOIN message m ON m.id = e.message_id AND m.direction = 'out' "
            "JOIN identity i ON i.id = c.contact_id AND i.kind = 'email' "
            "WHERE c.account = :account AND e.seq > c.visitor_seq AND e.seq > c.mailed_seq "
            "GROUP BY c.id, c.ticket_id, c.contact_id, t.number, t.language "
            "HAVING MIN(e.at) <= :before "
            "ORDER BY c.id LIMIT :limit",
            account=account,
            before=before_us,
            limit=limit,
        )
    )


def mailed(unit: Unit, conversation: int, upto: int) -> list[str]:
    """Mark what was not read as gone out by mail; its texts, in order. The conversation is held
    first: whoever is at the same one sees what is marked here."""
    unit.run("UPDATE chat SET mailed_seq = mailed_seq WHERE id = :id", id=conversation)
    rows = unit.rows(
        "SELECT m.text FROM chat c JOIN chat_event e ON e.conversation_id = c.id "
        "JOIN message m ON m.id = e.message_id AND m.direction = 'out' WHERE c.id = :id "
        "AND e.seq > c.visitor_seq AND e.seq > c.mailed_seq AND e.seq <= :upto ORDER BY e.seq",
        id=conversation,
        upto=upto,
    )
    unit.run("UPDATE chat SET mailed_seq = :upto WHERE id = :id", upto=upto, id=conversation)
    return [str(row.text) for row in rows]


def any_empty(unit: Unit, before_us: int) -> bool:
    """Whether :func:`forget_empty` would drop any."""
    return bool(
        unit.value(
            "SELECT 1 FROM chat WHERE ticket_id IS NULL AND seq = 0 AND created_at < :before "
            "LIMIT 1",
            before=before_us,
        )
    )


def forget_empty(unit: Unit, before_us: int) -> int:
    """Drop conversations that were begun before then and never held anything."""
    return unit.run(
        "DELETE FROM chat WHERE ticket_id IS NULL AND seq = 0 AND created_at < :before",
        before=before_us,
    )
