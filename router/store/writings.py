"""What agents have begun to write: kept sealed, because nothing has been masked in it yet."""

from __future__ import annotations

from typing import Any

from router.core.keys import Keyring
from router.errors import RouterError
from router.store.shapes import DraftRow
from router.store.unit import Unit

KINDS = ("reply", "note", "forward")


def _about(agent_id: int, ticket_id: int, kind: str) -> bytes:
    return f"draft:{agent_id}:{ticket_id}:{kind}".encode()


def keep(unit: Unit, keys: Keyring, agent_id: int, ticket_id: int, kind: str, text: str) -> None:
    """Keep this text in place of what was kept before; an empty one is forgotten."""
    forget(unit, agent_id, ticket_id, kind)
    if not text.strip():
        return
    sealed = keys.seal(text.encode(), _about(agent_id, ticket_id, kind))
    unit.put(
        DraftRow,
        agent_id=agent_id,
        ticket_id=ticket_id,
        kind=kind,
        key_id=sealed.key_id,
        wrapped_key=sealed.wrapped_key,
        blob=sealed.blob,
        changed_at=unit.now_us,
    )


def forget(unit: Unit, agent_id: int, ticket_id: int, kind: str) -> None:
    """What was written has gone out, or its writer wants it no more."""
    unit.run(
        "DELETE FROM draft WHERE agent_id = :agent AND ticket_id = :ticket AND kind = :kind",
        agent=agent_id,
        ticket=ticket_id,
        kind=kind,
    )


def of_ticket(unit: Unit, keys: Keyring, agent_id: int, ticket_id: int) -> dict[str, str]:
    """What this agent has begun on the ticket, by kind."""
    rows = unit.rows(
        "SELECT * FROM draft WHERE agent_id = :agent AND ticket_id = :ticket",
        agent=agent_id,
        ticket=ticket_id,
    )
    return {row.kind: _opened(keys, row) for row in rows}


def _opened(keys: Keyring, row: Any) -> str:
    about = _about(row.agent_id, row.ticket_id, row.kind)
    try:
        return keys.unseal(row.key_id, row.wrapped_key, row.blob, about).decode()
    except RouterError:
        return ""  # its key is gone; the page must open nevertheless


def move(unit: Unit, keys: Keyring, old_id: int, new_id: int) -> None:
    """What anybody has begun on one ticket goes on, on another, after what they have there."""
    for row in unit.rows("SELECT * FROM draft WHERE ticket_id = :old", old=old_id):
        there = of_ticket(unit, keys, row.agent_id, new_id).get(row.kind, "")
        text = "\n\n".join(filter(None, (there, _opened(keys, row))))
        keep(unit, keys, row.agent_id, new_id, row.kind, text)
        forget(unit, row.agent_id, old_id, row.kind)
