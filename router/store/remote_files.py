"""Attachments whose bytes a platform still keeps, and only for a while."""

from __future__ import annotations

from typing import Any

from router.core.keys import Sealed
from router.store import claims
from router.store.shapes import AttachmentBody, RemoteFile
from router.store.unit import Unit

#: Waits between tries in minutes; after the last the file is given up.
_WAITS = (1, 5, 15, 60, 240, 720, 1440)
_MINUTE = 60_000_000


def put(unit: Unit, attachment_id: int, channel: str, account: str, remote: str) -> None:
    """Note a file that must be fetched."""
    unit.put(
        RemoteFile,
        attachment_id=attachment_id,
        channel=channel,
        account=account,
        remote=remote,
        due_at=unit.now_us,
    )


def pending(unit: Unit) -> bool:
    """Whether any file is due."""
    return bool(
        unit.value(
            "SELECT 1 FROM remote_file WHERE error = '' AND due_at <= :now LIMIT 1", now=unit.now_us
        )
    )


def claim(unit: Unit, limit: int, lease_us: int) -> list[Any]:
    """Take files that are due, for as long as the lease lasts; an attempt is counted."""
    due = claims.among(
        unit,
        "SELECT attachment_id FROM remote_file WHERE error = '' AND due_at <= :now "
        "ORDER BY due_at LIMIT :n",
    )
    taken = unit.rows(
        "UPDATE remote_file SET due_at = :until, attempts = attempts + 1 "  # noqa: S608  # ours
        f"WHERE attachment_id {due} RETURNING attachment_id",
        until=unit.now_us + lease_us,
        now=unit.now_us,
        n=limit,
    )
    return list(
        unit.rows(
            "SELECT r.*, a.token, a.name, a.mime FROM remote_file r "
            "JOIN attachment a ON a.id = r.attachment_id WHERE r.attachment_id IN :ids",
            ids=[row.attachment_id for row in taken] or [0],
        )
    )


def fetched(unit: Unit, attachment_id: int, sealed: Sealed, **columns: Any) -> None:
    """The bytes are here: sealed, and no more to be asked for."""
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    unit.run(
        f"UPDATE attachment SET {assignments} WHERE id = :id",  # noqa: S608  # names of ours
        id=attachment_id,
        **columns,
    )
    unit.put(
        AttachmentBody,
        attachment_id=attachment_id,
        key_id=sealed.key_id,
        wrapped_key=sealed.wrapped_key,
        blob=sealed.blob,
    )
    unit.run("DELETE FROM remote_file WHERE attachment_id = :id", id=attachment_id)


def failed(unit: Unit, row: Any, error: str, *, for_good: bool) -> None:
    """It could not be had: later, or never."""
    over = for_good or row.attempts > len(_WAITS)
    wait = 0 if over else _WAITS[row.attempts - 1] * _MINUTE
    unit.run(
        "UPDATE remote_file SET due_at = :due, error = :error WHERE attachment_id = :id",
        due=unit.now_us + wait,
        error=error[:200] if over else "",
        id=row.attachment_id,
    )
