"""Taking back what was just done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from router.assemble import Router
from router.core.erasing import RULE
from router.core.rights import Who, may
from router.desk import splitting
from router.errors import Conflict, NotFound
from router.store import (
    acts,
    blocking,
    links,
    merging,
    outbox,
    playbooks,
    search,
    snoozes,
    tickets,
    timeline,
    writings,
)
from router.store.batch import Draft, load, write
from router.store.promises import clocks
from router.store.unit import Unit

#: What may be undone although the ticket has moved on since: a reply that has not left, and two
#: tickets that were made one.
_LENIENT = frozenset({"reply", "forward", "macro", "merge"})


def undo(router: Router, who: Who, batch: int) -> int:
    """Take back all that this person did in one go; how many tickets it touched. All or nothing:
    raises Conflict when something of it has left the desk or was changed by somebody since."""

    def job(unit: Unit) -> int:
        rows = acts.of_batch(unit, batch, who.id)
        if not rows or rows[0].at < unit.now_us - acts.FOR_US:
            raise Conflict("undo_over")
        load(unit, {row.ticket_id for row in rows})  # held in one order, as everybody holds several
        for row in rows:
            _take_back(router, unit, who, row)
        return len({row.ticket_id for row in rows})

    return router.store.write(job)


def _take_back(router: Router, unit: Unit, who: Who, row: Any) -> None:
    seen = json.loads(row.seen)
    draft = _held(unit, who, row.ticket_id, seen["before"]["team_id"])
    if not acts.close(unit, row.id):
        raise Conflict("undo_over")
    if "outbox" in seen:
        kind = "forward" if row.verb == "forward" else "reply"
        _unsend(router, unit, draft, who, seen, kind)
    _untie(router, unit, draft, who, seen)
    moved = _restore(unit, draft, who, seen, strict=row.verb not in _LENIENT)
    if row.verb == "merge":
        draft.messages = merging.said(unit, draft.id)
    # Who closed the ticket since has settled what was owed on it.
    settled = draft.state == "closed" and seen["before"]["state"] != "closed"
    late = settled or (row.verb == "merge" and "state" in moved)
    if seen["clocks"] is not None and not late:
        unit.flush()
        acts.put_back(unit, draft, row.id, seen["clocks"])
        clocks.afresh(unit, draft, router.policies)
    draft.updated_at = unit.now_us
    write(unit, [draft])
    timeline.note(unit, draft.id, "undone", agent_id=who.id, verb=row.verb, of=row.at)
    told = timeline.details({"verb": row.verb})
    timeline.audit(unit, f"agent:{who.id}", "ticket.undo", f"ticket:{draft.id}", told)


def _untie(router: Router, unit: Unit, draft: Draft, who: Who, seen: Mapping[str, Any]) -> None:
    """Take back what an act did beside the ticket's own columns."""
    if "merge" in seen:
        merging.carry_back(unit, seen["merge"])
        playbooks.wait(unit, draft.id)
    if "link" in seen:
        links.drop(unit, *seen["link"])
    if "split" in seen:
        splitting.rejoin(router, unit, draft, who, seen["split"])
    if "blocked" in seen:
        blocking.let_in(unit, seen["blocked"])
    if "unblocked" in seen:
        blocking.block(unit, seen["unblocked"], who.id)


def _held(unit: Unit, who: Who, ticket_id: int, team_id: int) -> Draft:
    """The ticket; whoever gave it to a team they are not in may take it back all the same."""
    draft = load(unit, [ticket_id]).get(ticket_id)
    if draft is None or not may(who, "view", team_id):
        raise NotFound("there is no such ticket among yours")
    return draft


def _restore(
    unit: Unit, draft: Draft, who: Who, seen: Mapping[str, Any], *, strict: bool
) -> list[str]:
    """Give the ticket the columns, tags and sleep it had, where they are as the act left them; what
    somebody has changed since."""
    before, after = seen["before"], seen["after"]
    now = acts.look(unit, draft)
    changed = [name for name in before if before[name] != after[name]]
    moved = [name for name in changed if now[name] != after[name]]
    if moved and strict:
        raise Conflict("undo_overtaken")
    for name in changed:
        if name in moved:
            continue
        if name == "tags":
            acts.put_tags(unit, draft.id, before["tags"])
        elif name == "until":
            if before["until"] is None:
                snoozes.forget(unit, draft.id)
            else:
                snoozes.put(unit, draft.id, who.id, before["until"])
        else:
            setattr(draft, name, before[name])
    return moved


def _unsend(  # an act, and who takes it back from where
    router: Router, unit: Unit, draft: Draft, who: Who, seen: Mapping[str, Any], kind: str
) -> None:
    """Keep what was written, and every copy of it, from leaving, and make a draft of it again."""
    if not all(outbox.withdraw(unit, one) for one in (seen["outbox"], *seen.get("copies", ()))):
        raise Conflict("already_sent")
    text = tickets.withdraw(unit, seen["message"])
    if files := tickets.file_names(unit, seen["message"]):
        timeline.note(unit, draft.id, "files_dropped", agent_id=who.id, names=files)
    entry = search.prepare(text, router.settings.intake.search_characters)
    search.remove(unit, [(seen["message"], entry)])
    draft.messages -= 1
    begun = writings.of_ticket(unit, router.keys, who.id, draft.id).get(kind, "")
    own = text.partition(RULE)[0] if kind == "forward" else text
    whole = "\n\n".join(filter(None, (own, begun)))
    writings.keep(unit, router.keys, who.id, draft.id, kind, whole)
