"""One honest acknowledgement a ticket, or a visible reason why there is none.

Machines, lists and bounces never get one; strangers get as many as their budgets allow, so that the
desk cannot be turned into a weapon against somebody's mailbox. Nothing the sender wrote is echoed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from channels.contract import Verification
from router.assemble import NO_DOMAIN, Router
from router.core import identity
from router.core.bilingual import for_reader
from router.core.clock import from_us
from router.core.references import message_id
from router.core.secret import OPENS_A_WALLET
from router.core.wording import Situation
from router.prepared import Prepared, read_twice
from router.store import outbox, timeline
from router.store.batch import Batch, Draft, Wanted
from router.store.budgets import Allowance

#: How long the status link in an acknowledgement works.
STATUS_LINK = timedelta(days=30)
_HOUR, _DAY = 3600, 86_400
#: How long an acknowledgement waits for the second reader, in microseconds.
_READING = 2_500_000


def want(router: Router, wanted: Wanted, message: Prepared) -> None:
    """Add the budgets an acknowledgement of this message would draw on."""
    if not silent(router, message):
        message.budgets = allowances(router, message)
        wanted.budgets.update(one.key for one in message.budgets)


def silent(router: Router, message: Prepared) -> str:
    """Why this message gets no acknowledgement whatever the budgets say; empty when it may."""
    inbound, settings = message.inbound, router.settings.acknowledge
    sent, patience = inbound.sent_at, timedelta(minutes=settings.older_than_minutes)
    reasons = (
        ("imported", message.terms.old),
        ("automatic", bool(inbound.automatic)),
        ("disabled", not settings.enabled),
        ("suspected", message.terms.suspected),
        ("failed_sender", inbound.verification is Verification.FAILED),
        ("old", sent is not None and router.clock.now() - sent > patience),
    )
    return next((name for name, holds in reasons if holds), "")


def allowances(router: Router, message: Prepared) -> list[Allowance]:
    """The budgets this acknowledgement draws on, tightest first."""
    settings = router.settings.acknowledge
    kind, value = message.handle
    person = router.keys.fingerprint(f"{kind}:{value}")
    wanted = [
        Allowance("gap", f"ack:gap:{person}", settings.per_address_gap_minutes * 60, 1),
        Allowance("address", f"ack:day:{person}", _DAY, settings.per_address_day),
        Allowance("total", "ack:total", _HOUR, settings.total_hour),
    ]
    if kind == "email":
        domain = router.keys.fingerprint(identity.domain_of(value))
        wanted.insert(
            2, Allowance("domain", f"ack:domain:{domain}", _HOUR, settings.per_domain_hour)
        )
    if message.inbound.kind == "webform":
        wanted.insert(
            0, Allowance("form", f"ack:form:{person}", _DAY, settings.unverified_form_day)
        )
    return [one for one in wanted if one.seconds]


def promise(router: Router, batch: Batch, message: Prepared, draft: Draft) -> None:
    """Queue the acknowledgement of a new ticket, or note on the ticket why it is held."""
    reason = silent(router, message)
    if reason == "imported":
        return
    if reason:
        timeline.note(batch.unit, draft.id, "ack_held", reason=reason)
        return
    speaker = router.doors.speaker(message.handle[0], draft.channel, draft.account)
    spent = batch.ledger.spend(message.budgets) if speaker else None
    if speaker is None:
        reason = "no_channel"
    elif spent is not None:
        reason = f"budget_{spent.name}"
    case = _queue(router, batch, message, draft, speaker or ("", ""), reason)
    if reason:
        timeline.note(batch.unit, draft.id, "ack_held", reason=reason)
    else:
        timeline.note(batch.unit, draft.id, "acknowledged", case=case)


def reword(router: Router, batch: Batch, draft: Draft) -> None:
    """The matter turned out to be one of security: what is still here is told in those words."""
    words = router.wording.acknowledgement(_situation(router, batch, draft))
    outbox.reword(
        batch.unit, f"ack:{draft.id}", subject=words.subject, text=words.text, wording=words.case
    )


def _queue(
    router: Router,
    batch: Batch,
    message: Prepared,
    draft: Draft,
    speaker: tuple[str, str],
    reason: str,
) -> str:
    unit = batch.unit
    situation = _situation(router, batch, draft)
    shown = not OPENS_A_WALLET.isdisjoint(message.masked)
    words = router.wording.acknowledgement(replace(situation, secret=shown))
    reply_to = ""
    if speaker[0]:
        door = router.doors.open(*speaker)
        reply_to = door.reply_address(router.tokens.reply_token(draft.id))
    row_id = unit.new_id()
    own_id = message_id(
        f"{row_id:x}.{draft.number.lower()}", reply_to.rpartition("@")[2] or NO_DOMAIN
    )
    outbox.queue(
        unit,
        id=row_id,
        ticket_id=draft.id,
        purpose="acknowledgement",
        once=f"ack:{draft.id}",
        channel=speaker[0],
        account=speaker[1],
        identity_id=draft.identity_id,
        subject=words.subject,
        text=words.text,
        rfc_id=own_id,
        reply_to=reply_to,
        thread_ids=message.inbound.message_id,
        language=situation.language,
        wording=words.case,
        due_at=unit.now_us + (_READING if read_twice(message, on=router.reader.on) else 0),
        state="held" if reason else "queued",
        reason=reason,
    )
    return words.case


def _situation(router: Router, batch: Batch, draft: Draft) -> Situation:
    settings, now = router.settings, batch.unit.now
    calendar = router.policies.calendar("P3")
    is_open = calendar.is_open(now)
    answers = [one.due_at for one in draft.clocks if one.kind == "first_response"]
    due = answers[0] if answers and answers[0] is not None else None
    token = router.tokens.status_token(draft.id, now + STATUS_LINK)
    chinese = draft.language.startswith("zh")
    group = draft.category.partition(".")[0]
    return Situation(
        language=draft.language,
        group=group,
        security=draft.security,
        open=is_open,
        number=draft.number,
        answer_by=from_us(due) if due is not None else calendar.next_open(now),
        next_open=None if is_open else calendar.next_open(now),
        zone=settings.desk.zone,
        desk_name=settings.desk.name_zh if chinese else settings.desk.name_en,
        hotline=settings.desk.hotline,
        status_url=f"{settings.public_url}/t/{token}",
        banner="\n\n".join(
            for_reader(draft.language, zh, en) for where, zh, en in batch.banners if where == group
        ),
    )
