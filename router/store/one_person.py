"""Whether two requesters are one person: what speaks for it, and what somebody said about it.

Evidence is a fact that can be shown: a number or an address that was given in a form, or one number
in two spellings. It proves nothing, so nothing is ever joined by itself, and a name that looks the
same is no evidence at all. Joining moves handles, not tickets' participants: whoever could not
write on a ticket before still cannot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.core.calls import covered
from router.core.identity import normalise
from router.core.rights import Who
from router.core.waves.traces import number_of
from router.store.pages.messages import within
from router.store.shapes import GivenHandle, OnePerson
from router.store.unit import Unit

#: Fields of a message that hold a handle of its writer's.
GIVEN = frozenset({"email", "phone"})
#: Suggestions shown of one requester, and handles asked about, at most.
_MOST, _ASKED = 5, 20


@dataclass(frozen=True, slots=True)
class Likely:
    """Another requester who may be the same person. ``evidence`` is a code: ``gave`` (this one gave
    a handle of the other), ``was_given`` (the other gave one of this one), ``same_number``;
    ``ticket`` is where, ``handle`` which one, as it may be shown."""

    requester_id: int
    name: str
    handle: str
    kind: str
    evidence: str
    ticket: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A joining that holds: what was joined, why, by whom."""

    id: int
    handles: tuple[str, ...]
    evidence: str
    ticket: str
    agent: str
    at: int


def key_of(kind: str, value: str) -> str:
    """The word under which a given handle is found; numbers with and without their country meet."""
    return number_of(normalise(kind, value)) if kind == "phone" else normalise(kind, value)


def _spellings(kind: str, value: str) -> list[str]:
    """How the handle of such a key may be written as an identity."""
    key = key_of(kind, value)
    return [key, f"+{key}", f"+86{key}"] if kind == "phone" else [key]


def gave(unit: Unit, identity_id: int, ticket_id: int, fields: Mapping[str, str]) -> None:
    """Somebody gave handles besides the one they wrote from."""
    for kind in GIVEN & fields.keys():
        value = key_of(kind, fields[kind])
        if value:
            unit.put(
                GivenHandle,
                id=unit.new_id(),
                kind=kind,
                value=value[:254],
                identity_id=identity_id,
                ticket_id=ticket_id,
            )


# ---------------------------------------------------------------- what speaks for it


def likely(unit: Unit, requester_id: int, who: Who) -> list[Likely]:
    """Requesters who may be this one, as far as this viewer may see a ticket of theirs; those
    somebody decided about are left out."""
    found: dict[int, Likely] = {}
    for one in _evidence(unit, requester_id):
        if one.requester_id == requester_id or one.requester_id in found:
            continue
        decided = len(found) == _MOST or _decided(unit, requester_id, one.requester_id)
        if not decided and _visible(unit, one.requester_id, who):
            found[one.requester_id] = one
    return list(found.values())


def _evidence(unit: Unit, requester_id: int) -> Iterator[Likely]:
    own = _handles(unit, requester_id)
    for row in _given(unit, [one.id for one in own]):
        for other in _identities(unit, row.kind, _spellings(row.kind, row.value)):
            yield _likely(other, "gave", row.number)
    for mine in own:
        if mine.kind not in GIVEN:
            continue
        for row in _givers(unit, mine.kind, key_of(mine.kind, mine.value)):
            yield _likely(row, "was_given", row.number)
        if mine.kind == "phone":
            for other in _identities(unit, "phone", _spellings("phone", mine.value)):
                yield _likely(other, "same_number", "")


def _likely(row: Any, evidence: str, ticket: str) -> Likely:
    handle = covered(row.kind, row.value)
    return Likely(row.requester_id, row.name, handle, row.kind, evidence, ticket)


def _handles(unit: Unit, requester_id: int) -> Sequence[Any]:
    return unit.rows(
        "SELECT id, kind, value FROM identity WHERE requester_id = :id AND value <> 'unknown' "
        "ORDER BY id LIMIT :n",
        id=requester_id,
        n=_ASKED,
    )


def _given(unit: Unit, identity_ids: list[int]) -> Sequence[Any]:
    if not identity_ids:
        return []
    return unit.rows(
        "SELECT g.kind, g.value, t.number FROM given_handle g JOIN ticket t ON t.id = g.ticket_id "
        "WHERE g.identity_id IN :ids ORDER BY g.id DESC LIMIT :n",
        ids=identity_ids,
        n=_ASKED,
    )


def _givers(unit: Unit, kind: str, key: str) -> Sequence[Any]:
    return unit.rows(
        "SELECT i.requester_id, i.kind, i.value, r.name, t.number FROM given_handle g "
        "JOIN identity i ON i.id = g.identity_id JOIN requester r ON r.id = i.requester_id "
        "JOIN ticket t ON t.id = g.ticket_id "
        "WHERE g.kind = :kind AND g.value = :key ORDER BY g.id DESC LIMIT :n",
        kind=kind,
        key=key,
        n=_ASKED,
    )


