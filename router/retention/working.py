"""Working off what is to be erased, in short pieces, by whoever holds the lease."""

from __future__ import annotations

import logging
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeVar

from router.assemble import Router
from router.core import erasing as words
from router.core.clock import to_us
from router.retention import old
from router.retention.steps import INDEX, STEPS, TICKETS, WALK, WASH
from router.second_reader import LEARNT
from router.store import erasable, erasing, erasures, repeated, search, timeline
from router.store.unit import Unit

log = logging.getLogger("router.retention")
T = TypeVar("T")

#: Messages, lines and rows a transaction.
_MESSAGES, _ENTRIES, _ROWS = 20, 200, 1000
_LEASE = timedelta(minutes=2) // timedelta(microseconds=1)
_AGAIN = timedelta(seconds=5) // timedelta(microseconds=1)
#: So many pieces a turn; then others have theirs.
_TURN = 200
#: What is washed where the database does it by tables.
TABLES = sorted(
    {
        *("search", "ticket", "entry", "journal", "requester", "erasure"),
        *(one.table for one in (*erasable.OF_MESSAGES, *erasable.OF_TICKETS, *erasable.OF_HANDLES)),
        *erasable.WALKED,
    }
)


class _LostError(Exception):
    """Somebody else works on it now."""


@dataclass(slots=True)
class Job:
    """An erasure in hand."""

    id: int
    reason: str
    requester_id: int
    step: str
    place: int
    leased_until: int
    counts: Tally[str]
    handles: list[tuple[str, str]] = field(default_factory=list)
    spellings: list[str] = field(default_factory=list)
    identities: list[int] = field(default_factory=list)

    @property
    def of_person(self) -> bool:
        """Whether a whole person goes."""
        return self.reason == erasures.PERSON


def pending(unit: Unit) -> bool:
    """Whether anything is to be erased now that somebody asked for."""
    return erasures.pending(unit)


def sweep(router: Router) -> int:
    """Go on with what is open, a turn of each; how many pieces were done."""
    return sum(1 for _ in go_on(router))


def go_on(router: Router, row_id: int | None = None) -> Iterator[Job]:
    """Work on the oldest erasure, or on this one, for a turn; the job after each piece."""
    row = router.store.write(lambda unit: erasures.claim(unit, _LEASE, row_id))
    if row is None:
        return
    with router.store.reading() as unit:
        handles = erasures.handles(router.keys, row)
        own = erasing.handles_of(unit, row.requester_id) if row.requester_id else []
    job = Job(
        id=row.id,
        reason=row.reason,
        requester_id=row.requester_id or 0,
        step=row.step,
        place=row.place,
        leased_until=row.leased_until,
        counts=erasing.counts_of(row.counts),
        handles=handles,
        spellings=words.spellings(handles),
        identities=[one.id for one in own],
    )
    try:
        for _ in range(_TURN):
            yield job
            if not _piece(router, job):
                return
        router.store.write(lambda unit: erasures.release(unit, job.id, 0), bulk=True)
    except _LostError:
        log.info("somebody else works on the erasure %s now", job.id)


def _piece(router: Router, job: Job) -> bool:
    """One piece of work; whether more of it can be done at once."""
    if job.step == WASH:
        return _wash(router, job)
    name = job.step.removeprefix(WALK)
    work = partial(_walk, table=name) if name != job.step else _WORK[job.step]
    work(router, job)
    return True


def _do(router: Router, job: Job, work: Callable[[Unit, Job], T]) -> T:
    """One short transaction in which the lease is still ours, and how far it came is written."""
    until = to_us(router.clock.now()) + _LEASE
    # A lost race runs the work again: what it counts and moves is put back first.
    step, place, counts = job.step, job.place, job.counts.copy()

    def held(unit: Unit) -> T:
        job.step, job.place, job.counts = step, place, counts.copy()
        if not erasures.hold(unit, job.id, job.leased_until, until):
            raise _LostError
        result = work(unit, job)
        erasures.move(unit, job.id, job.step, job.place, job.counts)
        return result

    result = router.store.write(held, bulk=True)
    job.leased_until = until
    return result


def _next(job: Job) -> None:
    """Go on to the next step."""
    following = STEPS.index(job.step) + 1
    job.step, job.place = STEPS[following], 0


def _quotes(router: Router, job: Job) -> None:
    """What others quote of them on tickets that are tied to theirs."""
    limit = router.settings.intake.search_characters

    def work(unit: Unit, job: Job) -> None:
        link = repeated.next_link(unit, job.requester_id, job.place)
        if link is None:
            _next(job)
            return
        job.counts["quotes"] += repeated.unquote(unit, link.theirs, link.other, limit)
        job.place = link.id

    _do(router, job, work)


def _empty(router: Router, unit: Unit, job: Job, ids: Sequence[int]) -> None:
    """Empty messages that stand on tickets of others, and what repeats them there."""
    repeated.take_out(unit, ids, router.settings.intake.search_characters)
    for start in range(0, len(ids), _MESSAGES):
        job.counts += erasing.messages(unit, ids[start : start + _MESSAGES])
    erasing.forget_snippets(unit, ids)


def _tickets(router: Router, job: Job) -> None:
    """The next of their tickets, whole."""
    with router.store.reading() as unit:
        ticket_id = erasing.next_ticket(unit, job.requester_id, job.place)
    if ticket_id is not None:
        _erase(router, job, ticket_id)
        return

    def work(unit: Unit, job: Job) -> None:
        if erasing.untouched(unit, job.requester_id):
            job.place = 0
        else:
            _next(job)

    _do(router, job, work)


