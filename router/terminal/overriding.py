"""``router check``: the settings in force, and which of them the database overrides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from router import calendars, configuration, dated_weeks
from router.core.clock import SystemClock
from router.core.ids import Ids
from router.errors import Invalid, StoreError
from router.settings import Settings
from router.store import version
from router.store.database import Store
from router.store.promises import promise_versions
from router.store.promises.promise_versions import Newest


def lines(settings: Settings) -> Iterator[str]:
    """Every setting with its value, one a line. One that was changed in the pages says what the
    file would have it be; where the database cannot be asked, the last line says why."""
    own: Mapping[str, Newest] = {}
    trouble = ""
    try:
        own = _changed(settings)
        held = dated_weeks.in_force(settings, {part: one.own for part, one in own.items()})
    except (StoreError, Invalid) as fault:
        held, trouble = settings, str(fault)
    written = dict(configuration.effective(settings))
    for key, value in configuration.effective(held):
        line = f"{key} = {_said(value)}"
        if key not in written or written[key] != value:
            line += f"  # changed in the pages; the file says {_said(written.get(key))}"
        yield line
    for one in configuration.remarks(settings):
        yield f"# {one}"
    for one in dated_weeks.overrides(own):
        yield f"# the database overrides {one}"
    for name in calendars.shut(held, calendars.policies(held), SystemClock().now()):
        yield f"# {name}: no opening to come, so nobody is told when they are answered; set weekly"
    if trouble:
        yield f"# what was changed in the pages is not known: {trouble}"


def _said(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _changed(settings: Settings) -> Mapping[str, Newest]:
    """What the pages changed; nothing before there is a database, which is not made here."""
    file = settings.data_path / "router.sqlite3"
    if not settings.database.url and not file.exists():
        return {}
    clock = SystemClock()
    store = Store(settings.database_url, clock=clock, ids=Ids(clock))
    try:
        version.check(store.pool)
        with store.reading() as unit:
            return promise_versions.newest(unit)
    finally:
        store.close()
