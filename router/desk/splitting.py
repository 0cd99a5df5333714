"""One ticket that holds two matters becomes two."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from router.assemble import Router
from router.core.masking import redact
from router.core.references import ticket_number
from router.core.rights import Who
from router.desk.acting import Deed, do, take
from router.errors import Conflict, Invalid, NotFound
from router.store import links, merging, splitting, timeline, writings
from router.store import shapes as t
from router.store.batch import Draft, write
from router.store.promises import clocks
from router.store.unit import Unit

_SNIPPET = 140
_SUBJECT = 500


def split(
    router: Router,
    who: Who,
    ticket_id: int,
    message_ids: Collection[int],
    subject: str = "",
    *,
    onward: bool = False,
) -> str:
    """Make a ticket of its own of some messages; its number.

    ``onward`` takes along all that was said after the first of them. At least one of them was
    written to us, and one such message stays. The new ticket is about what the rules found in its
    messages, is promised what a new ticket is from when the first was written, and is tied to the
    one it came from. Who takes part in it is who wrote what went over.
    """
    subject = redact.mask(" ".join(subject.split())).text[:_SUBJECT]

    def work(unit: Unit, draft: Draft) -> str:
        said = splitting.messages(unit, draft.id)
        gone: Sequence[Any] = [row for row in said if row.id in set(message_ids)]
        if len(gone) != len(set(message_ids)):
            raise NotFound("there is no such message on this ticket")
        if onward and gone:
            gone = said[said.index(gone[0]) :]
        if not _heard(gone):
            raise Invalid("message", "nothing_to_split")
        if len(_heard(gone)) == len(_heard(said)):
            raise Invalid("message", "nothing_left")
        child = _open(router, unit, draft, gone, subject)
        _promise(router, unit, draft, child, gone)
        write(unit, [child])
        _bring(unit, draft, child, gone)
        timeline.note(unit, draft.id, "split_off", agent_id=who.id, number=child.number)
        told = {"number": draft.number, "id": child.assignee_id}
        timeline.note(unit, child.id, "split_from", agent_id=who.id, **told)
        timeline.audit(unit, f"agent:{who.id}", "ticket.split_off", f"ticket:{child.id}")
        deed.more["split"] = child.id
        return child.number

    deed = Deed(who, "split", ticket_id)
    return do(router, deed, work)


def _heard(rows: Sequence[Any]) -> list[Any]:
    return [row for row in rows if row.direction == "in"]


def _open(router: Router, unit: Unit, parent: Draft, gone: Sequence[Any], subject: str) -> Draft:
    """The new ticket, as its messages would have made it."""
    first, ticket_id = _heard(gone)[0], unit.new_id()
    verdict = splitting.found(unit, [row.id for row in gone])
    category = verdict.category if verdict is not None else parent.category
    return Draft(
        id=ticket_id,
        number=ticket_number(ticket_id, router.keys),
        subject=subject or first.subject or parent.subject,
        requester_id=splitting.requester(unit, first.identity_id),
        identity_id=first.identity_id,
        channel=first.channel,
        account=first.account,
        team_id=parent.team_id,
        assignee_id=parent.assignee_id,
        category=category,
        security=category.startswith("security."),
        urgency=verdict.urgency if verdict is not None else parent.urgency,
        opened_at=first.seen_at,
        updated_at=unit.now_us,
        language=first.language or parent.language,
        verification=first.verification,
        imitates=first.imitates,
        messages=len(gone),
        snippet=_heard(gone)[0].text[:_SNIPPET],
        new=True,
    )


def _promise(router: Router, unit: Unit, parent: Draft, child: Draft, gone: Sequence[Any]) -> None:
    """What is owed on the new ticket, and so where it stands."""
    first = _heard(gone)[0]
    answers = [row for row in gone if row.direction == "out" and row.seen_at >= first.seen_at]
    since = [row for row in _heard(gone) if not answers or row.seen_at > answers[-1].seen_at]
    kind = "next_response" if answers else "first_response"
    owed = (kind, since[0].seen_at) if since else None
    child.state = "waiting" if owed is None else "open" if answers else "new"
    clocks.split(unit, parent, child, router.policies, first.seen_at, owed)
    if owed is None:
        clocks.pause(unit, child, router.policies)


def _bring(unit: Unit, parent: Draft, child: Draft, gone: Sequence[Any]) -> None:
    splitting.carry(unit, child.id, [row.id for row in gone])
    for identity_id in {row.identity_id for row in _heard(gone)}:
        unit.put(t.Participant, ticket_id=child.id, identity_id=identity_id)
    links.relate(unit, parent.id, child.id)
    parent.messages -= len(gone)


def rejoin(router: Router, unit: Unit, parent: Draft, who: Who, child_id: int) -> None:
    """Undo :func:`split`: all that is on the new ticket by now comes back, and what is still sent
    to it arrives at the old one. Its promises end, for they were never owed twice."""
    child = take(unit, who, "split", child_id)
    if merging.into(unit, (child_id,)):
        raise Conflict("undo_overtaken")
    merging.carry(unit, child.id, parent.id)
    writings.move(unit, router.keys, child.id, parent.id)
    links.drop(unit, parent.id, child.id)
    clocks.waive(unit, child)
    child.state, child.closed_at, child.messages = "closed", unit.now_us, 0
    child.updated_at = unit.now_us
    write(unit, [child])
    timeline.note(unit, child.id, "merged", agent_id=who.id, number=parent.number)
    parent.messages = merging.said(unit, parent.id)
