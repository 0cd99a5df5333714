"""What was changed of calendars and promises, by whom and when, with what was before; and the words
in which the pages that change them tell a change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from router import amending, dated_weeks
from router.amending import Amendment
from router.core.clock import to_us
from router.core.promises.moves import Moves
from router.core.promises.periods import DAYS
from router.core.promises.sla import KINDS, URGENCIES
from router.errors import Conflict, Invalid
from router.store.promises import promise_versions
from router.store.promises.promise_versions import Changed
from router.web import telling
from router.web.faults import sentence
from router.web.rights import allowed, here
from router.web.speech import label, t
from router.web.suspicion import whole_number

blueprint = Blueprint("amended", __name__)

_NEWEST = 60
_MATCHERS = ("category", "urgency", "channel", "team", "language")
#: One line of a difference: what, how it was, how it is; empty where there was or is nothing.
Difference = tuple[str, str, str]


@blueprint.get("/hours/changes")
@allowed("see_hours")
def changes() -> str:
    """The newest changes, each with what was before it, and the way to those before them."""
    before = whole_number(request.args.get("before", "")) or 1 << 62
    with here().store.reading() as unit:
        found = promise_versions.history(unit, _NEWEST + 1, before=before)
    shown = found[:_NEWEST]
    return render_template(
        "hours/changes.html",
        changes=[(one, list(differences(one))) for one in shown],
        earlier=to_us(shown[-1].at) if len(found) > _NEWEST else 0,
    )


def part_name(part: str) -> str:
    """What a part is called: the promises, or a calendar."""
    name = dated_weeks.calendar_of(part)
    return label("calendar", name) if name else str(t("hours.policies"))


def differences(one: Changed) -> Iterator[Difference]:
    """Line by line what a change made different."""
    yield from compared(one.part, one.was, one.becomes)


def compared(part: str, was: Mapping[str, Any], becomes: Mapping[str, Any]) -> Iterator[Difference]:
    """The same of any two states of a part."""
    tell = _calendar if dated_weeks.calendar_of(part) else _promises
    before, after = dict(tell(was)), dict(tell(becomes))
    for what in before | after:
        one, other = before.get(what, ""), after.get(what, "")
        if one != other:
            yield what, one, other


def _calendar(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield str(t("hours.zone")), said["zone"]
    yield str(t("hours.observes")), said["country"] or str(t("hours.none"))
    for day in DAYS:
        yield str(t(f"hours.day.{day}")), spans(said["weekly"].get(day, ()))
    for begin in sorted({*said["changes"], *said["zones"], *said["countries"]}):
        since = str(t("hours.from", date=begin))
        if begin in said["zones"]:
            yield f"{since} · {t('hours.zone')}", said["zones"][begin]
        if begin in said["countries"]:
            country = said["countries"][begin] or str(t("hours.none"))
            yield f"{since} · {t('hours.observes')}", country
        for day in DAYS if begin in said["changes"] else ():
            periods = said["changes"][begin].get(day, ())
            yield f"{since} · {t(f'hours.day.{day}')}", spans(periods)


def spans(periods: Any) -> str:
    """A day's periods in words."""
    return ", ".join(f"{one}–{other}" for one, other in periods) or str(t("hours.closed"))


