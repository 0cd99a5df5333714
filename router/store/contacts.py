"""When people last wrote, whatever the channel: one look for all senders of a batch."""

from __future__ import annotations

from collections.abc import Collection

from router.store.shapes import Identity, Requester
from router.store.unit import Unit


def last(unit: Unit, handles: Collection[tuple[str, str]]) -> dict[tuple[str, str], int | None]:
    """The arrival of each known handle's owner's newest message, None when they wrote none.

    A handle that nobody ever wrote from is not in it.
    """
    if not handles:
        return {}
    rows = unit.rows(
        "SELECT identity.kind AS kind, identity.value AS value, MAX(message.arrived_at) AS at "
        "FROM identity "
        "LEFT JOIN ticket ON ticket.requester_id = identity.requester_id "
        "LEFT JOIN message ON message.ticket_id = ticket.id AND message.direction = 'in' "
        "WHERE identity.kind IN :kinds AND identity.value IN :values "
        "GROUP BY identity.kind, identity.value",
        kinds=sorted({kind for kind, _ in handles}),
        values=sorted({value for _, value in handles}),
    )
    return {(row.kind, row.value): row.at for row in rows}


def meet(unit: Unit, kind: str, value: str, name: str, language: str) -> tuple[int, int]:
    """(identity, requester) of a handle, made when nobody has written from it before."""
    known = unit.row(
        "SELECT id, requester_id FROM identity WHERE kind = :kind AND value = :value",
        kind=kind,
        value=value,
    )
    if known is not None:
        return int(known.id), int(known.requester_id)
    identity_id, requester_id = unit.new_id(), unit.new_id()
    unit.put(Requester, id=requester_id, name=name, language=language, created_at=unit.now_us)
    unit.put(
        Identity,
        id=identity_id,
        requester_id=requester_id,
        kind=kind,
        value=value,
        name=name,
        created_at=unit.now_us,
    )
    return identity_id, requester_id
