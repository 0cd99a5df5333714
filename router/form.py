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
from router.core import identity
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
    key = _key(router, fields)
    body = hashlib.sha256(webform.document(fields, files, received_at=_SAME)).hexdigest()
    if not _repeated(router, key, body):
        _limit(router, fields, source)

    def remember(unit: Unit) -> None:
        if key and tickets.answered(unit, key) is None:
            tickets.answer(unit, key, raw.remote_id, body)

    taken = pipeline.receive(router, door, [raw], Terms(suspected=spam), also=remember)
    return taken[0] if taken else _earlier(router, raw)


#: The hash of a body must not depend on when it was sent.
_SAME = from_us(0)


def _key(router: Router, fields: Mapping[str, str]) -> str:
    given = fields.get("idempotency_key", "")
    return f"form:{router.keys.fingerprint(given)}" if given else ""


def _repeated(router: Router, key: str, body: str) -> bool:
    if not key:
        return False
    with router.store.reading() as unit:
        before = tickets.answered_body(unit, key)
    if before is not None and before != body:
        raise Conflict("other_body")
    return before is not None


def _limit(router: Router, fields: Mapping[str, str], source: str) -> None:
    web = router.settings.web
    network = router.keys.fingerprint(identity.network_of(source))
    wanted = [
        Allowance("form_minute", f"form:minute:{network}", _MINUTE, web.form_per_minute),
        Allowance("form_hour", f"form:hour:{network}", _HOUR, web.form_per_hour),
    ]
    if fields.get("email"):
        address = router.keys.fingerprint(identity.normalise("email", fields["email"]))
        limit = web.form_per_address_hour
        wanted.append(Allowance("form_address", f"form:address:{address}", _HOUR, limit))
    spent = router.store.write(lambda unit: budgets.spend(unit, wanted))
    if spent is not None:
        raise OverLimit(spent.name, spent.seconds)


def _earlier(router: Router, raw: Raw) -> pipeline.Taken:
    """The ticket this very form made before."""
    with router.store.reading() as unit:
        row = tickets.of_item(unit, *FORM, raw.remote_id)
    if row is None:
        raise Conflict("other_body")
    item = Item(*FORM, raw.remote_id)
    return pipeline.Taken("seen", item, row.ticket_id, row.number, row.message_id or 0)
