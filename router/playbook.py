"""What is done about a security matter: its tasks are put on the ticket, a freeze is asked for, and
tickets that name the same payee, wallet, site or number are linked.

All of it in one commit, within a second or two of the message: the message itself was committed and
acknowledged before, so nothing here can delay or lose it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

from router import familiar
from router.assemble import Router
from router.core.clock import to_us
from router.core.waves.counterparties import counterparties
from router.core.waves.traces import ignored, traces
from router.errors import Conflict
from router.store import links, playbooks, tickets, timeline, webhooks
from router.store.batch import Draft, load
from router.store.unit import Unit
from router.wallet import WALLET
from rules.text import fold

_TOGETHER = 20
#: How far back tickets are linked, and how many at once: what more share is a wave.
_BACK, _MOST = timedelta(days=90), 5
_SURE = ("verified", "vouched")
FREEZE, LIFT = "freeze.requested", "freeze.lift_requested"
#: Two tickets that name the same thing.
SHARED = "shared"


def sweep(router: Router) -> int:
    """See to every security ticket on which somebody wrote; how many."""

    def work(unit: Unit) -> int:
        waiting = playbooks.claim(unit, _TOGETHER)
        drafts = load(unit, waiting)
        for ticket_id in waiting:
            draft = drafts.get(ticket_id)
            if draft is not None and draft.security:
                begin(router, unit, draft)
                _link(router, unit, draft)
        return len(waiting)

    done = 0
    while seen := router.store.write(work):
        done += seen
    return done


def begin(router: Router, unit: Unit, draft: Draft) -> None:
    """Put the playbook of its category on a ticket, once, and ask for a freeze if it says so."""
    book = router.playbooks.serving(draft.category)
    if book is None or draft.state == "closed" or not playbooks.begin(unit, draft.id, book):
        return
    timeline.note(unit, draft.id, "playbook_begun", playbook=book.name)
    wanted = router.settings.wallet.freeze
    sure = draft.verification in _SURE and not draft.imitates
    if book.freeze and (wanted == "always" or (wanted == "verified" and sure)):
        ask_freeze(router, unit, draft, None)


def ask_freeze(router: Router, unit: Unit, draft: Draft, agent_id: int | None) -> bool:
    """Queue a freeze request to the wallet's backend; False where there is none, or one is under
    way or in force already."""
    if not router.wallet.on(WALLET) or frozen(unit, draft.id):
        return False
    number = len([one for one in webhooks.of_ticket(unit, draft.id) if one.kind == FREEZE])
    _queue(unit, draft, FREEZE, f"freeze:{draft.id}:{number}", agent_id)
    return True


def frozen(unit: Unit, ticket_id: int) -> bool:
    """Whether a freeze was asked for on a ticket, did not fail and was not lifted since."""
    state = False
    for one in webhooks.of_ticket(unit, ticket_id):
        if one.kind == FREEZE and one.state not in ("failed", "cancelled"):
            state = True
        elif one.kind == LIFT and one.state == "confirmed":
            state = False
    return state


def ask_lift(router: Router, unit: Unit, draft: Draft, agent_id: int, gate_id: int) -> None:
    """Queue the request to lift a freeze, once for the gate that two people let pass."""
    once = f"lift:{gate_id}"
    if router.wallet.on(WALLET) and not webhooks.known(unit, once):
        _queue(unit, draft, LIFT, once, agent_id)


def _queue(unit: Unit, draft: Draft, kind: str, once: str, agent_id: int | None) -> None:
    handle = tickets.handle(unit, draft.identity_id)
    if handle is None:
        raise Conflict("nobody_to_freeze")
    told = {
        "ticket": draft.number,
        "category": draft.category,
        "identity": {"kind": handle.kind, "value": handle.value},
        "verification": draft.verification or "unverified",
        "asked_by": "agent" if agent_id else "router",
        "asked_at": unit.now.isoformat(),
    }
    webhooks.queue(
        unit,
        ticket_id=draft.id,
        target=WALLET,
        kind=kind,
        body=json.dumps(told, ensure_ascii=False),
        once=once,
    )
    timeline.note(unit, draft.id, "wallet_asked", agent_id=agent_id, call=kind)


# ---------------------------------------------------------------- what ties tickets


def _link(router: Router, unit: Unit, draft: Draft) -> None:
    """Tie a ticket to others that name the same; only fingerprints of what is named are kept."""
    known = familiar.traces(router.settings)
    named = {
        router.keys.fingerprint(f"{kind}:{value}"): kind
        for row in playbooks.said(unit, draft.id)
        for kind, value in _named(f"{row.subject}\n{row.text}", row.fields)
        if not ignored(kind, value, known.get(kind, ()))
    }
    fresh = playbooks.keep_traces(unit, draft.id, named)
    since = to_us(unit.now - _BACK)
    for other in playbooks.sharing(unit, draft.id, fresh, since, _MOST):
        if links.between(unit, draft.id, other.ticket_id):
            continue
        links.tie(unit, draft.id, other.ticket_id, SHARED)
        timeline.note(unit, draft.id, "linked", number=other.number, reason=other.kind)
        timeline.note(unit, other.ticket_id, "linked", number=draft.number, reason=other.kind)


def _named(text: str, fields: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for kind, value in traces(text, fold(text).text):
        seen.add(value)
        yield kind, value
    for one in counterparties(text):
        if one not in seen:
            yield "payee", one
    given = json.loads(fields) if fields else {}
    if payee := str(given.get("counterparty", "")).strip().lower():
        yield "payee", payee
