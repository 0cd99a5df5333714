"""One person as a whole: who they are, how much of theirs is kept, and all of it to be handed out.

Only for people who may see the whole desk: nothing here is limited to teams.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from router.core import identity
from router.core.references import normalise_number
from router.store.unit import Unit

#: What somebody writes from who is not to be known: many people share it.
_NOBODY = "unknown"
_SHOWN = 50
#: As the audit log names somebody.
_BY_ID = re.compile(r"requester:([0-9]{1,18})")
_THEIRS = "SELECT id FROM ticket WHERE requester_id = :id"
_MESSAGES = f"SELECT id FROM message WHERE ticket_id IN ({_THEIRS})"  # noqa: S608  # ours

#: Their handles, and addresses they left in a chat that nobody ever wrote from.
_HANDLES = (
    "SELECT id, requester_id, kind, value, name, verified FROM identity "
    "WHERE requester_id = :id UNION SELECT i.id, i.requester_id, i.kind, i.value, i.name, "
    "i.verified FROM chat c JOIN ticket t ON t.id = c.ticket_id "
    "JOIN identity i ON i.id = c.contact_id WHERE t.requester_id = :id "
    "AND NOT EXISTS (SELECT 1 FROM ticket x WHERE x.requester_id = i.requester_id) ORDER BY 1"
)

#: How much of what goes, by its name on the page.
_COUNTS = {
    "tickets": "SELECT COUNT(*) FROM ticket WHERE requester_id = :id",
    "open": "SELECT COUNT(*) FROM ticket WHERE requester_id = :id AND standing < 2",
    "security": "SELECT COUNT(*) FROM ticket WHERE requester_id = :id AND standing < 2 "
    "AND security",
    "messages": f"SELECT COUNT(*) FROM message WHERE ticket_id IN ({_THEIRS}) "  # noqa: S608
    "AND direction <> 'note'",
    "notes": f"SELECT COUNT(*) FROM message WHERE ticket_id IN ({_THEIRS}) "  # noqa: S608
    "AND direction = 'note'",
    "files": f"SELECT COUNT(*) FROM attachment WHERE message_id IN ({_MESSAGES})",  # noqa: S608
    "calls": f"SELECT COUNT(*) FROM call WHERE ticket_id IN ({_THEIRS})",  # noqa: S608
    "chats": f"SELECT COUNT(*) FROM chat WHERE ticket_id IN ({_THEIRS})",  # noqa: S608
    "unsent": f"SELECT COUNT(*) FROM outbox WHERE ticket_id IN ({_THEIRS}) "  # noqa: S608
    "AND state IN ('queued', 'sending', 'held')",
    "drafts": f"SELECT COUNT(*) FROM draft WHERE ticket_id IN ({_THEIRS})",  # noqa: S608
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, with how much of what is kept of them."""

    id: int
    name: str
    erased: bool
    handles: tuple[Any, ...]
    counts: dict[str, int]
    tickets: tuple[Any, ...]

    @property
    def known(self) -> bool:
        """Whether it is one person at all: what nobody could know stands for many."""
        return all(one.value != _NOBODY for one in self.handles)


def find(unit: Unit, words: str) -> list[int]:
    """Whom a ticket's number, a handle or ``requester:ID`` means: requesters by id."""
    given = words.strip()
    if found := _BY_ID.fullmatch(given):
        rows = unit.rows("SELECT id FROM requester WHERE id = :id", id=int(found[1]))
        return [row.id for row in rows]
    number = normalise_number(given)
    if number is not None:
        rows = unit.rows(
            "SELECT requester_id AS id FROM ticket WHERE number = :number", number=number
        )
        return [row.id for row in rows]
    spelt = {given, given.lower(), *(identity.normalise(one, given) for one in ("email", "phone"))}
    rows = unit.rows(
        "SELECT DISTINCT requester_id AS id FROM identity WHERE value IN :values "
        "AND value <> :nobody AND value <> '' AND kind <> 'erased'",
        values=sorted(spelt),
        nobody=_NOBODY,
    )
    return [row.id for row in rows]


