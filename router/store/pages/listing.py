"""The list of tickets, its views and their counts.

Nothing here counts or skips rows. A view is cut into branches that each walk one index in its own
order (one team and one standing, or one agent and one standing); the branches are asked in one
statement, merged, and only the tickets of the page are then read whole. A page ends in a cursor,
the place of its last row, so page one thousand costs what page one does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from router.core.calls import covered
from router.core.clock import from_us
from router.core.ids import first_at
from router.core.lifecycle import URGENCIES
from router.core.rights import Who, scope
from router.errors import Invalid
from router.store import counters
from router.store.counters import VIEWS
from router.store.unit import Unit, begins

Row = TypeVar("Row")

#: Urgency bands of ``lifecycle.rank``: four of security, one of the unsorted, then the rest.
_BAND = 1 << 58
_CALM = 4 * _BAND
_SORTED = 5 * _BAND
_END = 1 << 62

_STANDINGS: Mapping[str, tuple[int, ...]] = {
    "open": (0,),
    "waiting": (1,),
    "snoozed": (1,),
    "closed": (2,),
    "all": (0, 1, 2),
}
_IN_HAND = (0, 1)
#: Views that mostly hold few of many: each has an index of its own.
_RARE = ("parked", "snoozed")
_RANKS: Mapping[str, tuple[int, int]] = {"security": (0, _CALM), "unsorted": (_CALM, _SORTED)}
#: Whoever asks for Chinese means both scripts.
_WRITTEN_IN: Mapping[str, tuple[str, ...]] = {"zh": ("zh", "zh-Hant")}

LINE = (
    "SELECT t.id, t.number, t.subject, t.snippet, t.channel, t.state, t.standing, t.category, "
    "t.urgency, t.security, t.parked, t.spam, t.rank, t.due_at, t.opened_at, t.updated_at, "
    "t.closed_at, t.team_id, t.assignee_id, t.language, t.verification, t.imitates, t.messages, "
    "t.erased_at, t.requester_id, r.name AS requester_name, i.kind AS handle_kind, "
    "i.value AS handle, a.name AS assignee "
    "FROM ticket t JOIN requester r ON r.id = t.requester_id "
    "JOIN identity i ON i.id = t.identity_id LEFT JOIN agent a ON a.id = t.assignee_id "
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; an empty field narrows nothing."""

    category: str = ""
    urgency: str = ""
    channel: str = ""
    tag: str = ""
    language: str = ""
    team: str = ""
    q: str = ""
    sender: str = ""
    state: str = ""
    before: datetime | None = None
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket as one line of a list."""

    id: int
    number: str
    subject: str
    snippet: str
    requester: str
    requester_id: int
    handle: str
    handle_kind: str
    channel: str
    state: str
    standing: int
    category: str
    urgency: str
    security: bool
    parked: bool
    spam: bool
    due_at: datetime | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    team_id: int
    assignee_id: int | None
    assignee: str
    language: str
    verification: str
    imitates: str
    messages: int
    erased_at: datetime | None = None

    @property
    def unsorted(self) -> bool:
        """Whether nobody could say yet what it is about."""
        return self.category == "other.unsorted" and not self.security


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of what follows them."""

    rows: list[Row]
    next: str | None = None


@dataclass(slots=True)
class Asked:
    """What is wanted, and the statement for it: branches that each bring their own parameters."""

    view: str
    who: Who
    filters: Filters
    limit: int = 0
    branches: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    def name(self, value: Any) -> str:
        """A parameter for the value; its name."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f":{name}"


# ---------------------------------------------------------------- cursors


def pack(*numbers: int) -> str:
    """A cursor a browser may carry. It is a place, not a right: every query is scoped anyway."""
    return base64.urlsafe_b64encode(".".join(map(str, numbers)).encode()).decode().rstrip("=")


def unpack(cursor: str, count: int) -> tuple[int, ...]:
    """The numbers of a cursor; raises Invalid for anything we did not make."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        numbers = tuple(int(one) for one in text.split("."))
    except (binascii.Error, ValueError) as fault:
        raise Invalid("cursor", "bad_cursor") from fault
    if len(numbers) != count or any(not 0 <= one < 1 << 63 for one in numbers):
        raise Invalid("cursor", "bad_cursor")
    return numbers


# ---------------------------------------------------------------- the list


