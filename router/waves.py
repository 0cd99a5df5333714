"""The watch over waves: one cause behind many messages, found while they arrive.

Each process keeps the messages of the last day in memory, as hashes; it rebuilds them from the
database when it starts. What it concludes is checked against the database inside the writing
transaction, and only who moves the turn on may write: two processes never open one incident twice,
and a message seen again changes nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from router import familiar, outages, repeats
from router.assemble import Router
from router.core.ids import earlier, first_at
from router.core.waves.clusters import Group, Seen, Window
from router.core.waves.contacts import Contacts, keys_of
from router.core.waves.shingles import plain, sketch
from router.core.waves.traces import ignored, traces
from router.store import incidents
from router.store.database import Store
from router.store.unit import Unit
from rules.text import fold

KIND = "campaign"
SPAN = timedelta(hours=24)
#: Messages of one look at most; there is another look in a moment.
AT_ONCE = 5000
#: Two processes' ids may be committed out of order by so much.
_LATE = timedelta(minutes=1)
_MICROSECOND = timedelta(microseconds=1)


class Watch:
    """What one process remembers of the last day."""

    def __init__(self, router: Router) -> None:
        settings = router.settings.waves
        self._least = settings.senders
        self.window = Window(
            capacity=settings.messages,
            span_us=SPAN // _MICROSECOND,
            likeness=settings.likeness,
        )
        self._contacts = Contacts(timedelta(hours=settings.repeat_hours) // _MICROSECOND)
        self._known = familiar.traces(router.settings)
        #: The last message that was taken in.
        self.place = 0
        #: Tickets whose people wrote on another one before.
        self.again: dict[int, int] = {}
        self._unsaid: list[int] = []
        self._recent: set[int] = set()

    def read(self, unit: Unit, limit: int) -> None:
        """Take in what came since the last look."""
        after = max(first_at(unit.now - SPAN), earlier(self.place, _LATE))
        asked = limit + len(self._recent)
        rows = incidents.arrived(unit, after, asked)
        fresh = [row for row in rows if row.id not in self._recent]
        files = incidents.files_of(unit, [row.id for row in fresh])
        since = unit.now_us - SPAN // _MICROSECOND
        for row in fresh:
            self._recent.add(row.id)
            if row.seen_at < since:
                continue  # old mail that was imported
            self._unsaid.append(self._take(row, files.get(row.id, ())))
            if other := self._contacts.wrote(_keys(row), row.ticket_id, row.seen_at):
                self.again[row.ticket_id] = other
        whole = len(rows) < asked
        self.place = max(self.place, incidents.newest(unit) if whole else rows[-1].id)
        late = earlier(self.place, _LATE)
        self._recent = {one for one in self._recent if one > late}

    def waves(self) -> list[Group]:
        """The groups that changed since they were told last and are waves."""
        least = self._least
        touched = {id(one): one for number in self._unsaid if (one := self.window.group(number))}
        return [one for one in touched.values() if len(one.senders) >= least]

    def told(self) -> None:
        """What was concluded so far is written down."""
        self._unsaid.clear()
        self.again.clear()

    def _take(self, row: Any, files: Iterable[str]) -> int:
        text = row.text or row.subject
        folded = fold(text).text
        named = [*traces(text, folded), *(("file", one) for one in files)]
        tied = [one for one in named if not ignored(*one, self._known[one[0]])]
        seen = Seen(row.ticket_id, row.requester_id, row.seen_at)
        return self.window.add(seen, sketch(plain(folded)), tied)


def _keys(row: Any) -> tuple[str, ...]:
    given = json.loads(row.fields) if row.fields else {}
    told = [(kind, str(given[kind])) for kind in ("email", "phone") if given.get(kind)]
    return keys_of(row.requester_id, row.handle_kind, row.handle, told)


# ---------------------------------------------------------------- the duty

_watches: WeakKeyDictionary[Store, Watch] = WeakKeyDictionary()


def sweep(router: Router, *, limit: int = AT_ONCE) -> bool:
    """Look at what came, open incidents and tie tickets to them; False when it was not our turn.

    Only one process does this at a time. Should two do so after all, the second finds that the
    turn has moved on, writes nothing, and says what it knows at its next turn.
    """
    watch = _watches.pop(router.store, None) or Watch(router)
    try:
        with router.store.reading() as unit:
            seen = incidents.turn(unit)
            watch.read(unit, limit)
            bursts = outages.detect(router, unit)
        waves = watch.waves()

        def work(unit: Unit) -> bool:
            if not incidents.take_turn(unit, seen, watch.place):
                return False
            for group in waves:
                _tell(router, unit, watch.window, group)
            outages.tell(unit, bursts)
            repeats.raise_again(router, unit, watch.again)
            return True

        ours = router.store.write(work, bulk=True)
        if ours:
            watch.told()
        return ours
    finally:
        _watches[router.store] = watch


def _tell(router: Router, unit: Unit, window: Window, group: Group) -> None:
    """Tie a wave's tickets to its incident, opening one for those that are in none yet."""
    members = window.members(group)
    reasons = {ticket: reason for ticket, _, reason in reversed(members)}
    ties = incidents.ties(unit, reasons, KIND)
    running = next((one.incident_id for one in ties if one.state == "open"), None)
    told = {one.ticket_id for one in ties if one.state != "open" or one.incident_id == running}
    fresh = {ticket: reason for ticket, reason in reasons.items() if ticket not in told}
    if running is None:
        senders = {sender for ticket, sender, _ in members if ticket in fresh}
        if len(senders) < router.settings.waves.senders:
            return
        category, _ = Counter(incidents.categories_of(unit, fresh)).most_common(1)[0]
        signature = {"shared": list(group.shared)[:5]} if group.shared else {}
        running = incidents.open_(unit, KIND, category, signature)
    incidents.join(unit, running, fresh)
