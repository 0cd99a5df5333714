"""What a line of the audit log says, as a sentence of the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from router.store.pages.audit import AuditLine
from router.web.speech import catalogue, dated, label, language, t
from router.web.telling import category

Called = Mapping[str, tuple[str, str]]
#: The changes that are the very point of an action; whatever else changed stands behind it.
_POINT = {
    "ticket.categorise": ("category", "urgency"),
    "ticket.assign": ("assignee_id",),
    "ticket.move_team": ("team_id",),
}
#: A closed ticket is closed: the sentence says so itself.
_IMPLIED = {"ticket.close": ("state",), "ticket.reopen": ("state",), "ticket.snooze": ("state",)}


def kinds() -> list[str]:
    """What lines may be about, in the order of their names."""
    return [
        key.removeprefix("audit.about.")
        for key in catalogue()[language()]
        if key.startswith("audit.about.")
    ]


def sentence(line: AuditLine, called: Called) -> Markup:
    """Who did what to what. An action that nobody has words for is shown as it is."""
    words, details = catalogue()[language()], line.details
    changes = {
        name: pair
        for name, pair in details.items()
        if isinstance(pair, list) and len(pair) == 2  # before, after
        if f"audit.detail.{name}" in words
    }
    who, what = _who(line.actor, called), _what(line, called)
    point = next((one for one in _POINT.get(line.action, ()) if one in changes), "")
    if point:
        key = _key(point, changes[point][1], line.actor)
        said = t(f"audit.changed.{key}", who=who, what=what, **_pair(point, changes, called))
    elif f"audit.did.{line.action}" in words:
        said = t(f"audit.did.{line.action}", who=who, what=what, **_others(details, called))
    else:
        said = Markup("{} <code>{}</code> {}").format(who, line.action, what)
    implied = (point, *_IMPLIED.get(line.action, ()))
    more = [
        t(f"audit.detail.{one}", **_pair(one, changes, called))
        for one in changes
        if one not in implied
    ]
    if not more:
        return said
    return t("audit.more_changed", said=said, changes=t("entries.comma").join(more))


def _key(point: str, new: Any, actor: str) -> str:
    """Which sentence tells a change: to take a ticket oneself is not to give it to somebody."""
    if point != "assignee_id":
        return point
    if new is None:
        return "let_go"
    return "taken" if actor == f"agent:{new}" else point


def _others(details: Mapping[str, Any], called: Called) -> dict[str, Markup]:
    into = _ticket(str(details["into"]), called) if "into" in details else Markup("?")
    return {"into": into, "verb": escape(label("verb", str(details.get("verb", "?"))))}


def _pair(name: str, changes: Mapping[str, Any], called: Called) -> dict[str, Markup]:
    old, new = changes[name]
    return {"old": _value(name, old, called), "new": _value(name, new, called)}


def _value(name: str, value: Any, called: Called) -> Markup:
    if value is None:
        return t("audit.what.nobody")
    if name == "category":
        return escape(category(str(value)))
    kind = {"team_id": "team", "assignee_id": "agent"}.get(name)
    if kind:
        return _named(f"{kind}:{value}", called)
    return escape(label(name, str(value)) if name == "state" else str(value))


def _named(word: str, called: Called) -> Markup:
    names = called.get(word)
    if names is None or not names[0]:
        return Markup("<code>{}</code>").format(word.partition(":")[2] or word)
    return Markup("<bdi>{}</bdi>").format(names[0] if language() == "zh" else names[1])


def _who(actor: str, called: Called) -> Markup:
    if actor == "router":
        return t("entries.router")
    return t("audit.cli") if actor == "cli" else Markup("<b>{}</b>").format(_named(actor, called))


def _what(line: AuditLine, called: Called) -> Markup:
    kind, colon, rest = line.subject.partition(":")
    if not colon:  # policies@3
        kind, at, rest = line.subject.partition("@")
        rest = at + rest
    if kind == "article" and line.digest:
        return _version(rest, line.digest)
    told = _TOLD.get(kind)
    return _named(line.subject, called) if told is None else told(rest, called)


def _ticket(rest: str, called: Called) -> Markup:
    number = called.get(f"ticket:{rest}", ("",))[0]
    if not number:
        return Markup("<code>{}</code>").format(rest)
    return Markup('<a href="/ticket/{0}">{0}</a>').format(number)


def _message(rest: str, called: Called) -> Markup:
    number = called.get(f"message:{rest}", ("",))[0]
    if not number:
        return Markup("<code>{}</code>").format(rest)
    link = Markup('<a href="/ticket/{0}">{0}</a>').format(number)
    return t("audit.what.message", number=link)


def _incident(rest: str, called: Called) -> Markup:
    name = _named(f"incident:{rest}", called)
    return Markup('<a href="/incidents/{}">{}</a>').format(rest, name)


def _version(name: str, number: str) -> Markup:
    """An article, with the version that an act put in force."""
    link = Markup('<a href="/articles/{0}/versions/{1}">{0}</a>').format(name, number)
    return t("audit.what.version", article=link, n=number)


def _report(rest: str, _called: Called) -> Markup:
    """``sla.pdf:2026-11-01:2026-11-30``: which report, as what, over which days."""
    name, *days = rest.split(":")
    kind, _, form = name.partition(".")
    said = {"report": label("report", kind), "form": form.upper()}
    if len(days) != 2:
        return t("audit.what.report_file", **said) if form else escape(said["report"])
    first, last = (dated(date.fromisoformat(one)) for one in days)
    return t("audit.what.report_of", **said, first=first, last=last)


def _calendar(rest: str, _called: Called) -> Markup:
    """``desk``, or ``desk@3``: its third change."""
    name, _, version = rest.partition("@")
    if not version:
        return Markup("<bdi>{}</bdi>").format(name)
    return Markup('<a href="/hours/changes#calendar:{}"><bdi>{}</bdi></a>').format(rest, name)


def _promises(rest: str, _: Called) -> Markup:
    """``@3``: the third change of what is promised."""
    return Markup('<a href="/hours/changes#policies{0}">{0}</a>').format(rest)


_TOLD: Mapping[str, Callable[[str, Called], Markup]] = {
    "ticket": _ticket,
    "message": _message,
    "incident": _incident,
    "calendar": _calendar,
    "policies": _promises,
    "report": _report,
}
