"""Making sure who somebody is, before their account is changed for them.

A gate is passed by a one-time code that went to a handle on file, or by an agent who made sure by
other means and says how. Lifting a freeze needs a second agent. Who, when and how is kept; a code
never is.
"""

from __future__ import annotations

import secrets
from typing import Any

from router import codes, playbook
from router.assemble import Router
from router.core import gates as arithmetic
from router.core.gates import ASIDE, OTHERWISE, PURPOSES, TWO_PEOPLE, WAYS, Code
from router.core.rights import Who
from router.desk.acting import final
from router.errors import Conflict, Invalid
from router.store import budgets, gates, timeline
from router.store.batch import Draft
from router.store.budgets import Allowance
from router.store.unit import Unit

_DAY = 86_400
_MINUTE = 60_000_000


def open_gate(router: Router, who: Who, ticket_id: int, purpose: str) -> None:
    """Say that this ticket asks for a change that needs somebody we are sure of."""
    if purpose not in PURPOSES:
        raise Invalid("purpose", "unknown_purpose")

    def work(unit: Unit, draft: Draft) -> None:
        _opened(unit, draft, who, purpose)

    final(router, who, "check_identity", ticket_id, work)


def _opened(unit: Unit, draft: Draft, who: Who, purpose: str) -> Any:
    """The gate of this purpose that is in the way, put there if it was not."""
    found = gates.current(unit, draft.id)
    if found is not None and found.purpose == purpose:
        return found
    if found is not None:
        raise Conflict("other_gate")
    gate_id = gates.open_(unit, draft.id, purpose, who.id)
    timeline.note(unit, draft.id, "gate_opened", agent_id=who.id, gate=purpose)
    return gates.find(unit, gate_id)


def send_code(router: Router, who: Who, ticket_id: int, purpose: str, identity_id: int) -> None:
    """Send a code to a handle of the requester's that is on file; an earlier code is over.

    Raises Conflict for a handle that is not on file, and once there were enough codes.
    """
    if purpose not in PURPOSES:
        raise Invalid("purpose", "unknown_purpose")
    settings = router.settings.gate

    def work(unit: Unit, draft: Draft) -> None:
        gate = _still_open(_opened(unit, draft, who, purpose))
        handle = _on_file(router, unit, draft, who, identity_id)
        if gate.sends >= settings.codes:
            raise Conflict("enough_codes")
        key = f"gate:{router.keys.fingerprint(f'{handle.kind}:{handle.value}')}"
        if budgets.spend(unit, [Allowance("gate", key, _DAY, settings.codes_day)]) is not None:
            raise Conflict("enough_codes")
        code = Code(gate.id, gate.sends + 1, secrets.token_hex(8))
        gates.change(
            unit,
            gate.id,
            identity_id=handle.id,
            way=WAYS[handle.kind],
            salt=code.salt,
            sends=code.number,
            tries=0,
            expires_at=unit.now_us + settings.code_minutes * _MINUTE,
        )
        codes.send(router, unit, draft, code, handle, purpose)
        timeline.note(
            unit,
            draft.id,
            "gate_code_sent",
            agent_id=who.id,
            way=WAYS[handle.kind],
            to=arithmetic.masked(handle.value),
        )

    final(router, who, "check_identity", ticket_id, work)


def _on_file(router: Router, unit: Unit, draft: Draft, who: Who, identity_id: int) -> Any:
    for one in gates.handles(unit, draft.requester_id, tuple(WAYS)):
        if one.id == identity_id and trusted(router, unit, draft.id, who, one):
            return one
    raise Conflict("not_on_file")


def trusted(router: Router, unit: Unit, ticket_id: int, who: Who, handle: Any) -> bool:
    """Whether a code may go to this handle: it is on file here, or the wallet said just now, to
    this agent and on this ticket, that it belongs to an account."""
    since = handle.created_at if handle.verified else handle.proven_at
    return arithmetic.on_file(
        since=since,
        now=unit.now_us,
        known_hours=router.settings.gate.known_hours,
        wallet_knows=router.wallet.knows(who.id, ticket_id, (handle.kind, handle.value), unit.now),
    )


