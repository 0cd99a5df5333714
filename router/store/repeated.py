"""What repeats somebody's words on tickets that are not theirs: quotes on a ticket tied to theirs,
and on one that theirs was merged into what was passed on of them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from router.core import erasing
from router.store import merging, search
from router.store.unit import Unit


def rewrite(unit: Unit, row: Any, columns: dict[str, str], limit: int) -> None:
    """Give a message other words, in the index too."""
    search.erase(unit, [(row.id, f"{row.subject}\n{row.text}\n{row.rest}")])
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    unit.run(f"UPDATE message SET {sets} WHERE id = :id", id=row.id, **columns)  # noqa: S608  # ours
    said = {"subject": row.subject, "text": row.text, "rest": row.rest} | columns
    whole = f"{said['subject']}\n{said['text']}\n{said['rest']}"
    search.add(unit, [(row.id, search.prepare(whole, limit))])


# ---------------------------------------------------------------- tickets that are tied


def next_link(unit: Unit, requester_id: int, after: int) -> Any:
    """The next tie between a ticket of theirs and one of somebody else's: id, theirs, other."""
    return unit.row(
        "SELECT l.id, CASE WHEN a.requester_id = :id THEN a.id ELSE b.id END AS theirs, "
        "CASE WHEN a.requester_id = :id THEN b.id ELSE a.id END AS other "
        "FROM link l JOIN ticket a ON a.id = l.ticket_id JOIN ticket b ON b.id = l.other_id "
        "WHERE l.id > :after AND (a.requester_id = :id OR b.requester_id = :id) "
        "AND a.requester_id <> b.requester_id ORDER BY l.id LIMIT 1",
        id=requester_id,
        after=after,
    )


def unquote(unit: Unit, theirs: int, other: int, limit: int) -> int:
    """Take the lines somebody wrote on one ticket out of the messages of the other, and out of what
    was sent of them; how many messages."""
    known: set[str] = set()
    for row in unit.rows(
        "SELECT text FROM message WHERE ticket_id = :id AND direction = 'in'", id=theirs
    ):
        known |= erasing.lines_of(row.text)
    changed = 0
    for row in unit.rows(
        "SELECT id, subject, text, rest, html FROM message WHERE ticket_id = :id", id=other
    ):
        text, rest = (erasing.without_lines(one, known) for one in (row.text, row.rest))
        if (text, rest) != (row.text, row.rest):
            changed += 1
            rewrite(unit, row, {"text": text, "rest": rest, "html": ""}, limit)
    for row in unit.rows("SELECT id, text FROM outbox WHERE ticket_id = :id", id=other):
        text = erasing.without_lines(row.text, known)
        if text != row.text:
            unit.run("UPDATE outbox SET text = :text WHERE id = :id", text=text, id=row.id)
    return changed


# ---------------------------------------------------------------- tickets that became one


class Merges(NamedTuple):
    """What a ticket's merges moved, notes of colleagues too: the messages that stand there still,
    those and the ones that came back, and the tickets it was merged into."""

    there: list[int]
    moved: list[int]
    kept: list[int]


def merges(unit: Unit, gone_id: int) -> Merges:
    """What became of a ticket, also by merges that were taken back: what was passed on meanwhile
    repeats it, and from a kept ticket that was merged too not all came back."""
    rows = unit.rows("SELECT seen FROM act WHERE ticket_id = :id AND verb = 'merge'", id=gone_id)
    merged = [one for row in rows if (one := json.loads(row.seen).get("merge"))]
    kept = {one["kept"] for one in merged}
    further = merging.into(unit, [*kept])
    stands: dict[int, int] = {}
    for one in merged:
        found = unit.rows(
            "SELECT id, ticket_id FROM message WHERE id IN :ids AND ticket_id IN :places",
            ids=one["message"] or [0],
            places=[gone_id, one["kept"], further.get(one["kept"], 0)],
        )
        stands |= {row.id: row.ticket_id for row in found}
    there = sorted(one for one, ticket_id in stands.items() if ticket_id != gone_id)
    return Merges(there, sorted(stands), sorted(kept.union(further.values())))


def take_out(
    unit: Unit, message_ids: Sequence[int], limit: int, besides: Collection[int] = ()
) -> None:
    """Take out what else repeats these messages on tickets that stay, theirs and those ``besides``,
    before they are emptied: pieces of what was passed on, with its files, and their ids in the
    chains of mails."""
    ours = unit.rows(
        "SELECT id, ticket_id, text, rfc_id FROM message WHERE id IN :ids",
        ids=list(message_ids) or [0],
    )
    for ticket in unit.rows(
        "SELECT id FROM ticket WHERE id IN :ids AND erased_at IS NULL",
        ids=[*{row.ticket_id for row in ours}.union(besides)] or [0],
    ):
        every = ticket.id in besides
        gone = {row.id: row for row in ours if every or row.ticket_id == ticket.id}
        staying = [
            row.text
            for row in unit.rows(
                "SELECT id, text FROM message WHERE ticket_id = :id AND direction <> 'forward'",
                id=ticket.id,
            )
            if row.id not in gone
        ]
        _passed_on(unit, ticket.id, [row.text for row in gone.values()], staying, limit)
        _files(unit, ticket.id, [*gone])
        _chains(unit, ticket.id, {row.rfc_id for row in gone.values() if row.rfc_id})


def _passed_on(
    unit: Unit, ticket_id: int, gone: Collection[str], staying: Collection[str], limit: int
) -> None:
    for row in unit.rows(
        "SELECT id, subject, text, rest, html FROM message "
        "WHERE ticket_id = :id AND direction = 'forward'",
        id=ticket_id,
    ):
        text = erasing.without_pieces(row.text, gone, staying)
        if text != row.text:
            rewrite(unit, row, {"text": text}, limit)
            unit.run(
                "UPDATE outbox SET text = :text WHERE ticket_id = :ticket AND message_id = :id",
                text=text,
                ticket=ticket_id,
                id=row.id,
            )


def _files(unit: Unit, ticket_id: int, message_ids: Collection[int]) -> None:
    copies = (
        "SELECT c.id FROM message f JOIN attachment c ON c.message_id = f.id "
        "WHERE f.ticket_id = :ticket AND f.direction = 'forward' AND c.sha256 IN "
        "(SELECT sha256 FROM attachment WHERE message_id IN :ids)"
    )
    found = [row.id for row in unit.rows(copies, ticket=ticket_id, ids=list(message_ids) or [0])]
    if found:
        unit.run("DELETE FROM attachment_body WHERE attachment_id IN :ids", ids=found)
        unit.run("DELETE FROM attachment WHERE id IN :ids", ids=found)


def _chains(unit: Unit, ticket_id: int, ids: Collection[str]) -> None:
    if not ids:
        return
    for table in ("message", "outbox"):
        for row in unit.rows(
            f"SELECT id, thread_ids FROM {table} WHERE ticket_id = :id AND thread_ids <> ''",  # noqa: S608  # ours
            id=ticket_id,
        ):
            left = [one for one in row.thread_ids.split() if one not in ids]
            if " ".join(left) != row.thread_ids:
                unit.run(
                    f"UPDATE {table} SET thread_ids = :left WHERE id = :id",  # noqa: S608  # ours
                    left=" ".join(left),
                    id=row.id,
                )
