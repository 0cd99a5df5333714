"""When people last wrote, whatever the channel: one look for all senders of a batch."""

from __future__ import annotations

from collections.abc import Collection

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