def _identities(unit: Unit, kind: str, spellings: list[str]) -> Sequence[Any]:
    return unit.rows(
        "SELECT i.requester_id, i.kind, i.value, r.name FROM identity i "
        "JOIN requester r ON r.id = i.requester_id WHERE i.kind = :kind AND i.value IN :values",
        kind=kind,
        values=spellings,
    )


def _decided(unit: Unit, one: int, other: int) -> bool:
    return bool(
        unit.value(
            "SELECT 1 FROM one_person WHERE state <> 'parted' AND ((kept_id = :one "
            "AND gone_id = :other) OR (kept_id = :other AND gone_id = :one)) LIMIT 1",
            one=one,
            other=other,
        )
    )


def _visible(unit: Unit, requester_id: int, who: Who) -> bool:
    limited, known = within(who)
    return bool(
        unit.value(
            f"SELECT 1 FROM ticket t WHERE t.requester_id = :id{limited} LIMIT 1",  # noqa: S608  # ours
            id=requester_id,
            **known,
        )
    )


# ---------------------------------------------------------------- what somebody said


def join(unit: Unit, kept_id: int, other: Likely, agent_id: int) -> int:
    """Make one requester of two; the number of the joining, by which it is taken back."""
    gone_id = other.requester_id
    handles = [row.id for row in _handles_of(unit, gone_id)]
    _move(unit, handles, gone_id, kept_id)
    unit.run(
        "UPDATE requester SET name = CASE WHEN name = '' THEN COALESCE((SELECT name FROM requester "
        "WHERE id = :gone), '') ELSE name END WHERE id = :kept",
        gone=gone_id,
        kept=kept_id,
    )
    return _write(unit, kept_id, other, agent_id, "joined", handles)


def dismiss(unit: Unit, kept_id: int, other: Likely, agent_id: int) -> None:
    """They are two people; it is not suggested again."""
    _write(unit, kept_id, other, agent_id, "dismissed", [])


def _write(
    unit: Unit, kept_id: int, other: Likely, agent_id: int, state: str, moved: list[int]
) -> int:
    number = unit.new_id()
    unit.put(
        OnePerson,
        id=number,
        kept_id=kept_id,
        gone_id=other.requester_id,
        state=state,
        evidence=other.evidence,
        params=json.dumps({"ticket": other.ticket}) if other.ticket else "",
        moved=json.dumps(moved),
        agent_id=agent_id,
        at=unit.now_us,
    )
    return number


def find(unit: Unit, number: int) -> Any:
    """One joining, or None."""
    return unit.row("SELECT * FROM one_person WHERE id = :id", id=number)


def part(unit: Unit, row: Any, agent_id: int) -> bool:
    """Take a joining back: the handles that went over, and all tickets of theirs, go back; False
    when somebody was faster."""
    if not unit.run(
        "UPDATE one_person SET state = 'parted', ended_at = :now, ended_by = :agent "
        "WHERE id = :id AND state = 'joined'",
        now=unit.now_us,
        agent=agent_id,
        id=row.id,
    ):
        return False
    _move(unit, json.loads(row.moved), row.kept_id, row.gone_id)
    return True


def joined(unit: Unit, requester_id: int) -> list[Joined]:
    """The joinings of this requester that hold, newest first."""
    rows = unit.rows(
        "SELECT o.*, a.name AS agent FROM one_person o JOIN agent a ON a.id = o.agent_id "
        "WHERE o.kept_id = :id AND o.state = 'joined' ORDER BY o.id DESC LIMIT :n",
        id=requester_id,
        n=_ASKED,
    )
    return [
        Joined(
            row.id,
            tuple(_shown(unit, json.loads(row.moved))),
            row.evidence,
            json.loads(row.params).get("ticket", "") if row.params else "",
            row.agent,
            row.at,
        )
        for row in rows
    ]


def _shown(unit: Unit, identity_ids: list[int]) -> Iterator[str]:
    for row in unit.rows(
        "SELECT kind, value FROM identity WHERE id IN :ids ORDER BY id", ids=identity_ids or [0]
    ):
        yield covered(row.kind, row.value)


def _handles_of(unit: Unit, requester_id: int) -> Sequence[Any]:
    return unit.rows(
        "SELECT id FROM identity WHERE requester_id = :id ORDER BY id", id=requester_id
    )


def _move(unit: Unit, identity_ids: list[int], from_id: int, to_id: int) -> None:
    """Give handles, and the tickets that were opened from them, to another requester."""
    ids = identity_ids or [0]
    unit.run("UPDATE identity SET requester_id = :to WHERE id IN :ids", to=to_id, ids=ids)
    unit.run(
        "UPDATE ticket SET requester_id = :to, version = version + 1 "
        "WHERE requester_id = :from AND identity_id IN :ids",
        **{"from": from_id, "to": to_id, "ids": ids},
    )
