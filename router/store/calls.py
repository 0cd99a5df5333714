"""Telephone calls, one row a leg, and the tickets whose people must be called back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from channels.contract import Call
from router.core.calls import merged, untold
from router.core.clock import from_us, to_us
from router.store.shapes import CallBack, CallRow
from router.store.unit import Unit

_MOMENTS = ("started_at", "answered_at", "ended_at")
_NAMES = tuple(one.name for one in fields(Call) if one.name != "id")
#: Rows of a ticket, and of those that were merged into it.
_OF = "ticket_id IN (SELECT :id UNION ALL SELECT gone_id FROM merged WHERE kept_id = :id)"
_KEY = "WHERE channel = :channel AND account = :account AND call_id = :id"
#: Keeps everybody else from a call's row until the commit.
_HOLD = "UPDATE call SET changed_at = changed_at"
_CHANGE = (
    "UPDATE call SET "  # noqa: S608  # column names of ours
    + ", ".join(f"{name} = :{name}" for name in (*_NAMES, "due", "changed_at"))
    + " WHERE id = :id"
)


def of_row(row: Any) -> Call:
    """A row as the call it is."""
    values: dict[str, Any] = {name: getattr(row, name) for name in _NAMES}
    for name in _MOMENTS:
        values[name] = None if values[name] is None else from_us(values[name])
    for name in ("inbound", "unattended"):
        values[name] = bool(values[name])
    return Call(id=row.call_id, **values)


def _columns(call: Call) -> dict[str, Any]:
    values = {name: getattr(call, name) for name in _NAMES}
    for name in _MOMENTS:
        values[name] = None if values[name] is None else to_us(values[name])
    return values


def hear(unit: Unit, channel: str, account: str, news: Call) -> int:
    """Add one report to what is known of its call; the row's id. Something untold makes it due."""
    key = {"channel": channel, "account": account, "id": news.id}
    row = _held(unit, key)
    if row is not None and _is_erased(unit, row):
        return int(row.id)
    call = merged(None if row is None else of_row(row), news)
    told = row.told.split() if row is not None else []
    due = bool(untold(call, told)) or _answers_somebody(unit, call, told)
    values = {**_columns(call), "due": due, "changed_at": unit.now_us}
    if row is not None:
        unit.run(_CHANGE, id=row.id, **values)
        return int(row.id)
    row_id = unit.new_id()
    unit.put(
        CallRow,
        id=row_id,
        channel=channel,
        account=account,
        call_id=call.id,
        heard_at=unit.now_us,
        **values,
    )
    return row_id


def _is_erased(unit: Unit, row: Any) -> bool:
    """Whether a late report is about somebody's words that were taken out."""
    return row.ticket_id is not None and bool(
        unit.value(
            "SELECT 1 FROM ticket WHERE id = :id AND erased_at IS NOT NULL", id=row.ticket_id
        )
    )


def _held(unit: Unit, key: Mapping[str, str]) -> Any:
    """The row of a call, kept from everybody else: reports come at the same time and add up."""
    while True:
        held = unit.run(f"{_HOLD} {_KEY}", **key)
        row = unit.row(f"SELECT * FROM call {_KEY}", **key)  # noqa: S608  # ours
        if held or row is None:  # else it was written between the two
            return row


def _answers_somebody(unit: Unit, call: Call, told: Sequence[str]) -> bool:
    """Whether this is a call of ours to somebody who waits for it."""
    if call.inbound or not call.outcome or not call.number or "out" in told:
        return False
    return bool(waiting_for(unit, call.number))


def waiting(unit: Unit) -> bool:
    """Whether any call has something untold."""
    return bool(unit.value("SELECT 1 FROM call WHERE due LIMIT 1"))


def untold_rows(unit: Unit, limit: int) -> list[Any]:
    """Calls with something untold, the oldest first."""
    return list(unit.rows("SELECT * FROM call WHERE due ORDER BY id LIMIT :n", n=limit))


def find(unit: Unit, row_id: int) -> Any:
    """One call, or None."""
    return unit.row("SELECT * FROM call WHERE id = :id", id=row_id)


