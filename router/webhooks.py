"""Calls to the wallet's systems: each made by one worker, again until it is taken, and then watched
until the far side confirms. A freeze that nobody confirms is told to people, as loudly as the
matter it belongs to.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.contract import Refused
from router import codes, one_by_one
from router.assemble import Router
from router.core import standard_webhooks
from router.core.clock import to_us
from router.errors import NotAllowed, SettingsFault, StoreError
from router.store import timeline, webhooks
from router.store.promises import climbs
from router.store.unit import Unit
from router.wallet import WALLET, Silent

log = logging.getLogger("router.webhooks")

_SECOND = 1_000_000
#: Calls made, or told of, before others' turn has come.
_A_TURN = 20
#: How long one may take.
_LEASE_US = 60 * _SECOND
#: Waits between tries, in seconds: a freeze is a matter of seconds, a far side that is down is not
#: hammered. After the last the call is given up, and people are told.
_WAITS = (5, 10, 30, 60, 300, 900, 1800, 3600, 7200, 14400)
#: Answers that say "not now" although they begin with a 4.
_NOT_NOW = (408, 409, 425, 429)
#: The longest word of a far side that is kept.
_LONGEST = 200
SECURITY = "security"


def sweep(router: Router) -> int:
    """Make calls that are due and tell of confirmations that did not come; how many calls."""
    made = 0
    due = one_by_one.claimed(
        router, lambda unit: webhooks.claim(unit, 1, _LEASE_US), at_most=_A_TURN
    )
    for row in due:
        _counted(router, row)
        made += 1
    router.store.write(lambda unit: _tell_overdue(router, unit))
    return made


def _counted(router: Router, row: Any) -> None:
    """Make one call; whatever it raises is a try of this call and harms no other."""
    try:
        _try(router, row)
    except StoreError:
        raise
    except Exception:  # counted as a try, told in the log and, after three, by an alarm
        log.exception("the call %s (%s) could not be made", row.id, row.kind)
        _later(router, row, "fault")


def _try(router: Router, row: Any) -> None:
    try:
        answer = router.wallet.call(row.target, _id(row), _body(router, row), router.clock.now())
    except Refused as fault:  # a code that is over
        _give_up(router, row, str(fault))
    except (Silent, SettingsFault) as fault:
        log.warning("the call %s (%s) was not taken: %s", row.id, row.kind, fault)
        _later(router, row, "silent" if isinstance(fault, Silent) else "no_secret")
    else:
        if 200 <= answer.status < 300:
            _taken(router, row, answer.said)
        elif 400 <= answer.status < 500 and answer.status not in _NOT_NOW:
            _give_up(router, row, f"http_{answer.status}")
        else:
            _later(router, row, f"http_{answer.status}")


def _id(row: Any) -> str:
    """What the far side knows a call by, however often it is made."""
    return f"call_{row.id}"


def _body(router: Router, row: Any) -> bytes:
    text = codes.filled(router, row.kind, row.once, row.body)
    at = datetime.fromtimestamp(row.created_at // _SECOND, tz=router.clock.now().tzinfo)
    told = {"type": row.kind, "timestamp": at.isoformat(), "data": json.loads(text)}
    return json.dumps(told, ensure_ascii=False).encode()


def _taken(router: Router, row: Any, said: Mapping[str, Any]) -> None:
    """It was handed over; where more than that is to come, it is waited for."""
    confirmed = said.get("status") == "confirmed"
    watched = row.target == WALLET and not confirmed
    wait = router.settings.wallet.confirm_minutes * 60 * _SECOND

    def work(unit: Unit) -> None:
        if not webhooks.settle(
            unit,
            row.id,
            "sent",
            sent_at=unit.now_us,
            reason="",
            confirm_by=unit.now_us + wait if watched else None,
        ):
            return
        told = "wallet_told" if row.target == WALLET else "sms_handed"
        timeline.note(unit, row.ticket_id, told, call=row.kind)
        if confirmed and row.target == WALLET:
            _confirmed(unit, row.id)

    router.store.write(work)


def _later(router: Router, row: Any, reason: str) -> None:
    if row.attempts > len(_WAITS):
        _give_up(router, row, reason)
        return
    wait = _WAITS[row.attempts - 1] * _SECOND

    def work(unit: Unit) -> None:
        webhooks.settle(unit, row.id, "queued", reason=reason, due_at=unit.now_us + wait)
        if row.attempts >= 3 and row.target == WALLET:
            _alarm(router, unit, row, "wallet_silent")

    router.store.write(work)


def _give_up(router: Router, row: Any, reason: str) -> None:
    def work(unit: Unit) -> None:
        if webhooks.settle(unit, row.id, "failed", reason=reason):
            failed = "wallet_failed" if row.target == WALLET else "sms_failed"
            timeline.note(unit, row.ticket_id, failed, call=row.kind, error=reason)
            if row.target == WALLET:
                _alarm(router, unit, row, "wallet_failed")

    router.store.write(work)


def _tell_overdue(router: Router, unit: Unit) -> None:
    for row in webhooks.overdue(unit, _A_TURN):
        timeline.note(unit, row.ticket_id, "wallet_unconfirmed", call=row.kind)
        _alarm(router, unit, row, "wallet_unconfirmed")


def _alarm(router: Router, unit: Unit, row: Any, reason: str) -> None:
    """Somebody must see to it by other means."""
    once = f"{reason}:{row.id}"
    if SECURITY in router.settings.escalation.chains and not climbs.known(unit, [once]):
        climbs.begin(unit, row.ticket_id, SECURITY, reason, once)


# ---------------------------------------------------------------- what the far side says later


def heard(router: Router, given: Mapping[str, str], body: bytes) -> bool:
    """A call from the wallet's backend: it did, or will not do, what it was asked for. Whether we
    knew what it speaks of.

    Raises NotAllowed for a call that is not signed by it, just now. Said twice it counts once.
    """
    now = router.clock.now()
    try:
        secret = router.wallet.secret(WALLET)
    except SettingsFault as fault:
        raise NotAllowed("there is no wallet here that could call") from fault
    if not standard_webhooks.genuine(secret, given, to_us(now) // _SECOND, body):
        raise NotAllowed("this call was not signed by the wallet")
    row_id, done, reason = _told(body)
    if row_id is None:
        return False

    def work(unit: Unit) -> bool:
        if done:
            return _confirmed(unit, row_id)
        row = webhooks.refuse(unit, row_id, reason)
        if row is not None:
            timeline.note(unit, row.ticket_id, "wallet_refused", call=row.kind, error=reason)
            _alarm(router, unit, row, "wallet_failed")
        return webhooks.find(unit, row_id) is not None

    return router.store.write(work)


def _confirmed(unit: Unit, row_id: int) -> bool:
    row = webhooks.confirm(unit, row_id)
    if row is not None:
        timeline.note(unit, row.ticket_id, "wallet_confirmed", call=row.kind)
    return row is not None or webhooks.find(unit, row_id) is not None


def _told(body: bytes) -> tuple[int | None, bool, str]:
    """(our row, whether it was done, else why not) of ``{"type": "….confirmed", "data":
    {"request_id": "call_…"}}``."""
    try:
        said = json.loads(body)
        what, data = str(said["type"]), said["data"]
        number = str(data["request_id"]).removeprefix("call_")
        reason = str(data.get("reason", ""))[:_LONGEST]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, False, ""
    if not (number.isascii() and number.isdecimal() and len(number) < 20):
        return None, False, ""
    if what.endswith((".confirmed", ".refused")) and int(number) < 2**63:
        return int(number), what.endswith(".confirmed"), reason or "refused"
    return None, False, ""
