"""Messages we want sent: written once, claimed by one worker, settled by what the far side said.

A row goes queued → sending → sent, failed or unknown. The mark ``sending`` is committed before the
first byte leaves, so a worker that dies leaves a row of which nobody can know whether it was sent;
that row becomes ``unknown`` and is shown, not sent again behind somebody's back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from router.store.shapes import Outbox
from router.store.unit import Unit

#: Columns of a row as the deliverer needs them, with the handle it goes to.
_CLAIMED = (
    "SELECT o.*, i.kind AS handle_kind, i.value AS handle, i.name AS handle_name, "
    "t.conversation AS conversation FROM outbox o JOIN identity i ON i.id = o.identity_id "
    "JOIN ticket t ON t.id = o.ticket_id WHERE o.id = :id"
)

_NEXT = "SELECT n.id FROM outbox n WHERE n.state = 'queued' AND n.channel "
_WAITS = (
    "SELECT o.due_at FROM outbox o WHERE o.state = 'queued' AND o.channel = lane.channel "
    "AND o.account = lane.account AND o.purpose = lane.purpose ORDER BY o.due_at LIMIT 1"
)
#: Every (channel, account, purpose) for which a row is due, with when its first one was. It skips
#: from one to the next in ``ix_outbox_turn``: a hundred thousand rows of one are a single step.
_DUE = (
    "WITH RECURSIVE lane(channel, account, purpose) AS ("  # noqa: S608  # ours
    "SELECT CAST('' AS VARCHAR), CAST('' AS VARCHAR), CAST('' AS VARCHAR) UNION ALL "
    "SELECT o.channel, o.account, o.purpose FROM lane l JOIN outbox o ON o.id = COALESCE("
    f"({_NEXT} = l.channel AND n.account = l.account AND n.purpose > l.purpose "
    "ORDER BY n.purpose LIMIT 1), "
    f"({_NEXT} = l.channel AND n.account > l.account ORDER BY n.account, n.purpose LIMIT 1), "
    f"({_NEXT} > l.channel ORDER BY n.channel, n.account, n.purpose LIMIT 1))) "
    f"SELECT * FROM (SELECT channel, account, purpose, ({_WAITS}) AS due_at FROM lane) AS first "
    "WHERE due_at <= :now"
)
#: So many rows are tried for that other workers may take first.
_TRIED = 50


def queue(unit: Unit, **columns: Any) -> int:
    """Write a row to be sent (or held, with its reason); its id."""
    row_id = columns.pop("id", None) or unit.new_id()
    unit.put(Outbox, **{"id": row_id, "created_at": unit.now_us, "due_at": unit.now_us, **columns})
    return int(row_id)


def said_once(unit: Unit, once: str) -> Any:
    """The row that was queued under this word, or None."""
    return unit.row("SELECT id, message_id, state, text FROM outbox WHERE once = :once", once=once)


def claim(
    unit: Unit,
    *,
    lease_us: int,
    without: Collection[tuple[str, str]] = (),
    only: Collection[tuple[str, str]] | None = None,
) -> Any:
    """Take one due row and mark it ``sending``; None when nothing is due.

    What people wrote goes before acknowledgements, and then what waits longest. ``without`` names
    (channel, account) pairs that are left out, ``only`` those that are not.
    """
    lanes = [
        one
        for one in unit.rows(_DUE, now=unit.now_us)
        if (place := (one.channel, one.account)) not in without and (only is None or place in only)
    ]
    for lane in sorted(lanes, key=_turn):
        due = unit.rows(
            "SELECT id FROM outbox WHERE state = 'queued' AND channel = :channel "
            "AND account = :account AND purpose = :purpose AND due_at <= :now "
            "ORDER BY due_at, id LIMIT :n",
            channel=lane.channel,
            account=lane.account,
            purpose=lane.purpose,
            now=unit.now_us,
            n=_TRIED,
        )
        for row in due:
            if unit.run(
                "UPDATE outbox SET state = 'sending', attempts = attempts + 1, tried_at = :now, "
                "leased_until = :until WHERE id = :id AND state = 'queued'",
                now=unit.now_us,
                until=unit.now_us + lease_us,
                id=row.id,
            ):
                return unit.row(_CLAIMED, id=row.id)
    return None


def _turn(lane: Any) -> tuple[bool, int, bool]:
    """An answer leaves before the copies of it that are due at the same moment."""
    return lane.purpose == "acknowledgement", lane.due_at, lane.purpose != "reply"


def ride(unit: Unit, once: str, remote_id: str) -> Any:
    """Let a row that nobody has tried to send ride on the answer to a webhook: it counts as sent.

    The row, also when it rode on the answer to this very item before; None when it cannot.
    """
    unit.run(
        "UPDATE outbox SET state = 'sent', attempts = 1, tried_at = :now, sent_at = :now, "
        "remote_id = :remote_id, parts_sent = 1 "
        "WHERE once = :once AND state = 'queued' AND attempts = 0",
        once=once,
        remote_id=remote_id,
        now=unit.now_us,
    )
    return unit.row(
        "SELECT * FROM outbox WHERE once = :once AND state = 'sent' AND remote_id = :remote_id",
        once=once,
        remote_id=remote_id,
    )


def reword(unit: Unit, once: str, *, subject: str, text: str, wording: str) -> bool:
    """Give a row that nobody has tried to send yet other words; False when it is on its way."""
    return bool(
        unit.run(
            "UPDATE outbox SET subject = :subject, text = :text, wording = :wording "
            "WHERE once = :once AND attempts = 0 AND parts_sent = 0 "
            "AND state IN ('queued', 'held')",
            subject=subject,
            text=text,
            wording=wording,
            once=once,
        )
    )


#: Why nobody knows what came of a try whose worker was taken for dead.
DIED = "worker_died"
#: The row is in this try's hands still: also when its worker lives after all.
_OURS = (
    "id = :id AND attempts = :attempts "
    f"AND (state = 'sending' OR (state = 'unknown' AND reason = '{DIED}'))"
)


def settle(unit: Unit, row: Any, state: str, **columns: Any) -> bool:
    """Write what certainly came of the try that claimed this row; False when the row is no longer
    that try's to settle."""
    return _change(unit, row, _OURS, state=state, leased_until=0, **columns)


