"""How the pages tell what the desk knows: promises in words, reasons in sentences.

Codes and parameters become sentences of the reader's language here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from channels import registry
from router.core import snippets
from router.core.clock import from_us
from router.core.promises.sla import STANDARD, foreseen
from router.core.rights import Who
from router.store import macros
from router.store.macros import MacroView
from router.store.pages import (
    ClockView,
    EntryView,
    MessageView,
    SecretView,
    TicketLine,
)
from router.store.unit import Unit
from router.web.rights import can, here
from router.web.speech import catalogue, label, language, moment, speaker, t
from rules.contract import GROUPS

#: What the conversation itself shows is not told a second time.
_SHOWN = frozenset({"opened", "received", "replied", "noted", "sent"})
_SOON = 30 * 60
_HOUR, _DAY = 60, 1440
#: What the parameters of entries are called in the dictionary.
_NAMED = {
    "urgency": "urgency",
    "old": "outbox",
    "kind": "clock",
    "kinds": "masked",
    "how": "vouched",
    "reason": "reason",
    "purpose": "purpose",
    "case": "case",
    "cause": "cause",
    "team": "team",
    "verb": "verb",
    "channel": "channel",
    "way": "way",
    "whom": "whom",
    "gate": "gate",
    "playbook": "playbook",
    "aside": "aside",
    "call": "call",
}
#: A number above this is a moment in microseconds, not minutes.
_YEARS = 10**12


@dataclass(frozen=True, slots=True)
class Badge:
    """A few words with a tone: calm, soon, late, done or paused."""

    text: str
    tone: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One step of the conversation: a message, or lines of the timeline that stand together."""

    at: datetime
    message: MessageView | None = None
    entries: tuple[EntryView, ...] = ()


# ---------------------------------------------------------------- promises


