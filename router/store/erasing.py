"""Taking words out of the database for good: of messages, of a ticket, of a person's handles.

Each call is a small piece of work, and doing it again changes nothing, so whoever is killed between
two of them begins the ticket in hand anew. What reports count (moments, codes, who did what) stays
where it is.
"""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from router.core import erasing
from router.core.keys import Keyring
from router.store import journal, repeated, search, timeline
from router.store.batch import load, write
from router.store.erasable import (
    OF_HANDLES,
    OF_MESSAGES,
    OF_TICKETS,
    SENT_TO,
    WALKED,
    Dropped,
    Emptied,
)
from router.store.promises import clocks
from router.store.unit import Unit

#: Why an open ticket was closed, and what its timeline says.
CODE = "erased"


def _do(unit: Unit, rows: Iterable[Emptied | Dropped], ids: Collection[int]) -> Tally[str]:
    done: Tally[str] = Tally()
    wanted = list(ids) or [0]
    for one in rows:
        done[one.table] += unit.run(one.sql, ids=wanted, now=unit.now_us)
    return done


# ---------------------------------------------------------------- messages


def messages_of(unit: Unit, ticket_id: int, after: int, limit: int) -> list[int]:
    """The next messages of a ticket by id."""
    rows = unit.rows(
        "SELECT id FROM message WHERE ticket_id = :ticket AND id > :after ORDER BY id LIMIT :n",
        ticket=ticket_id,
        after=after,
        n=limit,
    )
    return [row.id for row in rows]


def messages(unit: Unit, ids: Sequence[int]) -> Tally[str]:
    """Empty these messages: words, files, what was found in them, their place in the index."""
    if not ids:
        return Tally()
    rows = unit.rows(
        "SELECT id, subject, text, rest FROM message WHERE id IN :ids ORDER BY id", ids=list(ids)
    )
    search.erase(unit, [(row.id, f"{row.subject}\n{row.text}\n{row.rest}") for row in rows])
    done = _do(unit, OF_MESSAGES, ids)
    journal.erase_of_messages(unit, ids)
    return done


# ---------------------------------------------------------------- a ticket


def hold(unit: Unit, ticket_ids: Iterable[int]) -> None:
    """Keep everybody from these tickets until the commit."""
    load(unit, ticket_ids)


def shut(unit: Unit, ticket_id: int, reason: str) -> Tally[str]:
    """Close a ticket for good and empty all that stands beside its messages and its timeline.

    From this commit on nothing joins it. Promises that were open end neither kept nor broken.
    """
    draft = load(unit, [ticket_id])[ticket_id]
    if draft.erased_at is None:
        timeline.note(unit, ticket_id, CODE, reason=reason)
    if draft.state != "closed":
        draft.state, draft.closed_at = "closed", unit.now_us
        clocks.waive(unit, draft)
    draft.erased_at = draft.erased_at or unit.now_us
    draft.subject = draft.snippet = draft.conversation = draft.imitates = ""
    draft.parked = False
    write(unit, [draft])
    journal.erase_parked(unit, [ticket_id])
    return _do(unit, OF_TICKETS, [ticket_id])


def entries(unit: Unit, ticket_id: int, after: int, limit: int) -> int | None:
    """Empty the next lines of a ticket's timeline; the last one's id, None when there are none."""
    rows = unit.rows(
        "SELECT id, params FROM entry WHERE ticket_id = :ticket AND id > :after "
        "ORDER BY id LIMIT :n",
        ticket=ticket_id,
        after=after,
        n=limit,
    )
    changed = [
        {"id": row.id, "params": kept}
        for row in rows
        if (kept := erasing.kept_params(row.params)) != row.params
    ]
    unit.run_many("UPDATE entry SET params = :params WHERE id = :id", changed)
    return rows[-1].id if rows else None


def taught(unit: Unit, ticket_id: int) -> bool:
    """Whether the second reader may have learnt from this ticket."""
    return bool(
        unit.value(
            "SELECT 1 FROM feedback WHERE ticket_id = :id AND what = 'category' LIMIT 1",
            id=ticket_id,
        )
    )


# ---------------------------------------------------------------- a person


def handles_of(unit: Unit, requester_id: int) -> Sequence[Any]:
    """Every handle of somebody: id, kind, value, name."""
    return unit.rows(
        "SELECT id, kind, value, name FROM identity WHERE requester_id = :id ORDER BY id",
        id=requester_id,
    )


