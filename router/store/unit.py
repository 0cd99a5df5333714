"""One unit of work: what one transaction reads, and what it will write.

Rows to insert are collected and written together, table by table in foreign-key order, when the
unit is flushed: a message is some fifteen rows, and one statement a table for a whole batch costs a
tenth of a statement a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Table, TextClause, bindparam, text
from sqlmodel import SQLModel

from router.core.clock import to_us
from router.core.ids import Ids
from router.store.tables import metadata

#: Ids are drawn so many at a time.
_BLOCK = 64
_ORDER = {table.name: place for place, table in enumerate(metadata.sorted_tables)}


def _table_of(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]  # set by SQLModel on table classes
    return table


class _Shape:
    """How a table's rows are written: its columns' places, their defaults, the statement."""

    def __init__(self, model: type[SQLModel]) -> None:
        self.model = model
        self.table = _table_of(model)
        names = [column.name for column in self.table.columns]
        self.places = {name: place for place, name in enumerate(names)}
        self.defaults = [_default(model, name) for name in names]
        quoted = ", ".join(f'"{name}"' for name in names)
        self.insert = f'INSERT INTO "{self.table.name}" ({quoted}) VALUES (%s)'  # noqa: S608  # ours
        self.order = _ORDER[self.table.name]

    def statement(self, dialect: str) -> str:
        """The insert with this driver's positional marks."""
        mark = "?" if dialect == "sqlite" else "%s"
        return self.insert % ", ".join([mark] * len(self.places))


def _default(model: type[SQLModel], name: str) -> Any:
    field = model.model_fields[name]
    return None if field.is_required() else field.get_default(call_default_factory=True)


@lru_cache(maxsize=256)
def _shape(model: type[SQLModel]) -> _Shape:
    return _Shape(model)


@lru_cache(maxsize=1024)
def _statement(sql: str, lists: tuple[str, ...]) -> TextClause:
    statement = text(sql)
    if lists:
        statement = statement.bindparams(*(bindparam(name, expanding=True) for name in lists))
    return statement


class Unit:
    """A transaction in hand. ``now`` is fixed when it begins, so all its rows agree."""

    def __init__(self, connection: Connection, ids: Ids, now: datetime) -> None:
        """Wrap an open transaction; whoever opened it commits it."""
        self.connection = connection
        self.now = now
        self.now_us = to_us(now)
        self._ids = ids
        self._rows: dict[type[SQLModel], list[tuple[Any, ...]]] = {}
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
            self.connection.execute(_statement(sql, ()), list(params))

    def later(self, sql: str, /, **params: Any) -> None:
        """Execute this update once what is collected has been written."""
        self._later.setdefault(sql, []).append(params)

    def put(self, model: type[SQLModel], /, **values: Any) -> None:
        """Collect one row; columns left out take the table's default."""
        shape = _shape(model)
        row = shape.defaults.copy()
        places = shape.places
        try:
            for name, value in values.items():
                row[places[name]] = value
        except KeyError as fault:
            message = f"{model.__name__} has no column {fault}"
            raise TypeError(message) from fault
        rows = self._rows.get(model)
        if rows is None:
            self._rows[model] = [tuple(row)]
        else:
            rows.append(tuple(row))

    def add(self, row: SQLModel) -> None:
        """Collect one row given as an object."""
        self.put(type(row), **row.model_dump())

    def flush(self) -> None:
        """Write what was collected, parents before children."""
        rows, self._rows = self._rows, {}
        dialect = self.connection.dialect.name
        for shape in sorted(map(_shape, rows), key=lambda shape: shape.order):
            statement = shape.statement(dialect)
            self.connection.exec_driver_sql(statement, rows[shape.model])
        later, self._later = self._later, {}
        for sql, params in later.items():
            self.connection.execute(_statement(sql, ()), params)

    def _execute(self, sql: str, params: dict[str, Any]) -> Any:
        if self._rows or self._later:
            self.flush()
        lists = tuple(name for name, value in params.items() if isinstance(value, list | tuple))
        return self.connection.execute(_statement(sql, lists), params)