def span(seconds: float) -> str:
    """A length of time as people say it: minutes, hours, days."""
    return _span(language(), max(int(seconds // 60), 0))


@lru_cache(maxsize=8192)
def _span(speaks: str, minutes: int) -> str:
    t = speaker(speaks)
    if minutes < _HOUR:
        return str(t("inbox.span.minutes", n=minutes))
    if minutes < 10 * _HOUR and minutes % _HOUR:
        return str(t("inbox.span.hours_minutes", h=minutes // _HOUR, m=minutes % _HOUR))
    if minutes < 2 * _DAY:
        return str(t("inbox.span.hours", n=minutes // _HOUR))
    return str(t("inbox.span.days", n=minutes // _DAY))


def lasting(minutes: int) -> str:
    """So many minutes in words."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return str(t("inbox.span.minutes", n=rest))
    if rest:
        return str(t("inbox.span.hours_minutes", h=hours, m=rest))
    return str(t("inbox.span.hours", n=hours))


def due(ticket: TicketLine) -> Badge | None:
    """How long the next promise on a ticket still holds."""
    if ticket.due_at is None or ticket.standing == 2:
        return None
    return left(ticket.due_at)


def left(at: datetime) -> Badge:
    """How long until then, or since."""
    if foreseen(at) is None:
        return Badge(str(t("inbox.due.never")), "calm", at)
    seconds = (at - here().clock.now()).total_seconds()
    said = _held(language(), int(abs(seconds) // 60), late=seconds < 0)
    if seconds < 0:
        return Badge(said, "late", at)
    return Badge(said, "soon" if seconds <= _SOON else "calm", at)


@lru_cache(maxsize=8192)
def _held(speaks: str, minutes: int, *, late: bool) -> str:
    word = "late" if late else "left"
    return str(speaker(speaks)(f"inbox.due.{word}", span=_span(speaks, minutes)))


def promise(clock: ClockView) -> Badge:
    """One promise of a ticket: kept, broken, standing still, or how long it has."""
    if clock.breached_at is not None:
        word = "late_kept" if clock.met_at is not None else "broken"
        return Badge(str(t(f"ticket.promise.{word}")), "late", clock.breached_at)
    if clock.met_at is not None and clock.due_at is None and clock.paused_at is None:
        return Badge(str(t("ticket.promise.ended")), "paused", clock.met_at)
    if clock.met_at is not None:
        return Badge(str(t("ticket.promise.kept")), "done", clock.met_at)
    if clock.due_at is None:
        return Badge(str(t("ticket.promise.paused", span=span(clock.left_seconds))), "paused")
    return left(clock.due_at)


# ---------------------------------------------------------------- names of things


def category(value: str) -> str:
    """What people call a category; its name stands beside its rules."""
    kind = here().rules.kinds.get(value)
    if kind is None:
        return value
    return str(kind.zh if language() == "zh" else kind.en)


def categories() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every category by group, as (group's name, [(value, name)]), in the order of the rules."""
    grouped: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    for value in here().rules.categories:
        grouped.setdefault(value.partition(".")[0], []).append((value, category(value)))
    return [
        (group, sorted(found, key=lambda one: one[1])) for group, found in grouped.items() if found
    ]


def team_name(team: Any) -> str:
    """What people call a team."""
    if team is None:
        return ""
    return str(team.name_zh if language() == "zh" else team.name_en)


def channels() -> list[str]:
    """Every channel there is, on or off: old tickets keep theirs."""
    return list(registry.kinds())


def task_name(code: str) -> str:
    """What a task (``playbook.step``) says, in the reader's language."""
    book, _, name = code.partition(".")
    step = here().playbooks.step(book, name)
    if step is None:
        return code
    return step.zh if language() == "zh" else step.en


def filter_name(name: str, value: str, teams: Iterable[Any]) -> str:
    """What a filter in force is called; one that names what is no more says so."""
    known = True
    if name == "category":
        said = category(value) if "." in value else label("group", value)
        kinds = here().rules.kinds
        known = value in kinds or any(one.startswith(f"{value}.") for one in kinds)
    elif name == "team":
        said = next((team_name(team) for team in teams if team.key == value), "")
        known = bool(said)
    else:
        said = label(name, value)
        known = name == "tag" or said != value
    return said if known else str(t("inbox.gone", name=value))


def coded(name: str, value: str) -> str:
    """The code of something that was typed by its name, in either language."""
    wanted = value.casefold()
    return next((code for code, called in _called(name) if called.casefold() == wanted), value)


def _called(name: str) -> Iterator[tuple[str, str]]:
    """(code, what people call it) of everything a filter may name."""
    if name == "category":
        for code, kind in here().rules.kinds.items():
            yield from ((code, kind.zh), (code, kind.en))
    if name == "channel":
        for code in registry.kinds():
            yield from ((code, called) for called in registry.labels(code))
    table = f"words.{'group' if name == 'category' else name}."
    for words in catalogue().values():
        for key, called in words.items():
            if key.startswith(table):
                yield key.removeprefix(table), called


def fact(name: str, value: str) -> str:
    """What a channel told beside the words. Phones tell lengths as ``20 s``."""
    if name in ("rang", "talked") and value.endswith(" s"):
        return str(t("inbox.span.seconds", n=value.removesuffix(" s")))
    return label(f"told_{name}", value)


def masked_names(kinds: Iterable[str]) -> str:
    """What was masked, in words."""
    return str(t("entries.comma")).join(label("masked", one) for one in kinds)


def masked_part(one: SecretView) -> str:
    """A masked secret, how long it was and where it stood: seed phrase (12 words), in a file."""
    unit = "words" if one.kind == "seed_phrase" else "characters"
    told = str(t(f"ticket.secret.{unit}", kind=label("masked", one.kind), n=one.length))
    if one.part != "text":
        told = str(t("ticket.secret.in_part", what=told, part=label("part", one.part)))
    return f"{told} × {one.count}" if one.count > 1 else told


def size(count: int) -> str:
    """Bytes as people read them."""
    if count < 1024:
        return f"{count} B"
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} KB"
    return f"{count / 1024 / 1024:.1f} MB"


def filled(unit: Unit, who: Who, ticket: TicketLine) -> list[tuple[MacroView, str]]:
    """Every macro of the reader's with its words as they would go out on this ticket."""
    zh = ticket.language.startswith("zh")
    settings = here().settings.desk
    values = {
        "name": "" if ticket.requester == ticket.handle else ticket.requester,
        "number": ticket.number,
        "subject": ticket.subject,
        "agent": who.name,
        "desk": settings.name_zh if zh else settings.name_en,
    }
    return [
        (one, snippets.fill(one.text(ticket.language), values))
        for one in macros.of_agent(unit, who)
    ]


# ---------------------------------------------------------------- the timeline


def story(
    messages: Sequence[MessageView], entries: Iterable[EntryView], until: datetime | None = None
) -> list[Happened]:
    """Messages and what happened around them in one order, before ``until`` if that is given;
    neighbouring entries as one block."""
    steps: list[tuple[datetime, int, MessageView | EntryView]] = [
        (one.at, one.id, one) for one in messages
    ]
    since = messages[0].at if messages else None
    steps += [
        (one.at, one.id, one)
        for one in entries
        if one.code not in _SHOWN
        and (since is None or one.at >= since)
        and (until is None or one.at < until)
    ]
    told: list[Happened] = []
    for at, _, one in sorted(steps, key=lambda step: (step[0], step[1])):
        if isinstance(one, MessageView):
            told.append(Happened(at, message=one))
        elif told and told[-1].entries:
            told[-1] = Happened(told[-1].at, entries=(*told[-1].entries, one))
        else:
            told.append(Happened(at, entries=(one,)))
    return told


def sentence(entry: EntryView) -> Markup:
    """What an entry says, in the reader's language; a code nobody translated is shown as it is."""
    words = catalogue()[language()]
    key = f"entries.{entry.code}"
    if f"{key}_{entry.params.get('reason')}" in words:
        key = f"{key}_{entry.params['reason']}"
    elif not entry.agent and f"{key}_auto" in words:
        key = f"{key}_auto"
    elif entry.code == "assigned" and entry.params.get("agent") == entry.agent:
        key = "entries.taken"
    if not entry.params.get("agent") and f"{key}_plain" in words:
        key = f"{key}_plain"
    if key not in words:
        return escape(entry.code)
    params = {name: _param(name, value, entry.code) for name, value in entry.params.items()}
    who = entry.agent or str(t("entries.router"))
    return Markup(words[key]).format_map(_Lenient(params, who=Markup("<b>{}</b>").format(who)))  # noqa: S704  # our own words


class _Lenient(dict[str, Any]):
    """Parameters of an entry that was written by an older program may be missing."""

    def __missing__(self, key: str) -> str:
        return "?"


def _param(name: str, value: Any, code: str) -> Any:
    """One parameter as people read it."""
    if isinstance(value, int) and name in ("due", "was", "minutes"):
        return _time(name, value, code)
    if isinstance(value, list):
        return t("entries.comma").join([escape(_param(name, one, code)) for one in value])
    text = str(value)
    if name in ("number", "incident"):
        return _way_to(name, text)
    if name in ("old", "new") and code in ("category", "urgency"):
        name = code
    if name in _TOLD:
        return _TOLD[name](text)
    kind = _NAMED.get(name)
    return label(kind, text) if kind else text


def _time(name: str, value: int, code: str) -> Any:
    """A moment, or how long something is promised to take."""
    if name != "minutes" and value > _YEARS:
        at = foreseen(from_us(value))
        return t("inbox.due.never") if at is None else moment(at)
    return lasting(value) if code == "sla_retargeted" else value


def _policy(name: str) -> str:
    return str(t("policies.standard")) if name == STANDARD else name


_TOLD: Mapping[str, Callable[[str], Any]] = {
    "category": category,
    "policy": _policy,
    "task": task_name,
}


def _way_to(name: str, value: str) -> Markup:
    """A link to a ticket or an incident; who may not open incidents reads the word only."""
    if name == "number":
        return Markup('<a href="/ticket/{0}">{0}</a>').format(value)
    if not can("see_incidents"):
        return t("incidents.one")
    return Markup('<a href="/incidents/{}">{}</a>').format(value, t("incidents.one"))
