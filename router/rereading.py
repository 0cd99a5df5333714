"""The second reading: after the commit, in batches, within two seconds of a message's arrival.

The rules decided at once and can say why in words. Every message is read again by meaning; that may
only raise, or call one incident by the name of another, and shows the nearest examples as its
reason. A ticket that a person has already corrected or closed stays as that person left it. What
the rules only suspected is an alarm when the reader agrees, and when nobody can be asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from router import acknowledge, triage
from router.assemble import Router
from router.store import playbooks, readings, timeline
from router.store.batch import Batch, Draft, Wanted
from router.store.unit import Unit
from rules.contract import ASKED, Urgency, Verdict
from rules.raising import Judged, Opinion, Raised, confirmed, denied, raised

TOGETHER = 64
_NEAR_SHOWN = 80


def sweep(router: Router) -> int:
    """Read what waits, a batch at a time; how many were read."""
    read = 0
    while rows := _waiting(router):
        try:
            reader = router.reader.open()
            texts = [f"{row.subject}\n{row.text}".strip() for row in rows]
            opinions = [None] * len(rows) if reader is None else reader.read(texts)
        except Exception:  # told on by whoever wakes this; no alarm waits for it
            while suspected := _waiting(router, suspected=True):
                _write(router, suspected, [None] * len(suspected), "")
            raise
        _write(router, rows, opinions, "" if reader is None else reader.version)
        read += 0 if reader is None else len(rows)
    return read


def _waiting(router: Router, *, suspected: bool = False) -> list[Any]:
    with router.store.reading() as unit:
        return readings.waiting(unit, TOGETHER, suspected=suspected)


def _write(
    router: Router, rows: Sequence[Any], opinions: Sequence[Opinion | None], version: str
) -> None:
    """Let tickets follow what was read; where no opinion can be had, what the rules suspected."""

    def work(unit: Unit) -> None:
        ours = readings.done(unit, [row.message_id for row in rows])
        tickets = {row.ticket_id for row in rows}
        batch = Batch(unit, Wanted(ticket_ids=tickets))
        decided = readings.corrected(unit, tickets)
        for row, opinion in zip(rows, opinions, strict=True):
            if row.message_id in ours:
                change = _change(router, row, opinion, batch, decided)
                if change is not None:
                    _apply(router, batch, batch.tickets[row.ticket_id], change, opinion)
                    if row.suspected and change.urgency is Urgency.P1:
                        near = [one for one in json.loads(row.near) if one[1] != ASKED]
                        told = json.dumps(near, ensure_ascii=False) if near else ""
                        readings.believe(unit, row.message_id, row.suspected, told)
                if opinion is None:
                    continue
                readings.keep(
                    unit,
                    row.message_id,
                    opinion,
                    bank=version,
                    raised=change is not None,
                    urgency=change.urgency.value if change else row.urgency,
                )
        batch.save()

    router.store.write(work)


def _change(
    router: Router, row: Any, opinion: Opinion | None, batch: Batch, decided: Mapping[int, int]
) -> Raised | None:
    draft = batch.tickets.get(row.ticket_id)
    if draft is None or draft.state == "closed":
        return None
    by_person = decided.get(row.ticket_id)
    # An alarm of the rules follows upwards on any ticket, but not after a person has judged it.
    if by_person is not None and (not row.suspected or by_person >= row.at):
        return None
    near = json.loads(row.near) if row.near else ()
    judged = Judged(
        row.category,
        Urgency(row.urgency),
        float(row.score),
        denied(near, router.rules.present.alarms),
        row.suspected,
    )
    if opinion is None:
        return confirmed(judged, None) if judged.suspected else None
    if judged.urgency is Urgency.P1 and (draft.messages > 1 or draft.category != judged.category):
        return None  # the ticket is known by another name already
    change = raised(judged, opinion, router.rules.kinds)
    calm = change is not None and change.urgency is not Urgency.P1
    return None if by_person is not None and calm else change


def _apply(
    router: Router, batch: Batch, draft: Draft, change: Raised, opinion: Opinion | None
) -> None:
    """Let the ticket follow, say why, and give a frightened requester the right words."""
    near = [one.text[:_NEAR_SHOWN] for one in opinion.near] if opinion else []
    timeline.note(
        batch.unit,
        draft.id,
        "reread",
        category=change.category,
        urgency=change.urgency.value,
        near=near,
    )
    was_calm = not draft.security
    if draft.messages == 1 and draft.security == (change.urgency is Urgency.P1):
        draft.category = change.category  # sorted, or one incident renamed as another
    triage.follow(router, batch, Verdict(change.category, change.urgency), draft)
    if draft.security:
        playbooks.wait(batch.unit, draft.id)
    batch.touch(draft)
    if was_calm and draft.security:
        acknowledge.reword(router, batch, draft)