def told(unit: Unit, row: Any, words: Sequence[str], ticket_id: int | None) -> bool:
    """These words about a call are said now; what was heard meanwhile is still due. False when
    somebody else has said something of it since the row was read: then these are not said yet."""
    unit.run(f"{_HOLD} WHERE id = :id", id=row.id)
    now = find(unit, row.id)
    if now.told != row.told:
        return False
    known = list(dict.fromkeys([*now.told.split(), *words]))
    unit.run(
        "UPDATE call SET told = :told, due = :due, ticket_id = COALESCE(:ticket, ticket_id) "
        "WHERE id = :id",
        told=" ".join(known),
        due=bool(untold(of_row(now), known)),
        ticket=ticket_id,
        id=row.id,
    )
    return True


def by(unit: Unit, row_id: int, agent_id: int) -> None:
    """An agent wrote this call down."""
    unit.run("UPDATE call SET noted_by = :agent WHERE id = :id", agent=agent_id, id=row_id)


def just_missed(unit: Unit, row: Any, since_us: int) -> Any:
    """The newest other call of the same number that is on a ticket, not longer ago; or None."""
    return unit.row(
        "SELECT * FROM call WHERE number = :number AND number <> '' AND id <> :id "
        "AND channel = :channel AND account = :account AND inbound AND ticket_id IS NOT NULL "
        "AND heard_at >= :since ORDER BY id DESC LIMIT 1",
        number=row.number,
        id=row.id,
        channel=row.channel,
        account=row.account,
        since=since_us,
    )


def of_ticket(unit: Unit, ticket_id: int, limit: int = 20) -> list[Any]:
    """The calls of a ticket and of those that were merged into it, newest first."""
    return list(
        unit.rows(
            f"SELECT * FROM call WHERE {_OF} ORDER BY id DESC LIMIT :n",  # noqa: S608  # ours
            id=ticket_id,
            n=limit,
        )
    )


def forget_recordings(unit: Unit, channel: str, account: str, before_us: int) -> int:
    """Forget the links to recordings that are older."""
    return unit.run(
        "UPDATE call SET recording = '' WHERE channel = :channel AND account = :account "
        "AND recording <> '' AND heard_at < :before",
        channel=channel,
        account=account,
        before=before_us,
    )


# ---------------------------------------------------------------- whom to call back


def ask_back(unit: Unit, ticket_id: int, row_id: int) -> None:
    """Somebody waits for a call; who called several times waits for one."""
    if unit.run(
        "UPDATE call_back SET call_id = :call, calls = CASE WHEN done_at IS NULL THEN calls + 1 "
        "ELSE 1 END, tries = CASE WHEN done_at IS NULL THEN tries ELSE 0 END, "
        "asked_at = CASE WHEN done_at IS NULL THEN asked_at ELSE :now END, "
        "done_at = NULL, done_by = NULL WHERE ticket_id = :ticket",
        call=row_id,
        now=unit.now_us,
        ticket=ticket_id,
    ):
        return
    unit.put(CallBack, ticket_id=ticket_id, call_id=row_id, asked_at=unit.now_us)


def call_back(unit: Unit, ticket_id: int) -> Any:
    """Whether the people of a ticket wait for a call, or None; with the number's row."""
    return unit.row(
        "SELECT b.*, c.number FROM call_back b JOIN call c ON c.id = b.call_id "  # noqa: S608  # ours
        f"WHERE b.done_at IS NULL AND b.{_OF} ORDER BY b.ticket_id LIMIT 1",
        id=ticket_id,
    )


def waiting_for(unit: Unit, number: str) -> list[int]:
    """The tickets whose people wait for a call at this number; of one that was merged the kept
    one."""
    return [
        int(row.ticket_id)
        for row in unit.rows(
            "SELECT DISTINCT COALESCE(m.kept_id, b.ticket_id) AS ticket_id FROM call_back b "
            "JOIN call c ON c.id = b.call_id LEFT JOIN merged m ON m.gone_id = b.ticket_id "
            "WHERE c.number = :number AND b.done_at IS NULL ORDER BY 1",
            number=number,
        )
    ]


def tried(unit: Unit, ticket_id: int, *, reached: bool, agent_id: int | None = None) -> bool:
    """They were called; False when nobody waited any more."""
    return bool(
        unit.run(
            "UPDATE call_back SET tries = tries + :missed, tried_at = :now, "  # noqa: S608  # ours
            "done_at = CASE WHEN :missed = 0 THEN :now ELSE done_at END, "
            "done_by = CASE WHEN :missed = 0 THEN CAST(:agent AS BIGINT) ELSE done_by END "
            f"WHERE done_at IS NULL AND {_OF}",
            missed=0 if reached else 1,
            now=unit.now_us,
            agent=agent_id,
            id=ticket_id,
        )
    )
