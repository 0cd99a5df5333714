"""Everything that was ever handed over, once each, and what became of it (G2).

Pushed items are journalled with their sealed bytes before anything reads them. A polled mailbox
keeps its own copy, so a mail's row is written together with its message; what guards against a mail
that kills the process is a mark, committed before the mails of a batch are read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.core.keys import Keyring, Sealed
from router.store.shapes import Cursor, Journal
from router.store.unit import Unit

#: Suffix of the cursor row that holds the mark of a source.
_MARK = "!reading"
#: What the id of an item begins with whose sender was erased; a salted hash follows.
COVERED = "erased:"


@dataclass(frozen=True, slots=True)
class Item:
    """One item's place in the journal."""

    kind: str
    account: str
    remote_id: str


def about(item: Item) -> bytes:
    """What sealed raw bytes are bound to, so that rows cannot be exchanged."""
    return f"journal:{item.kind}:{item.account}:{item.remote_id}".encode()


def covers(keys: Keyring, remote_id: str) -> list[str]:
    """How the id of an item may stand in the journal when its sender was erased, the present
    key's way first."""
    return [COVERED + one for one in keys.fingerprints(remote_id)]


def put(unit: Unit, item: Item, state: str, *, sealed: Sealed | None = None, **columns: Any) -> int:
    """Write the row of an item that was not seen before; its id."""
    row_id = unit.new_id()
    unit.put(
        Journal,
        **{
            "id": row_id,
            "kind": item.kind,
            "account": item.account,
            "remote_id": item.remote_id,
            "state": state,
            "received_at": unit.now_us,
            **columns,
            **({} if sealed is None else _sealed(sealed)),
        },
    )
    return row_id


def receive(unit: Unit, keys: Keyring, item: Item, sealed: Sealed) -> bool:
    """Write down a pushed item that nobody has read yet; False when it was here before."""
    if erased(unit, keys, item.kind, [item.account], [item.remote_id]):
        return False
    return bool(
        unit.run(
            "INSERT INTO journal (id, kind, account, remote_id, state, attempts, received_at, "
            "leased_until, error, trace, key_id, wrapped_key, raw) VALUES (:id, :kind, :account, "
            ":remote_id, 'received', 0, :now, 0, '', '', :key_id, :wrapped_key, :raw) "
            "ON CONFLICT (kind, account, remote_id) DO NOTHING",
            id=unit.new_id(),
            kind=item.kind,
            account=item.account,
            remote_id=item.remote_id,
            now=unit.now_us,
            **_sealed(sealed),
        )
    )


def of_item(unit: Unit, item: Item) -> Any:
    """The whole row of an item, or None."""
    return unit.row(
        "SELECT * FROM journal WHERE kind = :kind AND account = :account AND remote_id = :id",
        kind=item.kind,
        account=item.account,
        id=item.remote_id,
    )


def _sealed(sealed: Sealed) -> dict[str, Any]:
    return {"key_id": sealed.key_id, "wrapped_key": sealed.wrapped_key, "raw": sealed.blob}


def known(unit: Unit, kind: str, account: str, remote_ids: Sequence[str]) -> set[str]:
    """Which of these were handed over before."""
    if not remote_ids:
        return set()
    return {
        row.remote_id
        for row in unit.rows(
            "SELECT remote_id FROM journal "
            "WHERE kind = :kind AND account = :account AND remote_id IN :ids",
            kind=kind,
            account=account,
            ids=list(remote_ids),
        )
    }


def erased(
    unit: Unit, keys: Keyring, kind: str, accounts: Collection[str], remote_ids: Sequence[str]
) -> set[str]:
    """Which of these came before, by whatever account, from somebody who was erased since."""
    if not remote_ids or not unit.value("SELECT 1 FROM erasure WHERE reason = 'person' LIMIT 1"):
        return set()
    covered = {cover: one for one in remote_ids for cover in covers(keys, one)}
    return {
        covered[row.remote_id]
        for row in unit.rows(
            "SELECT remote_id FROM journal "
            "WHERE kind = :kind AND account IN :accounts AND remote_id IN :ids",
            kind=kind,
            accounts=list(accounts),
            ids=list(covered),
        )
    }


