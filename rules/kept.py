"""What was worked out of rule files, kept: the next start reads it instead of doing so again.

It holds plain data, never code: the tables of the files and the strings each term stands for. It is
used only for just these files, read by just this program, and only files without a fault are kept.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import opencc

_HOME = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Worked:
    """The tables, each with its file's name (two folders may have one of the same), and what terms
    stand for."""

    tables: Sequence[tuple[str, dict[str, Any]]]
    terms: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Kept:
    """The file; it is made when there is something to keep and nothing goes wrong."""

    path: Path

    def find(self, digest: bytes) -> Worked | None:
        """What was worked out of the files of this digest; None when that was not kept."""
        try:
            found = json.loads(self.path.read_bytes())
            if found["of"] != _name(digest):
                return None
            terms = {term: frozenset(strings) for term, strings in found["terms"].items()}
            return Worked([(name, table) for name, table in found["tables"]], terms)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, digest: bytes, worked: Worked) -> None:
        """Write it down for the next start; where that cannot be, nothing is lost."""
        with suppress(OSError, ValueError, TypeError):
            terms = {term: sorted(strings) for term, strings in worked.terms.items()}
            said = {"of": _name(digest), "tables": worked.tables, "terms": terms}
            written = json.dumps(said, ensure_ascii=False)
            fresh = self.path.with_name(f"{self.path.name}.new")
            fresh.write_text(written, encoding="utf-8")
            fresh.replace(self.path)


def _name(digest: bytes) -> str:
    return hashlib.sha256(digest + _program()).hexdigest()


@cache
def _program() -> bytes:
    """The same as long as terms are read in the same way."""
    said = hashlib.sha256(f"{sys.version} {opencc.__version__}".encode())
    for path in sorted(_HOME.glob("*.py")):
        said.update(path.read_bytes())
    return said.digest()
