"""Incidents, their tickets, and what the watch over waves asks of the messages of a day."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from router.core.clock import from_us, to_us
from router.core.ids import first_at
from router.store import timeline
from router.store.shapes import Cursor, Incident, IncidentTicket
from router.store.unit import Unit, begins

#: The row that says how far the messages were looked at.
_WATCH = ("waves", "messages")
#: Reason of a ticket a person took out again; it stays, so that it is not put back.
LEFT_OUT = "left_out"
_AT_ONCE = 500
_MICROSECOND = timedelta(microseconds=1)


def _chunks(ids: Collection[int]) -> Iterator[list[int]]:
    wanted = list(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]


# ---------------------------------------------------------------- whose turn it is


@dataclass(frozen=True, slots=True)
class Turn:
    """How far anybody has looked, as written: whoever moves it must have seen it like this."""

    written: str = ""
    last: int = 0


def turn(unit: Unit) -> Turn:
    """The present turn."""
    kind, account = _WATCH
    written = unit.value(
        "SELECT value FROM cursor WHERE kind = :kind AND account = :account",
        kind=kind,
        account=account,
    )
    return Turn(written, int(json.loads(written)["last"])) if written else Turn()


def take_turn(unit: Unit, seen: Turn, last: int) -> bool:
    """Move the turn on; False when somebody else did since it was seen."""
    kind, account = _WATCH
    count = int(json.loads(seen.written)["turn"]) + 1 if seen.written else 1
    value = json.dumps({"turn": count, "last": max(seen.last, last)})
    if not seen.written:
        if turn(unit).written:
            return False
        unit.put(Cursor, kind=kind, account=account, value=value, at=unit.now_us)
        return True
    return bool(
        unit.run(
            "UPDATE cursor SET value = :value, at = :now "
            "WHERE kind = :kind AND account = :account AND value = :seen",
            value=value,
            now=unit.now_us,
            kind=kind,
            account=account,
            seen=seen.written,
        )
    )


# ---------------------------------------------------------------- messages of the day


def newest(unit: Unit) -> int:
    """The last message there is, 0 for none."""
    return int(unit.value("SELECT id FROM message ORDER BY id DESC LIMIT 1") or 0)


def pending(unit: Unit) -> bool:
    """Whether any message came since somebody looked last."""
    return newest(unit) > turn(unit).last


def arrived(unit: Unit, after: int, limit: int) -> list[Any]:
    """What people (no machines) wrote after this message id, with who they are."""
    return list(
        unit.rows(
            "SELECT m.id, m.ticket_id, m.channel, m.text, m.subject, m.fields, m.seen_at, "
            "i.requester_id, i.kind AS handle_kind, i.value AS handle FROM message m "
            "JOIN identity i ON i.id = m.identity_id WHERE m.id > :after "
            "AND m.direction = 'in' AND m.automatic = '' ORDER BY m.id LIMIT :n",
            after=after,
            n=limit,
        )
    )


def files_of(unit: Unit, message_ids: Sequence[int]) -> dict[int, list[str]]:
    """The hashes of the files that came with messages; pictures inside a mail are signatures."""
    found: dict[int, list[str]] = {}
    for ids in _chunks(message_ids):
        for row in unit.rows(
            "SELECT message_id, sha256 FROM attachment WHERE message_id IN :ids "
            "AND content_id = '' AND sha256 <> '' AND size > 0",
            ids=ids,
        ):
            found.setdefault(row.message_id, []).append(row.sha256)
    return found


def counted(
    unit: Unit, begin: datetime, end: datetime, bucket: timedelta, channel: str = ""
) -> list[Any]:
    """How many people wrote in each bucket of a stretch of time: channel, category, bucket, n."""
    limited = " AND m.channel = :channel" if channel else ""
    known = {"channel": channel} if channel else {}
    return list(
        unit.rows(
            "SELECT m.channel, v.category, (m.seen_at - :begin) / :bucket AS bucket, "  # noqa: S608  # ours
            "COUNT(DISTINCT m.identity_id) AS n FROM message m JOIN verdict v "
            "ON v.message_id = m.id WHERE m.id >= :first AND m.id < :last "
            "AND m.seen_at >= :begin AND m.seen_at < :end AND m.direction = 'in' "
            f"AND m.automatic = '' AND v.urgency <> 'P4'{limited} "
            "GROUP BY 1, 2, 3",
            begin=to_us(begin),
            end=to_us(end),
            bucket=bucket // _MICROSECOND,
            first=first_at(begin),
            last=first_at(end + timedelta(minutes=5)),
            **known,
        )
    )


def tickets_between(
    unit: Unit, begin: datetime, end: datetime, channel: str, group: str
) -> list[int]:
    """The tickets of one group and channel that somebody wrote on in a stretch of time."""
    rows = unit.rows(
        "SELECT DISTINCT m.ticket_id FROM message m JOIN verdict v ON v.message_id = m.id "  # noqa: S608  # ours
        "WHERE m.id >= :first AND m.seen_at >= :begin AND m.seen_at < :end "
        "AND m.direction = 'in' AND m.automatic = '' AND m.channel = :channel "
        f"AND v.urgency <> 'P4' AND {begins('v.category', ':group')} ORDER BY m.ticket_id",
        first=first_at(begin),
        begin=to_us(begin),
        end=to_us(end),
        channel=channel,
        group=f"{group}.",
    )
    return [row.ticket_id for row in rows]


def beginning(unit: Unit) -> datetime | None:
    """When this desk took its first message in; None when it has none."""
    at = unit.value("SELECT arrived_at FROM message ORDER BY id LIMIT 1")
    return None if at is None else from_us(int(at))


# ---------------------------------------------------------------- opening, joining, closing


def open_(
    unit: Unit,
    kind: str,
    category: str,
    signature: Mapping[str, Any],
    *,
    title: str = "",
    agent_id: int | None = None,
) -> int:
    """Open an incident; its id."""
    incident_id = unit.new_id()
    unit.put(
        Incident,
        id=incident_id,
        kind=kind,
        state="open",
        category=category,
        title=title,
        signature=json.dumps(dict(signature), ensure_ascii=False),
        opened_by=agent_id,
        opened_at=unit.now_us,
        changed_at=unit.now_us,
    )
    actor = f"agent:{agent_id}" if agent_id else "router"
    timeline.audit(unit, actor, "incident.opened", f"incident:{incident_id}")
    return incident_id


def join(
    unit: Unit, incident_id: int, tickets: Mapping[int, str], *, agent_id: int | None = None
) -> int:
    """Tie tickets to an incident, each with its reason; how many were not tied to it before."""
    known = {
        row.ticket_id
        for ids in _chunks(tickets)
        for row in unit.rows(
            "SELECT ticket_id FROM incident_ticket WHERE incident_id = :incident "
            "AND ticket_id IN :ids",
            incident=incident_id,
            ids=ids,
        )
    }
    fresh = {ticket: reason for ticket, reason in tickets.items() if ticket not in known}
    for ticket_id, reason in fresh.items():
        unit.put(
            IncidentTicket,
            incident_id=incident_id,
            ticket_id=ticket_id,
            reason=reason,
            at=unit.now_us,
        )
        timeline.note(
            unit,
            ticket_id,
            "incident_joined",
            agent_id=agent_id,
            incident=str(incident_id),
            reason=reason,
        )
    if fresh:
        touch(unit, incident_id)
    return len(fresh)


def rejoin(unit: Unit, incident_id: int, ticket_id: int, reason: str) -> bool:
    """Put a ticket back that a person took out; False when it was not taken out."""
    return bool(
        unit.run(
            "UPDATE incident_ticket SET reason = :reason WHERE incident_id = :incident "
            "AND ticket_id = :ticket AND reason = :out",
            reason=reason,
            incident=incident_id,
            ticket=ticket_id,
            out=LEFT_OUT,
        )
    )


def leave_out(unit: Unit, incident_id: int, ticket_id: int) -> bool:
    """Take a ticket out; False when it was not in."""
    return bool(
        unit.run(
            "UPDATE incident_ticket SET reason = :out WHERE incident_id = :incident "
            "AND ticket_id = :ticket AND reason <> :out",
            out=LEFT_OUT,
            incident=incident_id,
            ticket=ticket_id,
        )
    )


def change(unit: Unit, incident_id: int, **columns: Any) -> None:
    """Write columns of an incident."""
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    unit.run(
        f"UPDATE incident SET {assignments}, changed_at = :now WHERE id = :id",  # noqa: S608  # ours
        id=incident_id,
        now=unit.now_us,
        **columns,
    )


def touch(unit: Unit, incident_id: int) -> None:
    """Say that something of an incident changed."""
    unit.later(
        "UPDATE incident SET changed_at = :now WHERE id = :id", id=incident_id, now=unit.now_us
    )


def answered(unit: Unit, incident_id: int, ticket_id: int) -> None:
    """The common answer went to a ticket."""
    unit.later(
        "UPDATE incident_ticket SET answered_at = :now "
        "WHERE incident_id = :incident AND ticket_id = :ticket",
        now=unit.now_us,
        incident=incident_id,
        ticket=ticket_id,
    )


# ---------------------------------------------------------------- asking


def find(unit: Unit, incident_id: int) -> Any:
    """The whole row, or None."""
    return unit.row("SELECT * FROM incident WHERE id = :id", id=incident_id)


def open_of_kind(unit: Unit, kind: str) -> list[Any]:
    """Open incidents of a kind, oldest first: id, category, signature."""
    return list(
        unit.rows(
            "SELECT id, category, signature FROM incident WHERE state = 'open' "
            "AND kind = :kind ORDER BY id",
            kind=kind,
        )
    )


def closed_since(unit: Unit, kind: str, category: str, since: datetime) -> bool:
    """Whether an incident of this kind was closed after that moment."""
    return bool(
        unit.value(
            "SELECT 1 FROM incident WHERE state = 'closed' AND kind = :kind "
            "AND category = :category AND closed_at >= :since LIMIT 1",
            kind=kind,
            category=category,
            since=to_us(since),
        )
    )


def ties(unit: Unit, tickets: Collection[int], kind: str) -> list[Any]:
    """Which incidents of a kind tickets are tied to: ticket_id, incident_id, state; oldest first"""
    return [
        row
        for ids in _chunks(tickets)
        for row in unit.rows(
            "SELECT l.ticket_id, l.incident_id, i.state FROM incident_ticket l "
            "JOIN incident i ON i.id = l.incident_id WHERE l.ticket_id IN :ids "
            "AND i.kind = :kind ORDER BY l.incident_id",
            ids=ids,
            kind=kind,
        )
    ]


def categories_of(unit: Unit, tickets: Collection[int]) -> list[str]:
    """The categories of tickets, one each."""
    return [
        row.category
        for ids in _chunks(tickets)
        for row in unit.rows("SELECT category FROM ticket WHERE id IN :ids", ids=ids)
    ]


def banners(unit: Unit) -> list[tuple[str, str, str]]:
    """(group, Chinese, English) of every banner in force, the newest first."""
    rows = unit.rows(
        "SELECT category, banner_zh, banner_en FROM incident WHERE state = 'open' "
        "AND banner_zh <> '' ORDER BY id DESC"
    )
    return [(row.category.partition(".")[0], row.banner_zh, row.banner_en) for row in rows]
