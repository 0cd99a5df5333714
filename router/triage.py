"""What a message is about and how soon a person must see it, written onto its ticket.

The first message decides; a later one may only raise: a frightened second mail makes a quiet ticket
urgent, a calm one never makes an urgent ticket quiet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from router.assemble import Router
from router.core.masking.secret import OPENS_A_WALLET
from router.prepared import Prepared, moves, read_twice
from router.store import holding, readings, timeline
from router.store.batch import UNSORTED, Batch, Draft
from router.store.promises import climbs, clocks
from router.store.shapes import FindingRow, TicketTag, VerdictRow
from rules.contract import Urgency, Verdict

#: The queue of each group; every other group belongs to the support team.
TEAM_OF = {"security": "security"}
COMPROMISED = "security.compromised"
#: The chain that a security matter climbs.
SECURITY = "security"


def sort(
    router: Router,
    batch: Batch,
    message: Prepared,
    draft: Draft,
    message_id: int,
    *,
    opened: bool,
) -> None:
    """Keep the verdict with its findings and let the ticket follow it; ``opened`` is a new one."""
    verdict = message.verdict
    _keep(batch, verdict, message_id)
    if read_twice(message, on=router.reader.on):
        readings.wait(batch.unit, message_id)
    if opened:
        _decide_first(router, batch, message, draft)
        if draft.state != "closed":
            for kind in ("first_response", "resolution"):
                clocks.start(batch.unit, draft, kind, router.policies)
    elif moves(message):
        follow(router, batch, verdict, draft)


def _keep(batch: Batch, verdict: Verdict, message_id: int) -> None:
    unit = batch.unit
    verdict_id = unit.new_id()
    unit.put(
        VerdictRow,
        id=verdict_id,
        message_id=message_id,
        category=verdict.category,
        urgency=verdict.urgency.value,
        ruleset=verdict.ruleset,
        near=json.dumps(verdict.near, ensure_ascii=False) if verdict.near else "",
        at=unit.now_us,
    )
    for finding in verdict.findings:
        unit.put(
            FindingRow,
            id=unit.new_id(),
            verdict_id=verdict_id,
            rule=finding.rule,
            category=finding.category,
            urgency=finding.urgency.value,
            weight=finding.weight,
            part=finding.part,
            start_char=finding.part_start,
            end_char=finding.part_start + finding.end - finding.start,
            because=finding.because,
        )


def _decide_first(router: Router, batch: Batch, message: Prepared, draft: Draft) -> None:
    verdict = message.verdict
    draft.category, draft.urgency = verdict.category, verdict.urgency.value
    draft.security = verdict.is_security
    own = router.account(draft.channel, draft.account).team or "support"
    team = TEAM_OF.get(verdict.group, own)
    draft.team_id = batch.teams.get(team, draft.team_id)
    if draft.security:
        _climb(router, batch, draft)
    timeline.note(
        batch.unit,
        draft.id,
        "triaged",
        category=verdict.category,
        urgency=draft.urgency,
        rules=_rules(verdict),
    )
    if message.terms.suspected:
        batch.unit.put(TicketTag, ticket_id=draft.id, tag="suspected_spam")
    if message.inbound.automatic:
        batch.unit.put(TicketTag, ticket_id=draft.id, tag="automatic")


def follow(router: Router, batch: Batch, verdict: Verdict, draft: Draft) -> None:
    """Let a ticket follow a later verdict, upwards only."""
    unit = batch.unit
    was = (draft.security, draft.category, draft.urgency, draft.team_id)
    if verdict.is_security and not draft.security:
        draft.security = True
        _climb(router, batch, draft)
        timeline.note(unit, draft.id, "security", rules=_rules(verdict))
        _hand_to_security(batch, draft)
    if verdict.is_security or draft.category == UNSORTED:
        _move_category(batch, draft, verdict.category)
    floored = verdict.urgency < Urgency.P3  # unsorted is P3 unless a rule's floor raised it
    if verdict.urgency.value < draft.urgency and (floored or verdict.category != UNSORTED):
        timeline.note(unit, draft.id, "urgency", old=draft.urgency, new=verdict.urgency.value)
        draft.urgency = verdict.urgency.value
    if (draft.security, draft.category, draft.urgency, draft.team_id) != was:
        clocks.retarget(unit, draft, router.policies)


def _move_category(batch: Batch, draft: Draft, category: str) -> None:
    if category in (draft.category, UNSORTED):
        return
    if draft.category.startswith("security."):
        return
    timeline.note(batch.unit, draft.id, "category", old=draft.category, new=category)
    draft.category = category


def heed_secrets(router: Router, batch: Batch, draft: Draft, masked: Iterable[str]) -> None:
    """Whoever sent us a seed phrase or a key has shown it to others too: a security matter at once,
    whatever else the message is about. What the rules found stays as they found it."""
    kinds = list(dict.fromkeys(kind for kind in masked if kind in OPENS_A_WALLET))
    if not kinds:
        return
    unit = batch.unit
    timeline.note(unit, draft.id, "secret_received", kinds=kinds)
    if not draft.category.startswith("security."):
        timeline.note(unit, draft.id, "category", old=draft.category, new=COMPROMISED)
        draft.category = COMPROMISED
    if not draft.security:
        _climb(router, batch, draft)
    draft.security = True
    _hand_to_security(batch, draft)
    if draft.urgency != Urgency.P1.value:
        timeline.note(unit, draft.id, "urgency", old=draft.urgency, new=Urgency.P1.value)
        draft.urgency = Urgency.P1.value
        clocks.retarget(unit, draft, router.policies)


def _hand_to_security(batch: Batch, draft: Draft) -> None:
    """A security matter is its own team's; whoever holds it and may not see it any more lets go."""
    team_id = batch.teams.get(TEAM_OF["security"], draft.team_id)
    if team_id == draft.team_id:
        return
    keys = {known: key for key, known in batch.teams.items()}
    before, draft.team_id = keys.get(draft.team_id), team_id
    timeline.note(batch.unit, draft.id, "team", team=TEAM_OF["security"], was=before)
    holding.hand_back(batch.unit, [draft])


def _climb(router: Router, batch: Batch, draft: Draft) -> None:
    """A security matter is told to people at once, at any hour."""
    if SECURITY in router.settings.escalation.chains and draft.state != "closed":
        once = f"security:{draft.id}:{batch.unit.now_us}"
        climbs.begin(batch.unit, draft.id, SECURITY, SECURITY, once)


def _rules(verdict: Verdict) -> list[str]:
    """The rules of the category that won, each once."""
    return list(
        dict.fromkeys(one.rule for one in verdict.findings if one.category == verdict.category)
    )
