"""Which tags speak for a message: those on its ticket, or those on its requester's others. Now, and
as it was when a message came.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from router.store.unit import Unit

#: The tags of a closed ticket speak for its requester's next one for so long.
SPEAK = timedelta(days=90)
_SPEAK_US = SPEAK // timedelta(microseconds=1)


def of_tickets(unit: Unit, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The tags of these tickets; those without any are left out."""
    if not ids:
        return {}
    return _grouped(
        unit.rows(
            "SELECT ticket_id AS owner, tag FROM ticket_tag WHERE ticket_id IN :ids", ids=list(ids)
        )
    )


def of_requesters(unit: Unit, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The tags on tickets of these people that are not closed, or have not been for long. One that
    was merged has handed its tags on."""
    if not ids:
        return {}
    return _grouped(
        unit.rows(
            "SELECT DISTINCT t.requester_id AS owner, g.tag FROM ticket t "
            "JOIN ticket_tag g ON g.ticket_id = t.id "
            "LEFT JOIN merged m ON m.gone_id = t.id "
            "WHERE t.requester_id IN :ids AND m.gone_id IS NULL "
            "AND (t.closed_at IS NULL OR t.closed_at > :since)",
            ids=list(ids),
            since=unit.now_us - _SPEAK_US,
        )
    )


def _grouped(rows: Collection[Any]) -> dict[int, tuple[str, ...]]:
    found: dict[int, set[str]] = {}
    for row in rows:
        found.setdefault(row.owner, set()).add(row.tag)
    return {owner: tuple(sorted(tags)) for owner, tags in found.items()}


def known(unit: Unit, tags: Collection[str]) -> frozenset[str]:
    """Those of these tags that some ticket bears, or some macro puts on."""
    if not tags:
        return frozenset()
    rows = unit.rows("SELECT DISTINCT tag FROM ticket_tag WHERE tag IN :tags", tags=list(tags))
    put_on = {
        tag
        for row in unit.rows("SELECT does FROM macro WHERE does <> ''")
        for tag in json.loads(row.does).get("tags", ())
    }
    return frozenset({row.tag for row in rows} | (put_on & set(tags)))


# ---------------------------------------------------------------- as it was


@dataclass(frozen=True, slots=True)
class _Borne:
    """A tag on a ticket from one id to another, the end not included; None: it is still there. What
    was written between has an id between."""

    ticket_id: int
    tag: str
    since: int
    until: int | None
    closed_at: int | None


class History:
    """Which tags tickets of some people bore when, as their timelines tell it.

    A tag without a line there (the router's own, or one that came by a merge) counts from the
    ticket's beginning; one whose line was undone counts as never put on. Whether a ticket had been
    closed and reopened meanwhile is not kept: the last closing counts.
    """

    def __init__(self, borne: Mapping[int, Sequence[_Borne]]) -> None:
        """What was borne, by requester; :func:`history` reads it."""
        self._borne = borne

    def speaking(
        self, message_id: int, ticket_id: int, requester_id: int, at: int
    ) -> tuple[str, tuple[str, ...]]:
        """What bears the tags that spoke for a message when it came, and the tags. A ticket that is
        younger than its message was opened by it."""
        joined = ticket_id < message_id
        found = {
            one.tag
            for one in self._borne.get(requester_id, ())
            if one.since < message_id
            and (one.until is None or message_id < one.until)
            and (one.ticket_id == ticket_id) is joined
            and (joined or one.closed_at is None or one.closed_at > at - _SPEAK_US)
        }
        return "ticket" if joined else "sender", tuple(sorted(found))


def history(unit: Unit, requester_ids: Collection[int]) -> History:
    """The tags on all tickets of these people."""
    if not requester_ids:
        return History({})
    people = list(requester_ids)
    lines: defaultdict[int, defaultdict[str, list[tuple[int, str]]]]
    lines = defaultdict(lambda: defaultdict(list))
    for row in unit.rows(
        "SELECT e.id, e.ticket_id, e.code, e.params FROM ticket t "
        "JOIN entry e ON e.ticket_id = t.id WHERE t.requester_id IN :ids "
        "AND e.code IN ('tagged', 'untagged') AND e.params <> '' ORDER BY e.id",
        ids=people,
    ):
        lines[row.ticket_id][json.loads(row.params).get("tag", "")].append((row.id, row.code))
    there: defaultdict[int, set[str]] = defaultdict(set)
    for row in unit.rows(
        "SELECT g.ticket_id, g.tag FROM ticket t JOIN ticket_tag g ON g.ticket_id = t.id "
        "WHERE t.requester_id IN :ids",
        ids=people,
    ):
        there[row.ticket_id].add(row.tag)
    borne: defaultdict[int, list[_Borne]] = defaultdict(list)
    for row in unit.rows(
        "SELECT t.id, t.requester_id, t.closed_at FROM ticket t "
        "LEFT JOIN merged m ON m.gone_id = t.id "
        "WHERE t.requester_id IN :ids AND m.gone_id IS NULL",
        ids=people,
    ):
        for tag in {*lines[row.id], *there[row.id]}:
            spans = _spans(row.id, lines[row.id][tag], still=tag in there[row.id])
            borne[row.requester_id] += (
                _Borne(row.id, tag, since, until, row.closed_at) for since, until in spans
            )
    return History(borne)


def _spans(
    opened: int, lines: Iterable[tuple[int, str]], *, still: bool
) -> Iterator[tuple[int, int | None]]:
    """From when to when a tag was on a ticket."""
    since: int | None = None
    last = opened
    for at, code in lines:
        if code == "untagged":
            yield (last if since is None else since), at
            since = None
        else:  # one that stood before was undone, or there would be no such line
            since = at
        last = at
    if still:
        yield (last if since is None else since), None