def hold(unit: Unit, row_id: int) -> bool:
    """Keep a pushed item from everybody else until the commit; False when somebody whose lease was
    over has worked on it after all."""
    return bool(
        unit.run(
            "UPDATE journal SET leased_until = leased_until WHERE id = :id AND state = 'received'",
            id=row_id,
        )
    )


def finish(
    unit: Unit, row_id: int, *, message_id: int | None, ticket_id: int | None, erase: bool
) -> None:
    """An item that was journalled or parked before is a message now."""
    unit.later(
        "UPDATE journal SET state = 'done', message_id = :message, ticket_id = :ticket, "
        "error = '', trace = '', leased_until = 0 WHERE id = :id",
        id=row_id,
        message=message_id,
        ticket=ticket_id,
    )
    if erase:
        unit.later("UPDATE journal SET wrapped_key = NULL, raw = NULL WHERE id = :id", id=row_id)


def park(unit: Unit, row_id: int, *, ticket_id: int, error: str, trace: str) -> None:
    """An item that was journalled before could not be worked on."""
    unit.later(
        "UPDATE journal SET state = 'parked', ticket_id = :ticket, error = :error, "
        "trace = :trace, leased_until = 0 WHERE id = :id",
        id=row_id,
        ticket=ticket_id,
        error=error,
        trace=trace,
    )


def find(unit: Unit, row_id: int) -> Any:
    """The whole row, or None."""
    return unit.row("SELECT * FROM journal WHERE id = :id", id=row_id)


def kept_raw(unit: Unit, message_id: int, ticket_id: int) -> Any:
    """The row of a message whose sealed bytes are still kept, or None."""
    return unit.row(
        "SELECT kind, account, remote_id, key_id, wrapped_key, raw FROM journal "
        "WHERE message_id = :id AND ticket_id = :ticket AND raw IS NOT NULL",
        id=message_id,
        ticket=ticket_id,
    )


def claim(unit: Unit, keys: Keyring, *, lease_us: int, limit: int) -> list[Any]:
    """Take pushed items that nobody works on; ``attempts`` is raised by this very commit.

    An item that was tried before is taken alone: should it end the process, its neighbours do not
    pay for it. One that was sealed under a key which is not here is left to whoever has the key.
    """
    rows = unit.rows(
        "SELECT * FROM journal WHERE state <> 'done' AND state = 'received' "
        "AND leased_until < :now AND key_id IN :held ORDER BY id LIMIT :n",
        now=unit.now_us,
        held=keys.ids,
        n=limit,
    )
    fresh = [row for row in rows if not row.attempts]
    return [row for row in fresh or rows[:1] if _take(unit, row, lease_us)]


def claim_one(unit: Unit, keys: Keyring, item: Item, *, lease_us: int) -> Any:
    """Take this very item, unless somebody works on it or has, or its key is not here; the row, or
    None."""
    row = of_item(unit, item)
    if row is None or row.state != "received" or row.leased_until >= unit.now_us:
        return None
    if not keys.holds(row.key_id):
        return None
    return row if _take(unit, row, lease_us) else None


def _take(unit: Unit, row: Any, lease_us: int) -> bool:
    return bool(
        unit.run(
            "UPDATE journal SET leased_until = :until, attempts = attempts + 1 "
            "WHERE id = :id AND state = 'received' AND leased_until = :seen",
            until=unit.now_us + lease_us,
            id=row.id,
            seen=row.leased_until,
        )
    )


def release(unit: Unit, row_ids: Sequence[int]) -> None:
    """Give claimed items back: nobody could even try them. The rows keep their size, for this is
    done when the disk is full.
    """
    unit.run_many(
        "UPDATE journal SET leased_until = :past, attempts = attempts - 1 "
        "WHERE id = :id AND state = 'received'",
        [{"id": row_id, "past": unit.now_us - 1} for row_id in row_ids],
    )