def enter_code(router: Router, who: Who, ticket_id: int, given: str) -> None:
    """The requester, on the telephone, read the code out. Raises Conflict when it is wrong, over or
    spent; a wrong one is counted all the same."""

    def work(unit: Unit, draft: Draft) -> str:
        return try_code(router, unit, draft, given, who.id)

    outcome = final(router, who, "check_identity", ticket_id, work)
    if outcome != "right":
        raise Conflict(f"code_{outcome}")


def try_code(router: Router, unit: Unit, draft: Draft, given: str, agent_id: int | None) -> str:
    """Hold what was typed against the code in force: right, wrong, over or spent. Without an agent
    the requester typed it on their page."""
    gate = gates.current(unit, draft.id)
    if gate is None or gate.state != "open" or not gate.sends:
        return "over"
    outcome = arithmetic.judge(
        Code(gate.id, gate.sends, gate.salt),
        router.keys,
        given,
        now=unit.now_us,
        expires_at=gate.expires_at,
        tries=gate.tries,
        most=router.settings.gate.tries,
    )
    if outcome == "wrong":
        gates.change(unit, gate.id, tries=gate.tries + 1)
        left = router.settings.gate.tries - gate.tries - 1
        timeline.note(unit, draft.id, "gate_code_wrong", agent_id=agent_id, left=left)
    elif outcome == "right":
        _passed(unit, draft, gate, "code", agent_id)
    return outcome


def _passed(unit: Unit, draft: Draft, gate: Any, how: str, agent_id: int | None) -> None:
    gates.change(
        unit,
        gate.id,
        state="passed",
        how=how,
        passed_by=agent_id,
        passed_at=unit.now_us,
        expires_at=None,
        salt="",
    )
    draft.verification = "vouched"
    timeline.note(unit, draft.id, "gate_passed", agent_id=agent_id, gate=gate.purpose, how=how)


def pass_otherwise(router: Router, who: Who, ticket_id: int, purpose: str, how: str) -> None:
    """An agent made sure by other means, and says which."""
    if how not in OTHERWISE:
        raise Invalid("how", "unknown_how")
    if purpose not in PURPOSES:
        raise Invalid("purpose", "unknown_purpose")

    def work(unit: Unit, draft: Draft) -> None:
        gate = _still_open(_opened(unit, draft, who, purpose))
        _passed(unit, draft, gate, how, who.id)

    final(router, who, "check_identity", ticket_id, work)


def agree(router: Router, who: Who, ticket_id: int) -> None:
    """A second agent agrees to what no one may do alone; never one who let the first step pass."""

    def work(unit: Unit, draft: Draft) -> None:
        gate = gates.current(unit, draft.id)
        if gate is None or gate.state != "passed" or gate.purpose not in TWO_PEOPLE:
            raise Conflict("nothing_to_agree")
        if who.id in {gate.passed_by, gate.opened_by}:
            raise Conflict("second_agent")
        gates.change(unit, gate.id, second_by=who.id, second_at=unit.now_us)
        timeline.note(unit, draft.id, "gate_second", agent_id=who.id, gate=gate.purpose)
        playbook.ask_lift(router, unit, draft, who.id, gate.id)

    final(router, who, "check_identity", ticket_id, work)


def set_aside(router: Router, who: Who, ticket_id: int, purpose: str, reason: str) -> None:
    """No check is needed after all, for nothing is changed; why is kept."""
    if reason not in ASIDE:
        raise Invalid("reason", "unknown_reason")
    if purpose not in PURPOSES:
        raise Invalid("purpose", "unknown_purpose")

    def work(unit: Unit, draft: Draft) -> None:
        gate = _opened(unit, draft, who, purpose)
        if gate.second_by is not None:
            raise Conflict("gate_over")
        gates.change(
            unit,
            gate.id,
            state="aside",
            reason=reason,
            ended_by=who.id,
            ended_at=unit.now_us,
            expires_at=None,
            salt="",
        )
        timeline.note(
            unit, draft.id, "gate_aside", agent_id=who.id, gate=gate.purpose, aside=reason
        )

    final(router, who, "check_identity", ticket_id, work)


def _still_open(gate: Any) -> Any:
    if gate.state != "open":
        raise Conflict("gate_over")
    return gate


def refuse_unchecked(router: Router, unit: Unit, draft: Draft) -> None:
    """Raise Conflict while a gate keeps this ticket from being closed as done."""
    if gates.blocks(unit, draft.id, draft.category, router.settings.gate.categories):
        raise Conflict("gate_open")
