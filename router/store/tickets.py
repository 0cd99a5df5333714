"""Small questions about one ticket and the people around it, and its tags."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from router.core.clock import from_us
from router.store.shapes import Idempotency, Participant, Satisfaction, TicketTag
from router.store.unit import Unit

_DAY = 86_400_000_000
#: The tag of what nobody need see: it is found by it.
SPAM = "spam"


def agent_name(unit: Unit, agent_id: int) -> str | None:
    """The name of an agent who still works here, or None."""
    name: str | None = unit.value("SELECT name FROM agent WHERE id = :id AND active", id=agent_id)
    return name


def team_key(unit: Unit, team_id: int) -> str | None:
    """The key of a team, or None."""
    key: str | None = unit.value("SELECT key FROM team WHERE id = :id", id=team_id)
    return key


def handle_kind(unit: Unit, identity_id: int) -> str:
    """In which identity space a handle lives (``email`` …)."""
    return str(unit.value("SELECT kind FROM identity WHERE id = :id", id=identity_id) or "")


def handle(unit: Unit, identity_id: int) -> Any:
    """The handle itself: kind and value; or None."""
    return unit.row("SELECT id, kind, value FROM identity WHERE id = :id", id=identity_id)


def place(unit: Unit, ticket_id: int) -> Any:
    """Whose ticket it is, and by which channel and account they wrote."""
    return unit.row("SELECT identity_id, channel, account FROM ticket WHERE id = :id", id=ticket_id)


def of_conversation(unit: Unit, channel: str, account: str, conversation: str) -> int | None:
    """The newest ticket of a conversation that the platform keeps, or None."""
    found: int | None = unit.value(
        "SELECT id FROM ticket WHERE channel = :channel AND account = :account "
        "AND conversation = :conversation AND conversation <> '' ORDER BY id DESC LIMIT 1",
        channel=channel,
        account=account,
        conversation=conversation,
    )
    return found


def let_in(unit: Unit, ticket_id: int, identity_id: int) -> None:
    """Let somebody add to a ticket from a further address of theirs."""
    if not unit.value(
        "SELECT 1 FROM participant WHERE ticket_id = :ticket AND identity_id = :identity",
        ticket=ticket_id,
        identity=identity_id,
    ):
        unit.put(Participant, ticket_id=ticket_id, identity_id=identity_id)


def chain(unit: Unit, ticket_id: int, limit: int = 12) -> list[str]:
    """The Message-IDs of the conversation as the requester knows them, oldest first."""
    rows = unit.rows(
        "SELECT rfc_id, seen_at, id FROM message WHERE ticket_id = :ticket AND direction = 'in' "
        "AND rfc_id <> '' UNION ALL SELECT rfc_id, created_at AS seen_at, id FROM outbox "
        "WHERE ticket_id = :ticket AND state IN ('sent', 'unknown') "
        "ORDER BY 2 DESC, 3 DESC LIMIT :n",
        ticket=ticket_id,
        n=limit,
    )
    return [row.rfc_id for row in reversed(rows) if " " not in row.rfc_id]


def take_part(unit: Unit, ticket_id: int, identity_id: int) -> None:
    """Let a handle add to a ticket, because a person wrote to it."""
    unit.run(
        "INSERT INTO participant (ticket_id, identity_id) VALUES (:ticket, :identity) "
        "ON CONFLICT DO NOTHING",
        ticket=ticket_id,
        identity=identity_id,
    )


def heard(unit: Unit, ticket_id: int) -> str:
    """A word for what has been said on a ticket between the desk and its requester; it changes with
    every message in or out, in whatever order they are committed."""
    row = unit.row(
        "SELECT COUNT(*) AS many, MAX(id) AS newest FROM message WHERE ticket_id = :id "
        "AND direction IN ('in', 'out')",
        id=ticket_id,
    )
    return f"{row.many}.{row.newest or 0}" if row is not None else ""


def withdraw(unit: Unit, message_id: int) -> str:
    """Take a message that never left out of its conversation; its text."""
    unit.run("UPDATE message SET direction = 'undone' WHERE id = :id", id=message_id)
    return str(unit.value("SELECT text FROM message WHERE id = :id", id=message_id) or "")


def file_names(unit: Unit, message_id: int) -> list[str]:
    """What the files of a message are called."""
    sql = "SELECT name FROM attachment WHERE message_id = :id ORDER BY id"
    return [row.name for row in unit.rows(sql, id=message_id)]


def tag(unit: Unit, ticket_id: int, word: str) -> bool:
    """Put a tag on; False when it was there."""
    if unit.value(
        "SELECT 1 FROM ticket_tag WHERE ticket_id = :id AND tag = :tag", id=ticket_id, tag=word
    ):
        return False
    unit.put(TicketTag, ticket_id=ticket_id, tag=word)
    return True


def tags(unit: Unit, ticket_id: int) -> list[str]:
    """The tags of a ticket, in order."""
    rows = unit.rows("SELECT tag FROM ticket_tag WHERE ticket_id = :id ORDER BY tag", id=ticket_id)
    return [row.tag for row in rows]


def untag(unit: Unit, ticket_id: int, word: str) -> bool:
    """Take a tag off; False when it was not there."""
    return bool(
        unit.run(
            "DELETE FROM ticket_tag WHERE ticket_id = :id AND tag = :tag", id=ticket_id, tag=word
        )
    )


def answered(unit: Unit, key: str) -> str | None:
    """The answer this repeatable request got before, or None."""
    answer: str | None = unit.value("SELECT answer FROM idempotency WHERE key = :key", key=key)
    return answer


def answered_body(unit: Unit, key: str) -> str | None:
    """The hash of the body this repeatable request had, or None."""
    body: str | None = unit.value("SELECT body_hash FROM idempotency WHERE key = :key", key=key)
    return body


def of_item(unit: Unit, kind: str, account: str, remote_id: str) -> Any:
    """The ticket an item was filed on: ticket_id, message_id, number; or None."""
    return unit.row(
        "SELECT j.ticket_id, j.message_id, t.number FROM journal j JOIN ticket t "
        "ON t.id = j.ticket_id WHERE j.kind = :kind AND j.account = :account "
        "AND j.remote_id = :remote_id",
        kind=kind,
        account=account,
        remote_id=remote_id,
    )


def answer_due(unit: Unit, ticket_id: int) -> datetime | None:
    """When a person has answered at the latest; None when nobody owes an answer."""
    due = unit.value(
        "SELECT MIN(due_at) FROM sla_clock WHERE ticket_id = :id AND met_at IS NULL "
        "AND kind <> 'resolution'",
        id=ticket_id,
    )
    return None if due is None else from_us(int(due))


def status(unit: Unit, ticket_id: int) -> Any:
    """What a requester's page needs without signing in: no text of anybody's."""
    return unit.row(
        "SELECT number, state, category, security, team_id, opened_at, updated_at FROM ticket "
        "WHERE id = :id AND erased_at IS NULL",
        id=ticket_id,
    )


def rate(unit: Unit, ticket_id: int, score: int) -> None:
    """What the requester thinks of it; the last word counts."""
    if not unit.run(
        "UPDATE satisfaction SET score = :score, at = :now WHERE ticket_id = :id",
        score=score,
        now=unit.now_us,
        id=ticket_id,
    ):
        unit.put(Satisfaction, ticket_id=ticket_id, score=score, at=unit.now_us)


def rated(unit: Unit, ticket_id: int) -> int | None:
    """What the requester thought of it, or None."""
    score: int | None = unit.value(
        "SELECT score FROM satisfaction WHERE ticket_id = :id", id=ticket_id
    )
    return score


def answer(unit: Unit, key: str, said: str, body_hash: str = "") -> None:
    """Remember for a day what this request was answered."""
    unit.put(Idempotency, key=key, body_hash=body_hash, answer=said, expires_at=unit.now_us + _DAY)


def forget_answers(unit: Unit) -> int:
    """Drop answers whose day is over."""
    return unit.run("DELETE FROM idempotency WHERE expires_at < :now", now=unit.now_us)
