"""What a requester does from the signed page of their matter: add to it, say that it is solved, say
how it was. No account, and nothing that anybody else wrote is ever shown there.

The page is named by the ticket it was made for. Of one that was merged the matter goes on at the
ticket that was kept, and there the page writes, unless that ticket is another requester's.
"""

from __future__ import annotations

from typing import NamedTuple

from router import bearing, desk, intake, triage
from router.assemble import Router
from router.core import lifecycle, redact
from router.errors import Conflict, Invalid, NotFound, OverLimit
from router.store import (
    blocking,
    budgets,
    clocks,
    gates,
    merging,
    playbooks,
    search,
    tickets,
    timeline,
)
from router.store import shapes as t
from router.store.batch import Batch, Draft, Wanted
from router.store.budgets import Allowance
from router.store.unit import Unit
from rules.contract import Facts, Verdict

_LONGEST = 5_000
_HOUR = 3600
#: So many additions an hour by one link.
_ADDITIONS = 6
#: What one tap says.
SCORES = {"good": 5, "fair": 3, "poor": 1}


def add(router: Router, ticket_id: int, text: str, *, once: str) -> None:
    """A further message of the requester's, masked and judged like any other.

    Raises Invalid for an empty or endless text, OverLimit, NotFound, Conflict.
    """
    body = text.replace("\r\n", "\n").strip()
    if not body or len(body) > _LONGEST:
        raise Invalid("text", "too_long" if body else "empty", limit=str(_LONGEST))
    masked, kept = redact.examine(body, router.keys.fingerprint)
    verdict = _judged(router, ticket_id, masked.text)
    entry = search.prepare(masked.text, router.settings.intake.search_characters)

    def work(unit: Unit) -> None:
        if tickets.answered(unit, f"added:{ticket_id}:{once}") is not None:
            return
        wanted = Allowance("status", f"added:{ticket_id}", _HOUR, _ADDITIONS)
        if budgets.spend(unit, [wanted]) is not None:
            raise OverLimit("status", _HOUR)
        batch, draft, writer_id = _opened(unit, ticket_id)
        number = _written(unit, draft, writer_id, masked.text, kept)
        draft.messages += 1
        blocked = blocking.blocked(unit, writer_id)
        if not intake.unwanted(draft, verdict, blocked=blocked):
            intake.hear(router, unit, draft, masked.text)
        triage.follow(router, batch, verdict, draft)
        triage.heed_secrets(router, batch, draft, [one.kind for one in kept])
        if draft.security:
            playbooks.wait(unit, draft.id)
        timeline.note(unit, draft.id, "added_by_link")
        tickets.answer(unit, f"added:{ticket_id}:{once}", "yes")
        batch.index.append((number, entry))
        batch.touch(draft)
        batch.save()

    router.store.write(work)


def _judged(router: Router, ticket_id: int, text: str) -> Verdict:
    """What the rules make of an addition, beside the tags of the ticket it comes to."""
    with router.store.reading() as unit:
        ticket_id = merging.standing_for(unit, ticket_id).ticket_id
    tags = bearing.of_ticket(router, ticket_id)
    return router.rules.judge(Facts(text=text, channel="webform", sender="known", tags=tags))


def _written(
    unit: Unit, draft: Draft, writer_id: int, text: str, kept: tuple[redact.Kept, ...]
) -> int:
    """Put an addition on the ticket; the message's id."""
    message_id = unit.new_id()
    unit.put(
        t.Message,
        id=message_id,
        ticket_id=draft.id,
        direction="in",
        channel="webform",
        identity_id=writer_id,
        text=text,
        language=draft.language,
        masked=" ".join(dict.fromkeys(one.kind for one in kept)),
        verification="unverified",
        size=len(text),
        arrived_at=unit.now_us,
        seen_at=unit.now_us,
    )
    for one in kept:
        unit.put(
            t.MaskedSecret,
            id=unit.new_id(),
            message_id=message_id,
            kind=one.kind,
            part="text",
            length=one.length,
            fingerprint=one.fingerprint,
        )
    return message_id


def solved(router: Router, ticket_id: int, article: str = "") -> None:
    """It is solved, perhaps by an article alone. A security matter stays open all the same: whoever
    holds the link may be the thief. Raises NotFound, Conflict."""
    known = router.articles.by_name.get(article)

    def work(unit: Unit) -> None:
        batch, draft, _ = _opened(unit, ticket_id)
        if draft.state == "closed":
            return
        if known is not None:
            _used(unit, draft, article, known.texts["en"].version, "solved")
        if draft.security or gates.current(unit, draft.id) is not None:
            timeline.note(unit, draft.id, "solved_says_requester")
        else:
            draft.state = lifecycle.after(draft.state, "close")
            draft.closed_at = unit.now_us
            clocks.meet(unit, draft, (*clocks.ANSWERS, "resolution"))
            timeline.note(unit, draft.id, "solved_by_requester", article=article)
        batch.touch(draft)
        batch.save()

    router.store.write(work)


def prove(router: Router, ticket_id: int, given: str) -> str:
    """Type the code that went to a handle on file: right, wrong, over or spent. Raises NotFound,
    Conflict.

    Many tries at once are counted one by one: the ticket is held.
    """

    def work(unit: Unit) -> str:
        batch, draft, _ = _opened(unit, ticket_id)
        outcome = desk.try_code(router, unit, draft, given[:20], None)
        batch.touch(draft)
        batch.save()
        return outcome

    return router.store.write(work)


def rate(router: Router, ticket_id: int, word: str) -> None:
    """How it was, in one tap; the last word counts. Raises Invalid, NotFound, Conflict."""
    score = SCORES.get(word)
    if score is None:
        raise Invalid("score", "unknown_score")

    def work(unit: Unit) -> None:
        _, draft, _ = _opened(unit, ticket_id)
        if draft.state not in ("closed", "waiting"):
            raise Conflict("nothing_to_rate")
        tickets.rate(unit, draft.id, score)
        timeline.note(unit, draft.id, "rated", score=score)

    router.store.write(work)


class _Opened(NamedTuple):
    """The ticket at which the matter of a link goes on, in hand, and who holds the link."""

    batch: Batch
    draft: Draft
    writer_id: int


def _opened(unit: Unit, ticket_id: int) -> _Opened:
    batch = Batch(unit, Wanted(ticket_ids={ticket_id}))
    linked = batch.tickets.get(ticket_id)
    draft = batch.tickets.get(batch.merged.get(ticket_id, ticket_id))
    if linked is None or draft is None:
        raise NotFound("this ticket is not here any more")
    if linked.requester_id != draft.requester_id:
        raise Conflict("together")
    return _Opened(batch, draft, linked.identity_id)


def _used(unit: Unit, draft: Draft, article: str, version: str, what: str) -> None:
    unit.put(
        t.ArticleUse,
        id=unit.new_id(),
        article=article,
        version=version,
        language=draft.language,
        ticket_id=draft.id,
        what=what,
        place="status",
        at=unit.now_us,
    )
