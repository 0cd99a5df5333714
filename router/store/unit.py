"""One unit of work: what one transaction reads, and what it will write.

Rows to insert are collected and written together, table by table in foreign-key order, when the
unit is flushed: a message is some fifteen rows, and one statement a table for a whole batch costs a
tenth of a statement a row.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from router.core.clock import to_us
from router.core.ids import Ids
from router.store.pool import Connection

#: Ids are drawn so many at a time.
_BLOCK = 64
#: Places in which words are held; see :meth:`Unit.alone`.
_PLACES = 1024
#: Stands in the brackets of a list that holds nothing: nothing is in it, whatever its type.
_NOTHING = "NULL"


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """How a table's rows are written. ``order``: parents come before children; ``columns``: each
    with what stands in it when nothing is said."""

    table: str
    order: int
    columns: Mapping[str, Any]

    def statement(self, dialect: str) -> str:
        """The insert with this driver's positional marks."""
        names = ", ".join(f'"{name}"' for name in self.columns)
        marks = ", ".join([_mark(dialect)] * len(self.columns))
        return f'INSERT INTO "{self.table}" ({names}) VALUES ({marks})'  # noqa: S608  # ours


#: A ``:name`` in SQL; neither a cast (``::text``) nor escaped.
_NAMED = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


@lru_cache(maxsize=512)
def _insert(shape: Shape, dialect: str) -> str:
    return shape.statement(dialect)


@lru_cache(maxsize=1024)
def _pieces(sql: str, dialect: str) -> tuple[str, ...]:
    """The SQL cut at its parameters: words, name, words, name … words."""
    return tuple(_NAMED.split(sql if dialect == "sqlite" else sql.replace("%", "%%")))


@lru_cache(maxsize=1024)
def _statement(sql: str, dialect: str) -> tuple[str, tuple[str, ...]]:
    """The SQL with this driver's positional marks, and which parameter each stands for."""
    pieces = _pieces(sql, dialect)
    return _mark(dialect).join(pieces[::2]), pieces[1::2]


def _mark(dialect: str) -> str:
    return "?" if dialect == "sqlite" else "%s"


