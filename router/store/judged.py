"""Stored messages, to be judged again: by id, page after page, however many there are.

Each page is a look of its own, so that hours of reading hold nothing open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router.store import tagging
from router.store.database import Store
from router.store.unit import Unit

PAGE = 1000
_SAID = "direction = 'in' AND arrived_at >= :since"


@dataclass(frozen=True, slots=True)
class Stored:
    """A message somebody sent us, as it was judged, and the ticket it is on."""

    id: int
    ticket_id: int
    number: str
    team_id: int
    security: bool
    subject: str
    text: str
    channel: str
    language: str
    automatic: bool
    arrived_at: int
    #: Whether the sender had written before, and when last; None when that is not among what is
    #: walked through.
    known: bool
    before_at: int | None
    #: Name and type of each file that came along.
    files: tuple[tuple[str, str], ...]
    #: What bore the tags that spoke for it then, and the tags; none unless they were asked for.
    borne_by: str = "ticket"
    tags: tuple[str, ...] = ()


def count(unit: Unit, since_us: int = 0) -> int:
    """How many there are."""
    return int(unit.value(f"SELECT COUNT(*) FROM message WHERE {_SAID}", since=since_us) or 0)  # noqa: S608  # ours


def newest(unit: Unit, most: int) -> int:
    """An id that so many messages come after, or all when there are fewer."""
    found = unit.value(
        "SELECT id FROM message WHERE direction = 'in' ORDER BY id DESC LIMIT 1 OFFSET :n", n=most
    )
    return int(found or 0)


def walk(
    store: Store, *, since_us: int = 0, after: int = 0, tags: bool = False
) -> Iterator[Stored]:
    """All of them, oldest id first; with the tags that spoke for each when it came, if asked."""
    last: dict[int, int] = {}
    while True:
        with store.reading() as unit:
            rows = unit.rows(
                "SELECT m.id, m.ticket_id, m.subject, m.text, m.channel, m.language, m.automatic, "  # noqa: S608  # ours
                "m.arrived_at, m.identity_id, i.created_at AS met_at, t.number, t.team_id, "
                "t.security, t.requester_id FROM message m JOIN ticket t ON t.id = m.ticket_id "
                "LEFT JOIN identity i ON i.id = m.identity_id "
                f"WHERE m.id > :after AND m.{_SAID} AND t.erased_at IS NULL ORDER BY m.id LIMIT :n",
                after=after,
                since=since_us,
                n=PAGE,
            )
            files = _files(unit, rows)
            told = tagging.history(unit, {row.requester_id for row in rows} if tags else ())
        for row in rows:
            one = _stored(row, last.get(row.identity_id), files.get(row.id, ()))
            spoke = told.speaking(row.id, row.ticket_id, row.requester_id, row.arrived_at)
            yield replace(one, borne_by=spoke[0], tags=spoke[1]) if tags else one
            last[row.identity_id] = row.arrived_at
        if len(rows) < PAGE:
            return
        after = rows[-1].id


def _files(unit: Unit, rows: Sequence[Any]) -> dict[int, tuple[tuple[str, str], ...]]:
    if not rows:
        return {}
    found: dict[int, tuple[tuple[str, str], ...]] = {}
    for file in unit.rows(
        "SELECT message_id, name, mime FROM attachment WHERE message_id IN :ids ORDER BY id",
        ids=[row.id for row in rows],
    ):
        found[file.message_id] = (*found.get(file.message_id, ()), (file.name, file.mime))
    return found


def words(unit: Unit, ids: list[int]) -> dict[int, tuple[str, str]]:
    """Subject and text of messages, to cut out the words that rules saw."""
    if not ids:
        return {}
    rows = unit.rows("SELECT id, subject, text FROM message WHERE id IN :ids", ids=ids)
    return {row.id: (row.subject, row.text) for row in rows}


def _stored(row: Any, before_at: int | None, files: tuple[tuple[str, str], ...]) -> Stored:
    return Stored(
        id=row.id,
        ticket_id=row.ticket_id,
        number=row.number,
        team_id=row.team_id,
        security=bool(row.security),
        subject=row.subject,
        text=row.text,
        channel=row.channel,
        language=row.language,
        automatic=bool(row.automatic),
        arrived_at=row.arrived_at,
        known=before_at is not None or (row.met_at or row.arrived_at) < row.arrived_at,
        before_at=before_at,
        files=files,
    )
