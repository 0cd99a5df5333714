"""The load and the quality report as documents."""

from __future__ import annotations

from collections.abc import Mapping

from router.core.documents import Document, Heat, Section, Table, Told
from router.core.figures import HOURLY, dated
from router.reports.asking import AGES, Load, Quality
from router.reports.promises import MOST, count, facts_of, heads_of, query, share, table
from router.reports.words import Words
from router.store.pages.reports import Cut

# ---------------------------------------------------------------- load


def load(words: Words, told: Load, cut: Cut) -> Document:
    """The load report: what is about to break first."""
    sections = [_soon(words, told), _loaded(words, told), _ages(words, told)]
    if cut.whole:
        sections += [
            _heat(words, kind, told.hours.get(kind, {})) for kind in dict.fromkeys(HOURLY.values())
        ]
    return Document(
        "load",
        words.say("title.load"),
        facts_of(words, told.period, None, told.until, cut),
        sections,
        words.define("soon", "ages", "hours" if cut.whole else "hours_whole"),
        query(told.period, cut),
    )


def _soon(words: Words, told: Load) -> Section:
    rows = [
        [
            Told(words.moment(row.due_at)),
            Told(row.number, link={"ticket": row.number}),
            Told(words.say(f"kind.{row.kind}")),
            Told(row.urgency),
            Told(words.name("category", row.category)),
            Told(words.name("agent_id", row.assignee_id or 0)),
        ]
        for row in told.soon[:MOST]
    ]
    note = (
        words.say("note.soon", n=len(told.soon), pace=told.pace, beyond=told.beyond)
        if told.soon
        else words.say("note.soon_none")
    )
    heads = heads_of(words, "due", "ticket", "kind", "urgency", "category", "agent_id")
    alarm = any(row.security for row in told.soon)
    return Section("soon", words.say("section.soon"), Table(heads, rows), note, alarm=alarm)


def _loaded(words: Words, told: Load) -> Section:
    rows = [
        [
            Told(words.name("agent_id", agent)),
            count(one["in_hand"], what="open", detail="in_hand", agent_id=str(agent)),
            count(one["waiting"], what="open", detail="waiting", agent_id=str(agent)),
            count(one["soon"]),
        ]
        for agent, one in list(told.agents.items())[:MOST]
    ]
    heads = heads_of(words, "agent_id", "in_hand", "waiting", "soon")
    return Section(
        "agents", words.say("section.agents"), table(words, heads, rows), words.say("note.agents")
    )


def _ages(words: Words, told: Load) -> Section:
    rows = [
        [
            Told(_age(words, low, high)),
            count(counts["in_hand"], detail="in_hand", **_opened(told, low, high)),
            count(counts["waiting"], detail="waiting", **_opened(told, low, high)),
            count(counts["unassigned"], agent_id="0", **_opened(told, low, high)),
        ]
        for low, high, counts in told.ages
    ]
    heads = heads_of(words, "age", "in_hand", "waiting", "unassigned")
    return Section("ages", words.say("section.ages"), Table(heads, rows), words.say("note.ages"))


def _opened(told: Load, low: int, high: int) -> dict[str, str]:
    """What leads to the tickets that are open since so many days."""
    first = dated(told.today - high + 1).isoformat() if high else ""  # … or whenever
    last = dated(told.today - low).isoformat()
    return {"what": "open", "aged": "yes", "from": first, "to": last}


def _age(words: Words, low: int, high: int) -> str:
    if low == 0:
        return words.say("say.age_first")
    if not high:
        return words.say("say.age_last", low=AGES[-1])
    if high - low == 1:
        return words.say("say.age_one", low=low)
    return words.say("say.age", low=low, high=high - 1)


