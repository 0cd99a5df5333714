"""How the desk's own rules change: a draft, its checks, and a second person who puts it in force.

    begin → save → lint, backtest → publish        each with its line in the audit log
    restore                                        a draft of an earlier version, and so on

A draft is saved whatever is wrong with it. It is published only as it was backtested, against the
rules that are in force at that moment, by somebody who did not write it last (an admin may), and
never when that would lose a security verdict or make alarms of small matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from typing import Any

from router import backtest
from router.assemble import Router
from router.backtest import Contest
from router.core.clock import monotonic, to_us
from router.core.rights import Who, may
from router.errors import Conflict, Invalid, NotAllowed, NotFound, RouterError
from router.judges import Source
from router.rulebook import compiled, files_of, shipped_version, written
from router.store import claims, rulesets, timeline
from router.store.rulesets import Version
from router.store.unit import Unit
from rules.lint import SHIPPED, Remark, lint, unreadable
from rules.load import RulesFault

#: The parts of a draft's report.
LINT, BACKTEST = "lint", "backtest"
PARTS = (LINT, BACKTEST)
#: What a backtest said holds for so long.
FRESH = timedelta(days=1)
#: A check that has not been heard of for so long was interrupted.
SILENT = timedelta(minutes=1)
#: The file a desk without rules of its own begins with.
FIRST_FILE = "desk.toml"
#: The note of the version that stood in the folder before anything was published.
BASELINE = "baseline"

_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,59}\.toml", re.ASCII)
_LARGEST = 200_000
_MOST_FILES = 40
_CENSUS = 5_000
_CHANGES = 300
_TELL_SECONDS = 1.0


class Moved(Exception):
    """The draft was changed while it was checked; what the check says is about something else."""


# ---------------------------------------------------------------- writing


def begin(router: Router, who: Who, files: Mapping[str, str] | None = None, note: str = "") -> int:
    """A draft of what is in force now, or of these files; its id."""
    _check_right(who, "edit_rules")
    written_down = None if files is None else _plain(files)

    def work(unit: Unit) -> int:
        given = written_down
        if given is None:
            row = rulesets.find(unit, rulesets.published_id(unit))
            given = row.files if row else files_of(router.settings.rules.folder)
        draft_id = rulesets.add(
            unit, given or {FIRST_FILE: ""}, who.id, base=router.rules.version, note=note
        )
        _audit(unit, who, "drafted", draft_id)
        return draft_id

    return router.store.write(work)


def save(router: Router, who: Who, draft_id: int, seen: str, files: Mapping[str, str]) -> None:
    """Keep what was written, right or wrong; raises Conflict when somebody else saved meanwhile."""
    _check_right(who, "edit_rules")
    kept = _plain(files)

    def work(unit: Unit) -> None:
        row = _draft(unit, draft_id)
        if row.files == kept:
            return
        if not rulesets.save(unit, draft_id, seen, kept, who.id):
            raise Conflict("draft_changed")
        _audit(unit, who, "saved", draft_id, rulesets.digest(kept))

    router.store.write(work)


def _plain(files: Mapping[str, str]) -> dict[str, str]:
    """These files with line ends of one kind. Raises Invalid for names and sizes that cannot be."""
    kept = {name: text.replace("\r\n", "\n") for name, text in files.items()}
    _check_files(kept)
    return kept


def _check_files(files: Mapping[str, str]) -> None:
    if len(files) > _MOST_FILES:
        raise Invalid("files", "too_many_rule_files")
    for name, text in files.items():
        if not _NAME.fullmatch(name):
            raise Invalid("name", "bad_rule_file")
        if len(text) > _LARGEST:
            raise Invalid("text", "too_long", limit=str(_LARGEST))


def discard(router: Router, who: Who, draft_id: int) -> None:
    """Give a draft up; its text stays in the database."""
    _check_right(who, "edit_rules")

    def work(unit: Unit) -> None:
        if not rulesets.discard(unit, draft_id):
            raise Conflict("draft_changed")
        _audit(unit, who, "discarded", draft_id)

    router.store.write(work)


def restore(router: Router, who: Who, version_id: int) -> int:
    """A draft of an earlier version, to be backtested and published like any other."""
    with router.store.reading() as unit:
        row = rulesets.find(unit, version_id)
    if row is None or row.published_at is None:
        raise NotFound("there is no such version")
    return begin(router, who, row.files, note=f"restores {row.version}")


def faults(files: Mapping[str, str]) -> list[Remark]:
    """Why these files cannot be used as they are; nothing when they can."""
    return list(_faults(tuple(sorted(files.items()))))


@lru_cache(maxsize=16)
def _faults(files: tuple[tuple[str, str], ...]) -> tuple[Remark, ...]:
    try:
        written(dict(files))
    except RulesFault as fault:
        return tuple(unreadable(fault))
    return ()


# ---------------------------------------------------------------- checking


class Check:
    """A draft being linted or backtested as it is saved, telling how far it is. Made where it is
    asked for; :meth:`run` may take minutes and belongs into a thread of its own."""

    def __init__(self, router: Router, who: Who, draft_id: int, part: str) -> None:
        """Begin; raises Conflict while another check of this draft runs."""
        _check_right(who, "edit_rules")
        with router.store.reading() as unit:
            router.rules.notice(unit)
            self._row = _draft(unit, draft_id)
        if any(running(router, self._row.report.get(one, {})) for one in PARTS):
            raise Conflict("check_running")
        self._router, self._who, self._part = router, who, part
        self._next = monotonic() + _TELL_SECONDS
        self._say("running")

    def run(self) -> None:
        """Do it, and leave what it says in the draft's report."""
        work = _lint if self._part == LINT else _backtest
        try:
            self._say("done", **work(self._router, self._row, self._progress))
        except Moved:
            return
        except RulesFault as fault:
            with suppress(Moved):
                self._say("failed", remarks=_packed(unreadable(fault)))
        except Exception:
            with suppress(Moved, RouterError):
                self._say("broke")
            raise

    def _say(self, state: str, **told: Any) -> None:
        """Write it down; raises Moved when the draft is another one by now."""
        told |= {"state": state, "at": to_us(self._router.clock.now())}
        row, part, who = self._row, self._part, self._who

        def work(unit: Unit) -> bool:
            if state == "done":
                _audit(unit, who, f"checked.{part}", row.id, row.digest)
            return rulesets.tell(unit, row.id, row.digest, part, told)

        if not self._router.store.write(work, bulk=True):
            raise Moved

    def _progress(self, done: int, total: int) -> None:
        """How far it is, at most once a second."""
        if monotonic() >= self._next:
            self._next = monotonic() + _TELL_SECONDS
            self._say("running", done=done, total=total)


