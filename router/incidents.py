"""What leads do with an incident: open one by hand, tell its people something, close it.

The common answer goes through the outbox to every ticket that is open and theirs to answer, in its
language and by its channel, at most once each. Nothing here closes, calms or silences a ticket.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from router import desk
from router.assemble import Router
from router.core.bilingual import for_reader
from router.core.marks import mark
from router.core.masking import redact
from router.core.references import normalise_number
from router.core.rights import Who, may
from router.errors import Conflict, Invalid, NotAllowed, NotFound
from router.store import incidents as store
from router.store import pages, timeline
from router.store.batch import load, write
from router.store.pages import incidents as pages_incidents
from router.store.unit import Unit

T = TypeVar("T")

LONGEST_TITLE, LONGEST_BANNER, LONGEST_ANSWER = 120, 600, 10_000
#: Tickets answered in one commit.
_AT_ONCE = 50
#: So much of what is no number is said again where it is refused.
_NAMED = 24


@dataclass(slots=True)
class Recipients:
    """To whom the common answer would go, in which language, and why not to the others."""

    tickets: list[int] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)


def _act(
    router: Router, who: Who, action: str, incident_id: int, work: Callable[[Unit, Any], T]
) -> T:
    """Do it to the incident in one commit, if it is the person's to do; audited."""
    if not may(who, "handle_incidents"):
        raise NotAllowed(f"a person with the role {who.role} may not handle incidents")

    def job(unit: Unit) -> T:
        row = store.find(unit, incident_id)
        if row is None:
            raise NotFound("there is no such incident")
        result = work(unit, row)
        timeline.audit(unit, f"agent:{who.id}", f"incident.{action}", f"incident:{incident_id}")
        return result

    return router.store.write(job)


def open_by_hand(
    router: Router, who: Who, title: str, category: str, numbers: Sequence[str]
) -> int:
    """Open an incident over some tickets; its id."""
    if not may(who, "handle_incidents"):
        raise NotAllowed(f"a person with the role {who.role} may not open incidents")
    named = _text("title", title, LONGEST_TITLE)
    if category not in {one.partition(".")[0] for one in router.rules.categories}:
        raise Invalid("category", "unknown_category")

    def work(unit: Unit) -> int:
        tickets = [_ticket(unit, who, one) for one in numbers]
        incident_id = store.open_(unit, "manual", category, {}, title=named, agent_id=who.id)
        store.join(unit, incident_id, dict.fromkeys(tickets, "by_hand"), agent_id=who.id)
        return incident_id

    return router.store.write(work)


def _ticket(unit: Unit, who: Who, number: str) -> int:
    proper = normalise_number(number)
    if proper is None:
        raise Invalid("tickets", "no_such_ticket", number=number[:_NAMED])
    try:
        return pages.ticket_id(unit, proper, who)
    except NotFound as fault:
        raise Invalid("tickets", "no_such_ticket", number=proper) from fault


def _text(name: str, text: str, longest: int, *, needed: bool = True) -> str:
    body = text.replace("\r\n", "\n").strip()
    if needed and not body:
        language = name.rpartition("_")[2]
        raise Invalid(name, f"no_{language}" if language in ("zh", "en") else "empty")
    if len(body) > longest:
        raise Invalid(name, "too_long")
    return redact.mask(body).text


# ---------------------------------------------------------------- its tickets


def add(router: Router, who: Who, incident_id: int, number: str) -> None:
    """Tie one more ticket to an open incident."""

    def work(unit: Unit, row: Any) -> None:
        _must_be_open(row)
        ticket_id = _ticket(unit, who, number)
        joined = store.join(unit, incident_id, {ticket_id: "by_hand"}, agent_id=who.id)
        if not joined and not store.rejoin(unit, incident_id, ticket_id, "by_hand"):
            raise Conflict("already_in_incident")

    _act(router, who, "ticket_added", incident_id, work)


def leave_out(router: Router, who: Who, incident_id: int, number: str) -> None:
    """A ticket does not belong to the incident after all."""

    def work(unit: Unit, row: Any) -> None:
        _must_be_open(row)
        ticket_id = _ticket(unit, who, number)
        if store.leave_out(unit, incident_id, ticket_id):
            timeline.note(
                unit, ticket_id, "incident_left", agent_id=who.id, incident=str(incident_id)
            )

    _act(router, who, "ticket_left_out", incident_id, work)


def _must_be_open(row: Any) -> None:
    if row.state != "open":
        raise Conflict("incident_closed")


# ---------------------------------------------------------------- what its people are told


def _unseen(now: tuple[str, str], new: tuple[str, str], seen: str | None) -> None:
    """Raise Conflict where somebody would write over texts they have not seen."""
    if seen is not None and any(now) and now != new and mark(*now) != seen:
        raise Conflict("changed_meanwhile")


