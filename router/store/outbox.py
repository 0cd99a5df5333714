"""Messages we want sent: written once, claimed by one worker, settled by what the far side said.

A row goes queued → sending → sent, failed or unknown. The mark ``sending`` is committed before the
first byte leaves, so a worker that dies leaves a row of which nobody can know whether it was sent;
that row becomes ``unknown`` and is shown, not sent again behind somebody's back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from router.store.tables import Outbox
from router.store.unit import Unit

#: Columns of a row as the deliverer needs them, with the handle it goes to.
_CLAIMED = (
    "SELECT o.*, i.kind AS handle_kind, i.value AS handle, i.name AS handle_name, "
    "t.conversation AS conversation FROM outbox o JOIN identity i ON i.id = o.identity_id "
    "JOIN ticket t ON t.id = o.ticket_id WHERE o.id = :id"
)


def queue(unit: Unit, **columns: Any) -> int:
    """Write a row to be sent (or held, with its reason); its id."""
    row_id = columns.pop("id", None) or unit.new_id()
    unit.put(Outbox, **{"id": row_id, "created_at": unit.now_us, "due_at": unit.now_us, **columns})
    return int(row_id)


def said_once(unit: Unit, once: str) -> Any:
    """The row that was queued under this word, or None."""
    return unit.row("SELECT id, message_id, state FROM outbox WHERE once = :once", once=once)


def claim(unit: Unit, *, lease_us: int, without: Collection[tuple[str, str]] = ()) -> Any:
    """Take one due row and mark it ``sending``; None when nothing is due.

    ``without`` names (channel, account) pairs that cannot speak just now.
    """
    for row in unit.rows(
        "SELECT id, channel, account FROM outbox WHERE state IN ('queued', 'sending') "
        "AND state = 'queued' AND due_at <= :now ORDER BY due_at, id LIMIT 50",
        now=unit.now_us,
    ):
        if (row.channel, row.account) in without:
            continue
        if unit.run(
            "UPDATE outbox SET state = 'sending', attempts = attempts + 1, tried_at = :now, "
            "leased_until = :until WHERE id = :id AND state = 'queued'",
            now=unit.now_us,
            until=unit.now_us + lease_us,
            id=row.id,
        ):
            return unit.row(_CLAIMED, id=row.id)
    return None


def reword(unit: Unit, once: str, *, subject: str, text: str, wording: str) -> bool:
    """Give a row that nobody has tried to send yet other words; False when it is on its way."""
    return bool(
        unit.run(
            "UPDATE outbox SET subject = :subject, text = :text, wording = :wording "
            "WHERE once = :once AND attempts = 0 AND state IN ('queued', 'held')",
            subject=subject,
            text=text,
            wording=wording,
            once=once,
        )
    )


def settle(unit: Unit, row_id: int, state: str, **columns: Any) -> bool:
    """Write what came of a try; False when the row is no longer ours to settle."""
    changes = {"state": state, "leased_until": 0, **columns}
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    return bool(
        unit.run(
            f"UPDATE outbox SET {assignments} WHERE id = :id AND state = 'sending'",  # noqa: S608
            id=row_id,
            **changes,
        )
    )


def lost(unit: Unit, limit: int = 50) -> list[Any]:
    """Rows whose worker died while sending."""
    return list(
        unit.rows(
            "SELECT id, ticket_id, purpose FROM outbox WHERE state IN ('queued', 'sending') "
            "AND state = 'sending' AND leased_until < :now LIMIT :n",
            now=unit.now_us,
            n=limit,
        )
    )


def find(unit: Unit, row_id: int) -> Any:
    """The whole row, or None."""
    return unit.row("SELECT * FROM outbox WHERE id = :id", id=row_id)


def sent_as(unit: Unit, rfc_id: str) -> Any:
    """The row that went out under this Message-ID, or None (a bounce asks)."""
    return unit.row("SELECT id, ticket_id, state FROM outbox WHERE rfc_id = :rfc_id", rfc_id=rfc_id)


def move(unit: Unit, row_id: int, old: Collection[str], new: str, reason: str = "") -> bool:
    """A person's decision about a row that is not under way; False when it was not in ``old``."""
    return bool(
        unit.run(
            "UPDATE outbox SET state = :new, reason = :reason, due_at = :now "
            "WHERE id = :id AND state IN :old",
            new=new,
            reason=reason,
            now=unit.now_us,
            id=row_id,
            old=list(old),
        )
    )


def route(unit: Unit, row_id: int, *, channel: str, account: str, reply_to: str) -> None:
    """Give a row that was held for want of a channel one to go by."""
    unit.run(
        "UPDATE outbox SET channel = :channel, account = :account, reply_to = :reply_to "
        "WHERE id = :id",
        channel=channel,
        account=account,
        reply_to=reply_to,
        id=row_id,
    )


def pending(unit: Unit) -> bool:
    """Whether any row is due."""
    return bool(
        unit.value(
            "SELECT 1 FROM outbox WHERE state IN ('queued', 'sending') AND state = 'queued' "
            "AND due_at <= :now LIMIT 1",
            now=unit.now_us,
        )
    )