def _spread(sql: str, dialect: str, params: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """The same where some parameters are lists: each in brackets, with a mark for each value."""
    pieces = _pieces(sql, dialect)
    parts = [pieces[0]]
    values: list[Any] = []
    for name, words in zip(pieces[1::2], pieces[2::2], strict=True):
        value = params[name]
        if isinstance(value, list | tuple):
            marks = ", ".join([_mark(dialect)] * len(value)) if value else _NOTHING
            parts += (f"({marks})", words)
            values += value
        else:
            parts += (_mark(dialect), words)
            values.append(value)
    return "".join(parts), tuple(values)


def begins(column: str, mark: str) -> str:
    """The condition that a column begins with the text of a parameter (``:group``). It is never
    asked by what comes before and after: that is another order for each language of a server."""
    return f"SUBSTR({column}, 1, LENGTH(CAST({mark} AS VARCHAR))) = {mark}"


def _place(word: str) -> int:
    """One of a few places: the server's table of locks is small, and who shares one only waits."""
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % _PLACES


class Row(tuple[Any, ...]):
    """What the database answered; its columns are attributes too."""

    __slots__ = ()
    _columns: ClassVar[tuple[str, ...]]

    def as_dict(self) -> dict[str, Any]:
        """Column by column."""
        return dict(zip(self._columns, self, strict=True))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


@lru_cache(maxsize=1024)
def _row_of(columns: tuple[str, ...]) -> type[Row]:
    """The class of the rows that have these columns."""
    attributes = {name: property(itemgetter(place)) for place, name in enumerate(columns)}
    return type("Row", (Row,), {"__slots__": (), "_columns": columns, **attributes})


class _Found(NamedTuple):
    """What a query brought, and how its rows are shaped."""

    shape: type[Row]
    rows: list[tuple[Any, ...]]


class Unit:
    """A transaction in hand. ``now`` is fixed when it begins, so all its rows agree."""

    def __init__(
        self, connection: Connection, ids: Ids, now: datetime, *, races: bool = False
    ) -> None:
        """Wrap an open transaction; whoever opened it commits it."""
        self.connection = connection
        #: Whether others may write meanwhile what this one has read. SQLite has one writer.
        self.races = races
        #: ``sqlite`` or ``postgresql``; only opening, claiming and searching may ask.
        self.dialect = connection.dialect
        self.now = now
        self.now_us = to_us(now)
        self._ids = ids
        self._rows: dict[Shape, list[tuple[Any, ...]]] = {}
        self._fresh: list[int] = []
        self._later: dict[str, list[dict[str, Any]]] = {}
        #: Writes what the collected rows refer to and somebody has in hand still.
        self.first: Callable[[], None] | None = None

    def new_id(self) -> int:
        """A fresh id, larger than any this process gave before."""
        if not self._fresh:
            self._fresh = self._ids.take(_BLOCK)[::-1]
        return self._fresh.pop()

    def alone(self, room: int, words: Iterable[str]) -> None:
        """Work alone under these words until the commit: whoever else asks for one of them waits.

        A ``room`` is what the words are of. Rooms are entered in the order of their numbers, and
        the words of a room in one call, so that no two wait for each other.
        """
        if not self.races:
            return
        keys = sorted({_place(word) for word in words})
        if keys:
            self.rows(
                "SELECT pg_advisory_xact_lock(CAST(:room AS int), k) "
                "FROM unnest(CAST(:keys AS int[])) AS k",
                room=room,
                keys="{" + ",".join(map(str, keys)) + "}",
            )

    def rows(self, sql: str, /, **params: Any) -> Sequence[Row]:
        """All rows of a query with ``:named`` parameters; a list or tuple serves ``IN :name``."""
        found = self._fetch(sql, params)
        return list(map(found.shape, found.rows))

    def row(self, sql: str, /, **params: Any) -> Row | None:
        """The first row, or None."""
        found = self._fetch(sql, params, first=True)
        return found.shape(found.rows[0]) if found.rows else None

    def value(self, sql: str, /, **params: Any) -> Any:
        """The first column of the first row, or None."""
        rows = self._fetch(sql, params, first=True).rows
        return rows[0][0] if rows else None

    def run(self, sql: str, /, **params: Any) -> int:
        """Execute an update or delete; how many rows it touched."""
        return int(self._execute(sql, params).rowcount)

    def run_many(self, sql: str, params: Sequence[Mapping[str, Any]]) -> None:
        """Execute one statement for many parameter sets."""
        if params:
            self._many(sql, params)

    def later(self, sql: str, /, **params: Any) -> None:
        """Execute this update once what is collected has been written."""
        self._later.setdefault(sql, []).append(params)

    def put(self, shape: Shape, /, **values: Any) -> None:
        """Collect one row; columns left out take the table's default."""
        defaults = shape.columns
        row = {**defaults, **values}
        if len(row) != len(defaults):
            unknown = ", ".join(values.keys() - defaults.keys())
            message = f"{shape.table} has no column {unknown}"
            raise TypeError(message)
        rows = self._rows.get(shape)
        if rows is None:
            rows = self._rows[shape] = []
        rows.append(tuple(row.values()))

    def flush(self) -> None:
        """Write what was collected, parents before children."""
        first, self.first = self.first, None
        if first is not None:
            first()
            self.first = first
        rows, self._rows = self._rows, {}
        for shape in sorted(rows, key=lambda shape: shape.order):
            self.run_rows(_insert(shape, self.dialect), rows[shape])
        later, self._later = self._later, {}
        for sql, params in later.items():
            self._many(sql, params)

    def run_rows(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement with the driver's own marks for many rows of values."""
        self.connection.execute_many(statement, rows)

    def _many(self, sql: str, params: Sequence[Mapping[str, Any]]) -> None:
        statement, names = _statement(sql, self.dialect)
        self.run_rows(statement, [tuple([one[name] for name in names]) for one in params])

    def _execute(self, sql: str, params: dict[str, Any]) -> Any:
        if self._rows or self._later:
            self.flush()
        for value in params.values():
            if isinstance(value, list | tuple):
                statement, values = _spread(sql, self.dialect, params)
                break
        else:
            statement, names = _statement(sql, self.dialect)
            values = tuple([params[name] for name in names])
        return self.connection.execute(statement, values)

    def _fetch(self, sql: str, params: dict[str, Any], *, first: bool = False) -> _Found:
        cursor = self._execute(sql, params)
        try:
            rows = cursor.fetchmany(1) if first else cursor.fetchall()
        except self.connection.pool.error as fault:
            cursor.close()
            raise self.connection.told(fault) from fault
        shape = _row_of(tuple([one[0] for one in cursor.description]))
        if first:
            cursor.close()  # one that has more to tell would hold the database
        return _Found(shape, rows)
