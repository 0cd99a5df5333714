"""Finding tickets: by words, by a number or an address, by what they are and who wrote them.

Views whose order is a moment of their own are here as well: what is due soon, what is late, where
the reader was named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from router.core.clock import to_us
from router.core.references import normalise_number, number_range
from router.core.rights import Who, scope
from router.errors import Invalid
from router.store import search
from router.store.pages.listing import (
    Asked,
    Filters,
    Page,
    TicketLine,
    by_ids,
    filtered,
    kept_counts,
    of_team,
    pack,
    unpack,
    walk_view,
)
from router.store.unit import Unit

#: The views of the screen, in its order; those that are not in counters.VIEWS have no kept count.
VIEWS = (
    "security",
    "unsorted",
    "mine",
    "mentions",
    "unassigned",
    "due_soon",
    "breached",
    "open",
    "waiting",
    "snoozed",
    "closed",
    "all",
    "parked",
)
SOON = timedelta(hours=1)
#: What no kept count covers is counted up to this and shown as "99+".
MOST = 100
#: A search looks on until it has so many tickets to show, so many times at most.
_ENOUGH, _TURNS = 25, 4
_SEARCHED = 50


def list_tickets(
    unit: Unit, *, view: str, who: Who, filters: Filters, cursor: str | None, limit: int = 50
) -> Page[TicketLine]:
    """One page of a view, narrowed by the filters.

    With words in ``filters.q`` it is the newest tickets that hold them, whatever the view.
    """
    if view not in VIEWS:
        raise Invalid("view", "unknown_view")
    if filters.q.strip():
        return search_tickets(unit, who, filters, cursor)
    asked = Asked(view, who, filters, limit)
    if view == "mentions":
        return _mentions(unit, asked, cursor)
    if view in ("due_soon", "breached"):
        return _by_due(unit, asked, cursor)
    return walk_view(unit, view=view, who=who, filters=filters, cursor=cursor, limit=limit)


# ---------------------------------------------------------------- by a moment


def _due(unit: Unit, asked: Asked) -> list[str]:
    """The conditions of what is due soon, or was due. ``+ 0`` keeps the database at the index of
    due times: by a team's it would have to sort all that the team has open."""
    now = asked.name(unit.now_us)
    said = ["t.standing + 0 < 2"]
    if asked.view == "breached":
        said.append(f"t.due_at < {now}")
    else:
        soon = asked.name(to_us(unit.now + SOON))
        said.append(f"t.due_at >= {now} AND t.due_at < {soon}")
    teams = scope(asked.who)
    if teams is not None:
        said.append(f"t.team_id + 0 IN ({', '.join(map(asked.name, teams)) or 'NULL'})")
    return said + of_team(asked) + filtered(asked, asked.filters)


def _by_due(unit: Unit, asked: Asked, cursor: str | None) -> Page[TicketLine]:
    """What breaks first stands first, on the clock on the wall."""
    said = _due(unit, asked)
    if cursor:
        at, ticket_id = unpack(cursor, 2)
        said.append(f"(t.due_at, t.id) > ({asked.name(at)}, {asked.name(ticket_id)})")
    rows = unit.rows(
        f"SELECT t.due_at, t.id FROM ticket t WHERE {' AND '.join(said)} "  # noqa: S608  # ours
        f"ORDER BY t.due_at, t.id LIMIT {asked.name(asked.limit + 1)}",
        **asked.params,
    )
    shown = rows[: asked.limit]
    more = pack(*shown[-1]) if len(rows) > asked.limit else None
    return Page(by_ids(unit, [row.id for row in shown]), more)


def _named(asked: Asked) -> list[str]:
    """The conditions of tickets the reader may see and was named on."""
    said = [f"x.agent_id = {asked.name(asked.who.id)}"]
    teams = scope(asked.who)
    if teams is not None:
        said.append(f"t.team_id + 0 IN ({', '.join(map(asked.name, teams)) or 'NULL'})")
    return said


