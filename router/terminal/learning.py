"""``router rules learn``: the second reader reads the bank anew, with this desk's corrections.

What an agent put right is the best example there is. It stays on this machine: the texts are
masked like every stored message, and what is learnt lies beside the database.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from router.assemble import Router
from router.errors import Conflict
from router.second_reader import LEARNT
from router.store import readings
from rules import bank, meaning, reader
from rules.bank import Bank, Example
from rules.engine import Ruleset

Told = Callable[[int, int], object]


def here(router: Router, told: Told) -> tuple[Path, int]:
    """Learn from the bank and the corrections; where it is kept, and how many were this desk's."""
    shipped = bank.read()
    known = {one.category for one in shipped.examples}
    with router.store.reading() as unit:
        lessons = readings.lessons(unit)
    own = [
        Example(row.category, f"{row.subject}\n{row.text}".strip())
        for row in lessons
        if row.category in known
    ]
    path = router.settings.data_path / LEARNT
    _learn(shipped.joined(own), router.rules.present, router.settings.reader.threads, told, path)
    return path, len(own)


def shipped(rules: Ruleset, told: Told) -> Path:
    """Learn what ships, from the bank alone."""
    _learn(bank.read(rules.categories), rules, 2, told, reader.SHIPPED)
    return reader.SHIPPED


def _learn(read: Bank, rules: Ruleset, threads: int, told: Told, path: Path) -> None:
    encoder = meaning.encoder(threads)
    if encoder is None:
        raise Conflict("no_encoder")
    urgencies = {name: kind.urgency for name, kind in rules.kinds.items()}
    learnt = reader.learn(read, urgencies, encoder, told)
    # Written beside and moved, so that nobody reads half of it.
    beside = path.with_suffix(".new.npz")
    reader.save(learnt, beside)
    beside.replace(path)