def forget_handles(unit: Unit, requester_id: int, identity_ids: Collection[int]) -> None:
    """From this commit on nobody is found by these handles: who writes from one is new here."""
    ids = list(identity_ids) or [0]
    unit.run(  # whoever was made for an address that was only left goes with it
        "UPDATE requester SET name = '', language = '', erased_at = :now WHERE id IN "
        "(SELECT requester_id FROM identity WHERE id IN :ids)",
        now=unit.now_us,
        ids=ids,
    )
    unit.run("UPDATE identity SET requester_id = :id WHERE id IN :ids", id=requester_id, ids=ids)
    _do(unit, OF_HANDLES, identity_ids)
    unit.run(
        "UPDATE requester SET name = '', language = '', erased_at = :now WHERE id = :id "
        "OR id IN (SELECT gone_id FROM one_person WHERE kept_id = :id AND state = 'joined')",
        now=unit.now_us,
        id=requester_id,
    )
    unit.run(
        "UPDATE outbox SET state = 'cancelled', reason = 'erased' "
        "WHERE state IN ('queued', 'sending') "
        "AND ticket_id IN (SELECT id FROM ticket WHERE requester_id = :id)",
        id=requester_id,
    )


def next_ticket(unit: Unit, requester_id: int, after: int) -> int | None:
    """The next ticket of somebody by id, or None."""
    found: int | None = unit.value(
        "SELECT MIN(id) FROM ticket WHERE requester_id = :id AND id > :after",
        id=requester_id,
        after=after,
    )
    return found


def untouched(unit: Unit, requester_id: int) -> bool:
    """Whether a ticket of theirs came in while they were being erased."""
    return bool(
        unit.value(
            "SELECT 1 FROM ticket WHERE requester_id = :id AND erased_at IS NULL LIMIT 1",
            id=requester_id,
        )
    )


# ---------------------------------------------------------------- texts of others


def look(
    unit: Unit, table: str, after: int, words: Sequence[str], limit: int
) -> tuple[list[Any], int | None]:
    """Of the next rows of a table those that may hold one of these words, and the last row's id;
    None when there are no more."""
    upto = _upto(unit, table, after, limit)
    if upto is None or not words:
        return [], None
    columns = WALKED[table]
    held, known = _holds(" || ' ' || ".join(f'"{one}"' for one in columns), words)
    named = ", ".join(f'"{one}"' for one in ("id", *columns))
    rows = unit.rows(
        f'SELECT {named} FROM "{table}" WHERE id > :after AND id <= :upto AND {held}',  # noqa: S608  # ours
        after=after,
        upto=upto,
        **known,
    )
    return list(rows), upto


