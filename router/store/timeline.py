"""What happened to a ticket, and who did what: codes and parameters, never prose.

An entry is shown in the reader's language; the audit row beside it holds ids only and is chained
by the sealing sweep, so that a line taken out or changed is found.
"""

from __future__ import annotations

import json

from router.store.tables import Audit, Entry
from router.store.unit import Unit


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
        params=json.dumps(params, ensure_ascii=False) if params else "",
        agent_id=agent_id,
    )


def audit(unit: Unit, actor: str, action: str, subject: str, digest: str = "") -> None:
    """Add one line to the audit log. ``actor`` is ``agent:<id>``, ``router`` or ``cli``."""
    unit.put(
        Audit,
        id=unit.new_id(),
        at=unit.now_us,
        actor=actor,
        action=action,
        subject=subject,
        digest=digest,
    )