def _erase(router: Router, job: Job, ticket_id: int) -> None:
    """All words of one ticket, in short pieces; then it is behind us."""
    limit = router.settings.intake.search_characters

    def shut(unit: Unit, job: Job) -> bool:
        if job.of_person:
            erasing.hold(unit, [ticket_id, *repeated.merges(unit, ticket_id).kept])
            merged = repeated.merges(unit, ticket_id)  # nobody merges it once it is held, and shut
            repeated.take_out(unit, merged.moved, limit, merged.kept)
            _empty(router, unit, job, merged.there)
        else:
            job.place = ticket_id  # it is found no more once it is shut
        job.counts += erasing.shut(unit, ticket_id, job.reason)
        return erasing.taught(unit, ticket_id)

    def messages(unit: Unit, job: Job, after: int) -> int:
        ids = erasing.messages_of(unit, ticket_id, after, _MESSAGES)
        job.counts += erasing.messages(unit, ids)
        return ids[-1] if ids else 0

    def entries(unit: Unit, _: Job, after: int) -> int:
        return erasing.entries(unit, ticket_id, after, _ENTRIES) or 0

    def behind(unit: Unit, job: Job) -> None:
        job.counts["tickets"] += 1
        job.place = ticket_id if job.of_person else 0
        timeline.audit(unit, "router", "ticket.erased", f"ticket:{ticket_id}")

    if _do(router, job, shut):
        _unlearn(router)
    for work in (messages, entries):
        _all(router, job, work)
    _do(router, job, behind)


def _all(router: Router, job: Job, work: Callable[[Unit, Job, int], int]) -> None:
    """Again and again, each time after where the last time ended, until it says 0."""
    after, more = 0, True

    def following(unit: Unit, job: Job) -> int:
        return work(unit, job, after)

    while more:
        after = _do(router, job, following)
        more = after > 0


def _unlearn(router: Router) -> None:
    """What the second reader learnt here holds words of corrected tickets; it must learn anew."""
    learnt = router.settings.data_path / LEARNT
    if learnt.exists():
        learnt.unlink()
        log.warning("words were erased that the second reader had learnt: run `router rules learn`")


def _elsewhere(router: Router, job: Job) -> None:
    """What they wrote, and was written to them, on tickets of others."""

    def work(unit: Unit, job: Job) -> None:
        ids, upto = erasing.of_writer(unit, job.identities, job.place, _ROWS)
        _empty(router, unit, job, ids)
        if upto is None:
            _next(job)
        else:
            job.place = upto

    _do(router, job, work)


def _sent(router: Router, job: Job) -> None:
    """What the router sent them on tickets of others."""

    def work(unit: Unit, job: Job) -> None:
        upto = erasing.sent_to(unit, job.identities, job.place, _ROWS)
        if upto is None:
            _next(job)
        else:
            job.place = upto

    _do(router, job, work)


def _walk(router: Router, job: Job, table: str) -> None:
    """Texts of others that name one of their handles."""
    limit = router.settings.intake.search_characters

    def work(unit: Unit, job: Job) -> None:
        rows, upto = erasing.look(unit, table, job.place, job.spellings, _ROWS)
        job.counts["named"] += erasing.unname(unit, table, rows, job.spellings, limit)
        if upto is None:
            _next(job)
        else:
            job.place = upto

    _do(router, job, work)


def _journal(router: Router, job: Job) -> None:
    """The far side's ids of what they sent: known again, told no more."""

    def work(unit: Unit, job: Job) -> None:
        rows, upto = erasing.journal_rows(unit, job.requester_id, job.identities, job.place, _ROWS)
        erasing.cover(unit, router.keys, rows)
        if upto is None:
            _next(job)
        else:
            job.place = upto

    _do(router, job, work)


def _places(router: Router, job: Job) -> None:
    """Small tables; and a last look for what was being taken in while it began."""

    def work(unit: Unit, job: Job) -> None:
        erasing.forget_places(unit, job.spellings)
        if erasing.untouched(unit, job.requester_id):
            job.step, job.place = TICKETS, 0
        else:
            _next(job)

    _do(router, job, work)


def _index(router: Router, job: Job) -> None:
    """Erased words leave the index's file; after that nothing is looked for any more."""

    def work(unit: Unit, job: Job) -> None:
        if search.tidy(unit, first=job.place == 0):
            job.place += 1
            return
        erasures.forget_handles(unit, job.id)
        _next(job)

    _do(router, job, work)


def _old(router: Router, job: Job) -> None:
    """The ticket that was begun, or the next that is old enough."""
    if job.place:
        _erase(router, job, job.place)
        return
    with router.store.reading() as unit:
        following = next(old.due(router, unit), None)
    if following is not None:
        _erase(router, job, following)
        return

    def work(_: Unit, job: Job) -> None:
        job.step, job.place = INDEX, 0

    _do(router, job, work)


_WORK: Mapping[str, Callable[[Router, Job], None]] = {
    "quotes": _quotes,
    "tickets": _tickets,
    "elsewhere": _elsewhere,
    "sent": _sent,
    "journal": _journal,
    "places": _places,
    "index": _index,
    "old": _old,
}


def _wash(router: Router, job: Job) -> bool:
    """The last bytes leave the files; while somebody reads them it is tried again in a little."""
    if not router.store.wash(TABLES):
        again = to_us(router.clock.now()) + _AGAIN
        router.store.write(lambda unit: erasures.release(unit, job.id, again), bulk=True)
        return False

    def done(unit: Unit) -> None:
        erasures.finish(unit, job.id)
        if job.of_person:
            timeline.audit(unit, "router", "requester.erased", f"requester:{job.requester_id}")

    router.store.write(done, bulk=True)
    job.step = "done"
    return False
