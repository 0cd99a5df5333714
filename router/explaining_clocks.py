"""``router explain-clock``: every promise on a ticket with its whole arithmetic, in words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from router.core.clock import SystemClock, from_us
from router.core.ids import Ids
from router.core.promises.hours import Pause
from router.core.promises.sla import WALL, Counting, Policies
from router.core.wording import format_moment
from router.errors import NotFound
from router.hourbook import Hourbook
from router.settings import Settings
from router.store import version
from router.store.database import Store
from router.store.promises import clocks

_MINUTE = 60_000_000
#: Stretches that are listed one by one; of more, the middle is summed up.
_LISTED = 24


def told(settings: Settings, number: str, language: str) -> str:
    """The promises of a ticket; raises NotFound for a number that no ticket has."""
    clock = SystemClock()
    store = Store(settings.database_url, clock=clock, ids=Ids(clock))
    try:
        version.check(store.pool)
        policies = Hourbook(settings, store).policies
        with store.reading() as unit:
            rows = clocks.of_ticket(unit, number)
            now = unit.now_us
    finally:
        store.close()
    if not rows:
        raise NotFound(f"there is no ticket {number}, or nothing was promised on it")
    return explained(rows, policies, number, settings.desk.zone, language, now)


def explained(  # all that an explanation follows from
    rows: list[Any], policies: Policies, number: str, zone: str, language: str, now: int
) -> str:
    """The arithmetic of some clocks, in Chinese (``zh``) or English."""
    words = _words("zh" if language.startswith("zh") else "en")
    teller = _Teller(words, zone, language)
    lines = [words["title"].format(number=number)]
    for row in rows:
        lines += ["", *teller.clock(row, policies, now)]
    return "\n".join(lines) + "\n"


@cache
def _words(language: str) -> Mapping[str, Any]:
    path = resources.files("router").joinpath("texts", f"clock.{language}.toml")
    return tomllib.loads(path.read_text("utf-8"))


class _Teller:
    """Tells one ticket's clocks in one language and zone."""

    def __init__(self, words: Mapping[str, Any], zone: str, language: str) -> None:
        self._words = words
        self._zone = zone
        self._language = "zh" if language.startswith("zh") else "en"

    def clock(self, row: Any, policies: Policies, now: int) -> Iterator[str]:
        """All about one promise."""
        work = clocks.counting(row, policies)
        yield self._say(
            "promise",
            kind=self._words["kinds"][row.kind],
            span=self._span(row.minutes * _MINUTE),
            policy=self._known(row.policy),
            hours=self._hours(row, policies, work),
        )
        yield "  " + self._say("started", at=self._at(row.started_at))
        end, key = self._end(row, work, now)
        yield from self._sum(work, end)
        yield "  " + self._say(
            key,
            at=self._at(end),
            used=self._span(work.used(end)),
            left=self._span(work.left(end)),
            due=self._at(row.due_at if row.due_at is not None else end),
        )
        yield from self._outcome(row, now)

    def _end(self, row: Any, work: Counting, now: int) -> tuple[int, str]:
        """Up to where it is counted, and how that is told."""
        if row.paused_at is not None and row.met_at is None:
            return row.paused_at, "stands"
        if row.paused_at is not None and row.due_at is None:
            return row.paused_at, "ended_paused"
        if row.met_at is not None and (row.due_at is None or row.met_at < row.due_at):
            return row.met_at, "ended"
        del now
        return (row.due_at if row.due_at is not None else work.due()), "due"

    def _hours(self, row: Any, policies: Policies, work: Counting) -> str:
        if row.calendar == WALL:
            return str(self._words["wall"])
        key = "calendar" if policies.knows(row.calendar) else "gone"
        return self._say(key, name=self._known(row.calendar), zone=work.hours.zone)

    def _sum(self, work: Counting, end: int) -> Iterator[str]:
        """Stretch by stretch: open time counted, pauses left out."""
        steps = list(_steps(work, end))
        total = 0
        for place, (kind, begin, until) in enumerate(steps):
            total += until - begin if kind == "open" else 0
            if len(steps) > _LISTED and _LISTED // 2 <= place < len(steps) - _LISTED // 2:
                if place == len(steps) - _LISTED // 2 - 1:
                    left_out = len(steps) - _LISTED // 2 * 2
                    yield "    " + self._say("more", n=left_out, total=self._span(total))
                continue
            yield "    " + self._say(
                kind,
                begin=self._at(begin),
                end=self._at(until),
                span=self._span(until - begin),
                total=self._span(total),
            )

    def _outcome(self, row: Any, now: int) -> Iterator[str]:
        if row.breached_at is not None:
            yield "  " + self._say("broken", at=self._at(row.breached_at))
        if row.met_at is not None:
            yield "  " + self._say("met", at=self._at(row.met_at))
        elif row.breached_at is None and row.due_at is not None:
            yield "  " + self._say("waits" if now < row.due_at else "late", now=self._at(now))

    def _known(self, name: str) -> str:
        """What our own policies and calendars are called; others are as a desk named them."""
        return str(self._words["known"].get(name, name))

    def _say(self, key: str, **params: object) -> str:
        return str(self._words[key]).format(**params)

    def _at(self, moment: int) -> str:
        said = format_moment(from_us(moment), self._zone, self._language)
        seconds = moment // 1_000_000 % 60
        return f"{said} +{self._say('seconds', n=seconds)}" if seconds else said

    def _span(self, span: int) -> str:
        minutes, rest = divmod(span, _MINUTE)
        hours, over = divmod(minutes, 60)
        said = self._say("minutes", n=over) if over or not hours else ""
        if hours:
            said = f"{self._say('hours', n=hours)} {said}".rstrip()
        rest //= 1_000_000
        return f"{said} {self._say('seconds', n=rest)}" if rest else said


def _steps(work: Counting, end: int) -> Iterator[tuple[str, int, int]]:
    """(open or pause, from, to) in their order."""
    marks: list[tuple[int, int, str]] = []
    at = work.started_at
    pauses: list[Pause] = [one for one in work.pauses if one[0] < end]
    for begin, until in [*pauses, (end, end)]:
        if at < begin:
            marks += [(one, other, "open") for one, other in work.hours.stretches(at, begin)]
        if begin < until:
            marks.append((begin, min(until, end), "pause"))
        at = max(at, until)
    for begin, until, kind in marks:
        yield kind, begin, until