def write_answer(
    router: Router, who: Who, incident_id: int, zh: str, en: str, seen: str | None = None
) -> None:
    """Write the common answer down; nothing is sent by that. ``seen`` is the mark of the texts they
    had before them (None: whatever is there): raises Conflict when somebody changed them since."""
    chinese = _text("answer_zh", zh, LONGEST_ANSWER)
    english = _text("answer_en", en, LONGEST_ANSWER)

    def work(unit: Unit, row: Any) -> None:
        _must_be_open(row)
        _unseen((row.answer_zh, row.answer_en), (chinese, english), seen)
        store.change(unit, incident_id, answer_zh=chinese, answer_en=english)

    _act(router, who, "answer_written", incident_id, work)


def recipients(router: Router, unit: Unit, who: Who, incident_id: int) -> Recipients:
    """Whom the common answer would reach now."""
    found = Recipients()
    for row in pages_incidents.recipients(unit, incident_id):
        if reason := _without(who, row):
            found.without[reason] += 1
            continue
        found.tickets.append(row.id)
        found.languages[row.language or router.settings.desk.language] += 1
    return found


def _without(who: Who, row: Any) -> str:
    """Why a ticket gets no common answer; empty when it does."""
    reasons = (
        ("other_team", not may(who, "reply", row.team_id)),
        ("answered", row.answered_at is not None),
        ("closed", row.state == "closed"),
        ("spam", bool(row.spam) or bool(row.parked)),
        ("failed_sender", row.verification == "failed"),
    )
    return next((name for name, holds in reasons if holds), "")


def send_answer(router: Router, who: Who, incident_id: int, zh: str, en: str) -> int:
    """Send the common answer to all it has not reached; how many. ``zh`` and ``en`` are what the
    person has seen: should somebody have changed it meanwhile, nothing is sent."""

    def check(unit: Unit, row: Any) -> list[int]:
        _must_be_open(row)
        if not row.answer_zh:
            raise Invalid("answer_zh", "empty")
        if (row.answer_zh, row.answer_en) != (_same(zh), _same(en)):
            raise Conflict("answer_changed")
        return recipients(router, unit, who, incident_id).tickets

    tickets = _act(router, who, "answered", incident_id, check)
    texts = (_same(zh), _same(en))
    return sum(
        _answer(router, who, incident_id, tickets[start : start + _AT_ONCE], texts)
        for start in range(0, len(tickets), _AT_ONCE)
    )


def _same(text: str) -> str:
    """A text as it was before a form changed its line ends."""
    return text.replace("\r\n", "\n").strip()


def _answer(
    router: Router, who: Who, incident_id: int, tickets: Sequence[int], texts: tuple[str, str]
) -> int:
    otherwise = router.settings.desk.language

    def work(unit: Unit) -> int:
        drafts = load(unit, tickets)
        told = []
        for draft in drafts.values():
            if draft.state == "closed" or not may(who, "reply", draft.team_id):
                continue
            body = for_reader(draft.language, *texts, otherwise)
            if desk.tell(router, unit, draft, who, body, f"incident:{incident_id}:{draft.id}"):
                told.append(draft)
            store.answered(unit, incident_id, draft.id)
        write(unit, told)
        for draft in told:
            timeline.audit(unit, f"agent:{who.id}", "ticket.reply", f"ticket:{draft.id}")
        return len(told)

    return router.store.write(work)


def set_banner(
    router: Router, who: Who, incident_id: int, zh: str, en: str, seen: str | None = None
) -> None:
    """What further acknowledgements of the same group begin with while it is open; or nothing.
    ``seen`` as in :func:`write_answer`."""
    needed = bool(zh.strip() or en.strip())
    chinese = _text("banner_zh", zh, LONGEST_BANNER, needed=needed)
    english = _text("banner_en", en, LONGEST_BANNER, needed=needed)

    def work(unit: Unit, row: Any) -> None:
        _must_be_open(row)
        _unseen((row.banner_zh, row.banner_en), (chinese, english), seen)
        store.change(unit, incident_id, banner_zh=chinese, banner_en=english)

    _act(router, who, "banner_set", incident_id, work)


# ---------------------------------------------------------------- open and closed


def close(router: Router, who: Who, incident_id: int) -> None:
    """It is over: no banner, no more answers. Its tickets stay as they are."""

    def work(unit: Unit, row: Any) -> None:
        _must_be_open(row)
        store.change(unit, incident_id, state="closed", closed_at=unit.now_us)

    _act(router, who, "closed", incident_id, work)


def reopen(router: Router, who: Who, incident_id: int) -> None:
    """It is not over after all."""

    def work(unit: Unit, row: Any) -> None:
        if row.state == "open":
            raise Conflict("incident_open")
        store.change(unit, incident_id, state="open", closed_at=None)

    _act(router, who, "reopened", incident_id, work)
