"""Taking in one sent contact form, or what is added by a status link: checked, limited, and
answered the same however often it comes.

The answer is given after the commit, so a 202 is never false; a form that is sent again (a double
click, a lost answer) gets the ticket it already has. An addition goes the way of every message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from channels import webform
from channels.contract import Attachment, Handle, Raw
from router import pipeline
from router.assemble import FORM, Router
from router.core import identity, mailboxes
from router.core.clock import from_us
from router.errors import Conflict, Invalid, NotFound, OverLimit
from router.prepared import Terms
from router.store import budgets, merging, tickets, timeline
from router.store.budgets import Allowance
from router.store.journal import Item
from router.store.unit import Unit

_MINUTE, _HOUR = 60, 3600
#: So many additions an hour by one link.
_ADDITIONS = 6


def submit(
    router: Router,
    fields: Mapping[str, str],
    files: Sequence[Attachment],
    *,
    source: str,
    spam: bool,
) -> pipeline.Taken:
    """Make a ticket of the form. ``source`` is the caller's network address.

    Raises Invalid (its ``more`` lists everything wrong), OverLimit, Conflict ``other_body`` when
    the key was used for another text, StoreBusy or StoreDown when nothing could be written.
    """
    wrong = webform.check(fields, files)
    if wrong:
        raise Invalid(*wrong[0], more=wrong)
    given = fields.get("idempotency_key", "")
    key = f"form:{router.keys.fingerprint(given)}" if given else ""
    # Before its files are packed, which takes several times their room: anybody may send many.
    _admit(router, key, _print(fields, files), _allowances(router, fields, source))
    now = router.clock.now()
    data = webform.document(fields, files, received_at=now)
    door = router.doors.reader(*FORM)
    raw = Raw(door.identify(data), data, received_at=now)
    taken = pipeline.receive(router, door, [raw], Terms(suspected=spam, source=source))
    return taken[0] if taken and taken[0].number else _earlier(router, raw)


def add(
    router: Router,
    ticket_id: int,
    fields: Mapping[str, str],
    files: Sequence[Attachment] = (),
    *,
    source: str,
) -> pipeline.Taken:
    """A further message of whom a status link was made for; ``fields``: body, idempotency_key and
    locale. What comes too long after the ticket was closed opens one of its own.

    Raises Invalid, OverLimit, NotFound, Conflict ``together`` where the matter goes on at another
    requester's ticket, StoreBusy or StoreDown when nothing could be written.
    """
    wrong = webform.check_added(fields.get("body", ""), files)
    if wrong:
        raise Invalid(*wrong[0], more=wrong)
    now = router.clock.now()
    adds_to = (router.tokens.reply_token(ticket_id), _holder(router, ticket_id))
    data = webform.document(fields, files, received_at=now, adds_to=adds_to)
    door = router.doors.reader(*FORM)
    raw = Raw(door.identify(data), data, received_at=now)
    allowance = Allowance("status", f"added:{ticket_id}", _HOUR, _ADDITIONS)
    _admit(router, f"added:{raw.remote_id}", raw.remote_id, [allowance])
    taken = pipeline.receive(router, door, [raw], Terms(source=source))
    if not taken or taken[0].outcome == "seen":
        return _earlier(router, raw)
    router.store.write(
        lambda unit: timeline.note(unit, taken[0].ticket_id, "added_by_link"), bulk=True
    )
    return taken[0]


def _holder(router: Router, ticket_id: int) -> Handle:
    """Who holds a ticket's status link: the handle that opened the ticket."""
    with router.store.reading() as unit:
        goes_on, apart = merging.standing_for(unit, ticket_id)
        place = tickets.place(unit, ticket_id)
        here = tickets.status(unit, goes_on) is not None
        handle = tickets.handle(unit, place.identity_id) if place and here else None
    if handle is None:
        raise NotFound("this ticket is not here any more")
    if apart:
        raise Conflict("together")
    return Handle(handle.kind, handle.value)


def _print(fields: Mapping[str, str], files: Sequence[Attachment]) -> str:
    """The hash of a form but for the moment it was sent: the same text and files have the same."""
    found = hashlib.sha256(webform.document(fields, (), received_at=from_us(0)))
    for file in files:
        found.update(hashlib.sha256(file.name.encode("utf-8", "replace")).digest())
        found.update(hashlib.sha256(file.data).digest())
    return found.hexdigest()


def _admit(router: Router, key: str, body: str, wanted: Sequence[Allowance]) -> None:
    """Let what was sent in once: the key is taken and the limits are spent in one commit."""

    def work(unit: Unit) -> None:
        before = tickets.answered_body(unit, key) if key else None
        if before == body:
            return
        if before is not None:
            raise Conflict("other_body")
        spent = budgets.spend(unit, wanted)
        if spent is not None:
            raise OverLimit(spent.name, spent.seconds)
        if key:
            tickets.answer(unit, key, "", body)

    router.store.write(work)


def _allowances(router: Router, fields: Mapping[str, str], source: str) -> list[Allowance]:
    web = router.settings.web
    network = router.keys.fingerprint(identity.network_of(source))
    wanted = [
        Allowance("form_minute", f"form:minute:{network}", _MINUTE, web.form_per_minute),
        Allowance("form_hour", f"form:hour:{network}", _HOUR, web.form_per_hour),
    ]
    if fields.get("email"):
        address = router.keys.fingerprint(mailboxes.mailbox(fields["email"]))
        limit = web.form_per_address_hour
        wanted.append(Allowance("form_address", f"form:address:{address}", _HOUR, limit))
    return wanted


def _earlier(router: Router, raw: Raw) -> pipeline.Taken:
    """The ticket this very form made before."""
    with router.store.reading() as unit:
        row = tickets.of_item(unit, *FORM, raw.remote_id)
    if row is None:
        raise Conflict("other_body")
    item = Item(*FORM, raw.remote_id)
    return pipeline.Taken("seen", item, row.ticket_id, row.number, row.message_id or 0)