def doubt(unit: Unit, row: Any, state: str, **columns: Any) -> bool:
    """As :func:`settle`, when nobody can know what came of it: says nothing new of a row whose
    worker was taken for dead."""
    return _change(
        unit, row, f"state = 'sending' AND {_OURS}", state=state, leased_until=0, **columns
    )


def give_up(unit: Unit, row: Any, state: str, **columns: Any) -> bool:
    """A row's worker died; False when it is alive, or somebody settled the row meanwhile."""
    lost = f"state = 'sending' AND leased_until < :now AND {_OURS}"
    return _change(unit, row, lost, state=state, leased_until=0, **columns)


def hold(unit: Unit, row: Any, *, lease_us: int) -> bool:
    """Lengthen the lease of a row that is being sent; False when it is no longer that try's."""
    until = unit.now_us + lease_us
    return _change(unit, row, _OURS, state="sending", reason="", leased_until=until)


def _change(unit: Unit, row: Any, condition: str, **columns: Any) -> bool:
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    given = {**columns, "id": row.id, "attempts": row.attempts, "now": unit.now_us}
    return bool(unit.run(f"UPDATE outbox SET {assignments} WHERE {condition}", **given))  # noqa: S608


def postpone(unit: Unit, row: Any, due_at: int, reason: str) -> bool:
    """Put a claimed row back as if nobody had tried it; False when it is no longer ours."""
    return bool(
        unit.run(
            "UPDATE outbox SET state = 'queued', attempts = attempts - 1, leased_until = 0, "  # noqa: S608  # ours
            f"due_at = :due, reason = :reason WHERE {_OURS}",
            id=row.id,
            attempts=row.attempts,
            due=due_at,
            reason=reason,
        )
    )


def files(unit: Unit, message_id: int) -> list[Any]:
    """Sealed files of a message that goes out, in the order they were put to it."""
    return list(
        unit.rows(
            "SELECT f.name, f.mime, f.token, f.content_id, b.key_id, b.wrapped_key, b.blob "
            "FROM attachment f JOIN attachment_body b ON b.attachment_id = f.id "
            "WHERE f.message_id = :id ORDER BY f.id",
            id=message_id,
        )
    )


def tries(row: Any) -> int:
    """How often a row was tried since somebody last decided about it."""
    return int(row.attempts - row.spent)


def part_sent(unit: Unit, row_id: int, parts: int) -> None:
    """So many messages of a long text are out, or more if that is known."""
    unit.run(
        "UPDATE outbox SET parts_sent = :n WHERE id = :id AND parts_sent < :n", n=parts, id=row_id
    )


def answered(unit: Unit, ticket_id: int) -> bool:
    """Whether a person's answer to this ticket is out or on its way."""
    return bool(
        unit.value(
            "SELECT 1 FROM outbox WHERE ticket_id = :id AND purpose = 'reply' "
            "AND state IN ('queued', 'sending', 'sent') LIMIT 1",
            id=ticket_id,
        )
    )


def unsettled(unit: Unit, *, since_us: int, limit: int = 20) -> list[Any]:
    """Rows of unknown outcome to be looked up now, as the deliverer needs them; those last tried
    before ``since_us`` are left to people."""
    ids = unit.rows(
        "SELECT id FROM outbox WHERE state = 'unknown' AND due_at <= :now AND tried_at > :since "
        "ORDER BY id LIMIT :n",
        now=unit.now_us,
        since=since_us,
        n=limit,
    )
    return [unit.row(_CLAIMED, id=row.id) for row in ids]


