"""One honest acknowledgement a ticket, or a visible reason why there is none.

Machines, lists and bounces never get one; strangers get as many as their budgets allow, so that the
desk cannot be turned into a weapon against somebody's mailbox. Nothing the sender wrote is echoed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from channels.contract import Verification
from router.assemble import NO_DOMAIN, Router
from router.core import facts, identity, mailboxes
from router.core.articles import Article
from router.core.bilingual import for_reader
from router.core.clock import from_us, to_us
from router.core.masking.secret import OPENS_A_WALLET
from router.core.promises import pace
from router.core.promises.hours import Calendar
from router.core.promises.sla import foreseen
from router.core.references import outgoing_id
from router.core.wording import ANY_LINK, ANY_NUMBER, Situation, Words
from router.prepared import Prepared, may_rise
from router.store import budgets, claims, made_up, outbox, timeline
from router.store.batch import Batch, Clockface, Draft, Wanted
from router.store.budgets import Allowance
from router.store.shapes import ArticleUse
from router.store.unit import Unit

#: How long the status link in an acknowledgement works.
STATUS_LINK = timedelta(days=30)
#: What the status page calls the breaker.
HEALTH = "acknowledge"
_HOUR, _DAY = 3600, 86_400
SECURITY = "security"
#: Fields of the form that tell a fact.
FACT_OF = {
    "transaction_ref": "reference",
    "device": "device",
    "app_version": "version",
    "network": "network",
}
#: How long an acknowledgement waits for the second reader, in microseconds.
_READING = 2_500_000


def want(router: Router, wanted: Wanted, message: Prepared) -> None:
    """Add the budgets an acknowledgement of this message would draw on."""
    message.silence = silent(router, message)
    if not message.silence:
        message.budgets = allowances(router, message)
        wanted.budgets.update(one.key for one in message.budgets)
        wanted.budgets.add(breaker(router).key)


def silent(router: Router, message: Prepared) -> str:
    """Why this message gets no acknowledgement whatever the budgets say; empty when it may."""
    inbound, settings = message.inbound, router.settings.acknowledge
    sent, patience = inbound.sent_at, timedelta(minutes=settings.older_than_minutes)
    reasons = (
        ("imported", message.terms.old),
        ("spoken", message.terms.noted),
        ("automatic", bool(inbound.automatic)),
        ("forwarded", bool(inbound.forwarded_by)),
        ("disabled", not settings.enabled),
        ("suspected", message.terms.suspected),
        ("failed_sender", inbound.verification is Verification.FAILED),
        ("old", sent is not None and router.clock.now() - sent > patience),
        ("restored", sent is not None and to_us(sent) < router.restored_us),
    )
    return next((name for name, holds in reasons if holds), "")


def allowances(router: Router, message: Prepared) -> list[Allowance]:
    """The budgets this acknowledgement draws on, tightest first."""
    settings = router.settings.acknowledge
    kind, value = message.handle
    counted = mailboxes.mailbox(value) if kind == "email" else value
    person = router.keys.fingerprint(f"{kind}:{counted}")
    wanted = [
        Allowance("gap", f"ack:gap:{person}", settings.per_address_gap_minutes * 60, 1),
        Allowance("address", f"ack:day:{person}", _DAY, settings.per_address_day),
        Allowance("total", "ack:total", _HOUR, settings.total_hour),
    ]
    if kind == "email":
        wanted.insert(2, _of_domain(router, message))
    if source := message.terms.source or message.inbound.source:
        network = router.keys.fingerprint(identity.network_of(source))
        wanted.insert(
            2, Allowance("source", f"ack:source:{network}", _HOUR, settings.per_source_hour)
        )
    if message.inbound.kind == "webform":
        wanted.insert(
            0, Allowance("form", f"ack:form:{person}", _DAY, settings.unverified_form_day)
        )
    hours = router.policies.hours
    if not message.verdict.is_security and not hours.is_open(router.clock.now()):
        # Until people are back there is nothing new to say.
        back = hours.next_open(router.clock.now()) or router.clock.now() + timedelta(seconds=_DAY)
        wanted.insert(0, Allowance("night", f"ack:night:{person}", _DAY, 1, to_us(back)))
    return [one for one in wanted if one.seconds]


def _of_domain(router: Router, message: Prepared) -> Allowance:
    """The budget of whoever owns the sender's domain. Mail that the domain itself vouches for has
    one of its own: nobody else can spend that, and nobody else is answered from it."""
    settings = router.settings.acknowledge
    domain = mailboxes.owned(identity.domain_of(message.handle[1]))
    owner = router.keys.fingerprint(domain)
    if message.inbound.verification is Verification.VERIFIED:
        limit = settings.per_verified_domain_hour
        return Allowance("domain", f"ack:verified:{owner}", _HOUR, limit)
    return Allowance("domain", f"ack:domain:{owner}", _HOUR, settings.per_domain_hour)


def breaker(router: Router) -> Allowance:
    """Spent once when the total is: then nobody is acknowledged for a while."""
    seconds = router.settings.acknowledge.breaker_minutes * 60
    return Allowance("breaker", "ack:breaker", seconds, 1)


def mend(router: Router) -> None:
    """The breaker's time is over: say that acknowledgements go out again."""
    open_again = breaker(router)

    def work(unit: Unit) -> None:
        if not budgets.exhausted(unit, open_again):
            claims.report(unit, HEALTH, ok=True)

    router.store.write(work, bulk=True)