def _mentions(unit: Unit, asked: Asked, cursor: str | None) -> Page[TicketLine]:
    """Where the reader was named, the newest first; what they have looked at stays in the list."""
    said = _named(asked) + of_team(asked) + filtered(asked, asked.filters)
    before = asked.name(unpack(cursor, 1)[0] if cursor else 2**62)
    rows = unit.rows(
        "SELECT MAX(x.message_id) AS at, t.id AS id FROM mention x JOIN ticket t "  # noqa: S608  # ours
        f"ON t.id = x.ticket_id WHERE {' AND '.join(said)} GROUP BY t.id "
        f"HAVING MAX(x.message_id) < {before} ORDER BY 1 DESC LIMIT {asked.name(asked.limit + 1)}",
        **asked.params,
    )
    shown = rows[: asked.limit]
    more = pack(shown[-1].at) if len(rows) > asked.limit else None
    return Page(by_ids(unit, [row.id for row in shown]), more)


def counts(unit: Unit, who: Who) -> dict[str, int]:
    """How many tickets each view holds: from kept counts where there are some, else up to
    :data:`MOST`."""
    found = kept_counts(unit, who)
    for view in ("due_soon", "breached"):
        asked = Asked(view, who, Filters())
        rows = unit.rows(
            f"SELECT t.id FROM ticket t WHERE {' AND '.join(_due(unit, asked))} "  # noqa: S608  # ours
            f"ORDER BY t.due_at LIMIT {asked.name(MOST)}",
            **asked.params,
        )
        found[view] = len(rows)
    asked = Asked("mentions", who, Filters())
    rows = unit.rows(
        "SELECT DISTINCT x.ticket_id FROM mention x JOIN ticket t ON t.id = x.ticket_id "  # noqa: S608  # ours
        f"WHERE {' AND '.join(_named(asked))} AND x.seen_at IS NULL LIMIT {asked.name(MOST)}",
        **asked.params,
    )
    return {**found, "mentions": len(rows)}


# ---------------------------------------------------------------- by words


def search_tickets(unit: Unit, who: Who, filters: Filters, cursor: str | None) -> Page[TicketLine]:
    """Tickets that hold the words, or whose requester is called so, newest first; a ticket number,
    its beginning or an address is understood. Without words it is the newest that pass the
    filters."""
    words = filters.q.strip()
    if not words:
        return _newest(unit, who, filters, cursor)
    direct = _by_reference(unit, who, filters, cursor)
    if direct is not None:
        return direct
    before = unpack(cursor, 1)[0] if cursor else 2**62
    begun = _begun(unit, who, words)
    lines = [] if cursor else _kept(unit, who, begun, filters)
    for turn in range(_TURNS):
        ids, after = _hits(unit, who, words, before)
        ids = [one for one in ids if one not in begun]
        if ids and (cursor or turn):  # a ticket is shown where its newest hit is
            gone = search.newer(unit, words, ids, before)
            ids = [one for one in ids if one not in gone]
        lines += _kept(unit, who, ids, filters)
        if after is None:
            return Page(lines)
        before = after
        if len(lines) >= _ENOUGH:
            break
    return Page(lines, pack(before))


def _hits(unit: Unit, who: Who, words: str, before: int) -> tuple[list[int], int | None]:
    """The next tickets that hold the words or whose requester is called so, newest hit first, and
    from where to look on; None when there are no more."""
    hits = search.find(unit, words, teams=scope(who), limit=_SEARCHED, before=before)
    people = _by_person(unit, who, words, before)
    after = hits.next
    if len(people) == _SEARCHED:
        after = max(after or 0, people[-1])
    found = sorted([*hits.found, *((one, one) for one in people)], reverse=True)
    ids = [ticket_id for hit, ticket_id in found if after is None or hit >= after]
    return list(dict.fromkeys(ids)), after


def _by_person(unit: Unit, who: Who, words: str, before: int) -> list[int]:
    """The newest tickets of whoever is called just so, or has this handle. Their ids stand for when
    they came, as those of messages do."""
    people = _people(unit, words)
    if not people:
        return []
    said = "t.requester_id IN :people AND t.id + 0 < :before"
    return _picked(unit, who, said, people=people, before=before)


def _begun(unit: Unit, who: Who, words: str) -> list[int]:
    """The newest tickets whose number begins like this."""
    span = number_range(words)
    if span is None:
        return []
    said = "t.number BETWEEN :first AND :last"
    return _picked(unit, who, said, first=span[0], last=span[1])


