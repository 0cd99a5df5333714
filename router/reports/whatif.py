"""What-if, told as a report: the promises of the past under other hours, targets and holidays, and
the people it would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from router import supposing
from router.assemble import Router
from router.core.clock import from_us
from router.core.documents import Document, Section, Table, Told
from router.core.figures import Span
from router.core.promises import whatif as arithmetic
from router.core.promises.sla import KINDS, URGENCIES, Matter, Policies
from router.core.promises.whatif import Crew, Hourly, Outcome, Outcomes, Past
from router.errors import Fault, Invalid, SettingsFault
from router.reports import rows
from router.reports.promises import count, percent
from router.reports.words import Words
from router.store.pages.reports import Period
from router.store.promises import clocks, whatif
from router.store.unit import Unit
from router.supposing import Supposed

_MINUTE = 60_000_000
#: An answer takes so many minutes where history cannot tell.
USUAL = 8
#: The longest period that is supposed about, in days.
LONGEST = 366


@dataclass(frozen=True, slots=True)
class Staffing:
    """The same answers given again: each answer's time and where it is known from, what crews of
    several sizes reach (people, share in time), the fewest who reach the goal (0: nobody), and the
    24 hours of the day."""

    span: int
    told_by: str
    reached: tuple[tuple[int, float | None], ...]
    fewest: int
    people: int
    hours: tuple[Hourly, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was and what would be."""

    supposed: Supposed
    period: Period
    was: Outcomes
    would: Outcomes
    staffing: Staffing
    promises: int
    cut_short: bool = False


def period_of(router: Router, first: str, last: str) -> Period:
    """The days that are looked back on: by default the last thirty that are over. Raises
    Invalid."""
    zone = ZoneInfo(router.settings.desk.zone)
    today = router.clock.now().astimezone(zone).date()
    try:
        end = date.fromisoformat(last) if last else today
        begin = date.fromisoformat(first) if first else date.fromordinal(end.toordinal() - 29)
    except ValueError as fault:
        given = f"{first} {last}".strip()
        raise Invalid("from", "bad_period", given=given, write="2026-11-01") from fault
    if not 0 <= (end - begin).days < LONGEST or begin.year < 1980 or end.year > 2200:
        raise Invalid("to", "bad_period", given=f"{begin} {end}", write="at most a year")
    return Period(Span(begin, end), zone)


def answer(
    router: Router,
    unit: Unit,
    supposed: Supposed,
    period: Period,
    teams: Sequence[int] | None = None,
    limit: int = whatif.MOST,
) -> Answer:
    """Hold history against what is supposed; of more promises than the limit the earliest are
    looked at, and the answer says so. Raises Invalid, saying what to write."""
    supposed.check()
    would = supposing.policies(router, supposed)
    low, high = period.moments()
    high = min(high, unit.now_us)
    rows = whatif.promises(unit, low, high, teams, limit)
    pasts = [_past(row, router.policies, unit.now_us) for row in rows]
    span, told_by = _handling(unit, supposed, low, high)
    return Answer(
        supposed,
        period,
        arithmetic.as_it_was(pasts, router.policies, unit.now_us),
        arithmetic.as_it_would_be(pasts, would, unit.now_us),
        _staffing(pasts, would, supposed, (low, high), period.zone, span, told_by),
        len(pasts),
        cut_short=len(pasts) == limit,
    )


def _past(row: Any, policies: Policies, now: int) -> Past:
    pauses = clocks.pauses_of(row.pauses)
    if row.paused_at is not None:
        pauses = (*pauses, (row.paused_at, row.met_at or now))
    matter = Matter(
        urgency=row.urgency,
        category=row.category,
        channel=row.channel,
        account=row.account,
        team=policies.teams.get(row.team_id, ""),
        language=row.language,
        security=bool(row.security),
    )
    return Past(row.kind, matter, row.minutes, row.calendar, row.started_at, row.met_at, pauses)


def _handling(unit: Unit, supposed: Supposed, low: int, high: int) -> tuple[int, str]:
    if supposed.handle_minutes:
        return supposed.handle_minutes * _MINUTE, "given"
    span, gaps = arithmetic.handling(whatif.replies(unit, low, high))
    if gaps >= arithmetic.ENOUGH:
        return span, "history"
    return USUAL * _MINUTE, "usual"


def _staffing(  # noqa: PLR0913, PLR0917  # a play has so many sides
    pasts: Sequence[Past],
    policies: Policies,
    supposed: Supposed,
    moments: tuple[int, int],
    zone: ZoneInfo,
    span: int,
    told_by: str,
) -> Staffing:
    owed, hours = arithmetic.demand(pasts, policies), policies.hours
    fewest = arithmetic.fewest(owed, hours, supposed.on_call, span, supposed.goal)
    people = supposed.agents or fewest or 1
    near = sorted({max(people + step, 1) for step in (-2, -1, 0, 1, 2)} | {fewest or people})
    plays = {n: arithmetic.play(owed, hours, Crew(n, supposed.on_call), span) for n in near}
    low, high = moments
    hour = 60 * _MINUTE
    tops = [
        (moment, from_us(moment).astimezone(zone).hour)
        for moment in range(low - low % hour, high, hour)
        if moment >= low
    ]
    return Staffing(
        span,
        told_by,
        tuple((n, plays[n].share) for n in near),
        fewest,
        people,
        tuple(arithmetic.by_hour(owed, plays[people], tops, span)),
    )