def person(unit: Unit, requester_id: int) -> Person | None:
    """Somebody as the page shows them before they are erased, or None."""
    row = unit.row("SELECT id, name, erased_at FROM requester WHERE id = :id", id=requester_id)
    if row is None:
        return None
    return Person(
        id=row.id,
        name=row.name,
        erased=row.erased_at is not None,
        handles=tuple(unit.rows(_HANDLES, id=requester_id)),
        counts={name: int(unit.value(sql, id=requester_id)) for name, sql in _COUNTS.items()},
        tickets=tuple(
            unit.rows(
                "SELECT id, number, category, state, channel, opened_at, closed_at, erased_at "
                "FROM ticket WHERE requester_id = :id ORDER BY id DESC LIMIT :n",
                id=requester_id,
                n=_SHOWN,
            )
        ),
    )


# ---------------------------------------------------------------- everything, to be handed out


def tickets(unit: Unit, requester_id: int) -> Sequence[Any]:
    """Every ticket of somebody, oldest first."""
    return unit.rows(
        "SELECT id, number, subject, channel, category, urgency, state, language, opened_at, "
        "closed_at FROM ticket WHERE requester_id = :id ORDER BY id",
        id=requester_id,
    )


def of_others(unit: Unit, found: Person) -> Sequence[Any]:
    """Tickets of somebody else's that they take part in, as when two people's were made one."""
    return unit.rows(
        "SELECT DISTINCT t.id, t.number, t.channel FROM participant p "
        "JOIN ticket t ON t.id = p.ticket_id "
        "WHERE p.identity_id IN :mine AND t.requester_id <> :id ORDER BY t.id",
        id=found.id,
        mine=_mine(found),
    )


def said(unit: Unit, found: Person, ticket_id: int, *, own: bool, notes: bool) -> Sequence[Any]:
    """What they and the desk said to each other on a ticket, in its order; with ``notes`` what
    colleagues noted too. What others wrote on it, and were answered, is theirs: also on a ticket
    of their ``own``, to which all of it belongs that went to nobody by name."""
    return unit.rows(
        "SELECT m.id, m.direction, m.channel, m.subject, m.text, m.rest, m.fields, m.masked, "
        "m.sent_at, m.seen_at, i.kind AS handle_kind, i.value AS handle FROM message m "
        "LEFT JOIN identity i ON i.id = m.identity_id WHERE m.ticket_id = :id "
        "AND ((m.direction = 'in' AND m.identity_id IN :mine) OR (m.direction = 'note' AND :notes) "
        "OR (m.direction = 'out' AND (SELECT COALESCE(MAX(CASE WHEN o.identity_id IN :mine THEN 1 "
        "ELSE 0 END), :own) FROM outbox o WHERE o.ticket_id = m.ticket_id "
        "AND o.message_id = m.id AND o.purpose = 'reply') = 1)) ORDER BY m.seen_at, m.id",
        id=ticket_id,
        mine=_mine(found),
        own=int(own),
        notes=notes and own,
    )


def acknowledged(unit: Unit, found: Person, ticket_id: int) -> Sequence[Any]:
    """What the router itself sent them about a ticket."""
    return unit.rows(
        "SELECT purpose, channel, subject, text, sent_at FROM outbox WHERE ticket_id = :id "
        "AND message_id IS NULL AND sent_at IS NOT NULL AND identity_id IN :mine ORDER BY id",
        id=ticket_id,
        mine=_mine(found),
    )


def _mine(found: Person) -> list[int]:
    return [one.id for one in found.handles]


def files(unit: Unit, message_ids: Sequence[int]) -> Iterator[Any]:
    """The files of these messages with their sealed bytes, one after the other."""
    for one in unit.rows(
        "SELECT id FROM attachment WHERE message_id IN :ids ORDER BY id",
        ids=list(message_ids) or [0],
    ):
        row = unit.row(
            "SELECT f.message_id, f.name, f.mime, f.token, b.key_id, b.wrapped_key, b.blob "
            "FROM attachment f JOIN attachment_body b ON b.attachment_id = f.id WHERE f.id = :id",
            id=one.id,
        )
        if row is not None:
            yield row


def calls(unit: Unit, ticket_id: int) -> Sequence[Any]:
    """The calls of a ticket."""
    return unit.rows(
        "SELECT inbound, number, outcome, started_at, ended_at, transcript, note FROM call "
        "WHERE ticket_id = :id ORDER BY id",
        id=ticket_id,
    )


def ratings(unit: Unit, ticket_id: int) -> Sequence[Any]:
    """What they thought of it."""
    return unit.rows("SELECT score, at FROM satisfaction WHERE ticket_id = :id", id=ticket_id)