def lacking(unit: Unit, keys: Keyring) -> list[str]:
    """The ids of keys which are not here and under which waiting items are sealed."""
    rows = unit.rows(
        "SELECT DISTINCT key_id FROM journal WHERE state <> 'done' AND state = 'received' "
        "AND key_id NOT IN :held ORDER BY key_id",
        held=keys.ids,
    )
    return [row.key_id for row in rows]


def pending(unit: Unit) -> bool:
    """Whether any pushed item waits and nobody works on it."""
    return bool(
        unit.value(
            "SELECT 1 FROM journal WHERE state <> 'done' AND state = 'received' "
            "AND leased_until < :now LIMIT 1",
            now=unit.now_us,
        )
    )


def parked(unit: Unit) -> int:
    """How many items wait for a person; few, so they are counted."""
    return int(
        unit.value("SELECT COUNT(*) FROM journal WHERE state <> 'done' AND state = 'parked'") or 0
    )


def parked_rows(unit: Unit, limit: int = 1000) -> list[Any]:
    """Parked items, oldest first: id, kind, account, error, trace, received_at, ticket, number."""
    return list(
        unit.rows(
            "SELECT j.id, j.kind, j.account, j.error, j.trace, j.received_at, j.ticket_id, "
            "t.number FROM journal j LEFT JOIN ticket t ON t.id = j.ticket_id "
            "WHERE j.state <> 'done' AND j.state = 'parked' ORDER BY j.id LIMIT :n",
            n=limit,
        )
    )


def erase_raw(unit: Unit, before_us: int, limit: int = 500) -> int:
    """Forget the bytes of processed items older than this; parked ones keep theirs."""
    return unit.run(
        "UPDATE journal SET wrapped_key = NULL, raw = NULL WHERE id IN (SELECT id FROM journal "
        "WHERE state = 'done' AND raw IS NOT NULL AND received_at < :before LIMIT :n)",
        before=before_us,
        n=limit,
    )


def erase_of_messages(unit: Unit, message_ids: Collection[int]) -> None:
    """Forget the bytes of these messages, however long they would be kept."""
    unit.run(
        "UPDATE journal SET wrapped_key = NULL, raw = NULL "
        "WHERE message_id IN :ids AND raw IS NOT NULL",
        ids=list(message_ids) or [0],
    )


def erase_parked(unit: Unit, ticket_ids: Collection[int]) -> None:
    """What was parked for these tickets is not tried again; its bytes and its traceback go."""
    unit.run(
        "UPDATE journal SET state = 'done', error = '', trace = '', wrapped_key = NULL, "
        "raw = NULL WHERE state <> 'done' AND state = 'parked' AND ticket_id IN :ids",
        ids=list(ticket_ids) or [0],
    )


# ---------------------------------------------------------------- where a polled source stands


def cursor(unit: Unit, kind: str, account: str) -> dict[str, Any]:
    """What the channel last said about its place; empty at the beginning."""
    value = unit.value(
        "SELECT value FROM cursor WHERE kind = :kind AND account = :account",
        kind=kind,
        account=account,
    )
    found: dict[str, Any] = json.loads(value) if value else {}
    return found


def advance(unit: Unit, kind: str, account: str, value: Mapping[str, Any]) -> None:
    """Remember the channel's new place."""
    said = json.dumps(dict(value))
    if not unit.run(
        "UPDATE cursor SET value = :value, at = :now WHERE kind = :kind AND account = :account",
        value=said,
        now=unit.now_us,
        kind=kind,
        account=account,
    ):
        unit.put(Cursor, kind=kind, account=account, value=said, at=unit.now_us)


def suspects(unit: Unit, kind: str, account: str) -> dict[str, int]:
    """Items whose reading was begun and never ended, with how often that was tried."""
    return {str(key): int(value) for key, value in cursor(unit, kind + _MARK, account).items()}


def mark(unit: Unit, kind: str, account: str, attempts: Mapping[str, int]) -> None:
    """Say which items are about to be read; an empty mapping says none."""
    advance(unit, kind + _MARK, account, attempts)