# ---------------------------------------------------------------- as a report


def document(words: Words, told: Answer) -> Document:
    """The answer in words, with all that it assumes."""
    supposed, staff = told.supposed, told.staffing
    facts = [
        (
            words.say("fact.period"),
            words.say("between.days", first=words.day(first), last=words.day(last)),
        )
        for first, last in [(told.period.span.first, told.period.span.last)]
    ]
    facts += [
        (words.say(f"whatif.{name}"), said)
        for name, said in (
            ("hours", supposed.hours),
            ("targets", ", ".join(supposed.targets)),
            ("holidays", supposed.holidays),
        )
        if said
    ]
    needed = str(staff.fewest) if staff.fewest else words.say("whatif.nobody")
    facts += [
        (
            words.say("whatif.promises"),
            words.say("whatif.cut_short", n=f"{told.promises:,}")
            if told.cut_short
            else f"{told.promises:,}",
        ),
        (words.say("whatif.needed", goal=supposed.goal), needed),
        (words.say("whatif.handling"), _handled(words, staff)),
    ]
    return Document(
        "whatif",
        words.say("whatif.title"),
        facts,
        [_promises(words, told), _crews(words, told), _hours(words, staff)],
        [
            (words.say(f"whatif.{name}"), words.say(f"whatif.{name}_means"))
            for name in ("exact", "matter", "play", "by_hour")
        ],
    )


def _handled(words: Words, staff: Staffing) -> str:
    minutes = words.say("say.minutes", n=round(staff.span / _MINUTE))
    return words.say("whatif.handled", minutes=minutes, by=words.say(f"whatif.by_{staff.told_by}"))


def _promises(words: Words, told: Answer) -> Section:
    rows = []
    for kind in KINDS:
        for urgency in (*URGENCIES, ""):
            was, would = (_sum(one, kind, urgency) for one in (told.was, told.would))
            if not any(was) and not any(would):
                continue
            change = None
            if was.share is not None and would.share is not None:
                change = would.share - was.share
            rows.append(
                [
                    Told(f"{words.say(f'kind.{kind}')} {urgency or words.say('whatif.all')}"),
                    percent(was.share),
                    percent(would.share),
                    Told("–" if change is None else f"{change:+.1f}", change),
                    count(was.broken),
                    count(would.broken),
                ]
            )
    heads = [
        words.say(f"whatif.head_{one}")
        for one in ("promise", "was", "would", "change", "broke", "would_break")
    ]
    table = Table(heads, rows, words.say("whatif.nothing"))
    return Section("promises", words.say("whatif.section_promises"), table)


def _sum(outcomes: Outcomes, kind: str, urgency: str) -> Outcome:
    found = [one for key, one in outcomes.items() if key[0] == kind and urgency in ("", key[1])]
    return Outcome(sum(one.kept for one in found), sum(one.broken for one in found))


def _crews(words: Words, told: Answer) -> Section:
    staff = told.staffing
    rows = [
        [
            Told(
                words.say("whatif.people", n=n)
                + (f" · {words.say('whatif.fewest')}" if n == staff.fewest else "")
            ),
            percent(share),
        ]
        for n, share in staff.reached
    ]
    heads = [words.say("whatif.head_crew"), words.say("whatif.head_in_time")]
    note = words.say("whatif.note_crews", on_call=told.supposed.on_call)
    table = Table(heads, rows, words.say("whatif.nothing"))
    return Section("crews", words.say("whatif.section_crews"), table, note)


def _hours(words: Words, staff: Staffing) -> Section:
    rows = [
        [
            Told(f"{hour:02}:00"),
            Told(f"{one.asked:.1f}", one.asked),
            Told(f"{one.waiting:.1f}", one.waiting),
            Told(str(one.needed), one.needed),
        ]
        for hour, one in enumerate(staff.hours)
    ]
    heads = [words.say(f"whatif.head_{one}") for one in ("hour", "asked", "waiting", "needed")]
    note = words.say("whatif.note_hours", n=staff.people)
    return Section("by_hour", words.say("whatif.section_hours"), Table(heads, rows), note)


def supposed(router: Router, given: Supposed, days: tuple[str, str], language: str) -> str:
    """What-if for the terminal; raises SettingsFault, saying what to write, for what cannot be
    supposed."""
    try:
        period = period_of(router, *days)
        with router.store.reading() as unit:
            told = document(Words(router, unit, language), answer(router, unit, given, period))
    except Invalid as fault:
        said = f"{fault.params.get('given', '')} cannot be supposed"
        raise SettingsFault(
            [Fault(fault.field, f"{said}; write {fault.params.get('write', 'another')}")]
        ) from fault
    return rows.text(told)
