"""The rules in force: ours, and those of the desk.

The desk's own rules begin as the folder named in the settings. Once a version was published in the
pages, the database holds them and the folder is left alone. Every process asks which version is in
force whenever it takes a batch of messages in, within a look it takes anyway, and compiles a new
one when it first meets it; whoever else judges meanwhile goes on with the one before.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from router.store import rulesets
from router.store.database import Store
from router.store.unit import Unit
from rules.contract import Facts, Rule, Verdict
from rules.engine import Ruleset, compile_files
from rules.entry import Kind
from rules.lint import SHIPPED
from rules.load import Book, RulesFault, read

log = logging.getLogger("router.rulebook")


def written(files: Mapping[str, str]) -> Book:
    """Our rules and these files, read. Raises RulesFault with every fault."""
    return read([SHIPPED], files)


def compiled(files: Mapping[str, str]) -> Ruleset:
    """Our rules and these files, ready to judge. Raises RulesFault with every fault."""
    return compile_files([SHIPPED], files)


@cache
def shipped_version() -> str:
    """The name of our rules alone."""
    return compiled({}).version


def files_of(folder: str) -> dict[str, str]:
    """The rule files of the folder named in the settings; none when none is named."""
    if not folder:
        return {}
    found = sorted(Path(folder).expanduser().glob("*.toml"))
    return {path.name: path.read_text(encoding="utf-8") for path in found}


class Rulebook:
    """The rules in force, whichever they are by now. Judges like a ruleset, from any thread."""

    def __init__(self, ruleset: Ruleset, files: Mapping[str, str]) -> None:
        """Begin with these, of which ``files`` are the desk's own; :meth:`notice` follows what is
        published."""
        self.present = ruleset
        self.files = files
        #: The row in force; 0 while the folder of the settings is.
        self.row_id = 0
        #: Why the version in force cannot be used and the one before still judges, or nothing.
        self.fault = ""
        self._taking = threading.Lock()
        self._named: tuple[Ruleset | None, dict[str, Rule]] = (None, {})

    def judge(self, facts: Facts) -> Verdict:
        """The present rules' decision."""
        return self.present.judge(facts)

    @property
    def version(self) -> str:
        """The name of what the present rules say."""
        return self.present.version

    @property
    def asks(self) -> frozenset[str]:
        """The conditions, besides words, that any present rule asks for."""
        return self.present.asks

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The present rules."""
        return self.present.rules

    @property
    def by_id(self) -> Mapping[str, Rule]:
        """The present rules by their names."""
        present = self.present
        if self._named[0] is not present:
            self._named = (present, {rule.id: rule for rule in present.rules})
        return self._named[1]

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Every category with its names."""
        return self.present.kinds

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category."""
        return self.present.categories

    def notice(self, unit: Unit) -> None:
        """Take up what was published since; one small question when nothing was."""
        row_id = rulesets.published_id(unit)
        if row_id in (self.row_id, 0) or not self._taking.acquire(blocking=False):
            return
        try:
            self._take(unit, row_id)
        finally:
            self._taking.release()

    def follow(self, store: Store) -> None:
        """As :meth:`notice`, with a look of its own."""
        with store.reading() as unit:
            self.notice(unit)

    def _take(self, unit: Unit, row_id: int) -> None:
        row = rulesets.find(unit, row_id)
        if row is None:
            return
        try:
            self.present, self.files, self.fault = compiled(row.files), row.files, ""
        except RulesFault as fault:
            self.fault = str(fault)
            log.error("the published rules %s cannot be used: %s", row.version, fault)  # noqa: TRY400
        else:
            log.info("rules %s are in force", self.present.version)
        self.row_id = row_id
