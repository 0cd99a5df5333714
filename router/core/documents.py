"""A report as it is told in one language: what every page, file and mail of it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Told:
    """One figure or word of a table; ``value`` is the number behind it, ``link`` what leads to its
    tickets."""

    text: str
    value: float | None = None
    link: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their heads. The first column names the row."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Told]]
    empty: str = ""

    @property
    def numbers(self) -> frozenset[int]:
        """The columns that hold figures."""
        return frozenset(
            place for row in self.rows for place, one in enumerate(row) if one.value is not None
        ) | frozenset(
            place
            for place in range(1, len(self.heads))
            if self.rows and all(row[place].text in ("–", "") for row in self.rows)
        )


@dataclass(frozen=True, slots=True)
class Bars:
    """Two counts a day, one upon the other: the first is well, the second is not."""

    days: Sequence[tuple[str, int, int]]
    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Heat:
    """Counts by row and column."""

    rows: Sequence[str]
    columns: Sequence[str]
    counts: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: a table, and a picture of it where that helps."""

    key: str
    title: str
    table: Table
    note: str = ""
    chart: Bars | Heat | None = None
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    key: str
    title: str
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    definitions: Sequence[tuple[str, str]] = ()
    query: Mapping[str, str] = field(default_factory=dict)
