"""Figures become documents: the SLA report in one language, ready for a page, a file or a mail, and
what all reports are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from router.core.documents import Bars, Document, Section, Table, Told
from router.core.figures import dated
from router.core.promises.sla import KINDS
from router.reports.asking import SHARES, Score, Sla
from router.reports.words import Words
from router.store.pages.reports import DIMENSIONS, Cut, Period

#: Rows of one table at most; who wants all takes the file.
MOST = 200


def query(period: Period, cut: Cut) -> dict[str, str]:
    """What an address says to get the same report again."""
    said = {"from": period.span.first.isoformat(), "to": period.span.last.isoformat()}
    if period.as_of:
        said["as_of"] = str(period.as_of)
    return said | {name: str(value) for name, value in cut.given().items()}


def facts_of(
    words: Words, period: Period, before: Period | None, until: int, cut: Cut
) -> list[tuple[str, str]]:
    """What a report is about."""
    found = [("fact.period", _days(words, period))]
    if before:
        found.append(("fact.before", _days(words, before)))
    found.append(
        ("fact.as_of", words.moment(period.as_of) if period.as_of else words.say("fact.now"))
    )
    found.append(("fact.counted", words.moment(until) if until else words.say("fact.nothing")))
    found.append(("fact.zone", str(period.zone)))
    named = [
        f"{words.say(f'head.{one}')} {words.name(one, value)}" for one, value in cut.given().items()
    ]
    if named:
        found.append(("fact.cut", " · ".join(named)))
    return [(words.say(key), said) for key, said in found]


def _days(words: Words, period: Period) -> str:
    first, last = period.span
    return words.say("between.days", first=words.day(first), last=words.day(last))


def count(n: int, **link: str) -> Told:
    """A count that leads to its tickets; none leads nowhere."""
    return Told(f"{n:,}", n, link if n and link else None)


def percent(share: float | None) -> Told:
    """A share of a hundred."""
    return Told("–" if share is None else f"{share:.1f}%", share)


def share(part: int, whole: int) -> Told:
    """A part of a whole in percent."""
    return percent(100 * part / whole if whole else None)


def heads_of(words: Words, *keys: str) -> list[str]:
    """The heads of a table."""
    return [words.say(f"head.{key}") for key in keys]


# ---------------------------------------------------------------- promises


def sla(words: Words, told: Sla) -> Document:
    """The SLA report: security on top."""
    sections = [
        _scores(words, "security", told.security, {"category": "security"}),
        _scores(words, "total", told.total, {}),
        _times(words, told),
    ]
    if told.days:
        sections.append(_trend(words, told))
    sections.append(_causes(words, told))
    sections += [_dimension(words, told, one) for one in DIMENSIONS]
    facts = facts_of(words, told.period, told.before, told.until, told.cut)
    facts.append((words.say("fact.policy"), told.policy))
    terms = ("met", "decided", "person", "merged", "cause", "times", "before")
    return Document(
        "sla",
        words.say("title.sla"),
        facts,
        sections,
        words.define(*terms),
        query(told.period, told.cut),
    )


def _scores(
    words: Words, key: str, scores: Mapping[str, Score], link: Mapping[str, str]
) -> Section:
    rows = [
        [
            Told(words.say(f"kind.{kind}")),
            percent(one.met),
            count(one.kept, what="kept", kind=kind, **link),
            count(one.broken, what="broken", kind=kind, **link),
            percent(one.met_before),
            _change(words, one),
        ]
        for kind, one in scores.items()
    ]
    heads = heads_of(words, "kind", "met", "kept", "broken", "before", "change")
    alarm = key == "security" and any(one.broken for one in scores.values())
    return Section(
        key,
        words.say(f"section.{key}"),
        Table(heads, rows),
        words.say(f"note.{key}"),
        alarm=alarm,
    )


def _change(words: Words, one: Score) -> Told:
    if one.met is None or one.met_before is None:
        return Told("–")
    change = round(one.met - one.met_before, 1)
    return Told(words.say("say.points", n=f"{change:+.1f}"), change)


def _times(words: Words, told: Sla) -> Section:
    rows = [
        [
            Told(words.say(f"kind.{kind}")),
            Told(words.say(f"measure.{measure}")),
            *(
                Told(words.span(told.times[kind, measure, share]), told.times[kind, measure, share])
                for share in SHARES
            ),
            count(told.timed[kind], what="ended", kind=kind),
        ]
        for kind in KINDS
        for measure in "sw"
    ]
    heads = heads_of(words, "kind", "measure", "P50", "P90", "P95", "n")
    return Section("times", words.say("section.times"), Table(heads, rows), words.say("note.times"))


def _trend(words: Words, told: Sla) -> Section:
    rows = []
    for day, kept, broken in told.days:
        on = dated(day).isoformat()
        link = {"from": on, "to": on}
        rows.append(
            [
                Told(on),
                count(kept, what="kept", **link),
                count(broken, what="broken", **link),
                share(kept, kept + broken),
            ]
        )
    chart = Bars(
        [(dated(day).isoformat(), kept, broken) for day, kept, broken in told.days],
        (words.say("outcome.kept"), words.say("outcome.broken")),
    )
    heads = heads_of(words, "day", "kept", "broken", "met")
    return Section(
        "days", words.say("section.days"), Table(heads, rows), words.say("note.days"), chart
    )


def _causes(words: Words, told: Sla) -> Section:
    rows = [
        [
            Told(words.say(f"cause.{cause}")),
            *(count(counts[kind], what="broken", kind=kind, detail=cause) for kind in KINDS),
        ]
        for cause, counts in sorted(told.causes.items(), key=lambda one: -sum(one[1].values()))
    ]
    heads = [words.say("head.cause"), *(words.say(f"kind.{kind}") for kind in KINDS)]
    return Section("causes", words.say("section.causes"), table(words, heads, rows))


def _dimension(words: Words, told: Sla, dimension: str) -> Section:
    rows, found = [], list(told.by[dimension].items())[:MOST]
    if dimension == "urgency":  # has an order of its own
        found.sort(key=lambda one: str(one[0]))
    for value, scores in found:
        row = [Told(words.name(dimension, value))]
        for kind in KINDS:
            one, link = scores[kind], {"kind": kind, dimension: str(value)}
            row += [
                percent(one.met),
                Told(f"{one.kept:,} / {one.decided:,}", one.decided, _decided(one, link)),
                _change(words, one),
            ]
        rows.append(row)
    heads = [words.say(f"head.{dimension}")]
    for kind in KINDS:
        short = words.say(f"short.{kind}")
        heads += [f"{short} · {words.say(f'head.{key}')}" for key in ("met", "counts", "change")]
    return Section(dimension, words.say(f"section.{dimension}"), table(words, heads, rows))


def _decided(one: Score, link: Mapping[str, str]) -> dict[str, str] | None:
    return {"what": "decided", **link} if one.decided else None


def table(words: Words, heads: Sequence[str], rows: Sequence[Sequence[Told]]) -> Table:
    """A table that says so when it has no rows."""
    return Table(heads, rows, words.say("say.none"))