def tell(batch: Batch) -> None:
    """Show on the status page what this batch did to the breaker; once all of it is written."""
    if batch.tripped:
        claims.report(batch.unit, HEALTH, ok=False, detail="breaker")


def _unheard(batch: Batch, message: Prepared) -> str:
    """Whether somebody at the desk blocked this sender."""
    return "blocked" if batch.people[message.handle].blocked else ""


def _spent(router: Router, batch: Batch, message: Prepared) -> str:
    """Draw on the budgets; the name of the one that has nothing left, or nothing."""
    tripped = breaker(router)
    if batch.ledger.exhausted(tripped):
        return tripped.name
    spent = batch.ledger.spend(message.budgets)
    if spent is not None and spent.name == "total":
        batch.ledger.spend([tripped])
        batch.tripped = True
    return spent.name if spent is not None else ""


def promise(router: Router, batch: Batch, message: Prepared, draft: Draft) -> None:
    """Queue the acknowledgement of a new ticket, or note on the ticket why it is held."""
    reason = message.silence or _unheard(batch, message)
    if reason == "imported":
        return
    if reason:
        timeline.note(batch.unit, draft.id, "ack_held", reason=reason)
        return
    speaker = router.doors.speaker(message.handle[0], draft.channel, draft.account)
    if speaker is None:
        reason = "made_up" if draft.account == made_up.ACCOUNT else "no_channel"
    elif spent := _spent(router, batch, message):
        reason = f"budget_{spent}"
    case = _queue(router, batch, message, draft, speaker or ("", ""), reason)
    if reason:
        timeline.note(batch.unit, draft.id, "ack_held", reason=reason)
    else:
        timeline.note(batch.unit, draft.id, "acknowledged", case=case)
        _offered(router, batch.unit, draft)


def _offered(router: Router, unit: Unit, draft: Draft) -> None:
    """Count the article they were told of, and in which version."""
    article = _article(router, draft)
    if article is not None:
        unit.put(
            ArticleUse,
            id=unit.new_id(),
            article=article.name,
            version=article.texts["en"].version,
            language=draft.language,
            ticket_id=draft.id,
            what="offered",
            place="acknowledgement",
            at=unit.now_us,
        )


def _article(router: Router, draft: Draft) -> Article | None:
    """The article to be told of: what protects the wallet comes before what the rest is about."""
    if draft.security and group_of(draft) != SECURITY:
        return None
    return router.articles.serving(draft.category)


def reword(router: Router, batch: Batch, draft: Draft) -> None:
    """The matter turned out to be one of security: what is still here is told in those words."""
    words = _words(router, batch, draft)
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
    words = _words(router, batch, draft, message)
    reply_to = name = ""
    wait = _READING if may_rise(message, on=router.reader.on) else 0
    if speaker[0]:
        door = router.doors.open(*speaker)
        if door.limits.passive_within is not None:
            wait = int(door.limits.passive_within.total_seconds() * 1_000_000)
        reply_to = door.reply_address(router.tokens.reply_token(draft.id))
        name, _ = door.signs(draft.language)
    row_id = unit.new_id()
    own_id = outgoing_id(reply_to.rpartition("@")[2] or NO_DOMAIN)
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
        sender_name=name or router.settings.desk.name(draft.language),
        rfc_id=own_id,
        reply_to=reply_to,
        thread_ids=message.inbound.message_id,
        language=draft.language,
        wording=words.case,
        due_at=unit.now_us + wait,
        state="held" if reason else "queued",
        reason=reason,
    )
    return words.case