def _promises(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    names = [one["name"] for one in said["policies"]]
    yield str(t("policies.order")), ", ".join(names) or str(t("hours.none"))
    for urgency in URGENCIES:
        for kind in KINDS:
            what = f"{t('hours.standard')} · {label('urgency', urgency)} · {label('clock', kind)}"
            yield what, telling.lasting(said[kind][urgency])
    yield f"{t('hours.standard')} · {t('policies.warn')}", percents(said["warn"])
    for one in said["policies"]:
        yield from _policy(one)


def _policy(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = one["name"]
    for matcher in _MATCHERS:
        if one[matcher]:
            yield f"{name} · {t(f'policies.{matcher}')}", ", ".join(one[matcher])
    for kind in KINDS:
        if one[kind] is not None:
            yield f"{name} · {label('clock', kind)}", telling.lasting(one[kind])
    if one["calendar"]:
        yield f"{name} · {t('policies.calendar')}", label("calendar", one["calendar"])
    if one["warn"] is not None:
        yield f"{name} · {t('policies.warn')}", percents(one["warn"])


def percents(fractions: Any) -> str:
    """Fractions as people write them: ``50, 75``."""
    return ", ".join(f"{one * 100:g}%" for one in fractions) or str(t("hours.none"))


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "lasting": telling.lasting,
        "part_name": part_name,
        "percents": percents,
        "spans": spans,
        "shifted": _shifted,
    }


def _shifted(span: int) -> str:
    """How far a promise moves, from microseconds; less than a minute is one."""
    return telling.lasting(max(round(abs(span) / 60_000_000), 1))


# ---------------------------------------------------------------- looking, then saving

Page = Callable[..., str]


def fingerprint(typed: Mapping[str, str]) -> str:
    """A short name of exactly what stands in a form."""
    packed = json.dumps(sorted(typed.items()), ensure_ascii=False)
    return hashlib.sha256(packed.encode()).hexdigest()[:16]


def seen() -> int:
    """The version that whoever sends a form had read; -1 for what is no number."""
    given = request.form.get("seen", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 9 else -1


def looked(made: Amendment) -> Moves:
    """What it would move."""
    with here().store.reading() as unit:
        return amending.effect(here(), unit, made)


def answered(
    part: str, typed: Mapping[str, str], make: Callable[[int], Amendment], page: Page, back: str
) -> Response:
    """A form that was sent: looked at, saved once it was looked at as it is, or shown again with
    all that was typed and what is wrong beside it."""
    had_seen, present = seen(), amending.version(here(), part)
    try:
        made = make(present)
        _unchanged_since(had_seen, present)
        name = fingerprint({**typed, "seen": str(present)})
        if request.form.get("act") == "save" and request.form.get("looked") == name:
            amending.save(here(), g.who.id, made)
            return redirect(back, 303)
        again = request.form.get("act") == "save"
        shown = page(typed, moves=looked(made), looked=name, again=again)
        return make_response(shown)
    except Invalid as fault:
        wrong: dict[str, str] = {}
        for name, code in fault.more:
            wrong.setdefault(name, sentence(code) or sentence("s400.next"))
        return make_response(page(typed, wrong=wrong), 422)
    except Conflict as fault:
        shown = page(typed, refused=sentence(fault.code), newest=_told(part))
        return make_response(shown, 409)


def all_wrong(faults: list[tuple[str, str]], make: Callable[[], Amendment]) -> Amendment:
    """The amendment; raises Invalid with the fields that could not be read and with whatever else
    is wrong, so that one look at the form tells everything."""
    try:
        made = make()
    except Invalid as fault:
        if not faults:
            raise
        unread = {name for name, _ in faults} | {"weekly", "begin"}  # what is left may look empty
        faults = [*faults, *(one for one in fault.more if one[0] not in unread)]
    if faults:
        raise Invalid(*faults[0], faults)
    return made


def _unchanged_since(had_seen: int, present: int) -> None:
    if had_seen != present:
        raise Conflict("promises_changed")


def _told(part: str) -> tuple[Changed, list[Difference]] | None:
    with here().store.reading() as unit:
        found = promise_versions.history(unit, 1, part)
    return (found[0], list(differences(found[0]))) if found else None


# ---------------------------------------------------------------- one act, looked at and done


@dataclass(frozen=True, slots=True)
class Act:
    """Something that needs no typing: ``what`` names its words, ``make`` the amendment; it is sent
    to ``action`` with ``fields`` and leads to ``back``."""

    part: str
    what: str
    subject: str
    action: str
    back: str
    make: Callable[[], Amendment]
    fields: Mapping[str, str] = field(default_factory=dict)


def shown(act: Act, refused: str = "") -> Response:
    """What the act makes different and what it moves, with its button."""
    made, wrong, told, moves = None, "", [], None
    try:
        made = act.make()
    except (Invalid, Conflict) as fault:
        wrong = sentence(fault.code)
    if made is not None:
        settings, then = here().hours.settings, amending.then(here(), made)
        states = (amending.told(one, act.part) for one in (settings, then))
        told, moves = list(compared(act.part, *states)), looked(made)
    page = render_template(
        "hours/confirm.html",
        act=act,
        seen=amending.version(here(), act.part),
        differences=told,
        moves=moves,
        wrong=wrong,
        refused=refused,
    )
    return make_response(page, 409 if refused else 422 if wrong else 200)


def done(act: Act) -> Response:
    """The act, unless somebody changed this part since it was looked at: then it is shown again."""
    try:
        made = act.make()
        _unchanged_since(seen(), made.seen)
        amending.save(here(), g.who.id, made)
    except Conflict as fault:
        return shown(act, sentence(fault.code))
    except Invalid:
        return shown(act)
    return redirect(act.back, 303)