def _heat(words: Words, kind: str, counts: Mapping[str, int]) -> Section:
    hours = [f"{hour:02}" for hour in range(24)]
    days = [words.say(f"say.weekday_{day}") for day in range(7)]
    table = [[counts.get(f"{day}.{hour}", 0) for hour in hours] for day in range(7)]
    whats = ",".join(what for what, one in HOURLY.items() if one == kind)
    rows = [
        [
            Told(days[day]),
            *(count(n, what=whats, hour=f"{day}.{hours[one]}") for one, n in enumerate(line)),
        ]
        for day, line in enumerate(table)
    ]
    return Section(
        kind,
        words.say(f"section.{kind}"),
        Table([words.say("head.weekday"), *hours], rows),
        words.say("note.heat"),
        Heat(days, hours, table),
    )


# ---------------------------------------------------------------- quality


def quality(words: Words, told: Quality, cut: Cut) -> Document:
    """The quality report."""
    sections = [
        _rates(words, told),
        _misrouted(words, told),
        _acknowledged(words, told),
        _articles(words, told),
    ]
    return Document(
        "quality",
        words.say("title.quality"),
        facts_of(words, told.period, told.before, told.until, cut),
        sections,
        words.define(
            "reopen_rate", "one_touch", "misrouted", "acknowledged", "satisfaction", "before"
        ),
        query(told.period, cut),
    )


def _rates(words: Words, told: Quality) -> Section:
    now, then = told.now, told.then
    rows = [
        [
            Told(words.say(f"figure.{what}")),
            count(now[what], **_link(what)),
            share(now[what], now[whole]) if whole else Told(""),
            count(then[what]),
            share(then[what], then[whole]) if whole else Told(""),
        ]
        for what, whole in (
            ("arrived", ""),
            ("closed", ""),
            ("one_touch", "closed"),
            ("reopened", "closed"),
            ("misrouted", "arrived"),
            ("acknowledged", "arrived"),
            ("ack_held", "arrived"),
            ("rated", "closed"),
        )
    ]
    total = sum(told.ratings.values())
    if total:
        mean = sum(score * n for score, n in told.ratings.items()) / total
        rows.append(
            [Told(words.say("figure.satisfaction")), Told(f"{mean:.2f}", mean), *[Told("")] * 3]
        )
    heads = heads_of(words, "figure", "value", "rate", "before", "rate")
    return Section("rates", words.say("section.rates"), Table(heads, rows))


def _link(what: str) -> dict[str, str]:
    if what == "one_touch":
        return {"what": "closed", "detail": "one_touch"}
    return {"what": what}


def _misrouted(words: Words, told: Quality) -> Section:
    rows = [
        [
            Told(words.name("category", category)),
            count(arrived, what="arrived", category=category),
            count(wrong, what="misrouted", category=category),
            share(wrong, arrived),
        ]
        for category, (wrong, arrived) in list(told.misrouted.items())[:MOST]
    ]
    heads = heads_of(words, "category", "arrived", "misrouted", "rate")
    return Section(
        "misrouted",
        words.say("section.misrouted"),
        table(words, heads, rows),
        words.say("note.misrouted"),
    )


def _acknowledged(words: Words, told: Quality) -> Section:
    total = sum(told.acknowledged.values())
    rows = [
        [
            Told(words.say(f"figure.{what}")),
            Told(words.reason(detail)),
            count(n, what=what, detail=detail),
            share(n, total),
        ]
        for (what, detail), n in told.acknowledged.items()
    ]
    heads = heads_of(words, "what", "reason", "n", "rate")
    return Section("acknowledged", words.say("section.acknowledged"), table(words, heads, rows))


def _articles(words: Words, told: Quality) -> Section:
    counts: dict[str, dict[str, int]] = {}
    for (article, what), n in told.articles.items():
        counts.setdefault(article, {})[what] = n
    rows = [
        [
            Told(article),
            *(
                count(one.get(what, 0), what="article", kind=what, detail=article)
                for what in ("offered", "solved")
            ),
        ]
        for article, one in sorted(counts.items(), key=lambda one: -one[1].get("solved", 0))[:MOST]
    ]
    heads = heads_of(words, "article", "offered", "solved")
    return Section("articles", words.say("section.articles"), table(words, heads, rows))