def walk_view(
    unit: Unit, *, view: str, who: Who, filters: Filters, cursor: str | None, limit: int = 50
) -> Page[TicketLine]:
    """One page of a view that is walked by rank, security on top, narrowed by the filters."""
    asked = Asked(view, who, filters, limit)
    place = unpack(cursor, 3) if cursor else None
    if filters.urgency and filters.urgency not in URGENCIES:
        return Page([])
    for owner in _owners(asked, unit):
        for standing in _STANDINGS.get(view, _IN_HAND):
            if place is None or standing >= place[0]:
                _branch(asked, owner, standing, place)
    if not asked.branches:
        return Page([])
    found = unit.rows(" UNION ALL ".join(asked.branches), **asked.params)
    order = sorted((row.standing, row.rank, row.id) for row in found)[: limit + 1]
    lines = by_ids(unit, [one[2] for one in order[:limit]])
    return Page(lines, pack(*order[limit - 1]) if len(order) > limit else None)


def _owners(asked: Asked, unit: Unit) -> list[str]:
    """The leading condition of each branch: the index of an agent, of a team, of a team's category
    or channel, or of the whole desk. What may be rare has an index of its own: by another one it
    would be looked for in vain for long."""
    if asked.view == "mine":
        return [f"t.assignee_id = {asked.name(asked.who.id)}"]
    if asked.view in _RARE:
        return [""]
    teams, filters = scope(asked.who), asked.filters
    if teams is None and (filters.team or filters.category or filters.channel):
        teams = tuple(team.id for team in all_teams(unit))
    if filters.team:
        wanted = [team.id for team in all_teams(unit) if team.key == filters.team]
        teams = tuple(one for one in wanted if teams is None or one in teams)
    if teams is None:
        return ["t.assignee_id IS NULL" if asked.view == "unassigned" else ""]
    return [owner for team in teams for owner in _of_team(asked, unit, team)]


def _of_team(asked: Asked, unit: Unit, team: int) -> list[str]:
    """The branches of one team: all of it, its categories that are wanted, or its channel."""
    owner, filters = f"t.team_id = {asked.name(team)}", asked.filters
    if filters.category:
        found = _categories(unit, team, filters.category)
        return [f"{owner} AND t.category = {asked.name(one)}" for one in found]
    if filters.channel:
        return [f"{owner} AND t.channel = {asked.name(filters.channel)}"]
    return [owner]


def _categories(unit: Unit, team: int, wanted: str) -> list[str]:
    """The category, or those of a group that a team has: each is the next one along the index."""
    if "." in wanted:
        return [wanted]
    found: list[str] = []
    last = ""
    while last := unit.value(
        "SELECT MIN(category) FROM ticket WHERE team_id = :team AND category > :last",
        team=team,
        last=last,
    ):
        found.append(last)
    return [one for one in found if one.startswith(f"{wanted}.")]


def _branch(asked: Asked, owner: str, standing: int, place: tuple[int, ...] | None) -> None:
    said = [owner] if owner else []
    said.append(f"t.standing = {asked.name(standing)}")
    if asked.view in _RANKS:
        low, high = _RANKS[asked.view]
        said.append(f"t.rank >= {asked.name(low)} AND t.rank < {asked.name(high)}")
    if place is not None and place[0] == standing:
        said.append(f"(t.rank, t.id) > ({asked.name(place[1])}, {asked.name(place[2])})")
    said += _narrowed(asked)
    asked.branches.append(
        "SELECT * FROM (SELECT t.standing, t.rank, t.id FROM ticket t "  # noqa: S608  # ours
        f"WHERE {' AND '.join(said)} ORDER BY t.rank, t.id LIMIT {asked.name(asked.limit + 1)}"
        ") AS one"
    )


def _narrowed(asked: Asked) -> list[str]:
    """What is checked row by row on the way along the index."""
    said = []
    if asked.view == "unassigned":
        said.append("t.assignee_id IS NULL")
    if asked.view == "snoozed":
        said.append("t.state = 'snoozed'")  # as the partial index says it
    if asked.view == "parked":
        said.append("t.parked")
    if asked.view in ("mine", *_RARE):
        teams = scope(asked.who)
        if teams is not None:  # ``+ 0``: not by a team's index
            said.append(f"t.team_id + 0 IN ({', '.join(map(asked.name, teams)) or 'NULL'})")
        said += of_team(asked)
    return said + filtered(asked, asked.filters)


