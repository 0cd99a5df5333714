"""What a requester does from the signed page of their matter: say that it is solved, say how it
was, type a code. What they add there is a message (``form.add``). No account, and nothing that
anybody else wrote is ever shown there.

The page is named by the ticket it was made for. Of one that was merged the matter goes on at the
ticket that was kept, and there the page writes, unless that ticket is another requester's.
"""

from __future__ import annotations

from typing import NamedTuple

from router import desk
from router.assemble import Router
from router.core import lifecycle
from router.errors import Conflict, Invalid, NotFound
from router.store import gates, tickets, timeline
from router.store import shapes as t
from router.store.batch import Batch, Draft, Wanted
from router.store.promises import clocks
from router.store.unit import Unit

#: What one tap says.
SCORES = {"good": 5, "fair": 3, "poor": 1}


def solved(router: Router, ticket_id: int, article: str = "") -> None:
    """It is solved, perhaps by an article alone. A security matter stays open all the same: whoever
    holds the link may be the thief. Raises NotFound, Conflict."""
    known = router.articles.by_name.get(article)

    def work(unit: Unit) -> None:
        batch, draft = _opened(unit, ticket_id)
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
        batch, draft = _opened(unit, ticket_id)
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
        _, draft = _opened(unit, ticket_id)
        if draft.state not in ("closed", "waiting"):
            raise Conflict("nothing_to_rate")
        tickets.rate(unit, draft.id, score)
        timeline.note(unit, draft.id, "rated", score=score)

    router.store.write(work)


class _Opened(NamedTuple):
    """The ticket at which the matter of a link goes on, in hand."""

    batch: Batch
    draft: Draft


def _opened(unit: Unit, ticket_id: int) -> _Opened:
    batch = Batch(unit, Wanted(ticket_ids={ticket_id}))
    linked = batch.tickets.get(ticket_id)
    draft = batch.tickets.get(batch.merged.get(ticket_id, ticket_id))
    if linked is None or draft is None:
        raise NotFound("this ticket is not here any more")
    if linked.requester_id != draft.requester_id:
        raise Conflict("together")
    return _Opened(batch, draft)


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
