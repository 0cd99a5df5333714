"""What is promised: the standard times and the policies before them, changed row by row and looked
at before each is saved."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from flask import Blueprint, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response

from channels import registry
from router import amending
from router.amending import Amendment
from router.core.promises.sla import DESK, KINDS, URGENCIES, WALL
from router.dated_weeks import POLICIES
from router.errors import Invalid, NotFound
from router.promise_settings import PolicySettings, SlaSettings
from router.store import teams
from router.web.pages import amended
from router.web.pages.amended import Act
from router.web.rights import allowed, here

blueprint = Blueprint("policies", __name__)

MATCHERS = ("category", "urgency", "channel", "team", "language")
_FIELDS = ("name", *MATCHERS, *KINDS, "calendar", "warn")
_STANDARD = tuple(f"{kind}.{urgency}" for kind in KINDS for urgency in URGENCIES)
_LONGEST = 400
_BETWEEN = re.compile(r"[\s,;、]+")


def _sla() -> SlaSettings:
    return here().hours.settings.sla


def _version() -> int:
    return amending.version(here(), POLICIES)


@blueprint.get("/policies")
@allowed("see_hours")
def policies() -> str:
    """Every policy in the order in which they are tried, then the standard."""
    held = here().hours.own.get(POLICIES)
    return render_template(
        "hours/policies.html",
        sla=_sla(),
        kinds=KINDS,
        urgencies=URGENCIES,
        matchers=MATCHERS,
        changed=held is not None and held.own is not None,
    )


# ---------------------------------------------------------------- one policy


@blueprint.get("/policies/edit")
@allowed("edit_promises")
def edit() -> str:
    """One policy, or a new one."""
    name = request.args.get("policy", "")
    return _policy_page(name, _held(name) if name else dict.fromkeys(_FIELDS, ""))


def _named(name: str) -> PolicySettings:
    for one in _sla().policies:
        if one.name == name:
            return one
    raise NotFound("there is no such policy")


def _held(name: str) -> dict[str, str]:
    """A policy as it would be typed."""
    one = _named(name)
    return {
        "name": one.name,
        **{matcher: ", ".join(getattr(one, matcher)) for matcher in MATCHERS},
        **{kind: _short(getattr(one, kind)) for kind in KINDS},
        "calendar": one.calendar,
        "warn": "" if one.warn is None else _percents(one.warn),
    }


def _short(minutes: int | None) -> str:
    """So many minutes as they would be typed; nothing for none."""
    if not minutes:
        return ""
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _percents(fractions: Sequence[float]) -> str:
    return ", ".join(f"{one * 100:g}" for one in fractions)


def _policy_page(name: str, typed: Mapping[str, str], **told: Any) -> str:
    return render_template(
        "hours/policy.html",
        policy=name,
        typed=typed,
        matchers=MATCHERS,
        kinds=KINDS,
        calendars=(DESK, *here().settings.calendars, WALL),
        known=_known(),
        strange=_strange(typed),
        seen=_version(),
        **_nothing(told),
    )


def _nothing(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"wrong": {}, "moves": None, "looked": "", "again": False, "refused": "", **told}


def _known() -> dict[str, list[str]]:
    """What may stand in a condition, as far as we know it."""
    with here().store.reading() as unit:
        keys = [one.key for one in teams.listed(unit)]
    return {
        "category": list(here().rules.categories),
        "urgency": list(URGENCIES),
        "channel": list(registry.kinds()),
        "team": keys,
        "language": ["en", "zh", "zh-Hant", "zh*"],
    }


def _strange(typed: Mapping[str, str]) -> list[str]:
    """Conditions that fit nothing there is: a slip of the pen, more often than not."""
    known = _known()
    return [
        one
        for matcher in ("category", "channel", "team")
        for one in _words(typed[matcher])
        if not any(fnmatchcase(name, one) for name in known[matcher])
    ]


@blueprint.post("/policies/edit")
@allowed("edit_promises")
def change() -> Response:
    """First what it moves; once that was looked at, it is saved."""
    name = request.form.get("policy", "")
    typed = _typed(_FIELDS)
    if name and not any(one.name == name for one in _sla().policies):
        name = ""  # somebody took it away meanwhile; what was typed can be added again

    def make(seen: int) -> Amendment:
        new, faults = _read(typed)
        renamed = {name: new.name} if name and new.name != name else {}
        sla = amending.with_policy(_sla(), name, new)
        return amended.all_wrong(faults, lambda: amending.settle(here(), sla, seen, renamed))

    def page(given: Mapping[str, str], **told: Any) -> str:
        return _policy_page(name, given, **told)

    return amended.answered(POLICIES, typed, make, page, url_for("policies.policies"))


def _typed(fields: Sequence[str]) -> dict[str, str]:
    given = {one: request.form.get(one, "").strip()[:_LONGEST] for one in fields}
    plain = {one: unicodedata.normalize("NFKC", value) for one, value in given.items()}
    return {**plain, "name": given["name"]} if "name" in given else plain


def _words(text: str) -> list[str]:
    return [one for one in _BETWEEN.split(text) if one]


def _number(text: str, where: str) -> int:
    """Minutes, or hours and days where they are marked so: ``90``, ``2h``, ``1d``."""
    match = re.fullmatch(r"(-?\d{1,7})\s*([mhd]?)", text.lower(), re.ASCII)
    if match is None:
        raise Invalid(where, "bad_minutes", given=text)
    return int(match[1]) * {"": 1, "m": 1, "h": 60, "d": 1440}[match[2]]


def _fractions(text: str) -> list[float]:
    found = []
    for one in _words(text.replace("%", " ")):
        if not re.fullmatch(r"-?\d{1,3}(\.\d{1,2})?", one, re.ASCII):
            raise Invalid("warn", "bad_fraction", given=one)
        found.append(round(float(one) / 100, 4))
    return sorted(set(found))


def _read(typed: Mapping[str, str]) -> tuple[PolicySettings, list[tuple[str, str]]]:
    """What was typed as a policy, and each field that cannot be read; it counts as left out."""
    faults: list[tuple[str, str]] = []
    read: dict[str, Any] = {one: _words(typed[one]) for one in MATCHERS}
    for kind in KINDS:
        if typed[kind]:
            read[kind] = _tried(faults, _number, typed[kind], kind)
    if typed["warn"]:
        read["warn"] = _tried(faults, _fractions, typed["warn"])
    read |= {"name": typed["name"], "calendar": typed["calendar"]}
    try:
        return PolicySettings(**read), faults
    except ValidationError as fault:
        wrong = [str(one["loc"][0]) for one in fault.errors()]
    faults += [(one, "no_minutes") for one in wrong]
    return PolicySettings(**{one: read[one] for one in read if one not in wrong}), faults


def _tried(faults: list[tuple[str, str]], read: Callable[..., Any], *given: str) -> Any:
    try:
        return read(*given)
    except Invalid as fault:
        faults.append((fault.field, fault.code))
        return None


# ---------------------------------------------------------------- the standard


@blueprint.get("/policies/standard")
@allowed("edit_promises")
def standard() -> str:
    """What is promised where no policy says otherwise."""
    sla = _sla()
    typed = {
        f"{kind}.{urgency}": _short(getattr(sla, kind)[urgency])
        for kind in KINDS
        for urgency in URGENCIES
    }
    return _standard_page({**typed, "warn": _percents(sla.warn)})


def _standard_page(typed: Mapping[str, str], **told: Any) -> str:
    return render_template(
        "hours/standard.html",
        typed=typed,
        kinds=KINDS,
        urgencies=URGENCIES,
        supposed=_supposed(typed),
        seen=_version(),
        **_nothing(told),
    )


def _supposed(typed: Mapping[str, str]) -> str:
    """The targets that differ, as what-if reads them."""
    sla = _sla()
    told = []
    for kind in KINDS:
        for urgency in URGENCIES:
            where = f"{kind}.{urgency}"
            given = _tried([], _number, typed[where], where)
            if given is not None and given != getattr(sla, kind)[urgency]:
                told.append(f"{where}={given}")
    return ", ".join(told)


@blueprint.post("/policies/standard")
@allowed("edit_promises")
def change_standard() -> Response:
    """First what it moves; once that was looked at, it is saved."""
    typed = _typed((*_STANDARD, "warn"))

    def make(seen: int) -> Amendment:
        faults: list[tuple[str, str]] = []
        told: dict[str, Any] = {kind: {} for kind in KINDS}
        for kind in KINDS:
            for urgency in URGENCIES:
                where = f"{kind}.{urgency}"
                told[kind][urgency] = _tried(faults, _number, typed[where], where)
        told["warn"] = _tried(faults, _fractions, typed["warn"])
        if faults:
            raise Invalid(*faults[0], faults)
        return amending.settle(here(), _sla().model_copy(update=told), seen)

    return amended.answered(POLICIES, typed, make, _standard_page, url_for("policies.policies"))


# ---------------------------------------------------------------- order, away, back


@blueprint.get("/policies/place")
@allowed("edit_promises")
def place() -> Response:
    """What it would move to try a policy before, or after, its neighbour."""
    return amended.shown(_placing(request.args))


@blueprint.post("/policies/place")
@allowed("edit_promises")
def place_now() -> Response:
    """Do so."""
    return amended.done(_placing(request.form))


def _placing(given: Mapping[str, str]) -> Act:
    name, step = given.get("policy", ""), -1 if given.get("step") == "up" else 1
    what = "up" if step < 0 else "down"
    _named(name)
    return _act(
        what,
        name,
        url_for("policies.place_now"),
        lambda: amending.placed(_sla(), name, step),
        {"policy": name, "step": what},
    )


@blueprint.get("/policies/drop")
@allowed("edit_promises")
def drop() -> Response:
    """What becomes of the promises of a policy that is taken away."""
    return amended.shown(_dropping(request.args.get("policy", "")))


@blueprint.post("/policies/drop")
@allowed("edit_promises")
def drop_now() -> Response:
    """Take it away."""
    return amended.done(_dropping(request.form.get("policy", "")))


def _dropping(name: str) -> Act:
    return _act(
        "drop",
        name,
        url_for("policies.drop_now"),
        lambda: amending.without(_sla(), name),
        {"policy": name},
    )


def _act(
    what: str, subject: str, url: str, sla: Callable[[], SlaSettings], fields: Mapping[str, str]
) -> Act:
    def make() -> Amendment:
        return amending.settle(here(), sla(), _version())

    return Act(POLICIES, what, subject, url, url_for("policies.policies"), make, fields)


@blueprint.get("/policies/file")
@allowed("edit_promises")
def file() -> Response:
    """What the settings say, and what it would move to go back to that."""
    return amended.shown(_giving_back())


@blueprint.post("/policies/file")
@allowed("edit_promises")
def file_now() -> Response:
    """Back to it."""
    return amended.done(_giving_back())


def _giving_back() -> Act:
    def make() -> Amendment:
        return amending.restore(here(), POLICIES, _version())

    named, back = amended.part_name(POLICIES), url_for("policies.policies")
    return Act(POLICIES, "file", named, url_for("policies.file_now"), back, make)
