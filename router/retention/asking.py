"""Somebody is to be erased: what happens at once."""

from __future__ import annotations

from router.assemble import Router
from router.errors import Conflict, NotFound
from router.retention.steps import STEPS
from router.store import erasing, erasures, timeline
from router.store.pages import person as pages_person
from router.store.unit import Unit


def ask(router: Router, requester_id: int, *, agent_id: int | None) -> int:
    """Erase somebody: from this commit on nobody is found by their handles, and nothing more is
    sent to them; the rest is worked off. The id of the erasure.

    Raises NotFound, or Conflict ``nobody_known`` where the handle stands for many people, and
    ``erased`` when it was done before.
    """

    def work(unit: Unit) -> int:
        found = pages_person.person(unit, requester_id)
        if found is None:
            raise NotFound("there is no such person")
        if found.erased:
            raise Conflict("erased")
        if not found.known:
            raise Conflict("nobody_known")
        handles = [(one.kind, one.value) for one in found.handles]
        row_id = erasures.ask(
            unit, router.keys, requester_id, handles, step=STEPS[0], agent_id=agent_id
        )
        erasing.forget_handles(unit, requester_id, [one.id for one in found.handles])
        timeline.audit(
            unit, _actor(agent_id), "requester.erasure_asked", f"requester:{requester_id}"
        )
        return row_id

    return router.store.write(work)


def _actor(agent_id: int | None) -> str:
    return "cli" if agent_id is None else f"agent:{agent_id}"


def is_done(router: Router, row_id: int) -> bool:
    """Whether an erasure is over."""
    with router.store.reading() as unit:
        return erasures.find(unit, row_id).done_at is not None