def _holds(said: str, words: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The condition that an expression may hold one of these words, and its parameters: whoever
    gets the rows looks closely. Of numbers the groups in which they are written do not matter."""
    whole, joined = f"lower({said})", f"replace(replace({said}, ' ', ''), '-', '')"
    known, either = {}, []
    for place, word in enumerate(words):
        parts = [_plain(part) for part in erasing.sure_parts(word)]
        known[f"w{place}"] = "%".join(["", *parts, ""])
        looked = joined if erasing.is_number(word) else whole
        either.append(f"{looked} LIKE :w{place} ESCAPE '!'")
    return f"({' OR '.join(either)})", known


def _plain(part: str) -> str:
    for sign in "!%_":
        part = part.replace(sign, f"!{sign}")
    return part


def unname(unit: Unit, table: str, rows: Iterable[Any], words: Sequence[str], limit: int) -> int:
    """Put a sign in place of these words in rows that were found; how many rows."""
    changed = 0
    for row in rows:
        held = {name: getattr(row, name) for name in WALKED[table]}
        columns = {name: erasing.without(one, words) for name, one in held.items()}
        if columns == held:
            continue
        if table == "message":
            repeated.rewrite(unit, row, columns, limit)
        else:
            sets = ", ".join(f'"{name}" = :{name}' for name in columns)
            unit.run(f'UPDATE "{table}" SET {sets} WHERE id = :id', id=row.id, **columns)  # noqa: S608  # ours
        changed += 1
    return changed


def _upto(unit: Unit, table: str, after: int, limit: int) -> int | None:
    """The last of the next rows of a table by id, or None."""
    found: int | None = unit.value(
        f'SELECT MAX(id) FROM (SELECT id FROM "{table}" WHERE id > :after '  # noqa: S608  # ours
        "ORDER BY id LIMIT :n) AS page",
        after=after,
        n=limit,
    )
    return found


def of_writer(
    unit: Unit, identity_ids: Sequence[int], after: int, limit: int
) -> tuple[list[int], int | None]:
    """Of the next messages those somebody wrote on whatever ticket, with what was answered to them
    there; and the last one's id, None when there are no more."""
    upto = _upto(unit, "message", after, limit)
    if upto is None:
        return [], None
    rows = unit.rows(
        "SELECT m.id FROM message m WHERE m.id > :after AND m.id <= :upto AND (m.identity_id "
        "IN :ids OR (m.direction = 'out' AND EXISTS (SELECT 1 FROM outbox o "
        "WHERE o.ticket_id = m.ticket_id AND o.message_id = m.id AND o.purpose = 'reply' "
        "AND o.identity_id IN :ids)))",
        after=after,
        upto=upto,
        ids=list(identity_ids) or [0],
    )
    return [row.id for row in rows], upto


def sent_to(unit: Unit, identity_ids: Sequence[int], after: int, limit: int) -> int | None:
    """Empty what the router itself sent somebody, of the next rows of the outbox; the last one's
    id, None when there are no more. A copy of what was said to somebody else is that one's."""
    upto = _upto(unit, "outbox", after, limit)
    if upto is not None:
        unit.run(SENT_TO.sql, after=after, upto=upto, ids=list(identity_ids) or [0])
    return upto


def forget_snippets(unit: Unit, message_ids: Sequence[int]) -> None:
    """The first words of tickets shown in lists may be those of a message that is gone."""
    unit.run(
        "UPDATE ticket SET snippet = '' WHERE id IN "
        "(SELECT ticket_id FROM message WHERE id IN :ids)",
        ids=list(message_ids) or [0],
    )


def forget_places(unit: Unit, words: Sequence[str]) -> None:
    """Small tables that may hold a handle besides: health, answers that are repeated, and what
    others gave as theirs."""
    if not words:
        return
    held, known = _holds("params", words)
    rows = unit.rows(f"SELECT name, params FROM health WHERE {held}", **known)  # noqa: S608  # ours
    names = [row.name for row in rows if erasing.holds(row.params, words)]
    unit.run("UPDATE health SET params = '' WHERE name IN :names", names=names)
    said = "key || ' ' || answer"
    held, known = _holds(said, words)
    rows = unit.rows(f"SELECT key, {said} AS said FROM idempotency WHERE {held}", **known)  # noqa: S608  # ours
    keys = [row.key for row in rows if erasing.holds(row.said, words)]
    unit.run("DELETE FROM idempotency WHERE key IN :keys", keys=keys)
    given = [word.lower() for word in words]
    unit.run("DELETE FROM given_handle WHERE lower(value) IN :words", words=given)


def journal_rows(
    unit: Unit, requester_id: int, identity_ids: Sequence[int], after: int, limit: int
) -> tuple[list[Any], int | None]:
    """Of the next rows of the journal those that brought something of theirs; and the last one's
    id, None when there are no more."""
    upto = _upto(unit, "journal", after, limit)
    if upto is None:
        return [], None
    rows = unit.rows(
        "SELECT j.id, j.kind, j.account, j.remote_id FROM journal j "
        "LEFT JOIN ticket t ON t.id = j.ticket_id LEFT JOIN message m ON m.id = j.message_id "
        "WHERE j.id > :after AND j.id <= :upto "
        "AND (t.requester_id = :person OR m.identity_id IN :ids)",
        after=after,
        upto=upto,
        person=requester_id,
        ids=list(identity_ids) or [0],
    )
    return list(rows), upto


def cover(unit: Unit, keys: Keyring, rows: Iterable[Any]) -> None:
    """Keep only a salted hash of the far side's id: enough to know the item when it comes again."""
    unit.run_many(
        "UPDATE journal SET remote_id = :covered, error = '', trace = '', state = 'done', "
        "key_id = '', wrapped_key = NULL, raw = NULL WHERE id = :id",
        [
            {"id": row.id, "covered": journal.covers(keys, row.remote_id)[0]}
            for row in rows
            if not row.remote_id.startswith(journal.COVERED)
        ],
    )


def counts_of(written: str) -> Tally[str]:
    """What was counted so far."""
    return Tally(json.loads(written)) if written else Tally()