def _lint(router: Router, row: Version, tell: Callable[[int, int], None]) -> dict[str, Any]:
    book, rules = written(row.files), compiled(row.files)
    census = backtest.census(router.store, rules, router.policies.hours, _CENSUS, tell)
    remarks = lint(book, rules, census, files=row.files)
    return {"remarks": _packed(remarks), "messages": census.messages}


def _backtest(router: Router, row: Version, tell: Callable[[int, int], None]) -> dict[str, Any]:
    against, old, files = router.rules.row_id, router.rules.present, router.rules.files
    sources = Source((SHIPPED,), files), Source((SHIPPED,), row.files)
    contest = Contest(*sources, old, sources[1].rules())
    outcome = backtest.compare(router.store, contest, router.policies.hours, tell=tell)
    return {"against": against, "result": outcome.as_dict(_CHANGES, words=False)}


def _packed(remarks: list[Remark]) -> list[list[Any]]:
    return [[one.file, one.rule, one.code, dict(one.params)] for one in remarks]


def unpacked(remarks: list[list[Any]]) -> list[Remark]:
    """Remarks as a report keeps them."""
    return [
        Remark(file, rule, code, tuple(sorted(params.items())))
        for file, rule, code, params in remarks
    ]


def running(router: Router, report: Mapping[str, Any]) -> bool:
    """Whether this part of a report is being worked on; one not heard of for long is not."""
    heard = int(report.get("at", 0))
    return report.get("state") == "running" and heard >= to_us(router.clock.now() - SILENT)


# ---------------------------------------------------------------- putting in force


def hindrance(router: Router, unit: Unit, who: Who, row: Version) -> str:
    """Why this person cannot publish this draft now, as a code; empty when they can."""
    report = row.report.get(BACKTEST, {})
    if report.get("state") != "done":
        return "backtest_first"
    if report["against"] != rulesets.published_id(unit):
        return "backtest_against_old"
    if report["at"] < to_us(router.clock.now() - FRESH):
        return "backtest_stale"
    if report["result"]["refusals"]:
        return "backtest_refused"
    if who.id == row.author_id and who.role != "admin":
        return "second_person"
    return ""


def publish(router: Router, who: Who, draft_id: int, seen: str) -> str:
    """Put a draft in force; the version's name. Every process follows with its next batch."""
    _check_right(who, "publish_rules")
    with router.store.reading() as unit:
        router.rules.notice(unit)
        row = _draft(unit, draft_id)
    try:
        rules = compiled(row.files)  # held until it is in force: it is compiled once
    except RulesFault as fault:
        raise Conflict("backtest_first") from fault

    def work(unit: Unit) -> None:
        owner = f"agent:{who.id}"
        if not claims.take(unit, "publish-rules", owner, lease_us=0):
            raise Conflict("draft_changed")
        fresh = _draft(unit, draft_id)
        if fresh.digest != seen or row.digest != seen:
            raise Conflict("draft_changed")
        if reason := hindrance(router, unit, who, fresh):
            raise Conflict(reason)
        if not rulesets.published_id(unit):
            _keep_baseline(router, unit, who)
        if not rulesets.publish(
            unit, fresh, version=rules.version, base=shipped_version(), publisher_id=who.id
        ):
            raise Conflict("draft_changed")
        _audit(unit, who, "published", draft_id, rules.version)

    router.store.write(work)
    router.rules.follow(router.store)
    return rules.version


def _keep_baseline(router: Router, unit: Unit, who: Who) -> None:
    """What stood in the folder until now becomes a version too, to go back to."""
    rulesets.add(
        unit,
        files_of(router.settings.rules.folder),
        who.id,
        state=rulesets.RETIRED,
        version=router.rules.version,
        base=shipped_version(),
        note=BASELINE,
        published_at=unit.now_us - 1,
        retired_at=unit.now_us,
    )


# ---------------------------------------------------------------- who may


def _check_right(who: Who, action: str) -> None:
    if not may(who, action):
        raise NotAllowed(f"a person with the role {who.role} may not {action}")


def _draft(unit: Unit, draft_id: int) -> Version:
    row = rulesets.find(unit, draft_id)
    if row is None or row.state != rulesets.DRAFT:
        raise NotFound("there is no such draft")
    return row


def _audit(unit: Unit, who: Who, what: str, row_id: int, digest: str = "") -> None:
    timeline.audit(unit, f"agent:{who.id}", f"rules.{what}", f"ruleset:{row_id}", digest)
