"""Keeping the figures of the reports: which tickets changed, what happened to them, and the counts.

Nobody who changes a ticket tells anything here: what was written since the last look is found by
its ids, which grow with time. A ticket that changed is told anew, and what differs from what was
told before is added to the counts and taken from them. So counting it twice changes nothing.
"""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from router.core.cells import Cell, cells
from router.core.figures import Happening, History, happenings
from router.core.promises.sla import Policies
from router.store.promises import clocks
from router.store.shapes import Cursor, HappeningRow
from router.store.unit import Unit

#: Where rows are found that say a ticket changed.
_WATCHED = ("entry", "message", "sla_clock")
_PLACE = ("figures", "place")
_COLUMNS = ", ".join(Happening._fields)
_ADD = (
    f"INSERT INTO figure ({', '.join(Cell._fields)}, n) "  # noqa: S608  # column names of ours
    f"VALUES ({', '.join(f':{name}' for name in Cell._fields)}, :n) "
    f"ON CONFLICT ({', '.join(Cell._fields)}) DO UPDATE SET n = figure.n + excluded.n"
)
_AT_ONCE = 400
#: An hour in microseconds: what was looked at in another one is looked over again.
HOUR = 3_600_000_000


class Place(NamedTuple):
    """How far the rows of each watched table were looked at, and up to which moment."""

    entry: int = 0
    message: int = 0
    sla_clock: int = 0
    at: int = 0


# ---------------------------------------------------------------- which tickets changed


def place(unit: Unit) -> Place:
    """How far everything was counted."""
    value = unit.value(
        "SELECT value FROM cursor WHERE kind = :kind AND account = :account",
        kind=_PLACE[0],
        account=_PLACE[1],
    )
    return Place(**json.loads(value)) if value else Place()


def move(unit: Unit, to: Place) -> None:
    """Say how far everything was counted."""
    value = json.dumps(to._asdict())
    kind, account = _PLACE
    if not unit.run(
        "UPDATE cursor SET value = :value, at = :now WHERE kind = :kind AND account = :account",
        value=value,
        now=unit.now_us,
        kind=kind,
        account=account,
    ):
        unit.put(Cursor, kind=kind, account=account, value=value, at=unit.now_us)


def hold(unit: Unit) -> None:
    """Nobody else counts until this transaction is over: two who told one ticket at the same time
    would both count it."""
    kind, account = _PLACE
    if not unit.run(
        "UPDATE cursor SET at = :now WHERE kind = :kind AND account = :account",
        now=unit.now_us,
        kind=kind,
        account=account,
    ):
        move(unit, Place())
        unit.flush()


def pending(unit: Unit) -> bool:
    """Whether anything was written beyond the place, or the hour is over in which it was found."""
    seen = place(unit)
    return seen.at // HOUR != unit.now_us // HOUR or any(
        (unit.value(f"SELECT id FROM {table} ORDER BY id DESC LIMIT 1") or 0)  # noqa: S608  # ours
        > getattr(seen, table)
        for table in _WATCHED
    )


def changed(unit: Unit, seen: Place, before: int, limit: int) -> tuple[list[int], Place]:
    """The tickets of rows with ids beyond the place and under ``before``, and the place then."""
    found: dict[int, None] = {}
    reached = {}
    for table in _WATCHED:
        rows = unit.rows(
            f"SELECT id, ticket_id FROM {table} WHERE id > :after AND id < :before "  # noqa: S608  # ours
            "ORDER BY id LIMIT :n",
            after=getattr(seen, table),
            before=before,
            n=limit,
        )
        found.update(dict.fromkeys(row.ticket_id for row in rows))
        reached[table] = rows[-1].id if rows else getattr(seen, table)
    return list(found), Place(**reached, at=seen.at)


def every_ticket(unit: Unit, after: int, limit: int) -> list[int]:
    """Ids of tickets in their order beyond this one."""
    rows = unit.rows(
        "SELECT id FROM ticket WHERE id > :after ORDER BY id LIMIT :n", after=after, n=limit
    )
    return [row.id for row in rows]


# ---------------------------------------------------------------- telling tickets anew


@dataclass(frozen=True, slots=True)
class Telling:
    """What telling a ticket needs beside its rows."""

    policies: Policies
    zone: ZoneInfo


def settle(unit: Unit, ids: Collection[int], by: Telling) -> int:
    """Tell these tickets anew and move the counts by what differs; how many happenings did."""
    hold(unit)
    differing = 0
    wanted = list(ids)
    people = {row.name: row.id for row in unit.rows("SELECT id, name FROM agent")}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        told = tell(unit, some, by, people)
        differing += _replace(unit, some, told, by.zone)
    return differing


def tell(
    unit: Unit, ids: Sequence[int], by: Telling, people: Mapping[str, int]
) -> dict[int, list[Happening]]:
    """What happened to these tickets, from their own rows."""
    told = {}
    for ticket_id, history in histories(unit, ids).items():
        pauses = {row.id: clocks.pauses_of(row.pauses) for row in history.clocks}
        told[ticket_id] = happenings(history, by.policies, pauses, people)
    return told


