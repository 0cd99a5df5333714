"""The calendars and promises in force, whichever they are by now: those of the settings, with what
the desk changed in its pages and the dates that governments and imports put into the database.

Every process looks now and then whether anything was changed, and takes all of it up at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from router import calendars, dated_weeks, official
from router.core.clock import monotonic
from router.core.promises.periods import dated
from router.core.promises.sla import Policies
from router.errors import Invalid
from router.settings import Settings
from router.store import batch
from router.store.database import Store
from router.store.promises import calendar_days, clocks, promise_versions, promised
from router.store.promises.promise_versions import Newest
from router.store.unit import Unit

log = logging.getLogger("router.hourbook")

#: Pages look at most so often, in seconds.
_EVERY = 5.0
#: Promises counted anew in one commit.
_TOGETHER = 500


class Hourbook:
    """Keeps the desk's policies on the calendars in force."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Seed the official days that are wanted, and read all of them."""
        self._given = settings
        #: The settings with all that the desk changed of its calendars and promises.
        self.settings = settings
        #: What was changed, by its parts.
        self.own: Mapping[str, Newest] = {}
        self._version = -1
        self._looked = 0.0
        self._taking = threading.Lock()
        self.days: calendars.Days = {}
        #: Why the dates in the database cannot be used and those before still hold, or nothing.
        self.fault = ""
        self.policies: Policies = calendars.policies(settings)
        self.follow(store)
        if self.seed(store):
            self.follow(store)

    def follow(self, store: Store) -> None:
        """Take up what was changed since; one small question when nothing was."""
        with store.reading() as unit:
            self.notice(unit)

    def glance(self, store: Store) -> None:
        """As :meth:`follow`, but not more often than every few seconds."""
        now = monotonic()
        if now - self._looked >= _EVERY:
            self._looked = now
            self.follow(store)

    def notice(self, unit: Unit) -> None:
        """As :meth:`follow`, within a look or a transaction that is taken anyway."""
        version = calendar_days.version(unit)
        if version == self._version or not self._taking.acquire(blocking=False):
            return
        own: Mapping[str, Newest] = {}
        try:
            days, own = calendar_days.every(unit), promise_versions.newest(unit)
            settings = dated_weeks.in_force(self._given, {one: own[one].own for one in own})
            newer = calendars.policies(settings, days)
            self.policies.teams = calendar_days.teams(unit)
        except Invalid as fault:
            self.fault, self.own = str(fault), dated_weeks.readable(own)
            log.error("what the desk changed cannot be used: %s", fault)  # noqa: TRY400
        else:
            self.policies.follow(newer)
            self.settings, self.own = settings, own
            self.days, self.fault = days, ""
        finally:
            self._version = version
            self._taking.release()

    def seed(self, store: Store) -> int:
        """Write official days that the library knows and the database does not; how many changed.

        What is past stays as it was, whatever a newer library says.
        """
        countries = calendars.countries(self.settings)
        if not countries:
            return 0
        today = store.clock.now().date()

        def work(unit: Unit) -> int:
            return sum(seed(unit, country, today) for country in countries)

        return store.write(work, bulk=True)


def seed(unit: Unit, country: str, today: date) -> int:
    """Write the official days of one country; how many changed."""
    name, years = f"@{country}", calendars.wanted_years(today)
    known = calendar_days.every(unit).get(name, ())
    held = {dated(day.day).year for day in known if day.source == official.SOURCE}
    fresh = [
        day
        for year in years
        for day in official.days(country, year)
        if year not in held or dated(day.day) > today
    ]
    own = {day.day for day in known if day.source != official.SOURCE}
    said = {day.day for day in fresh}
    gone = [
        day.day
        for day in known
        if dated(day.day) > today and day.day not in said | own and dated(day.day).year in years
    ]
    changed = calendar_days.replace(unit, name, [day for day in fresh if day.day not in own])
    return changed + calendar_days.remove(unit, name, gone)


def recount(store: Store, policies: Policies, name: str) -> int:
    """Count every open promise of a calendar anew, some at a time; how many there were."""
    return _by_turns(store, partial(clocks.recount, calendar=name, policies=policies))


def repromise(store: Store, policies: Policies) -> int:
    """Hold every open promise against the policies that were changed, some at a time; how many
    there were."""
    return _by_turns(store, partial(promised.follow, policies=policies))


def _by_turns(store: Store, count: Callable[..., list[Any]]) -> int:
    after = total = 0
    while True:

        def work(unit: Unit, beyond: int = after) -> tuple[int, int]:
            rows = count(unit, after=beyond, limit=_TOGETHER)
            unit.flush()
            drafts = batch.load(unit, {row.ticket_id for row in rows})
            batch.write(unit, drafts.values())
            return len(rows), rows[-1].id if rows else beyond

        found, after = store.write(work, bulk=True)
        total += found
        if found < _TOGETHER:
            return total
