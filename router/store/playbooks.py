"""Tasks of playbooks on tickets, and what ties security tickets: payees, wallets, sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from router.core.playbooks import Playbook
from router.store import claims
from router.store.shapes import PlaybookDue, Task, TicketTrace
from router.store.unit import Unit


def wait(unit: Unit, ticket_id: int) -> None:
    """Somebody wrote on a security ticket, or it became one: see to its playbook in a moment."""
    unit.put(PlaybookDue, id=unit.new_id(), ticket_id=ticket_id)


def pending(unit: Unit) -> bool:
    """Whether any ticket waits for that."""
    return bool(unit.value("SELECT 1 FROM playbook_due LIMIT 1"))


def claim(unit: Unit, limit: int) -> list[int]:
    """The tickets that wait, each once."""
    due = claims.among(unit, "SELECT id FROM playbook_due ORDER BY id LIMIT :n")
    rows = unit.rows(f"DELETE FROM playbook_due WHERE id {due} RETURNING ticket_id", n=limit)  # noqa: S608
    return list(dict.fromkeys(row.ticket_id for row in rows))


# ---------------------------------------------------------------- tasks


def begin(unit: Unit, ticket_id: int, book: Playbook) -> bool:
    """Put a playbook's tasks on a ticket; False when they are there."""
    if unit.value(
        "SELECT 1 FROM task WHERE ticket_id = :id AND playbook = :book LIMIT 1",
        id=ticket_id,
        book=book.name,
    ):
        return False
    for place, step in enumerate(book.steps):
        unit.put(
            Task,
            id=unit.new_id(),
            ticket_id=ticket_id,
            playbook=book.name,
            step=step.name,
            place=place,
            state="open",
            at=unit.now_us,
        )
    return True


def tasks(unit: Unit, ticket_id: int) -> list[Any]:
    """The tasks of a ticket in their order, with whose they are and who ended them."""
    return list(
        unit.rows(
            "SELECT k.*, o.name AS owner, e.name AS ended_name FROM task k "
            "LEFT JOIN agent o ON o.id = k.owner_id LEFT JOIN agent e ON e.id = k.ended_by "
            "WHERE k.ticket_id = :id ORDER BY k.playbook, k.place",
            id=ticket_id,
        )
    )


def find(unit: Unit, task_id: int, ticket_id: int) -> Any:
    """A task of this ticket, or None."""
    return unit.row(
        "SELECT * FROM task WHERE id = :id AND ticket_id = :ticket", id=task_id, ticket=ticket_id
    )


def own(unit: Unit, task_id: int, agent_id: int | None) -> None:
    """Whose task it is."""
    unit.run("UPDATE task SET owner_id = :agent WHERE id = :id", agent=agent_id, id=task_id)


def end(unit: Unit, task_id: int, state: str, agent_id: int) -> None:
    """It is done, or not needed, or open again after all."""
    over = state != "open"
    unit.run(
        "UPDATE task SET state = :state, ended_by = :agent, ended_at = :at, "
        "owner_id = COALESCE(owner_id, CAST(:agent AS BIGINT)) WHERE id = :id",
        state=state,
        agent=agent_id if over else None,
        at=unit.now_us if over else None,
        id=task_id,
    )


# ---------------------------------------------------------------- what ties tickets


def said(unit: Unit, ticket_id: int, limit: int = 20) -> list[Any]:
    """What the requester wrote on a ticket lately: text, fields."""
    return list(
        unit.rows(
            "SELECT text, subject, fields FROM message WHERE ticket_id = :id "
            "AND direction = 'in' ORDER BY id DESC LIMIT :n",
            id=ticket_id,
            n=limit,
        )
    )


def keep_traces(unit: Unit, ticket_id: int, traces: Mapping[str, str]) -> list[str]:
    """Keep what a ticket names, kind by fingerprint; the fingerprints that are new to it."""
    there = {
        row.fingerprint
        for row in unit.rows(
            "SELECT fingerprint FROM ticket_trace WHERE ticket_id = :id", id=ticket_id
        )
    }
    fresh = [one for one in traces if one not in there]
    for fingerprint in fresh:
        unit.put(
            TicketTrace,
            kind=traces[fingerprint],
            fingerprint=fingerprint,
            ticket_id=ticket_id,
            at=unit.now_us,
        )
    return fresh


def sharing(
    unit: Unit, ticket_id: int, fingerprints: Sequence[str], since: int, limit: int
) -> list[Any]:
    """Other tickets that name one of these, the newest first: ticket_id, number, kind."""
    if not fingerprints:
        return []
    return list(
        unit.rows(
            "SELECT r.ticket_id, t.number, MIN(r.kind) AS kind FROM ticket_trace r "
            "JOIN ticket t ON t.id = r.ticket_id WHERE r.kind IN :kinds "
            "AND r.fingerprint IN :marks AND r.ticket_id <> :id AND r.at >= :since "
            "GROUP BY r.ticket_id, t.number ORDER BY r.ticket_id DESC LIMIT :n",
            kinds=["host", "payee", "phone", "wallet"],
            marks=list(fingerprints),
            id=ticket_id,
            since=since,
            n=limit,
        )
    )