def _words(router: Router, batch: Batch, draft: Draft, message: Prepared | None = None) -> Words:
    """What the requester is told. But for its number and its link it is the same for all tickets
    of a batch that are alike, and worked out once."""
    answer = next((one for one in draft.clocks if one.kind == "first_response"), None)
    missing = () if draft.security or message is None else _missing(draft, message)
    secret = message is not None and not OPENS_A_WALLET.isdisjoint(message.masked)
    alike = (
        *(draft.language, draft.category, draft.security, draft.channel, draft.account),
        *(draft.team_id, missing, secret),
        None if answer is None else (answer.calendar, answer.due_at),
    )
    words: Words | None = batch.worked_out.get(alike)
    if words is None:
        situation = _situation(router, batch, draft, answer, missing, secret=secret)
        words = batch.worked_out[alike] = router.wording.acknowledgement(situation)
    token = router.tokens.status_token(draft.id, batch.unit.now + STATUS_LINK)
    return words.about(draft.number, f"{router.settings.public_url}/t/{token}")


def _situation(
    router: Router,
    batch: Batch,
    draft: Draft,
    answer: Clockface | None,
    missing: tuple[str, ...],
    *,
    secret: bool,
) -> Situation:
    """What is known of all tickets that are like this one."""
    settings, now = router.settings, batch.unit.now
    calendar = router.policies.serving(draft.channel, draft.account)
    if answer is not None and not draft.security:
        calendar = router.policies.counts_in(answer.calendar)
    is_open = calendar.is_open(now)
    due = None if answer is None or answer.due_at is None else from_us(answer.due_at)
    group = group_of(draft)
    article = _article(router, draft)
    return Situation(
        language=draft.language,
        group=group,
        security=draft.security,
        open=is_open,
        number=ANY_NUMBER,
        answer_by=answer_by(router, draft, due, calendar, now),
        now=now,
        steps=article.told(draft.language).steps if article else "",
        article_url=f"{settings.public_url}/help/{article.name}" if article else "",
        missing=missing,
        secret=secret,
        next_open=None if is_open else calendar.next_open(now),
        zone=settings.desk.zone,
        desk_name=settings.desk.name(draft.language),
        hotline=settings.desk.hotline,
        status_url=ANY_LINK,
        mail=router.doors.reader(draft.channel, draft.account).identity == "email",
        banner="\n\n".join(
            for_reader(draft.language, zh, en) for where, zh, en in batch.banners if where == group
        ),
    )


class Awaited(Protocol):
    """A ticket that waits for an answer, as far as that tells when it comes."""

    @property
    def team_id(self) -> int:
        """Whose queue it is in."""

    @property
    def security(self) -> bool:
        """Whether whoever is on call looks at it at any hour."""


def answer_by(
    router: Router, ticket: Awaited, due: datetime | None, calendar: Calendar, now: datetime
) -> datetime | None:
    """When somebody answers, as it may be told. A queue tells how people work in their hours; what
    whoever is on call sees at night is told its promise."""
    in_queue = not ticket.security or calendar.is_open(now)
    expected = router.pace.expected(ticket.team_id, calendar, now) if in_queue else None
    return foreseen(pace.told(due, expected) or calendar.next_open(now))


def group_of(draft: Draft) -> str:
    """The group of a ticket's category."""
    return draft.category.partition(".")[0]


def _missing(draft: Draft, message: Prepared) -> tuple[str, ...]:
    """What is still to be asked: neither in the text nor in a field of the form."""
    told = {FACT_OF[name] for name in message.inbound.fields if name in FACT_OF}
    lacking = facts.missing(draft.category, f"{message.subject}\n{message.text}")
    return tuple(one for one in lacking if one not in told)
