"""Two requesters who are one person: suggested with what speaks for it, decided by a person, and
taken back whenever somebody finds that it was wrong. Nothing is ever joined by itself."""

from __future__ import annotations

from router.assemble import Router
from router.core.rights import Who, may
from router.errors import Conflict, NotFound
from router.store import one_person, timeline
from router.store.batch import Draft, load, write
from router.store.one_person import Likely
from router.store.unit import Unit


def decide(router: Router, who: Who, ticket_id: int, requester_id: int, *, accept: bool) -> None:
    """Say whether a suggested requester is the one of this ticket.

    Raises NotFound for a ticket or a suggestion that is not this person's to see: what speaks for
    it is looked up again, so only what was suggested can be joined.
    """

    def work(unit: Unit) -> None:
        draft = _held(unit, who, ticket_id)
        other = _suggested(unit, who, draft, requester_id)
        if accept:
            one_person.join(unit, draft.requester_id, other, who.id)
        else:
            one_person.dismiss(unit, draft.requester_id, other, who.id)
        code = "people_joined" if accept else "people_told_apart"
        params = {"handle": other.handle, "evidence": other.evidence}
        timeline.note(unit, draft.id, code, agent_id=who.id, **params)
        subject = f"requester:{draft.requester_id}+{other.requester_id}"
        timeline.audit(unit, f"agent:{who.id}", f"requester.{code}", subject)
        _touch(unit, draft)

    router.store.write(work)


def part(router: Router, who: Who, ticket_id: int, joining_id: int) -> None:
    """Take a joining of this ticket's requester back. Raises NotFound, or Conflict when it was
    taken back already."""

    def work(unit: Unit) -> None:
        draft = _held(unit, who, ticket_id)
        row = one_person.find(unit, joining_id)
        if row is None or row.kept_id != draft.requester_id:
            raise NotFound("there is no such joining of this requester")
        if not one_person.part(unit, row, who.id):
            raise Conflict("parted_already")
        timeline.note(unit, draft.id, "people_parted", agent_id=who.id)
        subject = f"requester:{row.kept_id}+{row.gone_id}"
        timeline.audit(unit, f"agent:{who.id}", "requester.people_parted", subject)
        _touch(unit, draft)

    router.store.write(work)


def _held(unit: Unit, who: Who, ticket_id: int) -> Draft:
    draft = load(unit, [ticket_id]).get(ticket_id)
    if draft is None or not may(who, "join_people", draft.team_id):
        raise NotFound("there is no such ticket among yours")
    return draft


def _suggested(unit: Unit, who: Who, draft: Draft, requester_id: int) -> Likely:
    for one in one_person.likely(unit, draft.requester_id, who):
        if one.requester_id == requester_id:
            return one
    raise NotFound("nothing speaks for that")


def _touch(unit: Unit, draft: Draft) -> None:
    draft.updated_at = unit.now_us
    write(unit, [draft])
