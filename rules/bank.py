r"""The bank of examples: messages of our own writing, each under the category it belongs to.

``examples/<group>.<kind>.txt`` holds one message a line (``\n`` inside a line is a line break) and
comments that begin with ``# ``. A desk adds its own corrected messages to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from rules.contract import Fault
from rules.load import RulesFault

HOME = Path(__file__).parent / "examples"


@dataclass(frozen=True, slots=True)
class Example:
    """One message and what it is about."""

    category: str
    text: str


@dataclass(frozen=True, slots=True)
class Bank:
    """All examples, in one order whatever the order of files; ``version`` names their content."""

    examples: tuple[Example, ...]
    version: str

    def joined(self, more: Iterable[Example]) -> Bank:
        """With a desk's own examples added."""
        return _bank([*self.examples, *more])


def read(categories: Collection[str] = (), folder: Path = HOME) -> Bank:
    """Every example of the folder; raises RulesFault with all that is wrong in it. Names of files
    are held against ``categories`` when there are any."""
    faults: list[Fault] = []
    examples: list[Example] = []
    for path in sorted(folder.glob("*.txt")):
        if categories and path.stem not in categories:
            faults.append(Fault(path.name, "", "no category has this name; rename the file"))
        examples += [
            Example(path.stem, line.replace("\\n", "\n").strip())
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip() and not line.startswith("# ")
        ]
    faults += _told_twice(examples)
    if faults:
        raise RulesFault(faults)
    return _bank(examples)


def _told_twice(examples: Iterable[Example]) -> list[Fault]:
    """The same words under two categories would teach nothing."""
    seen: dict[str, str] = {}
    faults = []
    for one in examples:
        before = seen.setdefault(one.text, one.category)
        if before != one.category:
            message = f"{one.text[:40]!r} stands in {before} too; keep one of the two"
            faults.append(Fault(f"{one.category}.txt", "", message))
    return faults


def _bank(examples: Iterable[Example]) -> Bank:
    kept = tuple(sorted(set(examples), key=lambda one: (one.category, one.text)))
    content = hashlib.sha256()
    for one in kept:
        content.update(f"{one.category}\0{one.text}\0".encode())
    return Bank(kept, content.hexdigest()[:12])