def of_team(asked: Asked) -> list[str]:
    """The condition of the team asked for, for queries that walk no team's index."""
    key = asked.filters.team
    if not key:
        return []
    return [f"t.team_id IN (SELECT id FROM team WHERE key = {asked.name(key)})"]  # noqa: S608  # ours


def filtered(asked: Asked, filters: Filters) -> list[str]:
    """The conditions of the filters but the team's; a ticket's id tells when it was opened. They
    are checked row by row: ``|| ''`` keeps the database from sorting all of a category."""
    said = [
        f"t.{column} = {asked.name(value)}"
        for column, value in (
            ("urgency", filters.urgency),
            ("channel || ''", filters.channel),
            ("state", filters.state),
        )
        if value
    ]
    if filters.before is not None:
        said.append(f"t.id < {asked.name(first_at(filters.before))}")
    if filters.after is not None:
        said.append(f"t.id >= {asked.name(first_at(filters.after))}")
    if filters.language:
        written = _WRITTEN_IN.get(filters.language, (filters.language,))
        said.append(f"t.language IN ({', '.join(map(asked.name, written))})")
    if "." in filters.category:
        said.append(f"t.category || '' = {asked.name(filters.category)}")
    elif filters.category:
        said.append(begins("t.category", asked.name(f"{filters.category}.")))
    if filters.tag:
        said.append(
            "EXISTS (SELECT 1 FROM ticket_tag g WHERE g.ticket_id = t.id "  # noqa: S608  # ours
            f"AND g.tag = {asked.name(filters.tag)})"
        )
    return said


def by_ids(unit: Unit, ids: Sequence[int]) -> list[TicketLine]:
    """These tickets as lines, in this order; the caller has checked who may see them."""
    if not ids:
        return []
    found = {row.id: line(row) for row in unit.rows(f"{LINE} WHERE t.id IN :ids", ids=list(ids))}
    return [found[one] for one in ids if one in found]


def line(row: Any) -> TicketLine:
    """A row of :data:`LINE` as a value."""
    return TicketLine(
        id=row.id,
        number=row.number,
        subject=row.subject,
        snippet=row.snippet,
        requester=row.requester_name or covered(row.handle_kind, row.handle),
        requester_id=row.requester_id,
        handle=covered(row.handle_kind, row.handle),
        handle_kind=row.handle_kind,
        channel=row.channel,
        state=row.state,
        standing=row.standing,
        category=row.category,
        urgency=row.urgency,
        security=bool(row.security),
        parked=bool(row.parked),
        spam=bool(row.spam),
        due_at=moment(row.due_at),
        opened_at=from_us(row.opened_at),
        updated_at=from_us(row.updated_at),
        closed_at=moment(row.closed_at),
        team_id=row.team_id,
        assignee_id=row.assignee_id,
        assignee=row.assignee or "",
        language=row.language,
        verification=row.verification,
        imitates=row.imitates,
        messages=row.messages,
        erased_at=moment(row.erased_at),
    )


def moment(value: int | None) -> datetime | None:
    """A stored moment, or None."""
    return None if value is None else from_us(value)


# ---------------------------------------------------------------- beside the list


def kept_counts(unit: Unit, who: Who) -> dict[str, int]:
    """How many tickets each view holds, from kept counts; never fewer than none."""
    teams = scope(who)
    if teams is None:
        teams = tuple(team.id for team in all_teams(unit))
    wanted = [f"t{team}:{view}" for team in teams for view in VIEWS if view != "mine"]
    found = counters.read(unit, [*wanted, f"a{who.id}:mine"])
    totals = dict.fromkeys(VIEWS, 0)
    for key, value in found.items():
        totals[key.partition(":")[2]] += value
    return {view: max(value, 0) for view, value in totals.items()}


def all_teams(unit: Unit) -> Sequence[Any]:
    """Every team: id, key, name_zh, name_en."""
    return unit.rows("SELECT id, key, name_zh, name_en FROM team ORDER BY id")


def all_agents(unit: Unit) -> Sequence[Any]:
    """Everybody who works here now: id, name, role. Those who are called the same have their
    address in their name."""
    return unit.rows(
        "SELECT id, CASE WHEN COUNT(*) OVER (PARTITION BY name) > 1 "
        "THEN name || ' · ' || email ELSE name END AS name, role FROM agent WHERE active "
        "ORDER BY name, id"
    )
