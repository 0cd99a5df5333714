"""What managers suppose: other hours, targets, holidays, people. Read from words, and turned into
the promises that would hold then."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from router import calendars, official
from router.assemble import Router
from router.core.promises.periods import DAYS
from router.core.promises.sla import KINDS, URGENCIES, Policies
from router.errors import Invalid

_PERIOD = re.compile(r"(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})")
_TARGET = re.compile(
    rf"(?:({'|'.join(KINDS)})\.)?({'|'.join(URGENCIES)})\s*=\s*(\d{{1,6}})", re.ASCII
)
_WRITE_HOURS = "07:00-23:00, or mon-fri 08:00-12:00+14:00-22:00; sat,sun 10:00-18:00"
_WRITE_TARGET = "first_response.P2=60 (minutes); P2=60 is a first answer"
#: People that may be supposed.
_MOST = 400


@dataclass(frozen=True, slots=True)
class Supposed:
    """What is supposed; whatever is left empty stays as it is."""

    hours: str = ""
    targets: tuple[str, ...] = ()
    holidays: str = ""
    agents: int = 0
    on_call: int = 1
    handle_minutes: int = 0
    goal: int = 95

    def check(self) -> None:
        """Raise Invalid for numbers that cannot be."""
        for name, value, low, high in (
            ("agents", self.agents, 0, _MOST),
            ("on_call", self.on_call, 0, _MOST),
            ("handle_minutes", self.handle_minutes, 0, 600),
            ("goal", self.goal, 1, 100),
        ):
            if not low <= value <= high:
                raise Invalid(name, "bad_number", given=str(value), write=f"{low} to {high}")


def policies(router: Router, supposed: Supposed) -> Policies:
    """The promises that would hold. Raises Invalid, saying what to write."""
    settings = router.hours.settings
    hours, promises = settings.hours, settings.sla
    if supposed.hours:
        hours = hours.model_copy(update={"weekly": week(supposed.hours), "changes": {}})
    days = router.hours.days
    if supposed.holidays:
        country = supposed.holidays.strip().upper()
        country = "" if country == "NONE" else country
        if country and not official.knows(country):
            write = "a code such as CN, HK, DE, or none"
            raise Invalid("holidays", "unknown_country", given=supposed.holidays, write=write)
        hours = hours.model_copy(update={"country": country, "countries": {}})
        days = calendars.with_official(days, country, router.clock.now().date())
    if supposed.targets:
        promises = promises.model_copy(update=_targets(router, supposed.targets))
    changed = settings.model_copy(update={"hours": hours, "sla": promises})
    made = calendars.policies(changed, days)
    made.teams = router.policies.teams
    return made


def week(text: str) -> dict[str, list[tuple[str, str]]]:
    """A week as managers write it."""
    found: dict[str, list[tuple[str, str]]] = {day: [] for day in DAYS}
    for part in filter(None, (one.strip() for one in text.lower().split(";"))):
        days, periods = _days(part)
        for day in days:
            found[day] = periods
    return found


def _days(part: str) -> tuple[Sequence[str], list[tuple[str, str]]]:
    said, _, rest = part.partition(" ") if part[0].isalpha() else ("mon-sun", "", part)
    periods = []
    for one in rest.split("+"):
        match = _PERIOD.fullmatch(one.strip())
        if match is None:
            raise Invalid("hours", "bad_hours", given=part, write=_WRITE_HOURS)
        begin, end = (moment.zfill(5) for moment in match.groups())
        periods.append((begin, end))
    days: list[str] = []
    for one in said.split(","):
        first, _, last = one.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise Invalid("hours", "bad_hours", given=part, write=_WRITE_HOURS)
        low, high = DAYS.index(first), DAYS.index(last or first)
        days += DAYS[low : high + 1] if low <= high else (*DAYS[low:], *DAYS[: high + 1])
    return days, periods


def _targets(router: Router, given: Sequence[str]) -> dict[str, dict[str, int]]:
    promises = router.hours.settings.sla
    changed = {kind: dict(getattr(promises, kind)) for kind in KINDS}
    for text in given:
        match = _TARGET.fullmatch(text.strip())
        if match is None or int(match[3]) < 1:
            raise Invalid("targets", "bad_target", given=text, write=_WRITE_TARGET)
        changed[match[1] or KINDS[0]][match[2]] = int(match[3])
    return changed
