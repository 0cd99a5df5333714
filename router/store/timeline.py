"""What happened to a ticket, and who did what: codes and parameters, never prose.

An entry is shown in the reader's language; the audit row beside it holds ids only and is chained
by the sealing sweep, so that a line taken out or changed is found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from router.store.shapes import Audit, Entry
from router.store.unit import Unit

_written = json.JSONEncoder(ensure_ascii=False).encode


def note(
    unit: Unit, ticket_id: int, code: str, *, agent_id: int | None = None, **params: object
) -> None:
    """Add one line to the ticket's timeline; without ``agent_id`` the router did it."""
    unit.put(
        Entry,
        id=unit.new_id(),
        ticket_id=ticket_id,
        at=unit.now_us,
        code=code,
        params=_written(params) if params else "",
        agent_id=agent_id,
    )


def details(told: Mapping[str, object]) -> str:
    """Codes and ids as the ``digest`` of a line of the audit log; nothing when there are none."""
    return _written(told) if told else ""


def audit(unit: Unit, actor: str, action: str, subject: str, digest: str = "") -> None:
    """Add one line to the audit log. ``actor`` is ``agent:<id>``, ``router`` or ``cli``; ``digest``
    names what it was done with, or holds :func:`details`. The line's seal covers all of it."""
    unit.put(
        Audit,
        id=unit.new_id(),
        at=unit.now_us,
        actor=actor,
        action=action,
        subject=subject,
        digest=digest,
    )
