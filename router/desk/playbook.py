"""Working through a playbook: whose task it is, that it is done, and what the wallet is asked."""

from __future__ import annotations

from typing import Any

from router import playbook
from router.assemble import Router
from router.core.rights import Who
from router.desk.acting import final
from router.errors import Conflict, Invalid, NotFound
from router.store import playbooks, tickets, timeline, webhooks
from router.store.batch import Draft
from router.store.unit import Unit

#: What a task may become.
TASK_STATES = ("open", "done", "skipped")


def own_task(router: Router, who: Who, ticket_id: int, task_id: int, owner: int | None) -> None:
    """Give a task to somebody, or to nobody."""

    def work(unit: Unit, draft: Draft) -> None:
        task = _task(unit, draft, task_id)
        name = None if owner is None else tickets.agent_name(unit, owner)
        if owner is not None and name is None:
            raise Invalid("agent", "unknown_agent")
        playbooks.own(unit, task_id, owner)
        timeline.note(unit, draft.id, "task_owned", agent_id=who.id, agent=name, **_named(task))

    final(router, who, "run_playbook", ticket_id, work)


def end_task(router: Router, who: Who, ticket_id: int, task_id: int, state: str) -> None:
    """A task is done, not needed, or open again."""
    if state not in TASK_STATES:
        raise Invalid("state", "unknown_state")

    def work(unit: Unit, draft: Draft) -> None:
        task = _task(unit, draft, task_id)
        if task.state != state:
            playbooks.end(unit, task_id, state, who.id)
            timeline.note(unit, draft.id, f"task_{state}", agent_id=who.id, **_named(task))

    final(router, who, "run_playbook", ticket_id, work)


def _task(unit: Unit, draft: Draft, task_id: int) -> Any:
    task = playbooks.find(unit, task_id, draft.id)
    if task is None:
        raise NotFound("there is no such task on this ticket")
    return task


def _named(task: Any) -> dict[str, str]:
    return {"task": f"{task.playbook}.{task.step}"}


def request_freeze(router: Router, who: Who, ticket_id: int) -> None:
    """Ask the wallet to freeze the requester's account. Raises Conflict where it was asked
    already, or nobody can be asked."""

    def work(unit: Unit, draft: Draft) -> None:
        if not playbook.ask_freeze(router, unit, draft, who.id):
            raise Conflict("freeze_under_way" if router.wallet.on("wallet") else "no_wallet")

    final(router, who, "run_playbook", ticket_id, work)


def call_again(router: Router, who: Who, ticket_id: int, call_id: int) -> None:
    """Make a call to the wallet once more that was given up."""

    def work(unit: Unit, draft: Draft) -> None:
        row = webhooks.find(unit, call_id)
        if row is None or row.ticket_id != draft.id:
            raise NotFound("there is no such call on this ticket")
        if not webhooks.again(unit, call_id):
            raise Conflict("outbox_moved_on")
        timeline.note(unit, draft.id, "wallet_asked", agent_id=who.id, call=row.kind)

    final(router, who, "run_playbook", ticket_id, work)