def _picked(unit: Unit, who: Who, said: str, **known: Any) -> list[int]:
    """The newest tickets of the reader's teams of which this holds. ``+ 0`` keeps the database at
    the index of what is said."""
    teams = scope(who)
    if teams is not None:
        said, known["teams"] = f"{said} AND t.team_id + 0 IN :teams", list(teams)
    rows = unit.rows(
        f"SELECT t.id FROM ticket t WHERE {said} ORDER BY t.id + 0 DESC LIMIT :n",  # noqa: S608  # ours
        n=_SEARCHED,
        **known,
    )
    return [row.id for row in rows]


def _newest(unit: Unit, who: Who, filters: Filters, cursor: str | None) -> Page[TicketLine]:
    """The newest tickets that pass the filters."""
    asked = Asked("", who, filters)
    said = [f"t.id < {asked.name(unpack(cursor, 1)[0] if cursor else 2**62)}"]
    teams = scope(who)
    if teams is not None:
        said.append(f"t.team_id IN ({', '.join(map(asked.name, teams)) or 'NULL'})")
    said += filtered(asked, filters) + of_team(asked) + _of_sender(unit, asked)
    # Who wrote is few rows: they are found by their index and sorted, not looked for along the way.
    order = "t.id + 0" if filters.sender else "t.id"
    rows = unit.rows(
        f"SELECT t.id FROM ticket t WHERE {' AND '.join(said)} "  # noqa: S608  # ours
        f"ORDER BY {order} DESC LIMIT {asked.name(_SEARCHED + 1)}",
        **asked.params,
    )
    ids = [row.id for row in rows[:_SEARCHED]]
    return Page(by_ids(unit, ids), pack(ids[-1]) if len(rows) > _SEARCHED else None)


def _of_sender(unit: Unit, asked: Asked) -> list[str]:
    """The condition of who wrote: an address, a number, another handle, or a whole name."""
    value = asked.filters.sender
    if not value:
        return []
    ids = ", ".join(map(asked.name, _people(unit, value)))
    return [f"t.requester_id IN ({ids or 'NULL'})"]


def _people(unit: Unit, value: str) -> list[int]:
    """Who has this address, number or other handle, or just this name."""
    rows = unit.rows(
        "SELECT requester_id AS id FROM identity WHERE kind IN :kinds AND value IN :values "
        "UNION SELECT id FROM requester WHERE name IN :names AND name <> '' LIMIT 200",
        kinds=_kinds(unit),
        values=[value, value.lower()],
        names=list({value, value.title(), value.lower(), value.upper()}),
    )
    return [row.id for row in rows]


def _kinds(unit: Unit) -> list[str]:
    """The identity spaces somebody wrote from, jumping from one to the next along their index."""
    kinds: list[str] = []
    while True:
        found = unit.value(
            "SELECT MIN(kind) FROM identity WHERE kind > :last", last=(kinds or [""])[-1]
        )
        if found is None:
            return kinds or [""]
        kinds.append(found)


def _kept(unit: Unit, who: Who, ids: Sequence[int], filters: Filters) -> list[TicketLine]:
    """Of the found tickets those that pass the other filters."""
    if not ids:
        return []
    asked = Asked("", who, filters)
    said = filtered(asked, filters) + of_team(asked) + _of_sender(unit, asked)
    if said:
        sql = f"SELECT t.id FROM ticket t WHERE t.id IN :ids AND {' AND '.join(said)}"  # noqa: S608
        passed = {row.id for row in unit.rows(sql, ids=list(ids), **asked.params)}
        ids = [one for one in ids if one in passed]
    return by_ids(unit, ids)


def _by_reference(
    unit: Unit, who: Who, filters: Filters, cursor: str | None
) -> Page[TicketLine] | None:
    """The ticket a number names, or all those of an address; None when the words are just words."""
    words = filters.q.strip()
    if "@" in words and " " not in words and not filters.sender:
        theirs = _newest(unit, who, replace(filters, q="", sender=words), cursor)
        return theirs if theirs.rows else None
    number = normalise_number(words)
    if number is None:
        return None
    teams = scope(who)
    limited = "" if teams is None else " AND t.team_id IN :teams"
    known: dict[str, Any] = {} if teams is None else {"teams": list(teams)}
    sql = f"SELECT t.id FROM ticket t WHERE t.number = :number{limited}"  # noqa: S608  # ours
    ids = [row.id for row in unit.rows(sql, number=number, **known)]
    return Page(_kept(unit, who, ids, filters)) if ids else None
