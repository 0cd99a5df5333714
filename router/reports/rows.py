"""A report as rows: as text for a terminal, and as CSV with one row a ticket.

Nothing a requester wrote or is called leaves the desk in a file; a cell that a spreadsheet would
take for a formula is made plain text.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from router.assemble import Router
from router.core.documents import Document, Table
from router.core.promises.sla import KINDS
from router.reports.words import Words
from router.store.pages import figures as pages
from router.store.pages.reports import Cut, Period, Teams

_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(value: object) -> str:
    """The text of a cell, never a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


# ---------------------------------------------------------------- text


def text(document: Document) -> str:
    """A report for a terminal: Chinese characters are two columns wide."""
    lines = [document.title, "=" * _width(document.title), ""]
    lines += [f"{name}: {said}" for name, said in document.facts]
    for section in document.sections:
        lines += ["", section.title, "-" * _width(section.title)]
        lines += [section.note] if section.note else []
        lines += list(_grid(section.table))
    lines.append("")
    lines += [f"{term}: {meaning}" for term, meaning in document.definitions]
    return "\n".join(lines) + "\n"


def _grid(table: Table) -> Iterator[str]:
    if not table.rows:
        yield table.empty
        return
    rows = [list(table.heads), *([one.text for one in row] for row in table.rows)]
    widths = [max(_width(row[place]) for row in rows) for place in range(len(table.heads))]
    for row in rows:
        cells = [
            one + " " * (wide - _width(one)) if place == 0 else " " * (wide - _width(one)) + one
            for place, (one, wide) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


# ---------------------------------------------------------------- one row a ticket


def heads() -> list[str]:
    """The columns of the file, the same in every language, for programs to read."""
    columns = ["ticket", "opened_at", "channel", "category", "urgency", "team", "agent"]
    for kind in KINDS:
        columns += [
            f"{kind}_{name}"
            for name in ("kept", "broken", "cause", "service_minutes", "wall_minutes")
        ]
    return columns


def tickets(
    router: Router, words: Words, period: Period, cut: Cut, teams: Teams
) -> Iterator[list[Any]]:
    """Every ticket with a promise that was decided or done in the period, in the order they were
    opened. Times of one kind add up; a cause is the last one's."""
    with router.store.reading() as unit:
        ids = pages.decided_tickets(unit, period, cut, teams)
    for start in range(0, len(ids), _AT_ONCE):
        with router.store.reading() as unit:
            rows = pages.promises_of(unit, ids[start : start + _AT_ONCE], period, cut, teams)
        yield from (_row(words, ticket, happened) for ticket, happened in rows)


def _row(words: Words, ticket: Any, happened: Sequence[Any]) -> list[Any]:
    row: list[Any] = [
        ticket.number,
        words.exact(ticket.opened_at),
        words.name("channel", ticket.channel),
        ticket.category,
        ticket.urgency,
        words.name("team_id", ticket.team_id),
        words.name("agent_id", ticket.assignee_id or 0),
    ]
    for kind in KINDS:
        mine = [one for one in happened if one.kind == kind]
        done = [one for one in mine if one.service >= 0]
        row += [
            sum(one.what == "kept" for one in mine),
            sum(one.what == "broken" for one in mine),
            next((one.detail for one in reversed(mine) if one.what == "broken"), ""),
            round(sum(one.service for one in done) / 60, 2) if done else "",
            round(sum(one.wall for one in done) / 60, 2) if done else "",
        ]
    return row


def lines(rows: Iterator[list[Any]]) -> Iterator[str]:
    """CSV with a mark that tells spreadsheets it is UTF-8, piece by piece."""
    kept = io.StringIO()
    writer = csv.writer(kept)
    kept.write("\ufeff")
    writer.writerow(heads())
    for row in rows:
        writer.writerow([plain(one) if isinstance(one, str) else one for one in row])
        if kept.tell() > 60_000:
            yield kept.getvalue()
            kept.seek(0)
            kept.truncate()
    yield kept.getvalue()