def unknown(unit: Unit) -> int:
    """How many sends of unknown outcome wait; few, so they are counted."""
    return int(unit.value("SELECT COUNT(*) FROM outbox WHERE state = 'unknown'") or 0)


def look_again(unit: Unit, row_ids: Collection[int], due_at: int) -> None:
    """Rows that stay unknown are looked up again then, not before."""
    if row_ids:
        unit.run(
            "UPDATE outbox SET due_at = :due WHERE id IN :ids AND state = 'unknown'",
            due=due_at,
            ids=list(row_ids),
        )


def not_found(unit: Unit, row_id: int, *, parts_sent: int, due_at: int = 0) -> bool:
    """An unknown row certainly did not go out whole: what is left of it is queued again, for now or
    for later. False when somebody settled it meanwhile."""
    return bool(
        unit.run(
            "UPDATE outbox SET state = 'queued', due_at = :due, reason = 'not_arrived', "
            "parts_sent = :parts WHERE id = :id AND state = 'unknown'",
            due=max(due_at, unit.now_us),
            parts=parts_sent,
            id=row_id,
        )
    )


def lost(unit: Unit, limit: int = 50) -> list[Any]:
    """Rows whose worker died while sending."""
    return list(
        unit.rows(
            "SELECT id, ticket_id, purpose, attempts, spent FROM outbox WHERE state = 'sending' "
            "AND leased_until < :now ORDER BY id LIMIT :n",
            now=unit.now_us,
            n=limit,
        )
    )


def under_way(unit: Unit) -> set[tuple[str, str]]:
    """Every (channel, account) by which a message is being sent now."""
    rows = unit.rows("SELECT DISTINCT channel, account FROM outbox WHERE state = 'sending'")
    return {(row.channel, row.account) for row in rows}


def find(unit: Unit, row_id: int) -> Any:
    """The whole row, or None."""
    return unit.row("SELECT * FROM outbox WHERE id = :id", id=row_id)


def sent_as(unit: Unit, rfc_id: str) -> Any:
    """The row that went out under this Message-ID and to whom, or None (a bounce asks)."""
    return unit.row(
        "SELECT o.id, o.ticket_id, o.state, o.purpose, i.value AS handle FROM outbox o "
        "JOIN identity i ON i.id = o.identity_id WHERE o.rfc_id = :rfc_id AND o.attempts > 0",
        rfc_id=rfc_id,
    )


def came_back(unit: Unit, row_id: int, reason: str) -> None:
    """A report says that it never arrived. A row that was queued again meanwhile does not go out a
    second time."""
    unit.later(
        "UPDATE outbox SET state = 'failed', reason = :reason, leased_until = 0 WHERE id = :id "
        "AND (state IN ('sent', 'unknown', 'sending') OR (state = 'queued' AND attempts > 0))",
        reason=reason,
        id=row_id,
    )


def found(unit: Unit, row_id: int, remote_id: str, reason: str = "") -> bool:
    """The far side shows what nobody could know: it was sent. False when that was known.

    A row that was queued again meanwhile does not go out a second time.
    """
    return bool(
        unit.run(
            "UPDATE outbox SET state = 'sent', reason = :reason, leased_until = 0, sent_at = :now, "
            "remote_id = :remote_id WHERE id = :id "
            "AND (state IN ('unknown', 'sending') OR (state = 'queued' AND attempts > 0))",
            id=row_id,
            remote_id=remote_id,
            reason=reason,
            now=unit.now_us,
        )
    )


def move(unit: Unit, row_id: int, old: Collection[str], new: str, reason: str = "") -> bool:
    """A person's decision about a row that is not under way; False when it was not in ``old``."""
    return bool(
        unit.run(
            "UPDATE outbox SET state = :new, reason = :reason, due_at = :now, spent = attempts "
            "WHERE id = :id AND state IN :old",
            new=new,
            reason=reason,
            now=unit.now_us,
            id=row_id,
            old=list(old),
        )
    )


def withdraw(unit: Unit, row_id: int) -> bool:
    """Keep a row from leaving of which nothing has been tried; False when it is too late."""
    return bool(
        unit.run(
            "UPDATE outbox SET state = 'cancelled', reason = 'undone' WHERE id = :id "
            "AND attempts = 0 AND parts_sent = 0 AND state IN ('queued', 'held')",
            id=row_id,
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


def pending(unit: Unit) -> set[tuple[str, str]]:
    """Every (channel, account) for which a row is due."""
    return {(row.channel, row.account) for row in unit.rows(_DUE, now=unit.now_us)}
