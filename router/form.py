"""Taking in one sent contact form: checked, limited, and answered the same however often it comes.

The answer is given after the commit, so a 202 is never false; a form that is sent again (a double
click, a lost answer) gets the ticket it already has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from channels import webform
from channels.contract import Attachment, Raw
from router import pipeline
from router.assemble import FORM, Router
from router.core import identity, mailboxes
from router.core.clock import from_us
from router.errors import Conflict, Invalid, OverLimit
from router.prepared import Terms
from router.store import budgets, tickets
from router.store.budgets import Allowance
from router.store.journal import Item
from router.store.unit import Unit

_MINUTE, _HOUR = 60, 3600


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
    now = router.clock.now()
    data = webform.document(fields, files, received_at=now)
    door = router.doors.reader(*FORM)
    raw = Raw(door.identify(data), data, received_at=now)
    _admit(router, fields, hashlib.sha256(_undated(fields, files)).hexdigest(), source)
    taken = pipeline.receive(router, door, [raw], Terms(suspected=spam, source=source))
    return taken[0] if taken and taken[0].number else _earlier(router, raw)


def _undated(fields: Mapping[str, str], files: Sequence[Attachment]) -> bytes:
    """The form without the moment it was sent: the same text has the same hash."""
    return webform.document(fields, files, received_at=from_us(0))


def _admit(router: Router, fields: Mapping[str, str], body: str, source: str) -> None:
    """Let the form in once: the key is taken and the limits are spent in one commit."""
    given = fields.get("idempotency_key", "")
    key = f"form:{router.keys.fingerprint(given)}" if given else ""
    wanted = _allowances(router, fields, source)

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
