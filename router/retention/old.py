"""What was closed long enough ago: by category, from the settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from router.assemble import Router
from router.core.clock import from_us, to_us
from router.retention.steps import OLD
from router.store import erasures
from router.store.unit import Unit

#: How far the page looks ahead.
AHEAD = timedelta(days=30)
#: What should be gone for so long and is not yet is behind.
_PATIENCE = timedelta(days=1)
#: And an erasure that nobody went on with.
_STUCK = timedelta(hours=1)


def befores(router: Router, names: list[str], ahead: timedelta = timedelta(0)) -> dict[str, int]:
    """For each of these categories whose words are not kept for ever: closed before then they are
    old enough ``ahead`` from now."""
    now, settings = router.clock.now() + ahead, router.settings.retention
    return {
        name: to_us(now - timedelta(days=days)) for name in names if (days := settings.of(name))
    }


def is_on(router: Router) -> bool:
    """Whether anything is ever old enough here."""
    settings = router.settings.retention
    return bool(settings.days or any(settings.groups.values()))


def due(router: Router, unit: Unit, ahead: timedelta = timedelta(0)) -> Iterator[int]:
    """Tickets that are old enough, one of each category."""
    for category, before in befores(router, erasures.categories(unit), ahead).items():
        yield from erasures.due(unit, category, before, 1)


def age(router: Router) -> None:
    """Once in a while: what has become old enough is to be erased, as one erasure a day."""
    if not is_on(router):
        return
    with router.store.reading() as unit:
        found = next(due(router, unit), None)
    if found is not None:
        router.store.write(lambda unit: erasures.today(unit, OLD), bulk=True)


def behind(router: Router) -> str:
    """What should have been erased and was not, in words for an operator; empty when nothing."""
    with router.store.reading() as unit:
        stuck = erasures.oldest_open(unit)
        late = is_on(router) and next(due(router, unit, -_PATIENCE), None) is not None
        now = unit.now
    if stuck is not None and now - from_us(stuck) > _STUCK:
        return "an erasure stands still; start `router serve` or `router worker`"
    if late:
        return "words that are old enough wait for more than a day; is a worker running?"
    return ""