def histories(unit: Unit, ids: Sequence[int]) -> dict[int, History]:
    """Tickets with all that reports count of them."""
    found = {
        row.id: History(row)
        for row in unit.rows(
            "SELECT id, channel, category, urgency, team_id, assignee_id, standing, opened_at "
            "FROM ticket WHERE id IN :ids",
            ids=list(ids),
        )
    }
    wanted = list(found)
    if not wanted:
        return {}
    for row in unit.rows(
        "SELECT ticket_id, at, code, params, agent_id FROM entry WHERE ticket_id IN :ids "
        "ORDER BY at, id",
        ids=wanted,
    ):
        params = json.loads(row.params) if row.params else {}
        entry = SimpleNamespace(at=row.at, code=row.code, params=params, agent_id=row.agent_id)
        found[row.ticket_id].entries.append(entry)
    for row in unit.rows("SELECT * FROM sla_clock WHERE ticket_id IN :ids ORDER BY id", ids=wanted):
        found[row.ticket_id].clocks.append(row)
    for ticket_id, wrote in _wrote_again(unit, found).items():
        found[ticket_id].wrote = wrote
    for row in unit.rows("SELECT * FROM satisfaction WHERE ticket_id IN :ids", ids=wanted):
        found[row.ticket_id].ratings.append(row)
    for row in unit.rows("SELECT * FROM article_use WHERE ticket_id IN :ids", ids=wanted):
        found[row.ticket_id].articles.append(row)
    return found


def _wrote_again(unit: Unit, told: Mapping[int, History]) -> dict[int, list[int]]:
    """When the requesters of these tickets wrote, but for the messages that opened one: those of
    tickets that were merged into them are counted as tickets of their own."""
    openings = {one: [history.ticket.opened_at] for one, history in told.items()}
    for row in unit.rows(
        "SELECT m.kept_id, t.opened_at FROM merged m JOIN ticket t ON t.id = m.gone_id "
        "WHERE m.kept_id IN :ids",
        ids=list(told),
    ):
        openings[row.kept_id].append(row.opened_at)
    found: dict[int, list[Any]] = {}
    for row in unit.rows(
        "SELECT ticket_id, seen_at, arrived_at FROM message WHERE ticket_id IN :ids "
        "AND direction = 'in' ORDER BY seen_at, id",
        ids=list(told),
    ):
        found.setdefault(row.ticket_id, []).append(row)
    for ticket_id, rows in found.items():
        own, *others = openings[ticket_id]
        for at in others:
            _leave_out(rows, at)
        if not _leave_out(rows, own):
            del rows[:1]  # it was split off
    return {ticket_id: [row.seen_at for row in rows] for ticket_id, rows in found.items()}


def _leave_out(rows: list[Any], at: int) -> bool:
    """Leave out the message that opened a ticket at this moment; whether it is among them."""
    for place, row in enumerate(rows):
        if at in (row.arrived_at, row.seen_at):
            del rows[place]
            return True
    return False


def _replace(
    unit: Unit, ids: Sequence[int], told: Mapping[int, Sequence[Happening]], zone: ZoneInfo
) -> int:
    """Write what is new, take away what is no more, and move the counts by both."""
    wrong: dict[tuple[int, Happening], list[int]] = {}
    for row in unit.rows(
        f"SELECT id AS row_id, ticket_id, {_COLUMNS} FROM happening WHERE ticket_id IN :ids",  # noqa: S608  # ours
        ids=list(ids),
    ):
        wrong.setdefault((row.ticket_id, Happening._make(row[2:])), []).append(row.row_id)
    tally: Tally[Cell] = Tally()
    fresh = 0
    for ticket_id, happened in told.items():
        for one in happened:
            known = wrong.get((ticket_id, one))
            if known:
                known.pop()
                continue
            fresh += 1
            unit.put(HappeningRow, id=unit.new_id(), ticket_id=ticket_id, **one._asdict())
            tally.update(cells(one, zone))
    gone = [(one, row_id) for (_, one), row_ids in wrong.items() for row_id in row_ids]
    for one, _ in gone:
        tally.subtract(cells(one, zone))
    unit.run_many("DELETE FROM happening WHERE id = :id", [{"id": row_id} for _, row_id in gone])
    _add(unit, tally)
    return fresh + len(gone)


def _add(unit: Unit, tally: Mapping[Cell, int]) -> None:
    moved = [{**cell._asdict(), "n": n} for cell, n in sorted(tally.items()) if n]
    unit.run_many(_ADD, moved)


# ---------------------------------------------------------------- from nothing, and the proof


def forget(unit: Unit) -> None:
    """Drop everything that was counted; what is written from here on is found all the same."""
    hold(unit)
    unit.run("DELETE FROM figure")
    unit.run("DELETE FROM happening")


def kept(unit: Unit) -> dict[Cell, int]:
    """Every count as it is kept."""
    rows = unit.rows(f"SELECT {', '.join(Cell._fields)}, n FROM figure WHERE n <> 0")  # noqa: S608  # ours
    return {Cell._make(row[:-1]): row.n for row in rows}


def recounted(unit: Unit, by: Telling) -> dict[Cell, int]:
    """Every count as it follows from the tickets' own rows, whatever is kept."""
    tally: Tally[Cell] = Tally()
    people = {row.name: row.id for row in unit.rows("SELECT id, name FROM agent")}
    for ids in _chunks(unit):
        for happened in tell(unit, ids, by, people).values():
            for one in happened:
                tally.update(cells(one, by.zone))
    return dict(tally)


def _chunks(unit: Unit) -> Iterator[list[int]]:
    after = 0
    while ids := every_ticket(unit, after, _AT_ONCE):
        yield ids
        after = ids[-1]


def differences(one: Mapping[Cell, int], other: Mapping[Cell, int]) -> list[Cell]:
    """The cells in which two counts differ."""
    both: Iterable[Cell] = one.keys() | other.keys()
    return sorted(cell for cell in both if one.get(cell, 0) != other.get(cell, 0))
