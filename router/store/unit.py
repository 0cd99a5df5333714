"""One unit of work: what one transaction reads, and what it will write.

Rows to insert are collected and written together, table by table in foreign-key order, when the
unit is flushed: a message is some fifteen rows, and one statement a table for a whole batch costs a
tenth of a statement a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row

from router.core.clock import to_us
from router.core.ids import Ids

#: Ids are drawn so many at a time.
_BLOCK = 64
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


class Unit:
    """A transaction in hand. ``now`` is fixed when it begins, so all its rows agree."""

    def __init__(self, connection: Connection, ids: Ids, now: datetime) -> None:
        """Wrap an open transaction; whoever opened it commits it."""
        self.connection = connection
        self.now = now
        self.now_us = to_us(now)
        self._ids = ids
        self._rows: dict[Shape, list[tuple[Any, ...]]] = {}
        self._fresh: list[int] = []
        self._later: dict[str, list[dict[str, Any]]] = {}

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``; only opening, claiming and searching may ask."""
        return self.connection.dialect.name

    def new_id(self) -> int:
        """A fresh id, larger than any this process gave before."""
        if not self._fresh:
            self._fresh = self._ids.take(_BLOCK)[::-1]
        return self._fresh.pop()

    def rows(self, sql: str, /, **params: Any) -> Sequence[Row[Any]]:
        """All rows of a query with ``:named`` parameters; a list or tuple serves ``IN :name``."""
        found: Sequence[Row[Any]] = self._execute(sql, params).all()
        return found

    def row(self, sql: str, /, **params: Any) -> Row[Any] | None:
        """The first row, or None."""
        found: Row[Any] | None = self._execute(sql, params).first()
        return found

    def value(self, sql: str, /, **params: Any) -> Any:
        """The first column of the first row, or None."""
        found = self._execute(sql, params).first()
        return None if found is None else found[0]

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
        rows, self._rows = self._rows, {}
        dialect = self.connection.dialect.name
        for shape in sorted(rows, key=lambda shape: shape.order):
            self.connection.exec_driver_sql(_insert(shape, dialect), rows[shape])
        later, self._later = self._later, {}
        for sql, params in later.items():
            self._many(sql, params)

    def _many(self, sql: str, params: Sequence[Mapping[str, Any]]) -> None:
        statement, names = _statement(sql, self.dialect)
        rows = [tuple([one[name] for name in names]) for one in params]
        self.connection.exec_driver_sql(statement, rows)

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
        return self.connection.exec_driver_sql(statement, values)
